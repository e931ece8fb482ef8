"""The demo's inputs and recognizers: real ones on real input, each left out where its extra is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from emoconsent.errors import MissingExtra
from emoconsent.recognizers.demo.text_lexicon import recognize_text
from emoconsent.vocabulary import Modality

CHINESE: Final = "我对你们的服务非常不满意，这次真的太糟糕了！"
ENGLISH: Final = "It broke again and nobody answers. I am furious!"


class Counted:
    """A recognizer that counts how often it really ran."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function
        self.calls = 0

    def __call__(self, value: Any) -> Any:
        self.calls += 1
        return self._function(value)


@dataclass(frozen=True, slots=True)
class Channel:
    """One customer's input and what looks at it.

    ``label`` describes the input, English and Chinese; ``polite`` is what everybody hears in it.
    """

    customer: str
    modality: Modality
    recognizer: str
    function: Counted
    value: Any
    label: tuple[str, str]
    polite: bool = False


@dataclass(frozen=True, slots=True)
class Loaded:
    """What can run here, what each missing extra says, and how many calls of ``whole`` that leaves out."""

    channels: list[Channel]
    missing: list[str]
    whole: int

    @property
    def left_out(self) -> int:
        return self.whole - len(self.channels)


def load() -> Loaded:
    """Each recognizer with its inputs; where an extra is missing, that it is."""
    channels: list[Channel] = []
    missing = []
    makers = ((_lexicon, 2), (_vader, 1), (_snownlp, 1), (_voice, 3), (_face, 1))
    for make, _ in makers:
        try:
            channels += make()
        except MissingExtra as error:
            missing.append(str(error))
    return Loaded(channels, missing, sum(calls for _, calls in makers))


def _lexicon() -> list[Channel]:
    zh, en = Counted(recognize_text), Counted(recognize_text)
    return [_text("zh", "text-lexicon", zh, CHINESE), _text("en", "text-lexicon", en, ENGLISH)]


def _vader() -> list[Channel]:
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError:
        raise MissingExtra("text", "VADER") from None
    return [_text("en", "vader-en", Counted(SentimentIntensityAnalyzer().polarity_scores), ENGLISH)]


def _snownlp() -> list[Channel]:
    try:
        from snownlp import SnowNLP
    except ImportError:
        raise MissingExtra("text", "SnowNLP") from None
    return [_text("zh", "snownlp-zh", Counted(lambda text: SnowNLP(text).sentiments), CHINESE)]


def _text(customer: str, recognizer: str, function: Counted, text: str) -> Channel:
    quoted = f"“{text}”"
    return Channel(customer, Modality.TEXT, recognizer, function, text, (quoted, quoted))


def _voice() -> list[Channel]:
    from emoconsent.recognizers.demo.voice_rule import recognize_voice
    from emoconsent.recognizers.demo.voice_synth import demo_voice, sample_speech

    function = Counted(recognize_voice)
    heard = partial(Channel, "en", Modality.VOICE, "voice-prosody", function)
    return [
        heard(sample_speech(), ("a real voice, a hold message", "真人语音（等待提示音）"), polite=True),
        heard(demo_voice("calm"), ("a synthesised voice, even", "合成语音，平稳")),
        heard(demo_voice("agitated"), ("a synthesised voice, agitated", "合成语音，激动")),
    ]


def _face() -> list[Channel]:
    from emoconsent.recognizers.demo.face_expression import recognize_face
    from emoconsent.recognizers.demo.face_samples import sample_face

    label = ("a photograph (an astronaut, NASA)", "一张照片（宇航员，NASA）")
    return [Channel("zh", Modality.FACE, "face-expression", Counted(recognize_face), sample_face(), label)]

"""Adapters against hostile objects and arbitrary junk: an Inference or one error, with no content."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoconsent.errors import RecognizerOutputError
from emoconsent.recognizers.adapters import ADAPTERS, detect, sklearn_adapter
from emoconsent.vault.record import Inference

SECRET = "customer-42 said it"
EVERY = {**ADAPTERS, "sklearn_proba": sklearn_adapter(["joy", "anger"])}
KEYS = ["neg", "neu", "pos", "compound", "label", "score", "emotion", "dominant_emotion", "face_confidence"]
KEYS += ["Sentiment", "SentimentScore", "Positive", "Negative", "Neutral", "Mixed"]

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70) | st.binary(max_size=8)
)
scalars |= st.complex_numbers() | st.fractions() | st.decimals() | st.sampled_from(["MIXED", "joy", 10**400])
keys = st.sampled_from(KEYS) | st.text(max_size=5) | st.integers()
junk = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.tuples(inner) | st.dictionaries(keys, inner, max_size=6),
    max_leaves=25,
)


class Bomb(dict):
    """A dict whose every look inside raises, with personal data in the message."""

    def _explode(self, *args):
        raise LookupError(SECRET)

    __getitem__ = __contains__ = __iter__ = __len__ = items = keys = get = _explode


class BadFloat(float):
    """A float that raises on conversion and comparison."""

    def __float__(self):
        raise RuntimeError(SECRET)


class BadText(str):
    """A text that raises when it is looked at."""

    __slots__ = ()

    def __len__(self):
        raise MemoryError(SECRET)

    def __str__(self):
        raise ValueError(SECRET)


class EndlessList(list):
    """A list that never stops, although it says it is short."""

    def __len__(self):
        return 1

    def __iter__(self):
        while True:
            yield {"label": "a", "score": 0.1}


class Liar:
    """An object that raises when it is asked what it is."""

    @property
    def __class__(self):
        raise OSError(SECRET)


def deeply_nested():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    return deep


ATTACKS = {
    "bomb": lambda: Bomb(label="x"),
    "bomb in a list": lambda: [Bomb(label="x", score=1)],
    "bad float": lambda: BadFloat(0.5),
    "bad float as score": lambda: [{"label": "joy", "score": BadFloat(0.5)}],
    "bad float in vader": lambda: {"neg": BadFloat(0.1), "neu": 0.1, "pos": 0.1, "compound": 0.1},
    "bad label": lambda: [{"label": BadText("joy"), "score": 0.5}],
    "bad predicted label": lambda: BadText("joy"),
    "bomb as emotions": lambda: [{"dominant_emotion": "angry", "emotion": Bomb(angry=100.0)}],
    "endless": EndlessList,
    "liar": Liar,
    "liar in a list": lambda: [Liar(), Liar()],
    "deep": deeply_nested,
    "10 MB of text": lambda: SECRET * 600_000,
    "10 MB label": lambda: [{"label": SECRET * 600_000, "score": 0.5}],
    "a million items": lambda: [{"label": "a", "score": 0.1}] * 1_000_000,
    "sentiment that cannot be hashed": lambda: {"Sentiment": Bomb(), "SentimentScore": {}},
    "an iterator": lambda: iter([0.5]),
    "a class": lambda: Inference,
}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_objects_are_refused_quickly_and_quietly(name, attack):
    """Whatever an object raises, the adapter's error is the only one, and quotes nothing of it."""
    output = ATTACKS[attack]()
    started = time.thread_time()
    with pytest.raises(RecognizerOutputError) as caught:
        EVERY[name](output)
    assert time.thread_time() - started < 1.0
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("attack", ATTACKS)
def test_detect_survives_hostile_objects(attack):
    """Telling the shape of a hostile object ends in an adapter or in the one error."""
    output = ATTACKS[attack]()
    try:
        adapter = detect(output)
    except RecognizerOutputError as refusal:
        assert SECRET not in str(refusal)
    else:
        assert adapter in ADAPTERS.values()


@settings(max_examples=300, deadline=None)
@given(output=junk)
def test_any_junk_gives_an_inference_or_the_one_error(output):
    """No junk makes any adapter raise something else or return something else."""
    for adapter in EVERY.values():
        try:
            inference = adapter(output)
        except RecognizerOutputError:
            continue
        assert isinstance(inference, Inference)
        assert len(inference.categories) <= 64


@settings(max_examples=200, deadline=None)
@given(output=junk)
def test_what_detect_picks_never_raises_anything_else(output):
    """The adapter picked for junk refuses it, or reads it; nothing else escapes."""
    try:
        result = detect(output)(output)
    except RecognizerOutputError as refusal:
        assert refusal.problems
    else:
        assert isinstance(result, Inference)


@settings(max_examples=200, deadline=None)
@given(
    pairs=st.dictionaries(st.text(min_size=1, max_size=64), st.floats(0, 1), min_size=1, max_size=64),
)
def test_scores_are_never_changed_by_reading_them(pairs):
    """A list of labels and scores that is accepted keeps every score it reports."""
    output = [{"label": label, "score": score} for label, score in pairs.items()]
    try:
        inference = ADAPTERS["transformers"](output)
    except RecognizerOutputError:
        return
    assert sorted(c.value for c in inference.categories) == sorted(pairs.values()) or (
        inference.vocabulary == "emotionml:big6"
    )

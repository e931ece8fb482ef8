"""The voices that the demonstration brings along."""

from __future__ import annotations

import hashlib
import io
import wave
from importlib.resources import files

import numpy as np
import pytest

from emoconsent.errors import InvalidInput
from emoconsent.recognizers.demo.voice_synth import RATE, Syllable, demo_voice, sample_speech, synthesise
from emoconsent.recognizers.demo.voice_wav import read_audio


def test_the_same_bytes_every_time() -> None:
    """A demonstration that differs from run to run shows nothing."""
    assert demo_voice("calm") == demo_voice("calm")
    assert demo_voice("calm") != demo_voice("agitated")


def test_an_unknown_manner_is_refused() -> None:
    """No silent fallback to some voice."""
    with pytest.raises(InvalidInput, match="calm, agitated"):
        demo_voice("angry")


@pytest.mark.parametrize("manner", ["calm", "agitated"])
def test_it_is_a_playable_wav_of_five_seconds(manner: str) -> None:
    """16-bit mono PCM that a player takes, loud enough to hear and not clipped."""
    with wave.open(io.BytesIO(demo_voice(manner))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        assert file.getnframes() / RATE == pytest.approx(5.2, abs=0.01)
    samples, _ = read_audio(demo_voice(manner))
    assert 0.7 < np.abs(samples).max() < 0.9


@pytest.mark.parametrize(
    ("vowel", "low", "high"), [("a", 650, 850), ("i", 200, 400), ("u", 220, 420), ("o", 400, 600)]
)
def test_a_vowel_resonates_where_its_first_formant_is(vowel: str, low: int, high: int) -> None:
    """Speech-like, not a buzz: the strongest harmonic lies at the vowel's first formant."""
    sound = synthesise([Syllable(vowel, 1.0, 110.0, 110.0)])
    spectrum = np.abs(np.fft.rfft(sound))
    strongest = np.fft.rfftfreq(sound.size, 1 / RATE)[spectrum.argmax()]
    assert low <= strongest <= high


def test_the_real_clip_is_the_one_that_its_notice_describes() -> None:
    """The licence covers these bytes unchanged; attribution and digest stand beside them."""
    notice = files("emoconsent.recognizers.demo").joinpath("audio", "README.md").read_text("utf-8")
    assert hashlib.sha256(sample_speech()).hexdigest() in notice
    assert "Allison Smith" in notice
    assert "by-sa/3.0" in notice
    assert len(sample_speech()) < 150_000

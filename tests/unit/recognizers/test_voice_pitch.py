"""Pitch and syllables against sounds whose truth is known by construction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoconsent.recognizers.demo.voice_pitch import track_pitch
from emoconsent.recognizers.demo.voice_rule import measure_prosody
from emoconsent.recognizers.demo.voice_syllables import intensity_db, syllable_nuclei
from emoconsent.recognizers.demo.voice_synth import RATE, Syllable, synthesise


def pulses(hertz: np.ndarray, rate: int) -> np.ndarray:
    """Glottis-like pulses that follow a contour: harmonics falling by 6 dB an octave, none above Nyquist.

    (A train of single samples would not do: its period is a whole number of samples, so its true
    pitch is another one than stated, and often half of it.)
    """
    phase = 2 * np.pi * np.cumsum(hertz) / rate
    harmonics = range(1, int(rate / 2 / hertz.max()))
    sound = sum(np.cos(k * phase) / k for k in harmonics)
    return 0.5 * sound / np.abs(sound).max()


@settings(max_examples=25)
@given(st.floats(80, 400), st.sampled_from([8000, 11025, 16000]))
def test_steady_pulses_are_measured_to_one_per_cent(hertz: float, rate: int) -> None:
    """No octave error and no drift at any pitch of a human voice."""
    track = track_pitch(pulses(np.full(2 * rate, hertz), rate), rate)
    f0 = track[track > 0]
    assert f0.size > 180
    assert abs(np.median(f0) / hertz - 1) < 0.01
    assert f0.std() < 0.02 * hertz


@pytest.mark.parametrize("sd", [5.0, 15.0, 30.0, 40.0, 60.0])
def test_the_spread_of_a_known_contour_is_found(sd: float) -> None:
    """A sine contour with a stated standard deviation: the 35 Hz threshold must mean 35 Hz."""
    rate = 16_000
    time = np.arange(4 * rate) / rate
    contour = 200.0 + sd * np.sqrt(2) * np.sin(2 * np.pi * 0.5 * time)
    measured = measure_prosody(pulses(contour, rate), rate)
    assert measured.f0_sd_hz == pytest.approx(sd, rel=0.04, abs=0.6)


def test_semitones_do_not_know_a_high_voice_from_a_low_one() -> None:
    """The same melody an octave higher: twice the Hz, the same semitones."""
    rate = 16_000
    time = np.arange(4 * rate) / rate
    melody = 2 ** (3 / 12 * np.sin(2 * np.pi * 0.5 * time))
    low, high = (measure_prosody(pulses(base * melody, rate), rate) for base in (110.0, 220.0))
    assert high.f0_sd_hz == pytest.approx(2 * low.f0_sd_hz, rel=0.03)
    assert high.f0_sd_semitones == pytest.approx(low.f0_sd_semitones, rel=0.03)


@pytest.mark.parametrize("seed", range(3))
def test_noise_has_no_pitch(seed: int) -> None:
    """White noise must not be taken for a voice."""
    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, 3 * 16_000)
    assert (track_pitch(noise, 16_000) > 0).mean() < 0.02


def test_silence_and_almost_nothing_have_no_pitch() -> None:
    """No division by zero, and no frame invented, on silence, on an offset and on a single sample."""
    for samples in (np.zeros(16_000), np.full(16_000, 0.25), np.zeros(1), np.array([0.5])):
        assert not (track_pitch(samples, 16_000) > 0).any()
        assert syllable_nuclei(samples, 16_000, np.zeros(100, bool)).size == 0


@settings(max_examples=20)
@given(st.lists(st.sampled_from("aeiou"), min_size=4, max_size=14), st.floats(0.16, 0.4), st.floats(90, 240))
def test_every_syllable_is_counted_once(vowels: list[str], seconds: float, hertz: float) -> None:
    """Synthesised syllables at a stated pace: none missed, none doubled."""
    sound = synthesise([Syllable(v, seconds, hertz, hertz * 0.97) for v in vowels])
    voiced = track_pitch(sound, RATE) > 0
    nuclei = syllable_nuclei(sound, RATE, voiced)
    assert nuclei.size == len(vowels)
    assert np.diff(nuclei) == pytest.approx(seconds, abs=0.06)


def test_unvoiced_bursts_are_no_syllables() -> None:
    """Taps on the microphone are loud and have dips between them, but no voice."""
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 2 * RATE)
    taps = noise * (np.sin(2 * np.pi * 4 * np.arange(noise.size) / RATE) > 0.5)
    assert syllable_nuclei(taps, RATE, track_pitch(taps, RATE) > 0).size <= 1


def test_intensity_of_a_sine_is_its_power() -> None:
    """A full-scale sine has a mean power of 1/2: -3.01 dB."""
    sine = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    assert np.median(intensity_db(sine, RATE)) == pytest.approx(-3.01, abs=0.02)

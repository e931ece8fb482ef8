"""The paper's rule, the relative one, and when both keep silent."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoconsent.errors import InvalidInput
from emoconsent.recognizers.cards import load_card
from emoconsent.recognizers.demo import voice_rule
from emoconsent.recognizers.demo.voice_rule import (
    Prosody,
    measure_prosody,
    recognize_voice,
    recognize_voice_relative,
)
from emoconsent.recognizers.demo.voice_synth import RATE, Syllable, demo_voice, sample_speech, synthesise
from emoconsent.recognizers.demo.voice_wav import read_audio
from emoconsent.vault.record import Level, ScoreKind

DEBIAN = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
NEUTRAL = Prosody(30.0, 2.5, 0.5, 20.0, 12.0, 60)


@pytest.fixture
def recordings() -> dict[str, tuple[bytes, Level]]:
    """Real speech and what the rule says of it: the shipped clip, and Debian's where they are.

    In CI (EMOCONSENT_REQUIRE_ALL=1) Debian's must be there.
    """
    clips = {"shipped": (sample_speech(), Level.ANGRY)}
    wanted = {"demo-echotest": Level.ANGRY, "demo-nogo": Level.IRRITABLE, "vm-tooshort": Level.ABSTAIN}
    if DEBIAN.is_dir() or os.environ.get("EMOCONSENT_REQUIRE_ALL") == "1":
        clips |= {name: ((DEBIAN / f"{name}.wav").read_bytes(), level) for name, level in wanted.items()}
    return clips


def test_a_friendly_announcer_is_called_angry(recordings: dict[str, tuple[bytes, Level]]) -> None:
    """The failing of the rule that the card states, on real speech: it must not be tuned away unseen."""
    found = {name: recognize_voice(clip).level for name, (clip, _) in recordings.items()}
    assert found == {name: level for name, (_, level) in recordings.items()}


def test_measured_figures_on_real_speech(recordings: dict[str, tuple[bytes, Level]]) -> None:
    """F0 spread within 1.5 Hz of what Praat (parselmouth 0.4.7) measures with the same two passes."""
    praat = {"shipped": 35.86, "demo-echotest": 39.12, "demo-nogo": 36.97, "vm-tooshort": 51.16}
    for name, (clip, _) in recordings.items():
        assert measure_prosody(*read_audio(clip)).f0_sd_hz == pytest.approx(praat[name], abs=1.5)


def test_the_synthesised_voices_get_the_levels_they_were_made_for() -> None:
    """Twenty even syllables are calm, 25 in fits and starts are angry; the record says how."""
    calm, agitated = (recognize_voice(demo_voice(manner)) for manner in ("calm", "agitated"))
    assert (calm.level, agitated.level) == (Level.CALM, Level.ANGRY)
    assert (calm.score_kind, calm.vocabulary, calm.raw_label) == (
        ScoreKind.RULE,
        "lu2025:voice-levels",
        "calm",
    )
    assert (agitated.start, agitated.end) == (0.0, pytest.approx(5.2, abs=0.01))
    assert calm.categories == ()
    counts = [measure_prosody(*read_audio(demo_voice(manner))).nuclei for manner in ("calm", "agitated")]
    assert counts == [20, 25]


@given(st.floats(0, 200), st.floats(0, 20))
def test_the_two_thresholds_decide_and_nothing_else(spread: float, variance: float) -> None:
    """Strictly above 35 Hz and 0.8: both angry, one irritable, none calm."""
    prosody = replace(NEUTRAL, f0_sd_hz=spread, rate_variance=variance)
    level = voice_rule._inference(prosody, voice_rule.F0_SD_HZ, spread, voice_rule.RATE_VARIANCE).level
    met = (spread > 35.0) + (variance > 0.8)
    assert level == (Level.CALM, Level.IRRITABLE, Level.ANGRY)[met]


@pytest.mark.parametrize(("spread", "variance"), [(35.0, 0.8), (35.0, 0.0), (0.0, 0.8)])
def test_a_value_on_the_threshold_is_not_above_it(spread: float, variance: float) -> None:
    """The paper writes "greater than"."""
    prosody = replace(NEUTRAL, f0_sd_hz=spread, rate_variance=variance)
    assert voice_rule._inference(prosody, 35.0, spread, 0.8).level is Level.CALM


def evenly(count: int) -> np.ndarray:
    return synthesise([Syllable("a", 0.25, 150.0, 148.0)] * count)


@pytest.mark.parametrize(
    ("samples", "why"),
    [
        (evenly(6), "shorter than 2 s"),
        (np.zeros(5 * RATE), "too little voiced speech"),
        (np.random.default_rng(3).uniform(-0.5, 0.5, 5 * RATE), "too little voiced speech"),
        (0.5 * np.sin(2 * np.pi * 220 * np.arange(5 * RATE) / RATE), "too few syllables"),
        (np.concatenate([evenly(6), np.zeros(3 * RATE)]), "under two whole seconds"),
        (np.array([0.5]), "shorter than 2 s"),
    ],
)
def test_it_abstains_rather_than_guess(samples: np.ndarray, why: str) -> None:
    """Too short, silent, noise, a dial tone, one word in a long pause: no level, and the reason."""
    result = recognize_voice((samples, RATE))
    assert result.level is Level.ABSTAIN
    assert result.raw_label is not None
    assert why in result.raw_label


def test_relative_forgives_a_lively_speaker_and_sees_a_change() -> None:
    """What is angry by the fixed rule is calm against the same lively voice, and angry against a flat one."""
    samples, rate = read_audio(demo_voice("agitated"))
    flat, _ = read_audio(demo_voice("calm"))
    lively = measure_prosody(samples, rate)
    assert recognize_voice_relative(samples, rate, lively).level is Level.CALM
    assert recognize_voice_relative(samples, rate, measure_prosody(flat, rate)).level is Level.ANGRY


def test_the_fixed_rule_knows_men_from_women_and_the_relative_one_does_not() -> None:
    """The same melody and pace by a low and a high voice: the paper's threshold splits them."""
    shape = [1.0, 1.25, 1.5, 1.3, 1.0, 0.9]
    seconds = [0.15, 0.15, 0.15, 0.5, 0.5, 0.15]
    steps = list(zip(shape, seconds, strict=True)) * 3
    voices = [synthesise([Syllable("a", s, base * f, base * f) for f, s in steps]) for base in (105.0, 210.0)]
    fixed = [recognize_voice((voice, RATE)).level for voice in voices]
    relative = [recognize_voice_relative(voice, RATE, NEUTRAL).level for voice in voices]
    assert fixed[0] is not fixed[1]
    assert relative[0] is relative[1]


@pytest.mark.parametrize(
    "baseline",
    [
        Prosody(None, None, None, 5.0, 0.0, 0),
        replace(NEUTRAL, rate_variance=None),
        replace(NEUTRAL, duration=1.0),
        replace(NEUTRAL, nuclei=1),
    ],
)
def test_a_baseline_that_says_nothing_is_refused(baseline: Prosody) -> None:
    """Without the speaker's own neutral speech there is nothing to compare with."""
    with pytest.raises(InvalidInput, match="baseline"):
        recognize_voice_relative(evenly(20), RATE, baseline)


def test_a_monotonous_baseline_does_not_make_everybody_angry() -> None:
    """A baseline with no spread at all counts as one semitone."""
    robot = replace(NEUTRAL, f0_sd_semitones=0.0, rate_variance=0.0)
    assert recognize_voice_relative(evenly(20), RATE, robot).level is Level.CALM


def test_the_input_is_left_as_it_was() -> None:
    """The caller's array is read, never written."""
    samples = evenly(12)
    samples.flags.writeable = False
    before = samples.copy()
    recognize_voice((samples, RATE))
    assert np.array_equal(samples, before)


def test_a_minute_takes_far_less_than_a_minute() -> None:
    """The real-time factor stays under a tenth even on a busy machine (0.005 measured on a quiet one)."""
    samples, rate = read_audio(sample_speech())
    minute = np.tile(samples, 8)
    begin = time.process_time()
    recognize_voice((minute, rate))
    assert time.process_time() - begin < 0.1 * minute.size / rate


def test_cards_name_the_definitions_and_the_bias() -> None:
    """The thresholds in force are the ones that the person analysed reads."""
    card = load_card("voice-prosody")
    assert f"{voice_rule.F0_SD_HZ:g} Hz" in card.decision_logic.en
    assert f"{voice_rule.RATE_VARIANCE:g}" in card.decision_logic.zh
    assert any("biased by sex" in bias for bias in card.known_bias)
    assert f"{voice_rule.RELATIVE_SPREAD:g} times" in load_card("voice-prosody-relative").decision_logic.en


@pytest.mark.parametrize("module", ["voice_rule", "voice_synth"])
def test_without_numpy_the_extra_is_named(module: str) -> None:
    """The package imports; only the recognizer's own module asks for the extra."""
    code = (
        "import sys; sys.modules['numpy'] = None\n"
        "import emoconsent.recognizers.demo\n"
        "from emoconsent.errors import MissingExtra\n"
        "try:\n"
        f"    import emoconsent.recognizers.demo.{module}\n"
        "except MissingExtra as missing:\n"
        "    sys.exit(0 if missing.extra == 'voice' else 1)\n"
        "sys.exit(2)"
    )
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0

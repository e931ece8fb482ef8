"""The voice demonstration: the founding paper's rule (Lu 2025, 2.2), and one relative to the speaker.

The paper says: F0 standard deviation above 35 Hz and speech-rate variance above 0.8, three levels. It
gives neither unit nor window for the rate. **Here** a rate is the number of syllable nuclei in a
window of one second, in syllables a second; the windows follow each other without overlap from the
first to the last voiced frame, whole windows only; the variance is the sample variance over them,
in (syllables a second) squared, pauses included. F0 is taken every 10 ms where there is a voice.

Both conditions: angry. One of them: irritable. None: calm. This shows consent at work; it is not a
measurement of anger: the card ``voice-prosody`` says how often it errs, and on whom.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from emoconsent.errors import InvalidInput, MissingExtra
from emoconsent.vault.record import Inference, Level, ScoreKind

try:
    import numpy as np
    import numpy.typing as npt
except ImportError as missing:
    raise MissingExtra("voice", "the voice demonstration recognizer") from missing

from emoconsent.recognizers.demo.voice_pitch import track_pitch
from emoconsent.recognizers.demo.voice_syllables import syllable_nuclei
from emoconsent.recognizers.demo.voice_wav import STEP, Audio, Samples, read_audio, to_working_rate

VOCABULARY: Final = "lu2025:voice-levels"  # calm, irritable, angry: a level, no graded category
F0_SD_HZ: Final = 35.0  # Lu 2025, 2.2
RATE_VARIANCE: Final = 0.8  # Lu 2025, 2.2, read as (syllables a second) squared
RELATIVE_SPREAD: Final = 1.3  # times the speaker's own neutral spread, in semitones
LEAST_SPREAD: Final = 1.0  # semitones: a flatter baseline counts as this
MIN_SECONDS: Final = 2.0
MIN_VOICED: Final = 0.5  # seconds
MIN_NUCLEI: Final = 4
_WINDOW: Final = 1.0  # seconds in which syllables are counted


@dataclass(frozen=True, slots=True)
class Prosody:
    """What was measured in a clip; ``None`` where there was too little to measure.

    Attributes:
        f0_sd_hz: standard deviation of F0 over the voiced frames, Hz.
        f0_sd_semitones: the same in semitones around the median, which voices of any pitch share.
        rate_variance: (syllables a second) squared, as the module says.
        duration: seconds in the clip.
        voiced_seconds: seconds with a voice.
        nuclei: syllable nuclei found.
    """

    f0_sd_hz: float | None
    f0_sd_semitones: float | None
    rate_variance: float | None
    duration: float
    voiced_seconds: float
    nuclei: int


def measure_prosody(samples: npt.NDArray[np.floating], rate: int) -> Prosody:
    """Measure mono *samples* in [-1, 1] taken *rate* times a second.

    Raises:
        InvalidInput: empty, not finite, out of range, too long, or of an unusable rate.
    """
    checked, true_rate = read_audio((samples, rate))
    return _measure(checked, true_rate)


def _measure(samples: Samples, true_rate: int) -> Prosody:
    working, working_rate = to_working_rate(samples, true_rate)
    track = track_pitch(working, working_rate)
    f0 = track[track > 0]
    nuclei = syllable_nuclei(working, working_rate, track > 0)
    if f0.size < 2:
        return Prosody(None, None, None, samples.size / true_rate, f0.size * STEP, nuclei.size)
    semitones = 12.0 * np.log2(f0 / np.median(f0))
    return Prosody(
        f0_sd_hz=float(f0.std(ddof=1)),
        f0_sd_semitones=float(semitones.std(ddof=1)),
        rate_variance=_rate_variance(nuclei, np.flatnonzero(track > 0) * STEP),
        duration=samples.size / true_rate,
        voiced_seconds=f0.size * STEP,
        nuclei=nuclei.size,
    )


def _rate_variance(nuclei: npt.NDArray[np.floating], voiced_times: npt.NDArray[np.floating]) -> float | None:
    start, end = float(voiced_times[0]), float(voiced_times[-1])
    windows = int((end - start) / _WINDOW)
    if windows < 2:
        return None
    edges = start + _WINDOW * np.arange(windows + 1)
    return float(np.histogram(nuclei, edges)[0].var(ddof=1))


def recognize_voice(audio: Audio) -> Inference:
    """The paper's rule on a clip: WAV bytes, a path, or (samples, rate).

    Raises:
        InvalidInput: not audio, too long, or malformed.
    """
    samples, rate = read_audio(audio)
    prosody = _measure(samples, rate)
    return _inference(prosody, F0_SD_HZ, prosody.f0_sd_hz, RATE_VARIANCE)


def recognize_voice_relative(samples: npt.NDArray[np.floating], rate: int, baseline: Prosody) -> Inference:
    """The rule relative to the speaker: is this wider and less even than their own neutral speech?

    Wide: the semitone spread exceeds 1.3 times that of *baseline* (at least 1 semitone). Uneven: the
    rate variance exceeds 0.8 and 1.3 times that of *baseline*. Levels as in the paper.

    Raises:
        InvalidInput: unusable audio, or a baseline too short to say what neutral is.
    """
    why_not = _too_little(baseline)
    if why_not or baseline.f0_sd_semitones is None or baseline.rate_variance is None:
        raise InvalidInput([f"baseline: neutral speech of the same speaker is needed ({why_not})"])
    prosody = measure_prosody(samples, rate)
    spread = RELATIVE_SPREAD * max(baseline.f0_sd_semitones, LEAST_SPREAD)
    uneven = max(RATE_VARIANCE, RELATIVE_SPREAD * baseline.rate_variance)
    return _inference(prosody, spread, prosody.f0_sd_semitones, uneven)


def _inference(prosody: Prosody, threshold: float, spread: float | None, uneven: float) -> Inference:
    why_not = _too_little(prosody)
    if why_not or spread is None or prosody.rate_variance is None:
        level, label = Level.ABSTAIN, f"abstain: {why_not}"
    else:
        met = (spread > threshold) + (prosody.rate_variance > uneven)
        level = (Level.CALM, Level.IRRITABLE, Level.ANGRY)[met]
        label = level.value
    return Inference(
        vocabulary=VOCABULARY,
        score_kind=ScoreKind.RULE,
        level=level,
        raw_label=label,
        start=0.0,
        end=prosody.duration,
    )


def _too_little(prosody: Prosody) -> str | None:
    """Why no level can be given, or None."""
    if prosody.duration < MIN_SECONDS:
        return f"shorter than {MIN_SECONDS:g} s"
    if prosody.voiced_seconds < MIN_VOICED:
        return "too little voiced speech"
    if prosody.nuclei < MIN_NUCLEI:
        return "too few syllables"
    if prosody.rate_variance is None:
        return "under two whole seconds from first to last voice"
    return None

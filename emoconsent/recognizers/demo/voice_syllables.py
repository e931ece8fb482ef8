"""Syllable nuclei: voiced peaks of intensity with a dip between them (De Jong and Wempe 2009).

Reference: Behavior Research Methods 41, 385-390. The thresholds are the paper's.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from emoconsent.recognizers.demo.voice_wav import STEP, Samples, frames

WINDOW: Final = 0.064  # seconds over which intensity is averaged (3.2 periods of 50 Hz)
BELOW_LOUDEST: Final = 25.0  # dB under the 99th percentile: quieter peaks are not syllables
MIN_DIP: Final = 2.0  # dB that the intensity must fall between two nuclei
_QUIETEST: Final = 1e-12  # power that stands for silence (-120 dB of full scale)


def intensity_db(samples: Samples, rate: float) -> npt.NDArray[np.float64]:
    """Mean power in dB of full scale, every 10 ms, through a Hann window of 64 ms."""
    size = max(3, round(WINDOW * rate))
    weights = np.hanning(size + 2)[1:-1]
    weights /= weights.sum()
    power = [np.square(windows) @ weights for windows in frames(samples, rate, WINDOW)]
    if not power:
        return np.zeros(0)
    decibels: npt.NDArray[np.float64] = 10.0 * np.log10(np.maximum(np.concatenate(power), _QUIETEST))
    return decibels


def syllable_nuclei(samples: Samples, rate: float, voiced: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """The times in seconds of the syllable nuclei.

    Args:
        samples: mono, in [-1, 1].
        rate: samples a second.
        voiced: for each 10 ms of the clip, is there a voice?
    """
    level = intensity_db(samples, rate)
    if level.size < 3:
        return np.zeros(0)
    threshold = max(float(np.quantile(level, 0.99)) - BELOW_LOUDEST, float(level.min()))
    middle = level[1:-1]
    peaks = 1 + np.flatnonzero((middle > level[:-2]) & (middle >= level[2:]) & (middle > threshold))
    nuclei = [peak for peak in _with_dips(level, peaks) if voiced[max(0, peak - 1) : peak + 2].any()]
    return np.array(nuclei, dtype=np.float64) * STEP


def _with_dips(level: npt.NDArray[np.float64], peaks: npt.NDArray[np.intp]) -> list[int]:
    """Of peaks without a dip of 2 dB between them, only the highest."""
    kept: list[int] = []
    for peak in map(int, peaks):
        if not kept:
            kept.append(peak)
            continue
        valley = float(level[kept[-1] : peak].min())
        lower = min(level[kept[-1]], level[peak])
        if lower - valley >= MIN_DIP:
            kept.append(peak)
        elif level[peak] > level[kept[-1]]:
            kept[-1] = peak
    return kept

"""Fundamental frequency by normalised autocorrelation and a cheapest path (Boersma 1993), in two passes.

One pass over a wide range makes octave errors, and a single octave error moves a standard
deviation more than an emotion does; the second pass searches only around the speaker's own quartiles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from emoconsent.recognizers.demo.voice_wav import STEP, Samples, frames

WIDE: Final = (60.0, 600.0)  # Hz, the first pass
MIN_FLOOR: Final = 50.0
MAX_CEILING: Final = 800.0
SILENCE: Final = 0.03  # of the clip's peak: a quieter frame leans to "unvoiced"
VOICING: Final = 0.45  # normalised autocorrelation from which a frame leans to "voiced"
OCTAVE_COST: Final = 0.01  # a slight preference for the higher of two equal candidates
JUMP_COST: Final = 0.35  # for each octave between neighbouring frames
SWITCH_COST: Final = 0.14  # between voiced and unvoiced
_CANDIDATES: Final = 6
_LAG_RATE: Final = 32_000  # lags a second at least
_PERIODS: Final = 3  # periods of the floor in a window

Frequencies = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Per frame: frequencies in Hz (0 = unvoiced, in column 0) and strengths, shape (frames, k)."""

    hertz: Frequencies
    strength: Frequencies


def track_pitch(samples: Samples, rate: float) -> Frequencies:
    """F0 in Hz every 10 ms, 0 where unvoiced, after two passes.

    The second pass runs from 0.75 times the lower to 1.5 times the upper quartile of the first.
    """
    first = _one_pass(samples, rate, *WIDE)
    voiced = first[first > 0]
    if voiced.size < 4:
        return first
    low, high = np.percentile(voiced, [25, 75])
    return _one_pass(samples, rate, max(MIN_FLOOR, 0.75 * low), min(MAX_CEILING, 1.5 * high))


def _one_pass(samples: Samples, rate: float, floor: float, ceiling: float) -> Frequencies:
    peak = float(np.abs(samples - samples.mean()).max(initial=0.0)) if samples.size else 0.0
    if peak == 0.0:
        return np.zeros(0)
    parts = [
        _candidates(part, rate, floor, ceiling, peak) for part in frames(samples, rate, _PERIODS / floor)
    ]
    if not parts:
        return np.zeros(0)
    hertz = np.concatenate([part.hertz for part in parts])
    return _cheapest_path(_Candidates(hertz, np.concatenate([part.strength for part in parts])))


def _candidates(windows: Samples, rate: float, floor: float, ceiling: float, peak: float) -> _Candidates:
    """The unvoiced candidate and the strongest autocorrelation peaks of each frame."""
    centred = windows - windows.mean(axis=1, keepdims=True)
    loudness = np.abs(centred).max(axis=1) / peak
    lags, correlation = _normalised(centred, rate, floor)
    inner = correlation[:, 1:-1]
    is_peak = (inner > correlation[:, :-2]) & (inner >= correlation[:, 2:]) & (inner > 0.5 * VOICING)
    bend = correlation[:, :-2] - 2 * inner + correlation[:, 2:]
    slope = correlation[:, 2:] - correlation[:, :-2]
    shift = np.where(is_peak, -0.5 * slope / np.where(is_peak, bend, -1.0), 0.0)
    hertz = rate / (lags[1:-1] + shift * lags[1])  # the vertex of the parabola through three points
    height = np.minimum(inner + 0.25 * slope * shift, 1.0)
    strength = height - OCTAVE_COST * np.log2(floor / hertz)
    usable = is_peak & (hertz >= floor) & (hertz <= ceiling)
    strength = np.where(usable, strength, -np.inf)
    best = np.argsort(strength, axis=1)[:, -_CANDIDATES:]
    quiet = np.maximum(0.0, 2.0 - loudness / (SILENCE / (1.0 + VOICING)))
    unvoiced = (VOICING + quiet)[:, None]
    return _Candidates(
        np.hstack([np.zeros_like(unvoiced), np.take_along_axis(hertz, best, axis=1)]),
        np.hstack([unvoiced, np.take_along_axis(strength, best, axis=1)]),
    )


def _normalised(centred: Samples, rate: float, floor: float) -> tuple[Frequencies, Frequencies]:
    """Lags and the windowed frames' autocorrelation, divided by that of the window itself.

    Zeros above the spectrum interpolate between the samples: a bright voice whose period is 22.6
    samples has its peak between two of them, and missing it by half a sample doubles the period.
    """
    window = np.hanning(centred.shape[1] + 2)[1:-1]
    size = 1 << int(np.ceil(np.log2(2 * window.size)))
    finer = max(1, math.ceil(_LAG_RATE / rate))
    last = finer * (int(rate / floor) + 2)

    def correlate(signal: Frequencies) -> Frequencies:
        power = np.abs(np.fft.rfft(signal, size, axis=-1)) ** 2
        return np.fft.irfft(power, size * finer, axis=-1)[..., :last]

    own = correlate(window)
    raw = correlate(centred * window)
    energy = np.where(raw[:, :1] > 0.0, raw[:, :1], 1.0)
    return np.arange(last) / finer, (raw / energy) / (own / own[0])


def _cheapest_path(candidates: _Candidates) -> Frequencies:
    """Viterbi: the sequence with the most strength after the costs of jumps and switches."""
    scale = 0.01 / STEP
    voiced = candidates.hertz > 0
    octaves = np.log2(np.where(voiced, candidates.hertz, 1.0))
    total = candidates.strength[0]
    back = np.zeros(candidates.hertz.shape, dtype=np.intp)
    for frame in range(1, len(candidates.hertz)):
        jump = JUMP_COST * np.abs(octaves[frame - 1][:, None] - octaves[frame][None, :])
        both = voiced[frame - 1][:, None] & voiced[frame][None, :]
        switch = np.where(voiced[frame - 1][:, None] != voiced[frame][None, :], SWITCH_COST, 0.0)
        score = total[:, None] - scale * np.where(both, jump, switch)
        back[frame] = score.argmax(axis=0)
        total = score.max(axis=0) + candidates.strength[frame]
    path = np.zeros(len(back), dtype=np.intp)
    path[-1] = total.argmax()
    for frame in range(len(back) - 1, 0, -1):
        path[frame - 1] = back[frame][path[frame]]
    return np.take_along_axis(candidates.hertz, path[:, None], axis=1)[:, 0]

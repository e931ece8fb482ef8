"""Untrusted audio in, mono samples out: plain PCM through the standard library, the rest by soundfile.

What a header claims is never believed: the size is checked before anything is allocated, and only
the bytes that are really there count.
"""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from emoconsent.errors import InvalidInput

Samples = npt.NDArray[np.float64]
Audio = bytes | str | PathLike[str] | tuple[npt.NDArray[Any], int]

MIN_RATE: Final = 8_000  # Hz, telephone quality
MAX_RATE: Final = 48_000
MAX_SECONDS: Final = 600
MAX_BYTES: Final = 32 * 1024 * 1024
STEP: Final = 0.010  # seconds between analysis frames, everywhere
_CHUNK: Final = 512  # frames worked on at once
_WORKING_RATE: Final = 16_000  # enough for pitch and loudness; more only costs time
_MAGIC: Final = (b"RIFF", b"fLaC", b"OggS")  # no other of the many decoders is ever reached
_UNREADABLE: Final = "audio: no readable sound (plain PCM WAV of 8, 16, 24 or 32 bits is always understood)"


def read_audio(audio: Audio) -> tuple[Samples, int]:
    """Mono samples in [-1, 1] and their rate, from bytes, a path, or (samples, rate).

    Raises:
        InvalidInput: not audio, empty, not finite, too long, or of an unusable rate.
    """
    if isinstance(audio, tuple):
        return _checked(*audio)
    data = audio if isinstance(audio, bytes) else _file_bytes(audio)
    if len(data) > MAX_BYTES:
        raise InvalidInput([f"audio: more than {MAX_BYTES} bytes"])
    try:
        samples, rate = _plain_wav(data)
    except (wave.Error, EOFError, struct.error, RuntimeError):
        samples, rate = _other_format(data)
    return _checked(samples, rate)


def _file_bytes(path: str | PathLike[str]) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InvalidInput([f"audio: the file cannot be read ({type(error).__name__})"]) from None


def _plain_wav(data: bytes) -> tuple[Samples, int]:
    """Decode PCM WAV. A truncated file gives what is there, in whole frames."""
    with wave.open(io.BytesIO(data)) as file:
        channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
        raw = file.readframes(min(file.getnframes(), len(data)))
    if not 1 <= channels <= 8 or width not in (1, 2, 3, 4):
        raise wave.Error("an unusual layout")
    raw = raw[: len(raw) - len(raw) % (channels * width)]
    return _decode_pcm(raw, width).reshape(-1, channels).mean(axis=1), rate


def _decode_pcm(raw: bytes, width: int) -> Samples:
    """Little-endian PCM as floats: 8 bits are unsigned, the others signed (RIFF, 1991)."""
    if width == 1:
        return (np.frombuffer(raw, np.uint8).astype(np.float64) - 128.0) / 128.0
    if width == 3:  # no numpy type of 3 bytes: put each under a zero byte and read 4
        padded = np.zeros((len(raw) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        return padded.view("<i4")[:, 0].astype(np.float64) / 2.0**31
    return np.frombuffer(raw, f"<i{width}").astype(np.float64) / 2.0 ** (8 * width - 1)


def _other_format(data: bytes) -> tuple[Samples, int]:
    """FLAC, Ogg and the other kinds of WAV (float, A-law), where the optional soundfile is installed."""
    if data[:4] not in _MAGIC:
        raise InvalidInput([_UNREADABLE])
    try:
        import soundfile  # optional: only formats other than WAV need it
    except (ImportError, OSError):  # OSError: its C library is absent
        raise InvalidInput([_UNREADABLE]) from None
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            rate = int(file.samplerate)
            if rate > MAX_RATE or file.frames * file.channels > MAX_RATE * MAX_SECONDS:
                raise InvalidInput([f"audio: above {MAX_RATE} Hz, or longer than {MAX_SECONDS} seconds"])
            samples = file.read(file.frames, dtype="float64", always_2d=True)
    except (soundfile.SoundFileError, ValueError, TypeError, AssertionError):
        raise InvalidInput([_UNREADABLE]) from None
    return np.clip(samples.mean(axis=1), -1.0, 1.0), rate  # lossy codecs overshoot a little


def _checked(samples: npt.NDArray[Any], rate: int) -> tuple[Samples, int]:
    array = np.asarray(samples)
    problems = []
    if isinstance(rate, bool) or not isinstance(rate, (int, np.integer)) or not MIN_RATE <= rate <= MAX_RATE:
        problems.append(f"audio: the sampling rate must be {MIN_RATE} to {MAX_RATE} Hz")
    elif array.size > rate * MAX_SECONDS:
        problems.append(f"audio: longer than {MAX_SECONDS} seconds")
    if array.ndim != 1 or array.size == 0:
        problems.append("audio: one channel with at least one sample is needed")
    if array.dtype.kind != "f":
        problems.append("audio: samples must be floats in [-1, 1]")
    elif array.size and not (np.isfinite(array).all() and np.abs(array).max() <= 1.0):
        problems.append("audio: a sample is not a finite number in [-1, 1]")
    if problems:
        raise InvalidInput(problems)
    return array.astype(np.float64), int(rate)


def to_working_rate(samples: Samples, rate: int) -> tuple[Samples, float]:
    """The mean of every k samples, k such that 16 kHz or a little more remains.

    The averaging is the low-pass filter: crude, but what it lets through lies far above the voice's F0.
    """
    k = max(1, rate // _WORKING_RATE)
    whole = samples[: samples.size - samples.size % k]
    return whole.reshape(-1, k).mean(axis=1), rate / k


def frames(samples: Samples, rate: float, seconds: float) -> Iterator[Samples]:
    """Windows of *seconds* centred on every hundredth of a second, some hundreds at a time (bounded memory).

    Frame i of the whole is centred on i * ``STEP``; beyond the clip's ends there is silence.
    """
    size = max(3, round(seconds * rate))
    padded = np.pad(samples, (size // 2, size))
    views = np.lib.stride_tricks.sliding_window_view(padded, size)
    starts = np.round(np.arange(int(samples.size / rate / STEP)) * STEP * rate).astype(np.intp)
    for at in range(0, starts.size, _CHUNK):
        yield views[starts[at : at + _CHUNK]]

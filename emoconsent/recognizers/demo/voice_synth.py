"""A small source-filter synthesiser: a voice that any machine can make, and one clip of a real one.

Glottal pulses (Rosenberg 1971) at a stated pitch pass through the resonances of a stated vowel (Fant
1960). The result is audible and speech-like, and it is **synthesised**: it shows that the rule works
as written, and nothing about people. Every number is fixed, so the bytes are always the same.
"""

from __future__ import annotations

import io
import math
import wave
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from emoconsent.errors import InvalidInput, MissingExtra

try:
    import numpy as np
except ImportError as missing:
    raise MissingExtra("voice", "the synthesised voice") from missing

from emoconsent.recognizers.demo.voice_wav import Samples

RATE: Final = 16_000  # Hz
_CLOSURE: Final = 0.045  # seconds of silence before each syllable, as of a b, d or g
#: Formant frequencies in Hz of an adult speaker: a, e, i, o, u.
_VOWELS: Final = {
    "a": (750.0, 1250.0, 2550.0),
    "e": (530.0, 1850.0, 2500.0),
    "i": (300.0, 2250.0, 3000.0),
    "o": (500.0, 900.0, 2450.0),
    "u": (320.0, 800.0, 2300.0),
}
_BANDWIDTHS: Final = (80.0, 100.0, 140.0)  # Hz


@dataclass(frozen=True, slots=True)
class Syllable:
    """A vowel held for *seconds* (its closure included), its pitch gliding from *start* to *end* Hz."""

    vowel: str
    seconds: float
    start: float
    end: float


def _calm() -> list[Syllable]:
    """Four even syllables a second for five seconds, falling gently from 185 to 150 Hz."""
    steps = range(20)
    return [Syllable("aeiou"[i % 5], 0.25, 185.0 - 1.75 * i, 183.0 - 1.75 * i) for i in steps]


def _agitated() -> list[Syllable]:
    """Seconds of seven short syllables, then of two long ones; pitch swinging from 140 to 330 Hz."""
    fast = [Syllable("aieau"[i % 5], 1 / 7, 170.0 + 25.0 * i, 190.0 + 25.0 * i) for i in range(7)]
    slow = [Syllable("a", 0.5, 330.0, 210.0), Syllable("o", 0.5, 230.0, 140.0)]
    return [*fast, *slow, *fast, *slow, *fast]


_UTTERANCES: Final = {"calm": _calm, "agitated": _agitated}


def demo_voice(manner: str) -> bytes:
    """A synthesised utterance of five seconds, as 16-bit mono WAV: ``"calm"`` or ``"agitated"``.

    Raises:
        InvalidInput: no such manner.
    """
    if manner not in _UTTERANCES:
        raise InvalidInput([f"manner: one of {', '.join(_UTTERANCES)}"])
    return wav_bytes(synthesise(_UTTERANCES[manner]()), RATE)


def sample_speech() -> bytes:
    """A real voice: 7.8 seconds of a polite hold message, 8 kHz WAV (CC BY-SA 3.0, see audio/README.md)."""
    return files(__package__).joinpath("audio", "queue-periodic-announce.wav").read_bytes()


def synthesise(syllables: list[Syllable]) -> Samples:
    """The syllables one after the other at 16 kHz, in [-0.8, 0.8], with a tenth of a second around."""
    silence = np.zeros(RATE // 10)
    sound = np.concatenate([silence, *map(_voiced, syllables), silence])
    scaled: Samples = 0.8 * sound / np.abs(sound).max()
    return scaled


def _voiced(syllable: Syllable) -> Samples:
    count = round((syllable.seconds - _CLOSURE) * RATE)
    pitch = np.linspace(syllable.start, syllable.end, count)
    phase = np.cumsum(pitch) / RATE % 1.0
    swell = np.sin(np.pi * (np.arange(count) + 0.5) / count) ** 0.5  # opens and closes without a click
    vowel = _filtered(_glottal(phase) * swell, syllable.vowel)
    even = vowel / np.sqrt(np.mean(np.square(vowel)))  # a speaker makes up for the weaker vowels, too
    return np.concatenate([np.zeros(round(_CLOSURE * RATE)), even])


def _glottal(phase: Samples) -> Samples:
    """Rosenberg's pulse: the glottis opens over 40 % of a period, closes over 16 %, then rests."""
    opening = 0.5 * (1.0 - np.cos(np.pi * phase / 0.40))
    closing = np.cos(0.5 * np.pi * (phase - 0.40) / 0.16)
    flow = np.where(phase < 0.40, opening, np.where(phase < 0.56, closing, 0.0))
    return np.diff(flow, prepend=flow[0])  # the lips radiate the change of the flow


def _filtered(source: Samples, vowel: str) -> Samples:
    """Three resonances in series, applied to the spectrum of the whole syllable."""
    size = 1 << math.ceil(math.log2(2 * source.size))
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(size))
    response = np.ones_like(z)
    for hertz, bandwidth in zip(_VOWELS[vowel], _BANDWIDTHS, strict=True):
        radius = math.exp(-math.pi * bandwidth / RATE)
        response /= 1.0 - 2.0 * radius * math.cos(2 * math.pi * hertz / RATE) * z + radius**2 * z**2
    filtered: Samples = np.fft.irfft(np.fft.rfft(source, size) * response, size)[: source.size]
    return filtered


def wav_bytes(samples: Samples, rate: int) -> bytes:
    """Mono *samples* in [-1, 1] as 16-bit PCM WAV."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.round(samples * 32767.0).astype("<i2").tobytes())
    return buffer.getvalue()

"""Audio from strangers: every well-formed layout is understood, everything else is refused in words."""

from __future__ import annotations

import io
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from emoconsent.errors import InvalidInput
from emoconsent.recognizers.demo.voice_rule import recognize_voice
from emoconsent.recognizers.demo.voice_synth import demo_voice, sample_speech
from emoconsent.recognizers.demo.voice_wav import MAX_SECONDS, frames, read_audio, to_working_rate

RAMP = np.linspace(-1.0, 1.0, 4001)[:-1]


def pcm(samples: np.ndarray, width: int, channels: int = 1, rate: int = 8000) -> bytes:
    """The samples as PCM WAV of *width* bytes, the same in every channel."""
    top = 2 ** (8 * width - 1)
    whole = np.clip(np.round(samples * top), -top, top - 1).astype(np.int64)
    unsigned = whole + 128 if width == 1 else whole
    raw = b"".join(int(v).to_bytes(width, "little", signed=width > 1) * channels for v in unsigned)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(raw)
    return buffer.getvalue()


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_every_pcm_layout_gives_the_same_samples(width: int, channels: int) -> None:
    """A wrong sign, byte order or channel stride would bend the ramp."""
    samples, rate = read_audio(pcm(RAMP, width, channels))
    assert rate == 8000
    assert np.abs(samples - RAMP).max() <= 1.01 / 2 ** (8 * width - 1)


def test_opposite_channels_cancel() -> None:
    """Stereo is averaged, not interleaved into one voice of twice the pitch."""
    left = pcm(RAMP, 2, 2)
    body = np.frombuffer(left[44:], "<i2").reshape(-1, 2).copy()
    body[:, 1] = -np.maximum(body[:, 1], -32767)
    samples, _ = read_audio(left[:44] + body.tobytes())
    assert np.abs(samples).max() < 1e-4


def test_path_and_str_and_bytes_agree(tmp_path: Path) -> None:
    """The same file by bytes, Path or str is the same sound."""
    file = tmp_path / "a.wav"
    file.write_bytes(pcm(RAMP, 2))
    for audio in (file, str(file), file.read_bytes()):
        assert np.array_equal(read_audio(audio)[0], read_audio(pcm(RAMP, 2))[0])


@pytest.mark.parametrize("form", ["FLAC", "OGG"])
def test_other_formats_through_soundfile(form: str) -> None:
    """A FLAC or Ogg upload gives the level that its WAV gives."""
    samples, rate = read_audio(sample_speech())
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=form)
    assert recognize_voice(buffer.getvalue()).level == recognize_voice(sample_speech()).level


@pytest.mark.parametrize(("form", "rate", "frames"), [("FLAC", 192_000, 10), ("FLAC", 8000, 8 * 4_000_000)])
def test_a_compressed_bomb_is_refused_before_decoding(form: str, rate: int, frames: int) -> None:
    """Silence compresses to almost nothing: the claim is checked before memory is taken for it."""
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros((frames // 8 or 1, 8), np.int16), rate, format=form)
    with pytest.raises(InvalidInput, match=r"above|longer"):
        read_audio(buffer.getvalue())


def test_decoders_that_nobody_needs_are_out_of_reach() -> None:
    """soundfile could read AIFF; every decoder more is attack surface."""
    buffer = io.BytesIO()
    soundfile.write(buffer, RAMP, 8000, format="AIFF")
    with pytest.raises(InvalidInput, match="no readable sound"):
        read_audio(buffer.getvalue())


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"RIFF",
        b"\x00" * 5000,
        b"RIFF\xff\xff\xff\xffWAVE",
        b"<html>not a sound</html>" * 100,
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 100,
        pcm(np.zeros(0), 2),
        sample_speech()[:40],
    ],
)
def test_what_is_no_audio_is_refused(junk: bytes) -> None:
    """Neither a crash nor a level comes out of bytes that hold no sound."""
    with pytest.raises(InvalidInput, match="audio"):
        recognize_voice(junk)


def test_a_header_that_lies_about_its_length_allocates_nothing() -> None:
    """A claim of 4 GB over 8 kB of data gives the 8 kB."""
    honest = pcm(RAMP, 2)
    lie = honest[:40] + struct.pack("<I", 0xFFFFFFF0) + honest[44:]
    assert read_audio(lie)[0].size == RAMP.size


def test_a_truncated_file_gives_whole_frames_only() -> None:
    """A cut in the middle of a stereo frame must not swap the channels or crash."""
    whole = pcm(RAMP, 3, 2)
    assert read_audio(whole[:-5])[0].size == RAMP.size - 1


@given(st.data())
def test_damaged_wav_is_read_or_refused(data: st.DataObject) -> None:
    """No damaged header ends in anything but samples or InvalidInput."""
    raw = bytearray(pcm(RAMP[:300], 2))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, 60))] = data.draw(st.integers(0, 255))
    try:
        samples, rate = read_audio(bytes(raw[: data.draw(st.integers(0, len(raw)))]))
    except InvalidInput as refused:
        assert refused.problems
    else:
        assert np.isfinite(samples).all()
        assert 8000 <= rate <= 48000


@pytest.mark.parametrize(
    ("samples", "rate", "words"),
    [
        (np.array([0.0, np.nan]), 8000, "finite"),
        (np.array([0.0, np.inf]), 8000, "finite"),
        (np.array([0.0, 1.5]), 8000, "finite number in"),
        (np.zeros(0), 8000, "at least one sample"),
        (np.zeros((10, 2)), 8000, "one channel"),
        (np.zeros(10, np.int16), 8000, "floats"),
        (np.array(["a"]), 8000, "floats"),
        (np.zeros(10), 0, "sampling rate"),
        (np.zeros(10), 10**9, "sampling rate"),
        (np.zeros(10), True, "sampling rate"),
        (np.zeros(10), 8000.5, "sampling rate"),
        (np.zeros(8000 * MAX_SECONDS + 1, np.float32), 8000, "longer than"),
    ],
)
def test_arrays_that_are_no_sound_are_refused(samples: np.ndarray, rate: int, words: str) -> None:
    """A NaN or a wrong type must not become a measurement."""
    with pytest.raises(InvalidInput, match=words):
        recognize_voice((samples, rate))


def test_all_faults_are_listed_at_once() -> None:
    """A caller with two mistakes hears of both."""
    with pytest.raises(InvalidInput) as refused:
        read_audio((np.zeros((2, 2), np.int16), 1))
    assert len(refused.value.problems) == 3


def test_a_missing_file_is_named_by_kind_only(tmp_path: Path) -> None:
    """File names may identify a person: none shows in the message."""
    for path in (tmp_path / "customer-42.wav", tmp_path, "nul\x00customer-42"):
        with pytest.raises(InvalidInput) as refused:
            read_audio(path)
        assert "customer-42" not in str(refused.value)


def test_too_many_bytes_are_refused_before_decoding() -> None:
    """A body over the limit is not parsed at all."""
    with pytest.raises(InvalidInput, match="bytes"):
        read_audio(b"RIFF" + b"\x00" * (32 * 1024 * 1024))


def test_frames_do_not_drift() -> None:
    """At 11,025 Hz a hundredth of a second is no whole number of samples: frame i stays at i/100 s."""
    rate = 11_025
    clicks = np.zeros(rate * 60)
    clicks[rate * 59] = 1.0
    loudest = np.concatenate([part.max(axis=1) for part in frames(clicks, rate, 0.011)]).nonzero()[0]
    assert 5899 <= loudest.mean() <= 5901


@given(st.integers(8000, 48000))
def test_the_working_rate_stays_in_reach(rate: int) -> None:
    """Whatever the rate, 8 to 32 kHz remain and the duration is kept to a sample."""
    reduced, working = to_working_rate(np.zeros(rate), rate)
    assert 8000 <= working < 32_000
    assert abs(reduced.size / working - 1.0) <= 2 / working + 1e-3


def test_the_level_does_not_depend_on_loudness_or_rate() -> None:
    """A quiet line or another sampling rate is not another mood."""
    samples, rate = read_audio(demo_voice("agitated"))
    assert recognize_voice((samples * 0.01, rate)).level == recognize_voice((samples, rate)).level
    assert recognize_voice((np.repeat(samples, 3), rate * 3)).level == recognize_voice((samples, rate)).level

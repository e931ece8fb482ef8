"""Pictures from strangers: bombs, fragments and disguises are refused before they cost anything."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from emoconsent.errors import InvalidInput
from emoconsent.recognizers.demo.face_expression import recognize_face
from emoconsent.recognizers.demo.face_image import MAX_BYTES, read_picture
from emoconsent.recognizers.demo.face_samples import sample_face

GRADIENT = np.linspace(0, 255, 96 * 80 * 3).astype(np.uint8).reshape(96, 80, 3)


def encoded(pixels: np.ndarray, form: str = "PNG", **options: object) -> bytes:
    """The pixels as a file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **options)
    return buffer.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """A tiny PNG whose header claims a size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = b""
    for name, body in ((b"IHDR", head), (b"IDAT", zlib.compress(b"\x00" * 1000)), (b"IEND", b"")):
        chunks += struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize(
    ("width", "height"),
    [(6000, 6000), (12_000, 12_000), (60_000, 60_000), (2_000_000_000, 2), (2**31 - 1, 2**31 - 1)],
)
def test_a_decompression_bomb_is_refused_by_its_header(width: int, height: int) -> None:
    """Not a pixel is decoded of a picture that claims too many: refused between Pillow's limits, too."""
    with pytest.raises(InvalidInput, match="image"):
        recognize_face(png_claiming(width, height))


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\xff\xd8\xff",
        b"GIF89a" + b"\x00" * 100,
        b"<svg xmlns='http://www.w3.org/2000/svg' width='100' height='100'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n",
        b"RIFF\x24\x00\x00\x00WAVEfmt ",
        sample_face()[: len(sample_face()) // 2],
        encoded(GRADIENT)[:-40],
        encoded(GRADIENT, "BMP"),
        encoded(GRADIENT, "TIFF"),
    ],
)
def test_what_is_no_whole_picture_is_refused(junk: bytes) -> None:
    """Half a face must not be judged, and formats with a large attack surface are not even opened."""
    with pytest.raises(InvalidInput, match="image"):
        recognize_face(junk)


@settings(max_examples=60)
@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.data())
def test_a_damaged_file_is_read_or_refused(form: str, data: st.DataObject) -> None:
    """Flipped bytes end in pixels or in InvalidInput, never in a decoder's own error."""
    raw = bytearray(encoded(GRADIENT, form))
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        pixels = read_picture(bytes(raw))
    except InvalidInput as refused:
        assert refused.problems
    else:
        assert (pixels.ndim, pixels.shape[2], pixels.dtype) == (3, 3, np.uint8)


def test_damaged_exif_does_no_harm() -> None:
    """Every byte of the EXIF block broken in turn: pixels or a refusal, never a decoder's own error."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "x" * 20
    good = encoded(GRADIENT, "JPEG", exif=exif)
    outcomes = set()
    for at in range(2, good.index(b"\xff\xdb")):
        try:
            outcomes.add(read_picture(good[:at] + b"\xf7" + good[at + 1 :]).shape)
        except InvalidInput:
            outcomes.add("refused")
    assert outcomes == {"refused", (80, 96, 3), (96, 80, 3)}


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((100, 100, 3)),
        np.zeros((100, 100, 4), np.uint8),
        np.zeros((100,), np.uint8),
        np.zeros((2, 100, 100, 3), np.uint8),
        np.zeros((0, 100, 3), np.uint8),
        np.zeros((63, 500, 3), np.uint8),
        np.zeros((1, 1), np.uint8),
        np.broadcast_to(np.uint8(0), (5001, 5000, 3)),
        np.full((100, 100, 3), np.nan),
    ],
)
def test_arrays_that_are_no_picture_are_refused(array: np.ndarray) -> None:
    """Floats, alpha, batches, empty, tiny and huge arrays: a clear refusal."""
    with pytest.raises(InvalidInput, match="image"):
        recognize_face(array)


def test_too_many_bytes_are_refused_before_decoding() -> None:
    """A body over the limit is not handed to a decoder."""
    with pytest.raises(InvalidInput, match="bytes"):
        read_picture(b"\xff" * (MAX_BYTES + 1))


def test_the_file_name_stays_out_of_the_message(tmp_path: Path) -> None:
    """File names may identify a person."""
    for path in (tmp_path / "customer-42.jpg", tmp_path, "nul\x00customer-42"):
        with pytest.raises(InvalidInput) as refused:
            read_picture(path)
        assert "customer-42" not in str(refused.value)


def test_path_str_and_bytes_agree(tmp_path: Path) -> None:
    """One picture, three ways in."""
    file = tmp_path / "a.png"
    file.write_bytes(encoded(GRADIENT))
    for image in (file, str(file), file.read_bytes(), GRADIENT):
        assert np.array_equal(read_picture(image), GRADIENT)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1", "I;16"])
def test_every_colour_mode_becomes_rgb(mode: str) -> None:
    """Palettes, alpha, grey, print colours and 16 bits end as three channels of a byte."""
    buffer = io.BytesIO()
    form = "JPEG" if mode == "CMYK" else "PNG"
    grey = Image.fromarray(GRADIENT).convert("L")
    (grey if mode == "I;16" else Image.fromarray(GRADIENT)).convert(mode).save(buffer, form)
    assert read_picture(buffer.getvalue()).shape == (96, 80, 3)


def test_a_phone_held_sideways_is_turned_upright() -> None:
    """EXIF orientation 6: the stored picture lies on its side, and the detector knows upright faces only."""
    upright = Image.open(io.BytesIO(sample_face()))
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    upright.transpose(Image.Transpose.ROTATE_90).save(buffer, "JPEG", exif=exif, quality=95)
    assert recognize_face(buffer.getvalue()).raw_label == "happy"

"""Untrusted pictures in, RGB pixels out. A header is read before a single pixel is decoded."""

from __future__ import annotations

import io
import struct
from os import PathLike
from pathlib import Path
from typing import Any, Final

from emoconsent.errors import InvalidInput, MissingExtra

try:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image, ImageOps
except ImportError as missing:
    raise MissingExtra("face", "the face demonstration recognizer") from missing

Pixels = npt.NDArray[np.uint8]
Picture = bytes | str | PathLike[str] | npt.NDArray[Any]

FORMATS: Final = ("JPEG", "PNG", "WEBP")
MAX_BYTES: Final = 20 * 1024 * 1024
MAX_PIXELS: Final = 25_000_000
MIN_SIDE: Final = 64  # pixels: nothing smaller holds a face large enough
_UNREADABLE: Final = f"image: not a whole, readable {', '.join(FORMATS)}"
#: What Pillow's decoders raise on malformed files; the warning is an error only where the host says so.
_BROKEN: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    OverflowError,
    struct.error,
    UserWarning,
)


def read_picture(image: Picture) -> Pixels:
    """RGB pixels, shape (height, width, 3), upright as its EXIF orientation says.

    An array is taken as RGB (OpenCV's BGR must be turned round first) or as grey, in uint8.

    Raises:
        InvalidInput: no picture of a known format, truncated, too large or too small.
    """
    if isinstance(image, np.ndarray):
        return _from_array(image)
    data = image if isinstance(image, bytes) else _file_bytes(image)
    if len(data) > MAX_BYTES:
        raise InvalidInput([f"image: more than {MAX_BYTES} bytes"])
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            _require_size(opened.width, opened.height)
            upright = ImageOps.exif_transpose(opened)
            return np.asarray(upright.convert("RGB"), dtype=np.uint8)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InvalidInput([f"image: more than {MAX_PIXELS} pixels"]) from None
    except _BROKEN:
        raise InvalidInput([_UNREADABLE]) from None


def _from_array(array: npt.NDArray[Any]) -> Pixels:
    grey = array.ndim == 2
    if array.dtype != np.uint8 or not (grey or (array.ndim == 3 and array.shape[2] == 3)):
        raise InvalidInput(
            ["image: an array must be uint8, of shape (height, width, 3) in RGB or (height, width)"]
        )
    _require_size(array.shape[1], array.shape[0])
    return np.repeat(array[:, :, None], 3, axis=2) if grey else array


def _require_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise InvalidInput([f"image: more than {MAX_PIXELS} pixels"])
    if min(width, height) < MIN_SIDE:
        raise InvalidInput([f"image: each side needs at least {MIN_SIDE} pixels"])


def _file_bytes(path: str | PathLike[str]) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InvalidInput([f"image: the file cannot be read ({type(error).__name__})"]) from None

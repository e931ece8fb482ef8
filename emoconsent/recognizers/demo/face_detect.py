"""Where faces are: OpenCV's Haar cascade for upright frontal faces (Viola and Jones 2001).

Every box is returned with its confidence, the doubtful ones too. A doubtful box is not good
enough to be analysed, but it is reason enough not to say that somebody is alone in a picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from emoconsent.errors import ConfigurationError, MissingExtra

try:
    import cv2
    import cv2.data
except ImportError as missing:
    raise MissingExtra("face", "the face demonstration recognizer") from missing

from emoconsent.recognizers.demo.face_image import Pixels

SIDE: Final = 800  # pixels: a larger picture is reduced to this before the search
MIN_BOX: Final = 40  # pixels in the reduced picture
SURE: Final = 3.0  # confidence (the cascade's last stage sum) of a face worth analysing
_SCALE_STEP: Final = 1.1
_NEIGHBOURS: Final = 5
_CASCADE: Final = "haarcascade_frontalface_default.xml"


@dataclass(frozen=True, slots=True)
class Box:
    """A square, in the picture's own pixels: its upper left corner, its side, and how sure the cascade is."""

    left: int
    top: int
    side: int
    confidence: float


def find_faces(picture: Pixels) -> tuple[Box, ...]:
    """All boxes in an RGB picture, the most confident first.

    Raises:
        ConfigurationError: this OpenCV has no Haar detector (5.0 and later dropped it).
    """
    scale = min(1.0, SIDE / max(picture.shape[:2]))
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    if scale < 1.0:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found, _, confidences = _cascade().detectMultiScale3(
        grey,
        scaleFactor=_SCALE_STEP,
        minNeighbors=_NEIGHBOURS,
        minSize=(MIN_BOX, MIN_BOX),
        outputRejectLevels=True,
    )
    boxes = [
        Box(int(left / scale), int(top / scale), int(side / scale), float(confidence))
        for (left, top, side, _), confidence in zip(found, confidences, strict=True)
    ]
    return tuple(sorted(boxes, key=lambda box: -box.confidence))


@cache
def _cascade() -> Any:
    if not hasattr(cv2, "CascadeClassifier"):
        raise ConfigurationError("this OpenCV has no Haar detector: pip install 'opencv-python-headless<5'")
    cascade = cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / _CASCADE))
    if cascade.empty():
        raise ConfigurationError("OpenCV's face cascade is missing: install opencv-python-headless again")
    return cascade

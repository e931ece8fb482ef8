"""The face demonstration: find the one face, run the small network, keep every graded score.

It abstains rather than guess: with no face, with a doubtful or too small one, and with several, for the
consent of one person says nothing about the others in the picture. What a face looks like is not
what a person feels; the card ``face-expression`` says how often two such networks disagree.
"""

from __future__ import annotations

from typing import Final

from emoconsent.errors import MissingExtra
from emoconsent.vault.record import Category, Inference, Level, ScoreKind

try:
    import numpy as np
    from PIL import Image
except ImportError as missing:
    raise MissingExtra("face", "the face demonstration recognizer") from missing

from emoconsent.recognizers.demo.face_cnn import SIDE, expression_scores
from emoconsent.recognizers.demo.face_detect import SURE, Box, find_faces
from emoconsent.recognizers.demo.face_image import Picture, Pixels, read_picture
from emoconsent.recognizers.demo.face_weights import load_weights

VOCABULARY: Final = "emotionml:big6"
BIG6: Final = {
    "happy": "happiness",
    "sad": "sadness",
    "angry": "anger",
    "fearful": "fear",
    "disgusted": "disgust",
    "surprised": "surprise",
}
MIN_FACE: Final = 64  # pixels
MIXED: Final = 0.3  # happiness and an unpleasant category both at or above this: mixed
_UNPLEASANT: Final = ("sadness", "anger", "fear", "disgust")


def recognize_face(image: Picture) -> Inference:
    """The expression of the one face in a picture: bytes, a path, or an RGB array.

    The six categories carry the network's softmax values; what they lack to 1 is the network's "neutral",
    which big6 does not have. ``raw_label`` is its top label, or ``abstain: ...`` with the reason. The
    level stays None unless it abstains: an expression is not one of the paper's levels.

    Raises:
        InvalidInput: not a readable picture, or too large or too small.
    """
    picture = read_picture(image)
    boxes = find_faces(picture)
    why_not = _why_abstain(boxes)
    if why_not:
        return Inference(
            vocabulary=VOCABULARY,
            score_kind=ScoreKind.SOFTMAX_UNCALIBRATED,
            level=Level.ABSTAIN,
            raw_label=f"abstain: {why_not}",
        )
    return _inference(expression_scores(_crop(picture, boxes[0]), load_weights()))


def _why_abstain(boxes: tuple[Box, ...]) -> str | None:
    if not boxes:
        return "no face"
    if len(boxes) > 1:
        return "perhaps several faces, and consent is one person's"
    if boxes[0].confidence < SURE:
        return "not surely a face"
    if boxes[0].side < MIN_FACE:
        return "the face is too small"
    return None


def _crop(picture: Pixels, box: Box) -> Pixels:
    square = picture[box.top : box.top + box.side, box.left : box.left + box.side]
    resized = Image.fromarray(square).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.uint8)


def _inference(scores: dict[str, float]) -> Inference:
    graded = {name: scores[label] for label, name in BIG6.items()}
    categories = [Category(name, value) for name, value in graded.items()]
    opposed = max(graded[name] for name in _UNPLEASANT)
    return Inference(
        vocabulary=VOCABULARY,
        score_kind=ScoreKind.SOFTMAX_UNCALIBRATED,
        categories=tuple(sorted(categories, key=lambda category: -category.value)),
        mixed=min(graded["happiness"], opposed) >= MIXED,
        raw_label=max(scores, key=lambda label: scores[label]),
    )

"""DeepFace: ``DeepFace.analyze(image, actions=['emotion'])``, a list with a dict for each face.

By default DeepFace infers age, gender and race as well. Those keys are never read here, and the
wrapper around it must force ``actions=['emotion']``, so that they are not inferred at all.
"""

from __future__ import annotations

from typing import Any

from emoconsent.recognizers.adapters.categories import graded, read_pairs
from emoconsent.recognizers.adapters.reading import fields, label, number, only, refuse, refusing
from emoconsent.vault.record import MAX_CATEGORIES, Inference, Level, ScoreKind

_NO_FACE = Inference(
    vocabulary="model:deepface",
    score_kind=ScoreKind.SOFTMAX_UNCALIBRATED,
    level=Level.ABSTAIN,
    complete=False,
)


@refusing
def from_deepface(output: Any) -> Inference:
    """The only face's emotions, percents to [0, 1]; abstains where no face was found.

    With ``enforce_detection=False`` the whole picture comes back as a "face" of confidence 0. So
    does a picture that nobody looked for a face in (``detector_backend='skip'``).

    Raises:
        RecognizerOutputError: several faces (whose is it?), or another shape.
    """
    if isinstance(output, (list, tuple)) and not output:
        return _NO_FACE
    face = output if isinstance(output, dict) else only(output, "faces")
    face = face if isinstance(face, dict) else only(face, "faces")
    dominant, emotion = fields(face, "dominant_emotion", "emotion")
    if not isinstance(emotion, dict) or not 0 < len(emotion) <= MAX_CATEGORIES:
        raise refuse("emotion: a dict of percents is needed")
    if number(face.get("face_confidence", 1.0)) <= 0.0:
        return _NO_FACE
    pairs = read_pairs(list(emotion.items()), scale=100.0)
    raw_label = label(dominant)
    if raw_label not in dict(pairs):
        raise refuse("the dominant emotion is none of the emotions")
    kind = ScoreKind.SOFTMAX_UNCALIBRATED
    return graded(pairs, model="deepface", score_kind=kind, complete=_sums_to_one(pairs), raw_label=raw_label)


def _sums_to_one(pairs: list[tuple[str, float]]) -> bool:
    """Percents of single precision numbers, rounded by some versions: a thousandth is close enough."""
    return abs(sum(value for _, value in pairs) - 1.0) <= 1e-3

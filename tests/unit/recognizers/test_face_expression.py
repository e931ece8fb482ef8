"""One face is scored, and everything else abstains."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from emoconsent.recognizers.cards import load_card
from emoconsent.recognizers.demo import face_expression
from emoconsent.recognizers.demo.face_cnn import LABELS
from emoconsent.recognizers.demo.face_detect import Box, find_faces
from emoconsent.recognizers.demo.face_expression import recognize_face
from emoconsent.recognizers.demo.face_samples import sample_face
from emoconsent.recognizers.demo.face_weights import SHA256, WEIGHTS
from emoconsent.vault.record import Level, ScoreKind


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    """The whole picture from the installed scikit-image."""
    return skimage.data.astronaut()


def test_the_smiling_astronaut_is_happy(astronaut: np.ndarray) -> None:
    """The measured answer, graded over all of big6, as a score that claims no probability and no level."""
    for image in (astronaut, sample_face()):
        result = recognize_face(image)
        assert result.raw_label == "happy"
        assert (result.categories[0].name, result.level, result.mixed) == ("happiness", None, False)
        assert result.categories[0].value > 0.999
        assert result.score_kind is ScoreKind.SOFTMAX_UNCALIBRATED
        assert result.vocabulary == "emotionml:big6"
        assert {c.name for c in result.categories} == set(face_expression.BIG6.values())


def test_the_shipped_picture_is_the_astronaut_as_described(astronaut: np.ndarray) -> None:
    """Its provenance is true: those rows and columns of the installed original, but for JPEG's loss."""
    shipped = np.asarray(Image.open(io.BytesIO(sample_face())).convert("RGB")).astype(int)
    assert np.abs(shipped - astronaut[0:384, 32:416]).mean() < 3
    notice = files("emoconsent.recognizers.demo").joinpath("images", "README.md").read_text("utf-8")
    assert hashlib.sha256(sample_face()).hexdigest() in notice
    assert len(sample_face()) < 60_000


@pytest.mark.parametrize("name", ["camera", "coffee", "chelsea", "rocket", "brick"])
def test_no_face_no_emotion(name: str) -> None:
    """A man turned away, a cup, a cat, a rocket and a wall feel nothing that we could read."""
    result = recognize_face(getattr(skimage.data, name)())
    assert (result.level, result.raw_label, result.categories) == (Level.ABSTAIN, "abstain: no face", ())


@pytest.mark.parametrize("value", [0, 255, 128])
def test_a_blank_picture_abstains(value: int) -> None:
    """A lens cap and a white wall."""
    assert recognize_face(np.full((200, 200, 3), value, np.uint8)).level is Level.ABSTAIN


def test_two_faces_abstain(astronaut: np.ndarray) -> None:
    """The consent of one person says nothing about the other in the picture."""
    result = recognize_face(np.hstack([astronaut, astronaut]))
    assert result.level is Level.ABSTAIN
    assert result.raw_label is not None
    assert "several" in result.raw_label


def test_a_bystander_much_smaller_still_counts(astronaut: np.ndarray) -> None:
    """Somebody in the background at half the size is somebody, too."""
    half = np.asarray(Image.fromarray(astronaut).resize((256, 256)))
    both = np.hstack([astronaut, np.pad(half, ((0, 256), (0, 0), (0, 0)))])
    assert recognize_face(both).level is Level.ABSTAIN


def test_a_face_too_small_abstains(astronaut: np.ndarray) -> None:
    """The same face at under 64 pixels is not blown up to 112 and judged."""
    small = np.asarray(Image.fromarray(astronaut).resize((300, 300)))
    assert len(find_faces(small)) == 1
    result = recognize_face(small)
    assert (result.level, result.raw_label) == (Level.ABSTAIN, "abstain: the face is too small")


@given(st.lists(st.tuples(st.integers(1, 500), st.floats(-5, 10)), max_size=4))
def test_only_one_sure_and_large_face_is_analysed(found: list[tuple[int, float]]) -> None:
    """Whatever the detector says: never with none, never with two, never in doubt."""
    boxes = tuple(Box(0, 0, side, confidence) for side, confidence in found)
    analysed = face_expression._why_abstain(boxes) is None
    assert analysed == (len(found) == 1 and found[0][0] >= 64 and found[0][1] >= 3.0)


@given(st.lists(st.floats(1e-6, 1.0), min_size=7, max_size=7))
def test_scores_become_big6_with_neutral_as_the_rest(raw: list[float]) -> None:
    """No mass is moved from neutral to an emotion, and the top label is kept as the network said it."""
    scores = dict(zip(LABELS, [value / sum(raw) for value in raw], strict=True))
    result = face_expression._inference(scores)
    assert sum(c.value for c in result.categories) == pytest.approx(1 - scores["neutral"])
    assert result.raw_label == max(scores, key=lambda label: scores[label])
    values = {c.name: c.value for c in result.categories}
    worst = max(values[name] for name in ("sadness", "anger", "fear", "disgust"))
    assert result.mixed == (values["happiness"] >= 0.3 and worst >= 0.3)
    assert result.level is None


def test_mixed_needs_two_opposed_categories() -> None:
    """Surprise beside happiness is not mixed; anger beside happiness is."""
    base = dict.fromkeys(LABELS, 0.0)
    assert not face_expression._inference(base | {"happy": 0.5, "surprised": 0.5}).mixed
    assert face_expression._inference(base | {"happy": 0.5, "angry": 0.5}).mixed


def test_the_answer_does_not_depend_on_the_size_of_the_picture(astronaut: np.ndarray) -> None:
    """A large photo is searched in a small copy; the box must land on the same face in the original."""
    large = np.asarray(Image.fromarray(astronaut).resize((2048, 2048)))
    result = recognize_face(large)
    assert (result.raw_label, result.categories[0].name) == ("happy", "happiness")
    assert find_faces(large)[0].side == pytest.approx(4 * find_faces(astronaut)[0].side, rel=0.15)


def test_the_input_is_left_as_it_was(astronaut: np.ndarray) -> None:
    """The caller's array is read, never written."""
    locked = astronaut.copy()
    locked.flags.writeable = False
    recognize_face(locked)
    assert np.array_equal(locked, astronaut)


def test_the_card_names_these_weights() -> None:
    """The card that a subject reads is about the file that runs."""
    card = load_card("face-expression")
    assert card.weights is not None
    assert card.weights.sha256 == SHA256[WEIGHTS]


@pytest.mark.parametrize("absent", ["numpy", "PIL", "cv2"])
def test_without_a_library_the_extra_is_named(absent: str) -> None:
    """The package imports; only the recognizer's own module asks for the extra."""
    code = (
        f"import sys; sys.modules[{absent!r}] = None\n"
        "import emoconsent.recognizers.demo.face_samples\n"
        "from emoconsent.errors import MissingExtra\n"
        "try:\n"
        "    import emoconsent.recognizers.demo.face_expression\n"
        "except MissingExtra as missing:\n"
        "    sys.exit(0 if missing.extra == 'face' else 1)\n"
        "sys.exit(2)"
    )
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0

"""The network in numpy: its arithmetic against a slow one by the textbook, its weights against tampering."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emoconsent.errors import ConfigurationError
from emoconsent.recognizers.demo import face_cnn, face_weights
from emoconsent.recognizers.demo.face_cnn import LABELS, SIDE, expression_scores
from emoconsent.recognizers.demo.face_samples import sample_face
from emoconsent.recognizers.demo.face_weights import load_weights, unpack


def slow_convolution(x: np.ndarray, filters: np.ndarray, stride: int) -> np.ndarray:
    """A 3 x 3 convolution by its definition, TensorFlow's SAME padding by its formula."""
    height, width, _ = x.shape
    out = [-(-height // stride), -(-width // stride)]
    top = max((out[0] - 1) * stride + 3 - height, 0) // 2
    left = max((out[1] - 1) * stride + 3 - width, 0) // 2
    result = np.zeros((*out, filters.shape[3]))
    for r in range(out[0]):
        for c in range(out[1]):
            for i in range(3):
                for j in range(3):
                    y, z = r * stride + i - top, c * stride + j - left
                    if 0 <= y < height and 0 <= z < width:
                        result[r, c] += x[y, z] @ filters[i, j]
    return result


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(6, 6), (7, 7), (6, 9)])
def test_convolutions_by_definition(stride: int, size: tuple[int, int]) -> None:
    """Even and odd sizes, both strides: a padding at the wrong end would shift every feature."""
    random = np.random.default_rng(7)
    x = random.normal(size=(*size, 3)).astype(np.float32)
    depth = random.normal(size=(3, 3, 3, 1)).astype(np.float32)
    point = random.normal(size=(1, 1, 3, 5)).astype(np.float32)
    filters = random.normal(size=(3, 3, 3, 5)).astype(np.float32)
    bias = random.normal(size=5).astype(np.float32)
    weights = {"a/filters": filters, "a/bias": bias, "a/depthwise_filter": depth, "a/pointwise_filter": point}
    assert np.allclose(
        face_cnn._plain(x, weights, "a", stride), slow_convolution(x, filters, stride) + bias, atol=1e-4
    )
    separable = depth * point.reshape(1, 1, 3, 5)
    assert np.allclose(
        face_cnn._separable(x, weights, "a", stride), slow_convolution(x, separable, stride) + bias, atol=1e-4
    )


def test_scores_of_the_original_runtime() -> None:
    """face-api 1.7.15 itself (tfjs, cpu) on fixed pictures: the same seven numbers."""
    reference = json.loads((Path(__file__).parent / "data" / "face_api_scores.json").read_text("utf-8"))
    shipped = np.asarray(Image.open(io.BytesIO(sample_face())).convert("RGB"))
    for row in reference["rows"]:
        top, left, side = row["crop"]
        face = shipped[top : top + SIDE * side : side, left : left + SIDE * side : side]
        ours = list(expression_scores(face, load_weights()).values())
        assert np.abs(np.array(ours) - row["scores"]).max() < 1e-5


@pytest.mark.parametrize("value", [0, 255])
def test_scores_are_a_distribution_on_extreme_pictures(value: int) -> None:
    """Seven finite numbers that sum to 1, whatever the input."""
    scores = expression_scores(np.full((SIDE, SIDE, 3), value, np.uint8), load_weights())
    assert tuple(scores) == LABELS
    assert sum(scores.values()) == pytest.approx(1.0)
    assert all(0.0 <= score <= 1.0 for score in scores.values())


def test_all_parameters_are_there_and_cannot_be_changed() -> None:
    """323,687 numbers, as published; a caller who writes into them gets an error, not another network."""
    weights = load_weights()
    assert sum(tensor.size for tensor in weights.values()) == 323_687
    with pytest.raises(ValueError, match="read-only"):
        weights["fc/bias"][0] = 9.0


def test_unpacking_by_hand() -> None:
    """uint8 with scale and offset, then float32: values worked out on paper."""
    entries = [
        {
            "name": "q",
            "shape": [2],
            "dtype": "float32",
            "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1.0},
        },
        {"name": "f", "shape": [1, 1], "dtype": "float32"},
    ]
    tensors = unpack(entries, bytes([0, 255]) + struct.pack("<f", 3.25))
    assert tensors["q"].tolist() == [-1.0, 126.5]
    assert tensors["f"].tolist() == [[3.25]]


@pytest.mark.parametrize("name", [face_weights.WEIGHTS, face_weights.MANIFEST])
def test_other_weights_are_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is not the published one is another recognizer, and nobody approved that."""
    monkeypatch.setitem(face_weights.SHA256, name, "0" * 64)
    with pytest.raises(ConfigurationError, match="not the published file"):
        load_weights.__wrapped__()


def test_missing_weights_are_named() -> None:
    """A broken installation says which file and what to do."""
    with pytest.raises(ConfigurationError, match=r"other\.bin is missing: install"):
        face_weights._verified("other.bin")

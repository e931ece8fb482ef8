"""face-api's faceExpressionNet in numpy: four dense blocks of separable convolutions, 323,687 parameters.

Layers after the MIT-licensed original; the arithmetic is our own and agrees with its runtime (see the
card ``face-expression``). Arrays are (height, width, channels).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from emoconsent.recognizers.demo.face_image import Pixels
from emoconsent.recognizers.demo.face_weights import Tensor

SIDE: Final = 112  # pixels
LABELS: Final = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
_MEAN_RGB: Final = np.array([122.782, 117.001, 104.298], dtype=np.float32)
_BLOCKS: Final = 4


def expression_scores(face: Pixels, weights: Mapping[str, Tensor]) -> dict[str, float]:
    """The softmax over ``LABELS``: seven numbers that sum to 1, overconfident and not calibrated.

    Args:
        face: RGB from 0 to 255, shape (112, 112, 3).
        weights: the tensors of ``load_weights``.
    """
    x = (face.astype(np.float32) - _MEAN_RGB) / np.float32(255.0)
    for block in range(_BLOCKS):
        x = _dense_block(x, weights, f"dense{block}")
    logits = x.mean(axis=(0, 1)) @ weights["fc/weights"] + weights["fc/bias"]
    powers = np.exp((logits - logits.max()).astype(np.float64))
    return dict(zip(LABELS, (powers / powers.sum()).tolist(), strict=True))


def _dense_block(x: Tensor, weights: Mapping[str, Tensor], name: str) -> Tensor:
    """Halve the size, then three convolutions, each fed with the sum of all before it."""
    first = _plain if f"{name}/conv0/filters" in weights else _separable
    total = _relu(first(x, weights, f"{name}/conv0", 2))
    fed = total
    for layer in (1, 2, 3):
        total = total + _separable(fed, weights, f"{name}/conv{layer}", 1)
        fed = _relu(total)
    return fed


def _separable(x: Tensor, weights: Mapping[str, Tensor], name: str, stride: int) -> Tensor:
    depthwise = weights[f"{name}/depthwise_filter"][:, :, :, 0]
    taps = _taps(x, stride)
    mixed = sum(taps[row, column] * depthwise[row, column] for row, column in taps)
    summed: Tensor = mixed @ weights[f"{name}/pointwise_filter"][0, 0] + weights[f"{name}/bias"]
    return summed


def _plain(x: Tensor, weights: Mapping[str, Tensor], name: str, stride: int) -> Tensor:
    filters = weights[f"{name}/filters"]
    taps = _taps(x, stride)
    summed: Tensor = sum(taps[at] @ filters[at] for at in taps) + weights[f"{name}/bias"]
    return summed


def _taps(x: Tensor, stride: int) -> dict[tuple[int, int], Tensor]:
    """The nine shifted views of *x* that a 3 x 3 filter sees, padded with zeros as TensorFlow's SAME does.

    SAME needs ``(ceil(size / stride) - 1) * stride + 3 - size`` zeros, the odd one at the far end.
    """
    out = [-(-size // stride) for size in x.shape[:2]]
    spare = [(n - 1) * stride + 3 - size for n, size in zip(out, x.shape[:2], strict=True)]
    padded = np.pad(x, [(s // 2, s - s // 2) for s in spare] + [(0, 0)])
    reach = [(n - 1) * stride + 1 for n in out]
    return {
        (row, column): padded[row : row + reach[0] : stride, column : column + reach[1] : stride]
        for row in range(3)
        for column in range(3)
    }


def _relu(x: Tensor) -> Tensor:
    return np.maximum(x, np.float32(0.0))

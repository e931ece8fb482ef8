"""The weights of face-api's faceExpressionNet, as published: uint8 with a scale and an offset each.

The two files are shipped unchanged (``weights/README.md``), so anybody can compare them with their source;
bytes that are not those are refused, for a network with other weights is another recognizer.
"""

from __future__ import annotations

import hashlib
import json
import math
from functools import cache
from importlib.resources import files
from typing import Any, Final

from emoconsent.errors import ConfigurationError, MissingExtra

try:
    import numpy as np
    import numpy.typing as npt
except ImportError as missing:
    raise MissingExtra("face", "the face demonstration recognizer") from missing

Tensor = npt.NDArray[np.float32]

WEIGHTS: Final = "face_expression_model.bin"
MANIFEST: Final = "face_expression_model-weights_manifest.json"
SHA256: Final = {
    WEIGHTS: "9a9840f2cf1f4c7eab95f197512569345c00d2426754d4608b92af30e0300f3d",
    MANIFEST: "5b349c17c7836da506e03422cd6461c74085d8bb2713ad4114647dc5d28174c8",
}


@cache
def load_weights() -> dict[str, Tensor]:
    """Every tensor by its name, in float32. Read once; do not write into it.

    Raises:
        ConfigurationError: a shipped file is missing or is not the published one.
    """
    manifest = json.loads(_verified(MANIFEST))
    return unpack(manifest[0]["weights"], _verified(WEIGHTS))


def unpack(entries: list[dict[str, Any]], data: bytes) -> dict[str, Tensor]:
    """Cut *data* into the tensors that *entries* (a TensorFlow.js weights manifest) name, in their order."""
    tensors: dict[str, Tensor] = {}
    at = 0
    for entry in entries:
        quantised = entry.get("quantization")
        stored = np.dtype(quantised["dtype"] if quantised else entry["dtype"]).newbyteorder("<")
        count = math.prod(entry["shape"])
        raw = np.frombuffer(data, stored, count, at).astype(np.float32).reshape(entry["shape"])
        at += count * stored.itemsize
        scaled = raw * np.float32(quantised["scale"]) + np.float32(quantised["min"]) if quantised else raw
        scaled.flags.writeable = False
        tensors[entry["name"]] = scaled
    return tensors


def _verified(name: str) -> bytes:
    try:
        data = files(__package__).joinpath("weights", name).read_bytes()
    except OSError:
        raise ConfigurationError(f"{name} is missing: install emoconsent again") from None
    if hashlib.sha256(data).hexdigest() != SHA256[name]:
        raise ConfigurationError(f"{name} is not the published file: install emoconsent again")
    return data

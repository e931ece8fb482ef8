"""Adapters: from what a library returns to one normalised, checked ``Inference``.

>>> from emoconsent.recognizers.adapters import ADAPTERS
>>> ADAPTERS["snownlp"](0.25).dimensions
(('valence', -0.5),)

An adapter gives an ``Inference`` or raises ``RecognizerOutputError``, whatever it is handed.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from emoconsent.recognizers.adapters.comprehend import from_comprehend
from emoconsent.recognizers.adapters.deepface import from_deepface
from emoconsent.recognizers.adapters.detect import detect
from emoconsent.recognizers.adapters.mapping import from_mapping
from emoconsent.recognizers.adapters.native import from_native
from emoconsent.recognizers.adapters.reading import Adapter
from emoconsent.recognizers.adapters.sklearn import classes_of, from_sklearn_label, sklearn_adapter
from emoconsent.recognizers.adapters.snownlp import from_snownlp
from emoconsent.recognizers.adapters.transformers import from_transformers
from emoconsent.recognizers.adapters.vader import from_vader

#: By the name that a registration or ``adapter=`` gives. ``sklearn`` takes a predicted class; for
#: probabilities, ``sklearn_adapter(classes_of(classifier))``.
ADAPTERS: Final = MappingProxyType(
    {
        "comprehend": from_comprehend,
        "deepface": from_deepface,
        "inference": from_mapping,
        "native": from_native,
        "sklearn": from_sklearn_label,
        "snownlp": from_snownlp,
        "transformers": from_transformers,
        "vader": from_vader,
    }
)

__all__ = ["ADAPTERS", "Adapter", "classes_of", "detect", "sklearn_adapter"]

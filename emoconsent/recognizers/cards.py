"""Model cards: what a recognizer is, what it is for, where it fails, and what was measured.

A card is ``emoconsent/recognizers/cards/<id>.toml``; its keys are the fields of ``ModelCard``. It is
what a notice, the disclosure report and the subject's page quote, so it says what is *unknown* too.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from emoconsent.errors import InvalidInput, NotFound
from emoconsent.vocabulary import Modality

QUALITIES: Final = ("demo", "unknown")
LANGUAGES: Final = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Measurement:
    """One figure with what makes it readable.

    Attributes:
        metric: what was counted, e.g. ``accuracy over neg/pos/neu/mixed``.
        value: the figure, finite.
        n: how many items it was measured on, 1 or more.
        data: on which data, and whether the model had seen them.
        on: the day, ISO 8601.
    """

    metric: str
    value: float
    n: int
    data: str
    on: str


@dataclass(frozen=True, slots=True)
class DecisionLogic:
    """How the result comes about, for the person analysed, in Chinese and in English."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Weights:
    """Where the numbers of the model come from; ``sha256`` of the file, 64 hex digits."""

    source: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A recognizer's card. Everything here is a str, a number or a tuple: ``asdict`` gives JSON.

    Attributes:
        id, name, version, provider, licence: which model, whose, and on what terms.
        modality: ``text``, ``voice`` or ``face``.
        quality: ``demo`` (measured, and not good enough to act on unreviewed) or ``unknown``.
        intended_use: one paragraph.
        limits, known_bias, data_sources: one sentence an item; at least one limit and one bias
            statement ("not measured" is one).
        training_data: what the model learnt from, or that it is unknown.
        decision_logic: how a result comes about (Lu 2025, 4.3.1).
        measured: figures, possibly none.
        weights: None where there is no file of weights.
    """

    id: str
    name: str
    version: str
    modality: Modality
    provider: str
    licence: str
    quality: str
    intended_use: str
    limits: tuple[str, ...]
    known_bias: tuple[str, ...]
    training_data: str
    data_sources: tuple[str, ...]
    decision_logic: DecisionLogic
    measured: tuple[Measurement, ...] = ()
    weights: Weights | None = None


_TEXTS: Final = (
    "id",
    "name",
    "version",
    "modality",
    "provider",
    "licence",
    "quality",
    "intended_use",
    "training_data",
)
_LISTS: Final = ("limits", "known_bias", "data_sources")
_REQUIRED: Final = (*_TEXTS, *_LISTS, "decision_logic")
_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def card_ids() -> tuple[str, ...]:
    """The ids of the cards that ship with the package, sorted."""
    names = (entry.name for entry in files(__package__).joinpath("cards").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load_card(card_id: str) -> ModelCard:
    """The shipped card *card_id*.

    Raises:
        NotFound: no such card (``card_ids`` lists them).
        InvalidInput: the file is not a card; every fault is listed.
    """
    if card_id not in card_ids():
        raise NotFound("no such model card; card_ids() lists those that ship")
    card = parse_card(files(__package__).joinpath("cards", f"{card_id}.toml").read_text("utf-8"))
    if card.id != card_id:
        raise InvalidInput(["id: a card's id is its file's name"])
    return card


def parse_card(text: str) -> ModelCard:
    """The card written in *text*, as TOML.

    Raises:
        InvalidInput: no TOML, unknown or missing keys, or values of the wrong shape: all of them.
    """
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):  # deeply nested arrays exhaust the parser's stack
        raise InvalidInput(["the card is not TOML"]) from None
    problems = _problems(raw)
    if problems:
        raise InvalidInput(problems)
    fields: dict[str, Any] = {name: raw[name] for name in _TEXTS} | {
        name: tuple(raw[name]) for name in _LISTS
    }
    fields["modality"] = Modality(raw["modality"])
    fields["decision_logic"] = DecisionLogic(**raw["decision_logic"])
    fields["measured"] = tuple(Measurement(**row) for row in raw.get("measured", ()))
    fields["weights"] = Weights(**raw["weights"]) if "weights" in raw else None
    return ModelCard(**fields)


def _problems(raw: dict[str, Any]) -> list[str]:
    unknown = sorted(set(raw) - {*_REQUIRED, "measured", "weights"})
    missing = [name for name in _REQUIRED if name not in raw]
    return [
        *(f"{name}: not a field of a model card" for name in unknown),
        *(f"{name}: missing" for name in missing),
        *(f"{name}: a non-empty text" for name in _TEXTS if name in raw and not _text(raw[name])),
        *(f"{name}: a non-empty list of texts" for name in _LISTS if name in raw and not _texts(raw[name])),
        *_closed_set_problems(raw),
        *_table_problems(raw),
    ]


def _closed_set_problems(raw: dict[str, Any]) -> list[str]:
    problems = []
    if _text(raw.get("id")) and not _ID.fullmatch(raw["id"]):
        problems.append("id: lower case letters, digits and single hyphens")
    if _text(raw.get("modality")) and raw["modality"] not in list(Modality):
        problems.append("modality: text, voice or face")
    if _text(raw.get("quality")) and raw["quality"] not in QUALITIES:
        problems.append(f"quality: one of {', '.join(QUALITIES)}")
    return problems


def _table_problems(raw: dict[str, Any]) -> list[str]:
    problems = []
    logic = raw.get("decision_logic", dict.fromkeys(LANGUAGES, "-"))
    if not isinstance(logic, dict) or set(logic) != set(LANGUAGES) or not all(map(_text, logic.values())):
        problems.append("decision_logic: a text in zh and one in en")
    rows = raw.get("measured", [])
    if not isinstance(rows, list) or not all(_measurement(row) for row in rows):
        problems.append("measured: rows of metric, value, n (1 or more), data, on (YYYY-MM-DD)")
    weights = raw.get("weights", {"source": "-", "sha256": "0" * 64})
    if not isinstance(weights, dict) or set(weights) != {"source", "sha256"} or not _weights(weights):
        problems.append("weights: source and sha256 (64 lower case hex digits)")
    return problems


def _measurement(row: Any) -> bool:
    if not isinstance(row, dict) or set(row) != {"metric", "value", "n", "data", "on"}:
        return False
    value, n = row["value"], row["n"]
    number = type(value) in (int, float) and abs(value) < float("inf")
    words = _text(row["metric"]) and _text(row["data"]) and _text(row["on"])
    return words and number and type(n) is int and n >= 1 and _DAY.fullmatch(row["on"]) is not None


def _weights(row: dict[str, Any]) -> bool:
    return (
        _text(row["source"])
        and isinstance(row["sha256"], str)
        and _SHA256.fullmatch(row["sha256"]) is not None
    )


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_text, value))

"""What of a set stands in a table: one flat row a line, for spreadsheets and for reading."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from emoconsent.rights.export.gather import Item
from emoconsent.rights.export.neutral import Cell
from emoconsent.rights.export.sets import ExportSet

Row = Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a set, and the rows that one of its things makes."""

    columns: Sequence[str]
    rows: Callable[[Item], Iterator[Row]]


def _record(item: Item) -> Iterator[Row]:
    for one in item["revisions"]:
        inference = one["inference"]
        yield {
            "record": item["id"],
            "inferred_at": item["inferred_at"],
            "kept_until": item["kept_until"],
            "modality": item["modality"],
            "purpose": item["purpose"],
            "recognizer": item["recognizer"],
            "version": item["recognizer_version"],
            "revision": one["revision"],
            "stated_by": one["stated_by"],
            "contested": one["contested"],
            "level": inference["level"],
            "categories": "; ".join(f"{c['name']} {c['value']:g}" for c in inference["categories"]),
            "dimensions": "; ".join(f"{name} {value:g}" for name, value in inference["dimensions"].items()),
            "score_kind": inference["score_kind"],
            "raw_label": inference["raw_label"],
            "comment": one["comment"],
        }


def _event(item: Item) -> Iterator[Row]:
    scope = item["scope"]
    pairs = "*" if scope is None else "; ".join(f"{purpose}/{modality}" for purpose, modality in scope)
    yield {**item, "scope": pairs}


def _look(item: Item) -> Iterator[Row]:
    facts = "; ".join(f"{name}: {value}" for name, value in item["facts"].items() if value is not None)
    yield {**item, "facts": facts}


def _notice(item: Item) -> Iterator[Row]:
    for language, text in item["notice"]["languages"].items():
        yield {"notice": item["full_id"], "language": language, **text}


def _card(item: Item) -> Iterator[Row]:
    yield {**item, "recognizer": item["id"], "card": json.dumps(item["card"], ensure_ascii=False)}


def _request(item: Item) -> Iterator[Row]:
    yield item


_RECORD: Final = (
    *("record", "inferred_at", "kept_until", "modality", "purpose", "recognizer", "version", "revision"),
    *("stated_by", "contested", "level", "categories", "dimensions", "score_kind", "raw_label", "comment"),
)
_EVENT: Final = (
    *("number", "kind", "at", "scope", "notice", "channel", "language"),
    *("given_by", "evidence", "age_band", "guardian"),
)

#: Receipts are files of their own: a signed document is not put into cells.
TABLES: Final[Mapping[ExportSet, Table]] = {
    ExportSet.RECORDS: Table(_RECORD, _record),
    ExportSet.CONSENTS: Table(_EVENT, _event),
    ExportSet.LOOKS: Table(("at", "what", "role", "who", "reason", "record", "facts"), _look),
    ExportSet.NOTICES: Table(("notice", "language", "title", "summary", "body"), _notice),
    ExportSet.CARDS: Table(("recognizer", "version", "modality", "provider", "status", "card"), _card),
    ExportSet.REQUESTS: Table(("id", "kind", "regime", "state", "submitted_at", "finished_at"), _request),
}

"""A receipt in people's words. The document is ISO/IEC TS 27560 as JSON-LD with DPV terms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from portal import words
from portal.formats import when


def title(receipt: Any) -> str:
    """For the lists: when, and for what."""
    return f"{_created(receipt)}: {_scope(receipt)}"


def facts(receipt: Any) -> list[tuple[str, str]]:
    """What it says, in pairs."""
    notice = _first(_records(receipt), "dpv:hasNotice")
    pairs = [(_("Given on"), _created(receipt)), (_("For"), _scope(receipt))]
    pairs += [
        (_("Notice"), notice.get("dct:identifier", "-")),
        (_("Fingerprint"), notice.get("emo:sha256", "-")),
    ]
    pairs += [(_("Number"), receipt.id)]
    if receipt.sandbox:
        pairs.insert(0, (_("TEST"), _("From a trial installation; it means nothing.")))
    return pairs


def _created(receipt: Any) -> str:
    return when(datetime.fromisoformat(receipt.document["dct:created"]))


def _records(receipt: Any) -> list[dict[str, Any]]:
    return list(receipt.document.get("dpv:hasRecordOfActivity", []))


def _first(records: list[dict[str, Any]], key: str) -> dict[str, Any]:
    return next((found[0] for record in records if (found := record.get(key))), {})


def _scope(receipt: Any) -> str:
    named = [
        f"{words.word(words.PURPOSES, purpose.get('dct:identifier', ''))}: "
        f"{words.word(words.MODALITIES, process.get('emo:modality', ''))}"
        for record in _records(receipt)
        for process in record.get("dpv:hasProcess", [])
        for purpose in process.get("dpv:hasPurpose", [])
    ]
    return "; ".join(dict.fromkeys(named)) or "-"

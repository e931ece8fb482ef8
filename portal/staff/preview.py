"""A draft that has no fault, as customers will see it: the texts, and where data goes, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from portal import formats

#: An ISO 8601 duration as a notice spells it.
_DURATION: Final = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)


@dataclass(frozen=True, slots=True)
class Span:
    """A duration's parts, as ``formats.period`` reads them."""

    years: int
    months: int
    days: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Flow:
    """One purpose: what it takes, how long it is kept (None: not at all), who receives it."""

    purpose: str
    modalities: Sequence[str]
    retention: str | None
    validity: str | None
    recipients: Sequence[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """A notice version before it is published."""

    name: str
    texts: Sequence[tuple[str, Mapping[str, str]]]
    flows: Sequence[Flow]
    storage: Sequence[str]
    controller: str


def preview_of(draft: Mapping[str, Any]) -> Preview:
    """*draft*, which ``notices.problems`` found no fault in."""
    party = draft["controller"]
    return Preview(
        name=f"{draft['id']}@{draft['version']}",
        texts=list(draft["languages"].items()),
        flows=[_flow(offer) for offer in draft["purposes"]],
        storage=draft.get("storage_locations") or [draft["jurisdiction"]],
        controller=", ".join(party[part] for part in ("name", "contact", "address") if party.get(part)),
    )


def _flow(offer: Mapping[str, Any]) -> Flow:
    return Flow(
        purpose=offer["purpose"],
        modalities=offer["modalities"],
        retention=_spelt(offer.get("retention")),
        validity=_spelt(offer["validity"]),
        recipients=offer.get("recipients", ()),
    )


def _spelt(duration: str | None) -> str | None:
    found = _DURATION.fullmatch(duration or "")
    if found is None:
        return duration
    part = {name: int(value or 0) for name, value in found.groupdict().items()}
    seconds = part["hours"] * 3600 + part["minutes"] * 60 + part["seconds"]
    return formats.period(Span(part["years"], part["months"], part["weeks"] * 7 + part["days"], seconds))

"""Notices: what was shown, per language, and what was asked, as one hashed value (ISO/IEC 29184).

A notice version never changes after publication. Its content hash is the SHA-256 of its RFC 8785
JSON, in one spelling: the order of keys, purposes, modalities, recipients and languages and the
way a duration is written make no difference.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import rfc8785

from emoconsent.consent.duration import Period, add_duration, duration_text, longer, parse_duration
from emoconsent.consent.fields import IDENTIFIER, Faults, Fields, at
from emoconsent.consent.offer import (
    CONTEXT,
    PARTY,
    TEXTS,
    Controller,
    Notice,
    NoticePurpose,
    NoticeText,
    carries,
    carry_problems,
    notice_to_dict,
)
from emoconsent.consent.toml import MAX_BYTES, read_toml
from emoconsent.errors import InvalidInput
from emoconsent.policy.context import CallContext
from emoconsent.policy.families import BANDS, names_of
from emoconsent.vocabulary import PURPOSES, Modality, Scope

__all__ = [
    "Controller",
    "Notice",
    "NoticePurpose",
    "NoticeText",
    "Period",
    "add_duration",
    "carries",
    "carry_problems",
    "load_notice",
    "notice_to_dict",
    "parse_notice",
]

MAX_LANGUAGES: Final = 50
MAX_PURPOSES: Final = 50
MAX_RECIPIENTS: Final = 100

#: Consent goes stale: 6 to 12 months are recommended (``reference/standards.md`` 4.3, EDPB 05/2020
#: "refresh at intervals"). Beyond two years nobody can say that it still is an informed choice.
MAX_VALIDITY: Final = parse_duration("P2Y")
#: No law names a figure; inferred emotion that is older serves no customer (GDPR art. 5(1)(e)).
MAX_RETENTION: Final = parse_duration("P5Y")

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")  # BCP 47
_JURISDICTION: Final = re.compile(r"[A-Z]{2,3}(-[A-Z0-9]{1,3})?")  # ISO 3166, or EU, EEA
_IRI: Final = re.compile(r"(https?://|urn:)[^\s<>\"{}|\\^`]{1,500}")


def load_notice(path: Path | str) -> dict[str, Any]:
    """The mapping in a TOML file, as it stands; ``parse_notice`` judges it.

    Raises:
        InvalidInput: the file cannot be read, is larger than 1 MiB, or is no TOML.
    """
    return read_toml(Path(path))


def parse_notice(mapping: Mapping[str, Any]) -> Notice:
    """*mapping* (the shape of design section 4) as a notice.

    Raises:
        InvalidInput: with every fault, each beginning with the path of its field.
    """
    faults = Faults()
    top = Fields(mapping, "", faults, known=_TOP)
    jurisdiction = top.matching("jurisdiction", _JURISDICTION, "a code such as CN, EU or US-CA is needed")
    purposes = _purposes(top)
    notice = Notice(
        notice_id=top.matching("id", IDENTIFIER, _IDENTIFIER_RULE),
        version=top.matching("version", IDENTIFIER, _IDENTIFIER_RULE),
        jurisdiction=jurisdiction,
        controller=_controller(top),
        languages=_languages(top),
        purposes=tuple(sorted(purposes, key=lambda offer: (offer.purpose, offer.modalities))),
        withdrawal=top.text("withdrawal", limit=500),
        storage_locations=_storage_locations(top) or (jurisdiction,),
        carries_over=_carries_over(top, purposes),
    )
    faults.finish()
    return _hashed(notice)


_TOP: Final = frozenset(
    {
        "id",
        "version",
        "jurisdiction",
        "controller",
        "languages",
        "purposes",
        "withdrawal",
        "storage_locations",
        "carries_over",
    }
)
_PURPOSE: Final = frozenset(
    {
        "purpose",
        "iri",
        "modalities",
        "retention",
        "validity",
        "recipients",
        "separate_consent",
        "context",
    }
)
_SEPARATE: Final = frozenset(
    name for p in PURPOSES.values() if p.separate_consent for name in names_of(p.name, p.iri)
)
_IDENTIFIER_RULE: Final = (
    "1 to 64 of a-z, 0-9, '.', '_', '-' as a text, beginning with a letter or digit, are needed"
)


def _hashed(notice: Notice) -> Notice:
    content = rfc8785.dumps(notice_to_dict(notice))
    if len(content) > MAX_BYTES:
        raise InvalidInput(["notice: larger than 1 MiB"])
    return replace(notice, content_hash=hashlib.sha256(content).hexdigest())


def _controller(top: Fields) -> Controller:
    party = Fields(top.get("controller"), "controller", top.faults, known=frozenset(PARTY))
    return Controller(**{name: party.text(name, limit=500) for name in PARTY})


def _languages(top: Fields) -> dict[str, NoticeText]:
    value = top.get("languages")
    if not isinstance(value, Mapping) or not 1 <= len(value) <= MAX_LANGUAGES:
        top.fault("languages", f"1 to {MAX_LANGUAGES} languages are needed, each with its texts")
        return {}
    texts = {}
    for tag, entry in value.items():
        path = at("languages", tag)
        if not isinstance(tag, str) or not _LANGUAGE.fullmatch(tag):
            top.faults.add(path, "a language tag such as en or zh-Hans is needed")
        reader = Fields(entry, path, top.faults, known=frozenset(TEXTS))
        texts[str(tag)] = NoticeText(**{name: reader.text(name, limit=n) for name, n in TEXTS.items()})
    return dict(sorted(texts.items()))


def _purposes(top: Fields) -> list[NoticePurpose]:
    entries = top.listing("purposes", limit=MAX_PURPOSES)
    if not entries:
        top.fault("purposes", "at least one purpose is needed")
    offers = [
        _purpose(Fields(entry, f"purposes.{i}", top.faults, known=_PURPOSE))
        for i, entry in enumerate(entries)
    ]
    pairs = [(offer.purpose, modality) for offer in offers for modality in offer.modalities]
    if len(set(pairs)) != len(pairs):
        top.fault("purposes", "a purpose is offered twice for the same modality")
    return offers


def _purpose(entry: Fields) -> NoticePurpose:
    name = entry.matching("purpose", IDENTIFIER, _IDENTIFIER_RULE)
    iri = _purpose_iri(entry, name)
    return NoticePurpose(
        purpose=name,
        iri=iri,
        modalities=_modalities(entry),
        retention=_retention(entry),
        validity=_validity(entry),
        recipients=entry.texts("recipients", limit=MAX_RECIPIENTS, length=200),
        separate_consent=_separate(entry, name, iri),
        context=_context(entry),
    )


def _purpose_iri(entry: Fields, name: str) -> str:
    known = PURPOSES.get(name)
    if known is None:
        rule = "not a purpose known here, so its own IRI (http, https or urn) is needed"
        return entry.matching("iri", _IRI, rule) if entry.get("iri") else _faulty(entry, "iri", rule)
    if entry.get("iri") not in (None, known.iri):
        entry.fault("iri", "this purpose is known under another IRI; give an own purpose its own name")
    return known.iri


def _faulty(entry: Fields, name: str, what: str) -> str:
    entry.fault(name, what)
    return ""


def _modalities(entry: Fields) -> tuple[Modality, ...]:
    found = []
    for value in entry.listing("modalities", limit=len(Modality)):
        try:
            found.append(Modality(value))
        except ValueError:
            entry.fault("modalities", "each is text, voice or face")
    if not entry.get("modalities"):
        entry.fault("modalities", "at least one of text, voice and face is needed")
    return tuple(sorted(found))


def _retention(entry: Fields) -> Period | None:
    retention = entry.duration("retention")
    if retention is not None and longer(retention, MAX_RETENTION):
        entry.fault("retention", f"longer than {duration_text(MAX_RETENTION)}")
    return retention


def _validity(entry: Fields) -> Period:
    if entry.get("validity") is None:
        entry.fault("validity", "missing: consent is never endless; P6M to P1Y are recommended")
    validity = entry.duration("validity")
    if validity is None:
        return MAX_VALIDITY
    if longer(validity, MAX_VALIDITY):
        entry.fault("validity", f"longer than {duration_text(MAX_VALIDITY)}; P6M to P1Y are recommended")
    return validity


def _separate(entry: Fields, name: str, iri: str) -> bool:
    """Known separate-consent purposes are flagged whatever the notice says, by name or by IRI."""
    stated = entry.flag("separate_consent")
    required = bool(names_of(name, iri) & _SEPARATE)
    if required and stated is False:
        entry.fault("separate_consent", "the law asks for a separate consent here; it cannot be false")
    return required or bool(stated)


def _context(entry: Fields) -> CallContext | None:
    value = entry.get("context")
    if value is None:
        return None
    reader = Fields(value, at(entry.path, "context"), entry.faults, known=CONTEXT)
    flags = {name: reader.flag(name) for name in ("automated", "separated_audio")}
    texts = {
        name: reader.text(name, limit=64)
        for name in sorted(CONTEXT - set(flags))
        if reader.get(name) is not None
    }
    if texts.get("age_band") not in {None, *BANDS}:
        reader.fault("age_band", f"one of {', '.join(sorted(BANDS))} is needed")
        return None
    return CallContext(**texts, automated=bool(flags["automated"]), separated_audio=flags["separated_audio"])


def _storage_locations(top: Fields) -> tuple[str, ...]:
    codes = top.texts("storage_locations", limit=20, length=10)
    if not all(_JURISDICTION.fullmatch(code) for code in codes if code):
        top.fault("storage_locations", "codes such as CN, EU or US-CA are needed")
    return codes


def _carries_over(top: Fields, purposes: list[NoticePurpose]) -> Scope:
    offered = {(offer.purpose, str(modality)) for offer in purposes for modality in offer.modalities}
    carried = set()
    for pair in top.listing("carries_over", limit=MAX_PURPOSES * len(Modality)):
        named = isinstance(pair, (list, tuple)) and all(isinstance(part, str) for part in pair)
        if not named or tuple(pair) not in offered:
            top.fault("carries_over", "each item is a [purpose, modality] that this notice offers")
            continue
        carried.add((pair[0], Modality(pair[1])))
    return frozenset(carried)

"""Both languages are complete: what the source says is said in Chinese, and what is compiled is what is written."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

PORTAL = Path(__file__).resolve().parents[2] / "portal"
CHINESE = PORTAL / "translations" / "zh" / "LC_MESSAGES"
KEYWORDS: dict[str, Any] = {"_": None, "_l": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None}
_VALUE = re.compile(r"%\(\w+\)[sd]")


def extracted() -> set[str]:
    """Every message that the portal's code and templates say, in the singular."""
    rules, options = parse_mapping_cfg(StringIO((PORTAL / "babel.cfg").read_text(encoding="utf-8")))
    found = extract_from_dir(PORTAL, method_map=rules, options_map=options, keywords=KEYWORDS)
    return {message[0] if isinstance(message, tuple) else message for _, _, message, _, _ in found}


def written(domain: str = "messages", language: str = "zh") -> Any:
    """A catalogue as it was written."""
    with (PORTAL / "translations" / language / "LC_MESSAGES" / f"{domain}.po").open("rb") as file:
        return read_po(file, locale=language)


def name(message: Any) -> str:
    """A message by its English, in the singular."""
    return str(message.id if isinstance(message.id, str) else message.id[0])


def strings(message: Any) -> tuple[str, ...]:
    """A message's translations: one, or one a plural form."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def test_every_message_has_its_chinese() -> None:
    """Nothing that the portal can say is left in English, marked doubtful, or said no more."""
    catalogue = written()
    said = {name(m): m for m in catalogue if m.id}
    assert extracted() - set(said) == set()
    assert {one for one, m in said.items() if not all(strings(m)) or m.fuzzy} == set()
    assert set(said) - extracted() == set()


def test_translations_take_the_same_values() -> None:
    """A value that one language names and the other does not would be a fault at run time."""
    odd = {}
    for message in written():
        if not message.id:
            continue
        ids = (message.id,) if isinstance(message.id, str) else message.id
        wanted = {frozenset(_VALUE.findall(said)) for said in ids}
        if not {frozenset(_VALUE.findall(said)) for said in strings(message)} <= wanted:
            odd[ids[0]] = strings(message)
    assert odd == {}


def test_the_compiled_catalogue_is_the_written_one() -> None:
    """The portal reads the .mo: it holds what the .po says, message for message."""
    with (CHINESE / "messages.mo").open("rb") as file:
        compiled = {name(m): strings(m) for m in read_mo(file) if m.id}
    assert compiled == {name(m): strings(m) for m in written() if m.id}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_said_of_a_child_is_said_in_both_languages(language: str) -> None:
    """Each message of the guardians' catalogue is one that the portal says, with its values, and is compiled."""
    ward = {name(m): strings(m) for m in written("ward", language) if m.id}
    assert set(ward) <= extracted()
    assert set(ward) == {name(m) for m in written("ward", "en") if m.id}
    assert {
        one
        for one, said in ward.items()
        if {frozenset(_VALUE.findall(s)) for s in said} != {frozenset(_VALUE.findall(one))}
    } == set()
    with (PORTAL / "translations" / language / "LC_MESSAGES" / "ward.mo").open("rb") as file:
        assert {name(m): strings(m) for m in read_mo(file) if m.id} == ward

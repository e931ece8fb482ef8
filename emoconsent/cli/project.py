"""``emoconsent.toml``: what a store is to publish and register, written down once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from emoconsent.consent.notice import load_notice, parse_notice
from emoconsent.consent.toml import read_toml
from emoconsent.errors import InvalidInput, NotFound
from emoconsent.recognizers.cards import load_card
from emoconsent.sample import RECOGNIZERS

FILE: Final = "emoconsent.toml"
NOTICE_FILE: Final = "notice.toml"
_TEXTS: Final = ("id", "modality", "version", "provider")
_MORE: Final = ("card", "external", "levels")
_SHIPPED: Final = "shipped"
#: In the sample notice's contact and addresses; a domain that is reserved for examples.
EXAMPLE: Final = "shop.example"

#: What ``emoconsent init`` writes.
TEMPLATE: Final = f"""\
# What this store publishes and registers. Fill it in, then run `emoconsent apply`; after a change,
# run it again: what is in force already stays as it is.

# The notices that people are shown, relative to this file. The one beside it is a sample: replace the
# shop's name, contact and texts before you publish it, for a published version never changes.
notices = ["{NOTICE_FILE}"]

# Recognizers that come with emoconsent ({", ".join(RECOGNIZERS)}), by their model card.
[[recognizers]]
shipped = "text-lexicon"

# Your own: what it is, and what it cannot do. Each needs an approval before it may run:
# `emoconsent recognizer approve my-model --as your-name`.
#
# [[recognizers]]
# id = "my-model"
# modality = "text"                 # text, voice or face
# version = "1.0"
# provider = "Example Ltd"
# external = false                  # true: the input leaves this machine
# card = {{ limits = "English only; not tested on irony", adapter = "transformers" }}
# levels = {{ angry = {{ anger = 0.8 }}, irritable = {{ anger = 0.4 }}, calm = {{}} }}
"""


@dataclass(frozen=True, slots=True)
class Project:
    """What a file states: notices as mappings, and the arguments of ``recognizers.register``."""

    notices: tuple[dict[str, Any], ...]
    recognizers: tuple[dict[str, Any], ...]

    def left_as_sample(self) -> list[str]:
        """What to warn of: notices that still name the shop of the sample, where nobody answers."""
        return [
            f"the notice {notice.get('id')}@{notice.get('version')} still names the sample's {EXAMPLE}: "
            "people cannot reach anybody there; publish a new version with your own name and contact"
            for notice in self.notices
            if EXAMPLE in json.dumps(notice)
        ]


def load_project(path: Path, hint: str) -> Project:
    """The project in *path*, with every notice it names; *hint* helps where there is no such file.

    Raises:
        InvalidInput: every fault, of the file and of its notices; nothing has been done.
    """
    raw = read_toml(path, hint)
    problems = _unknown(path.name, raw, ("notices", "recognizers"))
    notices = [_notice(path.parent, name, problems) for name in _list(raw, "notices", problems)]
    rows = enumerate(_list(raw, "recognizers", problems), start=1)
    recognizers = [registration(number, row, problems) for number, row in rows]
    if problems:
        raise InvalidInput(problems)
    return Project(tuple(notices), tuple(recognizers))


def _unknown(where: str, table: Mapping[str, Any], known: Iterable[str]) -> list[str]:
    """A problem for each key that is not *known*, with the one that may have been meant."""
    problems = []
    for key in sorted(table.keys() - set(known)):
        meant = get_close_matches(key, list(known), n=1)
        guess = f"; did you mean {meant[0]!a}?" if meant else ""
        problems.append(f"{where}: unknown key {key!a}{guess}")
    return problems


def _list(raw: Mapping[str, Any], name: str, problems: list[str]) -> list[Any]:
    value = raw.get(name, [])
    if isinstance(value, list):
        return value
    problems.append(f"{name}: a list is needed")
    return []


def _notice(folder: Path, name: Any, problems: list[str]) -> dict[str, Any]:
    """The notice in the file *name*; its faults are added to *problems*."""
    if not isinstance(name, str):
        problems.append("notices: each item is a file's name")
        return {}
    try:
        mapping = load_notice(folder / name)
        parse_notice(mapping)
    except InvalidInput as error:
        problems.extend(f"{name}: {problem}" for problem in error.problems)
        return {}
    return mapping


def registration(number: int, row: Any, problems: list[str]) -> dict[str, Any]:
    """The arguments of ``recognizers.register`` that the table states which is the *number*-th."""
    where = f"recognizers table {number}"
    if not isinstance(row, dict):
        problems.append(f"{where}: a table is needed")
        return {}
    if "shipped" in row:
        return _shipped_row(where, row, problems)
    if "id" in row:
        where += f" ({str(row['id'])[:100]!a})"
    unknown = _unknown(where, row, (*_TEXTS, *_MORE, _SHIPPED))
    problems += unknown
    if any(row.keys() == {key} for key in row if get_close_matches(key, [_SHIPPED])):
        return {}  # what was meant is said already; it needs none of the others
    missing = [key for key in (*_TEXTS, "card") if key not in row]
    problems += [f"{where}: {key} is missing" for key in missing]
    return row


def _shipped_row(where: str, row: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    problems += [f"{where}: {key!a} does not go with {_SHIPPED!a}" for key in sorted(row.keys() - {_SHIPPED})]
    try:
        return shipped(str(row[_SHIPPED]))
    except NotFound as error:
        problems.append(f"{where}: {error}")
        return {}


def shipped(card_id: str) -> dict[str, Any]:
    """The registration of a recognizer that comes with emoconsent.

    Raises:
        NotFound: none of that name comes with it.
    """
    if card_id not in RECOGNIZERS:
        raise NotFound(f"no recognizer {card_id!a} comes with emoconsent; there are {', '.join(RECOGNIZERS)}")
    card = load_card(card_id)
    content = asdict(card) | {"adapter": RECOGNIZERS[card_id]}
    about = {"id": card_id, "modality": card.modality.value, "version": card.version}
    return about | {"provider": card.provider, "card": content}

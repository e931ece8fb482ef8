"""``emoconsent.toml``: what a store is to publish and register, written down once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from emoconsent.consent.notice import MAX_BYTES, load_notice, parse_notice
from emoconsent.errors import InvalidInput, NotFound
from emoconsent.recognizers.cards import load_card
from emoconsent.sample import RECOGNIZERS

FILE: Final = "emoconsent.toml"
NOTICE_FILE: Final = "notice.toml"
_TEXTS: Final = ("id", "modality", "version", "provider")
_MORE: Final = frozenset({"card", "external", "levels"})

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


def load_project(path: Path) -> Project:
    """The project in *path*, with every notice it names.

    Raises:
        InvalidInput: every fault, of the file and of its notices; nothing has been done.
    """
    raw = _toml(path)
    problems = [
        f"{path.name}: unknown key {key!a}" for key in sorted(raw.keys() - {"notices", "recognizers"})
    ]
    notices = [_notice(path.parent, name, problems) for name in _list(raw, "notices", problems)]
    recognizers = [registration(row, problems) for row in _list(raw, "recognizers", problems)]
    if problems:
        raise InvalidInput(problems)
    return Project(tuple(notices), tuple(recognizers))


def _toml(path: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(
            [f"{path}: cannot be read ({error.strerror}); `emoconsent init` writes one"]
        ) from None
    if len(data) > MAX_BYTES:
        raise InvalidInput([f"{path.name}: larger than 1 MiB"])
    try:
        return tomllib.loads(data.decode())
    except (ValueError, RecursionError):
        raise InvalidInput([f"{path.name}: no valid TOML in UTF-8"]) from None


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


def registration(row: Any, problems: list[str]) -> dict[str, Any]:
    """The arguments of ``recognizers.register`` that one table states."""
    if not isinstance(row, dict):
        problems.append("recognizers: each item is a table")
        return {}
    if "shipped" in row:
        return _shipped_row(row, problems)
    name = str(row.get("id", "?"))[:100]
    unknown = sorted(row.keys() - set(_TEXTS) - _MORE)
    problems += [f"recognizer {name!a}: unknown key {key!a}" for key in unknown]
    missing = [key for key in (*_TEXTS, "card") if key not in row]
    problems += [f"recognizer {name!a}: {key} is missing" for key in missing]
    return row


def _shipped_row(row: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    problems += [
        f"recognizers: {key!a} does not go with 'shipped'" for key in sorted(row.keys() - {"shipped"})
    ]
    try:
        return shipped(str(row["shipped"]))
    except NotFound as error:
        problems.append(str(error))
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

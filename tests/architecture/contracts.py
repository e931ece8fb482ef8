"""The house's import contracts: each takes the imports found and returns those that break it."""

from __future__ import annotations

from collections.abc import Iterable

from tests.architecture.imports import Import

#: Lowest first: a room may import only rooms in rows above its own, and its row mates where said.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("vocabulary", "errors", "clock", "threads", "twins"),
    ("policy",),
    ("access",),
    ("audit",),
    ("consent",),
    ("vault",),
    ("recognizers",),
    ("accounts",),
    ("rights",),
    ("accountability",),
    ("gate",),
    ("storage",),
    ("settings",),
    ("wiring",),
    ("working",),
    ("sample",),
    ("sdk",),
    ("",),  # the front door, emoconsent/__init__.py
    ("integrations",),
    ("cli", "__main__"),
)
_RANK = {room: rank for rank, row in enumerate(LAYERS) for room in row}

#: A library -> the only rooms that may know it.
CONFINED: dict[str, tuple[str, ...]] = {
    "sqlalchemy": ("emoconsent.storage",),
    "alembic": ("emoconsent.storage",),
    "psycopg": ("emoconsent.storage",),
    "flask": ("portal", "emoconsent.integrations"),
    **dict.fromkeys(
        ("authlib", "flask_babel", "flask_login", "flask_wtf", "limits", "segno", "wtforms"),
        ("portal",),
    ),
    **dict.fromkeys(("flask_smorest", "flask_swagger_ui", "marshmallow", "webargs"), ("portal.api",)),
    "werkzeug": ("portal", "emoconsent.integrations"),
    **dict.fromkeys(
        ("httpx", "httpcore", "standardwebhooks"), ("emoconsent.rights.recipients", "emoconsent.client")
    ),
    "argon2": ("emoconsent.accounts",),
    "pyotp": ("emoconsent.accounts",),
    "joserfc": ("emoconsent.consent", "portal"),  # signed documents; the shop's and the provider's tokens
    "holidays": ("emoconsent.policy",),
    "click": ("emoconsent.cli",),
    "waitress": ("emoconsent.cli",),
    "rich": ("emoconsent.cli",),
    "portal": ("portal", "emoconsent.cli"),  # `emoconsent serve` starts it
    **dict.fromkeys(
        ("numpy", "cv2", "PIL", "soundfile", "snownlp", "vaderSentiment", "sklearn", "transformers", "boto3"),
        ("emoconsent.recognizers", "emoconsent.cli"),  # the demo shows them off
    ),
}

#: Where rules are applied: the consent rule chain, the gate's decision, the permission table, the policy.
RULES = (
    "emoconsent.consent.status",
    "emoconsent.gate.decision",
    "emoconsent.access.permissions",
    "emoconsent.policy",
)

#: All of the SDK that the portal may know.
PORTAL_MAY = {"emoconsent", "emoconsent.errors", "emoconsent.vocabulary"}
PORTAL_MAY_NOT = {"sqlalchemy", "alembic", "psycopg", "sqlite3", "cryptography", "hashlib", "hmac"}


def room_of(module: str) -> str | None:
    """``emoconsent.gate.permit`` -> ``gate``; the front door -> ``""``; not of the SDK -> None."""
    root, _, rest = module.partition(".")
    return rest.partition(".")[0] if root == "emoconsent" else None


def unknown_rooms(found: Iterable[Import]) -> list[Import]:
    """Imports from or of a room that the house list lacks: it must be given its place first."""
    return [i for i in found if {room_of(i.module), room_of(i.target)} - {None} - _RANK.keys()]


def upward(found: Iterable[Import]) -> list[Import]:
    """Imports of a room from one below it in the house."""
    return [i for i in found if _is_upward(room_of(i.module), room_of(i.target))]


def _is_upward(importer: str | None, imported: str | None) -> bool:
    if importer is None or imported is None:
        return False
    return _RANK.get(imported, len(LAYERS)) > _RANK.get(importer, -1)


def deciding_at_the_root(found: Iterable[Import]) -> list[Import]:
    """Imports of a rule by ``wiring``, which puts parts together and decides nothing."""
    return [i for i in found if room_of(i.module) == "wiring" and i.target.startswith(RULES)]


def unconfined(found: Iterable[Import]) -> list[Import]:
    """Imports of a library outside the rooms that may know it."""
    return [i for i in found if not _may_know(i.module, CONFINED.get(i.target.partition(".")[0]))]


def _may_know(module: str, rooms: tuple[str, ...] | None) -> bool:
    return rooms is None or any(f"{module}.".startswith(f"{room}.") for room in rooms)


def behind_the_front_door(found: Iterable[Import]) -> list[Import]:
    """Imports by the portal of anything but the front door, and of SQL or cryptography."""
    portal = [i for i in found if i.module.partition(".")[0] == "portal"]
    rooms = [i for i in portal if room_of(i.target) is not None and i.target not in PORTAL_MAY]
    return rooms + [i for i in portal if i.target.partition(".")[0] in PORTAL_MAY_NOT]

"""The direction of imports, as a contract; and each contract tried on code that breaks it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.architecture import contracts
from tests.architecture.imports import ROOT, Import, imports_of

CONTRACTS: list[Callable[[Iterable[Import]], list[Import]]] = [
    contracts.unknown_rooms,
    contracts.upward,
    contracts.unconfined,
    contracts.deciding_at_the_root,
    contracts.behind_the_front_door,
]

#: Where, what it says there, and the contract that it breaks.
VIOLATIONS = [
    (
        "emoconsent/attic/old.py",
        "import json\nfrom emoconsent.errors import NotFound",
        contracts.unknown_rooms,
    ),
    ("emoconsent/gate/a.py", "from emoconsent.attic import old", contracts.unknown_rooms),
    ("emoconsent/consent/a.py", "from emoconsent.vault.envelope import seal", contracts.upward),
    ("emoconsent/consent/a.py", "from emoconsent import vault", contracts.upward),
    ("emoconsent/consent/a.py", "from ..vault import envelope", contracts.upward),
    ("emoconsent/gate/a.py", "def f():\n    import emoconsent.storage.sql", contracts.upward),
    ("emoconsent/gate/a.py", "from emoconsent import EmoConsent", contracts.upward),
    ("emoconsent/sdk.py", "from emoconsent.cli import main", contracts.upward),
    ("emoconsent/vault/a.py", "from sqlalchemy import select", contracts.unconfined),
    ("emoconsent/vault/a.py", "if 0:\n    import sqlalchemy.orm", contracts.unconfined),
    ("emoconsent/storagex.py", "import alembic", contracts.unconfined),
    ("emoconsent/sdk.py", "import flask", contracts.unconfined),
    ("emoconsent/gate/a.py", "import numpy as np", contracts.unconfined),
    ("emoconsent/rights/a.py", "import portal.api", contracts.unconfined),
    (
        "emoconsent/wiring/rights.py",
        "from emoconsent.consent.status import standing",
        contracts.deciding_at_the_root,
    ),
    ("portal/me.py", "from emoconsent.vault import vault", contracts.behind_the_front_door),
    ("portal/me.py", "from emoconsent import vault", contracts.behind_the_front_door),
    ("portal/me.py", "import sqlite3", contracts.behind_the_front_door),
    ("portal/me.py", "from cryptography.fernet import Fernet", contracts.behind_the_front_door),
]

ALLOWED = [
    ("emoconsent/vault/a.py", "from emoconsent.consent import event\nimport cryptography"),
    ("emoconsent/storage/a.py", "import sqlalchemy.orm\nfrom emoconsent.gate import a"),
    ("emoconsent/__init__.py", "from emoconsent.sdk import EmoConsent"),
    ("emoconsent/cli/serve.py", "import portal, click\nfrom emoconsent import EmoConsent"),
    (
        "portal/me.py",
        "import flask\nfrom emoconsent import EmoConsent\nfrom emoconsent.errors import NotFound",
    ),
    ("portal/me.py", "from emoconsent import errors, vocabulary"),
]


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.__name__)
def test_the_house_keeps(contract: Callable[[Iterable[Import]], list[Import]]) -> None:
    """No module of ours breaks the contract."""
    found = imports_of(ROOT, "emoconsent", "portal")
    assert len(found) > 20  # the house was really read
    assert [str(broken) for broken in contract(found)] == []


def house_with(folder: Path, path: str, body: str) -> list[Import]:
    for room in ("consent", "vault", "gate", "attic", "errors", "vocabulary", "storage"):
        (folder / "emoconsent" / room).mkdir(parents=True)
    (folder / "portal").mkdir()
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(body)
    return imports_of(folder, "emoconsent", "portal")


@pytest.mark.parametrize(("path", "body", "contract"), VIOLATIONS)
def test_a_violation_is_seen(
    tmp_path: Path, path: str, body: str, contract: Callable[[Iterable[Import]], list[Import]]
) -> None:
    """Each contract notices what it forbids, however the import is written."""
    assert contract(house_with(tmp_path, path, body))


@pytest.mark.parametrize(("path", "body"), ALLOWED)
def test_what_is_allowed_passes(tmp_path: Path, path: str, body: str) -> None:
    """The contracts refuse nothing that the house list allows."""
    found = house_with(tmp_path, path, body)
    assert [str(broken) for contract in CONTRACTS for broken in contract(found)] == []


def test_the_sdk_imports_without_any_extra() -> None:
    """An installation without extras can import the front door: no extra is needed before its use."""
    extras = "flask waitress psycopg numpy cv2 PIL soundfile snownlp vaderSentiment sklearn boto3 portal"
    script = f"import sys; sys.modules.update(dict.fromkeys({extras.split()!r})); import emoconsent"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

"""Stores for the contract suite: one description, opened as often as a test likes, on both databases.

``open_sdk(...)`` opens the same store again each time: several objects on one store are several
processes' worth of caches and sessions. After the test every permit must have been given back.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, Table, func, select

from emoconsent import EmoConsent, Principal
from emoconsent.clock import Clock
from emoconsent.settings import Settings
from emoconsent.storage import schema
from emoconsent.vault.record import Category, Inference, Level, ScoreKind
from tests.support.clock import FixedClock

ADMIN = Principal("admin-1", "admin")  # type: ignore[arg-type]
DPO = Principal("dpo-1", "dpo")  # type: ignore[arg-type]
AGENT = Principal("agent-7", "agent")  # type: ignore[arg-type]
CARE_TEXT = ("customer_care", "text")
CARE_VOICE = ("customer_care", "voice")
IMPROVE_TEXT = ("service_improvement", "text")
CARD = {"limits": "a fixture: it infers nothing", "adapter": "native", "quality": "none"}


def me(subject: str) -> Principal:
    """The subject themselves as a principal."""
    return Principal(subject, "subject")  # type: ignore[arg-type]


def notice(version: str = "1", **changes: Any) -> dict[str, Any]:
    """A notice as ``publish`` takes it: three purposes, one of them ephemeral, one on its own."""
    text = {"title": "t", "summary": "s", "body": f"what happens, in version {version}"}
    made: dict[str, Any] = {
        "id": "shop-care",
        "version": version,
        "jurisdiction": "CN",
        "controller": {"name": "Shop", "contact": "dpo@example.org", "address": "Guiyang, CN"},
        "languages": {"en": text, "zh": text},
        "purposes": [
            {"purpose": "customer_care", "modalities": ["text", "voice", "face"],
             "retention": "P30D", "validity": "P1Y", "recipients": []},
            {"purpose": "service_improvement", "modalities": ["text"],
             "retention": None, "validity": "P6M", "recipients": []},
            {"purpose": "model_training", "modalities": ["text"],
             "retention": "P30D", "validity": "P6M", "recipients": []},
        ],
        "withdrawal": "https://shop.example/privacy",
    }  # fmt: skip
    return made | changes


def inference(level: Level | None = Level.IRRITABLE, value: float = 0.5) -> Inference:
    """What a recognizer of these tests returns."""
    return Inference("emotionml:big6", ScoreKind.RULE, (Category("anger", value),), level=level)


@dataclass
class Recognizer:
    """A recognizer that counts its calls: promise G1 is counted here and nowhere else."""

    answer: Any = field(default_factory=inference)
    calls: int = 0

    def __call__(self, _text: str) -> Any:
        self.calls += 1
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer() if callable(self.answer) else self.answer


def approve(sdk: EmoConsent) -> None:
    """Register ``words`` and ``sounds`` and approve them."""
    for name, modality in (("words", "text"), ("sounds", "voice")):
        sdk.recognizers.register(name, modality=modality, version="1", provider="test", card=CARD)
        sdk.recognizers.approve(name, principal=ADMIN)


class OpenStore:
    """Opens one store, as often as asked. ``backend`` is ``sqlite`` or ``postgres``.

    The notice is published and ``words``, ``sounds`` are approved, unless it is to be left *bare*.
    """

    def __init__(self, backend: str, settings: Settings, clock: FixedClock, *, bare: bool = False) -> None:
        self.backend = backend
        self.bare = bare
        self.settings = settings
        self.clock = clock
        self.opened: list[EmoConsent] = []

    def __call__(self, *, clock: Clock | None = None) -> EmoConsent:
        """Another object on the store."""
        sdk = EmoConsent(self.settings, clock=clock or self.clock)
        self.opened.append(sdk)
        if not self.bare and not sdk.notices.list():
            sdk.notices.publish(notice())
            approve(sdk)
        return sdk

    def close(self) -> None:
        for sdk in self.opened:
            sdk.close()

    def assert_nothing_held(self) -> None:
        """Every permit was given back; a recognizer that really ends a moment later may take it."""
        deadline = time.monotonic() + 5
        while any(held(sdk) for sdk in self.opened) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [held(sdk) for sdk in self.opened] == [{}] * len(self.opened)


def held(sdk: EmoConsent) -> dict[tuple[int, int], int]:
    """What this object's hold table counts as inside."""
    return dict(sdk.gate._s.holds._counts)


def row_counts(sdk: EmoConsent) -> dict[str, int]:
    """How many rows each table of both stores holds, but for the log, which counts denials too."""
    stores = sdk._parts.stores
    counted = {**_counts(stores.data.engine, schema.data), **_counts(stores.keys.engine, schema.keys)}
    return {name: count for name, count in counted.items() if not name.startswith("log_")}


def _counts(engine: Any, tables: MetaData) -> dict[str, int]:
    def count(table: Table) -> int:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())

    with engine.connect() as connection:
        return {table.name: count(table) for table in tables.sorted_tables}


def tags(sdk: EmoConsent) -> list[str]:
    """The kinds of all log entries, in order."""
    return [entry.tag.value for entry in sdk.audit.entries()]


def grant(sdk: EmoConsent, subject: str, *scope: tuple[str, str], **more: Any) -> Any:
    """Grant *scope* (text for customer care if none is named) under the notice in force."""
    current = sdk.notices.book().current("shop-care")
    assert current is not None
    values = {"channel": "chat", "language": "en", **more}
    return sdk.consent.grant(subject, notice=current.id, scope=list(scope) or [CARE_TEXT], **values)


def decide(sdk: EmoConsent, subject: str, pair: tuple[str, str] = CARE_TEXT, **more: Any) -> str:
    """The reason code of the gate's decision."""
    return sdk.gate.decide(subject, purpose=pair[0], modality=pair[1], **more).reason.value


def await_denial(sdk: EmoConsent, subject: str) -> None:
    """Return once a closing that another thread makes is in force for calls to ``words``."""
    until = time.monotonic() + 60  # a guard against hanging, no measure
    while decide(sdk, subject, recognizer="words") == "allowed":
        assert time.monotonic() < until, "the closing never took force"
        time.sleep(0.01)


def folder_settings(top: Path) -> Settings:
    """Settings of an SQLite store below *top*."""
    return Settings(top / "data", None, None, top / "config", top / "state", {})


def server_settings(top: Path, fresh: Callable[[], str]) -> Settings:
    """Settings of a PostgreSQL store: two databases of its own, root keys below *top*."""
    return Settings(None, fresh(), fresh(), top / "config", top / "state", {})


@pytest.fixture(params=["sqlite", "postgres"])
def open_sdk(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[OpenStore]:
    """``open_sdk()`` opens the test's own store; on PostgreSQL and on SQLite."""
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("furnished_folder"), tmp_path, dirs_exist_ok=True)
        settings = folder_settings(tmp_path)
    else:
        homes, databases = request.getfixturevalue("furnished_servers")
        shutil.copytree(homes, tmp_path, dirs_exist_ok=True)
        fresh, names = request.getfixturevalue("pg_database"), iter(databases)
        settings = server_settings(tmp_path, lambda: fresh(next(names)))
    yield from _given(OpenStore(request.param, settings, clock))


@pytest.fixture(params=["sqlite", "postgres"])
def open_new(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[OpenStore]:
    """``open_new()`` opens a store that is not there before, and leaves it bare; on both databases."""
    if request.param == "sqlite":
        settings = folder_settings(tmp_path)
    else:
        settings = server_settings(tmp_path, request.getfixturevalue("pg_database"))
    yield from _given(OpenStore(request.param, settings, clock, bare=True))


def _given(store: OpenStore) -> Iterator[OpenStore]:
    try:
        yield store
        store.assert_nothing_held()
    finally:
        store.close()


@pytest.fixture
def sdk(open_sdk: OpenStore) -> EmoConsent:
    """One object on the test's store, ready to use."""
    return open_sdk()

"""Migrations of both stores on both databases, proven against the models and against each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, Inspector, MetaData, create_engine, inspect, text
from sqlalchemy.pool import NullPool

from emoconsent import EmoConsent
from emoconsent.errors import ConfigurationError
from emoconsent.storage import migrate
from tests.support.store import OpenStore, decide, folder_settings, grant, server_settings

STORES = sorted(migrate.STORES)


@pytest.fixture(params=["sqlite", "postgres"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Engine]]:
    """Call it for an engine on a new empty database."""
    made: list[Engine] = []

    def engine() -> Engine:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path / f'store-{len(made)}.db'}"
        else:
            url = request.getfixturevalue("pg_database")()
        made.append(create_engine(url, poolclass=NullPool))
        return made[-1]

    yield engine
    for one in made:
        one.dispose()


def script(store: str) -> ScriptDirectory:
    return ScriptDirectory.from_config(migrate.config(store))


def revisions(store: str) -> list[str]:
    """Every revision, first to last."""
    return [found.revision for found in reversed(list(script(store).walk_revisions()))]


def shape(engine: Engine) -> Any:
    """What the database itself says of its schema, without alembic's own table."""
    return _sqlite_shape(engine) if engine.dialect.name == "sqlite" else _server_shape(engine)


def _sqlite_shape(engine: Engine) -> Counter[tuple[str, ...]]:
    """The DDL that SQLite keeps, as tokens: spaces, quotes and the order of clauses are no difference."""
    with engine.connect() as connection:
        rows = connection.execute(
            text("select sql from sqlite_master where sql is not null and name not like 'alembic%'")
        ).scalars()
        return Counter(tuple(sorted(re.findall(r"\w+|[(),]", row))) for row in rows)


def _server_shape(engine: Engine) -> dict[str, Any]:
    with engine.connect() as connection:
        return _reflected(inspect(connection))


def _reflected(found: Inspector) -> dict[str, Any]:
    tables = [name for name in found.get_table_names() if name != "alembic_version"]
    return {
        name: (
            [
                (c["name"], str(c["type"]), c["nullable"], c["default"] and "sequence", c["autoincrement"])
                for c in found.get_columns(name)
            ],
            found.get_pk_constraint(name)["constrained_columns"],
            sorted((i["name"], tuple(i["column_names"]), i["unique"]) for i in found.get_indexes(name)),
            sorted((u["name"], tuple(u["column_names"])) for u in found.get_unique_constraints(name)),
            sorted(str(f) for f in found.get_foreign_keys(name)),
        )
        for name in sorted(tables)
    }


def run(engine: Engine, store: str, step: Callable[..., None], target: str) -> None:
    with engine.connect() as connection, connection.begin():
        step(migrate.config(store, connection), target)


@pytest.mark.parametrize("store", STORES)
def test_one_head_and_one_line(store: str) -> None:
    """No store has two heads, branches or a second base: the order of upgrades is never in doubt."""
    found = script(store)
    assert len(found.get_heads()) == len(found.get_bases()) == 1
    assert all(not one.is_branch_point and not one.is_merge_point for one in found.walk_revisions())
    assert all(one.doc for one in found.walk_revisions())


@pytest.mark.parametrize("store", STORES)
def test_upgrading_makes_what_the_models_say(fresh: Callable[[], Engine], store: str) -> None:
    """By alembic's comparison and by the database's own words, upgraded and created schemas are equal."""
    upgraded, created = fresh(), fresh()
    assert migrate.upgrade(upgraded, store) is True
    assert migrate.upgrade(upgraded, store) is False
    models: MetaData = migrate.STORES[store]
    models.create_all(created)
    with upgraded.connect() as connection:
        command.check(migrate.config(store, connection))
    assert shape(upgraded) == shape(created)
    assert shape(created)


@pytest.mark.parametrize("store", STORES)
def test_each_revision_goes_up_down_and_up_with_rows_in_it(fresh: Callable[[], Engine], store: str) -> None:
    """Before and after a revision the schema is the same, and rows of the tables it keeps survive it."""
    engine = fresh()
    before = "base"
    for revision in revisions(store):
        lower = shape(engine)
        rows = fill(engine) if before != "base" else {}
        run(engine, store, command.upgrade, revision)
        upper = shape(engine)
        rows = {name: count for name, count in fill(engine).items() if name in rows}
        run(engine, store, command.downgrade, before)
        assert shape(engine) == lower
        assert {name: count for name, count in counted(engine).items() if name in rows} == rows
        run(engine, store, command.upgrade, revision)
        assert shape(engine) == upper
        assert {name: count for name, count in counted(engine).items() if name in rows} == rows
        before = revision
    run(engine, store, command.downgrade, "base")
    assert counted(engine) == {}


def fill(engine: Engine) -> dict[str, int]:
    """One row more in every table, by raw SQL from what the database says of its columns."""
    with engine.connect() as connection, connection.begin():
        found = inspect(connection)
        for table in found.get_table_names():
            if table != "alembic_version":
                _insert(connection, table, found.get_columns(table))
    return counted(engine)


def _insert(connection: Connection, table: str, columns: Any) -> None:
    count = connection.execute(text(f'select count(*) from "{table}"')).scalar_one()
    values: dict[str, Any] = {}
    for column in columns:
        kind = str(column["type"]).upper()
        number = "INT" in kind
        values[column["name"]] = count + 1 if number else b"%d" % count if "B" in kind else f"v{count}"
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(text(f'insert into "{table}" ({names}) values ({marks})'), values)


def counted(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        tables = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
        return {
            name: int(connection.execute(text(f'select count(*) from "{name}"')).scalar_one())
            for name in tables
        }


def test_a_migrated_store_serves_and_a_repeated_upgrade_changes_nothing(
    fresh: Callable[[], Engine], tmp_path: Path, clock: Any, request: pytest.FixtureRequest
) -> None:
    """A store with real content is upgraded again: no row is touched and the gate answers as before."""
    store = opened(request, tmp_path, clock)
    try:
        sdk = store()
        grant(sdk, "c1")
        engines = (sdk._parts.stores.data.engine, sdk._parts.stores.keys.engine)
        before = [counted(engine) for engine in engines]
        assert [migrate.upgrade(e, s) for e, s in zip(engines, ("data", "keys"), strict=True)] == [False] * 2
        assert [counted(engine) for engine in engines] == before
        assert decide(store(), "c1") == "allowed"
    finally:
        store.close()


@pytest.mark.parametrize("which", STORES)
def test_a_schema_newer_than_the_code_is_refused(
    fresh: Callable[[], Engine], tmp_path: Path, clock: Any, request: pytest.FixtureRequest, which: str
) -> None:
    """Neither opened nor upgraded: the error says which store and what to install; nothing changes."""
    store = opened(request, tmp_path, clock)
    sdk = store()
    grant(sdk, "c1")
    engine = create_engine(getattr(sdk._parts.stores, which).engine.url, poolclass=NullPool)
    _stamp(engine, "9999_from_the_future")
    rows = counted(engine)
    sdk.close()
    try:
        with pytest.raises(ConfigurationError, match="newer") as refused:
            EmoConsent(store.settings, clock=clock)
        assert which in str(refused.value)
        with pytest.raises(ConfigurationError, match="newer"):
            migrate.upgrade(engine, which)
        assert counted(engine) == rows
        _stamp(engine, migrate.head(which))
        again = store()
        assert decide(again, "c1") == "allowed"
    finally:
        engine.dispose()
        store.close()


def _stamp(engine: Engine, revision: str) -> None:
    with engine.connect() as connection, connection.begin():
        connection.execute(text("update alembic_version set version_num = :v"), {"v": revision})


def opened(request: pytest.FixtureRequest, top: Path, clock: Any) -> OpenStore:
    """A store on the database that the ``fresh`` fixture is parametrised with."""
    backend = request.node.callspec.params["fresh"]
    if backend == "sqlite":
        return OpenStore(backend, folder_settings(top), clock)
    return OpenStore(backend, server_settings(top, request.getfixturevalue("pg_database")), clock)


def test_an_interrupted_upgrade_leaves_the_old_schema(fresh: Callable[[], Engine]) -> None:
    """A fault at the end of an upgrade takes everything back: the store is as it was, and upgrades later."""
    engine = fresh()
    before = shape(engine)
    with pytest.raises(ZeroDivisionError), engine.connect() as connection, connection.begin():
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        command.upgrade(migrate.config("data", connection), "head")
        raise ZeroDivisionError
    assert shape(engine) == before
    assert migrate.upgrade(engine, "data") is True

"""Schema versions of both stores, by Alembic: created, upgraded, or refused when too new."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, MetaData, text

from emoconsent.errors import ConfigurationError
from emoconsent.storage import schema, schema_api, schema_exports, schema_outbox, schema_rights
from emoconsent.storage.faults import as_unavailable

#: Every module that puts tables into the data store's metadata: imported, or the metadata were not whole.
DATA_TABLES: Final = (schema, schema_rights, schema_outbox, schema_exports, schema_api)
STORES: Final[dict[str, MetaData]] = {"data": schema.data, "keys": schema.keys}
_UPGRADING: Final = 0x656D6F6D696772  # the advisory lock of an upgrade, "emomigr"


def scripts(store: str) -> Path:
    """The folder of a store's migrations: inside an installed wheel, or at the checkout's top."""
    installed = Path(__file__).parent / "migrations"
    top = installed if installed.is_dir() else Path(__file__).parents[2] / "migrations"
    return top / store


def config(store: str, connection: Connection | None = None) -> Config:
    """Alembic's configuration for *store* (``data`` or ``keys``)."""
    made = Config()
    made.set_main_option("script_location", str(scripts(store)).replace("%", "%%"))
    made.attributes["connection"] = connection
    made.attributes["metadata"] = STORES[store]
    return made


def current(engine: Engine) -> str | None:
    """The store's schema version, or None for an empty database."""
    with as_unavailable(), engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head(store: str) -> str:
    """The version that this code needs."""
    found = ScriptDirectory.from_config(config(store)).get_current_head()
    if found is None:
        raise ConfigurationError("this installation has no migrations; reinstall emoconsent")
    return found


def known(store: str, revision: str) -> bool:
    """Whether this code knows the schema version *revision*."""
    try:
        return ScriptDirectory.from_config(config(store)).get_revision(revision) is not None
    except CommandError:
        return False


def upgrade(engine: Engine, store: str) -> bool:
    """Bring *store* to the version that this code needs; whether anything was to be done.

    Raises:
        ConfigurationError: the store is of a newer version than this code.
    """
    before = current(engine)
    refuse_newer(store, before)
    if before == head(store):
        return False
    with as_unavailable("unknown"), engine.connect() as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:key)").bindparams(key=_UPGRADING))
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        command.upgrade(config(store, connection), "head")
    return True


def refuse_newer(store: str, revision: str | None) -> None:
    """Raises ConfigurationError if *revision* is of a newer release than this one."""
    if revision is not None and not known(store, revision):
        raise ConfigurationError(
            f"the {store} store has schema version {revision}, newer than this emoconsent knows; "
            "install the newer release"
        )


def require_current(engine: Engine, store: str) -> None:
    """Raises ConfigurationError unless *store* has exactly the version that this code needs."""
    revision = current(engine)
    refuse_newer(store, revision)
    if revision != head(store):
        raise ConfigurationError(f"the {store} store's schema is out of date; run `emoconsent db upgrade`")

"""The PostgreSQL fixture: what the tests on top of it take for granted."""

from __future__ import annotations

from sqlalchemy import NullPool, create_engine, text

from tests.support.postgres import Server, drop_database, fresh_database


def ask(url: str, question: str) -> object:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return connection.execute(text(question)).scalar()


def test_databases_are_apart(pg_server: Server) -> None:
    """What one test writes, another cannot see: each has a database of its own."""
    first, second = fresh_database(pg_server), fresh_database(pg_server)
    with create_engine(first, poolclass=NullPool).begin() as connection:
        connection.execute(text("CREATE TABLE mark (n int)"))
    tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'mark'"
    assert (ask(first, tables), ask(second, tables)) == (1, 0)
    drop_database(pg_server, first)
    drop_database(pg_server, second)


def test_it_is_a_server_that_keeps_commits(pg_url: str) -> None:
    """Promises about durability are tested on real settings: fsync and synchronous_commit are on."""
    assert (ask(pg_url, "SHOW fsync"), ask(pg_url, "SHOW synchronous_commit")) == ("on", "on")
    assert int(str(ask(pg_url, "SHOW server_version_num"))) >= 150000


def test_a_database_with_a_guest_can_be_dropped(pg_server: Server) -> None:
    """A connection that a killed process left open does not keep the database alive."""
    url = fresh_database(pg_server)
    guest = create_engine(url, poolclass=NullPool).connect()
    drop_database(pg_server, url)
    guest.invalidate()
    guest.close()
    assert (
        ask(str(pg_server.url), "SELECT count(*) FROM pg_database WHERE datname LIKE 'emoconsent%'")
        is not None
    )

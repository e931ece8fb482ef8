"""What the doctor looks at on PostgreSQL: durability, sessions, standbys, and that keys live apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emoconsent.cli.findings import Finding, failure, ok, warning
from emoconsent.errors import EmoConsentError, MissingExtra
from emoconsent.storage import upkeep
from emoconsent.storage.upkeep import Server

OLDEST: Final = 150_000


def servers(database_url: str, keystore_url: str) -> Iterator[Finding]:
    """Every finding about the two databases."""
    found = {}
    for name, url in (("data", database_url), ("keys", keystore_url)):
        try:
            found[name] = upkeep.server(url)
        except MissingExtra as error:
            yield failure("server", f"{name}: {error}", MissingExtra.remedy_for(error.extra))
        except EmoConsentError as error:
            yield failure(
                "server", f"{name}: {error}", "start the server, and check the URL and the password"
            )
    for name, server in found.items():
        yield from judge(name, server)
    if len(found) == 2:
        yield apart(found["data"], found["keys"])


def judge(name: str, server: Server) -> Iterator[Finding]:
    """What one server's own words mean for the promises."""
    if server.version < OLDEST:
        yield failure("server", f"{name}: older than PostgreSQL 15", "use PostgreSQL 15 or later")
    yield from _durable(name, server)
    yield from _sessions(name, server)
    yield _failover(name, server)


def _durable(name: str, server: Server) -> Iterator[Finding]:
    shown = server.settings
    bad = [key for key in ("fsync", "full_page_writes") if shown[key] != "on"]
    if shown["synchronous_commit"] == "off":
        bad.append("synchronous_commit")
    for key in bad:
        message = f"{name}: {key} is {shown[key]}, so what was acknowledged may be lost in a power cut"
        yield failure("durability", message, f"set {key} = on")
    if not bad:
        yield ok("durability", f"{name}: a commit is on disk before it is acknowledged")


def _sessions(name: str, server: Server) -> Iterator[Finding]:
    if not server.one_session:
        message = (
            f"{name}: a pooler lends sessions by statement or transaction, so the gate's locks do not hold"
        )
        yield failure(
            "sessions", message, "connect to the server directly, or through a pooler in session mode"
        )
    elif server.settings["idle_session_timeout"] != "0":
        message = f"{name}: idle sessions are closed, and the gate's locks with them"
        yield failure("sessions", message, "set idle_session_timeout = 0 for this user")
    else:
        yield ok("sessions", f"{name}: a connection keeps its session and its locks")


def _failover(name: str, server: Server) -> Finding:
    shown = server.settings
    if not shown["synchronous_standby_names"]:
        message = (
            f"{name}: no synchronous standby: after a failover, what was acknowledged last may be missing"
        )
        return warning("failover", message, "set synchronous_standby_names, or keep to one server")
    if shown["synchronous_commit"] in ("local", "off"):
        message = (
            f"{name}: synchronous_commit is {shown['synchronous_commit']}, so no commit waits for the standby"
        )
        return failure("failover", message, "set synchronous_commit = on")
    if not server.standbys:
        message = f"{name}: a synchronous standby is named but none is connected; commits wait for it"
        return failure("failover", message, "start the standby")
    return ok("failover", f"{name}: {server.standbys} synchronous standbys")


def apart(data: Server, keys: Server) -> Finding:
    """Keys and data must not share backups."""
    if data.cluster == keys.cluster and data.database == keys.database:
        message = "the data store and the key store are one database: each backup holds both"
        return failure(
            "key store", message, "give the key store a database of its own, with backups of its own"
        )
    if data.cluster == keys.cluster:
        message = "both databases are on one server: a base backup of it holds both"
        return warning("key store", message, "use another server, or back up by database (pg_dump) alone")
    return ok("key store", "on a server of its own")

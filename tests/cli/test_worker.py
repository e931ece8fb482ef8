"""Workers and recipients on the command line: as an operator and an officer use them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from emoconsent import EmoConsent
from tests.architecture.imports import ROOT
from tests.cli.conftest import Cli, Done
from tests.faults.fanout.downstream import SECRET, Downstream
from tests.faults.fanout.house import erased

USUAL = (
    "--name",
    "CRM",
    "--standing",
    "controller",
    "--contract",
    "DPA-1",
    "--category",
    "levels",
    "--as",
    "ops",
)


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recipients may be on this machine in these tests."""
    monkeypatch.setenv("EMOCONSENT_RECIPIENT_LOOPBACK", "yes")
    monkeypatch.setenv("HOOK", SECRET)


def register(store: Cli, url: str) -> Done:
    where = ("--protocol", "webhook", "--endpoint", url, "--key", "env:HOOK")
    return store.run("recipient", "register", "crm", *USUAL, *where, "--json")


def erase(store: Cli, grant: Callable[..., Done], subject: str) -> str:
    assert grant(subject).code == 0
    with EmoConsent.open(store.folder) as sdk:
        return erased(sdk, subject)


def test_the_way_of_one_recipient(store: Cli, grant: Callable[..., Done]) -> None:
    """Registered, told by a worker's single pass, seen, retired: each command says what it did."""
    with Downstream().running() as hook:
        assert register(store, hook.url).json["endpoint"] == hook.url
        request = erase(store, grant, "customer-42")
        assert [one["state"] for one in store.run("rights", "progress", request, "--json").json] == [
            "waiting"
        ]
        done = store.run("worker", "--once", "--json")
        assert (done.code, done.json[0]) == (0, {"duty": "outbox", "done": 1, "failed": None})
        assert store.run("rights", "show", request, "--json").json["state"] == "completed"
        assert [one["state"] for one in store.run("rights", "progress", request, "--json").json] == ["done"]
        assert store.run("recipient", "unfinished", "--json").json == []
        assert store.run("recipient", "retire", "crm", "--as", "ops", "--json").json["retired"]
        assert [one["retired"] for one in store.run("recipient", "list", "--json").json] == [True]
    assert hook.ids.keys() == {"customer-42"}
    assert "customer-42" not in done.out


def test_a_dead_letter_is_dealt_with(store: Cli, grant: Callable[..., Done]) -> None:
    """The officer sees it, has it tried again, and gives it up."""
    with Downstream(behave=lambda _: "410").running() as hook:
        register(store, hook.url)
        request = erase(store, grant, "customer-42")
        store.run("worker", "--once")
        [task] = store.run("recipient", "unfinished", "--json").json
        assert (task["state"], task["problem"], task["request"]) == ("dead", "http_410", request)
        note = ("--note", "called them", "--as", "dpo-1", "--json")
        assert store.run("recipient", "retry", task["task"], *note).json[0]["state"] == "waiting"
        store.run("worker", "--once")
        gone = store.run("recipient", "settle", task["task"], "--outcome", "abandoned", *note)
        assert gone.json[0]["state"] == "abandoned"
    assert store.run("rights", "show", request, "--json").json["state"] == "partially_completed"
    assert store.run("recipient", "settle", task["task"], "--outcome", "done", *note).code == 2


def test_what_is_wrong_is_said(store: Cli) -> None:
    """A host that nobody allowed, a key file that is none, a setting that is none: named, and nothing done."""
    done = register(store, "https://partner.example/hook")
    assert done.code == 2
    assert "EMOCONSENT_RECIPIENT_HOSTS" in done.out
    key = ("--protocol", "opendsr", "--endpoint", "http://127.0.0.1:9", "--key", "/nonexistent")
    assert store.run("recipient", "register", "cloud", *USUAL, *key).code == 2
    for name, value in (("RECIPIENT_HOSTS", "https://partner.example"), ("RECIPIENT_LOOPBACK", "maybe")):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(f"EMOCONSENT_{name}", value)
            refused = store.run("recipient", "list")
        assert refused.code == 3
        assert name in refused.err


@pytest.mark.parametrize("command", [("worker",), ("serve", "--port", "0")], ids=["worker", "serve"])
def test_sigterm_ends_what_is_under_way(store: Cli, grant: Callable[..., Done], command: Any) -> None:
    """Asked to end in the middle of an attempt, the process records its answer and ends well."""
    with Downstream(behave=lambda _: "late", delay=1.0).running() as hook:
        register(store, hook.url)
        request = erase(store, grant, "customer-42")
        words = [sys.executable, "-m", "emoconsent", *command, "--folder", str(store.folder)]
        process = subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        deadline = time.monotonic() + 60
        while not hook.requests and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said.decode()
        assert json.loads(store.run("rights", "show", request, "--json").out)["state"] == "completed"
    assert len(hook.requests) == 1

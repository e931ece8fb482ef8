"""A rotation changes things outside the data store: announced before, settled after, finished if cut short."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emoconsent import EmoConsent
from emoconsent.errors import ConfigurationError, Unavailable
from tests.support.store import OpenStore, decide, folder_settings, grant, tags


def killed_while(top: Path, at: Callable[[EmoConsent], tuple[Any, str]]) -> None:
    """Rotate in a forked process that dies by SIGKILL when the method named by *at* is called."""
    child = os.fork()
    if child == 0:
        sdk = EmoConsent(folder_settings(top))
        owner, name = at(sdk)
        setattr(owner, name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
        try:
            sdk.keys.rotate()
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


PLACES: dict[str, Callable[[EmoConsent], tuple[Any, str]]] = {
    "before the root key": lambda sdk: (sdk._parts.keyring.roots, "create"),
    "before the key store": lambda sdk: (sdk._parts.keyring.store, "put_epoch"),
    "before the outcome": lambda sdk: (sdk.keys, "_settle_rotation"),
}


@pytest.mark.parametrize("place", PLACES)
def test_killed_between_intent_and_outcome(tmp_path: Path, place: str) -> None:
    """Wherever it dies, the log had announced it, and the next start finishes exactly one rotation."""
    with EmoConsent(folder_settings(tmp_path)) as sdk:
        sdk.consent.opt_out("c1")
    killed_while(tmp_path, PLACES[place])
    with EmoConsent(folder_settings(tmp_path)) as sdk:
        assert tags(sdk)[-2:] == ["keys:rotate_intent", "keys:rotate"]
        assert [epoch.state for epoch in sdk.keys.status()] == ["retired", "active"]
        assert (sdk.keys.status()[0].keys, sdk.keys.status()[0].subjects) == (0, 0)
        assert sdk.restore.unfinished() == []
        assert sdk.audit.verify().findings == ()


def test_nothing_changes_when_the_intent_cannot_be_written(
    open_sdk: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No entry, no effect: neither a root key nor an epoch is made."""
    sdk = open_sdk()
    grant(sdk, "c1")

    def refuse(*_: object, **__: object) -> None:
        raise Unavailable("the log cannot be written", outcome="not_done")

    monkeypatch.setattr("emoconsent.audit.log.Scribe.write", refuse)
    with pytest.raises(Unavailable):
        sdk.keys.rotate()
    monkeypatch.undo()
    assert [epoch.epoch for epoch in sdk.keys.status()] == [1]
    assert len(list(open_sdk.settings.config_home.rglob("epoch-*.key"))) == 1
    assert sdk.keys.rotate() == 2
    assert decide(sdk, "c1") == "allowed"


def test_a_rotation_without_a_root_key_is_called_off(tmp_path: Path) -> None:
    """The environment has no key for epoch 2: refused, said in the log, and not done by itself later."""
    first, second = "A" * 43 + "=", "B" * 42 + "A="
    settings = replace(folder_settings(tmp_path), environ={"EMOCONSENT_ROOT_KEY": first})
    with EmoConsent(settings) as sdk:
        with pytest.raises(ConfigurationError, match="epoch 2"):
            sdk.keys.rotate()
        assert sdk.audit.entries()[-1].facts == {"epoch": 2, "opened": False}
        assert sdk.restore.unfinished() == []
    both = {"EMOCONSENT_ROOT_KEY": f"1:{first},2:{second}"}
    with EmoConsent(replace(settings, environ=both)) as sdk:
        assert [epoch.epoch for epoch in sdk.keys.status()] == [1]
        assert sdk.keys.rotate() == 2

"""What the key store must hold, taken away or changed: it does not open, and says what to do about it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from emoconsent import EmoConsent
from emoconsent.errors import ConfigurationError, ConsentDenied, Unavailable
from emoconsent.sample import prepare
from tests.faults.tamper.store import ADMIN, call, grant
from tests.support.store import decide, folder_settings

pytestmark = pytest.mark.xdist_group("tamper")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed store in its second epoch, in which somebody consented; made once."""
    top = tmp_path_factory.mktemp("keys")
    with EmoConsent(folder_settings(top)) as sdk:
        prepare(sdk, ADMIN)
        grant(sdk, "c1")
        sdk.keys.rotate()
    return top


@pytest.fixture
def top(original: Path, tmp_path: Path) -> Path:
    """A copy of it for one attack, with its root keys."""
    return shutil.copytree(original, tmp_path / "copy")


def run(top: Path, *statements: str) -> list[tuple[object, ...]]:
    """The intruder's own SQL on the key store; its own keys as they are afterwards."""
    with closing(sqlite3.connect(top / "data" / "keys.db", isolation_level=None)) as keys:
        for statement in statements:
            keys.execute(statement)
        return keys.execute("select * from system_keys order by name").fetchall()


NAMES = ("row-mac", "store-seal", "sign-receipts", "sign-certificates", "sign-checkpoints", "sign-closings")
ATTACKS = {
    **{f"{name} gone": f"delete from system_keys where name = '{name}'" for name in NAMES},
    "the blind index gone": "delete from system_keys where name = 'blind-index-2'",
    "an older blind index gone": "delete from system_keys where name = 'blind-index-1'",
    "all of its own keys gone": "delete from system_keys",
    "a key of another epoch": "update system_keys set epoch = 1 where name = 'row-mac'",
    "a key of no epoch": "update system_keys set epoch = 9 where name = 'row-mac'",
    "another's public half": "update system_keys set public = 'aa' where name = 'sign-receipts'",
    "the active epoch gone": "delete from epochs where epoch = 2",
    "an older epoch gone": "delete from epochs where epoch = 1",
    "every epoch gone": "delete from epochs",
    "no epoch active": "update epochs set state = 'retired'",
    "an epoch in a state of its own": "update epochs set state = 'dormant' where epoch = 1",
    "an active epoch given out as destroyed": "update epochs set state = 'destroyed' where epoch = 2",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_key_store_that_is_not_whole_does_not_open_and_makes_nothing(top: Path, attack: str) -> None:
    """Opened again and again: the remedy is named, and no key is made in a lost one's place."""
    left = run(top, ATTACKS[attack])
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="restore the key store from its own backup"):
            EmoConsent(folder_settings(top))
    assert run(top) == left


def test_a_running_process_refuses_when_it_looks_again(top: Path) -> None:
    """The key is taken away under a process at work: looking anew is refused, and nothing is made."""
    with EmoConsent(folder_settings(top)) as sdk:
        left = run(top, "delete from system_keys where name = 'blind-index-2'")
        with pytest.raises(ConfigurationError):
            sdk.keys.rotate()
        assert run(top) == left


@pytest.mark.parametrize("key_class", ["'evidence2'", "''", "x'ff'", "7"])
def test_a_key_of_no_class_denies_its_person(top: Path, key_class: str) -> None:
    """Nothing runs, nothing is moved, and each answer is an error of the SDK's own with a remedy."""
    run(top, f"update subject_keys set key_class = {key_class} where key_class = 'evidence'")
    with EmoConsent(folder_settings(top)) as sdk:
        seen: list[str] = []
        with pytest.raises(ConsentDenied, match="unavailable"):
            call(sdk, "c1", seen)
        with pytest.raises(Unavailable, match="doctor"):
            sdk.keys.rotate()
        assert seen == []


def test_a_rotation_cut_short_under_a_root_key_given_up(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next epoch's blind index is there, its epoch is not, and its root key is another by now."""
    with EmoConsent(folder_settings(top)) as sdk:
        keyring = sdk._parts.keyring
        monkeypatch.setattr(
            keyring.store, "put_epoch", lambda _epoch: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            keyring.open_epoch(3)
    [root] = (top / "config").rglob("epoch-3.key")
    root.unlink()
    with EmoConsent(folder_settings(top)) as sdk:
        assert sdk.keys.rotate() == 3
        assert decide(sdk, "c1") == "allowed"
    with EmoConsent(folder_settings(top)) as sdk:
        assert decide(sdk, "c1") == "allowed"

"""Show item 4: what a thief of every copy, and of every key still held, can read of the erased."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from emoconsent import EmoConsent
from emoconsent.audit.entry import decode
from emoconsent.clock import utc_now
from emoconsent.errors import ConfigurationError
from emoconsent.vault.keyring import KEEP_UP
from tests.faults.erasure.capture import (
    Capture,
    bytes_of,
    copy_folder,
    keys_held,
    opened_by,
    subject_keys,
)
from tests.support.store import (
    ADMIN,
    AGENT,
    CARD,
    CARE_TEXT,
    DPO,
    OpenStore,
    decide,
    folder_settings,
    grant,
    inference,
    me,
    notice,
)

READER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
print(connection.execute("select count(*) from subject_keys").fetchone()[0], flush=True)
for line in sys.stdin:
    print(connection.execute("select count(*) from subject_keys").fetchone()[0], flush=True)
"""


def live(sdk: EmoConsent, subject: str, calls: int = 2) -> None:
    """A subject with everything: grant, records, correction, dispute, case, look, withdrawal of voice."""
    grant(sdk, subject, CARE_TEXT, ("customer_care", "voice"))
    guarded = sdk.guard(lambda _text: inference(), recognizer="words", purpose="customer_care")
    records = [guarded("t", subject=subject).record for _ in range(calls)]
    sdk.access.open_case(subject, principal=AGENT, reason="ticket 7")
    sdk.vault.read(subject, principal=AGENT, purpose="customer_care", reason="ticket 7")
    sdk.vault.correct(records[0].id, principal=me(subject), emotion={"level": "calm"}, comment="no")
    sdk.vault.contest(records[-1].id, principal=me(subject), comment="never")
    sdk.consent.withdraw(subject, [("customer_care", "voice")])


def erase(sdk: EmoConsent, subject: str) -> str:
    """Erase *subject* as the office does; the certificate's request id."""
    request = sdk.rights.submit(subject, kind="erasure", regime="gdpr")
    sdk.rights.verify(request.id, evidence="a code by mail")
    sdk.rights.fulfil(request.id, principal=DPO)
    return request.id


def document(sdk: EmoConsent, request: str, number: int = 0) -> dict[str, object]:
    return sdk.rights.certificates(request)[number].document


class TestNoKeyOpensIt:
    """Every envelope captured in the run against every key still held."""

    def test_no_captured_envelope_of_the_erased_opens(self, open_sdk: OpenStore) -> None:
        """System keys, root keys and all other subjects' keys: none sealed what was the erased subject's."""
        sdk, capture = open_sdk(), Capture()
        live(sdk, "neighbour")
        capture.look(sdk)
        live(sdk, "gone")
        capture.look(sdk)
        _, loot, _ = subject_keys(sdk, "gone")
        erase(sdk, "gone")
        capture.look(sdk)
        theirs = opened_by(capture.envelopes, loot)
        assert len(theirs) > 12
        assert opened_by(set(theirs), list(keys_held(sdk))) == {}
        assert opened_by(capture.envelopes - set(theirs), list(keys_held(sdk))) != {}

    def test_the_log_has_nothing_attributable(self, open_sdk: OpenStore) -> None:
        """After the erasure no remaining key recomputes a tag or opens a sealed part of the erased's entries."""
        sdk = open_sdk()
        live(sdk, "gone")
        ref, _, _ = subject_keys(sdk, "gone")
        keys = sdk._parts.keyring.open(ref)
        erase(sdk, "gone")
        live(sdk, "neighbour")
        with sdk._parts.stores.data.read() as tx:
            entries = [decode(stored.leaf) for stored in tx.log.scan()]
            assert tx.log.linked(ref) == []
        theirs = [entry for entry in entries if entry.subject_tag == keys.tag(entry.id)]
        assert len(theirs) > 8
        held = [sdk._parts.keyring.open(owner) for owner in sdk._parts.keyring.store.owners()]
        assert [e for e in theirs for k in held if k.tag(e.id) == e.subject_tag] == []
        sealed = {e.sealed for e in theirs if e.sealed is not None}
        assert sealed
        assert opened_by(sealed, list(keys_held(sdk))) == {}
        assert sdk.audit.verify().findings == ()

    def test_what_stays_is_proof_of_consent_without_emotion(self, open_sdk: OpenStore) -> None:
        """The evidence bundle opens with its own key alone, holds the consent events and no inference."""
        sdk = open_sdk()
        live(sdk, "gone")
        erase(sdk, "gone")
        with sdk._parts.stores.data.read() as tx:
            [row] = tx.evidence.list()
        own = sdk._parts.keyring.open(row.evidence_ref)
        text = own.open_request(row.sealed, row.evidence_ref).decode()
        assert [event["kind"] for event in json.loads(text)["events"]] == ["grant", "withdraw", "erase"]
        assert "gone" in text
        for word in ("anger", "irritable", "calm", "level", "categories", "ticket", "never"):
            assert word not in text
        openers = opened_by({bytes(row.sealed)}, list(keys_held(sdk)))
        assert set(openers.values()) == {f"evidence key of {bytes(row.evidence_ref).hex()}"}

    def test_the_name_is_unknown_again(self, open_sdk: OpenStore) -> None:
        """The next call is no_consent; registering again gives a new reference and no old record."""
        sdk = open_sdk()
        live(sdk, "gone")
        before, _, _ = subject_keys(sdk, "gone")
        erase(sdk, "gone")
        assert decide(sdk, "gone") == "no_consent"
        assert sdk.consent.history("gone") == []
        grant(sdk, "gone")
        after, _, _ = subject_keys(sdk, "gone")
        assert after != before
        assert sdk.vault.read("gone", principal=me("gone"), purpose="subject_access", reason="x") == []
        assert sdk.audit.verify().findings == ()


class TestTheKeyStoreFiles:
    """On SQLite a destroyed key's bytes are gone from the files."""

    @pytest.mark.parametrize("rotated", [False, True])
    def test_wrapped_bytes_are_nowhere(self, tmp_path: Path, clock: object, rotated: bool) -> None:
        """Neither the wrapped keys of any epoch nor their raw bytes are in keys.db, -wal or -shm."""
        sdk = EmoConsent(folder_settings(tmp_path))
        furnish(sdk)
        live(sdk, "neighbour")
        live(sdk, "gone")
        _, raw, wrapped = subject_keys(sdk, "gone")
        if rotated:
            sdk.keys.rotate()
            wrapped += subject_keys(sdk, "gone")[2]
        assert all(needle in bytes_of(tmp_path / "data", "keys.db*") for needle in wrapped[-2:])
        request = erase(sdk, "gone")
        files = bytes_of(tmp_path / "data", "keys.db*")
        assert [needle for needle in wrapped if needle[-32:] in files] == []
        assert [key for _, key in raw if key in files + bytes_of(tmp_path / "data", "data.db*")] == []
        assert document(sdk, request)["levels"]["key_store"] == "verified"  # type: ignore[index]
        sdk.close()

    def test_also_while_another_process_reads_the_key_store(self, tmp_path: Path) -> None:
        """A process that has keys.db open, and has just read it, keeps no destroyed byte in the log."""
        sdk = EmoConsent(folder_settings(tmp_path))
        furnish(sdk)
        live(sdk, "gone")
        _, _, wrapped = subject_keys(sdk, "gone")
        command = [sys.executable, "-c", READER, str(tmp_path / "data" / "keys.db")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
            assert reader.stdin is not None and reader.stdout is not None
            before = int(reader.stdout.readline())
            erase(sdk, "gone")
            files = bytes_of(tmp_path / "data", "keys.db*")
            assert [needle for needle in wrapped if needle[-32:] in files] == []
            print(file=reader.stdin, flush=True)
            # Minus two of the subject, plus two of the evidence; the request's are gone with it.
            assert int(reader.stdout.readline()) == before
        sdk.close()

    def test_a_reader_in_the_middle_delays_the_claim(self, tmp_path: Path) -> None:
        """While a transaction of another process pins the log, fulfil does not return a certificate."""
        sdk = EmoConsent(folder_settings(tmp_path))
        furnish(sdk)
        live(sdk, "gone")
        request = sdk.rights.submit("gone", kind="erasure", regime="gdpr")
        sdk.rights.verify(request.id, evidence="x")
        pin = sqlite3.connect(tmp_path / "data" / "keys.db", isolation_level=None)
        pin.execute("begin")
        pin.execute("select count(*) from subject_keys").fetchone()
        from emoconsent.errors import Unavailable

        with pytest.raises(Unavailable):
            sdk.rights.fulfil(request.id, principal=DPO)
        assert sdk.rights.certificates(request.id) == []
        assert decide(sdk, "gone") in ("erased", "unavailable")
        pin.execute("rollback")
        pin.close()
        assert sdk.rights.fulfil(request.id, principal=DPO).certificate
        assert sdk.audit.verify().findings == ()
        sdk.close()


class TestCopiesOfTheKeyStore:
    """A copy made before is a stated residual until its epoch's root key is destroyed."""

    def test_a_copy_opens_until_the_epoch_is_destroyed(self, tmp_path: Path) -> None:
        """The certificate says residual and is right; after destroy_epoch the copy is useless, with an addendum."""
        sdk = EmoConsent(folder_settings(tmp_path))
        furnish(sdk)
        live(sdk, "gone")
        stolen = copy_folder(tmp_path / "data", tmp_path / "copy" / "data")
        copy_folder(tmp_path / "config", tmp_path / "copy" / "config")
        copy_folder(tmp_path / "state", tmp_path / "copy" / "state")
        request = erase(sdk, "gone")
        assert document(sdk, request)["levels"]["key_store_copies"] == "residual"  # type: ignore[index]
        assert document(sdk, request)["plans"]["epochs"] == [1]  # type: ignore[index]
        with EmoConsent(folder_settings(tmp_path / "copy")) as thief:
            loot = thief.vault.read("gone", principal=me("gone"), purpose="subject_access", reason="theft")
            assert len(loot) == 2
        sdk.keys.rotate()
        sdk.keys.destroy_epoch(1)
        facts = document(sdk, request, 1)["facts"]
        assert facts["epochs_destroyed"] == [1]  # type: ignore[index]
        assert stolen.exists()
        [root] = (tmp_path / "copy" / "config").rglob("epoch-1.key")
        root.unlink()  # the one key there was: destroyed in the original, so not the thief's either
        with pytest.raises(ConfigurationError, match="epoch 1 is missing"):
            EmoConsent(folder_settings(tmp_path / "copy"))
        new_roots = list((tmp_path / "config").rglob("epoch-*.key"))
        assert [path.name for path in new_roots] == ["epoch-2.key"]
        root.write_bytes(new_roots[0].read_bytes())
        with pytest.raises(ConfigurationError, match="not the one that sealed"):
            EmoConsent(folder_settings(tmp_path / "copy"))
        sdk.close()

    def test_other_processes_forget_a_destroyed_epoch_in_time(self, open_sdk: OpenStore) -> None:
        """A process that is served by newer keys alone, and so misses none, drops the destroyed epoch's
        keys with its first use after ``KEEP_UP``; until then it may hold them, and no longer."""
        sdk, other = open_sdk(), open_sdk()
        keyring = other._parts.keyring
        grant(sdk, "stays")
        now = keyring._checked
        keyring._monotonic = lambda: now  # type: ignore[method-assign]
        sdk.keys.rotate()
        assert decide(other, "stays") == "allowed"  # misses the new epoch's key and reads it
        sdk.keys.destroy_epoch(1)
        now += KEEP_UP - 0.1
        assert (decide(other, "stays"), set(keyring._loaded.keks)) == ("allowed", {1, 2})
        now += 0.2
        assert (decide(other, "stays"), set(keyring._loaded.keks)) == ("allowed", {2})
        assert "blind-index-1" not in keyring._loaded.system

    def test_no_key_is_shown(self, open_sdk: OpenStore) -> None:
        """A debugger's or a crash reporter's view of what is in memory quotes no key."""
        sdk = open_sdk()
        keyring = sdk._parts.keyring
        shown = repr(keyring) + repr(keyring._loaded) + repr(keyring.open(keyring.make(bytes(16)).ref))
        for _, key in keys_held(sdk):
            assert repr(key)[2:-1] not in shown
            assert key.hex() not in shown
        keyring.destroy(bytes(16))

    def test_on_servers_the_key_store_itself_is_residual(self, open_sdk: OpenStore) -> None:
        """PostgreSQL keeps deleted bytes, so only SQLite's certificate calls the key store verified."""
        sdk = open_sdk()
        live(sdk, "gone")
        request = erase(sdk, "gone")
        expected = "verified" if open_sdk.backend == "sqlite" else "residual"
        assert document(sdk, request)["levels"]["key_store"] == expected  # type: ignore[index]
        sdk.keys.rotate()
        sdk.keys.destroy_epoch(1)
        assert document(sdk, request, 1)["type"] == "ErasureCertificateAddendum"

    def test_a_root_key_inside_the_folder_makes_everything_residual(self, tmp_path: Path) -> None:
        """Copies of the folder then take the root key along: nothing about copies is claimed."""
        from dataclasses import replace

        settings = replace(folder_settings(tmp_path), config_home=tmp_path / "data" / "keys")
        sdk = EmoConsent(settings)
        furnish(sdk)
        live(sdk, "gone")
        levels = document(sdk, erase(sdk, "gone"))["levels"]
        assert {levels[n] for n in ("data_backups", "key_store", "key_store_copies")} == {"residual"}  # type: ignore[index]
        sdk.close()

    def test_an_addendum_waits_for_every_epoch_that_could_open_a_copy(self, tmp_path: Path) -> None:
        """Erased in epoch 2: destroying epoch 2 alone adds nothing while epoch 1 lives."""
        sdk = EmoConsent(folder_settings(tmp_path))
        furnish(sdk)
        live(sdk, "gone")
        sdk.keys.rotate()
        request = erase(sdk, "gone")
        assert document(sdk, request)["plans"]["epochs"] == [1, 2]  # type: ignore[index]
        sdk.keys.rotate()
        sdk.keys.destroy_epoch(2)
        assert len(sdk.rights.certificates(request)) == 1
        sdk.keys.destroy_epoch(1)
        assert document(sdk, request, 1)["facts"]["epochs_destroyed"] == [1, 2]  # type: ignore[index]
        assert utc_now().isoformat()[:10] in str(document(sdk, request, 1)["facts"])
        assert sdk.audit.verify().findings == ()
        sdk.close()


def furnish(sdk: EmoConsent) -> None:
    """A notice in force and the recognizer that ``live`` uses."""
    sdk.notices.publish(notice())
    sdk.recognizers.register("words", modality="text", version="1", provider="test", card=CARD)
    sdk.recognizers.approve("words", principal=ADMIN)

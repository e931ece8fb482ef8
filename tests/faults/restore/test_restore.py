"""Promise G11: a restore never reopens what was closed."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from emoconsent import EmoConsent
from emoconsent.audit.checkpoint import verify
from emoconsent.consent.ports import Closing
from emoconsent.errors import AuditError, ConfigurationError, InvalidInput, NotFound, Unavailable
from emoconsent.vault.record import EmotionRecord
from tests.faults.restore.backups import Yard, furnished
from tests.support.store import ADMIN, CARE_TEXT, DPO, decide, folder_settings, grant, inference, me, notice

IMPROVE = ("service_improvement", "text")


def recognized(sdk: EmoConsent, subject: str) -> None:
    sdk.guard(lambda _text: inference(), recognizer="words", purpose="customer_care")("t", subject=subject)


def erase(sdk: EmoConsent, subject: str) -> None:
    request = sdk.rights.submit(subject, kind="erasure", regime="gdpr")
    sdk.rights.fulfil(request.id, principal=me(subject))


def records(sdk: EmoConsent) -> list[EmotionRecord]:
    """What the person called owner sees of themselves, oldest first."""
    found = sdk.vault.read("owner", principal=me("owner"), purpose="subject_access", reason="x")
    assert isinstance(found, list)
    return found


def refused(sdk: EmoConsent, subject: str) -> None:
    sdk.consent.refuse(subject, notice="shop-care@1", scope=[CARE_TEXT], channel="c", language="en")


CLOSINGS: dict[str, tuple[Callable[[EmoConsent, str], object], str]] = {
    "withdraw": (lambda sdk, s: sdk.consent.withdraw(s), "withdrawn"),
    "withdraw-one": (lambda sdk, s: sdk.consent.withdraw(s, [CARE_TEXT]), "withdrawn"),
    "refuse": (refused, "refused"),
    "opt_out": (lambda sdk, s: sdk.consent.opt_out(s), "opted_out"),
    "restrict": (lambda sdk, s: sdk.consent.restrict(s), "restricted"),
    "declare": (lambda sdk, s: sdk.subjects.declare(s, age_band="child"), "guardian_required"),
    "erase": (erase, "no_consent"),
}


def lived(top: Path) -> Yard:
    """Everybody granted and was recognised; backup; then each closed in their own way."""
    yard = furnished(top)
    with yard.open() as sdk:
        for subject in CLOSINGS:
            grant(sdk, subject)
            recognized(sdk, subject)
        grant(sdk, "untouched")
        recognized(sdk, "untouched")
    yard.backup("monday")
    with yard.open() as sdk:
        for subject, (close, _) in CLOSINGS.items():
            close(sdk, subject)
        grant(sdk, "granted-later")
        sdk.recognizers.suspend("other", principal=ADMIN, reason="drift")
        sdk.audit.checkpoint()
    return yard


def assert_closed(sdk: EmoConsent) -> None:
    """Everything closed since the backup is closed, and nothing else."""
    for subject, (_, expected) in CLOSINGS.items():
        assert decide(sdk, subject) == expected, subject
    assert decide(sdk, "untouched") == "allowed"
    assert sdk.recognizers.get("other").status == "suspended"
    with pytest.raises(NotFound):
        sdk.vault.read("erase", principal=me("erase"), purpose="subject_access", reason="x")
    assert (
        len(sdk.vault.read("untouched", principal=me("untouched"), purpose="subject_access", reason="x")) == 1
    )  # type: ignore[arg-type]
    assert sdk.audit.verify().findings == ()
    assert sdk.restore.unfinished() == []


class TestTheDataStore:
    """data.db put back as it was before."""

    def test_it_refuses_until_accepted(self, tmp_path: Path) -> None:
        """Opening names the remedy every time; accepting replays everything and serves again."""
        yard = lived(tmp_path)
        yard.put_back("monday", "data")
        for _ in range(2):
            with pytest.raises(Unavailable, match="restore accept"):
                yard.open()
        replay = yard.accept()
        assert (replay.closings_brought_back, replay.closings_replayed, replay.erasures_finished) == (0, 8, 1)
        with yard.open() as sdk:
            assert_closed(sdk)
            assert decide(sdk, "granted-later") == "no_consent"
            recognized(sdk, "untouched")

    def test_the_erased_have_no_rows_and_no_keys(self, tmp_path: Path) -> None:
        """The backup's sealed rows of the erased do not open, and are deleted again."""
        yard = furnished(tmp_path)
        with yard.open() as sdk:
            grant(sdk, "erase")
            recognized(sdk, "erase")
            with sdk._parts.stores.data.read() as tx:
                [ref] = tx.subjects.refs()
        yard.backup("monday")
        with yard.open() as sdk:
            erase(sdk, "erase")
        yard.put_back("monday", "data")
        with yard.open(accept=True) as sdk:
            with sdk._parts.stores.data.read() as tx:
                assert len(tx.records.of(ref)) == 1
            with pytest.raises(Unavailable):
                sdk._parts.keyring.open(ref)
            sdk.restore.accept()
            with sdk._parts.stores.data.read() as tx:
                assert (tx.subjects.refs(), tx.records.of(ref), tx.events.of(ref), tx.log.linked(ref)) == (
                    [],
                    [],
                    [],
                    [],
                )
            assert sdk.audit.verify().findings == ()

    def test_the_log_goes_on_under_a_new_origin(self, tmp_path: Path) -> None:
        """A head signed before the loss and one signed after it never contradict each other under one name."""
        yard = lived(tmp_path)
        with yard.open() as sdk:
            before = sdk.audit.checkpoint()
        yard.put_back("monday", "data")
        yard.accept()
        with yard.open() as sdk:
            after = sdk.audit.checkpoint()
            assert before.split("\n")[0] != after.split("\n")[0]
            assert verify(after, [sdk.audit.vkey()]).size > 0
            with pytest.raises(AuditError):
                verify(before, [sdk.audit.vkey()])
            assert sdk.audit.verify().findings == ()

    def test_accepted_twice_and_restored_twice(self, tmp_path: Path) -> None:
        """The same backup put back again after an acceptance refuses again, and each origin is new."""
        yard, origins = lived(tmp_path), set()
        for _ in range(3):
            yard.put_back("monday", "data")
            with pytest.raises(Unavailable, match="restore accept"):
                yard.open()
            yard.accept()
            with yard.open() as sdk:
                assert_closed(sdk)
                origins.add(sdk.audit.checkpoint().split("\n")[0])
        assert len(origins) == 3

    def test_a_superseding_notice_is_remembered(self, tmp_path: Path) -> None:
        """The second version is lost with the restore; grants under the first do not come back to life."""
        yard = furnished(tmp_path)
        with yard.open() as sdk:
            grant(sdk, "reader")
        yard.backup("monday")
        with yard.open() as sdk:
            sdk.notices.publish(notice("2"))
            assert decide(sdk, "reader") == "notice_superseded"
            sdk.audit.checkpoint()
        yard.put_back("monday", "data")
        yard.accept()
        with yard.open() as sdk:
            assert decide(sdk, "reader") == "notice_superseded"
            sdk.notices.publish(notice("2"))
            grant(sdk, "reader")
            assert decide(sdk, "reader") == "allowed"
            assert sdk.audit.verify().findings == ()

    @pytest.mark.parametrize("forged", ["hash", "mac", "both"])
    def test_a_forged_mark_skips_nothing(self, tmp_path: Path, forged: str) -> None:
        """Rows saying that the closings are in force, written without the key, are no proof of it."""
        yard = lived(tmp_path)
        with yard.open() as sdk, sdk._parts.stores.data.read() as tx:
            genuine = tx.closings.marks()
        yard.put_back("monday", "data")
        with sqlite3.connect(tmp_path / "data" / "data.db") as data:
            for number, hash_, mac in genuine:
                fake = (b"" if forged != "mac" else hash_, b"" if forged != "hash" else mac)
                data.execute("insert into closings_applied values (?, ?, ?)", (number, *fake))
        data.close()
        assert yard.accept().closings_replayed == 8
        with yard.open() as sdk:
            assert_closed(sdk)

    def test_a_lost_declaration_closes_until_it_is_made_anew(self, tmp_path: Path) -> None:
        """Whatever age was declared: nobody's grant counts before somebody declares again."""
        yard = furnished(tmp_path)
        with yard.open() as sdk:
            for subject in ("kid", "grown"):
                grant(sdk, subject)
        yard.backup("monday")
        with yard.open() as sdk:
            sdk.subjects.declare("kid", age_band="child", guardian="mum")
            grant(sdk, "kid", given_by="mum")
            sdk.subjects.declare("grown", age_band="adult")
            sdk.audit.checkpoint()
        outside = yard.outside.read_text()
        assert not any(word in outside for word in ("kid", "mum", "grown", "child", "adult"))
        yard.put_back("monday", "data")
        yard.accept()
        with yard.open() as sdk:
            assert decide(sdk, "kid") == decide(sdk, "grown") == "guardian_required"
            for subject, guardian in (("kid", "mum"), ("kid", None), ("grown", None)):
                with pytest.raises(InvalidInput, match="lost the subject's declaration"):
                    grant(sdk, subject, given_by=guardian)
            sdk.subjects.declare("kid", age_band="child", guardian="mum")
            sdk.subjects.declare("grown", age_band="adult")
            assert (decide(sdk, "kid"), decide(sdk, "grown")) == ("guardian_required", "allowed")
            grant(sdk, "kid", given_by="mum")
            assert decide(sdk, "kid") == "allowed"
            assert sdk.audit.verify().findings == ()

    def test_with_addresses_sessions_and_links_the_same_is_closed(self, tmp_path: Path) -> None:
        """Declared, contested, deleted, erased since, all with accounts: closed again, whoever kept a cookie."""
        yard, people = furnished(tmp_path), ("kid", "owner", "gone")
        with yard.open() as sdk:
            for subject in people:
                grant(sdk, subject)
                sdk.accounts.set_contact(subject, address=f"{subject}@example.org")
            for _ in range(3):
                recognized(sdk, "owner")
            contested, deleted, kept = (record.id for record in records(sdk))
            accounts = sdk.accounts
            cookies = [accounts.begin(accounts.handoff(subject), device="phone") for subject in people]
            links = {subject: accounts.stop_link(subject) for subject in people}
        yard.backup("monday")
        with yard.open() as sdk:
            sdk.subjects.declare("kid", age_band="child", guardian="mum")
            sdk.vault.contest(contested, principal=me("owner"), comment="never")
            sdk.vault.delete(deleted, principal=me("owner"))
            sdk.accounts.end(cookies[1])
            erase(sdk, "gone")
            sdk.audit.checkpoint()
        for stores in (("data",), ("data", "keys")):
            yard.put_back("monday", *stores)
            yard.accept()
            with yard.open() as sdk:
                assert (decide(sdk, "kid"), decide(sdk, "gone")) == ("guardian_required", "no_consent")
                assert [(r.id, r.contested) for r in records(sdk)] == [(contested, True), (kept, False)]
                assert [sdk.accounts.resume(cookie) for cookie in cookies] == [None, None, None]
                assert sdk.accounts.contact("gone") is None and sdk.accounts.contact("owner") is not None
                assert sdk.accounts.stop_subject(links["owner"]) == "owner"
                with pytest.raises(NotFound):
                    sdk.accounts.stop_subject(links["gone"])
                assert sdk.audit.verify().findings == ()
                assert sdk.restore.unfinished() == []

    def test_disputes_and_deletions_of_records_are_done_again(self, tmp_path: Path) -> None:
        """A record contested or deleted since the backup is contested or gone after it; others stay."""
        yard = furnished(tmp_path)
        with yard.open() as sdk:
            grant(sdk, "owner")
            for _ in range(3):
                recognized(sdk, "owner")
            contested, deleted, kept = (record.id for record in records(sdk))
        yard.backup("monday")
        with yard.open() as sdk:
            sdk.vault.contest(contested, principal=me("owner"), comment="never")
            sdk.vault.delete(deleted, principal=me("owner"))
            sdk.audit.checkpoint()
        yard.put_back("monday", "data")
        assert yard.accept().closings_replayed == 2
        with yard.open() as sdk:
            assert [(r.id, r.contested) for r in records(sdk)] == [(contested, True), (kept, False)]
            assert sdk.access.log("owner", principal=me("owner"))
            assert sdk.audit.verify().findings == ()
        yard.put_back("monday", "data", "keys")
        assert yard.accept().closings_brought_back == 2
        with yard.open() as sdk:
            assert [(r.id, r.contested) for r in records(sdk)] == [(contested, True), (kept, False)]
            erase(sdk, "owner")
        yard.put_back("monday", "data")
        yard.accept()
        with yard.open() as sdk:
            assert decide(sdk, "owner") == "no_consent"
            assert sdk.audit.verify().findings == ()

    def test_from_before_a_rotation(self, tmp_path: Path) -> None:
        """Names of the backup's epoch are found again, though its root key is destroyed."""
        yard = furnished(tmp_path)
        with yard.open() as sdk:
            grant(sdk, "old")
            recognized(sdk, "old")
        yard.backup("monday")
        with yard.open() as sdk:
            sdk.keys.rotate()
            sdk.keys.destroy_epoch(1)
            sdk.audit.checkpoint()
        yard.put_back("monday", "data")
        yard.accept()
        with yard.open() as sdk:
            assert decide(sdk, "old") == "allowed"
            assert sdk.consent.withdraw("old").drained
            assert decide(sdk, "old") == "withdrawn"
            erase(sdk, "old")
            assert sdk.audit.verify().findings == ()


class TestTheKeyStore:
    """keys.db put back as it was before, alone or with the data."""

    @pytest.mark.parametrize("stores", [("keys",), ("data", "keys")])
    def test_the_outside_copy_knows_more(self, tmp_path: Path, stores: tuple[str, ...]) -> None:
        """The closings come back from the outside copy; erased keys that came back are destroyed again."""
        yard = lived(tmp_path)
        yard.put_back("monday", *stores)
        with pytest.raises(Unavailable, match="restore accept"):
            yard.open()
        assert yard.accept().closings_brought_back == 8
        with yard.open() as sdk:
            for subject, (_, expected) in CLOSINGS.items():
                assert decide(sdk, subject) == expected, subject
            assert decide(sdk, "untouched") == "allowed"
            erased = {c.subject_ref for c in sdk._parts.restore._closings.entries() if c.kind == "erase"}
            assert erased & set(sdk._parts.stores.keys.owners()) == set()
            later = decide(sdk, "granted-later")
            assert later == ("no_consent" if "data" in stores else "unavailable")
            if "data" in stores:
                assert_closed(sdk)

    @pytest.mark.parametrize("damage", ["cut", "torn", "noise"])
    def test_the_outside_copy_damaged_at_its_end(self, tmp_path: Path, damage: str) -> None:
        """Whole lines still count; what only the lost line knew is stated by the data store, if that is newer."""
        yard = lived(tmp_path)
        text = yard.outside.read_bytes()
        last = text.rstrip(b"\n").rfind(b"\n") + 1
        ends = {"cut": text[:last], "torn": text[: last + 40], "noise": text[:last] + b"\xff\xfe{]\n"}
        yard.outside.write_bytes(ends[damage])
        yard.put_back("monday", "keys")
        with pytest.raises(Unavailable, match="restore accept"):
            yard.open()
        assert yard.accept().closings_brought_back == 7
        with yard.open() as sdk:
            for subject, (_, expected) in CLOSINGS.items():
                assert decide(sdk, subject) == expected, subject
            assert sdk.consent.withdraw("untouched").drained
            assert decide(sdk, "untouched") == "withdrawn"

    def test_the_copy_is_completed_from_the_key_store(self, tmp_path: Path) -> None:
        """A copy that lost its end is whole again after the next opening."""
        yard = lived(tmp_path)
        whole = yard.outside.read_bytes()
        yard.outside.write_bytes(whole[: len(whole) // 2])
        yard.open().close()
        lines = [line for line in yard.outside.read_bytes().split(b"\n") if line]
        assert set(whole.split()) <= set(yard.outside.read_bytes().split())
        assert len(lines) == len(whole.splitlines()) + 1  # the torn line stays, alone
        yard.put_back("monday", "data", "keys")
        assert yard.accept().closings_brought_back == 8

    def test_a_hole_or_a_forged_line_is_refused_whole(self, tmp_path: Path) -> None:
        """Nothing is brought back from a copy whose chain is broken, and the error says so."""
        yard = lived(tmp_path)
        whole = yard.outside.read_text()
        lines = whole.splitlines(keepends=True)
        forged = lines[-1].replace('"signature": "', '"signature": "00')[:-3] + '"}\n'
        for text in ("".join([*lines[:2], *lines[3:]]), "".join([*lines[:-1], forged])):
            yard.put_back("monday", "data", "keys")
            yard.outside.write_text(text)
            with pytest.raises((AuditError, Unavailable)):
                yard.accept()
            with pytest.raises(Unavailable):
                yard.open()
        yard.outside.write_text(whole)
        assert yard.accept().closings_brought_back == 8

    def test_without_any_copy_the_data_store_tells(self, tmp_path: Path) -> None:
        """An older key store without its outside copy is noticed, for the data knows later closings."""
        yard = lived(tmp_path)
        yard.outside.unlink()
        yard.put_back("monday", "keys")
        with pytest.raises(Unavailable, match="lost closings"):
            yard.open()
        yard.accept()
        with yard.open() as sdk:
            for subject, (_, expected) in CLOSINGS.items():
                assert decide(sdk, subject) == expected, subject
            assert sdk.consent.withdraw("untouched").drained
            assert decide(sdk, "untouched") == "withdrawn"

    def test_from_before_a_rotation(self, tmp_path: Path) -> None:
        """A key store that lost an epoch is noticed; accepted, everybody is found under the old epoch."""
        yard = furnished(tmp_path)
        with yard.open() as sdk:
            grant(sdk, "old")
        yard.backup("monday")
        with yard.open() as sdk:
            sdk.keys.rotate()
        yard.put_back("monday", "keys")
        with pytest.raises(Unavailable, match="lost an epoch"):
            yard.open()
        yard.accept()
        with yard.open() as sdk:
            assert decide(sdk, "old") == "allowed"
            assert sdk.consent.withdraw("old").drained
            assert decide(sdk, "old") == "withdrawn"


class TestNotBehind:
    """What a crash leaves: announced, not committed. Nobody has to accept that."""

    @pytest.mark.parametrize("kind", ["withdraw", "opt_out", "restrict", "declare", "erase"])
    def test_an_announced_closing_is_taken_over(self, tmp_path: Path, kind: str) -> None:
        """The next opening puts an announced closing in force by itself."""
        yard = furnished(tmp_path)
        with yard.open() as sdk:
            grant(sdk, "torn")
            with sdk._parts.stores.data.read() as tx:
                [ref] = tx.subjects.refs()
            sdk._parts.restore._closings.announce(kind, ref, None, None)
        with yard.open() as sdk:
            assert decide(sdk, "torn") == CLOSINGS[kind][1]
            assert sdk.audit.verify().findings == ()

    def test_another_process_takes_it_over_before_it_grants(self, tmp_path: Path) -> None:
        """Whoever grants next, in a process that stays open, first puts the announced closing in force."""
        yard = furnished(tmp_path)
        with yard.open() as sdk, yard.open() as other:
            grant(sdk, "torn")
            with sdk._parts.stores.data.read() as tx:
                [ref] = tx.subjects.refs()
            made: Closing = sdk._parts.restore._closings.announce("withdraw", ref, None, None)
            grant(other, "somebody else")
            assert decide(sdk, "torn") == "withdrawn"
            with sdk._parts.stores.data.read() as tx:
                assert made.number in tx.closings.applied()

    def test_marks_lost_under_a_running_process_are_noticed(self, tmp_path: Path) -> None:
        """A process that found everything in force looks again when its last mark is gone."""
        yard = furnished(tmp_path)
        with yard.open() as sdk:
            for name in ("one", "two"):
                grant(sdk, name)
                sdk.consent.withdraw(name)
            grant(sdk, "settles")
            with sqlite3.connect(tmp_path / "data" / "data.db") as data:
                data.execute("delete from closings_applied")
            data.close()
            grant(sdk, "notices")
            with sdk._parts.stores.data.read() as tx:
                assert set(tx.closings.applied()) == {1, 2}

    def test_a_backup_of_a_moment_ago(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Restored before anything was placed in the tree: the closings are replayed without ado."""
        monkeypatch.setattr("emoconsent.audit.log.SEQUENCE_AFTER", timedelta(days=1))
        yard = furnished(tmp_path)
        with yard.open() as sdk:
            grant(sdk, "quick")
            sdk.audit.checkpoint()
        yard.backup("monday")
        with yard.open() as sdk:
            sdk.consent.withdraw("quick")
        yard.put_back("monday", "data")
        with yard.open() as sdk:
            assert decide(sdk, "quick") == "withdrawn"


class TestWrongPairs:
    """Stores and keys that do not belong together, or are not there."""

    def test_each_is_named_and_nothing_is_made(self, tmp_path: Path) -> None:
        """Missing data, missing keys, a foreign key store: ConfigurationError, and no file appears."""
        one, other = furnished(tmp_path / "one"), furnished(tmp_path / "other")
        data, keys = (one.top / "data" / f"{name}.db" for name in ("data", "keys"))
        cases: list[tuple[Callable[[], object], str]] = [
            (data.unlink, "data store is missing"),
            (keys.unlink, "is missing while data.db is there"),
            (lambda: shutil.copy(other.top / "data" / "keys.db", keys), "root key|belong"),
        ]
        one.backup("good")
        for damage, words in cases:
            damage()
            before = _files(one.top)
            for _ in range(2):
                with pytest.raises(ConfigurationError, match=words):
                    one.open()
            assert _files(one.top) - before <= {Path("data/.lock")}
            one.put_back("good", "data", "keys")
        one.open().close()

    def test_a_foreign_pair_with_all_root_keys_at_hand(self, tmp_path: Path) -> None:
        """Even where every root key can be read, two stores that were never a pair are refused."""
        one, other = furnished(tmp_path / "one"), furnished(tmp_path / "other")
        shutil.copytree(other.top / "config", one.top / "config", dirs_exist_ok=True)
        shutil.copy(other.top / "data" / "keys.db", one.top / "data" / "keys.db")
        with pytest.raises((ConfigurationError, Unavailable), match="belong"):
            one.open()
        with pytest.raises(ConfigurationError, match="belong"):
            one.open(accept=True)

    def test_root_keys_missing_wrong_or_damaged(self, tmp_path: Path) -> None:
        """Each fault of a root key is told apart, and none is answered with a new key."""
        yard = furnished(tmp_path)
        [path] = (tmp_path / "config").rglob("epoch-1.key")
        good = path.read_bytes()
        other = furnished(tmp_path / "other")
        [foreign] = (other.top / "config").rglob("epoch-1.key")
        path.unlink()
        with pytest.raises(ConfigurationError, match="is missing"):
            yard.open()
        assert not path.exists()
        for content, words in (
            (foreign.read_bytes(), "not the one that sealed"),
            (b"", "damaged"),
            (b"\xff" * 9, "missing"),
        ):
            path.write_bytes(content)
            with pytest.raises(ConfigurationError, match=words):
                yard.open()
        path.write_bytes(good)
        yard.open().close()


def _files(top: Path) -> set[Path]:
    return {path.relative_to(top) for path in top.rglob("*") if path.is_file()}


def test_fulfilling_the_lost_request_after_a_restore(tmp_path: Path) -> None:
    """A request that the backup still has as verified is completed by the replay, with a certificate."""
    yard = furnished(tmp_path)
    with yard.open() as sdk:
        grant(sdk, "gone")
        request = sdk.rights.submit("gone", kind="erasure", regime="gdpr")
        sdk.rights.verify(request.id, evidence="x")
    yard.backup("monday")
    with yard.open() as sdk:
        sdk.rights.fulfil(request.id, principal=DPO)
    yard.put_back("monday", "data")
    yard.accept()
    with EmoConsent(folder_settings(tmp_path)) as sdk:
        assert sdk.rights.get(request.id).state == "completed"
        assert sdk.rights.fulfil(request.id, principal=DPO).certificate
        assert sdk.audit.verify().findings == ()

"""Kept no longer than needed: on both databases, late runs, choices, lapses, warnings and what holds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from emoconsent import AccessDenied, EmoConsent
from emoconsent.clock import to_micros
from emoconsent.errors import InvalidInput, NotFound, Unavailable
from emoconsent.rights.legal_holds import hold_mac, seal_hold
from emoconsent.rights.ports import HoldRow, RequestRow
from emoconsent.rights.request import request_mac
from emoconsent.rights.retention.lapse import GRACE, WARNING
from emoconsent.rights.retention.warning import LapseWarning
from emoconsent.vault.record import EmotionRecord
from tests.support.clock import FixedClock
from tests.support.store import (
    ADMIN,
    AGENT,
    CARD,
    CARE_TEXT,
    CARE_VOICE,
    DPO,
    OpenStore,
    Recognizer,
    grant,
    me,
    notice,
    tags,
)

DAY = timedelta(days=1)


def stored(sdk: EmoConsent, subject: str, times: int = 1, purpose: str = "customer_care") -> list[str]:
    """Records of *subject*, whose consent there is; their ids."""
    guarded = sdk.guard(Recognizer(), recognizer="words", purpose=purpose)
    return [str(guarded("a", subject=subject).record.id) for _ in range(times)]


def read(sdk: EmoConsent, subject: str) -> list[EmotionRecord]:
    """What the person sees of themselves, by every road there is, which all have to agree."""
    who = me(subject)
    found = sdk.vault.read(subject, principal=who, purpose="subject_access", reason="r")
    assert isinstance(found, list)
    page = sdk.vault.page(subject, principal=who, limit=500)
    assert {record.id for record in page.records} == {record.id for record in found}
    assert sum(count for _, count in page.days) == len(found)
    assert sdk.vault.count(subject, principal=who) == len(found)
    return found


def rows(sdk: EmoConsent, table: str = "emotion_records") -> int:
    """How many rows a table of the data store holds."""
    with sdk._parts.stores.data.engine.connect() as connection:
        return int(connection.execute(text(f"select count(*) from {table}")).scalar_one())


def rows_of_keys(sdk: EmoConsent) -> int:
    """How many keys the key store holds."""
    return sum(sdk._parts.stores.keys.count_by_epoch().values())


def gone(sdk: EmoConsent) -> dict[str, int]:
    """A run's deletions by purpose; the log and the tables still tell the same story after it."""
    report = sdk.retention.run(confirmed=True)
    assert sdk.audit.verify().findings == ()
    return dict(report.deleted)


class TestTheNotice:
    """What is past its retention."""

    def test_is_gone_after_a_run_and_unreadable_before(self, sdk: EmoConsent, clock: FixedClock) -> None:
        """Thirty days on, to the microsecond, nothing is read though no run came; the run deletes the row."""
        grant(sdk, "c1")
        [record] = stored(sdk, "c1")
        clock.advance(30 * DAY - timedelta(microseconds=1))
        assert gone(sdk) == {}
        assert [one.id for one in read(sdk, "c1")] == [record]
        clock.advance(timedelta(microseconds=1))
        assert read(sdk, "c1") == []
        for look in (sdk.vault.revisions, sdk.vault.contest):
            with pytest.raises(NotFound):
                look(record, principal=me("c1"))
        assert rows(sdk) == 1
        assert gone(sdk) == {"customer_care": 1}
        assert rows(sdk) == 0
        assert gone(sdk) == {}

    def test_corrected_and_contested_revisions_go_with_it(self, sdk: EmoConsent, clock: FixedClock) -> None:
        """A correction lengthens nothing, and leaves nothing behind."""
        grant(sdk, "c1")
        first, second = stored(sdk, "c1", 2)
        clock.advance(29 * DAY)
        sdk.vault.correct(first, principal=me("c1"), emotion={"categories": ["joy"]})
        sdk.vault.contest(second, principal=me("c1"))
        clock.advance(DAY)
        assert gone(sdk) == {"customer_care": 2}
        assert rows(sdk) == 0

    def test_batches_delete_all_of_it_and_the_log_tells_the_person(
        self, sdk: EmoConsent, clock: FixedClock
    ) -> None:
        """More records than a batch has, of two people; each log tells its own deletions, in numbers."""
        for name, times in (("c1", 130), ("c2", 2)):
            grant(sdk, name)
            stored(sdk, name, times)
        clock.advance(30 * DAY)
        told: list[int] = []
        report = sdk.retention.run(progress=told.append)
        assert (report.records, dict(report.deleted), report.failed) == (132, {"customer_care": 132}, 0)
        assert told == [1, 2]
        entries = [e for e in sdk.audit.entries() if e.tag == "vault:delete"]
        assert sorted(str(e.facts["records"]) for e in entries) == ["100", "2", "30"]
        assert {e.facts["reason"] for e in entries} == {"retention_over"}
        [run] = [e for e in sdk.audit.entries() if e.tag == "retention:run"]
        assert run.facts["records.customer_care"] == 132
        assert sdk.audit.verify().findings == ()

    def test_a_dry_run_deletes_nothing(self, sdk: EmoConsent, clock: FixedClock) -> None:
        """It counts what the run would delete, writes no entry, and the run then does just that."""
        grant(sdk, "c1")
        stored(sdk, "c1", 3)
        clock.advance(30 * DAY)
        before = tags(sdk)
        assert dict(sdk.retention.run(dry_run=True).deleted) == {"customer_care": 3}
        assert (rows(sdk), tags(sdk)) == (3, before)
        assert gone(sdk) == {"customer_care": 3}

    def test_two_workers_at_once_delete_it_once(self, open_sdk: OpenStore, clock: FixedClock) -> None:
        """Two processes' worth of runs at the same moment: every record is counted by one of them."""
        one, other = open_sdk(), open_sdk()
        for number in range(6):
            grant(one, f"c{number}")
            stored(one, f"c{number}", 3)
        clock.advance(30 * DAY)
        counted: list[int] = []
        threads = [
            threading.Thread(target=lambda s=s: counted.append(s.retention.run().records))
            for s in (one, other)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(counted) == 18
        assert rows(one) == 0
        assert one.audit.verify().findings == ()

    def test_a_stopped_run_leaves_the_rest_for_the_next(self, sdk: EmoConsent, clock: FixedClock) -> None:
        """Stopped after the first of three people, it says so; the next run does the others."""
        for name in ("c1", "c2", "c3"):
            grant(sdk, name)
            stored(sdk, name)
        clock.advance(30 * DAY)
        stop = threading.Event()
        report = sdk.retention.run(stop=stop, progress=lambda _done: stop.set())
        assert (report.records, report.ended) == (1, True)
        assert sdk.retention.duty(threading.Event()) == 2

    def test_a_record_altered_to_be_over_is_not_deleted_by_the_run(
        self, sdk: EmoConsent, clock: FixedClock
    ) -> None:
        """Nobody can have the store delete by editing an expiry: the row stays, and is reported."""
        for name in ("c1", "c2"):
            grant(sdk, name)
            stored(sdk, name)
        with sdk._parts.stores.data.engine.begin() as connection:
            ref = connection.execute(text("select min(subject_ref) from emotion_records")).scalar_one()
            change = text("update emotion_records set expires_at = 1 where subject_ref = :ref")
            connection.execute(change, {"ref": ref})
        assert (sdk.retention.run().records, sdk.retention.run().failed) == (0, 1)
        clock.advance(30 * DAY)
        report = sdk.retention.run()
        assert (report.records, report.failed, rows(sdk)) == (1, 1, 1)


class TestTheRest:
    """Proof of consent, and tokens."""

    def test_proof_of_consent_goes_at_its_end(self, sdk: EmoConsent, clock: FixedClock) -> None:
        """Three years after the erasure, to the microsecond; its key goes with it, and nothing else."""
        grant(sdk, "c1")
        request = sdk.rights.submit("c1", kind="erasure", regime="pipl", principal=me("c1"))
        sdk.rights.fulfil(request.id, principal=me("c1"))
        keys = rows_of_keys(sdk)
        end = clock().replace(year=clock().year + 3)
        clock.advance(end - clock() - timedelta(microseconds=1))
        assert (sdk.retention.run(confirmed=True).evidence, rows(sdk, "evidence")) == (0, 1)
        clock.advance(timedelta(microseconds=1))
        assert sdk.retention.run(dry_run=True).evidence == 1
        assert (sdk.retention.run().evidence, rows(sdk, "evidence")) == (1, 0)
        assert rows_of_keys(sdk) < keys
        assert sdk.audit.verify().findings == ()
        assert sdk.retention.run().evidence == 0

    def test_proof_altered_to_be_over_stays(self, sdk: EmoConsent) -> None:
        """Nobody can have the proof destroyed by editing its end."""
        grant(sdk, "c1")
        request = sdk.rights.submit("c1", kind="erasure", regime="pipl", principal=me("c1"))
        sdk.rights.fulfil(request.id, principal=me("c1"))
        keys = rows_of_keys(sdk)
        with sdk._parts.stores.data.engine.begin() as connection:
            connection.execute(text("update evidence set keep_until = 1"))
        report = sdk.retention.run()
        assert (report.evidence, report.failed, rows(sdk, "evidence")) == (0, 1, 1)
        assert rows_of_keys(sdk) == keys

    def test_tokens_that_are_over_are_swept(self, sdk: EmoConsent, clock: FixedClock) -> None:
        """What no sign-in swept, for nobody signs in."""
        sdk.accounts.use_once("jwt", "1", expires_at=clock() + DAY)
        sdk.accounts.use_once("jwt", "2", expires_at=clock() + 3 * DAY)
        clock.advance(2 * DAY)
        assert (sdk.retention.run().tokens, rows(sdk, "tokens")) == (1, 1)


class TestTheClock:
    """A clock that went ahead must not delete everything."""

    def test_a_long_silence_has_to_be_confirmed(self, sdk: EmoConsent, clock: FixedClock) -> None:
        """A year ahead of the last run, nothing is deleted until somebody says that the clock is right."""
        grant(sdk, "c1")
        stored(sdk, "c1")
        sdk.retention.run()
        clock.advance(365 * DAY)
        grant(sdk, "c2")  # the log went on, at the wrong time: that is no proof
        for dry in (False, True):
            with pytest.raises(Unavailable, match="--yes") as refused:
                sdk.retention.run(dry_run=dry)
            assert refused.value.outcome == "not_done"
        assert rows(sdk) == 1
        assert sdk.retention.run(confirmed=True).records == 1

    def test_the_memory_of_the_last_run_cannot_be_edited(self, sdk: EmoConsent, clock: FixedClock) -> None:
        """Whoever moves it towards the false time is found out, and nothing is deleted."""
        grant(sdk, "c1")
        stored(sdk, "c1")
        sdk.retention.run()
        clock.advance(365 * DAY)
        with sdk._parts.stores.data.engine.begin() as connection:
            forged = {"v": str(int(clock().timestamp() * 1_000_000))}
            connection.execute(text("update meta set value = :v where name = 'retention_run'"), forged)
        with pytest.raises(Unavailable, match="authentication"):
            sdk.retention.run()
        assert rows(sdk) == 1

    def test_a_clock_behind_the_log_runs_nothing(self, sdk: EmoConsent, clock: FixedClock) -> None:
        """In doubt nothing is deleted, confirmed or not."""
        grant(sdk, "c1")
        stored(sdk, "c1")
        clock.advance(-DAY)
        with pytest.raises(Unavailable, match="clock"):
            sdk.retention.run(confirmed=True)


class TestTheChoice:
    """What the person chose, shorter than the notice."""

    def test_counts_at_once_for_what_is_there(self, sdk: EmoConsent, clock: FixedClock) -> None:
        """Ten days old, and gone from every view with a choice of seven; the run deletes the row."""
        grant(sdk, "c1")
        [old] = stored(sdk, "c1")
        clock.advance(10 * DAY)
        [new] = stored(sdk, "c1")
        sdk.retention.choose("c1", 7, principal=me("c1"))
        assert [record.id for record in read(sdk, "c1")] == [new]
        with pytest.raises(NotFound):
            sdk.vault.revisions(old, principal=me("c1"))
        assert sdk.retention.choice("c1", principal=me("c1")) == 7
        assert rows(sdk) == 2
        assert gone(sdk) == {"customer_care": 1}
        clock.advance(7 * DAY)
        assert read(sdk, "c1") == []
        assert gone(sdk) == {"customer_care": 1}

    def test_a_longer_one_brings_nothing_back(self, sdk: EmoConsent, clock: FixedClock) -> None:
        """Seven, then none: what was over stays over, and what was stored meanwhile keeps its seven days."""
        grant(sdk, "c1")
        stored(sdk, "c1")
        clock.advance(10 * DAY)
        sdk.retention.choose("c1", 7, principal=me("c1"))
        stored(sdk, "c1")
        clock.advance(timedelta(seconds=1))
        sdk.retention.choose("c1", None, principal=me("c1"))
        clock.advance(timedelta(seconds=1))
        [after] = stored(sdk, "c1")
        assert len(read(sdk, "c1")) == 2
        clock.advance(7 * DAY)
        assert [record.id for record in read(sdk, "c1")] == [after]
        assert gone(sdk) == {"customer_care": 2}

    def test_it_is_never_longer_than_the_notice(self, sdk: EmoConsent, clock: FixedClock) -> None:
        """Ninety days chosen where the notice says thirty: thirty."""
        sdk.retention.choose("c1", 90, principal=me("c1"))
        grant(sdk, "c1")
        stored(sdk, "c1")
        clock.advance(30 * DAY)
        assert read(sdk, "c1") == []
        assert gone(sdk) == {"customer_care": 1}

    def test_new_rows_state_the_shorter_end(self, sdk: EmoConsent) -> None:
        """What a row says of its end is what was chosen, so that nobody has to know of the choice."""
        sdk.retention.choose("c1", 7, principal=me("c1"))
        grant(sdk, "c1")
        stored(sdk, "c1")
        with sdk._parts.stores.data.engine.connect() as connection:
            lasts = connection.execute(text("select expires_at - at from emotion_records")).scalar_one()
        assert timedelta(microseconds=lasts) == 7 * DAY

    @pytest.mark.parametrize("days", [0, -1, 3651, True, 7.0, "7"])
    def test_nonsense_is_refused(self, sdk: EmoConsent, days: Any) -> None:
        """Nothing but a whole number of days from 1 to ten years."""
        with pytest.raises(InvalidInput):
            sdk.retention.choose("c1", days, principal=me("c1"))

    def test_only_the_person_or_the_guardian_chooses(self, sdk: EmoConsent) -> None:
        """Nobody else, known or not, and no member of staff; the guardian of a child does."""
        grant(sdk, "c1")
        for who in (me("c2"), AGENT, DPO, ADMIN):
            for subject in ("c1", "nobody"):
                with pytest.raises(AccessDenied):
                    sdk.retention.choose(subject, 7, principal=who)
                with pytest.raises(AccessDenied):
                    sdk.retention.choice(subject, principal=who)
                with pytest.raises(AccessDenied):
                    sdk.retention.endings(subject, principal=who)
        sdk.subjects.declare("c1", age_band="child", guardian="mum")
        sdk.retention.choose("c1", 7, principal=me("mum"))
        assert sdk.retention.choice("c1", principal=me("c1")) == 7
        assert sdk.consent.history("c1")[-1].given_by == "mum"

    def test_a_choice_of_nothing_makes_nobody_known(self, sdk: EmoConsent) -> None:
        """None for somebody unknown leaves no row; the same choice twice leaves one event."""
        sdk.retention.choose("c1", None, principal=me("c1"))
        assert rows(sdk, "subjects") == 0
        for _ in range(2):
            sdk.retention.choose("c1", 7, principal=me("c1"))
        assert [event.kind.value for event in sdk.consent.history("c1")] == ["keep"]
        assert sdk.audit.verify().findings == ()

    def test_a_choice_cut_out_of_the_table_opens_nothing(self, sdk: EmoConsent, clock: FixedClock) -> None:
        """Whoever deletes the event to see what was over finds the chain broken and reads nothing."""
        grant(sdk, "c1")
        stored(sdk, "c1")
        clock.advance(10 * DAY)
        sdk.retention.choose("c1", 7, principal=me("c1"))
        with sdk._parts.stores.data.engine.begin() as connection:
            connection.execute(text("delete from consent_events where kind = 'keep'"))
        with pytest.raises(Unavailable, match="authentication"):
            sdk.vault.page("c1", principal=me("c1"))
        assert sdk.retention.run().failed == 1


def put_hold(sdk: EmoConsent, until: datetime) -> None:
    """A legal hold on the only subject."""
    parts, hold_id = sdk._parts, b"h" * 16
    ledger = parts.consent._s.ledger
    with parts.stores.data.write() as tx:
        [ref] = tx.subjects.refs()
        sealed = seal_hold(parts.keyring.open(ref), hold_id, {"text": "a claim", "actor": None})
        row = HoldRow(ref, hold_id, "legal_claims", to_micros(until), sealed, b"e" * 16, b"")
        tx.legal_holds.add(replace(row, mac=hold_mac(ledger.mac, row)))


def put_request(sdk: EmoConsent, kind: str) -> None:
    """A request of *kind* of the only subject, received just now."""
    parts = sdk._parts
    ledger = parts.consent._s.ledger
    with parts.stores.data.write() as tx:
        [ref] = tx.subjects.refs()
        row = RequestRow(b"r" * 16, ref, kind, "pipl", "received", tx.now(), None, b"", b"e" * 16, b"")
        tx.requests.put(replace(row, mac=request_mac(ledger.mac, row)))


ENDS: dict[str, Callable[[EmoConsent, FixedClock], Any]] = {
    "withdrawn": lambda sdk, _clock: sdk.consent.withdraw("c1"),
    "opted_out": lambda sdk, _clock: sdk.consent.opt_out("c1"),
    "refused": lambda sdk, _clock: sdk.consent.refuse(
        "c1", notice="shop-care@1", scope=[CARE_TEXT], channel="chat", language="en"
    ),
    "notice_superseded": lambda sdk, _clock: sdk.notices.publish(notice("2")),
    "guardian_required": lambda sdk, _clock: sdk.subjects.declare("c1", age_band="child", guardian="mum"),
    "expired": lambda _sdk, clock: clock.advance(20 * DAY),
}


@pytest.fixture
def brief(open_new: OpenStore) -> EmoConsent:
    """A store whose notice lets a consent last twenty days, and records ninety."""
    sdk = open_new()
    offers = [{"purpose": "customer_care", "modalities": ["text", "voice"], "retention": "P90D",
               "validity": "P20D", "recipients": []}]  # fmt: skip
    sdk.notices.publish(notice(purposes=offers))
    for name, modality in (("words", "text"), ("sounds", "voice")):
        sdk.recognizers.register(name, modality=modality, version="1", provider="test", card=CARD)
        sdk.recognizers.approve(name, principal=ADMIN)
    return sdk


class TestTheConsent:
    """What rested on a consent that ended."""

    @pytest.mark.parametrize("end", ENDS)
    def test_is_deleted_after_the_grace(self, brief: EmoConsent, clock: FixedClock, end: str) -> None:
        """However it ended: kept for the person for seven days, then deleted, with the reason told."""
        grant(brief, "c1")
        stored(brief, "c1", 2)
        ENDS[end](brief, clock)
        clock.advance(GRACE - timedelta(microseconds=1))
        assert gone(brief) == {}
        assert len(read(brief, "c1")) == 2
        clock.advance(timedelta(microseconds=1))
        assert gone(brief) == {"customer_care": 2}
        last = [e for e in brief.audit.entries() if e.tag == "vault:delete"][-1]
        assert last.facts["reason"] == end

    @pytest.mark.parametrize("end", ["withdrawn", "expired", "notice_superseded"])
    def test_renewed_in_time_it_stays(self, brief: EmoConsent, clock: FixedClock, end: str) -> None:
        """Agreed again within the grace, nothing is deleted for the end before."""
        grant(brief, "c1")
        stored(brief, "c1")
        ENDS[end](brief, clock)
        clock.advance(GRACE)
        grant(brief, "c1")
        clock.advance(DAY)
        assert gone(brief) == {}

    def test_renewed_too_late_it_goes_all_the_same(self, brief: EmoConsent, clock: FixedClock) -> None:
        """A run that is late, and a new grant before it, save nothing that had to be gone; only what is new."""
        grant(brief, "c1")
        stored(brief, "c1")
        brief.consent.withdraw("c1")
        clock.advance(GRACE + DAY)
        grant(brief, "c1")
        clock.advance(timedelta(seconds=1))
        [new] = stored(brief, "c1")
        assert gone(brief) == {"customer_care": 1}
        assert [record.id for record in read(brief, "c1")] == [new]

    def test_withdrawing_again_and_again_puts_nothing_off(self, brief: EmoConsent, clock: FixedClock) -> None:
        """The first of several ends counts."""
        grant(brief, "c1")
        stored(brief, "c1")
        for _ in range(4):
            brief.consent.withdraw("c1")
            brief.consent.opt_out("c1")
            clock.advance(2 * DAY)
        assert gone(brief) == {"customer_care": 1}

    def test_modalities_are_apart(self, brief: EmoConsent, clock: FixedClock) -> None:
        """Voice withdrawn, text stays: G3 holds for deletions, too."""
        grant(brief, "c1", CARE_TEXT, CARE_VOICE)
        stored(brief, "c1")
        brief.guard(Recognizer(), recognizer="sounds", purpose="customer_care")("a", subject="c1")
        brief.consent.withdraw("c1", [CARE_VOICE])
        clock.advance(GRACE)
        assert gone(brief) == {"customer_care": 1}
        assert [record.modality.value for record in read(brief, "c1")] == ["text"]

    def test_a_restriction_holds_it_and_the_run_says_so(self, brief: EmoConsent, clock: FixedClock) -> None:
        """Restricted, then withdrawn and past all retention: kept, reported; lifted, it goes."""
        grant(brief, "c1")
        stored(brief, "c1")
        brief.consent.restrict("c1")
        brief.consent.withdraw("c1")
        clock.advance(100 * DAY)
        report = brief.retention.run(confirmed=True)
        assert (report.records, dict(report.held)) == (0, {"restricted": 1})
        brief.consent.lift_restriction("c1")
        assert gone(brief) == {"customer_care": 1}

    def test_a_legal_hold_holds_everything(self, brief: EmoConsent, clock: FixedClock) -> None:
        """Until it ends by itself, also what is past its retention; an altered hold stops the deletion, too."""
        grant(brief, "c1")
        stored(brief, "c1")
        brief.consent.withdraw("c1")
        put_hold(brief, clock() + 100 * DAY)
        clock.advance(100 * DAY - timedelta(microseconds=1))
        assert dict(brief.retention.run(confirmed=True).held) == {"legal_hold": 1}
        with brief._parts.stores.data.engine.begin() as connection:
            connection.execute(text("update legal_holds set until = 1"))
        report = brief.retention.run()
        assert (report.records, report.failed) == (0, 1)

    def test_a_hold_that_is_over_holds_nothing(self, brief: EmoConsent, clock: FixedClock) -> None:
        """At its end the run deletes."""
        grant(brief, "c1")
        stored(brief, "c1")
        brief.consent.withdraw("c1")
        put_hold(brief, clock() + 10 * DAY)
        clock.advance(10 * DAY)
        assert brief.retention.run().records == 1

    @pytest.mark.parametrize("kind", ["access", "portability", "rectification"])
    def test_an_open_request_for_a_copy_holds_what_it_shows(
        self, brief: EmoConsent, clock: FixedClock, kind: str
    ) -> None:
        """Access and portability hold what the consent's end deletes, but nothing past its retention."""
        grant(brief, "c1")
        stored(brief, "c1")
        put_request(brief, kind)
        brief.consent.withdraw("c1")
        clock.advance(10 * DAY)
        report = brief.retention.run()
        if kind == "rectification":
            assert (report.records, dict(report.held)) == (1, {})
            return
        assert (report.records, dict(report.held)) == (0, {"copy_requested": 1})
        clock.advance(80 * DAY)
        assert brief.retention.run(confirmed=True).records == 1

    def test_the_erased_are_left_to_the_erasure(self, brief: EmoConsent, clock: FixedClock) -> None:
        """Between a run and an erasure nothing is counted twice and nothing fails."""
        grant(brief, "c1")
        stored(brief, "c1")
        request = brief.rights.submit("c1", kind="erasure", regime="pipl", principal=me("c1"))
        brief.rights.fulfil(request.id, principal=me("c1"))
        clock.advance(100 * DAY)
        assert gone(brief) == {}


class TestTheWarning:
    """Told before, once."""

    def test_is_given_once_and_in_time(
        self, open_new: OpenStore, brief: EmoConsent, clock: FixedClock
    ) -> None:
        """A week before the consent ends, in two processes: one message, to the address, and no other."""
        other, sent = open_new(), list[LapseWarning]()
        grant(brief, "c1")
        brief.accounts.set_contact("c1", address="c1@example.org", language="zh")
        stored(brief, "c1")
        clock.advance(20 * DAY + GRACE - WARNING - timedelta(microseconds=1))
        assert brief.retention.warn(sent.append) == 0
        clock.advance(timedelta(microseconds=1))
        assert (brief.retention.warn(sent.append), other.retention.warn(sent.append)) == (1, 0)
        [warning] = sent
        assert warning.contact is not None
        assert (warning.contact.address, warning.contact.language) == ("c1@example.org", "zh")
        [ending] = warning.endings
        assert (ending.purpose, ending.reason.value) == ("customer_care", "expired")
        assert ending.deleted_at - clock() == WARNING
        assert "c1" not in repr(warning)
        clock.advance(DAY)
        assert brief.retention.warn(sent.append) == 0

    def test_one_that_could_not_be_sent_is_sent_later(self, brief: EmoConsent, clock: FixedClock) -> None:
        """A mail server that is down costs the others nothing, and nobody their warning."""
        sent: list[str] = []

        def tell(warning: LapseWarning) -> None:
            assert warning.contact is not None
            if warning.contact.address.startswith("c1") and not sent.count("again"):
                raise OSError("no route")
            sent.append(warning.contact.address)

        for name in ("c1", "c2"):
            grant(brief, name)
            brief.accounts.set_contact(name, address=f"{name}@example.org")
            stored(brief, name)
        clock.advance(15 * DAY)
        assert brief.retention.warn(tell) == 1
        sent.append("again")
        assert brief.retention.warn(tell) == 0  # leased
        clock.advance(timedelta(minutes=11))
        brief.retention.run()  # which sweeps what is over
        assert brief.retention.warn(tell) == 1
        assert sent == ["c2@example.org", "again", "c1@example.org"]

    def test_nobody_is_warned_of_what_they_did_or_what_outlives_nothing(
        self, brief: EmoConsent, clock: FixedClock
    ) -> None:
        """Not after a withdrawal, not where their own choice ends it before, not under a restriction."""
        for name in ("withdrew", "chose", "restricted", "unreachable"):
            grant(brief, name)
            stored(brief, name)
        clock.advance(15 * DAY)
        brief.consent.withdraw("withdrew")
        brief.retention.choose("chose", 10, principal=me("chose"))
        brief.consent.restrict("restricted")
        [warning] = brief.retention.warnings()
        assert warning.contact is None
        assert brief.retention.warn(lambda _warning: None) == 0
        [ending] = brief.retention.endings("withdrew", principal=me("withdrew"))
        assert (ending.reason.value, ending.deleted_at - clock()) == ("withdrawn", GRACE)
        assert brief.retention.endings("restricted", principal=me("restricted")) == []
        assert brief.retention.endings("nobody", principal=me("nobody")) == []

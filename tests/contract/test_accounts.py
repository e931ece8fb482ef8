"""Contacts, sign-in, sessions and stop links on both databases, under attack."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text

from emoconsent import AccessDenied, EmoConsent, Principal
from emoconsent.accounts.tokens import token_hash
from emoconsent.accounts.values import Challenge, Person
from emoconsent.errors import EmoConsentError, InvalidInput, NotFound
from emoconsent.storage import schema
from tests.faults.erasure.capture import Capture, keys_held, opened_by
from tests.support.store import DPO, OpenStore, grant, me, tags

ADDRESS = "Ann@Example.org"
MINUTE = timedelta(minutes=1)
A_MOMENT = timedelta(microseconds=1)


def reached(sdk: EmoConsent, *subjects: str, guardian: str | None = None) -> None:
    """Each of *subjects* consents and is reached at one address."""
    for subject in subjects:
        grant(sdk, subject)
        sdk.accounts.set_contact(subject, address=ADDRESS, language="zh", guardian=guardian)


def signed_in(sdk: EmoConsent, subject: str = "c1", device: str = "Firefox on Linux") -> str:
    return sdk.accounts.begin(sdk.accounts.handoff(subject), device=device)


def refused(act: Callable[[], Any]) -> tuple[str, str]:
    """*act* is refused for its credentials; the words used."""
    with pytest.raises(AccessDenied) as raised:
        act()
    assert raised.value.reason == "credentials"
    return raised.value.reason, str(raised.value)


def execute(sdk: EmoConsent, statement: str, **values: Any) -> None:
    """What an intruder with write access to the data store does."""
    with sdk._parts.stores.data.engine.connect() as connection, connection.begin():
        assert connection.execute(text(statement), values).rowcount != 0


def rows_of(sdk: EmoConsent, table: str) -> list[Any]:
    with sdk._parts.stores.data.engine.connect() as connection:
        return list(connection.execute(select(schema.data.tables[table])))


def erase(sdk: EmoConsent, subject: str) -> None:
    request = sdk.rights.submit(subject, kind="erasure", regime="gdpr")
    sdk.rights.verify(request.id, evidence="in person")
    sdk.rights.fulfil(request.id, principal=DPO)


class TestContacts:
    """Where subjects are reached."""

    def test_only_who_is_known_has_an_address(self, sdk: EmoConsent) -> None:
        """For somebody without an event nothing is stored, asked or removed; no trace is left."""
        with pytest.raises(NotFound):
            sdk.accounts.set_contact("nobody", address=ADDRESS)
        assert sdk.accounts.contact("nobody") is None
        assert sdk.accounts.remove_contact("nobody") is False
        assert rows_of(sdk, "contacts") == rows_of(sdk, "subjects") == []

    def test_the_last_one_counts_and_is_told(self, sdk: EmoConsent) -> None:
        """Set, replaced, removed: each shows in the subject's own log, and nowhere in clear."""
        reached(sdk, "c1")
        sdk.accounts.set_contact("c1", address=" b@example.org ", language="en", guardian="mother")
        found = sdk.accounts.contact("c1")
        assert found is not None
        assert (found.address, found.language, found.guardian) == ("b@example.org", "en", "mother")
        assert "example" not in repr(found) and "mother" not in repr(found)
        assert sdk.accounts.remove_contact("c1") is True
        assert sdk.accounts.contact("c1") is None
        lines = [line for line in sdk.access.log("c1", principal=me("c1")) if line.tag == "contact:set"]
        assert [line.facts["what"] for line in lines] == ["set", "set", "removed"]
        assert sdk.audit.verify().findings == ()

    @pytest.mark.parametrize(
        "address", ["", "a", "a b@c", "a\n@b.c", "x" * 255, None, 7, "a\x00@b", "\ud800@b.c", "a\u202e@b.c"]
    )
    def test_what_is_no_address_is_refused_and_not_repeated(self, sdk: EmoConsent, address: Any) -> None:
        """Empty, huge, with spaces, controls, direction marks: InvalidInput that does not quote it."""
        grant(sdk, "c1")
        for act in (
            lambda: sdk.accounts.set_contact("c1", address=address),
            lambda: sdk.accounts.challenge(address, language="en"),
        ):
            with pytest.raises(InvalidInput) as raised:
                act()
            assert not isinstance(address, str) or len(address) < 3 or address not in str(raised.value)
        assert rows_of(sdk, "contacts") == rows_of(sdk, "tokens") == []

    def test_a_changed_address_ends_the_sessions(self, sdk: EmoConsent) -> None:
        """Another address or guardian signs everybody out; another language alone does not."""
        reached(sdk, "c1")
        secret = signed_in(sdk)
        sdk.accounts.set_contact("c1", address=ADDRESS, language="en")
        assert sdk.accounts.resume(secret) is not None
        sdk.accounts.set_contact("c1", address="other@example.org", language="en")
        assert sdk.accounts.resume(secret) is None
        secret = signed_in(sdk)
        sdk.accounts.remove_contact("c1")
        assert sdk.accounts.resume(secret) is None

    def test_a_moved_address_is_not_somebody_elses(self, sdk: EmoConsent) -> None:
        """A row swapped onto another person, or an index edited, signs nobody in and is found."""
        reached(sdk, "c1")
        grant(sdk, "c2")
        sdk.accounts.set_contact("c2", address="thief@example.org")
        one, other = sorted(rows_of(sdk, "contacts"), key=lambda row: row.address_index)
        execute(
            sdk,
            "update contacts set address_index = :i where subject_ref = :r",
            i=one.address_index,
            r=other.subject_ref,
        )
        for address in (ADDRESS, "thief@example.org"):
            try:
                challenge = sdk.accounts.challenge(address, language="en")
            except EmoConsentError:
                continue
            assert challenge.code is None
        assert any("contacts" in finding for finding in sdk.audit.verify().findings)

    def test_an_old_address_put_back_is_found(self, sdk: EmoConsent) -> None:
        """The authentic row of before, put back by an intruder: verification names it."""
        reached(sdk, "c1")
        [old] = rows_of(sdk, "contacts")
        sdk.accounts.remove_contact("c1")
        with sdk._parts.stores.data.engine.connect() as connection, connection.begin():
            connection.execute(schema.contacts.insert().values(**old._mapping))
        assert any("not as its last log entry" in finding for finding in sdk.audit.verify().findings)


class TestChallenges:
    """A code or a link to an address."""

    def test_code_and_link_each_sign_in_once(self, sdk: EmoConsent) -> None:
        """However the address is spelt; either spends the other."""
        reached(sdk, "c1")
        first = sdk.accounts.challenge(ADDRESS.lower(), language="en")
        second = sdk.accounts.challenge(ADDRESS.upper(), language="en")
        assert first.code and second.link
        assert [p.subject for p in sdk.accounts.answer(first.ticket, first.code)] == ["c1"]
        assert [p.principal.id for p in sdk.accounts.redeem(second.link)] == ["c1"]
        words = {
            refused(lambda: sdk.accounts.answer(first.ticket, first.code or "")),
            refused(lambda: sdk.accounts.redeem(first.link or "")),
            refused(lambda: sdk.accounts.redeem(second.link or "")),
            refused(lambda: sdk.accounts.answer(second.ticket, second.code or "")),
        }
        assert len(words) == 1
        assert rows_of(sdk, "tokens") == rows_of(sdk, "token_owners") == []

    def test_one_address_several_people(self, sdk: EmoConsent) -> None:
        """A parent and two children share it: all are offered, each with who acts for them."""
        reached(sdk, "parent")
        reached(sdk, "kid-1", "kid-2", guardian="parent")
        challenge = sdk.accounts.challenge(ADDRESS, language="en")
        persons = sdk.accounts.answer(challenge.ticket, challenge.code or "")
        assert [(p.subject, p.principal.id) for p in persons] == [
            ("kid-1", "parent"), ("kid-2", "parent"), ("parent", "parent"),
        ]  # fmt: skip
        assert "kid" not in repr(persons) and "parent" not in repr(persons)

    def test_fifteen_minutes(self, open_sdk: OpenStore) -> None:
        """Good until the last microsecond, and over with the next."""
        sdk = open_sdk()
        reached(sdk, "c1")
        first, second = (sdk.accounts.challenge(ADDRESS, language="en") for _ in range(2))
        open_sdk.clock.advance(15 * MINUTE - A_MOMENT)
        assert sdk.accounts.answer(first.ticket, first.code or "")
        open_sdk.clock.advance(A_MOMENT)
        refused(lambda: sdk.accounts.answer(second.ticket, second.code or ""))
        refused(lambda: sdk.accounts.redeem(second.link or ""))

    def test_five_wrong_codes_and_no_more(self, open_sdk: OpenStore) -> None:
        """After the fifth the right code is refused, in the same words, by every process."""
        one, other = open_sdk(), open_sdk()
        reached(one, "c1")
        challenge = one.accounts.challenge(ADDRESS, language="en")
        code = challenge.code or ""
        wrong = f"{(int(code) + 1) % 10**6:06}"
        words = {
            refused(lambda n=n: (one, other)[n % 2].accounts.answer(challenge.ticket, wrong))
            for n in range(5)
        }
        words.add(refused(lambda: other.accounts.answer(challenge.ticket, code)))
        assert len(words) == 1

    @pytest.mark.parametrize(
        "code", ["", " ", "1" * 1000, "１２３４５６", "\x00", "\ud800", None, 123456, b"123456"]
    )
    def test_nonsense_is_a_wrong_code(self, sdk: EmoConsent, code: Any) -> None:
        """Of whatever type or length, as a code, a ticket or a link: the one refusal, and no crash."""
        reached(sdk, "c1")
        challenge = sdk.accounts.challenge(ADDRESS, language="en")
        refused(lambda: sdk.accounts.answer(challenge.ticket, code))
        refused(lambda: sdk.accounts.answer(code, challenge.code or ""))
        refused(lambda: sdk.accounts.redeem(code))
        assert sdk.accounts.resume(code) is None
        sdk.accounts.end(code)
        with pytest.raises(NotFound):
            sdk.accounts.stop_subject(code)
        assert sdk.accounts.answer(challenge.ticket, f" {challenge.code} ")

    def test_one_use_between_threads(self, open_sdk: OpenStore) -> None:
        """Sixteen at once with the code, the link and a host's token: one each comes through."""
        one, other = open_sdk(), open_sdk()
        reached(one, "c1")
        soon = open_sdk.clock() + MINUTE
        for round_ in range(3):
            challenge = one.accounts.challenge(ADDRESS, language="en")
            acts = [
                lambda s, c=challenge: s.accounts.answer(c.ticket, c.code or ""),
                lambda s, c=challenge: s.accounts.redeem(c.link or ""),
            ]
            with ThreadPoolExecutor(8) as pool:
                tries = [pool.submit(acts[n % 2], (one, other)[n // 2 % 2]) for n in range(16)]
                once = [
                    pool.submit(
                        (one, other)[n % 2].accounts.use_once, "jwt", f"jti-{round_}", expires_at=soon
                    )
                    for n in range(16)
                ]
            assert sum(try_.exception() is None for try_ in tries) == 1
            assert {type(t.exception()) for t in tries} == {type(None), AccessDenied}
            assert sorted(future.result() for future in once) == [False] * 15 + [True]

    def test_the_unknown_look_the_same(self, sdk: EmoConsent) -> None:
        """As many statements, rows of the same lengths, and the same refusal; only the mail is missing."""
        reached(sdk, "c1")
        known, written = observed(sdk, ADDRESS)
        unknown, as_many = observed(sdk, "nobody@example.org")
        assert written == as_many
        assert known.code and known.link and unknown.code is None and unknown.link is None
        assert len(known.ticket) == len(unknown.ticket)
        lengths = [(r.kind, len(r.sealed)) for r in rows_of(sdk, "tokens")]
        assert len(set(lengths)) == 2 and len(lengths) == 4
        assert len(rows_of(sdk, "token_owners")) == 4
        wrong = "000000" if known.code != "000000" else "111111"
        assert refused(lambda: sdk.accounts.answer(known.ticket, wrong)) == refused(
            lambda: sdk.accounts.answer(unknown.ticket, wrong)
        )

    def test_what_anybody_may_write_does_not_pile_up(self, open_sdk: OpenStore) -> None:
        """Ten strangers an hour for a day, and sessions left alone: the rows of the last hour are all there is."""
        sdk = open_sdk()
        for _ in range(24):
            for n in range(10):
                sdk.accounts.challenge(f"{n}@example.org", language="en")
            signed_in(sdk)
            open_sdk.clock.advance(60 * MINUTE)
        sdk.accounts.challenge(ADDRESS, language="en")
        assert len(rows_of(sdk, "tokens")) < 25
        assert len(rows_of(sdk, "token_owners")) < 25

    def test_a_flood_is_swept_batch_after_batch(
        self, open_sdk: OpenStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However many there were, each later sign-in deletes a bounded batch until none is over."""
        monkeypatch.setattr("emoconsent.accounts.sweeping.AT_ONCE", 8)
        sdk = open_sdk()
        for n in range(10):
            sdk.accounts.challenge(f"{n}@example.org", language="en")
        open_sdk.clock.advance(60 * MINUTE)
        counts = []
        for n in range(5):
            sdk.accounts.challenge(f"later-{n}@example.org", language="en")
            counts.append(len(rows_of(sdk, "tokens")))
        assert counts == [14, 8, 6, 8, 10]

    def test_no_code_ever_answers_for_the_unknown(self, sdk: EmoConsent) -> None:
        """Even the code that was drawn for a ticket of nobody signs nobody in."""
        drawn: list[str] = []
        proof = sdk.accounts._proof
        sdk.accounts._proof = lambda ticket, code: drawn.append(code) or proof(ticket, code)  # type: ignore[method-assign,func-returns-value]
        ticket = sdk.accounts.challenge("nobody@example.org", language="en").ticket
        assert len(drawn) == 1
        refused(lambda: sdk.accounts.answer(ticket, drawn[0]))

    def test_the_address_must_still_be_theirs(self, sdk: EmoConsent) -> None:
        """A code sent before the address was changed, removed or erased signs nobody in."""
        acts: list[Callable[[str], Any]] = [
            lambda s: sdk.accounts.set_contact(s, address="new@example.org"),
            sdk.accounts.remove_contact,
            lambda s: erase(sdk, s),
        ]
        for number, act in enumerate(acts):
            reached(sdk, f"c{number}")
            challenge = sdk.accounts.challenge(ADDRESS, language="en")
            assert challenge.code
            act(f"c{number}")
            refused(lambda c=challenge: sdk.accounts.answer(c.ticket, c.code or ""))

    def test_a_stolen_database_shows_no_code(self, sdk: EmoConsent) -> None:
        """Who has the tables and asked for the ticket cannot find the code: its hash has a key."""
        reached(sdk, "customer-42")
        challenge = sdk.accounts.challenge(ADDRESS, language="en")
        stolen = b"".join(bytes(v) for r in rows_of(sdk, "tokens") for v in r if isinstance(v, bytes))
        for needle in (challenge.code, challenge.ticket, challenge.link, "customer-42", ADDRESS.casefold()):
            assert (needle or "").encode() not in stolen

    def test_a_hosts_token_is_used_up_while_it_counts(self, open_sdk: OpenStore) -> None:
        """Once, of each kind; when it is over it is refused, also after the purge forgot it."""
        sdk = open_sdk()
        until = open_sdk.clock() + MINUTE
        assert [sdk.accounts.use_once(k, "1", expires_at=until) for k in ("a", "a", "b")] == [
            True,
            False,
            True,
        ]
        open_sdk.clock.advance(MINUTE)
        assert sdk.accounts.purge() == 2
        assert sdk.accounts.use_once("a", "1", expires_at=until) is False
        with pytest.raises(InvalidInput, match="aware"):
            sdk.accounts.use_once("a", "2", expires_at=until.replace(tzinfo=None))


def observed(sdk: EmoConsent, address: str) -> tuple[Challenge, list[str]]:
    """A challenge, and every statement of it by its first words."""
    said: list[str] = []

    def hear(*args: Any) -> None:
        said.append(" ".join(args[2].split()[:3]))

    engine = sdk._parts.stores.data.engine
    event.listen(engine, "before_cursor_execute", hear)
    try:
        return sdk.accounts.challenge(address, language="en"), said
    finally:
        event.remove(engine, "before_cursor_execute", hear)


class TestSessions:
    """Server-side sessions."""

    def test_what_a_session_says(self, sdk: EmoConsent) -> None:
        """Who, about whom, since when; its repr and its id give away neither person nor secret."""
        secret = signed_in(sdk)
        session = sdk.accounts.resume(secret)
        assert session is not None
        assert (session.subject, session.principal.id, session.team) == ("c1", "c1", None)
        assert session.device == "Firefox on Linux"
        assert session.expires_at - session.created_at == timedelta(hours=12)
        assert session.authenticated_at == session.created_at
        assert "c1" not in repr(session).replace(session.id, "") and secret not in repr(session)
        assert session.id == token_hash("session", secret).hex()

    def test_idle_and_absolute_limits(self, open_sdk: OpenStore) -> None:
        """Thirty minutes unused, or twelve hours in all: over at that very instant."""
        sdk = open_sdk()
        secret, unused = signed_in(sdk), signed_in(sdk)
        open_sdk.clock.advance(30 * MINUTE - A_MOMENT)
        assert sdk.accounts.resume(secret) is not None
        open_sdk.clock.advance(A_MOMENT)
        assert sdk.accounts.resume(unused) is None
        for _ in range(27):
            assert sdk.accounts.resume(secret) is not None
            open_sdk.clock.advance(25 * MINUTE)
        assert sdk.accounts.resume(secret) is not None
        open_sdk.clock.advance(15 * MINUTE - A_MOMENT)
        assert sdk.accounts.resume(secret) is not None
        open_sdk.clock.advance(A_MOMENT)
        assert sdk.accounts.resume(secret) is None
        assert sdk.accounts.purge() == 2
        assert rows_of(sdk, "token_owners") == []

    def test_seen_is_noted_once_a_minute(self, open_sdk: OpenStore) -> None:
        """Reading pages does not write each time."""
        sdk = open_sdk()
        secret = signed_in(sdk)
        [before] = rows_of(sdk, "tokens")
        open_sdk.clock.advance(MINUTE - A_MOMENT)
        sdk.accounts.resume(secret)
        assert rows_of(sdk, "tokens") == [before]
        open_sdk.clock.advance(A_MOMENT)
        sdk.accounts.resume(secret)
        [after] = rows_of(sdk, "tokens")
        assert after.seen_at - before.seen_at == 60_000_000

    @pytest.mark.parametrize("column", ["created_at", "seen_at", "expires_at", "misses"])
    def test_an_edited_row_is_no_session(self, sdk: EmoConsent, column: str) -> None:
        """Life prolonged by an intruder ends it; verification names the row."""
        secret = signed_in(sdk)
        execute(sdk, f"update tokens set {column} = {column} + 1000000")
        assert sdk.accounts.resume(secret) is None
        with pytest.raises(AccessDenied):
            sdk.accounts.reauthenticated(secret)
        assert any("tokens" in finding for finding in sdk.audit.verify().findings)

    def test_a_row_of_the_intruders_own_is_no_session(self, sdk: EmoConsent) -> None:
        """Under a hash whose secret the intruder knows, with another's content: refused."""
        signed_in(sdk)
        execute(sdk, "update tokens set token_hash = :h", h=token_hash("session", "known"))
        execute(sdk, "update token_owners set token_hash = :h", h=token_hash("session", "known"))
        assert sdk.accounts.resume("known") is None
        stop = sdk.accounts.stop_link("c1")
        execute(sdk, "update tokens set token_hash = :h where kind = 'stop'", h=token_hash("session", stop))
        assert sdk.accounts.resume(stop) is None

    def test_what_cannot_be_ended_is_not_honoured(self, sdk: EmoConsent) -> None:
        """The rows that find a session deleted or moved to somebody else: it is none any more."""
        secret = signed_in(sdk)
        one = "where owner_index = (select min(owner_index) from token_owners)"
        execute(sdk, f"update token_owners set owner_index = :i {one}", i=b"\x01" * 32)
        assert sdk.accounts.resume(secret) is None
        secret = signed_in(sdk, "c2")
        execute(sdk, "delete from token_owners")
        assert sdk.accounts.resume(secret) is None
        assert any("whose it is" in finding for finding in sdk.audit.verify().findings)

    def test_rotation_ends_the_old_secret(self, open_sdk: OpenStore) -> None:
        """After signing in anew or switching only the new secret counts; the limits stay as they were."""
        sdk = open_sdk()
        reached(sdk, "parent")
        reached(sdk, "kid", guardian="parent")
        challenge = sdk.accounts.challenge(ADDRESS, language="en")
        first = sdk.accounts.begin(sdk.accounts.answer(challenge.ticket, challenge.code or ""), device="d")
        first = sdk.accounts.switch(first, "kid")
        start = sdk.accounts.resume(first)
        open_sdk.clock.advance(10 * MINUTE)
        second = sdk.accounts.reauthenticated(first)
        third = sdk.accounts.switch(second, "parent")
        assert [sdk.accounts.resume(secret) for secret in (first, second)] == [None, None]
        now = sdk.accounts.resume(third)
        assert start is not None and now is not None
        assert (start.subject, now.subject, now.principal) == ("kid", "parent", me("parent"))
        assert now.authenticated_at - start.authenticated_at == 10 * MINUTE
        assert (now.created_at, now.expires_at) == (start.created_at, start.expires_at)
        with pytest.raises(NotFound):
            sdk.accounts.switch(third, "c9")
        assert sdk.accounts.resume(third) is not None
        with pytest.raises(AccessDenied, match="over"):
            sdk.accounts.switch(first, "kid")

    def test_both_see_it_in_their_log(self, sdk: EmoConsent) -> None:
        """Shown to the subject it is about; before the choice, or of the unknown, the log only says that one was."""
        reached(sdk, "parent")
        reached(sdk, "kid", guardian="parent")
        challenge = sdk.accounts.challenge(ADDRESS, language="en")
        secret = sdk.accounts.begin(sdk.accounts.redeem(challenge.link or ""), device="d")
        for subject in ("kid", "parent"):
            secret = sdk.accounts.switch(secret, subject)
        signed_in(sdk, "stranger")
        for subject in ("kid", "parent"):
            lines = [line.tag for line in sdk.access.log(subject, principal=me(subject))]
            assert lines.count("session:begin") == 1  # type: ignore[comparison-overlap]
        assert tags(sdk).count("session:begin") == 4
        assert sdk.audit.verify().findings == ()

    def test_listed_and_ended_one_by_one(self, open_sdk: OpenStore) -> None:
        """One's own sessions by device; another's id ends nothing; a used secret names this one."""
        sdk = open_sdk()
        grant(sdk, "c1")
        one = signed_in(sdk, device="phone")
        open_sdk.clock.advance(MINUTE)
        two = signed_in(sdk, device="laptop")
        theirs = signed_in(sdk, "c2")
        listed = sdk.accounts.sessions(me("c1"), current=two)
        assert [(info.device, info.current) for info in listed] == [("laptop", True), ("phone", False)]
        assert "phone" not in repr(listed)
        assert sdk.accounts.end_one(me("c1"), token_hash("session", theirs).hex()) is False
        assert sdk.accounts.resume(theirs) is not None
        assert sdk.accounts.end_one(me("c1"), listed[1].id) is True
        assert sdk.accounts.end_one(me("c1"), listed[1].id) is False
        assert sdk.accounts.resume(one) is None and sdk.accounts.resume(two) is not None
        assert sdk.accounts.end_one(me("c1"), "nonsense") is False

    def test_ended_everywhere(self, open_sdk: OpenStore) -> None:
        """All but this one, in every process; also where a guardian acts for the subject."""
        one, other = open_sdk(), open_sdk()
        mine = [signed_in(sdk) for sdk in (one, other, one)]
        guardians = one.accounts.begin(one.accounts.handoff("c1", guardian="mother"), device="d")
        theirs = signed_in(one, "c2")
        kept = other.accounts.resume(mine[0])
        assert kept is not None
        assert one.accounts.end_all(me("c1"), keep=kept.id) == 3
        assert other.accounts.resume(mine[0]) is not None
        assert [other.accounts.resume(secret) for secret in (*mine[1:], guardians)] == [None] * 3
        assert other.accounts.resume(theirs) is not None
        one.accounts.end(mine[0])
        assert other.accounts.resume(mine[0]) is None
        assert one.accounts.end_all(me("c1")) == 0
        one.accounts.end(mine[0])

    def test_ending_everywhere_catches_one_that_rotates(self, open_sdk: OpenStore) -> None:
        """Sessions that change their secret meanwhile do not escape."""
        one, other = open_sdk(), open_sdk()
        for _ in range(6):
            secret = signed_in(one)
            with ThreadPoolExecutor(2) as pool:
                rotated = pool.submit(other.accounts.reauthenticated, secret)
                pool.submit(one.accounts.end_all, me("c1")).result(30)
            new = rotated.result() if rotated.exception() is None else secret
            assert one.accounts.resume(new) is None

    @pytest.mark.parametrize(
        "persons",
        [(), (Person("c1", Principal("root", "admin")),)],  # type: ignore[arg-type]
    )
    def test_a_session_is_somebodys(self, sdk: EmoConsent, persons: Any) -> None:
        """Of nobody, or of staff by the subjects' door: refused."""
        with pytest.raises(InvalidInput):
            sdk.accounts.begin(persons, device="d")
        assert rows_of(sdk, "tokens") == []

    def test_asynchronous_twins(self, sdk: EmoConsent) -> None:
        """Every method can be awaited."""

        async def use() -> Any:
            secret = await sdk.accounts.abegin(sdk.accounts.handoff("c1"), device="d")
            return await sdk.accounts.aresume(secret)

        assert asyncio.run(use()).subject == "c1"


class TestStopLinks:
    """Links that can only stop."""

    def test_again_and_again_until_it_is_over(self, open_sdk: OpenStore) -> None:
        """Pressing it does not use it up; after its days it is as unknown as any."""
        sdk = open_sdk()
        link = sdk.accounts.stop_link("c1", days=2)
        open_sdk.clock.advance(timedelta(days=2) - A_MOMENT)
        assert [sdk.accounts.stop_subject(link) for _ in range(2)] == ["c1", "c1"]
        open_sdk.clock.advance(A_MOMENT)
        words = set()
        for token in (link, "made-up", "", signed_in(sdk)):
            with pytest.raises(NotFound) as raised:
                sdk.accounts.stop_subject(token)
            words.add(str(raised.value))
        assert len(words) == 1

    @pytest.mark.parametrize("days", [0, -1, 3651, 1.5, True, None])
    def test_days_are_days(self, sdk: EmoConsent, days: Any) -> None:
        """A link for ever, or for no time, is not made."""
        with pytest.raises(InvalidInput, match="days"):
            sdk.accounts.stop_link("c1", days=days)

    def test_it_is_not_a_way_in(self, sdk: EmoConsent) -> None:
        """As a session, a sign-in link or a ticket it is nothing."""
        reached(sdk, "c1")
        link = sdk.accounts.stop_link("c1")
        assert sdk.accounts.resume(link) is None
        refused(lambda: sdk.accounts.redeem(link))
        refused(lambda: sdk.accounts.answer(link, "000000"))
        refused(lambda: sdk.accounts.check_totp(link, "000000"))


class TestErasure:
    """What was the subject's is gone, and what was captured opens no more."""

    def test_every_door_is_shut(self, sdk: EmoConsent) -> None:
        """Address, sessions (a guardian's, too), links and open sign-ins: rows and use; others stay."""
        reached(sdk, "gone", guardian="mother")
        grant(sdk, "stays")
        sdk.accounts.set_contact("stays", address="else@example.org")
        session, guardians = (
            sdk.accounts.begin(sdk.accounts.handoff("gone", guardian=g), device="d") for g in (None, "mother")
        )
        stop, challenge = sdk.accounts.stop_link("gone"), sdk.accounts.challenge(ADDRESS, language="en")
        kept, kept_stop = signed_in(sdk, "stays"), sdk.accounts.stop_link("stays")
        plan = sdk.rights.plan("gone")
        assert plan is not None and (plan.contacts, plan.sessions, plan.tokens) == (1, 2, 3)
        request = sdk.rights.submit("gone", kind="erasure", regime="gdpr")
        sdk.rights.verify(request.id, evidence="in person")
        certificate = sdk.rights.fulfil(request.id, principal=DPO).certificate
        assert certificate is not None
        deleted = certificate.document["facts"]["rows_deleted"]
        assert (deleted["contacts"], deleted["sessions"], deleted["tokens"]) == (1, 2, 3)
        assert sdk.accounts.contact("gone") is None
        assert [sdk.accounts.resume(secret) for secret in (session, guardians)] == [None, None]
        with pytest.raises(NotFound):
            sdk.accounts.stop_subject(stop)
        refused(lambda: sdk.accounts.answer(challenge.ticket, challenge.code or ""))
        assert (len(rows_of(sdk, "contacts")), len(rows_of(sdk, "tokens"))) == (1, 2)
        assert sdk.accounts.resume(kept) is not None and sdk.accounts.stop_subject(kept_stop) == "stays"
        assert sdk.audit.verify().findings == ()

    def test_nothing_captured_opens(self, sdk: EmoConsent) -> None:
        """Envelopes of address, session, label and link, with every key still held: none opens."""
        capture, before = Capture(), Capture()
        grant(sdk, "gone")
        before.look(sdk)
        sdk.accounts.set_contact("gone", address=ADDRESS)
        signed_in(sdk, "gone")
        sdk.accounts.stop_link("gone")
        sdk.accounts.challenge(ADDRESS, language="en")
        capture.look(sdk)
        theirs = capture.envelopes - before.envelopes
        assert len(theirs) >= 1 + 4 + 4
        erase(sdk, "gone")
        assert opened_by(theirs, list(keys_held(sdk))) == {}

    def test_a_session_begun_in_the_middle_is_swept(self, sdk: EmoConsent) -> None:
        """Between the shutting of doors and the end of the name: what begins then goes with the row."""
        reached(sdk, "gone")
        late: list[str] = []
        destroy = sdk._parts.keyring.destroy

        def begin_first(owner: bytes) -> int:
            if not late:  # the subject's keys go first, the request's when all is done
                late.append(signed_in(sdk, "gone"))
            return destroy(owner)

        sdk._parts.keyring.destroy = begin_first  # type: ignore[method-assign]
        erase(sdk, "gone")
        assert len(late) == 1 and sdk.accounts.resume(late[0]) is None
        assert rows_of(sdk, "tokens") == rows_of(sdk, "contacts") == []

    def test_no_new_address_while_it_goes_on(self, sdk: EmoConsent) -> None:
        """A subject being erased gets no address that would outlive the erasure unseen."""
        grant(sdk, "gone")
        request = sdk.rights.submit("gone", kind="erasure", regime="gdpr")
        sdk.rights.verify(request.id, evidence="x")
        with sdk._parts.stores.data.read() as tx:
            row = tx.requests.get(bytes.fromhex(request.id))
        assert row is not None
        sdk.rights.erasure.begin(row.subject_ref, row.request_id, DPO.role)
        with pytest.raises(EmoConsentError, match="being erased"):
            sdk.accounts.set_contact("gone", address=ADDRESS)


class TestRotation:
    """Root keys change; people do not notice."""

    def test_all_are_found_under_the_new_epoch(self, open_sdk: OpenStore) -> None:
        """Address, session, sign-in and link work on, also in a process that did not rotate."""
        one, other = open_sdk(), open_sdk()
        reached(one, "c1")
        secret, stop = signed_in(one), one.accounts.stop_link("c1")
        challenge = one.accounts.challenge(ADDRESS, language="en")
        one.keys.rotate()
        one.keys.destroy_epoch(1)
        for sdk in (one, other):
            assert sdk.accounts.resume(secret) is not None
            assert sdk.accounts.stop_subject(stop) == "c1"
            assert sdk.accounts.challenge(ADDRESS, language="en").code
            assert [info.device for info in sdk.accounts.sessions(me("c1"))] == ["Firefox on Linux"]
        assert other.accounts.answer(challenge.ticket, challenge.code or "")
        assert other.accounts.end_all(me("c1")) == 1
        assert one.accounts.resume(secret) is None
        assert one.audit.verify().findings == ()
        erase(one, "c1")
        assert rows_of(one, "contacts") == []

    def test_strangers_sign_in_anew(self, sdk: EmoConsent) -> None:
        """Of somebody unknown nothing can be moved: it ends with its epoch, and leaves no row."""
        secret = signed_in(sdk, "stranger")
        stop = sdk.accounts.stop_link("stranger")
        sdk.keys.rotate()
        assert sdk.accounts.resume(secret) is not None
        sdk.keys.destroy_epoch(1)
        assert sdk.accounts.resume(secret) is None
        with pytest.raises(NotFound):
            sdk.accounts.stop_subject(stop)
        assert rows_of(sdk, "tokens") == rows_of(sdk, "token_owners") == []

    def test_a_forged_owner_is_not_made_ours(self, sdk: EmoConsent) -> None:
        """Rotation re-authenticates what was authentic, and nothing that an intruder slipped in."""
        grant(sdk, "c1")
        own, other = (token_hash("session", signed_in(sdk, subject)) for subject in ("c1", "c2"))
        rows = rows_of(sdk, "token_owners")
        mine, theirs = ([r.owner_index for r in rows if r.token_hash == h] for h in (own, other))
        for forged, genuine in zip(mine, theirs, strict=True):
            execute(
                sdk, "update token_owners set owner_index = :f where owner_index = :g", f=forged, g=genuine
            )
        sdk.keys.rotate()
        assert [info.id for info in sdk.accounts.sessions(me("c1"))] == [own.hex()]
        assert any("token_owners" in finding for finding in sdk.audit.verify().findings)


def test_nothing_is_said_in_clear(sdk: EmoConsent) -> None:
    """The log's entries about all this hold no name, address or device."""
    reached(sdk, "canary-subject")
    signed_in(sdk, "canary-subject", device="canary-device")
    leaves = json.dumps([bytes(row.leaf).decode() for row in rows_of(sdk, "log_entries")])
    assert not any(word in leaves for word in ("canary", "Example", "example.org"))

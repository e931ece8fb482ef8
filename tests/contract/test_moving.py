"""A new address, and one address for several people, on both databases, under attack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from emoconsent import AccessDenied, EmoConsent
from emoconsent.errors import InvalidInput, NotFound
from tests.contract.test_accounts import (
    A_MOMENT,
    ADDRESS,
    MINUTE,
    erase,
    execute,
    reached,
    refused,
    rows_of,
    signed_in,
)
from tests.support.store import OpenStore, grant, me

NEW = "new@example.org"


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def where(sdk: EmoConsent, subject: str = "c1") -> str | None:
    """The address at which the subject is reached."""
    found = sdk.accounts.contact(subject)
    return found.address if found else None


class TestMoving:
    """The new mailbox has to answer first."""

    def test_nothing_changes_before_the_code_is_back(self, sdk: EmoConsent) -> None:
        """The old address counts until then; then the sessions end, and the old one signs nobody in."""
        reached(sdk, "c1")
        secret, other = signed_in(sdk), signed_in(sdk)
        begun = sdk.accounts.move(secret, f" {NEW} ", language="en")
        assert (begun.address, where(sdk)) == (NEW, ADDRESS)
        assert begun.code not in repr(begun) and NEW not in repr(begun)
        assert sdk.accounts.challenge(ADDRESS, language="en").code
        before = sdk.accounts.moved(secret, begun.ticket, f" {begun.code} ")
        assert before is not None
        assert (before.address, before.language) == (ADDRESS, "zh")
        assert where(sdk) == NEW
        assert [sdk.accounts.resume(s) for s in (secret, other)] == [None, None]
        assert sdk.accounts.challenge(ADDRESS, language="en").code is None
        assert sdk.accounts.challenge(NEW, language="en").code
        assert sdk.audit.verify().findings == ()

    def test_a_first_address_ends_nothing(self, sdk: EmoConsent) -> None:
        """Somebody handed over by the shop, without an address so far, stays signed in; the code counts once."""
        grant(sdk, "c1")
        secret = signed_in(sdk)
        begun = sdk.accounts.move(secret, NEW, language="en")
        assert sdk.accounts.moved(secret, begun.ticket, begun.code) is None
        assert sdk.accounts.resume(secret) is not None
        refused(lambda: sdk.accounts.moved(secret, begun.ticket, begun.code))

    def test_only_in_the_session_that_asked(self, sdk: EmoConsent) -> None:
        """Another session of the same person, another person's, one that is over or rotated: refused alike."""
        reached(sdk, "c1")
        secret, twin = signed_in(sdk), signed_in(sdk)
        thief = signed_in(sdk, "c2")
        begun = sdk.accounts.move(secret, NEW, language="en")
        tries = [twin, thief, "", "x" * 43, begun.ticket, None]
        words = {refused(lambda s=s: sdk.accounts.moved(s, begun.ticket, begun.code)) for s in tries}
        renewed = sdk.accounts.reauthenticated(secret)
        words |= {
            refused(lambda s=s: sdk.accounts.moved(s, begun.ticket, begun.code)) for s in (secret, renewed)
        }
        begun = sdk.accounts.move(renewed, NEW, language="en")
        sdk.accounts.end(renewed)
        words.add(refused(lambda: sdk.accounts.moved(renewed, begun.ticket, begun.code)))
        assert len(words) == 1
        assert where(sdk) == ADDRESS

    def test_five_wrong_codes_and_a_quarter_of_an_hour(self, open_sdk: OpenStore) -> None:
        """The code cannot be tried out, nor kept; a sign-in's ticket is none, and this one signs nobody in."""
        sdk = open_sdk()
        reached(sdk, "c1")
        secret = signed_in(sdk)
        first, second = (sdk.accounts.move(secret, NEW, language="en") for _ in range(2))
        challenge = sdk.accounts.challenge(ADDRESS, language="en")
        words = {
            refused(lambda: sdk.accounts.moved(secret, first.ticket, wrong(first.code))) for _ in range(5)
        }
        words.add(refused(lambda: sdk.accounts.moved(secret, first.ticket, first.code)))
        words.add(refused(lambda: sdk.accounts.moved(secret, challenge.ticket, challenge.code or "")))
        words.add(refused(lambda: sdk.accounts.answer(second.ticket, second.code)))
        open_sdk.clock.advance(15 * MINUTE - A_MOMENT)
        assert sdk.accounts.resume(secret) is not None
        open_sdk.clock.advance(A_MOMENT)
        words.add(refused(lambda: sdk.accounts.moved(secret, second.ticket, second.code)))
        assert len(words) == 1
        assert where(sdk) == ADDRESS

    def test_two_tabs(self, sdk: EmoConsent) -> None:
        """Each code brings its own address; what was begun beside the one that came back is over with it."""
        reached(sdk, "c1")
        secret = signed_in(sdk)
        first = sdk.accounts.move(secret, NEW, language="en")
        second = sdk.accounts.move(secret, "other@example.org", language="en")
        refused(
            lambda: sdk.accounts.moved(secret, first.ticket, second.code if second.code != first.code else "")
        )
        sdk.accounts.moved(secret, second.ticket, second.code)
        assert where(sdk) == "other@example.org"
        again = signed_in(sdk)
        refused(lambda: sdk.accounts.moved(again, first.ticket, first.code))
        assert rows_of(sdk, "tokens")[0].kind == "session"

    def test_another_change_meanwhile_ends_it(self, sdk: EmoConsent) -> None:
        """Changed by the office, removed, signed out everywhere or erased: the code comes too late."""
        acts: list[Callable[[str], Any]] = [
            lambda s: sdk.accounts.set_contact(s, address="office@example.org"),
            sdk.accounts.remove_contact,
            lambda s: sdk.accounts.end_all(me(s)),
            lambda s: erase(sdk, s),
        ]
        for number, act in enumerate(acts):
            subject = f"c{number}"
            reached(sdk, subject)
            secret = signed_in(sdk, subject)
            begun = sdk.accounts.move(secret, NEW, language="en")
            act(subject)
            refused(lambda s=secret, b=begun: sdk.accounts.moved(s, b.ticket, b.code))
            assert where(sdk, subject) != NEW

    def test_who_may_not_begin(self, sdk: EmoConsent) -> None:
        """The unknown, the erased and the over cannot, nor can nonsense; nothing is written or mailed."""
        stranger = signed_in(sdk, "stranger")
        with pytest.raises(NotFound):
            sdk.accounts.move(stranger, NEW, language="en")
        for secret in ("", "x" * 43, None):
            with pytest.raises(AccessDenied, match="over"):
                sdk.accounts.move(secret, NEW, language="en")  # type: ignore[arg-type]
        for address in ("", "a b@c", "a\n@b.c", "x" * 255):
            with pytest.raises(InvalidInput):
                sdk.accounts.move(stranger, address, language="en")
        assert [row.kind for row in rows_of(sdk, "tokens")] == ["session"]

    def test_a_change_put_back_or_altered_moves_nobody(self, sdk: EmoConsent) -> None:
        """An intruder with write access makes no code right again, and no other address out of it."""
        reached(sdk, "c1")
        secret = signed_in(sdk)
        begun = sdk.accounts.move(secret, NEW, language="en")
        execute(sdk, "update tokens set misses = :m where kind = 'move'", m=-100)
        refused(lambda: sdk.accounts.moved(secret, begun.ticket, begun.code))
        assert where(sdk) == ADDRESS

    def test_a_guardian_moves_the_childs(self, sdk: EmoConsent) -> None:
        """Who acts stays who acts: the new address is read by the guardian, as before."""
        reached(sdk, "kid", guardian="parent")
        secret = sdk.accounts.begin(sdk.accounts.handoff("kid", guardian="parent"), device="d")
        begun = sdk.accounts.move(secret, NEW, language="en")
        sdk.accounts.moved(secret, begun.ticket, begun.code)
        found = sdk.accounts.contact("kid")
        assert found is not None
        assert (found.address, found.guardian) == (NEW, "parent")


class TestSharedMailbox:
    """Several people at one address."""

    def test_nothing_is_chosen_at_first(self, sdk: EmoConsent) -> None:
        """A session of several is about nobody, moves nobody's address, and shows in nobody's list or log."""
        reached(sdk, "c1", "c2")
        challenge = sdk.accounts.challenge(ADDRESS, language="en")
        secret = sdk.accounts.begin(sdk.accounts.answer(challenge.ticket, challenge.code or ""), device="d")
        found = sdk.accounts.resume(secret)
        assert found is not None
        assert (found.subject, found.principal, len(found.persons)) == (None, None, 2)
        with pytest.raises(AccessDenied, match="nobody"):
            sdk.accounts.move(secret, NEW, language="en")
        assert [sdk.accounts.sessions(me(s)) for s in ("c1", "c2")] == [[], []]
        lines = [line.tag for s in ("c1", "c2") for line in sdk.access.log(s, principal=me(s))]
        assert "session:begin" not in [str(tag) for tag in lines]
        assert sdk.accounts.end_all(me("c1")) == 1  # it could have become theirs

    def test_nobody_sees_or_ends_anothers_session(self, open_sdk: OpenStore) -> None:
        """Whoever shares the mailbox finds their own sessions only, before and after keys were rotated."""
        sdk = open_sdk()
        reached(sdk, "c1", "c2")
        secrets = {}
        for subject in ("c1", "c2"):
            challenge = sdk.accounts.challenge(ADDRESS, language="en")
            persons = sdk.accounts.redeem(challenge.link or "")
            begun = sdk.accounts.begin(persons, device=f"phone of {subject}")
            secrets[subject] = sdk.accounts.switch(begun, subject)
        for _ in range(2):
            for subject in ("c1", "c2"):
                [listed] = sdk.accounts.sessions(me(subject), current=secrets[subject])
                assert (listed.device, listed.current) == (f"phone of {subject}", True)
            sdk.keys.rotate()
        theirs = sdk.accounts.sessions(me("c2"))[0].id
        assert sdk.accounts.end_one(me("c1"), theirs) is False
        assert sdk.accounts.resume(secrets["c2"]) is not None
        secrets["c2"] = sdk.accounts.switch(secrets["c2"], "c1")
        assert len(sdk.accounts.sessions(me("c1"))) == 2
        assert sdk.accounts.sessions(me("c2")) == []

    def test_a_guardians_session_is_not_the_childs(self, sdk: EmoConsent) -> None:
        """A child that signs in by itself does not see its guardian's device; the guardian does, of all children."""
        reached(sdk, "kid-1", "kid-2", guardian="parent")
        for kid in ("kid-1", "kid-2"):
            sdk.accounts.begin(sdk.accounts.handoff(kid, guardian="parent"), device="parent's phone")
        signed_in(sdk, "kid-1", device="kid's phone")
        assert [info.device for info in sdk.accounts.sessions(me("kid-1"))] == ["kid's phone"]
        assert len(sdk.accounts.sessions(me("parent"))) == 2

    def test_however_many_share_it_all_come_in(self, sdk: EmoConsent) -> None:
        """A home with eighty people behind one address: each can be chosen, nobody is locked out."""
        names = [f"resident-{n:02}" for n in range(80)]
        reached(sdk, *names)
        challenge = sdk.accounts.challenge(ADDRESS, language="en")
        persons = sdk.accounts.answer(challenge.ticket, challenge.code or "")
        secret = sdk.accounts.begin(persons, device="d")
        secret = sdk.accounts.switch(secret, names[-1])
        found = sdk.accounts.resume(secret)
        assert found is not None
        assert (found.subject, len(found.persons)) == (names[-1], 80)

"""Mailboxes proven without an account, and links that follow a request, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from emoconsent import AccessDenied, EmoConsent, Principal
from emoconsent.errors import InvalidInput, NotFound
from emoconsent.vocabulary import Role
from tests.support.clock import FixedClock
from tests.support.store import grant

ADDRESS = "Somebody@else.example"


def test_a_code_proves_the_mailbox_once(sdk: EmoConsent) -> None:
    """The right code gives the address and nobody unknown; a second use, another ticket or code nothing."""
    begun, other = (sdk.accounts.prove(ADDRESS, language="en") for _ in range(2))
    assert begun.code is not None
    with pytest.raises(AccessDenied):
        sdk.accounts.proven(other.ticket, begun.code if begun.code != other.code else "x")
    found = sdk.accounts.proven(begun.ticket, begun.code)
    assert (found.address, found.persons) == ("somebody@else.example", ())
    for ticket, code in ((begun.ticket, begun.code), ("none", "000000"), ("", "")):
        with pytest.raises(AccessDenied):
            sdk.accounts.proven(ticket, code)


def test_it_is_no_sign_in_and_a_sign_in_is_no_proof(sdk: EmoConsent) -> None:
    """A ticket of one kind opens nothing of the other, whatever code comes with it."""
    grant(sdk, "customer-1")
    sdk.accounts.set_contact("customer-1", address=ADDRESS)
    proof, challenge = (
        sdk.accounts.prove(ADDRESS, language="en"),
        sdk.accounts.challenge(ADDRESS, language="en"),
    )
    assert proof.code is not None
    assert challenge.code is not None
    with pytest.raises(AccessDenied):
        sdk.accounts.answer(proof.ticket, proof.code)
    with pytest.raises(AccessDenied):
        sdk.accounts.proven(challenge.ticket, challenge.code)
    assert [person.subject for person in sdk.accounts.proven(proof.ticket, proof.code).persons] == [
        "customer-1"
    ]


def test_who_moved_away_is_not_reached_any_more(sdk: EmoConsent) -> None:
    """Who is reached is told as it is when the code comes back, not as it was when it was sent."""
    grant(sdk, "customer-1")
    sdk.accounts.set_contact("customer-1", address=ADDRESS)
    begun = sdk.accounts.prove(ADDRESS, language="en")
    sdk.accounts.set_contact("customer-1", address="new@else.example")
    assert begun.code is not None
    assert sdk.accounts.proven(begun.ticket, begun.code).persons == ()


def test_codes_end_by_time_by_guesses_and_by_number(sdk: EmoConsent, clock: FixedClock) -> None:
    """After 15 minutes, after five wrong ones, and from the fourth at one address on, there is none."""
    begun = [sdk.accounts.prove(ADDRESS, language="en") for _ in range(4)]
    assert [one.code is None for one in begun] == [False, False, False, True]
    first, second = begun[:2]
    assert first.code is not None
    assert second.code is not None
    for _ in range(5):
        with pytest.raises(AccessDenied):
            sdk.accounts.proven(first.ticket, "wrong")
    with pytest.raises(AccessDenied):
        sdk.accounts.proven(first.ticket, first.code)
    clock.advance(timedelta(minutes=16))
    with pytest.raises(AccessDenied):
        sdk.accounts.proven(second.ticket, second.code)


def test_a_link_follows_its_request_and_outlives_the_erasure(sdk: EmoConsent, clock: FixedClock) -> None:
    """It gives the request's id until its day, also when nobody is known by it any more; others give none."""
    grant(sdk, "customer-1")
    request = sdk.rights.submit("customer-1", kind="erasure", regime="gdpr")
    link = sdk.accounts.follow_link(request.id, days=30)
    sdk.rights.verify(request.id, evidence="seen")
    sdk.rights.fulfil(request.id, principal=Principal("dpo", Role.DPO))
    assert sdk.accounts.followed(link) == request.id
    assert sdk.rights.get(request.id).state == "completed"
    assert sdk.audit.verify()
    for wrong in ("", "nonsense", link[:-1], link + "x"):
        with pytest.raises(NotFound):
            sdk.accounts.followed(wrong)
    clock.advance(timedelta(days=31))
    with pytest.raises(NotFound):
        sdk.accounts.followed(link)


@pytest.mark.parametrize("days", [0, -1, 401, True, 1.5])
def test_a_link_lasts_a_whole_number_of_days(sdk: EmoConsent, days: int) -> None:
    """Anything else is refused."""
    with pytest.raises(InvalidInput):
        sdk.accounts.follow_link("00" * 16, days=days)

"""How often somebody may try: counted for the address or the account, whatever the network, on both databases."""

from __future__ import annotations

from emoconsent import EmoConsent
from tests.contract.test_accounts import ADDRESS, MINUTE, reached, rows_of, signed_in
from tests.contract.test_staff import PASSWORD, code, enrolled, member, refused
from tests.support.store import ADMIN, OpenStore


def test_a_mailbox_is_not_flooded(open_sdk: OpenStore) -> None:
    """Three codes under way to one address, from sign-ins and changes of address together; then no mail."""
    one, other = open_sdk(), open_sdk()
    reached(one, "c1")
    secret = signed_in(one, "c2")
    reached(one, "c2")
    sent = [sdk.accounts.challenge(ADDRESS.upper(), language="en") for sdk in (one, other)]
    assert one.accounts.move(secret, ADDRESS, language="en").code
    assert all(challenge.code for challenge in sent)
    before = len(rows_of(one, "tokens"))
    for sdk in (one, other):
        more = sdk.accounts.challenge(ADDRESS, language="en")
        assert (more.code, more.link, len(more.ticket)) == (None, None, len(sent[0].ticket))
        refused(lambda m=more: one.accounts.answer(m.ticket, "000000"))
        assert sdk.accounts.move(secret, ADDRESS, language="en").code is None
    assert len(rows_of(one, "tokens")) == before  # what is asked for in vain does not prolong it
    open_sdk.clock.advance(15 * MINUTE)
    assert one.accounts.challenge(ADDRESS, language="en").code


def test_nobody_is_locked_out_by_others_asking(sdk: EmoConsent) -> None:
    """The links in the mails that somebody else asked for let the mailbox's owner in; each makes room for one."""
    reached(sdk, "c1")
    sent = [sdk.accounts.challenge(ADDRESS, language="en") for _ in range(3)]
    assert sdk.accounts.challenge(ADDRESS, language="en").code is None
    assert sdk.accounts.redeem(sent[0].link or "")
    assert sdk.accounts.challenge(ADDRESS, language="en").code


def test_the_limit_tells_nothing_of_who_is_known(sdk: EmoConsent) -> None:
    """An address of nobody is counted alike: as many rows, and none from the fourth on."""
    reached(sdk, "c1")
    grown = []
    for address in (ADDRESS, "nobody@example.org"):
        before, counts = len(rows_of(sdk, "tokens")), []
        for _ in range(5):
            sdk.accounts.challenge(address, language="en")
            counts.append(len(rows_of(sdk, "tokens")) - before)
        grown.append(counts)
    assert grown == [[2, 4, 6, 6, 6]] * 2


def test_wrong_second_factors_are_counted_for_the_account(open_sdk: OpenStore) -> None:
    """With the password and as many sign-ins as one likes: ten codes, in all processes, then a pause."""
    one, other = open_sdk(), open_sdk()
    member(one)
    secret = enrolled(open_sdk, one)
    for number in range(10):
        sdk = (one, other)[number % 2]
        ticket = sdk.accounts.check_password("agent-7", PASSWORD).ticket
        refused(lambda s=sdk, t=ticket: s.accounts.check_totp(t, "no code"))
    ticket = other.accounts.check_password("agent-7", PASSWORD).ticket
    refused(lambda: other.accounts.check_totp(ticket, code(open_sdk, secret)))
    open_sdk.clock.advance(15 * MINUTE)
    ticket = one.accounts.check_password("agent-7", PASSWORD).ticket
    assert one.accounts.check_totp(ticket, code(open_sdk, secret)).id == "agent-7"
    assert one.audit.verify().findings == ()


def test_the_pause_shuts_nobody_out_for_long(open_sdk: OpenStore) -> None:
    """It begins with the first wrong code, is not prolonged by more, and a new password ends it at once."""
    sdk = open_sdk()
    member(sdk)
    member(sdk, "agent-8")
    secret, eight = enrolled(open_sdk, sdk), enrolled(open_sdk, sdk, "agent-8")
    for _ in range(3):
        ticket = sdk.accounts.check_password("agent-7", PASSWORD).ticket
        for _ in range(5):
            refused(lambda t=ticket: sdk.accounts.check_totp(t, "no code"))
    other = sdk.accounts.check_password("agent-8", PASSWORD).ticket
    assert sdk.accounts.check_totp(other, code(open_sdk, eight))
    ticket = sdk.accounts.check_password("agent-7", PASSWORD).ticket
    refused(lambda: sdk.accounts.check_totp(ticket, code(open_sdk, secret)))
    sdk.accounts.set_password("agent-7", PASSWORD + " two", principal=ADMIN)
    ticket = sdk.accounts.check_password("agent-7", PASSWORD + " two").ticket
    assert sdk.accounts.check_totp(ticket, code(open_sdk, secret)).id == "agent-7"

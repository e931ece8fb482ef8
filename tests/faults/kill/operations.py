"""The operations that are killed, what goes before them, and what must hold afterwards.

``look`` runs in a fresh process on the reopened store and yields what is wrong, a line each.
*acked* says whether the killed process had told its caller that it was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from emoconsent import EmoConsent
from emoconsent.errors import NotFound
from emoconsent.vocabulary import Reason
from tests.support.store import ADMIN, CARD, CARE_TEXT, DPO, inference, me, notice

SUBJECT = "customer-42"
Look = Callable[[EmoConsent, str, bool], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Operation:
    """*prepare* and *run* get the store and the subject; one that *opens* is killed from opening on."""

    prepare: Callable[[EmoConsent, str], None]
    run: Callable[[EmoConsent, str], object]
    look: Look
    opens: bool = False


def furnish(sdk: EmoConsent) -> None:
    """A notice in force and an approved recognizer, and somebody else whose data must stay."""
    sdk.notices.publish(notice())
    sdk.recognizers.register("r", modality="text", version="1", provider="p", card=CARD)
    sdk.recognizers.approve("r", principal=ADMIN)
    granted(sdk, "bystander")
    recognize(sdk, "bystander")


def granted(sdk: EmoConsent, subject: str) -> None:
    sdk.consent.grant(subject, notice="shop-care@1", scope=[CARE_TEXT], channel="c", language="en")


def recognize(sdk: EmoConsent, subject: str) -> object:
    return sdk.guard(lambda _text: inference(), recognizer="r", purpose="customer_care")("t", subject=subject)


def with_record(sdk: EmoConsent, subject: str) -> None:
    granted(sdk, subject)
    recognize(sdk, subject)


def records(sdk: EmoConsent, subject: str) -> list[object]:
    return list(sdk.vault.read(subject, principal=me(subject), purpose="subject_access", reason="look"))  # type: ignore[arg-type]


def reason(sdk: EmoConsent, subject: str) -> Reason:
    return sdk.gate.decide(subject, purpose="customer_care", modality="text").reason


def one_of(what: str, found: object, *expected: object) -> Iterator[str]:
    if found not in expected:
        yield f"{what}: {found!r}, expected one of {expected!r}"


def look_grant(sdk: EmoConsent, subject: str, acked: bool) -> Iterator[str]:
    allowed = [Reason.ALLOWED] if acked else [Reason.ALLOWED, Reason.NO_CONSENT]
    found = reason(sdk, subject)
    yield from one_of("after a grant", found, *allowed)
    kinds = [event.kind for event in sdk.consent.history(subject)]
    yield from one_of("events", kinds, ["grant"] if found is Reason.ALLOWED else [])
    granted(sdk, subject)
    yield from one_of("granted again", reason(sdk, subject), Reason.ALLOWED)


def look_withdraw(sdk: EmoConsent, subject: str, acked: bool) -> Iterator[str]:
    allowed = [Reason.WITHDRAWN] if acked else [Reason.WITHDRAWN, Reason.ALLOWED]
    yield from one_of("after a withdrawal", reason(sdk, subject), *allowed)
    sdk.consent.withdraw(subject)
    yield from one_of("withdrawn again", reason(sdk, subject), Reason.WITHDRAWN)


def look_recognition(sdk: EmoConsent, subject: str, acked: bool) -> Iterator[str]:
    yield from one_of("records", len(records(sdk, subject)), *([2] if acked else [1, 2]))
    recognize(sdk, subject)


def correct(sdk: EmoConsent, subject: str) -> object:
    record = records(sdk, subject)[0].id  # type: ignore[attr-defined]
    return sdk.vault.correct(record, principal=me(subject), emotion={"level": "calm"}, comment="no")


def look_correct(sdk: EmoConsent, subject: str, acked: bool) -> Iterator[str]:
    levels = [record.inference.level for record in records(sdk, subject)]  # type: ignore[attr-defined]
    yield from one_of("levels", levels, *([["calm"]] if acked else [["calm"], ["irritable"]]))
    correct(sdk, subject)


def verified_request(sdk: EmoConsent, subject: str) -> None:
    with_record(sdk, subject)
    request = sdk.rights.submit(subject, kind="erasure", regime="gdpr")
    sdk.rights.verify(request.id, evidence="a code by mail")


def fulfil(sdk: EmoConsent, _subject: str) -> object:
    return sdk.rights.fulfil(sdk.rights.list()[-1].id, principal=DPO)


def look_fulfil(sdk: EmoConsent, subject: str, acked: bool) -> Iterator[str]:
    request = sdk.rights.list()[-1]
    announced = any(c.kind == "erase" for c in sdk._parts.restore._closings.entries()[-1:])
    state = ["completed"] if acked else ["completed", "verified"]
    yield from one_of("the request", request.state, *state)
    gone = request.state == "completed"
    if announced and reason(sdk, subject) is not Reason.NO_CONSENT:
        yield "an erasure that was announced left the subject known"
    if gone:
        yield from one_of("after an erasure", reason(sdk, subject), Reason.NO_CONSENT)
        yield from gone_problems(sdk, subject)
    certificate = sdk.rights.fulfil(request.id, principal=DPO).certificate
    again = sdk.rights.fulfil(request.id, principal=DPO).certificate
    yield from one_of("the certificate", again, certificate)
    yield from one_of("erased again", reason(sdk, subject), Reason.NO_CONSENT)
    yield from gone_problems(sdk, subject)


def gone_problems(sdk: EmoConsent, subject: str) -> Iterator[str]:
    try:
        yield f"{len(records(sdk, subject))} records are readable after the erasure"
    except NotFound:
        return


def look_choose(sdk: EmoConsent, subject: str, acked: bool) -> Iterator[str]:
    found = sdk.retention.choice(subject, principal=me(subject))
    yield from one_of("the choice", found, *([7] if acked else [7, None]))
    yield from one_of("records", len(records(sdk, subject)), 1)
    sdk.retention.choose(subject, 7, principal=me(subject))
    yield from one_of("chosen again", sdk.retention.choice(subject, principal=me(subject)), 7)


def look_rotate(sdk: EmoConsent, subject: str, acked: bool) -> Iterator[str]:
    epochs = sdk.keys.status()
    yield from one_of("epochs", len(epochs), *([2] if acked else [1, 2]))
    yield from one_of("active epochs", [e.state for e in epochs][-1], "active")
    yield from one_of("left under old epochs", sum(e.keys + e.subjects for e in epochs[:-1]), 0)
    yield from one_of("after a rotation", reason(sdk, subject), Reason.ALLOWED)
    yield from one_of("records", len(records(sdk, subject)), 1)
    number = sdk.keys.rotate()
    yield from one_of("destroyed", sdk.keys.destroy_epoch(number - 1).state, "destroyed")
    yield from one_of("records", len(records(sdk, subject)), 1)


def certified_and_rotated(sdk: EmoConsent, subject: str) -> None:
    verified_request(sdk, subject)
    fulfil(sdk, subject)
    sdk.keys.rotate()


def look_destroy(sdk: EmoConsent, _subject: str, acked: bool) -> Iterator[str]:
    state = sdk.keys.status()[0].state
    yield from one_of("epoch 1", state, *(["destroyed"] if acked else ["destroyed", "retired"]))
    request = sdk.rights.list()[-1].id
    yield from one_of("certificates", len(sdk.rights.certificates(request)), 2 if state == "destroyed" else 1)
    yield from one_of("destroyed again", sdk.keys.destroy_epoch(1).state, "destroyed")
    yield from one_of("certificates", len(sdk.rights.certificates(request)), 2)


def look_publish(sdk: EmoConsent, subject: str, acked: bool) -> Iterator[str]:
    superseded = Reason.NOTICE_SUPERSEDED
    allowed = [superseded] if acked else [superseded, Reason.ALLOWED]
    yield from one_of("under the first version", reason(sdk, subject), *allowed)
    yield from one_of("published again", sdk.notices.publish(notice("2")).id, "shop-care@2")
    yield from one_of("under the first version", reason(sdk, subject), superseded)
    scope = [CARE_TEXT]
    sdk.consent.grant(subject, notice="shop-care@2", scope=scope, channel="c", language="en")
    yield from one_of("under the second version", reason(sdk, subject), Reason.ALLOWED)


def look_suspend(sdk: EmoConsent, _subject: str, acked: bool) -> Iterator[str]:
    yield from one_of(
        "status", sdk.recognizers.get("r").status, *(["suspended"] if acked else ["suspended", "approved"])
    )
    sdk.recognizers.suspend("r", principal=ADMIN, reason="again")
    yield from one_of("suspended again", sdk.recognizers.get("r").status, "suspended")


def look_create(sdk: EmoConsent, subject: str, _acked: bool) -> Iterator[str]:
    furnish(sdk)
    with_record(sdk, subject)
    yield from one_of("a new store", reason(sdk, subject), Reason.ALLOWED)


def nothing(_sdk: EmoConsent, _subject: str) -> None:
    """Nothing goes before, or is to be done."""


OPERATIONS: dict[str, Operation] = {
    "grant": Operation(nothing, granted, look_grant),
    "withdraw": Operation(granted, lambda sdk, s: sdk.consent.withdraw(s), look_withdraw),
    "recognition": Operation(with_record, recognize, look_recognition),
    "correct": Operation(with_record, correct, look_correct),
    "fulfil": Operation(verified_request, fulfil, look_fulfil),
    "rotate": Operation(with_record, lambda sdk, _: sdk.keys.rotate(), look_rotate),
    "destroy_epoch": Operation(certified_and_rotated, lambda sdk, _: sdk.keys.destroy_epoch(1), look_destroy),
    "publish": Operation(granted, lambda sdk, _: sdk.notices.publish(notice("2")), look_publish),
    "suspend": Operation(
        granted, lambda sdk, _: sdk.recognizers.suspend("r", principal=ADMIN, reason="x"), look_suspend
    ),
    "choose": Operation(with_record, lambda sdk, s: sdk.retention.choose(s, 7, principal=me(s)), look_choose),
    "create": Operation(nothing, nothing, look_create, opens=True),
}

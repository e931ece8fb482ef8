"""Which recipients a request concerns: those that may have received something, by what was agreed to."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from emoconsent.consent.events import EventKind
from emoconsent.consent.ledger import Ledger
from emoconsent.errors import Unavailable
from emoconsent.rights.ports import RightsTransaction
from emoconsent.rights.recipients.outbox import Outbox
from emoconsent.rights.recipients.task import Action
from emoconsent.rights.request import RequestKind

#: What recipients are told when a request of the kind was fulfilled. GDPR art. 19; PIPL art. 47.
ACTIONS: Final = {
    RequestKind.ERASURE: Action.ERASURE,
    RequestKind.RECTIFICATION: Action.RECTIFICATION,
    RequestKind.RESTRICTION: Action.RESTRICTION,
    RequestKind.OBJECTION: Action.OBJECTION,
}


def concerned(
    tx: RightsTransaction, ledger: Ledger, outbox: Outbox, subject_ref: bytes | None
) -> Sequence[str]:
    """The recipients for whose purposes the subject ever agreed; none, if nothing is known of them."""
    known = None
    with suppress(Unavailable):  # a restored row whose keys are gone: recipients were told back then
        known = ledger.get(tx, subject_ref) if subject_ref is not None else None
    if known is None:
        return ()
    granted = (event for event in ledger.events(tx, known) if event.kind is EventKind.GRANT)
    return outbox.concerned(tx, {purpose for event in granted for purpose, _ in event.scope or ()})

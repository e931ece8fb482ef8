"""The end of a request whose recipients were told: its state, and what its certificate gains."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from emoconsent.audit.entry import EventTag
from emoconsent.clock import from_micros
from emoconsent.consent.ledger import Ledger
from emoconsent.rights.certificate import recipients_addendum
from emoconsent.rights.ending import ending, key_goes
from emoconsent.rights.issuing import issue
from emoconsent.rights.ports import RequestRow, RightsTransaction
from emoconsent.rights.recipients.ports import TaskRow
from emoconsent.rights.recipients.task import TaskState
from emoconsent.rights.request import RequestState, request_mac, step
from emoconsent.rights.steps import checked_steps
from emoconsent.vault.keyring import Keyring


@dataclass(frozen=True, slots=True)
class RequestCloser:
    """Ends requests, each in the transaction that ended its last task."""

    ledger: Ledger
    keyring: Keyring
    sandbox: bool

    def __call__(self, tx: RightsTransaction, request: RequestRow, tasks: Sequence[TaskRow]) -> bool:
        """*request* ends as its *tasks* did: completed, or only partially. Whether nobody needs its key."""
        partial = self._partial(tx, request) or any(task.state != TaskState.DONE for task in tasks)
        state = step(RequestState(request.state), ending(partial=partial, told=False))
        entry_id = secrets.token_bytes(16)
        row = replace(request, state=state.value, finished_at=tx.now(), entry_id=entry_id)
        row = replace(row, mac=request_mac(self.ledger.mac, row))
        tx.requests.put(row)
        facts = {"request": bytes(row.request_id).hex(), "kind": row.kind, "regime": row.regime}
        self.ledger.scribe.write(
            tx.log, entry_id, EventTag.RIGHTS_FULFIL, tx.now(), facts=facts, effects=(row.mac,)
        )
        self._certify(tx, request, tasks)
        known = row.subject_ref is not None and tx.subjects.by_ref(row.subject_ref) is not None
        return key_goes(row, known=known)

    def _partial(self, tx: RightsTransaction, request: RequestRow) -> bool:
        """Whether something that was asked for could not be done here, before anybody was told."""
        steps = checked_steps(tx, self.ledger.mac, request.request_id)
        return any(json.loads(one.detail).get("partial") is True for one in steps)

    def _certify(self, tx: RightsTransaction, request: RequestRow, tasks: Sequence[TaskRow]) -> None:
        """An addendum says who confirmed, and when; what was not confirmed, it names as such."""
        first = next(iter(tx.certificates.of(request.request_id)), None)
        if first is None:
            return  # no erasure
        told = [(task.recipient, task.state, from_micros(task.changed_at)) for task in tasks]
        document = recipients_addendum(
            str(uuid.uuid4()), bytes(request.request_id).hex(), told, sandbox=self.sandbox
        )
        issue(tx, self.ledger, self.keyring, request.request_id, document, first.epoch)

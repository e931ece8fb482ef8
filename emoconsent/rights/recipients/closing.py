"""The end of a request whose recipients were told: its state, and what its certificate gains."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from emoconsent.clock import from_micros
from emoconsent.consent.ledger import Ledger
from emoconsent.rights.certificate import recipients_addendum
from emoconsent.rights.issuing import issue
from emoconsent.rights.ports import RequestRow, RightsTransaction
from emoconsent.rights.recipients.ports import TaskRow
from emoconsent.rights.recipients.task import TaskState
from emoconsent.rights.request import RequestState, request_mac, step
from emoconsent.vault.keyring import Keyring


@dataclass(frozen=True, slots=True)
class RequestCloser:
    """Ends requests, each in the transaction that ended its last task."""

    ledger: Ledger
    keyring: Keyring
    sandbox: bool

    def __call__(self, tx: RightsTransaction, request: RequestRow, tasks: Sequence[TaskRow]) -> None:
        """*request* ends as its *tasks* did: completed, or only partially."""
        confirmed = all(task.state == TaskState.DONE for task in tasks)
        to = RequestState.COMPLETED if confirmed else RequestState.PARTIALLY_COMPLETED
        state = step(RequestState(request.state), to)
        row = replace(request, state=state.value, finished_at=tx.now())
        tx.requests.put(replace(row, mac=request_mac(self.ledger.mac, row)))
        self._certify(tx, request, tasks)

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

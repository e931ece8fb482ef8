"""Rights requests: taken, verified, handled, held, fulfilled; and the passes that go over all of them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from emoconsent.access.permissions import Permission
from emoconsent.access.principal import Principal
from emoconsent.consent.identifier import check_identifier
from emoconsent.errors import Unavailable
from emoconsent.rights import intents
from emoconsent.rights.desk import raw_id
from emoconsent.rights.ending import key_goes
from emoconsent.rights.erasure import KIND as ERASURE
from emoconsent.rights.erasure import Plan
from emoconsent.rights.fulfilment import Fulfilment
from emoconsent.rights.handling import Handling
from emoconsent.rights.ports import RequestRow, RightsTransaction
from emoconsent.rights.request import RightsRequest
from emoconsent.rights.taking import Taking
from emoconsent.twins import AsyncTwins


class Rights(Taking, Handling, Fulfilment, AsyncTwins):
    """Requests of subjects, and their fulfilment."""

    def of(self, subject: str, *, principal: Principal) -> list[RightsRequest]:
        """The requests about *subject*, oldest first, for the subject, the guardian or the DPO.

        Raises:
            AccessDenied: the principal is somebody else. Unknown subjects answer alike.
        """
        ref = self._may(principal, Permission.READ_REQUESTS, check_identifier(subject))
        with self._s.database.read() as tx:
            rows = tx.requests.of(ref) if ref is not None else []
            found = self._viewing.all(tx, [self._authentic(row) for row in rows])
        # Who of the office has it is the office's affair.
        return [replace(one, assigned=None) for one in found]

    def get(self, request_id: str) -> RightsRequest:
        """A request's state; of no other request is anything said. Raises NotFound."""
        return self._shown(raw_id(request_id))

    def list(self, *, state: str | None = None, late_first: bool = False) -> list[RightsRequest]:
        """All requests, oldest first. Of what is finished the scope is not shown.

        Args:
            state: only those in this state.
            late_first: what is open first, by when it is due; then what is finished, oldest first.

        Raises:
            Unavailable: one of them was altered.
        """
        with self._s.database.read() as tx:
            rows = [self._authentic(row) for row in tx.requests.list()]
            found = self._viewing.everything(tx, rows)
        if state is not None:
            found = [one for one in found if one.state == state]
        if late_first:
            found.sort(key=lambda one: (not one.open, (one.due_at if one.open else None) or one.submitted_at))
        return found

    def plan(self, subject: str) -> Plan | None:
        """What an erasure of *subject* would delete; None if nothing is known. Changes nothing."""
        check_identifier(subject)
        with self._s.database.read() as tx:
            known = self._s.ledger.find(tx, subject)
            return self.erasure.plan(tx, known) if known else None

    def finish_open(self, *, timeout: float = 1.0) -> int:
        """Finish the erasures that a crash or a restore left open; how many.

        One that waits for a call in another process stays open, and fenced. Keys of requests that
        nobody may read any more go, too: a crash or an older key store may have left them.
        """
        with self._s.database.read() as tx:
            rows = [r for r in intents.still_open(tx, self._s.ledger.mac) if r.kind == ERASURE]
            over = {bytes(r.request_id) for r in tx.requests.list() if self._over(tx, r)}
        for owner in over.intersection(map(bytes, self._s.keyring.store.owners())):
            self._s.keyring.destroy(owner)
        done = 0
        for row in rows:
            with suppress(Unavailable):
                self.erasure.resume(row, timeout=timeout)
                done += 1
        return done

    def _over(self, tx: RightsTransaction, row: RequestRow) -> bool:
        known = row.subject_ref is not None and tx.subjects.by_ref(row.subject_ref) is not None
        return key_goes(row, known=known)

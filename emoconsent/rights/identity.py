"""Proof of who asked: asked for, recorded, or never come. Each request's is its own."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

from emoconsent.access.permissions import Permission
from emoconsent.access.principal import Principal
from emoconsent.accounts.contacts import opened
from emoconsent.accounts.values import Contact
from emoconsent.audit.entry import EventTag
from emoconsent.consent.identifier import check_text
from emoconsent.errors import InvalidInput, RightsError, Unavailable
from emoconsent.rights.desk import Desk, Note, raw_id
from emoconsent.rights.request import (
    UNPROVEN,
    RequestState,
    RightsRequest,
    content_of,
    seal_content,
    step,
)
from emoconsent.rights.steps import StepKind, checked_steps

#: How long proof of identity is waited for once it was asked for.
PROOF_WITHIN: Final = timedelta(days=30)


class Identity(Desk):
    """Who asked is proven before anything is done."""

    def ask_proof(self, request_id: str, *, principal: Principal, text: str = "") -> RightsRequest:
        """Ask the person for proof of who they are; the request waits for it, and the clock runs on.

        Args:
            text: what is needed, in words; sealed, and shown to whoever asked.

        Raises:
            AccessDenied: not by this principal.
            RightsError: it is verified already, or finished.
        """
        check_text(text, name="text", limit=2000)
        raw = raw_id(request_id)
        self._permitted(raw, principal, Permission.VERIFY_REQUEST)
        with self._s.database.write() as tx:
            row = self._checked(tx, raw, lock=True)
            state = step(RequestState(row.state), RequestState.VERIFYING)
            note = Note(StepKind.PROOF_ASKED, {}, {"text": text} if text else {})
            self._put(tx, replace(row, state=state), EventTag.RIGHTS_STEP, principal, note)
        self._s.committed()
        return self._shown(raw)

    def verify(self, request_id: str, *, evidence: str, principal: Principal | None = None) -> RightsRequest:
        """Record how the requester's identity was verified; the evidence is sealed.

        Args:
            principal: who verified it; stated, it must be the DPO. Without one the host speaks.

        Raises:
            AccessDenied: not by this principal.
            RightsError: the request does not wait for verification.
        """
        check_text(evidence, name="evidence", limit=2000)
        if not evidence.strip():
            raise InvalidInput(["evidence: how was the identity verified?"])
        raw = raw_id(request_id)
        if principal is not None:
            self._for_office(raw, principal, Permission.VERIFY_REQUEST)
        with self._s.database.write() as tx:
            row = self._checked(tx, raw, lock=True)
            if row.state not in UNPROVEN:  # what is on hold may become verified again, but not by this
                raise RightsError(f"the request is {row.state}; it does not wait for verification")
            state = step(RequestState(row.state), RequestState.VERIFIED)
            keys = self._s.keyring.open(raw)
            sealed = seal_content(keys, content_of(keys, row) | {"evidence": evidence})
            row = replace(row, state=state, sealed=sealed, entry_id=secrets.token_bytes(16))
            self._put(tx, row, EventTag.RIGHTS_VERIFY, principal)
        self._s.committed()
        return self._shown(raw)

    def evidence(self, request_id: str, *, principal: Principal) -> str | None:
        """How the requester's identity was verified; None if it was not, or nobody knows any more.

        Raises:
            AccessDenied: not by this principal.
        """
        row = self._for_office(raw_id(request_id), principal, Permission.VERIFY_REQUEST)
        found: str | None = self._content(row).get("evidence")
        return found

    def contact(self, request_id: str, *, principal: Principal) -> Contact | None:
        """Where whoever the request is about is reached, by what is known of them and not by who asked.

        Raises:
            AccessDenied: not by this principal.
        """
        row = self._for_office(raw_id(request_id), principal, Permission.VERIFY_REQUEST)
        with self._s.database.read() as tx, suppress(Unavailable):  # nobody knows any more who it was
            ref = self._asking.subject(tx, row)
            found = tx.contacts.get(ref) if ref is not None else None
            if ref is not None and found is not None:
                return opened(self._s.ledger.mac, self._s.keyring.open(ref), found)
        return None

    def expire_unproven(self) -> int:
        """End the requests whose proof of identity was asked for and did not come; how many.

        For a worker's pass. One that nobody of the office has looked at is late, and never ends so.
        """
        with self._s.database.read() as tx:
            waiting = [row.request_id for row in tx.requests.list() if row.state == RequestState.VERIFYING]
        return sum(self._expire(bytes(raw)) for raw in waiting)

    def _expire(self, raw: bytes) -> bool:
        with self._s.database.write() as tx:
            row = self._checked(tx, raw, lock=True)
            taken = checked_steps(tx, self._s.ledger.mac, raw)
            asked = max((s.at for s in taken if s.kind == StepKind.PROOF_ASKED), default=tx.now())
            over = tx.now() - asked > PROOF_WITHIN / timedelta(microseconds=1)
            if row.state != RequestState.VERIFYING or not over:
                return False
            row = replace(row, state=RequestState.EXPIRED, finished_at=tx.now())
            self._put(tx, row, EventTag.RIGHTS_EXPIRE, None, Note(StepKind.EXPIRED, {}, {}))
        self._s.committed()
        self._s.keyring.destroy(raw)  # nobody proved to be who asked; nobody needs to know who it was
        return True

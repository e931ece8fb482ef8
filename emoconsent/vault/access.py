"""How a principal stands to a subject at this moment, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from emoconsent.access.permissions import Permission, Relation, authorize
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import decode
from emoconsent.consent.guardianship import Guardians
from emoconsent.consent.identifier import check_identifier
from emoconsent.consent.ledger import Ledger, Subject
from emoconsent.consent.status import restriction
from emoconsent.twins import AsyncTwins
from emoconsent.vault.cases import BREAK_GLASS, CASE, Case, Cases, OpenCase
from emoconsent.vault.disclosure import LogLine, disclose
from emoconsent.vault.keyring import Keyring
from emoconsent.vault.ports import VaultDatabase, VaultTransaction
from emoconsent.vocabulary import Role


class Requests(Protocol):
    """What has to be known of a subject's rights requests."""

    def under_request(self, tx: Any, subject_ref: bytes) -> bool:
        """Whether a verified, unfinished one exists."""

    def unfinished(self, tx: Any, subject_ref: bytes) -> bool:
        """Whether one is neither fulfilled nor cancelled."""


class Access(AsyncTwins):
    """Opens cases and tells which relations hold at this moment."""

    def __init__(
        self,
        database: VaultDatabase,
        ledger: Ledger,
        keyring: Keyring,
        committed: Callable[[], None],
        guardians: Guardians,
        requests: Requests,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._keyring = keyring
        self._guardians = guardians
        self._requests = requests
        self._cases = Cases(database, ledger, keyring, committed)

    def open_case(self, subject: str, *, principal: Principal, reason: str, hours: float = 8) -> Case:
        """Open a case of *subject* for an agent. It shows in the subject's own log.

        Args:
            hours: until it ends by itself; at most 72.

        Raises:
            AccessDenied: the principal is no agent.
            NotFound: nothing is known of that subject.
        """
        authorize(principal, Permission.OPEN_CASE)
        return self._cases.open(subject, CASE, principal, reason, hours)

    def break_glass(self, subject: str, *, principal: Principal, reason: str, hours: float = 1) -> Case:
        """Let a data protection officer read without a request, in an emergency, for a while.

        The subject sees it in their own log at once, with the reason as stated.
        """
        authorize(principal, Permission.BREAK_GLASS)
        return self._cases.open(subject, BREAK_GLASS, principal, reason, hours)

    def cases(self, *, principal: Principal) -> list[OpenCase]:
        """The agent's own open cases (the DPO's own broken glasses), oldest first.

        Raises:
            AccessDenied: the principal's role opens neither.
        """
        return self._cases.of(principal, _kind(principal))

    def close_case(self, case_id: str, *, principal: Principal) -> None:
        """End a case (or a broken glass) of one's own before its time. The subject sees it.

        Raises:
            AccessDenied: the principal's role opens neither.
            NotFound: no such open case, or somebody else's: the two look alike.
        """
        self._cases.close(case_id, principal, _kind(principal))

    def alias(self, staff_id: str) -> str:
        """The stable alias under which subjects' logs show this member of staff."""
        return self._keyring.keyed("alias", staff_id).hex()[:8]

    def log(self, subject: str, *, principal: Principal) -> list[LogLine]:
        """Everything in the log that concerns *subject*, oldest first: for subject or guardian alone.

        Raises:
            AccessDenied: the principal is somebody else. Unknown subjects answer alike.
        """
        check_identifier(subject)
        with self._database.read() as tx:
            known = self._ledger.find(tx, subject)
            related = self._guardians.relations(tx, known, subject, principal)
            authorize(principal, Permission.READ_OWN_LOG, relations=related)
            if known is None:
                return []
            entries = [decode(stored.leaf) for stored in tx.log.linked(known.row.subject_ref)]
        return disclose(entries, self._keyring.open(known.row.subject_ref), self.alias)

    def relations(
        self, tx: VaultTransaction, known: Subject, handle: str, principal: Principal
    ) -> set[Relation]:
        """How *principal* stands to the subject known as *handle*, now."""
        found, ref = self._guardians.relations(tx, known, handle, principal), known.row.subject_ref
        if principal.role not in (Role.AGENT, Role.DPO):
            return found
        opened = self._cases.opened_by(tx, ref, principal)
        if principal.role is Role.AGENT and CASE in opened:
            found.add(Relation.CASE)
        if principal.role is Role.DPO and BREAK_GLASS in opened:
            found.add(Relation.BREAK_GLASS)
        if principal.role is Role.DPO and self._requests.under_request(tx, ref):
            found.add(Relation.REQUEST)
        return found

    def closed_to_staff(self, tx: VaultTransaction, known: Subject) -> bool:
        """Whether the subject waits for an erasure and has restricted processing meanwhile."""
        events = self._ledger.events(tx, known, private=False)
        return restriction(events) is not None and self._requests.unfinished(tx, known.row.subject_ref)


def _kind(principal: Principal) -> str:
    if principal.role is Role.DPO:
        authorize(principal, Permission.BREAK_GLASS)
        return BREAK_GLASS
    authorize(principal, Permission.OPEN_CASE)
    return CASE

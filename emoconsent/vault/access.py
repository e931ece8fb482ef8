"""How a principal stands to a subject at this moment, and what follows from it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

from emoconsent.access.permissions import Permission, Relation, authorize
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag, decode
from emoconsent.consent.guardianship import Guardians
from emoconsent.consent.identifier import check_identifier
from emoconsent.consent.ledger import Subject
from emoconsent.consent.status import restriction
from emoconsent.errors import InvalidInput
from emoconsent.twins import AsyncTwins
from emoconsent.vault.cases import BREAK_GLASS, CASE, Case, Cases, OpenCase, check_opening
from emoconsent.vault.disclosure import LogLine, disclose
from emoconsent.vault.ports import VaultTransaction
from emoconsent.vault.presence import Presence, Present
from emoconsent.vault.refusals import Refusals
from emoconsent.vocabulary import Role

_ENTRY_ID: Final = 16  # bytes
MAX_PAGE: Final = 500


class Requests(Protocol):
    """What has to be known of a subject's rights requests."""

    def under_request(self, tx: Any, subject_ref: bytes) -> bool:
        """Whether a verified, unfinished one exists."""

    def erasure_waits(self, tx: Any, subject_ref: bytes) -> bool:
        """Whether one is for erasure, and not finished."""


class Access(AsyncTwins):
    """Opens cases and tells which relations hold at this moment."""

    def __init__(
        self,
        presence: Presence,
        refusals: Refusals,
        guardians: Guardians,
        requests: Requests,
    ) -> None:
        self._presence = presence
        self._ledger = presence.ledger
        self._refusals = refusals
        self._guardians = guardians
        self._requests = requests
        self._cases = Cases(presence, refusals.committed)

    def open_case(self, subject: str, *, principal: Principal, reason: str, hours: float = 8) -> Case:
        """Open a case of *subject* for an agent. It shows in the subject's own log.

        Args:
            hours: until it ends by itself; at most 72.

        Raises:
            AccessDenied: the principal is no agent.
            NotFound: nothing is known of that subject.
        """
        return self._open(CASE, Permission.OPEN_CASE, subject, principal, reason, hours)

    def break_glass(self, subject: str, *, principal: Principal, reason: str, hours: float = 1) -> Case:
        """Let a data protection officer read without a request, in an emergency, for a while.

        The subject sees it in their own log at once, with the reason as stated.
        """
        return self._open(BREAK_GLASS, Permission.BREAK_GLASS, subject, principal, reason, hours)

    def _open(
        self,
        kind: str,
        permission: Permission,
        subject: str,
        principal: Principal,
        reason: str,
        hours: float,
    ) -> Case:
        check_opening(subject, reason, hours)
        with self._refusals.logged(principal, permission, subject=subject, reason=reason):
            authorize(principal, permission)
        return self._cases.open(subject, kind, principal, reason, hours)

    def cases(self, *, principal: Principal) -> list[OpenCase]:
        """The agent's own open cases (the DPO's own broken glasses), oldest first.

        Raises:
            AccessDenied: the principal's role opens neither.
        """
        return self._cases.of(principal, self._kind(principal))

    def close_case(self, case_id: str, *, principal: Principal) -> None:
        """End a case (or a broken glass) of one's own before its time. The subject sees it.

        Raises:
            AccessDenied: the principal's role opens neither.
            NotFound: no such open case, or somebody else's: the two look alike.
        """
        self._cases.close(case_id, principal, self._kind(principal))

    def _kind(self, principal: Principal) -> str:
        """What the principal's role may open."""
        officer = principal.role is Role.DPO
        permission = Permission.BREAK_GLASS if officer else Permission.OPEN_CASE
        with self._refusals.logged(principal, permission):
            authorize(principal, permission)
        return BREAK_GLASS if officer else CASE

    def alias(self, staff_id: str) -> str:
        """The stable alias under which subjects' logs show this member of staff."""
        return self._presence.keyring.keyed("alias", staff_id).hex()[:8]

    def log(self, subject: str, *, principal: Principal) -> list[LogLine]:
        """Everything in the log that concerns *subject*, oldest first: for subject or guardian alone.

        Raises:
            AccessDenied: the principal is somebody else. Unknown subjects answer alike.
        """
        with self._own_log(subject, principal) as present:
            if present is None:
                return []
            entries = [decode(stored.leaf) for stored in present.tx.log.linked(present.keys.ref)]
            return disclose(entries, present.keys, self.alias)

    def log_page(
        self,
        subject: str,
        *,
        principal: Principal,
        tags: Collection[str],
        before: str | None = None,
        limit: int = 50,
    ) -> list[LogLine]:
        """Up to *limit* lines of ``log`` whose tag is one of *tags*, newest first.

        Args:
            before: ``entry`` of the last line of the page before.

        Raises:
            AccessDenied: as for ``log``.
            InvalidInput: the limit is not from 1 to 500, or *before* is no entry's id.
        """
        place = _page_problems(before, limit)
        wanted = [EventTag(tag).value for tag in tags]
        with self._own_log(subject, principal) as present:
            if present is None:
                return []
            stored = present.tx.log.linked_page(present.keys.ref, wanted, place, limit)
            return disclose(map(decode, (entry.leaf for entry in stored)), present.keys, self.alias)

    @contextmanager
    def _own_log(self, subject: str, principal: Principal) -> Iterator[Present | None]:
        """The subject, for whoever may read their log; None for somebody unknown who asks for themselves."""
        ref = self._presence.find(check_identifier(subject))
        with self._refusals.logged(principal, Permission.READ_OWN_LOG) as door:
            door.about = ref
            if ref is None:
                authorize(principal, Permission.READ_OWN_LOG, relations=to_unknown(subject, principal))
                yield None
                return
            with self._presence.reading(ref) as present:
                related = self._guardians.relations(present.tx, present.known, subject, principal)
                authorize(principal, Permission.READ_OWN_LOG, relations=related)
                yield present

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
        return restriction(events) is not None and self._requests.erasure_waits(tx, known.row.subject_ref)


def to_unknown(subject: str, principal: Principal) -> set[Relation]:
    """How *principal* stands to a subject of whom nothing is known: as the subject, or not at all."""
    own = principal.role is Role.SUBJECT and principal.id == subject
    return {Relation.SELF} if own else set()


def _page_problems(before: str | None, limit: int) -> bytes | None:
    """The entry that *before* names. Raises InvalidInput."""
    problems = []
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_PAGE:
        problems.append(f"limit: a whole number from 1 to {MAX_PAGE}")
    try:
        place = bytes.fromhex(before) if before is not None else None
    except (ValueError, TypeError):
        place = b""
    if place is not None and len(place) != _ENTRY_ID:
        problems.append("before: the id of a log entry")
    if problems:
        raise InvalidInput(problems)
    return place

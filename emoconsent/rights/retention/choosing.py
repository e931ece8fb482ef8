"""The subject's own choice of how long to keep, as an act: durable, and surviving a restore if shorter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emoconsent.access.permissions import Permission, authorize
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag
from emoconsent.consent.closing import Closer
from emoconsent.consent.events import EventKind
from emoconsent.consent.guardianship import Guardians
from emoconsent.consent.identifier import check_identifier
from emoconsent.consent.keeping import check_days, choice
from emoconsent.consent.ledger import Ledger, NewEvent, Subject
from emoconsent.consent.registry import refuse_being_erased
from emoconsent.errors import NotFound
from emoconsent.rights.ports import RightsDatabase, RightsTransaction
from emoconsent.rights.retention.warning import Ending, Warnings
from emoconsent.vault.presence import Presence
from emoconsent.vault.refusals import Refusals


@dataclass(frozen=True, slots=True)
class Choosing:
    """Takes choices of subjects and guardians, and tells them what they chose."""

    database: RightsDatabase
    ledger: Ledger
    guardians: Guardians
    refusals: Refusals
    presence: Presence
    closer: Closer
    committed: Callable[[], None]

    def choice(self, subject: str, principal: Principal) -> int | None:
        """At most how many days the subject's records are kept; None: as the notice says."""
        self._may(check_identifier(subject), principal)
        with self.database.read() as tx:
            known = self.ledger.find(tx, subject)
            return choice(self.ledger.events(tx, known)) if known is not None else None

    def endings(self, subject: str, principal: Principal, warnings: Warnings) -> list[Ending]:
        """What of the subject's will be deleted with a consent; nothing of whom nobody knows."""
        self._may(check_identifier(subject), principal)
        ref = self.presence.find(subject)
        if ref is None:
            return []
        try:
            with self.presence.reading(ref) as present:
                return warnings.endings(present)
        except NotFound:
            return []  # erased since

    def choose(self, subject: str, days: int | None, principal: Principal) -> None:
        """Keep no longer than *days*. A choice made already is made once; see ``Retention.choose``."""
        wanted = check_days(days)
        self._may(check_identifier(subject), principal)
        self.closer.catch_up()
        self._record(subject, wanted, principal)

    def _may(self, subject: str, principal: Principal) -> None:
        permission = Permission.CHOOSE_RETENTION
        with (
            self.refusals.logged(principal, permission, subject=subject),
            self.database.read() as tx,
        ):
            known = self.ledger.find(tx, subject)
            related = self.guardians.relations(tx, known, subject, principal)
            authorize(principal, permission, relations=related)

    def _record(self, subject: str, days: int | None, principal: Principal) -> None:
        with self.database.write() as tx:
            known = self.ledger.find(tx, subject, lock=True)
            if known is None and days is None:
                return  # nobody is made known for a choice of nothing
            known, fresh = self.ledger.enrol(tx, subject)
            try:
                changed = self._append(tx, known, days, principal, subject)
            except BaseException:
                if fresh is not None:
                    self.ledger.custody.discard(fresh)
                raise
        if fresh is not None:
            self.ledger.custody.confirm(fresh)
        if changed:
            self.committed()

    def _append(
        self, tx: RightsTransaction, known: Subject, days: int | None, principal: Principal, subject: str
    ) -> bool:
        """The event; a shorter choice is announced first, as everything that a restore must not undo."""
        refuse_being_erased(tx, known)
        before, closing = choice(self.ledger.events(tx, known)), None
        if before == days:
            return False
        ref, stated = known.row.subject_ref, None if days is None else str(days)
        if days is not None and (before is None or days < before):
            closing = self.closer.closings.announce(EventKind.KEEP, ref, None, stated)
        by = principal.id if principal.id != subject else None
        private = {"days": stated, "given_by": by}
        new = NewEvent(EventKind.KEEP, EventTag.CONSENT_KEEP, private=private, role=principal.role)
        self.ledger.append(tx, known, new)
        if closing is not None:
            self.closer.mark(tx, closing)
        return True

"""Copies of what is held about a person: begun, made step by step, fetched, dropped."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from emoconsent.access.principal import Principal
from emoconsent.accounts.tokens import Tokens
from emoconsent.audit.entry import EventTag
from emoconsent.consent.identifier import check_identifier
from emoconsent.errors import EmoConsentError, InvalidInput, NotFound
from emoconsent.rights.export.beginning import kept, new_export, require_room
from emoconsent.rights.export.desk import GONE, Desk
from emoconsent.rights.export.fetching import Download, Fetching
from emoconsent.rights.export.making import Making
from emoconsent.rights.export.ports import ExportRow
from emoconsent.rights.export.sets import Export, authenticated, checked, chosen, plan_of, shown
from emoconsent.twins import AsyncTwins

_LOG: Final = logging.getLogger(__name__)
_DROPPED: Final = 20  # parts dropped in one transaction
_SWEPT: Final = 20  # copies looked at in one sweep


@dataclass(frozen=True, slots=True)
class ExportServices:
    """What exports work with, put together once by the composition root."""

    desk: Desk
    making: Making
    tokens: Tokens
    committed: Callable[[], None]


class Exports(AsyncTwins):
    """Copies of what is held about a person. Thread- and process-safe.

    A copy is a ZIP archive, kept in sealed parts under the subject's key for seven days. An erasure ends it;
    a withdrawal does not: who stops the analysis may still want to see what there was.
    """

    def __init__(self, services: ExportServices) -> None:
        self._s = services
        self._database, self._mac = services.desk.database, services.desk.ledger.mac
        self._fetching = Fetching(services.desk, services.making, services.tokens, self._found)

    def begin(self, subject: str, *, principal: Principal, sets: Iterable[str] | None = None) -> Export:
        """Begin a copy. Nothing is in it yet: ``advance`` or ``finish`` make it.

        Args:
            principal: the subject, the guardian, or the data protection officer while a verified request for
                access or portability is open.
            sets: names of ``ExportSet``; None for all.

        Raises:
            AccessDenied: not by this principal; unknown subjects answer alike.
            InvalidInput: no set, or one that there is not.
            NotFound: nothing is known of the principal, who asked for themselves.
            RightsError: one is being made, or ``beginning.MOST`` are kept.
        """
        picked = chosen(sets)
        with suppress(EmoConsentError):  # housekeeping must not cost anybody their copy
            self.sweep()
        with self._s.desk.subject(check_identifier(subject), principal) as admitted:
            tx, present = admitted.tx, admitted.present
            require_room(kept(tx, present, self._mac))
            row, plan = new_export(
                tx, present, self._mac, picked, actor=principal.id, request=admitted.request
            )
            tx.exports.put(row)
            facts = {"sets": ",".join(picked)}
            self._s.desk.log(admitted, EventTag.EXPORT_MAKE, principal, row, facts, (row.mac,))
        self._s.committed()
        return shown(row, plan)

    def advance(self, export_id: str, *, parts: int = 1) -> Export:
        """Make up to *parts* more parts, each in transactions of its own. Killed anywhere, it goes on.

        Raises:
            InvalidInput: *parts* is no number above 0.
            NotFound: there is no such copy, or it was dropped or erased.
        """
        if isinstance(parts, bool) or not isinstance(parts, int) or parts < 1:
            raise InvalidInput(["parts: a whole number from 1"])
        raw = _raw(export_id)
        for _ in range(parts):
            if not self._s.making.step(raw):
                break
        return self._shown(raw)

    def finish(self, export_id: str, *, tell: Callable[[Export], object] | None = None) -> Export:
        """``advance`` until it is ready; *tell* hears of each part made."""
        while not (export := self.advance(export_id)).ready:
            if tell is not None:
                tell(export)
        return export

    def work(self, *, parts: int = 1) -> int:
        """Make up to *parts* more parts of each copy that is being made; how many go on being made.

        A duty of the worker, beside ``sweep``. One that cannot go on holds up none of the others.
        """
        with self._database.read() as tx:
            running = [bytes(row.export_id).hex() for row in tx.exports.running()]
        left = 0
        for export_id in running:
            try:
                left += not self.advance(export_id, parts=parts).ready
            except NotFound:
                continue  # over, or erased meanwhile
            except EmoConsentError as error:
                _LOG.warning("emoconsent: a copy cannot be gone on with: %s", type(error).__name__)
                left += 1
        return left

    def progress(self, export_id: str, *, principal: Principal) -> Export:
        """How far a copy is. Raises AccessDenied or NotFound for others than may fetch it."""
        with self._s.desk.export(self._found(export_id), principal) as (_, row, plan):
            return shown(row, plan)

    def of(self, subject: str, *, principal: Principal) -> list[Export]:
        """The copies of a subject that are kept, oldest first. Raises as ``begin`` does."""
        with self._s.desk.subject(check_identifier(subject), principal) as admitted:
            copies = kept(admitted.tx, admitted.present, self._mac)
            return [shown(row, plan) for row, plan in copies]

    def link(self, export_id: str, *, principal: Principal) -> str:
        """A secret for one whole download by *principal*, within 24 hours and while the copy is kept.

        Raises:
            AccessDenied, NotFound: not by this principal, or not any more.
            RightsError: it is not ready.
        """
        return self._fetching.link(export_id, principal)

    def open(self, link: str, *, principal: Principal) -> Download:
        """The download that *link* is for. The log says that it was begun.

        Raises:
            AccessDenied: ``credentials``, alike for a link that is wrong, spent, over, tried too often, or
                somebody else's.
            NotFound: the copy was dropped or erased.
        """
        made = self._fetching.open(link, principal)
        self._s.committed()
        return made

    def discard(self, export_id: str, *, principal: Principal) -> None:
        """Drop a copy, made or being made, before its time. Raises as ``progress`` does."""
        with self._s.desk.export(self._found(export_id), principal) as (admitted, row, _):
            over = replace(row, expires_at=admitted.tx.now())
            admitted.tx.exports.put(authenticated(self._mac, over))
            self._s.desk.log(admitted, EventTag.EXPORT_DISCARD, principal, row, {})
        self._s.committed()
        self._drop(_raw(export_id))

    def sweep(self) -> int:
        """Drop copies whose time is over; how many. A duty of the worker, and done beside ``begin``.

        One whose row was altered stays for ``audit.verify`` to name, and holds up none of the others.
        """
        with self._database.read() as tx:
            over = [bytes(row.export_id) for row in tx.exports.over(tx.now(), _SWEPT)]
        return sum(map(self._swept, over))

    def _swept(self, export_id: bytes) -> bool:
        try:
            self._drop(export_id)
        except EmoConsentError as error:
            _LOG.warning("emoconsent: a copy cannot be dropped: %s", type(error).__name__)
            return False
        return True

    def _drop(self, export_id: bytes) -> None:
        """The last parts first, and the row last: at each moment it says how many parts there are."""
        left: int | None = 1
        while left:
            with self._database.write() as tx:
                row = tx.exports.get(export_id, lock=True)
                if row is None:
                    return
                left = max(0, checked(self._mac, row).parts - _DROPPED)
                tx.export_parts.remove_from(row.subject_ref, row.export_id, left)
                if left:
                    tx.exports.put(authenticated(self._mac, replace(row, parts=left)))
                else:
                    tx.exports.remove(row.subject_ref, row.export_id)

    def _found(self, export_id: str) -> ExportRow:
        with self._database.read() as tx:
            row = tx.exports.get(_raw(export_id))
        if row is None:
            raise NotFound(GONE)
        return checked(self._mac, row)

    def _shown(self, raw: bytes) -> Export:
        with self._database.read() as tx:
            row = tx.exports.get(raw)
        if row is None:
            raise NotFound(GONE)
        with self._s.desk.presence.reading(row.subject_ref) as present:
            return shown(row, plan_of(present.keys, checked(self._mac, row)))


def _raw(export_id: str) -> bytes:
    try:
        return bytes.fromhex(export_id)
    except (ValueError, TypeError):
        raise NotFound(GONE) from None

"""Copies that fulfil a request for access or portability: begun by the request, one a request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from emoconsent.audit.entry import EventTag
from emoconsent.errors import NotFound
from emoconsent.rights.export.beginning import kept, new_export
from emoconsent.rights.export.desk import GONE, Desk
from emoconsent.rights.export.sets import ExportState, checked, chosen


@dataclass(frozen=True, slots=True)
class RequestedExports:
    """Implements ``rights.ports.ExportMaker``. Who fulfils the request was let through there."""

    desk: Desk
    committed: Callable[[], None]

    def begin(self, subject: str, request_id: str, sets: Sequence[str] | None) -> str:
        """Begin a copy for a request; its id. Begun again for the same request: the same one.

        Raises:
            InvalidInput: no set, or one that there is not.
            NotFound: nothing is known of the subject, or an erasure has begun.
        """
        picked, mac = chosen(sets), self.desk.ledger.mac
        ref = self.desk.presence.find(subject)
        if ref is None:
            raise NotFound("nothing is known of that subject")
        with self.desk.presence.within(ref, self.desk.database.write()) as (tx, present):
            tx.subjects.by_ref(ref, lock=True)
            for row, plan in kept(tx, present, mac):
                if plan.request == request_id:
                    return bytes(row.export_id).hex()
            row, plan = new_export(tx, present, mac, picked, actor=None, request=request_id)
            tx.exports.put(row)
            facts = {"export": bytes(row.export_id).hex(), "request": request_id, "sets": ",".join(picked)}
            self.desk.ledger.scribe.write(
                tx.log,
                bytes(row.entry_id),
                EventTag.EXPORT_MAKE,
                tx.now(),
                facts=facts,
                effects=(row.mac,),
                about=present.keys,
            )
        self.committed()
        return bytes(row.export_id).hex()

    def ready(self, export_id: str) -> bool:
        """Whether it is there to be fetched. Raises NotFound."""
        with self.desk.database.read() as tx:
            row = tx.exports.get(bytes.fromhex(export_id))
        if row is None:
            raise NotFound(GONE)
        return checked(self.desk.ledger.mac, row).state == ExportState.READY

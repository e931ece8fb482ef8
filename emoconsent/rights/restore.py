"""After a restore: refuse to serve until everything that was closed is closed again (promise G11)."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from emoconsent.accounts import upkeep
from emoconsent.accounts.api_key_rows import end_restored as end_restored_keys
from emoconsent.audit.entry import EventTag
from emoconsent.audit.log import sequence
from emoconsent.audit.service import Audit
from emoconsent.clock import from_micros
from emoconsent.consent.closing import Closer
from emoconsent.consent.events import EventKind
from emoconsent.consent.ledger import Ledger
from emoconsent.errors import AuditError, Unavailable
from emoconsent.rights import intents
from emoconsent.rights.epochs import Keys
from emoconsent.rights.ports import RightsDatabase
from emoconsent.rights.service import Rights
from emoconsent.vault.closing_list import SignedClosingList
from emoconsent.vault.ports import KeyStore

GENERATION: Final = "log_generation"
_LOG: Final = logging.getLogger("emoconsent")


@dataclass(frozen=True, slots=True)
class Replay:
    """What accepting a restore did."""

    closings_brought_back: int
    closings_replayed: int
    erasures_finished: int


class Restore:
    """Knows whether a store was restored to an earlier state, and closes again what was closed."""

    def __init__(
        self,
        database: RightsDatabase,
        ledger: Ledger,
        store: KeyStore,
        closings: SignedClosingList,
        closer: Closer,
        audit: Audit,
        rights: Rights,
        keys: Keys,
        committed: Callable[[], None],
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._store = store
        self._closings = closings
        self._closer = closer
        self._audit = audit
        self._rights = rights
        self._keys = keys
        self._committed = committed

    def reasons(self) -> list[str]:
        """Why the store must not serve as it is; empty if it may."""
        found = []
        if self._closings.missing_here():
            found.append("the key store is behind the closing list's outside copy")
        with self._database.read() as tx:
            if max(tx.closings.applied(), default=0) > self._closings.last():
                found.append("the key store is behind the data store: it lost closings")
            if set(tx.subjects.epochs()) - {e.epoch for e in self._store.epochs()}:
                found.append("the key store is behind the data store: it lost an epoch")
        behind = self._audit.behind()
        if behind is not None:
            found.append(behind)
        try:
            self._closings.entries()
        except AuditError as error:
            found += error.findings
        return found

    def settle(self) -> Replay:
        """At start-up: take over announced closings and finish what was interrupted.

        Raises:
            Unavailable: the store was restored; an operator has to accept that first.
        """
        reasons = self.reasons()
        if reasons:
            raise Unavailable(
                f"this store was restored to an earlier state or cut ({'; '.join(reasons)}); run "
                "`emoconsent restore accept` to close again what was closed since, or put the newer one back"
            )
        return self._finish(0)

    def accept(self) -> Replay:
        """Accept that the store was restored: replay the closing list, then serve again.

        The log goes on from where the restored store's log ends, under a new origin, so that no
        head signed before contradicts one signed later. What was not proven open stays closed:
        grants made after the backup are gone and must be asked for again, and keys of rows that
        the backup lacks are destroyed. Everybody signs in anew. So putting the newer store back comes
        before accepting.
        """
        lost = self._store.remembered_head()
        brought = self._closings.bring_back()
        self._store.set_meta(GENERATION, _next_generation(self._store.meta(GENERATION)))
        with self._database.write() as tx:
            tx.closings.forget_after(self._closings.last())
            upkeep.end_restored(tx)
            end_restored_keys(tx, self._ledger)
            facts = {"remembered_size": lost[0] if lost else 0, "restored_size": tx.log.size()}
            self._ledger.scribe.write(
                tx.log, secrets.token_bytes(16), EventTag.RESTORE_REPLAY, tx.now(), facts=facts
            )
            size, root = sequence(tx.log)
        self._destroy_rowless()
        self._store.remember_head(size, root, force=True)
        return self._finish(brought)

    def clock_doubt(self) -> str | None:
        """Why the clock is not believed, with the way out; None if it is."""
        with self._database.read() as tx:
            return tx.log.doubt()

    def confirm_clock(self) -> datetime:
        """An operator's word that the host's clock is right, after a silence or a step; the instant.

        The entry gives the log that time, so that every process on the store believes it again.

        Raises:
            Unavailable: the log is ahead of the clock, so that confirming it would set time back.
        """
        with self._database.write() as tx:
            at, last = tx.clock(), tx.log.last_at() or 0
            if at < last:
                raise Unavailable(
                    tx.log.doubt() or "the clock is behind the log; try again", outcome="not_done"
                )
            self._ledger.scribe.write(tx.log, secrets.token_bytes(16), EventTag.CLOCK_CONFIRM, at)
        self._committed()
        return from_micros(at)

    def _destroy_rowless(self) -> None:
        """Keys of what the restored database does not know: nobody could ever tell what they open."""
        with self._database.write() as tx:
            known = {bytes(ref) for ref in tx.subjects.refs()}
            known |= {bytes(row.request_id) for row in tx.requests.list()}
            known |= {bytes(row.evidence_ref) for row in tx.evidence.list()}
            for owner in {bytes(owner) for owner in self._store.owners()} - known:
                self._store.destroy(owner)

    def _finish(self, brought: int) -> Replay:
        self._closings.copy_outside()
        replayed = self._closer.catch_up()
        erased = self._rights.finish_open()
        self._keys.finish_open()
        self._keys.finish_moves()
        self._destroy_again()
        self._sweep_orphans()
        doubt = self.clock_doubt()
        if doubt is not None:
            _LOG.warning("emoconsent: nothing is opened while the clock is in doubt: %s", doubt)
        left = self.unfinished()
        if left:
            _LOG.warning("emoconsent: left open at start-up: %s", "; ".join(left))
        return Replay(brought, replayed, erased)

    def unfinished(self) -> list[str]:
        """The announced effects that are not known to have happened, a line each, without a name."""
        with self._database.read() as tx:
            rows = intents.still_open(tx, self._ledger.mac)
        return [f"{row.kind} announced at {from_micros(row.opened_at):%Y-%m-%dT%H:%M:%SZ}" for row in rows]

    def _destroy_again(self) -> None:
        """Keys of the erased that came back with an older key store."""
        erased = {c.subject_ref for c in self._closings.entries() if c.kind == EventKind.ERASE}
        with self._database.read() as tx:
            back = [o for o in self._store.owners() if o in erased and tx.subjects.by_ref(o) is None]
        for owner in back:
            self._store.destroy(owner)

    def _sweep_orphans(self) -> None:
        """Keys made for a row that was never committed. Ten minutes is longer than any commit.

        On SQLite no clock matters: keys are made inside the transaction that this one excludes.
        """
        with self._database.write() as tx:
            old = tx.now() - 600_000_000
            owners = self._store.unconfirmed(before=old)
            kept = [o for o in owners if tx.subjects.by_ref(o) or tx.requests.get(o) or tx.evidence.get(o)]
        for owner in owners:
            if owner in kept:
                self._store.confirm(owner)
            else:
                self._store.destroy(owner)


def _next_generation(now: str | None) -> str:
    """Counted for people, random so that a restored key store never gives one out twice."""
    return f"{int((now or '1').split('.')[0]) + 1}.{secrets.token_hex(4)}"

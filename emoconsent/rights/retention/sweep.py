"""One retention run: subject after subject, batch after batch; what a killed one left the next one does.

It believes the clock only so far: a clock that went ahead would end everything at once, for good.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Event
from typing import Final

from emoconsent.audit.entry import EventTag
from emoconsent.audit.rowmac import RowMac
from emoconsent.clock import from_micros
from emoconsent.consent.ledger import TAMPERED
from emoconsent.errors import NotFound, Unavailable
from emoconsent.rights.evidence import evidence_mac
from emoconsent.rights.ports import EvidenceRow, RightsDatabase, RightsTransaction
from emoconsent.rights.retention.deleting import BATCH, Deleting, refuse_in_doubt
from emoconsent.rights.retention.report import RetentionReport
from emoconsent.vault.keyring import Keyring

#: How long after the last run, or the log's latest entry before the first, a run asks to be confirmed:
#: within this time a clock that is ahead is taken for a store left alone.
SILENCE: Final = timedelta(days=31)
LAST_RUN: Final = "retention_run"
_PAGE: Final = 500  # subjects, or pieces of evidence, read at once
_TOKENS: Final = 1000
_DAY: Final = timedelta(days=1)

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class SweepServices:
    """What a run works with, put together once by the composition root.

    ``purge`` deletes up to so many tokens that are over and says how many.
    """

    database: RightsDatabase
    deleting: Deleting
    keyring: Keyring
    purge: Callable[[int], int]
    committed: Callable[[], None]


class Sweep:
    """Runs over the whole store."""

    def __init__(self, services: SweepServices) -> None:
        self._s = services
        self._mac: RowMac = services.deleting.presence.ledger.mac

    def run(self, *, dry: bool, confirmed: bool, progress: Progress | None, stop: Event) -> RetentionReport:
        """Delete what is over; with *dry* only count it.

        Raises:
            Unavailable: the clock is in doubt, or too long nothing was run and it is not *confirmed*.
        """
        with self._s.database.read() as tx:
            self._believe(tx, confirmed=confirmed)
            report = RetentionReport(from_micros(tx.now()), dry)
        failed = 0
        for done, ref in enumerate(self._subjects(), start=1):
            if stop.is_set():
                break
            failed += not self._subject(ref, report, stop)
            if progress is not None:
                progress(done)
        evidence, unread = self._evidence(dry=dry)
        tokens = 0 if dry else self._tokens()
        ended = stop.is_set()
        report = replace(report, failed=failed + unread, evidence=evidence, tokens=tokens, ended=ended)
        if not dry:
            self._remember(report)
        return report

    def _believe(self, tx: RightsTransaction, *, confirmed: bool) -> None:
        refuse_in_doubt(tx)
        last = self._last(tx)
        if confirmed or last is None or tx.now() - last <= SILENCE // timedelta(microseconds=1):
            return
        days = (from_micros(tx.now()) - from_micros(last)) // _DAY
        raise Unavailable(
            f"nothing was run or logged for {days} days, so the clock may be ahead; if it is right, run "
            "`emoconsent retention run --yes`",
            outcome="not_done",
        )

    def _last(self, tx: RightsTransaction) -> int | None:
        """When the last run was; before the first, the log's latest entry."""
        found = tx.meta.get(LAST_RUN)
        if found is None:
            return tx.log.last_at()
        if not self._mac.matches(found[1], "meta", LAST_RUN, found[0]):
            raise Unavailable(TAMPERED)
        return int(found[0])

    def _subjects(self) -> Iterator[bytes]:
        """Everybody who has records, a page at a time; whoever comes meanwhile has none that are over."""
        after = b""
        while True:
            with self._s.database.read() as tx:
                page = tx.records.subjects(after, _PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1]

    def _subject(self, ref: bytes, report: RetentionReport, stop: Event) -> bool:
        """Whether the subject was as they must be; the report counts what went, and what is held."""
        try:
            ruling, free, held = self._s.deleting.look(ref)
            if ruling.held is not None:
                report.held[ruling.held.value] += held
            if report.dry:
                report.deleted.update(free)
                return True
            while free and not stop.is_set():
                gone = self._s.deleting.batch(ref)
                report.deleted.update(gone)
                if gone.total() < BATCH:
                    break
        except NotFound:
            pass  # erased, or being erased: that deletes more
        except Unavailable:
            with self._s.database.read() as tx:
                refuse_in_doubt(tx)  # nobody's fault, and no reason to go on
            return False
        return True

    def _evidence(self, *, dry: bool) -> tuple[int, int]:
        """Delete proof of consent past its end; how many pieces, and how many were altered.

        The key goes first: killed in between, the next run finds a row that nothing opens.
        """
        gone = altered = 0
        for row in self._proofs():
            if not secrets.compare_digest(evidence_mac(self._mac, row), bytes(row.mac)):
                altered += 1
                continue
            gone += 1
            if not dry:
                self._s.keyring.destroy(bytes(row.evidence_ref))
                with self._s.database.write() as tx:
                    refuse_in_doubt(tx)
                    tx.evidence.remove(row.evidence_ref)
        return gone, altered

    def _proofs(self) -> Iterator[EvidenceRow]:
        after = b""
        while True:
            with self._s.database.read() as tx:
                refuse_in_doubt(tx)
                page = tx.evidence.over(tx.now(), after, _PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            after = bytes(page[-1].evidence_ref)

    def _tokens(self) -> int:
        gone, last = 0, _TOKENS
        while last == _TOKENS:
            last = self._s.purge(_TOKENS)
            gone += last
        return gone

    def _remember(self, report: RetentionReport) -> None:
        """The run's entry, and its instant for the next one to hold the clock against."""
        with self._s.database.write() as tx:
            now = tx.now()
            tx.meta.put(LAST_RUN, str(now), self._mac("meta", LAST_RUN, str(now)))
            self._s.deleting.presence.ledger.scribe.write(
                tx.log, secrets.token_bytes(16), EventTag.RETENTION_RUN, now, facts=report.facts()
            )
        self._s.committed()

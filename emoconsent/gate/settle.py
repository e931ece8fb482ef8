"""How a call ends: re-check, seal, store and log in one transaction; then the result is handed over.

Whatever ended the right to the result since admission, even if it was given again meanwhile,
discards it: the result was inferred under a consent that is over.
"""

from __future__ import annotations

import inspect
import json
import secrets
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from emoconsent.audit.entry import EventTag, Fact
from emoconsent.audit.rowmac import RowMac
from emoconsent.clock import from_micros, to_micros
from emoconsent.consent.holds import HoldTable
from emoconsent.consent.keeping import choice
from emoconsent.consent.ledger import Ledger
from emoconsent.consent.notice import NoticePurpose, add_duration
from emoconsent.errors import ConsentDenied, EmoConsentError, RecognizerOutputError, Unavailable
from emoconsent.gate.decision import closed_since, decide
from emoconsent.gate.gate import denial
from emoconsent.gate.permit import Permit
from emoconsent.gate.view import CatalogueView
from emoconsent.recognizers.adapters import ADAPTERS, Adapter, detect
from emoconsent.recognizers.adapters.reading import refuse, refusing
from emoconsent.recognizers.levels import Levels, apply
from emoconsent.vault.codec import inference_to_dict, rebuilt
from emoconsent.vault.ports import VaultDatabase, VaultTransaction
from emoconsent.vault.record import EmotionRecord, Inference
from emoconsent.vault.records import RecordHead, RevisionKind, new_record_id, seal_revision
from emoconsent.vocabulary import Decision, Reason


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a guarded call gives: the record, what the recognizer returned, and the decision."""

    record: EmotionRecord
    output: Any = field(repr=False)
    decision: Decision


@dataclass(frozen=True, slots=True)
class Denied:
    """A row of ``map`` or of a batch that was denied."""

    decision: Decision

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class SettleServices:
    """What a settlement works with."""

    database: VaultDatabase
    ledger: Ledger
    holds: HoldTable
    mac: RowMac
    committed: Callable[[], None]


def normalise(permit: Permit, output: Any, adapter: Adapter | None) -> Inference:
    """*output* as an inference: by the adapter given, the card's, or the output's shape."""
    refuse_unfinished(output)
    chosen = adapter or ADAPTERS.get(permit.recognizer.adapter or "") or detect(output)
    declared = permit.recognizer.levels
    inference = _made_anew(chosen(output))
    return apply(Levels.parse(declared), inference) if declared is not None else inference


def refuse_unfinished(output: Any) -> None:
    """What still has to be awaited or iterated would run outside the permit: it is closed, unrun."""
    if inspect.isasyncgen(output) or inspect.isgenerator(output) or inspect.isawaitable(output):
        # A future is cancelled; an asynchronous generator that never began needs no closing.
        end = getattr(output, "close", None) or getattr(output, "cancel", None)
        if end is not None:
            end()
        raise RecognizerOutputError(
            ["a plain function returned a coroutine or generator; guard the function that makes it"]
        )


@refusing
def _made_anew(found: Any) -> Inference:
    """*found* as it will be read back: what an adapter hands over may be of any class, and checked by none.

    Raises:
        RecognizerOutputError: no Inference, or one that could not be stored and read.
    """
    if type(found) is not Inference:
        raise refuse("the adapter returned no Inference")
    return rebuilt(found)


class Settlement:
    """Ends calls. Each method settles its permit and gives the hold back, whatever happens."""

    def __init__(self, services: SettleServices) -> None:
        self._s = services

    def announce(self, permit: Permit) -> None:
        """Log the call before it is made: for recognizers that send the input elsewhere."""
        if permit.recognizer.external:
            with self._s.database.write() as tx:
                self.note(tx, EventTag.CALL_START, permit, {})
            self._s.committed()

    def note(self, tx: VaultTransaction, tag: EventTag, permit: Permit, facts: dict[str, Fact]) -> None:
        """Log *tag* about the permit's subject in the caller's transaction."""
        self._log(tx, secrets.token_bytes(16), tag, permit, facts)

    def complete(self, permit: Permit, output: Any, adapter: Adapter | None) -> Recognition:
        """The result, durable and re-checked.

        Raises:
            ConsentDenied: the right to it ended while the recognizer ran; ``called`` is True.
            RecognizerOutputError: the output is no valid inference; logged, not stored.
        """
        permit.called = True
        inference = self._normalised(permit, output, adapter)
        with self._settling(permit):
            with self._s.database.write() as tx:
                over = self._over(tx, permit)
                record = self._store(tx, permit, inference) if over is None else None
            self._s.committed()
        if over is not None or record is None:
            raise denial(over if over is not None else permit.decision, called=True)
        return Recognition(record, output, permit.decision)

    def _normalised(self, permit: Permit, output: Any, adapter: Adapter | None) -> Inference:
        try:
            return normalise(permit, output, adapter)
        except BaseException as error:  # noqa: BLE001 - raised again below
            refusal = error
        # Outside the handler: an adapter's error may quote the output, and is no context of a denial.
        self.fail(permit, refusal, EventTag.CALL_REFUSE_OUTPUT)
        raise refusal

    def fail(self, permit: Permit, error: BaseException, tag: EventTag = EventTag.CALL_FAIL) -> None:
        """The recognizer raised, or its output was refused: re-check and log, by type only.

        An interrupt or a cancellation is not the recognizer's word and hides nothing: that call is
        abandoned, and whoever caught the exception goes on raising it.

        Raises:
            ConsentDenied: the right to know of the failure ended as well.
        """
        if not isinstance(error, Exception):
            self.abandon(permit, error)
            return
        over = self._failed(permit, error, tag)
        if over is not None:
            raise denial(over, called=True) from None  # its message may hold the input

    def abandon(self, permit: Permit, error: BaseException) -> None:
        """End a call whose caller is gone: logged by type, its result thrown away, the hold given back."""
        with suppress(EmoConsentError):
            self._failed(permit, error, EventTag.CALL_FAIL)

    def _failed(self, permit: Permit, error: BaseException, tag: EventTag) -> Decision | None:
        """Why the failure must not be known; None if it may be."""
        permit.called = True
        with self._settling(permit):
            with self._s.database.write() as tx:
                over = self._over(tx, permit)
                if over is None:
                    self.note(tx, tag, permit, {"error": type(error).__name__})
            self._s.committed()
        return over

    def release(self, permit: Permit) -> None:
        """Give back a permit under which nothing was called."""
        permit.settled = True
        self._s.holds.release(permit.hold)

    def _settling(self, permit: Permit) -> _Settling:
        return _Settling(self, permit)

    def _over(self, tx: VaultTransaction, permit: Permit) -> Decision | None:
        """Why the result must be discarded, its entry written; None if it may be kept."""
        decision = self._recheck(tx, permit)
        if decision is None:
            return None
        facts: dict[str, Fact] = {"reason": decision.reason.value}
        erased = decision.reason is Reason.ERASED
        self._log(tx, secrets.token_bytes(16), EventTag.CALL_DISCARD, permit, facts, anonymous=erased)
        return decision

    def _recheck(self, tx: VaultTransaction, permit: Permit) -> Decision | None:
        request, pair = permit.request, (permit.request.purpose, permit.modality)
        known = self._s.ledger.get(tx, permit.keys.ref, lock=True)
        if known is None:
            return request.answer(Reason.ERASED, "the subject was erased while the recognizer ran")
        events = self._s.ledger.events(tx, known)
        permit.keep_days = choice(events)
        view = self._view(tx, permit)
        at = from_micros(tx.now())
        decision = decide(request, view, events, at)
        if not decision.allowed:
            return decision
        if not self._s.holds.valid(permit.hold):
            return request.answer(
                Reason.UNAVAILABLE, "the call lost its hold, or withdrew from within itself"
            )
        closing = closed_since(events, permit.admitted_at, *pair)
        if closing is not None:
            return request.answer(Reason.WITHDRAWN, f"a {closing.kind.value} came while the recognizer ran")
        if view.closed_since(permit.view.number, request.recognizer, *pair):
            return request.answer(
                Reason.NOTICE_SUPERSEDED, "the notice or recognizer was closed while it ran"
            )
        return None

    def _view(self, tx: VaultTransaction, permit: Permit) -> CatalogueView:
        """The catalogue in this transaction, held until it ends."""
        head = tx.catalogue.head(lock=True)
        new = tx.catalogue.rows(after=permit.view.number)
        return permit.view.advance(self._s.mac, new, head)

    def _store(self, tx: VaultTransaction, permit: Permit, inference: Inference) -> EmotionRecord:
        at, entry_id = tx.now(), secrets.token_bytes(16)
        record = EmotionRecord(
            id=None,
            modality=permit.modality,
            purpose=permit.request.purpose,
            recognizer=permit.recognizer.id,
            recognizer_version=permit.recognizer.version,
            inferred_at=from_micros(at),
            inference=inference,
        )
        offer = self._offer(permit)
        if offer.retention is None:
            self._log(tx, entry_id, EventTag.CALL_COMPLETE, permit, {"stored": False})
            return record
        ends = [add_duration(from_micros(at), offer.retention)]
        ends += [from_micros(at) + timedelta(days=permit.keep_days)] if permit.keep_days is not None else []
        expires_at = to_micros(min(ends))
        head = RecordHead(
            new_record_id(),
            record.purpose,
            record.modality,
            record.recognizer,
            record.recognizer_version,
            at,
            expires_at,
        )
        content = {"inference": inference_to_dict(inference), "provenance": record.provenance}
        row = seal_revision(self._s.mac, permit.keys, head, RevisionKind.INFERRED, 0, content, entry_id)
        tx.records.add(row)
        record_id = str(uuid.UUID(bytes=head.record_id))
        private = json.dumps({"record": record_id}).encode()
        self._log(
            tx,
            entry_id,
            EventTag.CALL_COMPLETE,
            permit,
            {"stored": True},
            effects=(row.mac,),
            private=private,
        )
        return replace(record, id=record_id)

    def _offer(self, permit: Permit) -> NoticePurpose:
        notice = permit.view.book.offering(permit.request.purpose, permit.modality)
        offer = notice.find(permit.request.purpose, permit.modality) if notice is not None else None
        if offer is None:
            raise Unavailable("the notice that permitted this call is gone")
        return offer

    def _log(
        self,
        tx: VaultTransaction,
        entry_id: bytes,
        tag: EventTag,
        permit: Permit,
        more: dict[str, Fact],
        *,
        effects: tuple[bytes, ...] = (),
        private: bytes | None = None,
        anonymous: bool = False,
    ) -> None:
        facts: dict[str, Fact] = {
            "purpose": permit.request.purpose,
            "modality": permit.modality.value,
            "recognizer": permit.recognizer.id,
            "version": permit.recognizer.version,
            "notice": permit.decision.notice,
            "reason": permit.decision.reason.value,
            **more,
        }
        about = None if anonymous else permit.keys
        self._s.ledger.scribe.write(
            tx.log, entry_id, tag, tx.now(), facts=facts, private=private, effects=effects, about=about
        )


class _Settling:
    """Settles a permit when the block ends, well or not. A permit is never settled twice."""

    def __init__(self, settlement: Settlement, permit: Permit) -> None:
        self._settlement = settlement
        self._permit = permit

    def __enter__(self) -> None:
        if self._permit.settled:
            raise ConsentDenied(
                self._permit.request.answer(Reason.UNAVAILABLE, "a permit is good for one call"), called=True
            )
        self._permit.settled = True

    def __exit__(self, *_: object) -> None:
        self._settlement.release(self._permit)

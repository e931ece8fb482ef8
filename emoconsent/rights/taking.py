"""Taking a request: checked whole before anything is written, and the same answer for everybody."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from emoconsent.access.permissions import Permission
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag
from emoconsent.clock import aware, to_micros
from emoconsent.consent.identifier import check_identifier, check_text
from emoconsent.errors import AccessDenied, InvalidInput
from emoconsent.policy.regimes import REGIMES, regime_of
from emoconsent.rights.corrections import parse_corrections
from emoconsent.rights.desk import Desk, Note
from emoconsent.rights.ports import RequestRow
from emoconsent.rights.request import RequestKind, RequestState, RightsRequest, seal_content
from emoconsent.rights.scope import RequestScope, parse_scope
from emoconsent.rights.steps import StepKind
from emoconsent.vocabulary import Role

MAX_MESSAGE: Final = 2000  # characters
#: How long ago a request may have come by phone or letter: longer than any law gives for the answer.
MAX_BACK: Final = timedelta(days=120)

#: The kinds that are about everything or nothing.
_UNDIVIDED: Final = {
    RequestKind.OBJECTION: "an objection is to all recognition",
    RequestKind.ACCESS: "a copy is of everything that is held",
    RequestKind.PORTABILITY: "a copy is of everything that is held",
}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is asked for, checked."""

    kind: RequestKind
    regime: str
    scope: RequestScope | None
    corrections: Mapping[str, Any] | None
    received_at: int | None


class Taking(Desk):
    """Requests come in."""

    def regime(self) -> str:
        """The law under which this store's subjects make requests: of the first notice's jurisdiction.

        ``gdpr`` where none is published or its law is not known here.
        """
        with self._s.database.read() as tx:
            return regime_of(self._viewing.jurisdiction(tx))

    def submit(
        self,
        subject: str,
        *,
        kind: str,
        regime: str,
        scope: Mapping[str, Any] | None = None,
        corrections: Mapping[str, Mapping[str, Any]] | None = None,
        channel: str = "api",
        principal: Principal | None = None,
        message: str | None = None,
        received_at: datetime | None = None,
    ) -> RightsRequest:
        """Take a request. Also for a subject of whom nothing is known: the answer looks the same.

        A second one of the same person, kind and scope stands on its own, and is verified on its own.

        Args:
            scope: what it is about (``parse_scope``); None for everything.
            corrections: of a rectification: by record id, the emotion as ``vault.correct`` takes it.
            principal: who submits it; stated, it must be the subject, the guardian or the DPO.
                Without one the host speaks.
            message: what the person adds in their own words; sealed.
            received_at: when it came, if that was on paper or by phone: the law's time runs from there.
                In the past, by 120 days at most; for the DPO, and noted as their statement.

        Raises:
            AccessDenied: not by this principal. Unknown subjects answer alike.
            InvalidInput: every fault of kind, regime, scope, corrections, texts and time.
        """
        check_identifier(subject)
        wanted = _wanted(kind, regime, scope, corrections, channel, message, received_at)
        if principal is not None:
            self._may(principal, Permission.SUBMIT_REQUEST, subject)
        if received_at is not None and (principal is None or principal.role is not Role.DPO):
            raise AccessDenied("role", "when a request came is stated by the data protection officer only")
        raw = self._take(subject, wanted, channel, principal, message)
        self._s.keyring.store.confirm(raw)
        self._s.committed()
        return self._shown(raw)

    def _take(
        self, subject: str, wanted: _Wanted, channel: str, by: Principal | None, message: str | None
    ) -> bytes:
        raw = secrets.token_bytes(16)
        with self._s.database.write() as tx:
            keys = self._s.keyring.make(raw)
            known = self._s.ledger.find(tx, subject)
            # The identifier, too: who is unknown today may be known when this is fulfilled.
            content: dict[str, Any] = {"subject": subject, "channel": channel, "evidence": None}
            content |= {"scope": wanted.scope.to_mapping()} if wanted.scope is not None else {}
            content |= {"corrections": dict(wanted.corrections)} if wanted.corrections is not None else {}
            received = _received(wanted.received_at, tx.now())
            row = RequestRow(
                request_id=raw,
                subject_ref=known.row.subject_ref if known else None,
                kind=wanted.kind.value,
                regime=wanted.regime,
                state=RequestState.RECEIVED.value,
                submitted_at=received,
                finished_at=None,
                sealed=seal_content(keys, content),
                entry_id=secrets.token_bytes(16),
                mac=b"",
            )
            row = self._put(tx, row, EventTag.RIGHTS_SUBMIT, by)
            if wanted.received_at is not None:
                self._note(tx, row, Note(StepKind.NOTED, {"received": "stated"}, {}), by)
            if message is not None:
                # Whoever speaks for the person: what they wrote is theirs.
                self._note(tx, row, Note(StepKind.MESSAGE, {"from": "subject"}, {"text": message}), by)
        return raw


def _wanted(
    kind: str,
    regime: str,
    scope: Mapping[str, Any] | None,
    corrections: Mapping[str, Mapping[str, Any]] | None,
    channel: str,
    message: str | None,
    received_at: datetime | None,
) -> _Wanted:
    """Raises InvalidInput with every fault."""
    problems: list[str] = []
    if kind not in set(RequestKind):
        problems.append(f"kind: one of {', '.join(RequestKind)}")
    if regime not in REGIMES:
        problems.append(f"regime: one of {', '.join(REGIMES)}")
    meant, values, received = None, None, None
    try:
        if received_at is not None and not isinstance(received_at, datetime):
            raise InvalidInput(["received_at: a timezone-aware datetime is needed"])
        received = to_micros(aware("received_at", received_at)) if received_at is not None else None
        check_text(channel, name="channel", limit=100)
        if message is not None:
            check_text(message, name="message", limit=MAX_MESSAGE)
        meant = parse_scope(scope)
        values = parse_corrections(corrections)
    except InvalidInput as error:
        problems += error.problems
    if kind == RequestKind.RECTIFICATION:
        problems += _unclear(meant, values, corrections)
    elif corrections is not None:
        problems.append("corrections: only a rectification has them")
    if scope is not None and kind in _UNDIVIDED:
        problems.append(f"scope: {_UNDIVIDED[RequestKind(kind)]}; leave scope out")
    if problems:
        raise InvalidInput(problems)
    return _Wanted(RequestKind(kind), regime, meant, values, received)


def _received(stated: int | None, now: int) -> int:
    """When the request came, in microseconds. Raises InvalidInput: not then."""
    if stated is None:
        return now
    if not now - MAX_BACK // timedelta(microseconds=1) <= stated <= now:
        raise InvalidInput([f"received_at: in the past, by {MAX_BACK.days} days at most"])
    return stated


def _unclear(meant: RequestScope | None, values: Mapping[str, Any] | None, stated: object) -> list[str]:
    """A rectification says what is right, of the records that it names."""
    if stated is None:
        return ["corrections: what is right instead, by record id"]
    others = meant is not None and (values is None or meant != RequestScope(records=tuple(values)))
    return ["scope: a rectification is about the records in corrections; leave scope out"] if others else []

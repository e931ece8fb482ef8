"""Requests as their handlers see them: deadline, extension, who has it, and an older twin."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from emoconsent.clock import from_micros
from emoconsent.consent.chain import CatalogueChain
from emoconsent.consent.ledger import Ledger
from emoconsent.consent.publishing import book_from
from emoconsent.errors import Unavailable
from emoconsent.policy.deadlines import Deadline, calendar_for, deadline
from emoconsent.policy.working_days import WorkingDays
from emoconsent.rights.ports import RequestRow, RightsTransaction, StepRow
from emoconsent.rights.request import FINISHED, RequestKind, RequestState, RightsRequest, content_of
from emoconsent.rights.scope import RequestScope, parse_scope
from emoconsent.rights.steps import Step, StepKind, checked_steps, in_order, open_step
from emoconsent.vault.keyring import Keyring
from emoconsent.vault.subject_keys import SubjectKeys


@dataclass(frozen=True, slots=True)
class Viewing:
    """Makes ``RightsRequest`` of rows that were authenticated."""

    ledger: Ledger
    keyring: Keyring
    chain: CatalogueChain

    def one(self, tx: RightsTransaction, row: RequestRow) -> RightsRequest:
        """*row* by itself: whoever may know of one request learns of no other, so ``twin_of`` is None."""
        return self.all(tx, [row])[0]

    def everything(self, tx: RightsTransaction, rows: Sequence[RequestRow]) -> list[RightsRequest]:
        """*rows*, which are all that there are, in their order: in one look at the steps of all.

        The keys of what is finished stay where they are, so its scope is not shown.
        """
        taken: dict[bytes, list[StepRow]] = {}
        for one in tx.steps.list():
            taken.setdefault(bytes(one.request_id), []).append(one)
        return self._shown(
            tx, [(row, taken.get(bytes(row.request_id), []), row.state not in FINISHED) for row in rows]
        )

    def all(self, tx: RightsTransaction, rows: Sequence[RequestRow]) -> list[RightsRequest]:
        """*rows* in their order; each one's twin is looked for among them."""
        return self._shown(tx, [(row, tx.steps.of(row.request_id), True) for row in rows])

    def _shown(
        self, tx: RightsTransaction, found: Sequence[tuple[RequestRow, Sequence[StepRow], bool]]
    ) -> list[RightsRequest]:
        jurisdiction = self.jurisdiction(tx)
        calendars: dict[str, WorkingDays] = {}
        first: dict[tuple[Any, ...], str] = {}
        requests = []
        for row, taken, opened in found:
            days = calendars.setdefault(row.regime, calendar_for(row.regime, jurisdiction))
            keys = self._keys(row) if opened else None
            content = content_of(keys, row) if keys is not None else {}
            scope = parse_scope(content.get("scope"))
            twin = None
            if row.state not in FINISHED:
                who = row.subject_ref if row.subject_ref is not None else content.get("subject")
                own = bytes(row.request_id).hex()
                twin = first.setdefault((who, row.kind, scope), own) if who is not None else own
                twin = None if twin == own else twin
            steps = [open_step(keys, step) for step in in_order(self.ledger.mac, taken)]
            requests.append(_request(row, steps, scope, twin, self._due(row, steps, days)))
        return requests

    def jurisdiction(self, tx: RightsTransaction) -> str | None:
        """Of the first notice in force; None where none is published."""
        notice = next(iter(book_from(self.chain.rows(tx)).currents()), None)
        return notice.jurisdiction if notice is not None else None

    def steps(self, tx: RightsTransaction, row: RequestRow, keys: SubjectKeys | None) -> list[Step]:
        return [open_step(keys, step) for step in checked_steps(tx, self.ledger.mac, row.request_id)]

    def due(self, tx: RightsTransaction, row: RequestRow) -> Deadline:
        """The request's deadline, by the law that it was made under."""
        days = calendar_for(row.regime, self.jurisdiction(tx))
        return self._due(row, self.steps(tx, row, None), days)

    def _due(self, row: RequestRow, steps: Sequence[Step], days: WorkingDays) -> Deadline:
        extended = any(step.kind is StepKind.EXTENDED for step in steps)
        at = from_micros(row.submitted_at)
        return deadline(row.regime, row.kind, at, extended=extended, calendar=days)

    def _keys(self, row: RequestRow) -> SubjectKeys | None:
        with suppress(Unavailable):
            return self.keyring.open(row.request_id)
        return None


def _request(
    row: RequestRow, steps: Sequence[Step], scope: RequestScope | None, twin: str | None, due: Deadline
) -> RightsRequest:
    given = [step for step in steps if step.kind is StepKind.ASSIGNED]
    return RightsRequest(
        id=bytes(row.request_id).hex(),
        kind=RequestKind(row.kind),
        regime=row.regime,
        state=RequestState(row.state),
        submitted_at=from_micros(row.submitted_at),
        finished_at=from_micros(row.finished_at) if row.finished_at is not None else None,
        due_at=due.due,
        acknowledge_by=due.acknowledge,
        extended=any(step.kind is StepKind.EXTENDED for step in steps),
        extendable_to=due.extendable_to,
        provisional=due.provisional,
        assigned=(given[-1].private or {}).get("to") if given else None,
        scope=scope,
        twin_of=twin,
    )

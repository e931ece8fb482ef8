"""What the office does with a request beside fulfilling it; and taking one back."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from emoconsent.access.permissions import Permission
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag
from emoconsent.clock import from_micros
from emoconsent.consent.events import EventKind
from emoconsent.consent.identifier import check_identifier, check_text
from emoconsent.consent.ports import Closing
from emoconsent.errors import InvalidInput, RightsError, Unavailable
from emoconsent.rights.desk import Desk, Note, raw_id
from emoconsent.rights.ending import key_goes
from emoconsent.rights.ports import RequestRow, RightsTransaction
from emoconsent.rights.refusing import Refusal, reasons, refusal
from emoconsent.rights.request import FINISHED, RequestKind, RequestState, RightsRequest, step
from emoconsent.rights.steps import Step, StepKind
from emoconsent.vocabulary import Role

#: Why a deadline may be extended: GDPR art. 12(3).
EXTENSIONS: Final = ("complexity", "number_of_requests")
MAX_TEXT: Final = 5000  # characters


class Handling(Desk):
    """Assign, write to and fro, extend, refuse, take back."""

    def assign(self, request_id: str, *, to: str, principal: Principal) -> RightsRequest:
        """Give a request to a member of staff. Who has it is sealed.

        Raises:
            AccessDenied: not by this principal.
            RightsError: it is finished.
        """
        check_identifier(to, name="to")
        note = Note(StepKind.ASSIGNED, {}, {"to": to})
        return self._annotate(raw_id(request_id), principal, Permission.ASSIGN_REQUEST, note, open_only=True)

    def message(self, request_id: str, *, text: str, principal: Principal) -> RightsRequest:
        """Write to the person, or, as the person, to the office; sealed under the request's key.

        Raises:
            AccessDenied, NotFound: not by this principal.
            RightsError: nobody can read it any more.
        """
        check_text(text, name="text", limit=MAX_TEXT)
        if not text.strip():
            raise InvalidInput(["text: must not be empty"])
        sender = "subject" if principal.role is Role.SUBJECT else "office"
        note = Note(StepKind.MESSAGE, {"from": sender}, {"text": text})
        return self._annotate(
            raw_id(request_id), principal, Permission.MESSAGE_REQUEST, note, open_only=False
        )

    def _annotate(
        self, raw: bytes, principal: Principal, permission: Permission, note: Note, *, open_only: bool
    ) -> RightsRequest:
        self._permitted(raw, principal, permission)
        with self._s.database.write() as tx:
            row = self._checked(tx, raw, lock=True)
            if (open_only and row.state in FINISHED) or self._keys(row) is None:
                raise RightsError(f"the request is {row.state}; nothing can be added to it")
            self._note(tx, row, note, principal)
        self._s.committed()
        return self._shown(raw)

    def extend(self, request_id: str, *, reason: str, principal: Principal, text: str = "") -> RightsRequest:
        """Extend the deadline, once, as far as the law goes. The person has to be told, with reasons.

        Args:
            reason: ``complexity`` or ``number_of_requests``.
            text: the reasons in words; sealed, and shown to whoever asked.

        Raises:
            AccessDenied: not by this principal.
            InvalidInput: no such reason.
            RightsError: extended already, late already, finished, or the law knows no extension.
        """
        check_text(text, name="text", limit=MAX_TEXT)
        if reason not in EXTENSIONS:
            raise InvalidInput([f"reason: one of {', '.join(EXTENSIONS)}"])
        raw = raw_id(request_id)
        self._permitted(raw, principal, Permission.EXTEND_REQUEST)
        with self._s.database.write() as tx:
            row = self._checked(tx, raw, lock=True)
            self._extendable(tx, row)
            note = Note(StepKind.EXTENDED, {"reason": reason}, {"text": text} if text else {})
            self._note(tx, row, note, principal)
        self._s.committed()
        return self._shown(raw)

    def _extendable(self, tx: RightsTransaction, row: RequestRow) -> None:
        due = self._viewing.due(tx, row)
        if row.state in FINISHED:
            raise RightsError(f"the request is {row.state}; its deadline is over")
        if due.extendable_to is None:
            raise RightsError("it was extended already, or the law knows no extension for it")
        if from_micros(tx.now()) > due.due:
            raise RightsError("it is late already; the law lets it be extended before that only")

    def grounds(self, request_id: str) -> Sequence[Refusal]:
        """On what grounds its law lets the request be refused. Raises NotFound."""
        row = self._row(raw_id(request_id))
        kind = RequestKind(row.kind)
        return [refusal(row.regime, kind, reason) for reason in reasons(row.regime, kind)]

    def reject(self, request_id: str, *, reason: str, principal: Principal, text: str = "") -> RightsRequest:
        """Refuse a request: with a reason that its law knows, and where to complain about it.

        Args:
            reason: a code of ``rights.refusing.reasons``.
            text: the reason in words; sealed, and shown to whoever asked.

        Raises:
            AccessDenied: not by this principal.
            InvalidInput: the law knows no such reason.
            RightsError: it is being fulfilled already, or finished.
        """
        check_text(text, name="text", limit=MAX_TEXT)
        raw = raw_id(request_id)
        row = self._permitted(raw, principal, Permission.REJECT_REQUEST)
        found = refusal(row.regime, RequestKind(row.kind), reason)
        detail = {"reason": found.reason, "article": found.article, "remedy": found.remedy}
        note = Note(StepKind.REJECTED, detail, {"text": text} if text else {})
        return self._end(raw, RequestState.REJECTED, EventTag.RIGHTS_REJECT, principal, note)

    def cancel(self, request_id: str, *, principal: Principal) -> RightsRequest:
        """Take a request back before anything was done about it: whoever asked, or the DPO.

        Raises:
            AccessDenied, NotFound: not by this principal.
            RightsError: it is being fulfilled already, or finished.
            Unavailable: an erasure is just being begun; try again.
        """
        raw = raw_id(request_id)
        self._permitted(raw, principal, Permission.CANCEL_REQUEST)
        return self._end(raw, RequestState.CANCELLED, EventTag.RIGHTS_CANCEL, principal, None)

    def _end(
        self, raw: bytes, to: RequestState, tag: EventTag, by: Principal, note: Note | None
    ) -> RightsRequest:
        """End a request about which nothing was done."""
        self._s.closer.catch_up()
        with self._s.database.write() as tx:
            row = self._checked(tx, raw, lock=True)
            state = step(RequestState(row.state), to)
            if any(_erases(closing, row.subject_ref) for closing in self._s.closer.behind(tx)):
                # Announced by a process that died before its commit: it will be carried out.
                raise Unavailable("an erasure is being begun; try again", outcome="not_done")
            row = replace(row, state=state, finished_at=tx.now(), entry_id=secrets.token_bytes(16))
            row = self._put(tx, row, tag, by, note)
            known = row.subject_ref is not None and tx.subjects.by_ref(row.subject_ref) is not None
        self._s.committed()
        if key_goes(row, known=known):
            self._s.keyring.destroy(raw)
        return self._shown(raw)

    def steps(self, request_id: str, *, principal: Principal | None = None) -> list[Step]:
        """What happened to a request, in order: for whoever asked, the guardian, and the DPO.

        To a subject the office has no names.

        Args:
            principal: without one the host speaks, for whoever holds a link to the request.

        Raises:
            AccessDenied, NotFound: not by this principal.
        """
        raw = raw_id(request_id)
        if principal is not None:
            self._permitted(raw, principal, Permission.READ_REQUESTS)
        with self._s.database.read() as tx:
            row = self._checked(tx, raw)
            found = self._viewing.steps(tx, row, self._keys(row))
        office = principal is not None and principal.role is not Role.SUBJECT
        return found if office else [_without_names(one) for one in found]


def _erases(closing: Closing, subject_ref: bytes | None) -> bool:
    return closing.kind == EventKind.ERASE and closing.subject_ref == subject_ref


def _without_names(found: Step) -> Step:
    if found.private is None or found.private.get("role") == Role.SUBJECT:
        return found
    return replace(found, private={k: v for k, v in found.private.items() if k not in ("actor", "to")})

"""Permits for callers that are not in this process: lent for seconds, good for one result.

Such a permit is *cooperative* (design section 6). The gate decides and holds exactly as for a guarded
call, and what comes back is re-checked, sealed, stored and logged as one; but whether the caller runs
its recognizer only while the permit lasts, and on that person's input only, is the caller's word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from emoconsent.accounts.owners import KEY, SUBJECT, Owner
from emoconsent.accounts.ports import AccountsDatabase, AccountsTransaction
from emoconsent.accounts.sweeping import Sweep
from emoconsent.accounts.tokens import MICROS, PERMIT, NewToken, Tokens, new_secret, token_hash
from emoconsent.audit.entry import EventTag
from emoconsent.consent.identifier import check_identifier
from emoconsent.errors import InvalidInput, LimitReached, NotFound
from emoconsent.gate.decision import Request
from emoconsent.gate.gate import Gate, GateServices, hold_keys
from emoconsent.gate.loans import Loans
from emoconsent.gate.permit import Permit
from emoconsent.gate.settle import Recognition, Settlement
from emoconsent.gate.terms import Terms
from emoconsent.policy.context import CallContext
from emoconsent.recognizers.adapters import ADAPTERS
from emoconsent.vocabulary import Decision

MAX_SECONDS: Final = 10.0
#: What one key may have out at once, and ask for in a second: so many withdrawals it can delay at
#: most, each by no more than the seconds that are left.
MAX_OUT: Final = 50
MAX_PER_SECOND: Final = 50
_NO_PERMIT: Final = "no such permit: unknown, over, used, or not yours"


@dataclass(frozen=True, slots=True)
class LentPermit:
    """The right to make one call elsewhere, within the next ``valid_for`` seconds.

    The seconds count from the moment the caller *sent* its request, on the caller's own monotonic
    clock. ``recognizer`` and ``version`` are what may be run: another version needs its own approval.
    """

    secret: str = field(repr=False)
    valid_for: float
    recognizer: str
    version: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class LendingServices:
    """What lending works with beside the gate's own services."""

    settlement: Settlement
    database: AccountsDatabase
    tokens: Tokens
    sweep: Sweep
    monotonic: Callable[[], float]


class LendingGate(Gate):
    """The gate that also lends permits. Thread-safe, and any process on the store takes them back."""

    def __init__(self, services: GateServices, lending: LendingServices) -> None:
        super().__init__(services)
        self._l = lending
        self._loans = Loans(services.holds, lending.monotonic, self._there)

    def lend(
        self,
        subject: str,
        *,
        purpose: str,
        recognizer: str,
        key: str,
        modality: str = "",
        seconds: float = MAX_SECONDS,
        context: CallContext | None = None,
    ) -> LentPermit:
        """Admit one call that runs elsewhere. It is in the subject's log before this returns.

        Args:
            key: whose permit it is, e.g. the id of an API key; nobody else can use it.
            modality: the recognizer's own if it is not stated.
            seconds: more than 0, at most 10; withdrawals wait for no more than what is left of them.

        Raises:
            ConsentDenied: the gate said no.
            LimitReached: the key has too many out, or asks too often.
            InvalidInput: every fault of what was stated.
        """
        check_identifier(key, name="key")
        _check_seconds(seconds)
        began = self._l.monotonic()
        permit = self.admit(subject, Request(purpose, modality, recognizer, context))
        secret = new_secret()
        hash_ = token_hash(PERMIT, secret)
        try:
            self._loans.take(hash_, permit.hold, began + seconds)
        except BaseException:
            self._l.settlement.release(permit)
            raise
        try:
            at = self._written(permit, secret, Owner(KEY, key), Owner(SUBJECT, subject), seconds)
        except BaseException:
            self._loans.end(hash_)
            raise
        self._loans.written(hash_)
        self._s.committed()
        self._l.sweep.now_and_then(at)
        run = permit.recognizer
        return LentPermit(secret, float(seconds), run.id, run.version, permit.decision)

    def _written(self, permit: Permit, secret: str, key: Owner, subject: Owner, seconds: float) -> int:
        """The permit's row and its entry, in one transaction; its instant."""
        content = Terms.of(permit, key.name, subject.name).content()
        with self._l.database.write() as tx:
            self._refuse_beyond_limits(tx, key)
            expires_at = tx.now() + int(seconds * MICROS)
            self._l.tokens.issue(tx, NewToken(PERMIT, content, [key, subject], expires_at), secret=secret)
            self._l.settlement.note(tx, EventTag.CALL_START, permit, {"lent": True})
            return tx.now()

    def _refuse_beyond_limits(self, tx: AccountsTransaction, key: Owner) -> None:
        if self._l.tokens.count(tx, "lend", key.name, MICROS) > MAX_PER_SECOND:
            raise LimitReached(f"more than {MAX_PER_SECOND} permits a second for one key", retry_after=1.0)
        if self._l.tokens.outstanding(tx, key, PERMIT) >= MAX_OUT:
            raise LimitReached(f"{MAX_OUT} permits of this key are out", retry_after=1.0)

    def settle_lent(
        self,
        secret: str,
        *,
        key: str,
        subject: str,
        purpose: str,
        modality: str,
        output: Any,
        adapter: str | None = None,
    ) -> Recognition:
        """The result of the call that *secret* was lent for: re-checked, sealed, stored and logged.

        In any process on the store. The permit is used up by it, whether or not the result is kept.

        Args:
            subject, purpose, modality: what the caller believes the permit is for.
            output: what its recognizer returned, as plain values; or an inference as a mapping.
            adapter: a name in ``recognizers.adapters.ADAPTERS``, where neither the card nor the shape tells.

        Raises:
            NotFound: unknown, over, used, somebody else's, or whoever lent it is gone: all alike.
            InvalidInput: it was lent for something else; the permit stands.
            ConsentDenied: the right to the result ended meanwhile; it was thrown away.
            RecognizerOutputError: *output* is no valid inference; nothing was stored.
        """
        if adapter is not None and adapter not in ADAPTERS:
            raise InvalidInput([f"adapter: one of {', '.join(ADAPTERS)}"])
        terms = self._terms(secret, key)
        terms.check(subject=subject, purpose=purpose, modality=modality)
        permit = self._again(terms)
        with self._released_unless_settled(permit):
            self._claim(secret, permit, used=True)
            return self._l.settlement.complete(permit, output, ADAPTERS[adapter] if adapter else None)

    def give_back(self, secret: str, *, key: str) -> None:
        """End a permit under which nothing was called, or nothing came out, before its time.

        Raises:
            NotFound: as for ``settle_lent``.
        """
        permit = self._again(self._terms(secret, key))
        with self._released_unless_settled(permit):
            self._claim(secret, permit, used=False)

    def _terms(self, secret: str, key: str) -> Terms:
        with self._l.database.read() as tx:
            token = self._l.tokens.read(tx, PERMIT, secret)
        terms = Terms.read(token.content) if token is not None else None
        if terms is None or terms.key != key:
            raise NotFound(_NO_PERMIT)
        return terms

    def _again(self, terms: Terms) -> Permit:
        """The permit as it was lent, under holds of this process's own beside the lender's.

        With them taken before the permit is claimed, somebody holds at every moment until the end.

        Raises:
            NotFound: the subject is gone.
            Unavailable: the store is in doubt.
        """
        request, modality = terms.request, terms.modality
        keys = hold_keys(terms.subject_ref, request, modality, terms.generation, terms.catalogue)
        hold = self._s.holds.take(keys)
        try:
            look = self._look(terms.subject, request)
            if look.subject is None or look.subject.row.subject_ref != terms.subject_ref:
                raise NotFound(_NO_PERMIT)
            view = look.view.until(terms.catalogue)
            return Permit(
                keys=self._s.open_keys(terms.subject_ref),
                request=request,
                modality=modality,
                recognizer=view.recognizers[request.recognizer or ""],
                decision=terms.decision,
                admitted_at=terms.admitted_at,
                view=view,
                hold=hold,
            )
        except BaseException:
            self._s.holds.release(hold)
            raise

    def _claim(self, secret: str, permit: Permit, *, used: bool) -> None:
        """Take the permit's row away: of all who try, one does, and only while the lender's holds stand."""
        hash_ = token_hash(PERMIT, secret)
        with self._l.database.write() as tx:
            claimed = self._l.tokens.read(tx, PERMIT, secret, lock=True) is not None
            stands = claimed and self._loans.stands(hash_)
            if claimed:
                tx.tokens.remove([hash_])
            if stands and not used:
                self._l.settlement.note(tx, EventTag.CALL_RETURN, permit, {})
        self._loans.end(hash_)
        if not stands:
            raise NotFound(_NO_PERMIT)
        if not used:
            self._s.committed()

    @contextmanager
    def _released_unless_settled(self, permit: Permit) -> Iterator[None]:
        try:
            yield
        finally:
            if not permit.settled:
                self._l.settlement.release(permit)

    def _there(self, hashes: Sequence[bytes]) -> set[bytes]:
        with self._l.database.read() as tx:
            return tx.tokens.there(hashes)

    def forget(self) -> None:
        """In a forked child: what the parent lent is the parent's."""
        super().forget()
        self._loans.forget()

    def close(self) -> None:
        """Give back the holds of what is lent; nobody can settle it any more."""
        self._loans.close()


def _check_seconds(seconds: float) -> None:
    number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if not number or not 0 < seconds <= MAX_SECONDS:
        raise InvalidInput([f"seconds: a number above 0, at most {MAX_SECONDS:g}"])

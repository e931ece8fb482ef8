"""``client.decisions``: whether emotion may be recognised, and permits to do it once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from emoconsent.client.call import Again, Call, stated
from emoconsent.client.sender import Sender
from emoconsent.errors import ConsentDenied, Unavailable
from emoconsent.policy.context import CallContext
from emoconsent.vocabulary import Decision, Reason


@dataclass(frozen=True, slots=True)
class _Lent:
    secret: str = field(repr=False)
    valid_for: float
    recognizer: str
    version: str


@dataclass(frozen=True, slots=True)
class _Answer:
    reason: Reason
    explanation: str
    purpose: str
    modality: str
    rule: str | None
    notice: str | None
    permit: _Lent | None

    def decision(self) -> Decision:
        return Decision(
            self.reason, self.explanation, self.purpose, self.modality, self.rule, notice=self.notice
        )


@dataclass(frozen=True, slots=True)
class _Allowed:
    allowed: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Permit:
    """The right to one call of that recognizer in that version, about that person.

    Attributes:
        ends_at: on ``time.monotonic``: counted from when the question was sent. Do not start the
            recognizer after it, and stop it then.
    """

    subject: str = field(repr=False)
    secret: str = field(repr=False)
    ends_at: float
    recognizer: str
    version: str
    decision: Decision


class Decisions:
    """The gate, asked from afar. Scope of the key: ``decisions``."""

    def __init__(self, sender: Sender, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._sender = sender
        self._monotonic = monotonic

    def decide(
        self,
        subject: str,
        *,
        purpose: str,
        modality: str,
        recognizer: str | None = None,
        context: CallContext | None = None,
    ) -> Decision:
        """Whether a call is allowed now, as advice; falsy if not. It gives no right to call."""
        body = _asked(subject, purpose, modality, context) | stated(recognizer=recognizer)
        return self._sender.ask(_Answer, Call("POST", "/decisions", Again.READ, body)).decision()

    def lend(
        self,
        subject: str,
        *,
        purpose: str,
        modality: str,
        recognizer: str,
        seconds: float = 10.0,
        context: CallContext | None = None,
    ) -> Permit:
        """A permit for one call. Store its result (``records.store``) or ``give_back`` it, each once.

        Args:
            seconds: how long it is good for, at most 10.

        Raises:
            ConsentDenied: the gate said no; ``reason`` says why.
        """
        more = {"recognizer": recognizer, "seconds": seconds, "permit": True}
        body = _asked(subject, purpose, modality, context) | more
        call = Call("POST", "/decisions", Again.REFUSED, body)
        sent = self._monotonic()  # of the first attempt: the permit is over sooner rather than later
        found = self._sender.ask(_Answer, call)
        decision, lent = found.decision(), found.permit
        if not decision:
            raise ConsentDenied(decision)
        if lent is None:
            raise Unavailable("the API lent no permit, and did not say why")
        return Permit(subject, lent.secret, sent + lent.valid_for, lent.recognizer, lent.version, decision)

    def give_back(self, permit: Permit) -> None:
        """Give back a permit under which nothing came out, so that nobody waits for it."""
        body = {"permit": permit.secret}
        self._sender.answer(Call("POST", "/decisions/returns", Again.REFUSED, body, statuses=(204,)))

    def filter(
        self,
        subjects: Sequence[str],
        *,
        purpose: str,
        modality: str,
        context: CallContext | None = None,
    ) -> list[str]:
        """Those who may be analysed now, in the order asked; at most 1000 at once."""
        about = stated(context=None if context is None else asdict(context))
        body = {"subjects": list(subjects), "purpose": purpose, "modality": modality, **about}
        found = self._sender.ask(_Allowed, Call("POST", "/decisions/filter", Again.READ, body)).allowed
        asked = set(subjects)
        return [one for one in found if one in asked]


def _asked(subject: str, purpose: str, modality: str, context: CallContext | None) -> dict[str, object]:
    about = stated(context=None if context is None else asdict(context))
    return {"subject": subject, "purpose": purpose, "modality": modality, **about}

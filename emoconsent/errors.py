"""Every exception the SDK raises on purpose: one root, evidence as attributes.

No message carries personal data or a secret: identifiers, labels, inputs and keys stay in
attributes (where the caller put them) or out of the exception altogether.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emoconsent.vocabulary import Decision, Reason


class EmoConsentError(Exception):
    """The root of all errors of this package."""


class ConsentDenied(EmoConsentError):
    """The gate denied a recognition call.

    Attributes:
        decision: the whole decision, with its explanation.
        reason: the stable reason code (``decision.reason``).
        called: whether the recognizer had already run when the denial came; its result, if
            any, was thrown away.
    """

    def __init__(self, decision: Decision, *, called: bool = False) -> None:
        EmoConsentError.__init__(self, f"{decision.reason.value}: {decision.explanation}")
        self.decision = decision
        self.reason: Reason = decision.reason
        self.called = called


class AccessDenied(EmoConsentError):
    """A principal asked for something that its role, purpose or relation does not permit."""

    def __init__(self, reason: str, explanation: str) -> None:
        super().__init__(f"{reason}: {explanation}")
        self.reason = reason
        self.explanation = explanation


class InvalidInput(EmoConsentError):
    """A value handed in is malformed. Every problem found is listed, not only the first."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class NotFound(EmoConsentError):
    """The named thing does not exist (or is not yours: the two look alike on purpose)."""


class RecognizerOutputError(EmoConsentError):
    """A recognizer returned something that is no valid emotion record; nothing was stored."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("the recognizer's output was refused: " + "; ".join(problems))
        self.problems = tuple(problems)


class LimitReached(EmoConsentError):
    """Somebody asked too often, or has too much out at once. Nothing was done; later is fine.

    Attributes:
        retry_after: seconds after which it is worth asking again.
    """

    def __init__(self, what: str, *, retry_after: float) -> None:
        super().__init__(what)
        self.retry_after = retry_after


class VaultError(EmoConsentError):
    """A sealed value could not be opened. Says nothing about why: that would be an oracle."""


class RightsError(EmoConsentError):
    """A rights request is not in a state that permits the step asked for."""


class AuditError(EmoConsentError):
    """The log's verification failed.

    Attributes:
        findings: what does not hold, one finding a line, each naming its entry or row.
    """

    def __init__(self, findings: Sequence[str]) -> None:
        super().__init__("; ".join(findings))
        self.findings = tuple(findings)


class Unavailable(EmoConsentError):
    """Something the promise depends on is in doubt, so the answer is no (fail closed).

    Attributes:
        outcome: for a write, ``"not_done"`` or ``"unknown"``; ``None`` for a read.
            Retrying is safe in both cases.
    """

    def __init__(self, what: str, *, outcome: str | None = None) -> None:
        super().__init__(what)
        self.outcome = outcome


class DeniedUnavailable(ConsentDenied, Unavailable):
    """The gate denied because it could not know: a ``ConsentDenied`` and an ``Unavailable``."""

    def __init__(self, decision: Decision, *, called: bool = False) -> None:
        ConsentDenied.__init__(self, decision, called=called)
        self.outcome: str | None = None


class ConfigurationError(EmoConsentError):
    """The store, its keys or its settings are not as they must be; the message says what to do."""


class MissingExtra(EmoConsentError):
    """A feature needs an optional dependency. The message names the extra to install."""

    def __init__(self, extra: str, what: str) -> None:
        super().__init__(f"{what} needs the extra {extra!r}: {self.remedy_for(extra)}")
        self.extra = extra

    @staticmethod
    def remedy_for(extra: str) -> str:
        """How *extra* is installed: from the wheel or the clone at hand, for no index has the package."""
        return f"install emoconsent with the extra {extra!r}, e.g. pip install 'WHEEL-OR-CLONE[{extra}]'"

"""``sdk.retention``: what is over is deleted, sooner if the subject chose so, and people are told before."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Final

from emoconsent.access.principal import Principal
from emoconsent.rights.retention.choosing import Choosing
from emoconsent.rights.retention.lapse import GRACE
from emoconsent.rights.retention.report import RetentionReport
from emoconsent.rights.retention.sweep import Progress, Sweep
from emoconsent.rights.retention.warning import Ending, LapseWarning, Warnings
from emoconsent.twins import AsyncTwins


class Retention(AsyncTwins):
    """Keeping no longer than needed. Thread- and process-safe."""

    #: Days from the end of a consent to the deletion of what rested on it.
    grace_days: Final = GRACE.days

    def __init__(
        self, sweep: Callable[[], Sweep], choosing: Choosing, warnings: Callable[[], Warnings]
    ) -> None:
        """*sweep* and *warnings* make what one run works with: it remembers the notices that it parsed."""
        self._sweep = sweep
        self._choosing = choosing
        self._warnings = warnings

    def run(
        self,
        *,
        dry_run: bool = False,
        confirmed: bool = False,
        progress: Progress | None = None,
        stop: Event | None = None,
    ) -> RetentionReport:
        """Delete what is over: records by notice, choice or ended consent; evidence; tokens.

        Repeating it is harmless, in several processes at once, too, and after it was killed.

        Args:
            dry_run: delete nothing, count only.
            confirmed: the clock is right although nothing was run or logged for more than a month.
            progress: called with the number of subjects looked at so far.
            stop: once set, the batch at hand is the last.

        Raises:
            Unavailable: the clock is in doubt, or to be confirmed; nothing was deleted.
        """
        return self._sweep().run(dry=dry_run, confirmed=confirmed, progress=progress, stop=stop or Event())

    def duty(self, stop: Event) -> int:
        """A worker's turn: ``run`` until *stop* is set; how many records were deleted."""
        return self.run(stop=stop).records

    def choose(self, subject: str, days: int | None = None, *, principal: Principal) -> None:
        """Keep the subject's records at most *days*; None: as long as the notice says.

        Nothing past it can be read from the return on; the next run deletes it. It is never longer
        than the notice says, and a longer choice counts only for what is stored from then on.

        Raises:
            AccessDenied: neither the subject nor the guardian. Unknown subjects answer alike.
            InvalidInput: not a whole number from 1 to 3650.
            Unavailable: a choice is announced before it is made, so repeating it is safe.
        """
        self._choosing.choose(subject, days, principal)

    def choice(self, subject: str, *, principal: Principal) -> int | None:
        """What the subject chose last: days, or None. Raises AccessDenied as ``choose`` does."""
        return self._choosing.choice(subject, principal)

    def endings(self, subject: str, *, principal: Principal) -> list[Ending]:
        """What of the subject's will be deleted with a consent that ended or will end, and when.

        Whatever the cause, a withdrawal included. Raises AccessDenied as ``choose`` does.
        """
        return self._choosing.endings(subject, principal, self._warnings())

    def warnings(self) -> list[LapseWarning]:
        """Who is to be told now of a deletion that they did not bring about, and was not yet."""
        return list(self._warnings().due())

    def warn(self, tell: Callable[[LapseWarning], None]) -> int:
        """Let *tell* send each of ``warnings`` that has a contact, once; how many were sent."""
        return self._warnings().give(tell)

"""Links in notices and chat footers that can do one thing: stop."""

from __future__ import annotations

from typing import Final

from emoconsent.accounts.owners import SUBJECT, Owner
from emoconsent.accounts.services import Part
from emoconsent.accounts.tokens import MINUTE, STOP, NewToken
from emoconsent.consent.identifier import check_identifier
from emoconsent.errors import InvalidInput, NotFound

MAX_DAYS: Final = 3650
_DAY: Final = 24 * 60 * MINUTE


class StopLinks(Part):
    """Issues stop links and tells whom one is about. It is never used up: it can only stop."""

    def stop_link(self, subject: str, *, days: int = 400) -> str:
        """A secret for a link with which whoever holds it can stop all analysis of *subject*."""
        check_identifier(subject)
        if isinstance(days, bool) or not isinstance(days, int) or not 0 < days <= MAX_DAYS:
            raise InvalidInput([f"days: 1 to {MAX_DAYS}"])
        owner = Owner(SUBJECT, subject)
        with self._s.database.write() as tx:
            new = NewToken(STOP, {"subject": subject}, [owner], tx.now() + days * _DAY)
            return self._s.tokens.issue(tx, new)

    def stop_subject(self, token: str) -> str:
        """Whom a stop link is about. Raises NotFound alike for invalid, over and erased."""
        with self._s.database.read() as tx:
            found = self._s.tokens.read(tx, STOP, token)
        if found is None:
            raise NotFound("this link is over or was never one")
        return str(found.content["subject"])

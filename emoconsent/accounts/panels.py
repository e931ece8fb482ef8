"""Tokens for the panel that an agent's own tool embeds: one case's hint for a minute, and nothing else."""

from __future__ import annotations

from typing import Final

from emoconsent.access.principal import Principal
from emoconsent.accounts.owners import owner_of
from emoconsent.accounts.services import Part
from emoconsent.accounts.tokens import MINUTE, PANEL, NewToken
from emoconsent.errors import NotFound
from emoconsent.vocabulary import Role

LASTS: Final = 60  # seconds


class Panels(Part):
    """Issues panel tokens and tells whose case one is about."""

    def panel_token(self, case_id: str, *, principal: Principal) -> str:
        """A secret with which the hint of *principal*'s case can be read for 60 seconds.

        It names a case, not a person: whether that case is open and theirs is asked at each reading.
        """
        with self._s.database.write() as tx:
            content = {"case": case_id, "id": principal.id, "role": principal.role.value}
            until = tx.now() + LASTS * MINUTE // 60
            token = self._s.tokens.issue(tx, NewToken(PANEL, content, [owner_of(principal)], until))
            at = tx.now()
        self._s.sweep.now_and_then(at)
        return token

    def panel_case(self, token: str) -> tuple[str, Principal]:
        """The case that *token* is for, and who issued it. Raises NotFound alike for over and never."""
        with self._s.database.read() as tx:
            found = self._s.tokens.read(tx, PANEL, token)
        if found is None:
            raise NotFound("this panel is over or was never one")
        content = found.content
        return str(content["case"]), Principal(content["id"], Role(content["role"]))

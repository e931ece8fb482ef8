"""Fetching a copy by a link: good for one whole download, and for as many tries as a phone may need.

The link is spent when whoever reads asks for more after the last byte. What breaks off before costs one of
``TRIES``, not the link. It serves only the principal for whom it was made, who has to be signed in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from emoconsent.access.principal import Principal
from emoconsent.accounts.owners import SUBJECT, Owner
from emoconsent.accounts.signin import denied
from emoconsent.accounts.tokens import EXPORT, MINUTE, NewToken, Token, Tokens
from emoconsent.audit.entry import EventTag
from emoconsent.errors import NotFound, RightsError
from emoconsent.rights.export.desk import GONE, Desk
from emoconsent.rights.export.making import Making, part_content
from emoconsent.rights.export.ports import ExportRow
from emoconsent.rights.export.sets import Export, ExportState, shown
from emoconsent.threads import STEPS

LASTS: Final = 24 * 60 * MINUTE
TRIES: Final = 10
_END: Final = b""


@dataclass(frozen=True, slots=True)
class Download:
    """A copy being fetched: iterate over it, once, for its bytes in order; ``async for`` does, too.

    Each part is opened only when it is asked for. Raises NotFound where the copy is erased meanwhile.
    """

    export: Export
    _chunks: Iterator[bytes] = field(repr=False)

    @property
    def name(self) -> str:
        """A file's name that tells nobody whose it is."""
        return f"emoconsent-{self.export.begun_at:%Y-%m-%d}-{self.export.id[:8]}.zip"

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (chunk := await STEPS.run(next, self._chunks, _END)) != _END:
            yield chunk


@dataclass(frozen=True, slots=True)
class Fetching:
    """Issues links and opens them."""

    desk: Desk
    making: Making
    tokens: Tokens
    find: Callable[[str], ExportRow]

    def link(self, export_id: str, principal: Principal) -> str:
        with self.desk.export(self.find(export_id), principal) as (admitted, row, _):
            if row.state != ExportState.READY:
                raise RightsError("the copy is still being made; go on with exports.advance")
            keys = admitted.present.keys
            owner = Owner(SUBJECT, keys.open_handle(admitted.present.known.row.sealed_handle))
            content = {"export": export_id, "actor": principal.id, "role": principal.role.value}
            until = min(admitted.tx.now() + LASTS, row.expires_at)
            return self.tokens.issue(admitted.tx, NewToken(EXPORT, content, [owner], until))

    def open(self, link: str, principal: Principal) -> Download:
        token = self._tried(link, principal)
        with self.desk.export(self.find(token.content["export"]), principal) as (admitted, row, plan):
            self.desk.log(admitted, EventTag.EXPORT_READ, principal, row, {"parts": row.parts})
            found = shown(row, plan)
        return Download(found, self._chunks(row, bytes(token.row.token_hash)))

    def _tried(self, link: str, principal: Principal) -> Token:
        """The link, with one try more counted. Raises AccessDenied alike for wrong, spent and over."""
        with self.desk.database.write() as tx:
            token = self.tokens.read(tx, EXPORT, link, lock=True)
            if token is None or token.row.misses >= TRIES or not _made_for(token, principal):
                raise denied()
            self.tokens.touch(tx, token.row, misses=token.row.misses + 1)
        return token

    def _chunks(self, row: ExportRow, token_hash: bytes) -> Iterator[bytes]:
        for number in range(row.parts):
            yield self._chunk(row, number)  # outside the hold: a slow reader delays no erasure
        with self.desk.database.write() as tx:
            tx.tokens.remove([token_hash])

    def _chunk(self, row: ExportRow, number: int) -> bytes:
        with self.desk.presence.within(row.subject_ref, self.desk.database.read()) as (tx, present):
            now = tx.exports.get(row.export_id)
            if now is None or now.expires_at <= tx.now():
                raise NotFound(GONE)
            return part_content(tx, present, self.making.gathering, row, number)


def _made_for(token: Token, principal: Principal) -> bool:
    return (token.content["actor"], token.content["role"]) == (principal.id, principal.role.value)

"""Publishing notices: each version once, never changed, superseding the one before."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import rfc8785

from emoconsent.access.permissions import Permission, authorize
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag
from emoconsent.consent.book import NoticeBook
from emoconsent.consent.chain import NOTICE, CatalogueChain, acted
from emoconsent.consent.closing import Closer
from emoconsent.consent.draining import drain
from emoconsent.consent.events import ConsentEvent
from emoconsent.consent.holds import HoldTable, offer_key
from emoconsent.consent.notice import Notice, carry_problems, load_notice, notice_to_dict, parse_notice
from emoconsent.consent.ports import CatalogueRow, ConsentDatabase
from emoconsent.errors import InvalidInput, NotFound
from emoconsent.twins import AsyncTwins

NOTICE_CLOSED: Final = "notice-closed"


@lru_cache(maxsize=1024)
def _parsed(content: str) -> Notice:
    """Parsing is pure and the content immutable, so the same text is parsed once."""
    return parse_notice(json.loads(content))


def book_from(rows: Sequence[CatalogueRow]) -> NoticeBook:
    """The notices among the catalogue's checked rows."""
    notices = tuple(_parsed(row.content) for row in rows if row.kind == NOTICE)
    closed = [row for row in rows if row.kind == NOTICE_CLOSED]
    ended = {
        _parsed(row.content).id
        for row in rows
        for end in closed
        if row.kind == NOTICE and row.name == end.name and row.number < end.number
    }
    return NoticeBook(notices, frozenset(ended))


@dataclass(frozen=True, slots=True)
class NoticeDocument:
    """A published version, as a notice file has it, and the hash of what people were shown."""

    id: str
    content: dict[str, Any]
    sha256: str
    in_force: bool


class Notices(AsyncTwins):
    """The published notices, as the operator and the portal see them."""

    def __init__(
        self,
        database: ConsentDatabase,
        chain: CatalogueChain,
        closer: Closer,
        holds: HoldTable,
        committed: Callable[[], None],
        shown: Callable[..., ConsentEvent],
    ) -> None:
        self._database = database
        self._chain = chain
        self._closer = closer
        self._holds = holds
        self._committed = committed
        self._shown = shown

    def shown(self, subject: str, *, notice: str, channel: str, language: str) -> ConsentEvent:
        """Record an exposure: see ``ConsentRegistry.shown``."""
        return self._shown(subject, notice=notice, channel=channel, language=language)

    def publish(
        self,
        notice: Mapping[str, Any] | str | Path,
        *,
        principal: Principal | None = None,
        timeout: float = 10.0,
    ) -> Notice:
        """Publish a notice version; identical content again is harmless and returns the same notice.

        Args:
            notice: a mapping, or the path of a TOML file.
            principal: who publishes; stated, it must be permitted to. Without one the host speaks.
            timeout: seconds to wait for calls admitted under the version that it supersedes.

        Raises:
            AccessDenied: the principal is no administrator.
            InvalidInput: every fault of the notice, or the version exists with other content, or
                another notice already offers one of its pairs.
        """
        if principal is not None:
            authorize(principal, Permission.PUBLISH_NOTICE)
        mapping = load_notice(Path(notice)) if isinstance(notice, (str, Path)) else notice
        parsed = parse_notice(mapping)
        known = _same(self.book(), parsed)
        if known is not None:
            return known
        self._closer.catch_up()
        number = self._append(parsed, principal)
        self._committed()
        # Also what an earlier version offered and this one does not: calls for it end here, too.
        versions = (version.scope for version in self.list() if version.notice_id == parsed.notice_id)
        keys = [offer_key(purpose, modality.value) for purpose, modality in sorted(set().union(*versions))]
        drain(self._holds, keys, number, timeout=timeout)
        return parsed

    def draft(self, notice: Mapping[str, Any]) -> Notice:
        """*notice* as ``publish`` would publish it now; nothing is published.

        Raises:
            InvalidInput: every fault for which ``publish`` would refuse it.
        """
        parsed, book = parse_notice(notice), self.book()
        if _same(book, parsed) is None:
            _refuse([*_clashes(book, parsed), *_carrying(book, parsed)])
        return parsed

    def _append(self, parsed: Notice, principal: Principal | None) -> int:
        content = rfc8785.dumps(notice_to_dict(parsed)).decode()
        with self._database.write() as tx:
            rows = self._chain.rows(tx, lock=True)
            book = book_from(rows)
            if _same(book, parsed) is not None:
                return len(rows)  # another process published the same meanwhile
            _refuse([*_clashes(book, parsed), *_carrying(book, parsed)])
            if book.current(parsed.notice_id) is not None:
                closing = self._closer.closings.announce("supersede", None, None, parsed.notice_id)
                self._closer.mark(tx, closing)
            facts = {"version": parsed.version, "sha256": parsed.content_hash}
            tag = EventTag.NOTICE_PUBLISH
            row = self._chain.append(
                tx, rows, NOTICE, parsed.notice_id, content, tag=tag, facts=facts, **acted(principal)
            )
            return row.number

    def book(self) -> NoticeBook:
        """All versions ever published."""
        with self._database.read() as tx:
            return book_from(self._chain.rows(tx))

    def get(self, full_id: str) -> Notice:
        """The version named ``id@version``. Raises NotFound."""
        book = self.book()
        found = book.get(full_id)
        if found is None:
            raise NotFound(f"notice {book.absent(full_id)}")
        return found

    def document(self, full_id: str) -> NoticeDocument:
        """The version named ``id@version`` as it was published. Raises NotFound."""
        found, book = self.get(full_id), self.book()
        return NoticeDocument(found.id, notice_to_dict(found), found.content_hash, found in book.currents())

    def list(self) -> tuple[Notice, ...]:
        """All versions, oldest first."""
        return self.book().notices


def _same(book: NoticeBook, new: Notice) -> Notice | None:
    """The published version of that name. Raises InvalidInput if its content is another."""
    found = book.get(new.id)
    if found is not None and found.content_hash != new.content_hash:
        _refuse([f"version: {new.id} is published with other content; give it a new version"])
    return found


def _refuse(problems: list[str]) -> None:
    if problems:
        raise InvalidInput(problems)


def _clashes(book: NoticeBook, new: Notice) -> list[str]:
    """One store serves one controller, and a (purpose, modality) belongs to one notice id at a time."""
    controllers = {n.controller.name for n in book.currents()} - {new.controller.name}
    problems = [f"controller: this store serves {name!a}; one store, one controller" for name in controllers]
    owners = [(pair, book.offering(*pair)) for pair in sorted(new.scope)]
    return problems + [
        f"purposes: {purpose}/{modality.value} is already offered by {owner.notice_id}"
        for (purpose, modality), owner in owners
        if owner is not None and owner.notice_id != new.notice_id
    ]


def _carrying(book: NoticeBook, new: Notice) -> list[str]:
    old = book.current(new.notice_id)
    if old is None:
        return ["carries_over: there is no earlier version to carry over from"] if new.carries_over else []
    return list(carry_problems(old, new))

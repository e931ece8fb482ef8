"""One step of a copy: a page of a set, or the end; some whole files of the archive, and no more in memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from emoconsent.errors import NotFound
from emoconsent.rights.export.archive import Item, directory, pack
from emoconsent.rights.export.closing import MANIFEST, SIGNATURE, leading_files, manifest, signature
from emoconsent.rights.export.desk import GONE
from emoconsent.rights.export.gather import PAGE, Gathering, Source, gather
from emoconsent.rights.export.pages import files
from emoconsent.rights.export.ports import ExportRow, PartRow
from emoconsent.rights.export.sets import (
    ExportSet,
    ExportState,
    Plan,
    authenticated,
    checked,
    checked_part,
    part_mac,
    plan_of,
    sealed_plan,
)
from emoconsent.rights.ports import RightsDatabase, RightsTransaction
from emoconsent.vault.presence import Presence, Present

File = tuple[str, bytes, int]
_CONTENT: Final = "part"
_INDEX: Final = "index"
# Lengths that all but large parts and long lists of files have: how much a person decided or was looked at
# does not show in them.
_USUAL: Final = 32 * 1024  # bytes of content
_USUAL_INDEX: Final = 8 * 1024
_LENGTH: Final = 8  # bytes that say how much of a part is content


@dataclass(frozen=True, slots=True)
class Making:
    """Makes parts: read under a hold that an erasure waits for, written in a short transaction."""

    database: RightsDatabase
    presence: Presence
    gathering: Gathering
    signing_key: Callable[[], Ed25519PrivateKey]
    sandbox: bool

    def step(self, export_id: bytes) -> bool:
        """Make the next part; False if there is none to make. May be killed anywhere, and repeated.

        Raises:
            NotFound: the copy was dropped or erased.
            Unavailable: a row was altered.
        """
        mac = self.gathering.ledger.mac
        with self.database.read() as tx:
            row = tx.exports.get(export_id)
            if row is None or checked(mac, row).expires_at <= tx.now():
                raise NotFound(GONE)
        if row.state == ExportState.READY:
            return False
        with self.presence.within(row.subject_ref, self.database.read()) as (tx, present):
            source = Source(self.gathering, tx, present, row, plan_of(present.keys, row))
            part, moved = self._made(source)
            with self.database.write() as writing:
                # Erased meanwhile there is none; made by somebody else meanwhile it is another.
                there = writing.exports.get(export_id, lock=True)
                if there is None:
                    raise NotFound(GONE)
                if bytes(there.mac) == bytes(row.mac):
                    writing.export_parts.add(part)
                    writing.exports.put(moved)
        return True

    def _made(self, source: Source) -> tuple[PartRow, ExportRow]:
        row, plan = source.row, source.plan
        over = plan.section == len(plan.sets)
        content, items, plan = self._end(source) if over else _page(source)
        keys, number, export_id = source.present.keys, row.parts, bytes(row.export_id)
        index = json.dumps([asdict(item) for item in items]).encode().ljust(_USUAL_INDEX - 1)
        filled = (len(content).to_bytes(_LENGTH, "big") + content).ljust(_USUAL - 1, b"\x00")
        part = PartRow(
            row.subject_ref,
            row.export_id,
            number,
            keys.seal_export(filled, export=export_id, field=_CONTENT, number=number),
            keys.seal_export(index, export=export_id, field=_INDEX, number=number),
            b"",
        )
        mac = self.gathering.ledger.mac
        moved = replace(
            row,
            state=(ExportState.READY if over else ExportState.RUNNING).value,
            parts=number + 1,
            total=number + 1 if over else max(row.total, number + 2),
            sealed=sealed_plan(keys, export_id, plan),
        )
        return replace(part, mac=part_mac(mac, part)), authenticated(mac, moved)

    def _end(self, source: Source) -> tuple[bytes, list[Item], Plan]:
        row, plan, begun = source.row, source.plan, source.begun
        export = bytes(row.export_id).hex()
        before = list(_items(source.tx, source.present, row))
        leading = leading_files(plan.sets, before, begun, sandbox=self.sandbox)
        content, items = _packed(leading, plan.size, source)
        listed = manifest(export, plan.sets, [*before, *items], begun, sandbox=self.sandbox)
        signed = signature(export, listed, self.signing_key(), sandbox=self.sandbox)
        last = _packed([(MANIFEST, listed, 0), (SIGNATURE, signed, 0)], plan.size + len(content), source)
        content, items = content + last[0], items + last[1]
        content += directory([*before, *items], plan.size + len(content), begun)
        digest = hashlib.sha256()
        for number in range(row.parts):
            digest.update(part_content(source.tx, source.present, self.gathering, row, number))
        digest.update(content)
        size = plan.size + len(content)
        return content, items, replace(plan, size=size, sha256=digest.hexdigest())


def _page(source: Source) -> tuple[bytes, list[Item], Plan]:
    plan, page = source.plan, gather(source)
    content, items = _packed(files(plan.sets[plan.section], plan.page, page.items), plan.size, source)
    size = plan.size + len(content)
    if page.next is not None:
        return content, items, replace(plan, cursor=page.next, page=plan.page + 1, size=size)
    return content, items, replace(plan, section=plan.section + 1, cursor=None, page=1, size=size)


def _packed(made: Iterable[File], offset: int, source: Source) -> tuple[bytes, list[Item]]:
    chunks, items = [], []
    for name, content, holds in made:
        chunk, item = pack(name, content, offset, source.begun, holds=holds)
        chunks.append(chunk)
        items.append(item)
        offset += len(chunk)
    return b"".join(chunks), items


def _items(tx: RightsTransaction, present: Present, row: ExportRow) -> Iterator[Item]:
    """Every file that is in the parts so far."""
    export_id = bytes(row.export_id)
    for number, sealed in tx.export_parts.indexes(row.subject_ref, row.export_id):
        index = present.keys.open_export(sealed, export=export_id, field=_INDEX, number=number)
        yield from (Item(**value) for value in json.loads(index))


def part_content(
    tx: RightsTransaction, present: Present, gathering: Gathering, row: ExportRow, number: int
) -> bytes:
    """The archive's bytes in part *number*.

    Raises:
        NotFound: it was dropped or erased.
        Unavailable: it was altered.
    """
    part = tx.export_parts.get(row.subject_ref, row.export_id, number)
    if part is None:
        raise NotFound(GONE)
    checked_part(gathering.ledger.mac, part)
    filled = present.keys.open_export(part.sealed, export=bytes(row.export_id), field=_CONTENT, number=number)
    return filled[_LENGTH : _LENGTH + int.from_bytes(filled[:_LENGTH], "big")]


def steps(records: int, sets: Iterable[ExportSet]) -> int:
    """How many parts a copy will have, as far as can be told: a set longer than a page adds some."""
    pages = dict.fromkeys(sets, 1)
    if ExportSet.RECORDS in pages:
        pages[ExportSet.RECORDS] = max(1, -(-records // PAGE))
    return sum(pages.values()) + 1

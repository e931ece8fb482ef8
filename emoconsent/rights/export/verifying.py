"""What a verification of the store does with the rows of copies."""

from __future__ import annotations

from collections.abc import Iterator

from emoconsent.audit.rowmac import RowMac
from emoconsent.rights.export.sets import export_mac, part_mac
from emoconsent.rights.ports import RightsTransaction


def rows(tx: RightsTransaction, mac: RowMac) -> Iterator[tuple[str, bytes, bytes, None]]:
    """Every row's name, MAC and what the MAC should be; one part in memory at a time."""
    for export in tx.exports.list():
        yield f"exports {bytes(export.export_id).hex()}", export.mac, export_mac(mac, export), None
    for ref, export_id, number in tx.export_parts.names():
        part = tx.export_parts.get(ref, export_id, number)
        if part is not None:
            yield f"export_parts {export_id.hex()}/{number}", part.mac, part_mac(mac, part), None


def unpaired(tx: RightsTransaction) -> Iterator[str]:
    """Copies that have other parts than were made; those of somebody being erased go one by one."""
    there: dict[tuple[bytes, bytes], set[int]] = {}
    for ref, export_id, number in tx.export_parts.names():
        there.setdefault((ref, export_id), set()).add(number)
    made = {
        (bytes(export.subject_ref), bytes(export.export_id)): set(range(export.parts))
        for export in tx.exports.list()
    }
    for ref, export_id in sorted(there.keys() | made.keys()):
        known = tx.subjects.by_ref(ref) is not None
        if known and there.get((ref, export_id), set()) != made.get((ref, export_id)):
            yield f"exports {export_id.hex()}: its parts are not those that were made"

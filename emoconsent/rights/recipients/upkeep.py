"""What verification does with the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from emoconsent.audit.entry import Entry, EventTag
from emoconsent.audit.rowmac import RowMac
from emoconsent.rights.ports import RightsTransaction
from emoconsent.rights.recipients.task import task_mac


def rows(tx: RightsTransaction, mac: RowMac) -> Iterator[tuple[str, bytes, bytes, bytes | None]]:
    """Every task's name, MAC and what that should be; a task changes too often for an entry of its own."""
    for task in tx.outbox.list():
        yield f"outbox {task.task_id.hex()}", task.mac, task_mac(mac, task), None


def gone(tx: RightsTransaction, entries: Iterable[Entry]) -> Iterator[str]:
    """Tasks that were never told because somebody took them away, or told again after they were over."""
    there = {bytes(task.task_id).hex(): bytes(task.mac) for task in tx.outbox.list()}
    for entry in entries:
        task = str(entry.facts.get("task"))
        if entry.tag is EventTag.RECIPIENT_TELL and task not in there:
            yield f"log entry {entry.id.hex()} ({entry.tag.value}): the task that it speaks of is gone"
        elif entry.tag is EventTag.RECIPIENT_OUTCOME and entry.effects != (there.get(task),):
            yield f"log entry {entry.id.hex()} ({entry.tag.value}): the task is not as it was when it ended"

"""Counting: what came after a withdrawal had returned, by clock and by the log's own order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from emoconsent import EmoConsent
from emoconsent.audit.entry import EventTag, decode
from tests.faults.race.board import Kind, Note, read_diaries
from tests.faults.race.caller import name
from tests.faults.race.director import Round


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts over a set of rounds. Everything named ``*_late`` came after the return."""

    withdrawals: int = 0
    calls: int = 0
    handed: int = 0
    discarded: int = 0
    started_late: int = 0  # the recognizer started
    stored_late: int = 0  # a record or a call:complete entry stands behind the withdrawal in the log
    let_go_late: int = 0  # the SDK still held a result
    handed_unstored: int = 0  # a result reached the caller that the log does not know before the withdrawal
    stamped_late: int = 0  # the caller's own stamp, made after the SDK had let go before the return
    latest_stamp_us: int = 0


def tally(notes: Sequence[Note], rounds: Sequence[Round], log: Mapping[int, tuple[int, int]]) -> Tally:
    """Counts over *rounds*; *log* has (completed before, completed after the withdrawal) by subject."""
    returned = {r.subject: r.returned for r in rounds}
    of_round = [n for n in notes if n.subject in returned]
    late = [n for n in of_round if n.at > returned[n.subject]]
    handed = [n for n in of_round if n.kind is Kind.HANDED]
    results = {(n.subject, n.call) for n in handed}
    by_subject = {s: sum(1 for n in handed if n.subject == s) for s in returned} if log else {}
    stamps = [n.at - returned[n.subject] for n in late if n.kind is Kind.HANDED]
    return Tally(
        withdrawals=len(rounds),
        calls=_count(of_round, Kind.STARTED),
        handed=len(handed),
        discarded=_count(of_round, Kind.DISCARDED),
        started_late=_count(late, Kind.STARTED),
        stored_late=sum(log[s][1] for s in returned if s in log),
        let_go_late=sum(1 for n in late if n.kind is Kind.LET_GO and (n.subject, n.call) in results),
        handed_unstored=sum(max(0, count - log[s][0]) for s, count in by_subject.items()),
        stamped_late=len(stamps),
        latest_stamp_us=max(stamps, default=0) // 1000,
    )


def _count(notes: Sequence[Note], kind: Kind) -> int:
    return sum(1 for note in notes if note.kind is kind)


def from_log(sdk: EmoConsent, rounds: Sequence[Round]) -> dict[int, tuple[int, int]]:
    """By subject: completed calls whose entry stands before and behind the withdrawal's.

    A record whose entry stands behind, or that has no entry, counts as behind.
    """
    parts, found = sdk._parts, {}
    for one in rounds:
        with parts.stores.data.read() as tx:
            known = parts.rights._s.ledger.find(tx, name(one.subject))
            if known is None:
                raise RuntimeError("a subject of the race is unknown")
            entries = [decode(stored.leaf) for stored in tx.log.linked(known.row.subject_ref)]
            records = {bytes(row.entry_id) for row in tx.records.of(known.row.subject_ref)}
        tags = [entry.tag for entry in entries]
        withdrawn = tags.index(EventTag.CONSENT_WITHDRAW)
        before = [e for e in entries[:withdrawn] if e.tag is EventTag.CALL_COMPLETE]
        behind = [e for e in entries[withdrawn:] if e.tag is EventTag.CALL_COMPLETE]
        stray = records - {e.id for e in before} - {e.id for e in behind}
        found[one.subject] = (len(before), len(behind) + len(stray))
    return found


def tables(folder: Path, rounds: Sequence[Round], log: Mapping[int, tuple[int, int]]) -> dict[str, Tally]:
    """Tallies of the drained, of those not drained at their return, and of these by fate."""
    notes = list(read_diaries(folder))
    groups = {
        "drained": [r for r in rounds if r.drained],
        "not drained": [r for r in rounds if not r.drained],
        "  of these stopped inside": [r for r in rounds if not r.drained and r.fate == "stopped"],
        "  of these killed inside": [r for r in rounds if not r.drained and r.fate == "killed"],
    }
    return {title: tally(notes, group, log) for title, group in groups.items()}


def as_text(counts: Mapping[str, Tally]) -> str:
    """A table, a column a group."""
    lines = [f"{'':28}" + "".join(f"{title.strip():>26}" for title in counts)]
    for field in fields(Tally):
        values = "".join(f"{getattr(count, field.name):>26,}" for count in counts.values())
        lines.append(f"{field.name:28}{values}")
    return "\n".join(lines)

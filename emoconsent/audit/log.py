"""The audit log: entries join the transaction of their effect and are sequenced into a tree later.

There is no daemon. Whoever writes may place the pending entries once enough have gathered
(``SEQUENCE_AT``) or time has passed (``SEQUENCE_AFTER``); a checkpoint, a verification and a proof
do so first. What lies after the last checkpoint that somebody else holds is not protected by the
tree, only by each entry's own MAC.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final, Protocol

from emoconsent.audit.entry import GOES_ON, Entry, EventTag, Fact, Reference, encode
from emoconsent.audit.merkle import Frontier, leaf_hash
from emoconsent.audit.ports import HeadMemory, LogDatabase, LogStore
from emoconsent.audit.rowmac import RowMac
from emoconsent.clock import from_micros
from emoconsent.errors import AuditError, Unavailable

SEQUENCE_AT: Final = 256  # entries
SEQUENCE_AFTER: Final = timedelta(seconds=1)
_LOG: Final = logging.getLogger("emoconsent")


class StoreSeal(Protocol):
    """Seals what entries say about staff, under a key of the store."""

    def seal(self, plaintext: bytes, entry_id: bytes) -> bytes: ...


class Scribe:
    """Writes entries into a caller's transaction. Stateless but for its keys.

    Args:
        mac: authenticates each entry's row.
        store_seal: seals private parts of entries that are about no subject.
    """

    def __init__(self, mac: RowMac, store_seal: StoreSeal) -> None:
        self._mac = mac
        self._store_seal = store_seal

    def write(
        self,
        log: LogStore,
        entry_id: bytes,
        tag: EventTag,
        at: int,
        *,
        role: str | None = None,
        facts: Mapping[str, Fact] | None = None,
        private: bytes | None = None,
        effects: tuple[bytes, ...] = (),
        about: Reference | None = None,
    ) -> None:
        """Add one entry. *private* is sealed under the subject's key if it is *about* one.

        Raises:
            Unavailable: the clock is in doubt, and the entry is none that ``GOES_ON``.
        """
        doubt = log.doubt() if tag not in GOES_ON else None
        if doubt is not None:
            raise Unavailable(doubt, outcome="not_done")
        sealer = about or self._store_seal
        entry = Entry(
            id=entry_id,
            tag=tag,
            at=from_micros(at),
            role=role,
            facts=facts or {},
            effects=effects,
            subject_tag=about.tag(entry_id) if about else None,
            sealed=sealer.seal(private, entry_id) if private is not None else None,
        )
        leaf = encode(entry)
        log.add(entry_id, at, leaf, self.entry_mac(entry_id, at, leaf))
        if about is not None:
            log.link(about.ref, entry_id, tag.value)

    def entry_mac(self, entry_id: bytes, at: int, leaf: bytes) -> bytes:
        return self._mac("log_entries", entry_id, at, leaf)


def sequence(log: LogStore) -> tuple[int, bytes]:
    """Place all pending entries in the tree; the tree's size and root afterwards.

    The store-wide lock is held until the caller's transaction ends, so that two sequencers never
    give out the same index, and entries whose numbers committed out of order are not skipped.
    """
    log.lock()
    frontier = Frontier.read(log.size(), log.node)
    pending = log.pending()
    places, nodes = [], []
    for entry in pending:
        places.append((entry.entry_no, frontier.size))
        frontier, complete = frontier.append(leaf_hash(entry.leaf))
        nodes.extend(complete)
    if places:
        log.place(places)
        log.put_nodes(nodes)
    return frontier.size, frontier.root()


class Sequencer:
    """Decides when this process places pending entries; thread-safe."""

    def __init__(self, database: LogDatabase, memory: HeadMemory, monotonic: Callable[[], float]) -> None:
        self._database = database
        self._memory = memory
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._written = 0
        self._last = monotonic()

    def wrote(self) -> None:
        """Tell of one committed entry; sequences if it is time.

        A failure to sequence is no failure of what was committed: the entries stay pending. A tree
        found damaged is for ``verify``, ``checkpoint`` and the doctor to report: whoever withdraws
        or was denied must hear that instead.
        """
        with self._lock:
            self._written += 1
            idle = self._monotonic() - self._last
            if self._written < SEQUENCE_AT and idle < SEQUENCE_AFTER.total_seconds():
                return
            self._written, self._last = 0, self._monotonic()
        try:
            self.run()
        except (Unavailable, AuditError) as error:
            _LOG.warning("emoconsent: log entries wait for their place in the tree: %s", type(error).__name__)

    def run(self) -> tuple[int, bytes]:
        """Place everything pending now; size and root of the tree, remembered outside it."""
        with self._database.write() as transaction:
            size, root = sequence(transaction.log)
        self._memory.remember_head(size, root)
        return size, root

    def forget(self) -> None:
        """In a forked child: another thread of the parent may have held the lock."""
        self._lock = threading.Lock()

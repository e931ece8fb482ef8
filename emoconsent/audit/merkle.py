"""The Merkle tree of RFC 9162, section 2.1, grown one leaf at a time.

Leaves and nodes are hashed under different prefixes, so that no leaf can pass for a node.
Node ``(level, index)`` is the root of the complete subtree over the leaves
``index * 2**level`` up to, not including, ``(index + 1) * 2**level``. A complete subtree never
changes, which makes it the unit that a database stores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from emoconsent.errors import InvalidInput

HASH_SIZE: Final = 32  # bytes, SHA-256
EMPTY_ROOT: Final = sha256(b"").digest()  # RFC 9162, 2.1.1: MTH({}) = HASH()

NodeReader = Callable[[int, int], bytes]
"""Gives the stored hash of node ``(level, index)``, which must be a complete subtree."""


Node = tuple[int, int, bytes]
"""A complete subtree as a row to store: level (0 is a leaf), index from the left, hash (32 bytes)."""


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 ‖ data): the hash of a log entry (RFC 9162, 2.1.1), 32 bytes."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right): the hash of an inner node (RFC 9162, 2.1.1), 32 bytes."""
    return sha256(b"\x01" + left + right).digest()


def root_from_leaves(leaf_hashes: Sequence[bytes]) -> bytes:
    """The tree's root, MTH in RFC 9162, 2.1.1, over hashes made by ``leaf_hash``.

    Works up level by level in O(n); a last node without a partner moves up unchanged, which is
    the same tree as the RFC's split at the largest power of two below n.
    """
    level = list(leaf_hashes)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        pairs = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(level) & ~1 :]
    return level[0]


def range_root(start: int, end: int, node: NodeReader) -> bytes:
    """The root over the leaves ``start`` up to, not including, ``end``, from stored nodes.

    ``start`` must be a multiple of the largest power of two not above ``end - start``, as it is
    for every range that RFC 9162 splits off. One read for each set bit of ``end - start``.
    """
    peaks = []
    while start < end:
        level = (end - start).bit_length() - 1
        peaks.append(node(level, start >> level))
        start += 1 << level
    return _bag(peaks)


def _bag(peaks: Sequence[bytes]) -> bytes:
    """Join complete subtrees, largest first, into the root over all of them."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for left in reversed(peaks[:-1]):
        root = node_hash(left, root)
    return root


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: all that appending and the root need, in O(log n) space.

    Attributes:
        size: the number of leaves, 0 or more.
        hashes: the complete subtrees, largest (leftmost) first, one for each set bit of *size*.

    Raises:
        InvalidInput: the hashes are not as many as the size asks for, or not 32 bytes each.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        problems = []
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            problems.append("frontier: needs one hash for each set bit of its size")
        if any(len(value) != HASH_SIZE for value in self.hashes):
            problems.append(f"frontier: every hash must be {HASH_SIZE} bytes")
        if problems:
            raise InvalidInput(problems)

    @classmethod
    def read(cls, size: int, node: NodeReader) -> Frontier:
        """The frontier that the tree had at *size*, from stored nodes, in O(log size) reads."""
        levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
        # Left of the peak at a level lie the larger peaks: the higher set bits of the size.
        return cls(size, tuple(node(level, (size >> level) - 1) for level in levels))

    def append(self, leaf: bytes) -> tuple[Frontier, list[Node]]:
        """Add a leaf by its hash.

        Returns:
            The new frontier, and every subtree that is complete now and was not before, the
            leaf first and each next one a level higher: the rows for a database to store.
        """
        peaks = list(self.hashes)
        nodes = [(0, self.size, leaf)]
        while self.size >> (len(nodes) - 1) & 1:  # a full left neighbour at this level: carry
            level, index, value = nodes[-1]
            nodes.append((level + 1, index >> 1, node_hash(peaks.pop(), value)))
        return Frontier(self.size + 1, (*peaks, nodes[-1][2])), nodes

    def root(self) -> bytes:
        """The tree's root, equal to ``root_from_leaves`` over all leaves appended."""
        return _bag(self.hashes)

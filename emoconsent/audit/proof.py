"""Inclusion and consistency proofs (RFC 9162, sections 2.1.3 and 2.1.4) and their file format.

Proofs are made from stored complete subtrees in O(log n) reads. Verifying needs nothing but the
numbers handed in, so an auditor can do it on another machine. The ``verify_*`` functions raise
rather than answer, because an answer could be ignored.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from emoconsent.audit.checkpoint import MAX_NOTE, exact_base64, exact_decimal
from emoconsent.audit.merkle import EMPTY_ROOT, HASH_SIZE, NodeReader, node_hash, range_root
from emoconsent.errors import AuditError, InvalidInput

MAX_PATH: Final = 63  # hashes; trees stay below 2**63 leaves
MAX_EXTRA: Final = 64 * 1024  # bytes of extra data in a proof file

_HEADER: Final = "c2sp.org/tlog-proof@v1"


def inclusion_path(index: int, size: int, node: NodeReader) -> list[bytes]:
    """PATH(index, D[size]) of RFC 9162, 2.1.3.1: from the leaf's sibling up to the root's child.

    Args:
        index: the leaf, counted from 0.
        size: the size of the tree that the proof is for; later leaves may exist.
        node: reads complete subtrees within the first *size* leaves.

    Raises:
        InvalidInput: *index* is not in [0, size).
    """
    if not 0 <= index < size:
        raise InvalidInput(["inclusion proof: the index must be in [0, size)"])
    start, end, path = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(range_root(middle, end, node))
            end = middle
        else:
            path.append(range_root(start, middle, node))
            start = middle
    return path[::-1]


def consistency_path(old_size: int, new_size: int, node: NodeReader) -> list[bytes]:
    """PROOF(old_size, D[new_size]) of RFC 9162, 2.1.4.1; empty from size 0 and for equal sizes.

    Args:
        old_size: the size at the earlier head.
        new_size: the size at the later head.
        node: reads complete subtrees within the first *new_size* leaves.

    Raises:
        InvalidInput: not 0 <= old_size <= new_size.
    """
    if not 0 <= old_size <= new_size:
        raise InvalidInput(["consistency proof: needs 0 <= old_size <= new_size"])
    if old_size == 0:
        return []
    start, end, path = 0, new_size, []
    while end != old_size:
        middle = start + _split(end - start)
        if old_size <= middle:
            path.append(range_root(middle, end, node))
            end = middle
        else:
            path.append(range_root(start, middle, node))
            start = middle
    if start:  # SUBPROOF(m, D[m], false); with true the verifier knows this root already
        path.append(range_root(start, end, node))
    return path[::-1]


def _split(size: int) -> int:
    """The largest power of two smaller than *size*, which is 2 or more."""
    return 1 << ((size - 1).bit_length() - 1)


def verify_inclusion(leaf_hash: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf is at *index* in the tree of *size* leaves with this *root*.

    RFC 9162, 2.1.3.2. Hashes are 32 bytes each. A root does not bind the size it is claimed with
    (neighbouring sizes can have proofs of one shape): take both from one verified checkpoint.

    Raises:
        AuditError: the proof does not hold; the findings say in which way.
    """
    if not 0 <= index < size:
        raise AuditError(["inclusion proof: the index is not in [0, size)"])
    _check_hashes("inclusion proof", [leaf_hash, root, *path])
    place, last, value = index, size - 1, leaf_hash
    for sibling in path:
        if last == 0:
            raise AuditError(["inclusion proof: too many hashes"])
        if place & 1 or place == last:
            value = node_hash(sibling, value)
            place, last = _skip_right_edge(place, last)
        else:
            value = node_hash(value, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise AuditError(["inclusion proof: too few hashes"])
    if not compare_digest(value, root):
        raise AuditError(["inclusion proof: the calculated root is not the root given"])


def verify_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Check that the tree at *new_size* extends the tree at *old_size*: nothing cut, nothing changed.

    RFC 9162, 2.1.4.2. Hashes are 32 bytes each. Every tree extends the empty one. Take size and
    root of each tree from one verified checkpoint, as for ``verify_inclusion``.

    Raises:
        AuditError: the proof does not hold; the findings say in which way.
    """
    if not 0 <= old_size <= new_size:
        raise AuditError(["consistency proof: the tree became smaller"])
    _check_hashes("consistency proof", [old_root, new_root, *path])
    if old_size in (0, new_size):
        _check_trivial(old_size, new_size, old_root, new_root, path)
        return
    old_calculated, new_calculated = _roots_of_consistency(old_size, new_size, old_root, path)
    findings = []
    if not compare_digest(old_calculated, old_root):
        findings.append("consistency proof: the calculated old root is not the old root given")
    if not compare_digest(new_calculated, new_root):
        findings.append("consistency proof: the calculated new root is not the new root given")
    if findings:
        raise AuditError(findings)


def _check_trivial(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Equal sizes, or growth from nothing: there is nothing to prove, and no path may pretend to."""
    findings = []
    if path:
        findings.append("consistency proof: too many hashes")
    if old_size == 0 and not compare_digest(old_root, EMPTY_ROOT):
        findings.append("consistency proof: the old root is not the empty tree's")
    if old_size == new_size and not compare_digest(old_root, new_root):
        findings.append("consistency proof: two roots for one size")
    if findings:
        raise AuditError(findings)


def _roots_of_consistency(
    old_size: int, new_size: int, old_root: bytes, path: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """The old and the new root that *path* leads to; 0 < old_size < new_size."""
    hashes = list(path)
    if old_size & (old_size - 1) == 0:  # a complete tree: its root is the first hash
        hashes.insert(0, old_root)
    if not path:
        raise AuditError(["consistency proof: too few hashes"])
    place, last = _skip_right_edge(old_size - 1, new_size - 1, while_bit=1)
    old = new = hashes[0]
    for value in hashes[1:]:
        if last == 0:
            raise AuditError(["consistency proof: too many hashes"])
        if place & 1 or place == last:
            old, new = node_hash(value, old), node_hash(value, new)
            place, last = _skip_right_edge(place, last)
        else:
            new = node_hash(new, value)
        place, last = place >> 1, last >> 1
    if last:
        raise AuditError(["consistency proof: too few hashes"])
    return old, new


def _skip_right_edge(place: int, last: int, while_bit: int = 0) -> tuple[int, int]:
    """Go up while the low bit of *place* is *while_bit*, over levels that need no sibling."""
    while place & 1 == while_bit and place:
        place, last = place >> 1, last >> 1
    return place, last


def _check_hashes(what: str, hashes: Sequence[bytes]) -> None:
    if any(len(value) != HASH_SIZE for value in hashes):
        raise AuditError([f"{what}: every hash must be {HASH_SIZE} bytes"])


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A proof that stands alone: C2SP tlog-proof@v1, file extension ``.tlog-proof``.

    Attributes:
        index: the entry, counted from 0.
        path: its inclusion path, 32 bytes each, in the tree that the checkpoint is of.
        checkpoint: the signed note, verbatim; verify it before believing the rest.
        extra: bytes for the reader's own use, authenticated by nothing; None where absent.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None


def tlog_proof_text(proof: TlogProof) -> str:
    """*proof* as the text of a ``.tlog-proof`` file."""
    lines = [_HEADER]
    if proof.extra is not None:
        lines.append(f"extra {_base64(proof.extra)}")
    lines += [f"index {proof.index}", *map(_base64, proof.path)]
    return "\n".join(lines) + "\n\n" + proof.checkpoint


def parse_tlog_proof(text: str) -> TlogProof:
    """Read the text of a ``.tlog-proof`` file. Parsing verifies nothing of what it says.

    Raises:
        AuditError: the text does not follow tlog-proof@v1, or is longer than any honest proof.
    """
    if len(text) > MAX_NOTE + 2 * MAX_EXTRA:
        raise AuditError(["proof file: too long"])
    head, blank, checkpoint = text.partition("\n\n")
    header, *lines = head.split("\n")
    if header != _HEADER or not blank or not checkpoint:
        raise AuditError([f"proof file: must begin with {_HEADER} and end with a checkpoint"])
    extra = exact_base64(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else None
    if not lines or not lines[0].startswith("index "):
        raise AuditError(["proof file: the index line is missing"])
    path = tuple(exact_base64(line) for line in lines[1:])
    _check_hashes("proof file", path)
    if len(path) > MAX_PATH:
        raise AuditError([f"proof file: more than {MAX_PATH} hashes"])
    return TlogProof(exact_decimal(lines[0][6:]), path, checkpoint, extra)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")

"""The Merkle tree against RFC 9162's own definition and the known Certificate Transparency roots."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoconsent.audit.merkle import Frontier, leaf_hash, node_hash, range_root, root_from_leaves
from emoconsent.errors import InvalidInput

LEAVES = [
    bytes.fromhex(data)
    for data in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
MANY = [b"entry %d" % number for number in range(130)]


def mth(entries: list[bytes]) -> bytes:
    """MTH as RFC 9162, 2.1.1 defines it, over entries rather than their hashes."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def grown(entries: list[bytes]) -> tuple[Frontier, dict[tuple[int, int], bytes]]:
    """The frontier after appending *entries*, and all the nodes that it gave out to be stored."""
    frontier, stored = Frontier(), {}
    for entry in entries:
        frontier, nodes = frontier.append(leaf_hash(entry))
        for level, index, value in nodes:
            assert (level, index) not in stored, "a node was given out twice"
            stored[level, index] = value
    return frontier, stored


@pytest.mark.parametrize("size", range(9))
def test_known_roots(size: int) -> None:
    """Both ways to a root reproduce the published roots of the eight Certificate Transparency leaves."""
    hashes = [leaf_hash(data) for data in LEAVES[:size]]
    assert root_from_leaves(hashes).hex() == ROOTS[size]
    assert grown(LEAVES[:size])[0].root().hex() == ROOTS[size]


def test_every_size_up_to_130_equals_the_definition() -> None:
    """Appending, batch computing and the RFC's recursion agree on the root at every size to 130."""
    frontier = Frontier()
    for size in range(len(MANY) + 1):
        expected = mth(MANY[:size])
        assert frontier.root() == expected
        assert root_from_leaves([leaf_hash(entry) for entry in MANY[:size]]) == expected
        if size < len(MANY):
            frontier, _ = frontier.append(leaf_hash(MANY[size]))


def test_the_stored_nodes_are_exactly_the_complete_subtrees() -> None:
    """Every complete subtree is given out once, with the hash that the definition says, and no other."""
    _, stored = grown(MANY)
    wanted = {
        (level, index): mth(MANY[index << level : (index + 1) << level])
        for level in range(8)
        for index in range(len(MANY) >> level)
    }
    assert stored == wanted


def test_a_frontier_of_any_earlier_size_can_be_read_back() -> None:
    """A process that restarts finds, at any size, the frontier that the writing process had."""
    _, stored = grown(MANY)
    frontier = Frontier()
    for size in range(len(MANY)):
        assert Frontier.read(size, lambda level, index: stored[level, index]) == frontier
        frontier, _ = frontier.append(leaf_hash(MANY[size]))


def test_an_old_root_needs_few_reads() -> None:
    """The root of a tree of 2**40 - 1 leaves costs 40 reads, not a scan."""
    reads = []

    def node(level: int, index: int) -> bytes:
        reads.append((level, index))
        return bytes(32)

    range_root(0, 2**40 - 1, node)
    assert len(reads) == 40
    assert all((index + 1) << level <= 2**40 - 1 for level, index in reads)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=40), st.data())
def test_any_change_changes_the_root(entries: list[bytes], data: st.DataObject) -> None:
    """Editing, dropping, doubling or swapping an entry never leaves the root as it was."""
    place = data.draw(st.integers(0, len(entries) - 1))
    other = data.draw(st.integers(0, len(entries) - 1))
    root = root_from_leaves([leaf_hash(entry) for entry in entries])
    edited = [*entries[:place], entries[place] + b"!", *entries[place + 1 :]]
    dropped = entries[:place] + entries[place + 1 :]
    doubled = [*entries[: place + 1], *entries[place:]]
    swapped = list(entries)
    swapped[place], swapped[other] = swapped[other], swapped[place]
    for attack in (edited, dropped, doubled, swapped):
        changed = attack != entries
        assert (root_from_leaves([leaf_hash(entry) for entry in attack]) != root) == changed


def test_a_leaf_cannot_pass_for_a_node() -> None:
    """An entry made of two child hashes does not hash to their parent (second preimage)."""
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    parent = node_hash(left, right)
    assert leaf_hash(left + right) != parent
    assert leaf_hash(b"\x01" + left + right) != parent
    assert root_from_leaves([leaf_hash(left + right)]) != root_from_leaves([left, right])


@pytest.mark.parametrize(
    ("size", "hashes"),
    [
        (-1, ()),
        (-1, (bytes(32),)),
        (0, (bytes(32),)),
        (1, ()),
        (3, (bytes(32),)),
        (4, (bytes(32), bytes(32))),
        (1, (bytes(31),)),
        (1, (bytes(33),)),
    ],
)
def test_an_impossible_frontier_is_refused(size: int, hashes: tuple[bytes, ...]) -> None:
    """A frontier whose hashes do not fit its size would give wrong roots, so it is never made."""
    with pytest.raises(InvalidInput):
        Frontier(size, hashes)


def test_a_leaf_that_is_no_hash_is_refused() -> None:
    """Appending data instead of its hash is caught where it happens."""
    with pytest.raises(InvalidInput):
        Frontier().append(b"the entry itself")

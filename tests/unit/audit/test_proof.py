"""Proofs: every one for every small tree, named attacks as files, and the proof file's format."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoconsent.audit.merkle import EMPTY_ROOT, Frontier, leaf_hash
from emoconsent.audit.proof import (
    TlogProof,
    consistency_path,
    inclusion_path,
    parse_tlog_proof,
    tlog_proof_text,
    verify_consistency,
    verify_inclusion,
)
from emoconsent.errors import AuditError, InvalidInput

VECTORS = Path(__file__).parents[2] / "vectors" / "merkle"
INCLUSION = sorted((VECTORS / "inclusion").rglob("*.json"))
CONSISTENCY = sorted((VECTORS / "consistency").rglob("*.json"))
ENTRIES = tuple(b"entry %d" % number for number in range(70))
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


# The reference: RFC 9162's recursive definitions, word for word, over the entries themselves.


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


@cache
def mth(lo: int, hi: int) -> bytes:
    """MTH(D[lo:hi]) of section 2.1.1."""
    if hi == lo:
        return sha256(b"").digest()
    if hi - lo == 1:
        return sha256(b"\x00" + ENTRIES[lo]).digest()
    k = split(hi - lo)
    return sha256(b"\x01" + mth(lo, lo + k) + mth(lo + k, hi)).digest()


def path_of(m: int, lo: int, hi: int) -> list[bytes]:
    """PATH(m, D[lo:hi]) of section 2.1.3.1."""
    if hi - lo == 1:
        return []
    k = split(hi - lo)
    if m < k:
        return [*path_of(m, lo, lo + k), mth(lo + k, hi)]
    return [*path_of(m - k, lo + k, hi), mth(lo, lo + k)]


def subproof(m: int, lo: int, hi: int, known: bool) -> list[bytes]:
    """SUBPROOF(m, D[lo:hi], known) of section 2.1.4.1."""
    if m == hi - lo:
        return [] if known else [mth(lo, hi)]
    k = split(hi - lo)
    if m <= k:
        return [*subproof(m, lo, lo + k, known), mth(lo + k, hi)]
    return [*subproof(m - k, lo + k, hi, False), mth(lo, lo + k)]


@cache
def stored() -> dict[tuple[int, int], bytes]:
    frontier, nodes = Frontier(), {}
    for leaf in LEAVES:
        frontier, complete = frontier.append(leaf)
        nodes.update({(level, index): value for level, index, value in complete})
    return nodes


def reader(size: int) -> Callable[[int, int], bytes]:
    """Reads stored nodes, and fails the test on one that reaches beyond *size* leaves."""

    def node(level: int, index: int) -> bytes:
        assert (index + 1) << level <= size, "a node beyond the tree was read"
        return stored()[level, index]

    return node


def rejected(check: Callable[..., None], *arguments: Any) -> AuditError:
    with pytest.raises(AuditError) as caught:
        check(*arguments)
    return caught.value


def test_every_inclusion_proof_up_to_64() -> None:
    """For every leaf of every tree up to 64 leaves the proof is the definition's, and verifies."""
    for size in range(1, 65):
        for index in range(size):
            path = inclusion_path(index, size, reader(size))
            assert path == path_of(index, 0, size)
            assert len(path) <= (size - 1).bit_length()
            verify_inclusion(LEAVES[index], index, size, path, mth(0, size))


def test_every_inclusion_proof_up_to_24_fits_nowhere_else() -> None:
    """No proof is accepted for another leaf, another index, or with another root."""
    for size in range(1, 25):
        root = mth(0, size)
        for index in range(size):
            path = path_of(index, 0, size)
            for other in range(size):
                if other != index:
                    rejected(verify_inclusion, LEAVES[other], index, size, path, root)
                    rejected(verify_inclusion, LEAVES[index], other, size, path, root)
            rejected(verify_inclusion, LEAVES[index], index, size, path, mth(0, size + 1))


def test_every_consistency_proof_up_to_64() -> None:
    """For every pair of sizes up to 64 the proof is the definition's, verifies, and not with a swap."""
    for new in range(65):
        for old in range(new + 1):
            path = consistency_path(old, new, reader(new))
            assert path == (subproof(old, 0, new, True) if old else [])
            verify_consistency(old, new, mth(0, old), mth(0, new), path)
            if old != new:
                rejected(verify_consistency, old, new, mth(0, new), mth(0, old), path)
                rejected(verify_consistency, new, old, mth(0, new), mth(0, old), path)


def test_a_forked_log_has_no_consistency_proof() -> None:
    """A log that rewrote one old entry cannot prove its new head consistent with the old one."""
    for new in range(2, 33):
        for old in range(1, new):
            forged = [*LEAVES[: old - 1], leaf_hash(b"rewritten"), *LEAVES[old:new]]
            frontier, nodes = Frontier(), {}
            for leaf in forged:
                frontier, complete = frontier.append(leaf)
                nodes.update({(level, index): value for level, index, value in complete})
            path = consistency_path(old, new, lambda level, index, at=nodes: at[level, index])
            error = rejected(verify_consistency, old, new, mth(0, old), frontier.root(), path)
            assert error.findings


@pytest.mark.parametrize("file", INCLUSION, ids=name)
def test_inclusion_vector(file: Path) -> None:
    """Each file holds one proof or one attack; the finding must say what the file expects."""
    case = json.loads(file.read_text())
    arguments = (
        bytes.fromhex(case["leafHash"]),
        case["leafIdx"],
        case["treeSize"],
        [bytes.fromhex(value) for value in case["proof"]],
        bytes.fromhex(case["root"]),
    )
    if case["wantErr"] is None:
        verify_inclusion(*arguments)
        assert arguments[3] == path_of(case["leafIdx"], 0, case["treeSize"])
    else:
        assert case["wantErr"] in "; ".join(rejected(verify_inclusion, *arguments).findings)


@pytest.mark.parametrize("file", CONSISTENCY, ids=name)
def test_consistency_vector(file: Path) -> None:
    """Each file holds one proof or one attack; the finding must say what the file expects."""
    case = json.loads(file.read_text())
    arguments = (
        case["size1"],
        case["size2"],
        bytes.fromhex(case["root1"]),
        bytes.fromhex(case["root2"]),
        [bytes.fromhex(value) for value in case["proof"]],
    )
    if case["wantErr"] is None:
        verify_consistency(*arguments)
        assert arguments[4] == (subproof(case["size1"], 0, case["size2"], True) if case["size1"] else [])
    else:
        assert case["wantErr"] in "; ".join(rejected(verify_consistency, *arguments).findings)


def test_the_vectors_are_all_there() -> None:
    """The attack files are found and each kind has both successes and failures; none went missing."""
    for files, least in ((INCLUSION, 120), (CONSISTENCY, 120)):
        wanted = [json.loads(file.read_text())["wantErr"] for file in files]
        assert len(files) >= least
        assert 6 <= wanted.count(None) < len(wanted) / 4


@settings(max_examples=300)
@given(st.data())
def test_any_single_bit_flip_breaks_an_inclusion_proof(data: st.DataObject) -> None:
    """Whichever bit of the leaf, the path or the root is flipped, the proof is refused."""
    size = data.draw(st.integers(1, 64))
    index = data.draw(st.integers(0, size - 1))
    parts = [LEAVES[index], mth(0, size), *path_of(index, 0, size)]
    parts = flipped(parts, data)
    rejected(verify_inclusion, parts[0], index, size, parts[2:], parts[1])


@settings(max_examples=300)
@given(st.data())
def test_any_single_bit_flip_breaks_a_consistency_proof(data: st.DataObject) -> None:
    """Whichever bit of the roots or the path is flipped, the proof is refused."""
    new = data.draw(st.integers(2, 64))
    old = data.draw(st.integers(1, new - 1))
    parts = flipped([mth(0, old), mth(0, new), *subproof(old, 0, new, True)], data)
    rejected(verify_consistency, old, new, parts[0], parts[1], parts[2:])


def flipped(parts: list[bytes], data: st.DataObject) -> list[bytes]:
    which = data.draw(st.integers(0, len(parts) - 1))
    bit = data.draw(st.integers(0, 255))
    value = int.from_bytes(parts[which]) ^ (1 << bit)
    return [*parts[:which], value.to_bytes(32), *parts[which + 1 :]]


@settings(max_examples=300)
@given(
    st.integers(-2, 70),
    st.integers(-2, 70),
    st.lists(st.binary(min_size=30, max_size=34) | st.just(bytes(32)), max_size=9),
)
def test_noise_never_verifies_and_never_crashes(first: int, second: int, path: list[bytes]) -> None:
    """Whatever is handed in, the answer is an AuditError: no other exception, and no acceptance."""
    rejected(verify_inclusion, bytes(32), first, second, path, bytes(32))
    rejected(verify_consistency, first, second, bytes(32), bytes(31), path)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 4), (4, 4), (5, 4)])
def test_no_inclusion_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    """Asking for a proof beyond the tree is refused before anything is read."""
    with pytest.raises(InvalidInput):
        inclusion_path(index, size, reader(0))


@pytest.mark.parametrize(("old", "new"), [(-1, 4), (5, 4), (1, 0)])
def test_no_consistency_proof_backwards(old: int, new: int) -> None:
    """A tree does not shrink, so there is no proof from a larger to a smaller size."""
    with pytest.raises(InvalidInput):
        consistency_path(old, new, reader(0))


@given(st.integers(2, 2**62), st.data())
def test_proofs_of_huge_trees_take_few_reads(size: int, data: st.DataObject) -> None:
    """In a tree of up to 2**62 leaves a proof reads at most two nodes for each level."""
    reads = []

    def node(level: int, index: int) -> bytes:
        assert (index + 1) << level <= size
        reads.append((level, index))
        return bytes(32)

    inclusion_path(data.draw(st.integers(0, size - 1)), size, node)
    assert len(reads) <= 2 * size.bit_length()
    reads.clear()
    consistency_path(data.draw(st.integers(1, size)), size, node)
    assert len(reads) <= 2 * size.bit_length()


# The proof file, C2SP tlog-proof@v1.

CHECKPOINT = "log.example/a\n5\nAAAA\n\n\u2014 log.example/a AAAAAAA=\n"
PROOF = TlogProof(3, (bytes(32), b"\x01" * 32), CHECKPOINT, b"extra")
TEXT = tlog_proof_text(PROOF)


def test_a_proof_file_reads_as_the_specification_shows() -> None:
    """Header, extra, index and hashes stand on lines of their own; a blank line; the note verbatim."""
    assert TEXT == (
        "c2sp.org/tlog-proof@v1\nextra ZXh0cmE=\nindex 3\n"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
        "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n\n" + CHECKPOINT
    )


@given(
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.none() | st.binary(max_size=200),
)
def test_a_proof_file_survives_the_round_trip(index: int, path: list[bytes], extra: bytes | None) -> None:
    """What was written is what is read, with and without extra data, of every length."""
    proof = TlogProof(index, tuple(path), CHECKPOINT, extra)
    assert parse_tlog_proof(tlog_proof_text(proof)) == proof


@pytest.mark.parametrize(
    "attack",
    [
        "",
        "\n\n",
        TEXT.replace("@v1", "@v2"),
        TEXT.replace("c2sp", "C2SP"),
        " " + TEXT,
        "\ufeff" + TEXT,
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("index 3\n", ""),
        TEXT.replace("index 3", "index 03"),
        TEXT.replace("index 3", "index -3"),
        TEXT.replace("index 3", "index +3"),
        TEXT.replace("index 3", "index  3"),
        TEXT.replace("index 3", "index 3 "),
        TEXT.replace("index 3", "index \u0663"),
        TEXT.replace("index 3", "index 9223372036854775808"),
        TEXT.replace("index 3", "index 99999999999999999999999"),
        TEXT.replace("index 3", "index 3\nindex 3"),
        TEXT.replace("index 3\n", "index 3\nextra ZXh0cmE=\n"),
        TEXT.replace("extra ZXh0cmE=", "extra ZXh0cmE"),
        TEXT.replace("extra ZXh0cmE=", "extra ZXh0cmF="),
        TEXT.replace("extra ZXh0cmE=", "extra ZXh0 cmE="),
        TEXT.replace("extra ZXh0cmE=", "extra \u00e9"),
        TEXT.replace("AQEBAQEB", "AQEB", 1),
        TEXT.replace("AQEBAQEB", "AQEB_-EB", 1),
        TEXT.replace("\n\n", "\n", 1),
        TEXT[: TEXT.index("\n\n") + 2],
        TEXT.replace("index 3\n", "index 3\n" + "A" * 43 + "=\n" * 1 + ("A" * 43 + "=\n") * 63),
        TEXT + "x" * 1_000_000,
    ],
)
def test_a_malformed_proof_file_is_refused(attack: str) -> None:
    """Each departure from the format is an AuditError; nothing is guessed or trimmed."""
    assert attack != TEXT
    assert rejected(parse_tlog_proof, attack).findings  # type: ignore[arg-type]


@given(st.text(max_size=300) | st.integers(0, len(TEXT)).map(lambda cut: TEXT[:cut]))
def test_noise_is_no_proof_file(text: str) -> None:
    """Arbitrary text and every cut of a good file either parse to a proof or raise AuditError."""
    try:
        assert tlog_proof_text(parse_tlog_proof(text)) == text
    except AuditError as error:
        assert error.findings


def test_the_empty_tree_has_the_empty_root() -> None:
    """Size 0 is consistent with every tree, but only if it is claimed with the empty root."""
    verify_consistency(0, 5, EMPTY_ROOT, mth(0, 5), [])
    rejected(verify_consistency, 0, 5, mth(0, 1), mth(0, 5), [])
    rejected(verify_consistency, 0, 0, EMPTY_ROOT, mth(0, 1), [])

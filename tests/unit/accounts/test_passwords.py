"""What a guess at a stolen password hash costs: the one place where tests pay for it."""

from __future__ import annotations

from collections.abc import Callable

from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type


def test_a_hash_costs_what_the_rfc_recommends(costly_hasher: Callable[[], PasswordHasher]) -> None:
    """Argon2id with at least the second choice of RFC 9106: 64 MiB, three passes, four lanes."""
    hasher = costly_hasher()
    found = extract_parameters(hasher.hash("a long enough password"))
    assert found.type is Type.ID
    assert (found.memory_cost, found.time_cost, found.parallelism) >= (65536, 3, 4)
    assert hasher.verify(hasher.hash("a long enough password"), "a long enough password")

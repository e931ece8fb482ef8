"""Identifiers and free text: what may stand for a person, and what a database can hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoconsent.consent.identifier import MAX_BYTES, check_identifier, check_text
from emoconsent.errors import InvalidInput


@given(st.text())
def test_accepted_exactly_when_it_is_1_to_256_bytes_without_nul(text: str) -> None:
    """The rule written once more: whatever is accepted comes back unchanged, the rest is refused."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        size = 0
    good = 0 < size <= MAX_BYTES and bool(text.strip()) and "\x00" not in text
    if good:
        assert check_identifier(text) is text
    else:
        with pytest.raises(InvalidInput) as refused:
            check_identifier(text)
        assert len(refused.value.problems) == 1


@given(st.none() | st.integers() | st.binary() | st.lists(st.text()) | st.booleans())
def test_only_strings(value: object) -> None:
    """Bytes, numbers and lists are refused by type, without their value in the message."""
    with pytest.raises(InvalidInput, match="must be a string"):
        check_identifier(value)


def test_a_mebibyte_is_refused_without_encoding_it() -> None:
    """The bound holds on bytes: 86 Chinese characters are too many, 85 are not."""
    assert check_identifier("情" * 85)
    for text in ("情" * 86, "x" * 257, "x" * (1 << 20)):
        with pytest.raises(InvalidInput, match="longer") as refused:
            check_identifier(text)
        assert text[:10] not in str(refused.value)


@given(st.text(max_size=30), st.integers(0, 20))
def test_free_text_is_bounded_and_storable(text: str, limit: int) -> None:
    """What is accepted encodes to UTF-8, has no NUL, and is no longer than the limit."""
    try:
        accepted = check_text(text, name="reason", limit=limit)
    except InvalidInput as refused:
        assert refused.problems[0].startswith("reason: ")
        assert len(text) > limit or "\x00" in text or any(0xD800 <= ord(c) <= 0xDFFF for c in text)
    else:
        assert accepted == text
        assert len(accepted.encode()) <= 4 * limit

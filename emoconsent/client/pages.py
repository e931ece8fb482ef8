"""Lists that come in pages, as one iterator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from emoconsent.errors import Unavailable

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Page(Protocol[T_co]):
    """A part of a list."""

    @property
    def next(self) -> str | None:
        """The cursor of the part that follows."""
        ...

    @property
    def items(self) -> tuple[T_co, ...]:
        """What is in this part."""
        ...


def every(fetch: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """Each thing of the list, a page fetched when it is needed.

    Raises:
        Unavailable: the list leads back to where it was.
    """
    cursor: str | None = None
    seen: set[str] = set()
    while True:
        page = fetch(cursor)
        yield from page.items
        cursor = page.next
        if cursor is None:
            return
        if cursor in seen:
            raise Unavailable("the list does not end")
        seen.add(cursor)

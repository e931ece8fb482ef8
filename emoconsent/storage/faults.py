"""Database faults as the SDK's own errors: no SQL, no value and no address in a message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from emoconsent.errors import Unavailable

CLOSED: Final = "the SDK was closed; open the store again"


class Closed(SQLAlchemyError):
    """Somebody still uses a store that was closed."""


def explain(error: BaseException) -> str:
    """What the operator should look at, from the fault's class and the driver's own words."""
    if isinstance(error, Closed):
        return CLOSED
    words = str(getattr(error, "orig", error)).lower()
    if "readonly" in words or "read-only" in words:
        return "the store is read-only; make the folder and its files writable for this process"
    if "locked" in words or "lock timeout" in words:
        return "the store is busy: another writer held it for longer than the time limit"
    if "full" in words:
        return "the store's disk is full"
    if "malformed" in words or "not a database" in words:
        return "the store's file is damaged; restore it from a backup"
    return f"the store cannot be reached ({type(error).__name__})"


@contextmanager
def as_unavailable(outcome: str | None = None) -> Iterator[None]:
    """Turn a database fault inside into ``Unavailable`` with *outcome*."""
    try:
        yield
    except (DBAPIError, PoolTimeout, SQLAlchemyError) as error:
        raise Unavailable(explain(error), outcome=outcome) from None

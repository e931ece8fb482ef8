"""The analysed person's pages: stop, that's wrong, get a copy, delete."""

from portal.me import (
    account,
    address,
    choices,
    copies,
    delete,
    guesses,
    looks,
    notices,
    overview,
    receipts,
    requests,
    wrong,
)
from portal.me.blueprint import blueprint

__all__ = [
    "account",
    "address",
    "blueprint",
    "choices",
    "copies",
    "delete",
    "guesses",
    "looks",
    "notices",
    "overview",
    "receipts",
    "requests",
    "wrong",
]

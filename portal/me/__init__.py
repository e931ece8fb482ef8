"""The analysed person's pages: stop, that's wrong, get a copy, delete."""

from portal.me import account, address, choices, delete, guesses, looks, notices, overview, receipts, wrong
from portal.me.blueprint import blueprint

__all__ = [
    "account",
    "address",
    "blueprint",
    "choices",
    "delete",
    "guesses",
    "looks",
    "notices",
    "overview",
    "receipts",
    "wrong",
]

"""Staff pages: what each role may do, and no more. Administrators cannot read contents."""

from portal.staff import (
    account,
    aliases,
    cases,
    disputes,
    emergency,
    erasures,
    log,
    notices,
    people,
    recognizers,
)
from portal.staff.blueprint import blueprint

__all__ = [
    "account",
    "aliases",
    "blueprint",
    "cases",
    "disputes",
    "emergency",
    "erasures",
    "log",
    "notices",
    "people",
    "recognizers",
]

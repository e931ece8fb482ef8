"""Staff pages: what each role may do, and no more. Administrators cannot read contents."""

from portal.staff import (
    account,
    aliases,
    cases,
    disputes,
    emergency,
    entering,
    handling,
    log,
    notices,
    people,
    queue,
    recipients,
    recognizers,
    reply,
)
from portal.staff.blueprint import blueprint

__all__ = [
    "account",
    "aliases",
    "blueprint",
    "cases",
    "disputes",
    "emergency",
    "entering",
    "handling",
    "log",
    "notices",
    "people",
    "queue",
    "recipients",
    "recognizers",
    "reply",
]

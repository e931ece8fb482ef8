"""Staff pages: what each role may do, and no more. Administrators cannot read contents."""

from portal.staff import account, cases, disputes, emergency, erasures, log, notices, people, recognizers
from portal.staff.blueprint import blueprint

__all__ = [
    "account",
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

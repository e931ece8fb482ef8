"""Pages for everybody, signed in or not: home, language, theme, review, stop link, receipts, GPC."""

from portal.public import gpc, home, stop, verify
from portal.public.blueprint import blueprint

__all__ = ["blueprint", "gpc", "home", "stop", "verify"]

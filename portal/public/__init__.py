"""Pages for everybody, signed in or not: home, language, theme, review, asking, stop link, receipts, GPC."""

from portal.public import asking, gpc, home, stop, verify
from portal.public.blueprint import blueprint

__all__ = ["asking", "blueprint", "gpc", "home", "stop", "verify"]

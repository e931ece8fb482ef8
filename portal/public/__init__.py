"""Pages for everybody, signed in or not: home, language, theme, review, stop link, receipts, GPC."""

from portal.public.routes import blueprint

__all__ = ["blueprint"]

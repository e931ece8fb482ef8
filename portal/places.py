"""Where a form may send people back to: a path of this portal, and nothing else."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from flask import request, url_for

_LONGEST: Final = 2000  # characters; servers refuse longer lines in a header


def safe_path(candidate: str | None) -> str | None:
    r"""*candidate* if it is a path of ours, else None.

    Browsers read ``//host``, ``/\host`` and a tab or newline in between as another host.
    """
    if not candidate or not candidate.startswith("/") or candidate[1:2] in ("/", "\\"):
        return None
    if len(candidate) > _LONGEST or not candidate.isprintable() or "\\" in candidate:
        return None
    parts = urlsplit(candidate)
    return None if parts.scheme or parts.netloc else candidate


def back(default: str = "public.home") -> str:
    """The path that the form names as ``next``, or *default*'s."""
    return safe_path(request.form.get("next") or request.args.get("next")) or url_for(default)

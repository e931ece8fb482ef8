"""How a session is called in the list of sessions: enough to recognise, too little to track."""

from __future__ import annotations

from typing import Final

from flask import request

_SYSTEMS: Final = ("Android", "iPhone", "iPad", "Windows", "Macintosh", "Linux")
_BROWSERS: Final = ("MicroMessenger", "Edg", "OPR", "Firefox", "Chrome", "Safari")
_NAMES: Final = {"Macintosh": "Mac", "Edg": "Edge", "OPR": "Opera", "MicroMessenger": "WeChat"}


def device() -> str:
    """For example ``Firefox, Windows``."""
    agent = request.headers.get("User-Agent", "")
    found = [next((n for n in names if n in agent), None) for names in (_BROWSERS, _SYSTEMS)]
    return ", ".join(_NAMES.get(name, name) for name in found if name) or "?"

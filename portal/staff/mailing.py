"""Telling a person what the office wrote: on their requests page, and by mail where an address is known."""

from __future__ import annotations

from typing import Any, cast

from flask import current_app, flash
from flask_babel import gettext as _

from portal.mail import Post
from portal.staff.letters import TITLE
from portal.visitor import sdk, visitor


def contact(name: str) -> Any:
    """Where whoever the request is about is reached; None if that is not known, or not any more."""
    return sdk().rights.contact(name, principal=visitor().principal)


def send(name: str, to: Any, text: str) -> None:
    """Mail *text*, as far as there is somewhere to mail it to, and say which of the two it was."""
    if to is None:
        flash(_("No address is known, so nothing was mailed."), "info")
        return
    post = cast(Post, current_app.extensions["emoconsent-post"])
    post.send(to.address, TITLE.format(number=name), text)
    flash(_("It goes out by mail, too."), "info")

"""Accounts as one object, ``sdk.accounts``."""

from __future__ import annotations

from emoconsent.accounts.moving import Moving
from emoconsent.accounts.staff_signin import StaffSignIn
from emoconsent.accounts.stop_links import StopLinks
from emoconsent.twins import AsyncTwins


class Accounts(Moving, StopLinks, StaffSignIn, AsyncTwins):
    """Contact addresses and their change, sign-in, sessions, stop links and members of staff.

    Sessions and links are opened by random secrets that the store does not keep: what it holds opens
    nothing without them, and erasing a subject deletes what belongs to the subject.
    """

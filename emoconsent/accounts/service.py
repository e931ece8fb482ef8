"""Accounts as one object, ``sdk.accounts``."""

from __future__ import annotations

from emoconsent.accounts.api_keys import ApiKeys
from emoconsent.accounts.mailboxes import Mailboxes
from emoconsent.accounts.moving import Moving
from emoconsent.accounts.opaque import Opaque
from emoconsent.accounts.panels import Panels
from emoconsent.accounts.replays import Replays
from emoconsent.accounts.services import AccountServices
from emoconsent.accounts.staff_signin import StaffSignIn
from emoconsent.accounts.stop_links import StopLinks
from emoconsent.twins import AsyncTwins


class Accounts(Moving, Mailboxes, StopLinks, Panels, StaffSignIn, AsyncTwins):
    """Addresses and their change, sign-in, sessions, proven mailboxes, stop links, panels, staff, API keys.

    Sessions and links are opened by random secrets that the store does not keep: what it holds opens
    nothing without them, and erasing a subject deletes what belongs to the subject.
    """

    def __init__(self, services: AccountServices) -> None:
        super().__init__(services)
        self.keys = ApiKeys(services)
        self.opaque = Opaque(services)
        self.replays = Replays(services)

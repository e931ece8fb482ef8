"""Stopping everything, from wherever: at once, without waiting, and written down once."""

from __future__ import annotations

from emoconsent import EmoConsent
from emoconsent.vocabulary import Reason


def stop_all(sdk: EmoConsent, subject: str, channel: str) -> bool:
    """Opt *subject* out; whether nothing of theirs was running. Pressed again it changes nothing."""
    standings = sdk.consent.status(subject).values()
    if standings and all(standing.reason is Reason.OPTED_OUT for standing in standings):
        return True
    return sdk.consent.opt_out(subject, channel=channel, timeout=0).drained

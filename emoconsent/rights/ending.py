"""How a request ends: its next state, and whether anybody still needs its key. Pure."""

from __future__ import annotations

from emoconsent.rights.ports import RequestRow
from emoconsent.rights.request import FINISHED, RequestState


def ending(*, partial: bool) -> RequestState:
    """The state after the work is done.

    Args:
        partial: something that was asked for could not be done.
    """
    return RequestState.PARTIALLY_COMPLETED if partial else RequestState.COMPLETED


def key_goes(row: RequestRow, *, known: bool) -> bool:
    """Whether nobody may read the request any more, so that its key is destroyed.

    A fulfilled or refused one is kept for the person to read; one taken back, or never proven, for nobody.

    Args:
        known: whether the person whom it is about is there: neither erased nor never known.
    """
    if row.state not in FINISHED:
        return False
    return not known or row.state in (RequestState.CANCELLED, RequestState.EXPIRED)

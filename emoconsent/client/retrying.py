"""When a call is sent again, and after how long. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from emoconsent.client.call import Again

ATTEMPTS: Final = 4
#: Seconds: before the second attempt at most, doubled with each; and what is waited for at the longest.
FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 10.0
_LATER: Final = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended.

    Attributes:
        status: the answer's; None if there was none.
        done: False: certainly not carried out. None: nobody knows. (True is no matter of trying again.)
        later: whether the same again may end otherwise.
        after: seconds that the server asked to wait, or None.
    """

    status: int | None
    done: bool | None
    later: bool
    after: float | None = None


NOT_SENT: Final = Outcome(None, done=False, later=True)
NO_ANSWER: Final = Outcome(None, done=None, later=True)


def outcome(status: int, problem: Mapping[str, Any], retry_after: str | None) -> Outcome:
    """What an answer that is no success says about the attempt."""
    code = problem.get("code")
    under_way = status == 409 and code == "in_progress"
    refused = status == 429 or (400 <= status < 500 and not under_way) or problem.get("outcome") == "not_done"
    digits = retry_after if retry_after and retry_after.isascii() and retry_after.isdigit() else None
    after = float(digits) if digits and len(digits) < 10 else None
    return Outcome(status, False if refused else None, status in _LATER or under_way, after)


def pause(again: Again, attempt: int, ended: Outcome, jitter: float) -> float | None:
    """Seconds until the next attempt; None if there is to be none.

    Args:
        attempt: the number of the one that ended, from 1.
        jitter: 0 to 1, by chance: so that many callers do not come back at once.
    """
    if attempt >= ATTEMPTS or not ended.later or (again is Again.REFUSED and ended.done is not False):
        return None
    backoff = FIRST_PAUSE * 2 ** (attempt - 1) * jitter
    wait = backoff if ended.after is None else ended.after + backoff
    return wait if wait <= LONGEST_PAUSE else None

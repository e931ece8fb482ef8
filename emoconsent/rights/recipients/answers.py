"""What an HTTP status says of an attempt, whatever the protocol."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from emoconsent.rights.recipients.outgoing import Answer, Failed
from emoconsent.rights.recipients.retry import retry_after
from emoconsent.rights.recipients.task import Result, Verdict

#: The same request will not be liked better another time. (A wrong password or path may be mended.)
_USELESS: Final = frozenset({400, 405, 410, 413, 415, 422})


def no_answer(failed: Failed) -> Result:
    """An attempt that brought none."""
    return Result(Verdict.UNSURE if failed.sent else Verdict.UNSENT, failed.code)


def not_well(answer: Answer, now: datetime) -> Result:
    """An answer outside 2xx. A redirect is one, too: it is not followed."""
    problem = f"http_{answer.status}"
    if answer.status in _USELESS:
        return Result(Verdict.REFUSED, problem)
    return Result(Verdict.UNSURE, problem, retry_after(answer.headers.get("retry-after"), now))

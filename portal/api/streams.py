"""Event streams of hints: few at once, short, and never a busy loop.

Each open stream takes one of the server's threads. So there is a bound to each key's streams and to
all of a process's, below the number of threads that ``emoconsent serve`` has: a withdrawal always
finds one that is free.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

from emoconsent.errors import EmoConsentError, LimitReached

PER_KEY: Final = 2
PER_PROCESS: Final = 4
#: Seconds: how often is asked, how long a stream lives, and when its reader comes back.
EVERY: Final = 1.0
LIFETIME: Final = 55.0
RETRY: Final = 1.0


@dataclass(slots=True)
class Places:
    """Who has a stream open in this process. Thread-safe."""

    taken: Counter[str] = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)

    def take(self, key: str) -> Callable[[], None]:
        """A place for one more of *key*'s streams; what is returned gives it back.

        Raises:
            LimitReached: there is none.
        """
        with self.lock:
            if self.taken[key] >= PER_KEY or self.taken.total() >= PER_PROCESS:
                raise LimitReached("too many streams are open", retry_after=RETRY)
            self.taken[key] += 1
        return lambda: self._leave(key)

    def _leave(self, key: str) -> None:
        with self.lock:
            self.taken[key] -= 1


@dataclass(frozen=True, slots=True)
class Source:
    """What a stream is of: ``read`` gives a tag, the hint as it is answered and whether it is one."""

    read: Callable[[], tuple[str, dict[str, Any], bool]]
    current: Callable[[str], bool]


def events(
    source: Source, known: str, *, monotonic: Callable[[], float], sleep: Callable[[float], None]
) -> Iterator[str]:
    """The stream's text (WHATWG HTML, 9.2.6) until its time is over, or its hint or case is gone.

    Args:
        known: the tag of the event that the reader had last, or nothing.
    """
    ends, shown = monotonic() + LIFETIME, False
    yield f"retry: {int(RETRY * 1000)}\n\n"
    with suppress(EmoConsentError):  # the case is over, or nobody can tell: the reader shows nothing then
        while monotonic() < ends:
            if source.current(known):
                yield ":\n\n"
            else:
                known, hint, there = source.read()
                yield f"id: {known}\nevent: hint\ndata: {json.dumps(hint)}\n\n"
                if shown and not there:
                    return
                shown = there
            sleep(EVERY)
        return
    yield "event: over\ndata: {}\n\n"

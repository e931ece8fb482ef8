"""A caller: calls for whoever's turn it is until denied, and notes what happened, and when.

Run as ``python -m tests.faults.race.caller FOLDER SLOT guarded|naive``; the environment names the store.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from emoconsent import ConsentDenied, EmoConsent
from emoconsent.consent.holds import Hold, HoldTable
from emoconsent.errors import Unavailable
from emoconsent.vocabulary import Reason
from tests.faults.race.board import Board, Diary, Kind

SCORES = {"neg": 0.5, "neu": 0.5, "pos": 0.0, "compound": -0.4}


def name(subject: int) -> str:
    """The identifier of the race's subject with this number."""
    return f"runner-{subject}"


class Caller:
    """One process's calls. The recognizer itself notes when it starts."""

    def __init__(self, sdk: EmoConsent, board: Board, diary: Diary, slot: int) -> None:
        self._sdk, self._board, self._diary, self._slot = sdk, board, diary, slot
        self.subject, self.call = -1, 0
        self._guarded = sdk.guard(self.recognize, recognizer="vader-en", purpose="customer_care")

    def recognize(self, _text: str) -> dict[str, float]:
        self._diary.note(Kind.STARTED, self.subject, self.call)
        self._board.enter(self._slot, self.subject)
        time.sleep(self._board.pace)
        self._board.leave(self._slot)
        return SCORES

    def letting_go(self) -> None:
        self._diary.note(Kind.LET_GO, self.subject, self.call)

    def guarded(self) -> bool:
        """One guarded call; whether another one makes sense."""
        try:
            self._guarded("again", subject=name(self.subject))
        except ConsentDenied as denied:
            return self._denied(denied)
        except Unavailable:  # the store was too busy to keep the result: nobody got it
            self._diary.note(Kind.UNSURE, self.subject, self.call)
            return True
        self._diary.note(Kind.HANDED, self.subject, self.call)
        return True

    def _denied(self, denied: ConsentDenied) -> bool:
        unsure = denied.reason is Reason.UNAVAILABLE
        kind = Kind.DISCARDED if denied.called else Kind.UNSURE if unsure else Kind.DENIED
        self._diary.note(kind, self.subject, self.call)
        return unsure or denied.called

    def naive(self) -> bool:
        """What people write without a gate: ask, then call. The same decision, no hold."""
        if not self._sdk.gate.decide(name(self.subject), purpose="customer_care", modality="text").allowed:
            self._diary.note(Kind.DENIED, self.subject, self.call)
            return False
        self.recognize("again")
        self._diary.note(Kind.HANDED, self.subject, self.call)
        return True

    def run(self, once: Callable[[], bool]) -> None:
        done = -1
        while not self._board.stop:
            self.subject = self._board.current
            if self.subject in (-1, done):
                time.sleep(0.0001)
                continue
            self.call += 1
            if not once():
                done = self.subject


def stamp_releases(letting_go: Callable[[], None]) -> None:
    """Note each hold just before it is given back: the last thing the SDK does before it returns."""
    original = HoldTable.release

    def release(table: HoldTable, hold: Hold) -> None:
        letting_go()
        original(table, hold)

    HoldTable.release = release  # type: ignore[method-assign]


def main(folder: str, slot: str, style: str) -> None:
    board, diary = Board(Path(folder) / "board"), Diary(Path(folder) / f"{os.getpid()}.diary")
    with EmoConsent.from_env() as sdk:
        caller = Caller(sdk, board, diary, int(slot))
        if style == "guarded":
            stamp_releases(caller.letting_go)
        board.set_ready(int(slot), ready=True)
        caller.run(caller.guarded if style == "guarded" else caller.naive)


if __name__ == "__main__":
    main(*sys.argv[1:])

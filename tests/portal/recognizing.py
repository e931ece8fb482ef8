"""A shop's process: it recognises on one store as standard input tells it, and says how each call ended.

``call`` runs one; ``hold`` begins one that stays inside the recognizer until ``release``.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

from emoconsent import ConsentDenied, EmoConsent
from emoconsent.recognizers.demo.text_lexicon import recognize_text

_LET_GO = threading.Event()
_HELD = "Please hold. It broke again, I am really disappointed."


def say(word: str) -> None:
    """One line for the test."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def recognise(text: str) -> Any:
    """The model, which can be kept waiting."""
    if text == _HELD:
        say("inside")
        _LET_GO.wait(60)
    return recognize_text(text)


def main(folder: str, subject: str) -> None:
    """Do what standard input says until it ends."""
    with EmoConsent.open(Path(folder)) as sdk:
        guarded = sdk.guard(recognise, recognizer="text-lexicon", purpose="customer_care")

        def call(text: str) -> None:
            try:
                guarded(text, subject=subject)
            except ConsentDenied as denied:
                say(f"denied {denied.decision.reason.value}")
            else:
                say("allowed")

        say("ready")
        held = threading.Thread(target=call, args=(_HELD,))
        for line in sys.stdin:
            if line == "call\n":
                call("It broke again, I am really disappointed.")
            elif line == "hold\n":
                held.start()
            else:
                _LET_GO.set()
                held.join()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Makes a copy, a part at a time, in a process that somebody kills: ``python -m tests.faults.export.maker ID``."""

from __future__ import annotations

import os
import sys

from emoconsent import EmoConsent
from emoconsent.rights.export import gather

PAGE = 2  # things a page: a small copy has many parts


def main() -> None:
    """Go on with the copy named, saying after each part how far it is."""
    gather.PAGE = PAGE
    with EmoConsent.from_env(dict(os.environ)) as sdk:
        while not (export := sdk.exports.advance(sys.argv[1])).ready:
            print(export.done, flush=True)
    print("ready", flush=True)


if __name__ == "__main__":
    main()

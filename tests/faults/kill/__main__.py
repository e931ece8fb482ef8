"""``python -m tests.faults.kill``: the campaign at the size asked for, a JSON line an operation."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.kill.campaign import as_json, furnished, servers, statements, syscalls
from tests.faults.kill.operations import OPERATIONS
from tests.faults.kill.places import Place


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operation", choices=(*OPERATIONS, "all"), action="append")
    parser.add_argument("--level", choices=("statement", "syscall"), default="statement")
    parser.add_argument("--stride", type=int, default=1, help="kill at each N-th step only")
    parser.add_argument("--urls", nargs=2, metavar=("DATA", "KEYS"), help="two empty PostgreSQL databases")
    chosen, wrong = parser.parse_args(), 0
    names = list(OPERATIONS) if "all" in chosen.operation else chosen.operation
    with tempfile.TemporaryDirectory(prefix="emoconsent-kill-") as folder:
        place = Place(Path(folder), tuple(chosen.urls) if chosen.urls else None)
        if place.urls:
            furnished(place)
        for name in names:
            top, start = Path(folder, name), time.monotonic()
            top.mkdir()
            if place.urls:
                result = servers(name, place, stride=chosen.stride)
            elif chosen.level == "syscall":
                result = syscalls(name, top)
            else:
                result = statements(name, top, stride=chosen.stride)
            wrong += len(result.wrong)
            print(as_json(result, time.monotonic() - start), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

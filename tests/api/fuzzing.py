"""Schemathesis against a served API: everything that the description allows, and much that it does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from waitress.server import create_server

from tests.api.world import V1, Api

_CONFIG: Final = Path(__file__).with_name("schemathesis.toml")


class Counted:
    """A WSGI application that counts its answers by status."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.answers: Counter[int] = Counter()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def counting(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            self.answers[int(status[:3])] += 1
            return start_response(status, headers, *rest)

        found: Iterable[bytes] = self._app(environ, counting)
        return found


@contextmanager
def served(api: Api) -> Iterator[tuple[str, Counter[int]]]:
    """The API on a port of this machine, without its rate limits: where it is, and what it answered."""
    counted = Counted(api.app.wsgi_app)
    api.app.extensions["emoconsent-limiter"].limiter.hit = lambda *_: True
    server = create_server(counted, host="127.0.0.1", port=0, threads=2)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}", counted.answers
    finally:
        server.close()
        thread.join(10)


def run(
    url: str, key: str, examples: int, folder: Path, *, phases: str = "examples,coverage,fuzzing,stateful", seed: int = 1
) -> list[str]:
    """Let schemathesis ask under *key*; each thing it found, as text."""
    report = folder / "report.ndjson"
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "--config-file",
        str(_CONFIG),
        "run",
        f"{url}{V1}/openapi.json",
        "--header",
        f"Authorization: Bearer {key}",
        "--phases",
        phases,
        "--checks",
        "all",
        "--exclude-checks",  # ``all`` counts more than the configuration's switch
        "use_after_free",
        "--max-examples",
        str(examples),
        "--continue-on-failure",
        "--no-color",
        "--no-shrink",
        "--seed",  # the same questions each time: what they find is found by whoever brings it in
        str(seed),
        "--warnings",
        "off",
        "--report-ndjson-path",
        str(report),
    ]
    environ = {**os.environ, "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [done.stdout[-20_000:], done.stderr[-2000:]]


def statuses(answers: Counter[int]) -> str:
    """What was answered, for a failure's text."""
    return json.dumps(dict(sorted(answers.items())))

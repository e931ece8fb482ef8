"""What a command prints: sentences for people, or one JSON document with ``--json``."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where results go. Standard output carries the result alone; whatever moves is on stderr."""

    json: bool

    def result(self, value: Any, lines: Iterable[str]) -> None:
        """*value* as JSON where that was asked for, else *lines*."""
        click.echo(json.dumps(value, ensure_ascii=False, indent=2) if self.json else "\n".join(lines))

    def aside(self, line: str) -> None:
        """A line for people alone, on standard error: it is no part of the result."""
        if not self.json:
            click.echo(line, err=True)

    @contextmanager
    def progress(self, what: str) -> Iterator[Advance]:
        """A bar with the number of things done so far; only where somebody looks at stderr."""
        console = Console(stderr=True)
        columns = (SpinnerColumn(), TextColumn(what), BarColumn(), TextColumn("{task.completed}"))
        bar = Progress(
            *columns, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal
        )
        with bar:
            task = bar.add_task(what, total=None)
            yield lambda done: bar.update(task, completed=done)


def forgiving_streams() -> None:
    """A terminal that cannot show a character gets its escape instead of a crash."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

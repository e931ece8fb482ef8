"""Errors as a person or a script needs them: what is wrong, what helps, and an exit code."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

import click

from emoconsent import errors
from emoconsent.errors import EmoConsentError

OK: Final = 0
FOUND: Final = 1  # findings, or denied
BAD_INPUT: Final = 2
UNAVAILABLE: Final = 3  # also a configuration that is not as it must be


@dataclass(frozen=True, slots=True)
class Problem:
    """An error, told. ``remedy`` says what to do, where no problem does; ``exit_code`` is the process's."""

    type: str
    problems: tuple[str, ...]
    remedy: str
    exit_code: int


_AGAIN = "`emoconsent doctor` looks for the cause; running the command again is safe"
_SAID = ""  # the message itself says what to do
_TABLE: Final[tuple[tuple[type[EmoConsentError], str, int, str], ...]] = (
    (errors.DeniedUnavailable, "unavailable", UNAVAILABLE, _AGAIN),
    (errors.ConsentDenied, "consent_denied", FOUND, "`emoconsent consent show` says what the person decided"),
    (errors.AccessDenied, "access_denied", FOUND, "act as a principal whose role permits it (--as, --role)"),
    (errors.AuditError, "audit", FOUND, "change nothing, keep a copy, and run `emoconsent audit verify`"),
    (errors.InvalidInput, "invalid_input", BAD_INPUT, "correct what is named and run the command again"),
    (errors.RecognizerOutputError, "recognizer_output", BAD_INPUT, "repair the recognizer or its adapter"),
    (errors.NotFound, "not_found", BAD_INPUT, "the `list` and `show` commands tell what there is"),
    (
        errors.RightsError,
        "wrong_state",
        BAD_INPUT,
        "`emoconsent rights show` tells what the request waits for",
    ),
    (errors.LimitReached, "limit_reached", UNAVAILABLE, "wait a moment and run the command again"),
    (errors.MissingExtra, "missing_extra", UNAVAILABLE, _SAID),
    (errors.ConfigurationError, "configuration", UNAVAILABLE, _SAID),
    (errors.Unavailable, "unavailable", UNAVAILABLE, _AGAIN),
    (errors.VaultError, "vault", UNAVAILABLE, _AGAIN),
)


def told(error: EmoConsentError) -> Problem:
    """*error* as a problem."""
    listed = getattr(error, "problems", None) or getattr(error, "findings", None) or (str(error),)
    for kind, name, exit_code, remedy in _TABLE:
        if isinstance(error, kind):
            return Problem(name, tuple(listed), remedy, exit_code)
    return Problem("error", tuple(listed), _AGAIN, UNAVAILABLE)


def show(problem: Problem, *, as_json: bool) -> None:
    """Print *problem*: JSON on standard output, or lines on standard error."""
    if as_json:
        click.echo(json.dumps({"error": asdict(problem)}, ensure_ascii=False, indent=2))
        return
    first, *others = problem.problems
    lines = [f"Error: {first}", *(f"       {other}" for other in others)]
    if problem.remedy:
        lines.append(f"Remedy: {problem.remedy}")
    click.echo("\n".join(lines), err=True)

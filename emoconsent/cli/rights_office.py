"""``emoconsent rights``: what the office does with a request beside verifying and fulfilling it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import click

from emoconsent.access.principal import Principal
from emoconsent.cli.inputs import ACTOR, SUBJECT, private
from emoconsent.cli.requests_shown import guided, show
from emoconsent.cli.session import Session, on_store
from emoconsent.rights.handling import EXTENSIONS
from emoconsent.rights.legal_holds import BASES, LegalHold
from emoconsent.rights.steps import Step
from emoconsent.vocabulary import Role

_REQUEST: Final = click.argument("request_id")
_TEXT: Final = click.option("--text", default="", help="In words; '-' reads it from standard input. Sealed.")
_ROLE: Final = click.option(
    "--role", type=click.Choice(["dpo", "subject"]), default="dpo", show_default=True, help="As what."
)


def _officer(actor: str) -> Principal:
    return Principal(private(actor), Role.DPO)


@click.command("ask-proof")
@_REQUEST
@ACTOR
@_TEXT
@on_store
def ask_proof(session: Session, request_id: str, actor: str, text: str) -> None:
    """Ask the person for proof of who they are; without it the request expires in 30 days."""
    with session.open() as sdk, guided(sdk, request_id):
        show(session, sdk.rights.ask_proof(request_id, principal=_officer(actor), text=private(text)))


@click.command()
@_REQUEST
@ACTOR
@click.option("--to", required=True, help="The member of staff, by identifier.")
@on_store
def assign(session: Session, request_id: str, actor: str, to: str) -> None:
    """Give a request to a member of staff."""
    with session.open() as sdk, guided(sdk, request_id):
        show(session, sdk.rights.assign(request_id, to=private(to), principal=_officer(actor)))


@click.command()
@_REQUEST
@ACTOR
@_ROLE
@click.option("--text", required=True, help="What is said; '-' reads it from standard input. Sealed.")
@on_store
def message(session: Session, request_id: str, actor: str, role: str, text: str) -> None:
    """Write to the person, or as the person to the office."""
    principal = Principal(private(actor), Role(role))
    with session.open() as sdk, guided(sdk, request_id):
        show(session, sdk.rights.message(request_id, text=private(text), principal=principal))


@click.command()
@_REQUEST
@ACTOR
@click.option("--reason", required=True, help=f"One of {', '.join(EXTENSIONS)}.")
@_TEXT
@on_store
def extend(session: Session, request_id: str, actor: str, reason: str, text: str) -> None:
    """Extend the deadline, once, as far as the law goes. Tell the person, with the reasons."""
    with session.open() as sdk, guided(sdk, request_id):
        principal = _officer(actor)
        show(session, sdk.rights.extend(request_id, reason=reason, principal=principal, text=private(text)))


@click.command()
@_REQUEST
@ACTOR
@click.option("--reason", required=True, help="A reason that its law knows; a wrong one lists them.")
@_TEXT
@on_store
def reject(session: Session, request_id: str, actor: str, reason: str, text: str) -> None:
    """Refuse a request, with the provision and where to complain about it."""
    with session.open() as sdk, guided(sdk, request_id):
        principal = _officer(actor)
        show(session, sdk.rights.reject(request_id, reason=reason, principal=principal, text=private(text)))


@click.command()
@_REQUEST
@ACTOR
@_ROLE
@on_store
def steps(session: Session, request_id: str, actor: str, role: str) -> None:
    """What happened to a request, in order, with what was written."""
    principal = Principal(private(actor), Role(role))
    with session.open() as sdk:
        found = sdk.rights.steps(request_id, principal=principal)
    lines = map(_step_line, found) if found else ["nothing yet"]
    session.terminal.result([_step(one) for one in found], lines)


@click.command()
@SUBJECT
@ACTOR
@click.option("--basis", required=True, help=f"One of {', '.join(BASES)}.")
@click.option("--until", type=click.DateTime(), help="UTC; without it until released.")
@_TEXT
@on_store
def hold(session: Session, subject: str, actor: str, basis: str, until: datetime | None, text: str) -> None:
    """Forbid a person's erasure while the law keeps the data."""
    who, end = private(subject), until.replace(tzinfo=UTC) if until is not None else None
    with session.open() as sdk:
        principal = _officer(actor)
        placed = sdk.rights.hold(who, basis=basis, until=end, text=private(text), principal=principal)
    session.terminal.result(_hold(placed), [_hold_line(placed)])


@click.command()
@SUBJECT
@ACTOR
@on_store
def holds(session: Session, subject: str, actor: str) -> None:
    """The legal holds on a person."""
    who = private(subject)
    with session.open() as sdk:
        found = sdk.rights.holds(who, principal=_officer(actor))
    session.terminal.result([_hold(h) for h in found], map(_hold_line, found) if found else ["no holds"])


@click.command()
@click.argument("hold_id")
@ACTOR
@on_store
def release(session: Session, hold_id: str, actor: str) -> None:
    """End a legal hold; what it held up goes on."""
    with session.open() as sdk:
        sdk.rights.release(hold_id, principal=_officer(actor))
    session.terminal.result({"released": hold_id}, [f"released {hold_id}"])


def _step(found: Step) -> dict[str, Any]:
    return {
        "number": found.number,
        "kind": found.kind.value,
        "at": found.at.isoformat(),
        "detail": dict(found.detail),
        "private": dict(found.private) if found.private is not None else None,
    }


def _step_line(found: Step) -> str:
    codes = " ".join(f"{name}={found.detail[name]}" for name in sorted(found.detail))
    said = (found.private or {}).get("text", "")
    return "  ".join(
        part for part in (f"{found.at:%Y-%m-%d %H:%M} UTC", found.kind.value, codes, said) if part
    )


def _hold(found: LegalHold) -> dict[str, Any]:
    return {
        "id": found.id,
        "basis": found.basis,
        "until": found.until.isoformat() if found.until is not None else None,
        "text": found.text,
        "placed_by": found.placed_by,
    }


def _hold_line(found: LegalHold) -> str:
    until = f"until {found.until:%Y-%m-%d %H:%M} UTC" if found.until is not None else "until released"
    return f"{found.id}  {found.basis}  {until}"


#: In the order in which ``--help`` lists them by name anyway.
OFFICE: Final[tuple[click.Command, ...]] = (
    ask_proof, assign, extend, hold, holds, message, reject, release, steps,
)  # fmt: skip

"""``emoconsent rights``: requests of the people analysed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

from emoconsent.access.principal import Principal
from emoconsent.cli.inputs import ACTOR, CHANNEL, SUBJECT, TIMEOUT, new_file, private
from emoconsent.cli.session import Session, on_store
from emoconsent.errors import RightsError
from emoconsent.rights.request import RequestState, RightsRequest
from emoconsent.sdk import EmoConsent
from emoconsent.vocabulary import Role


@click.group()
def rights() -> None:
    """Take, verify and fulfil rights requests."""


@rights.command()
@SUBJECT
@click.option("--kind", default="erasure", show_default=True, help="What is asked for.")
@click.option("--regime", required=True, help="gdpr, pipl, ccpa, lgpd or dpdp.")
@CHANNEL
@on_store
def submit(session: Session, subject: str, kind: str, regime: str, channel: str) -> None:
    """Take a request. The answer is the same whether or not the person is known."""
    who = private(subject)
    with session.open() as sdk:
        _show(session, sdk.rights.submit(who, kind=kind, regime=regime.lower(), channel=channel))


@rights.command("list")
@on_store
def list_(session: Session) -> None:
    """Every request, oldest first."""
    with session.open() as sdk:
        found = sdk.rights.list()
    session.terminal.result([_value(r) for r in found], map(_line, found) if found else ["no requests"])


@rights.command()
@click.argument("request_id")
@on_store
def show(session: Session, request_id: str) -> None:
    """A request's state, and its certificates."""
    with session.open() as sdk:
        found, certificates = sdk.rights.get(request_id), sdk.rights.certificates(request_id)
    value = _value(found) | {"certificates": certificates}
    session.terminal.result(value, [_line(found), *certificates])


@rights.command()
@SUBJECT
@on_store
def plan(session: Session, subject: str) -> None:
    """What an erasure would delete. Changes nothing."""
    who = private(subject)
    with session.open() as sdk:
        found = sdk.rights.plan(who)
    names = ("records", "events", "cases", "log_links", "contacts", "sessions", "tokens", "exports")
    value = {name: getattr(found, name) for name in names} if found is not None else None
    lines = [f"{name}: {count}" for name, count in value.items()] if value else ["nothing is held"]
    session.terminal.result(value, lines)


@rights.command()
@click.argument("request_id")
@click.option("--evidence", required=True, help="How identity was verified; '-' reads it from stdin. Sealed.")
@on_store
def verify(session: Session, request_id: str, evidence: str) -> None:
    """Record that the requester's identity was verified."""
    how = private(evidence)
    with session.open() as sdk, _guided(sdk, request_id):
        _show(session, sdk.rights.verify(request_id, evidence=how))


@rights.command()
@click.argument("request_id")
@ACTOR
@click.option(
    "--role", type=click.Choice([r.value for r in Role]), default="dpo", show_default=True, help="As what."
)
@click.option("--certificate", "file", type=click.Path(path_type=Path), help="Write the certificate there.")
@TIMEOUT
@on_store
def fulfil(
    session: Session, request_id: str, actor: str, role: str, file: Path | None, timeout: float
) -> None:
    """Fulfil a verified request; repeating it finishes what was interrupted."""
    principal = Principal(private(actor), Role(role))
    with session.open() as sdk, new_file(file) as out, _guided(sdk, request_id):
        done = sdk.rights.fulfil(request_id, principal=principal, timeout=timeout)
        if out is not None:
            out.write(f"{done.certificate}\n")
    value = _value(done.request) | {"certificate": done.certificate}
    session.terminal.result(value, [_line(done.request), f"certificate: {done.certificate}"])


@rights.command()
@click.argument("request_id")
@ACTOR
@click.option(
    "--role", type=click.Choice(["dpo", "subject"]), default="dpo", show_default=True, help="As what."
)
@on_store
def cancel(session: Session, request_id: str, actor: str, role: str) -> None:
    """Take a request back before anything was done about it: whoever asked, or the officer."""
    principal = Principal(private(actor), Role(role))
    with session.open() as sdk, _guided(sdk, request_id):
        _show(session, sdk.rights.cancel(request_id, principal=principal))


_NEXT: Final = {
    RequestState.RECEIVED: "it waits for `emoconsent rights verify {id} --evidence HOW`",
    RequestState.VERIFIED: "already verified; next: `emoconsent rights fulfil {id} --as YOUR-NAME`",
    RequestState.IN_PROGRESS: "it is being fulfilled; `emoconsent rights fulfil {id} --as YOUR-NAME` ends it",
}


@contextmanager
def _guided(sdk: EmoConsent, request_id: str) -> Iterator[None]:
    """A step that the request's state does not permit is refused with the command that comes next."""
    try:
        yield
    except RightsError as error:
        after = _NEXT.get(sdk.rights.get(request_id).state)
        if after is None:
            raise
        raise RightsError(f"{error}; {after.format(id=request_id)}") from None


def _show(session: Session, request: RightsRequest) -> None:
    session.terminal.result(_value(request), [_line(request)])


def _value(request: RightsRequest) -> dict[str, Any]:
    finished = request.finished_at.isoformat() if request.finished_at else None
    return {
        "id": request.id,
        "kind": request.kind.value,
        "regime": request.regime,
        "state": request.state.value,
        "submitted_at": request.submitted_at.isoformat(),
        "finished_at": finished,
    }


def _line(request: RightsRequest) -> str:
    day = f"{request.submitted_at:%Y-%m-%d %H:%M}"
    return f"{request.id}  {request.kind.value}  {request.regime}  {request.state.value}  {day} UTC"

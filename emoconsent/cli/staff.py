"""``emoconsent staff`` and ``emoconsent contact``: who signs in to the portal, and how."""

from __future__ import annotations

import sys

import click

from emoconsent.access.principal import Principal
from emoconsent.cli.inputs import ACTOR, SUBJECT, private
from emoconsent.cli.session import Session, on_store
from emoconsent.vocabulary import STAFF_ROLES, Role


@click.group()
def staff() -> None:
    """Accounts of the people who work with the portal."""


def _admin(actor: str) -> Principal:
    return Principal(actor, Role.ADMIN)


@staff.command("add")
@click.argument("login")
@click.option(
    "--role", type=click.Choice([role.value for role in STAFF_ROLES]), required=True, help="What they may do."
)
@click.option("--team", default="", help="Shown to the people whose data is looked at.")
@ACTOR
@on_store
def add(session: Session, login: str, role: str, team: str, actor: str) -> None:
    """Make an account; the password is asked for (or read from standard input).

    At the first sign-in the person sets up an authenticator app.
    """
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = private("-")
    with session.open() as sdk:
        made = sdk.accounts.add_staff(
            login, role=Role(role), team=team, password=password, principal=_admin(actor)
        )
    value = {"login": made.login, "role": made.role.value, "team": made.team, "alias": made.alias}
    session.terminal.result(value, [f"{made.login} may sign in as {made.role.value}; in logs: {made.alias}"])


@staff.command("list")
@ACTOR
@on_store
def list_(session: Session, actor: str) -> None:
    """Every account."""
    with session.open() as sdk:
        found = sdk.accounts.staff(principal=_admin(actor))
    rows = [
        {
            "login": s.login,
            "role": s.role.value,
            "team": s.team,
            "active": s.active,
            "totp": s.totp,
            "alias": s.alias,
        }
        for s in found
    ]
    lines = [
        f"{r['login']}: {r['role']}, {'active' if r['active'] else 'disabled'}, {r['alias']}" for r in rows
    ]
    session.terminal.result(rows, lines or ["no accounts yet; make one with `emoconsent staff add`"])


@staff.command("disable")
@click.argument("login")
@ACTOR
@on_store
def disable(session: Session, login: str, actor: str) -> None:
    """Disable an account and end its sessions."""
    with session.open() as sdk:
        sdk.accounts.disable(login, principal=_admin(actor))
    session.terminal.result({"disabled": login}, [f"{login} is disabled and signed out everywhere"])


@staff.command("reset-totp")
@click.argument("login")
@ACTOR
@on_store
def reset_totp(session: Session, login: str, actor: str) -> None:
    """Let somebody who lost their phone set up an authenticator app anew."""
    with session.open() as sdk:
        sdk.accounts.reset_totp(login, principal=_admin(actor))
    session.terminal.result({"reset": login}, [f"{login} sets up the app at the next sign-in"])


@click.group()
def contact() -> None:
    """Where the portal sends a person's codes."""


@contact.command("set")
@SUBJECT
@click.option("--address", required=True, help="The e-mail address; sealed under the person's own key.")
@click.option(
    "--language", type=click.Choice(["zh", "en"]), default="en", show_default=True, help="Of the messages."
)
@click.option("--guardian", help="The guardian's identifier, if the address is theirs.")
@on_store
def set_(session: Session, subject: str, address: str, language: str, guardian: str | None) -> None:
    """Set a known person's address."""
    with session.open() as sdk:
        sdk.accounts.set_contact(private(subject), address=address, language=language, guardian=guardian)
    session.terminal.result({"set": True}, ["the address is kept, sealed; codes go there from now on"])

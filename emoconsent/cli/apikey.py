"""``emoconsent apikey``: who calls the REST API, and what they may do there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from emoconsent.access.api_scopes import GRANTABLE
from emoconsent.access.principal import Principal
from emoconsent.cli.inputs import ACTOR
from emoconsent.cli.session import Session, on_store
from emoconsent.vocabulary import ApiScope, Role


@click.group()
def apikey() -> None:
    """Keys of the REST API."""


def _admin(actor: str) -> Principal:
    return Principal(actor, Role.ADMIN)


def _shown(key: Any) -> dict[str, Any]:
    return {
        "id": key.id,
        "prefix": key.prefix,
        "name": key.name,
        "role": key.role.value,
        "scopes": sorted(key.scopes),
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at.isoformat(),
        "used_at": key.used_at.isoformat() if key.used_at else None,
        "revoked": key.revoked,
    }


def _made(session: Session, made: Any) -> None:
    key = made.key
    lines = [made.secret, f"{key.name} acts as {key.role.value} until {key.expires_at:%Y-%m-%d}"]
    session.terminal.result(
        {**_shown(key), "key": made.secret}, [*lines, "keep it now: it is not shown again"]
    )


@apikey.command("create")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice([role.value for role in GRANTABLE]),
    required=True,
    help="What the program acts as.",
)
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in ApiScope]),
    multiple=True,
    required=True,
    help="What the key is for; repeat it for more.",
)
@click.option("--days", type=click.IntRange(1, 730), default=365, show_default=True, help="Until it expires.")
@ACTOR
@on_store
def create(session: Session, name: str, role: str, scopes: tuple[str, ...], days: int, actor: str) -> None:
    """Make a key for the program NAME. It is shown once."""
    with session.open() as sdk:
        made = sdk.accounts.keys.create(
            name, role=role, scopes=scopes, lasts=timedelta(days=days), principal=_admin(actor)
        )
    _made(session, made)


@apikey.command("list")
@ACTOR
@on_store
def list_(session: Session, actor: str) -> None:
    """Every key, without its secret."""
    with session.open() as sdk:
        rows = [_shown(key) for key in sdk.accounts.keys.list(principal=_admin(actor))]
    lines = [
        f"emo_{r['prefix']}_...: {r['name']}, {r['role']}, {' '.join(r['scopes'])}, "
        f"{'revoked' if r['revoked'] else 'until ' + r['expires_at'][:10]}, "
        f"{'last used ' + r['used_at'][:16] if r['used_at'] else 'never used'}"
        for r in rows
    ]
    session.terminal.result(rows, lines or ["no keys yet; make one with `emoconsent apikey create`"])


@apikey.command("rotate")
@click.argument("key")
@click.option(
    "--overlap",
    type=click.IntRange(0, 90 * 24),
    default=24,
    show_default=True,
    help="Hours for which the old key still works.",
)
@ACTOR
@on_store
def rotate(session: Session, key: str, overlap: int, actor: str) -> None:
    """Make the successor of KEY (its id, or the eight digits it begins with)."""
    with session.open() as sdk:
        made = sdk.accounts.keys.rotate(key, overlap=timedelta(hours=overlap), principal=_admin(actor))
    _made(session, made)


@apikey.command("revoke")
@click.argument("key")
@ACTOR
@on_store
def revoke(session: Session, key: str, actor: str) -> None:
    """End KEY at once (its id, or the eight digits it begins with)."""
    with session.open() as sdk:
        ended = sdk.accounts.keys.revoke(key, principal=_admin(actor))
    session.terminal.result(_shown(ended), [f"{ended.name}: the key {ended.prefix} opens nothing any more"])

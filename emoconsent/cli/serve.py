"""``emoconsent serve``: the portal, in one process."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, NoReturn

import click

from emoconsent.access.principal import Principal
from emoconsent.cli.session import Session, on_store
from emoconsent.cli.worker import posted
from emoconsent.errors import ConfigurationError, MissingExtra
from emoconsent.sdk import EmoConsent

THREADS: Final = 8


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free one."
)
@on_store
def serve(session: Session, host: str, port: int) -> None:
    """Serve the portal (waitress, one process) until interrupted, with a worker beside it.

    Its settings are EMOCONSENT_PORTAL_* variables; see docs/reference/settings.md. In front of it belongs a
    proxy that speaks https; several workers run under gunicorn (docs/how-to/run-the-portal.md).
    """
    with session.open() as sdk:
        server, url = listen(sdk, host, port)
        signal.signal(signal.SIGTERM, _interrupt)
        with sdk.worker(mail=posted(os.environ)).running():
            session.terminal.result({"url": url}, [f"the portal is at {url}"])
            run(server)


def listen(
    sdk: EmoConsent, host: str, port: int, *, links: Mapping[str, Principal] | None = None
) -> tuple[Any, str]:
    """A server that listens, and its address; ``run`` then serves.

    Args:
        links: a demonstration's sign-in links, by their secret.

    Raises:
        MissingExtra: the extra ``portal`` is not installed.
        ConfigurationError: a sandbox is to be served to others, or the address cannot be used.
    """
    try:
        from waitress import create_server

        from portal import create_app, from_environ
        from portal.config import on_loopback
    except ImportError:
        raise MissingExtra("portal", "the portal") from None
    if sdk.sandboxed and not on_loopback(host):
        raise ConfigurationError("a sandbox is served on this machine only; use --host 127.0.0.1")
    config = replace(from_environ(os.environ), demo_links=links or {})
    server = create_server(
        create_app(sdk, config),
        sockets=[_bound(host, port)],
        threads=THREADS,
        ident=None,
        # waitress would strip what a trusted proxy says about the client before the portal reads it.
        clear_untrusted_proxy_headers=config.proxies == 0,
    )
    name = f"[{host}]" if ":" in host else host
    return server, f"http://{name}:{server.effective_port}"


def _bound(host: str, port: int) -> socket.socket:
    """A socket at the address. Not waitress's own, which stays open if the address cannot be used."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, kind)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(address)
            made.listen()
        except OSError:
            made.close()
            raise
    except OSError as error:
        message = f"{host}:{port} cannot be listened on: {error.strerror}; use another --port or --host"
        raise ConfigurationError(message) from None
    return made


def _interrupt(*_: object) -> NoReturn:
    """SIGTERM ends the server as SIGINT does, so that the worker ends what it has begun."""
    raise KeyboardInterrupt


def run(server: Any) -> None:
    """Serve until interrupted."""
    with suppress(KeyboardInterrupt):
        server.run()
    server.close()

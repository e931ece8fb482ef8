"""The client: an address, a key, and the resources of the API."""

from __future__ import annotations

import random
import time
from types import TracebackType
from typing import Self

import httpx

from emoconsent.client.address import checked_key, checked_url
from emoconsent.client.audit import Audit
from emoconsent.client.cases import Cases
from emoconsent.client.catalogue import Notices, Recognizers
from emoconsent.client.consents import Consents
from emoconsent.client.decisions import Decisions
from emoconsent.client.receipts import Receipts
from emoconsent.client.records import Records
from emoconsent.client.requests import Requests
from emoconsent.client.sender import Sender


class Client:
    """The API of a portal, under one key. Thread-safe; close it, or use it by ``with``.

    Neither redirects nor the proxies of the environment are followed. What is safe to send again is, a
    few times, with growing pauses or as ``Retry-After`` says, for ten seconds between two at the longest.

    Attributes:
        consents, decisions, records, requests, receipts, notices, recognizers, cases, audit: the
            resources. Each method raises the SDK's own errors.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        timeout: float = 10.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Nothing is sent yet.

        Args:
            base_url: the portal's address: https, or http on this machine.
            key: what ``emoconsent apikey create`` printed.
            timeout: seconds for connecting and for each wait for the server.
            transport: how requests are carried, instead of over the network; for tests.

        Raises:
            InvalidInput: the address or the key cannot be one.
        """
        self._where = checked_url(base_url)
        self._http = httpx.Client(
            base_url=self._where,
            headers={"Authorization": f"Bearer {checked_key(key)}", "User-Agent": "emoconsent"},
            timeout=timeout,
            transport=transport,
            trust_env=False,
            follow_redirects=False,
        )
        sender = Sender(self._http, timeout, time.sleep, random.SystemRandom().random)
        self.consents = Consents(sender)
        self.decisions = Decisions(sender)
        self.records = Records(sender)
        self.requests = Requests(sender)
        self.receipts = Receipts(sender)
        self.notices = Notices(sender)
        self.recognizers = Recognizers(sender)
        self.cases = Cases(sender)
        self.audit = Audit(sender)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self._where!r})"

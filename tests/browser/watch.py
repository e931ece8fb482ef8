"""What a browser complains about, or asks of anybody else: all of it fails the test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass  # no slots: Playwright keeps its wrappers of our methods on the object
class Watch:
    """Listens to every page of a context.

    Attributes:
        expected: statuses that the journey brings about on purpose.
        others: hosts beside the portal's that the journey visits on purpose.
    """

    host: str
    expected: set[int] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def over(self, context: Any) -> None:
        """Begin to listen."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(f"script: {error.error}"))
        context.on("request", self._request)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)

    def _console(self, message: Any) -> None:
        # A page that answers with an expected status is told of on the console, too.
        told = "Failed to load resource" in message.text and any(
            str(status) in message.text for status in self.expected
        )
        if message.type in ("error", "warning") and not told:
            self.complaints.append(f"console: {message.text}")

    def _request(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme != "data" and parts.netloc not in {self.host, *self.others}:
            self.complaints.append(f"elsewhere: {parts.netloc}")

    def _failed(self, request: Any) -> None:
        # Aborted is what a page left behind or turned into a download; blocked ones fail otherwise.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"failed: {request.failure}")

    def _response(self, response: Any) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.complaints.append(f"status {response.status}: {urlsplit(response.url).path}")

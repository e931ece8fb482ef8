"""``client.cases``: an agent's open cases, and the hint that each gives."""

from __future__ import annotations

from emoconsent.client.call import Again, Call, below
from emoconsent.client.results import Case, Hint, PanelToken
from emoconsent.client.sender import Sender

_PATH = "/cases"


class Cases:
    """Cases and their live hint. Scope of the key, which is of the role ``agent``: ``hint``."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def open(self, subject: str, *, reason: str, hours: float = 8.0) -> Case:
        """Open a case, for as long as somebody works on it; *reason* is shown to the person."""
        body = {"subject": subject, "reason": reason, "hours": hours}
        return self._sender.ask(Case, Call("POST", _PATH, Again.ONCE, body, statuses=(201,)))

    def close(self, name: str) -> None:
        """Close a case before its time."""
        self._sender.answer(Call("DELETE", below(_PATH, name), Again.REFUSED, statuses=(204,)))

    def hint(self, name: str, *, purpose: str = "customer_care", language: str = "en") -> Hint:
        """The hint of an open case: of the last two minutes, and only while consent is live.

        Whatever is raised: show nothing.
        """
        query = {"purpose": purpose, "language": language}
        return self._sender.ask(Hint, Call("GET", below(_PATH, name, "/hint"), Again.READ, query=query))

    def panel_token(self, name: str) -> PanelToken:
        """A token for the panel at ``/panel``: one case, one minute, nothing but the hint."""
        call = Call("POST", below(_PATH, name, "/panel-tokens"), Again.READ, statuses=(201,))
        return self._sender.ask(PanelToken, call)

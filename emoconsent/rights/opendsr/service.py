"""``sdk.opendsr``: requests of other controllers, each under the id that its controller gave it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from emoconsent.access.principal import Principal
from emoconsent.accounts.owners import owner_of
from emoconsent.accounts.sweeping import Sweep
from emoconsent.accounts.tokens import MINUTE, NewToken, TakenError, Tokens, token_hash
from emoconsent.consent.chain import CatalogueChain
from emoconsent.errors import InvalidInput, NotFound, RightsError, Unavailable
from emoconsent.rights.opendsr.answers import STATUS, Answer, signed, status, time_text
from emoconsent.rights.opendsr.asking import IDENTITY, TYPES, Asked, asked, is_request_id
from emoconsent.rights.opendsr.callbacks import Callbacks, Heard
from emoconsent.rights.opendsr.signing import Signer
from emoconsent.rights.ports import RightsDatabase
from emoconsent.rights.recipients.opendsr import VERSION
from emoconsent.rights.recipients.recipient import recipients_from
from emoconsent.rights.service import Rights
from emoconsent.twins import AsyncTwins
from emoconsent.vault.keyring import Keyring

ASKED: Final = "opendsr"
KEPT: Final = 2 * 365 * 24 * 60 * MINUTE
NO_REQUEST: Final = "no such request, or not yours"


@dataclass(frozen=True, slots=True)
class OpenDsrServices:
    """What it works with, put together once by the composition root."""

    database: RightsDatabase
    keyring: Keyring
    chain: CatalogueChain
    tokens: Tokens
    sweep: Sweep
    rights: Rights
    callbacks: Callbacks
    signer: Signer
    now: Callable[[], datetime]


class OpenDsr(AsyncTwins):
    """This store as a processor. Thread- and process-safe.

    A controller is the program of an API key. Which request is whose is kept sealed under a key that
    only the controller's name and id together lead to; in clear neither of the two is.
    """

    def __init__(self, services: OpenDsrServices) -> None:
        self._s = services

    def discovery(self) -> Answer:
        """What this processor can do."""
        value = {
            "api_version": VERSION,
            "supported_identities": [dict(IDENTITY)],
            "supported_subject_request_types": list(TYPES),
            "processor_certificate": self._s.signer.identity.certificate,
        }
        return signed(value, self._s.signer)

    def ask(self, raw: bytes, value: object, *, principal: Principal) -> Answer:
        """Take a controller's request; the same again gets the same answer and has no second effect.

        Args:
            raw: the whole body, which goes back to the controller and is kept nowhere.
            value: *raw*, read as JSON.
            principal: the controller's program. Under its contract it vouches for who asks, so the
                request counts as verified, and says by whom.

        Raises:
            InvalidInput: every fault; or the id came with another content before. Repeats no value.
            Unavailable: the same id is being taken at this moment.
        """
        found = asked(value, self._s.signer.identity.domain, self._s.now())
        secret, digest = self._secret(principal, found.id), hashlib.sha256(raw).hexdigest()
        kept = self._begin(secret, digest, principal)
        if kept is None:
            kept = self._take(found, secret, digest, principal)
        return self._received(raw, found.id, kept, principal)

    def _begin(self, secret: str, digest: str, by: Principal) -> Mapping[str, Any] | None:
        """None if this call is the first and goes on; else what is kept of the other."""
        try:
            with self._s.database.write() as tx:
                at = tx.now()
                there = tx.tokens.get(token_hash(ASKED, secret), lock=True) is not None
                found = self._s.tokens.read(tx, ASKED, secret) if there else None
                if found is None:
                    new = NewToken(ASKED, {"call": digest, "request": None}, [owner_of(by)], at + MINUTE)
                    (self._s.tokens.renew if there else self._s.tokens.issue)(tx, new, secret=secret)
        except TakenError:
            raise Unavailable("the same request is being taken", outcome="not_done") from None
        self._s.sweep.now_and_then(at)
        if found is None:
            return None
        if found.content["call"] != digest:
            raise InvalidInput(["subject_request_id: it came with another request before"])
        if found.content["request"] is None:
            raise Unavailable("the same request is being taken", outcome="not_done")
        return found.content

    def _take(self, found: Asked, secret: str, digest: str, by: Principal) -> Mapping[str, Any]:
        rights = self._s.rights
        regime = found.regulation or rights.regime()
        made = rights.submit(found.subject, kind=found.kind, regime=regime, channel="opendsr", principal=by)
        made = rights.verify(made.id, evidence=f"verified by the controller {_controller(by)}")
        content = {
            "call": digest,
            "request": made.id,
            "received": time_text(made.submitted_at),
            "expected": time_text(made.due_at or made.submitted_at),
        }
        with self._s.database.write() as tx:
            new = NewToken(ASKED, content, [owner_of(by)], tx.now() + KEPT)
            there = tx.tokens.get(token_hash(ASKED, secret), lock=True) is not None
            (self._s.tokens.renew if there else self._s.tokens.issue)(tx, new, secret=secret)
        return content

    def _received(self, raw: bytes, request_id: str, kept: Mapping[str, Any], by: Principal) -> Answer:
        value = {
            "controller_id": _controller(by),
            "expected_completion_time": kept["expected"],
            "received_time": kept["received"],
            "encoded_request": base64.b64encode(raw).decode(),
            "subject_request_id": request_id,
        }
        return signed(value, self._s.signer, inside=True)

    def status(self, request_id: str, *, principal: Principal) -> Answer:
        """How the request stands. Raises NotFound, alike for another controller's and for none."""
        found = self._s.rights.get(self._request(request_id, principal))
        value = status(found, _controller(principal), request_id, self._s.signer.identity.domain)
        return signed(value, self._s.signer)

    def cancel(self, request_id: str, *, principal: Principal) -> Answer:
        """Take the request back while it is ``pending``.

        Raises:
            NotFound: none, or another controller's.
            InvalidInput: it is not pending any more.
        """
        name = self._request(request_id, principal)
        late = InvalidInput(["the request is not pending any more, so it cannot be cancelled"])
        if STATUS[self._s.rights.get(name).state] != "pending":
            raise late
        try:
            self._s.rights.cancel(name, principal=principal)
        except RightsError:  # begun in the meantime
            raise late from None
        value = {
            "controller_id": _controller(principal),
            "received_time": time_text(self._s.now()),
            "subject_request_id": request_id,
            "api_version": VERSION,
        }
        return signed(value, self._s.signer, inside=True)

    def hear(self, raw: bytes, headers: Mapping[str, str]) -> Heard:
        """Hear a callback of one of this controller's own processors (``Callbacks``)."""
        with self._s.database.read() as tx:
            known = recipients_from(self._s.chain.rows(tx))
        lower = {name.lower(): value for name, value in headers.items()}
        return self._s.callbacks(raw, lower, known, self._s.now())

    def _request(self, request_id: str, by: Principal) -> str:
        if not is_request_id(request_id):
            raise NotFound(NO_REQUEST)
        with self._s.database.read() as tx:
            found = self._s.tokens.read(tx, ASKED, self._secret(by, request_id))
        if found is None or found.content["request"] is None:
            raise NotFound(NO_REQUEST)
        return str(found.content["request"])

    def _secret(self, by: Principal, request_id: str) -> str:
        digest = self._s.keyring.keyed("opendsr", f"{request_id} {by.id}")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _controller(by: Principal) -> str:
    """The controller as this processor knows it: the name of its key."""
    return by.id.removeprefix("key:")

"""What the API hands out and gets back: names of things that only their owner's key finds, and cursors.

A name is the thing's id with a MAC over whose it is, so the same thing has another name for everybody
else, and a guessed or overheard one is as good as none. A cursor is sealed: it shows nobody anything.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from typing import Final

from emoconsent.access.principal import Principal
from emoconsent.accounts.services import Part
from emoconsent.errors import InvalidInput, NotFound, VaultError
from emoconsent.vocabulary import Role

_MAC: Final = 16  # bytes
_NAME: Final = re.compile(r"[0-9a-f]{64}")
MAX_CURSOR: Final = 1024  # characters


def _owner(principal: Principal) -> str:
    """Whose a thing is: of the office for what the data protection officers do, else of one program."""
    return json.dumps([principal.role.value, "" if principal.role is Role.DPO else principal.id])


class Opaque(Part):
    """Names and cursors for principals who come over the network."""

    def name(self, kind: str, thing: str, principal: Principal) -> str:
        """*thing* (32 hexadecimal digits) as *principal* knows it."""
        return thing + self._mac(kind, thing, principal)

    def named(self, kind: str, name: str, principal: Principal) -> str:
        """The inverse of ``name``.

        Raises:
            NotFound: no thing, or another's.
        """
        found = name if _NAME.fullmatch(name) else "0" * 64
        thing, mac = found[:32], found[32:]
        if not secrets.compare_digest(mac, self._mac(kind, thing, principal)):
            raise NotFound("no such thing, or not yours")
        return thing

    def _mac(self, kind: str, thing: str, principal: Principal) -> str:
        return self._s.keyring.keyed(f"name/{kind}", f"{thing} {_owner(principal)}")[:_MAC].hex()

    def cursor(self, kind: str, position: str, principal: Principal) -> str:
        """*position* in a list of *kind* as text that only ``position`` reads, for the same principal."""
        sealed = self._s.seal.seal_for(f"cursor/{kind}", _owner(principal), position.encode())
        return base64.urlsafe_b64encode(sealed).decode()

    def position(self, kind: str, cursor: str, principal: Principal) -> str:
        """The inverse of ``cursor``.

        Raises:
            InvalidInput: it is none of this list, or of another principal's.
        """
        try:
            sealed = base64.b64decode(cursor[:MAX_CURSOR].encode(), altchars=b"-_", validate=True)
            return self._s.seal.open_for(f"cursor/{kind}", _owner(principal), sealed).decode()
        except (VaultError, ValueError):
            raise InvalidInput(["cursor: not one that this list gave you; begin again without it"]) from None

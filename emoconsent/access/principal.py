"""Who acts."""

from __future__ import annotations

from dataclasses import dataclass

from emoconsent.errors import InvalidInput
from emoconsent.vocabulary import Role


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who acts, as what. Trusted as the host process states it.

    ``role`` may be given as its name. A principal of role ``subject`` relates only to the subject
    of the same identifier.
    """

    id: str
    role: Role

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not self.id or len(self.id.encode(errors="replace")) > 256:
            raise InvalidInput(["principal: an identifier of 1 to 256 bytes is needed"])
        try:
            object.__setattr__(self, "role", Role(self.role))
        except ValueError:
            raise InvalidInput([f"role: one of {', '.join(role.value for role in Role)}"]) from None

    def __repr__(self) -> str:
        return f"Principal(role={self.role.value!r})"

"""Who acts."""

from __future__ import annotations

from dataclasses import dataclass

from emoconsent.access.identifier import check_identifier
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
        check_identifier(self.id, name="principal")
        try:
            object.__setattr__(self, "role", Role(self.role))
        except ValueError:
            raise InvalidInput([f"role: one of {', '.join(role.value for role in Role)}"]) from None

    def __repr__(self) -> str:
        return f"Principal(role={self.role.value!r})"

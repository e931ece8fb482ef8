"""Which scopes a key of a role may hold: a key can do less than its role, and never more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from emoconsent.errors import InvalidInput
from emoconsent.vocabulary import ApiScope, Role

_OFFERED: Final = frozenset({ApiScope.NOTICES, ApiScope.RECOGNIZERS})

#: A role without a row has no keys: a person analysed uses the portal, where their identity is proven.
GRANTABLE: Final[dict[Role, frozenset[ApiScope]]] = {
    Role.SERVICE: _OFFERED
    | {
        ApiScope.CONSENTS_READ,
        ApiScope.CONSENTS_WRITE,
        ApiScope.DECISIONS,
        ApiScope.RECORDS_WRITE,
        ApiScope.REQUESTS_READ,
        ApiScope.REQUESTS_WRITE,
        ApiScope.RECEIPTS,
        ApiScope.OPENDSR,
    },
    Role.AGENT: _OFFERED | {ApiScope.HINT},
    Role.ANALYST: _OFFERED,
    Role.DPO: _OFFERED
    | {
        ApiScope.CONSENTS_READ,
        ApiScope.RECORDS_READ,
        ApiScope.REQUESTS_READ,
        ApiScope.REQUESTS_WRITE,
        ApiScope.RECEIPTS,
        ApiScope.AUDIT,
    },
    Role.AUDITOR: _OFFERED | {ApiScope.RECEIPTS, ApiScope.AUDIT},
    Role.ADMIN: _OFFERED,
}


def check_scopes(role: Role, scopes: Iterable[str]) -> frozenset[ApiScope]:
    """*scopes*, if a key of *role* may hold them.

    Raises:
        InvalidInput: the role has no keys, a scope is unknown or not for the role, or there is none.
    """
    allowed = GRANTABLE.get(role)
    if allowed is None:
        raise InvalidInput([f"role: one of {', '.join(known.value for known in GRANTABLE)}"])
    asked = frozenset(scopes)
    if not asked or asked - allowed:
        known = ", ".join(sorted(allowed))
        raise InvalidInput([f"scopes: for the role {role.value}, one or more of {known}"])
    return frozenset(map(ApiScope, asked))

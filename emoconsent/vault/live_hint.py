"""The hint while a case is being worked on: of the last two minutes, and gone when the consent is.

Whoever shows it asks again and again whether it still stands. That question opens no key, shows
nothing and is not logged; only reading the hint is a look, which the person sees.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from emoconsent.access.principal import Principal
from emoconsent.clock import to_micros
from emoconsent.errors import NotFound
from emoconsent.twins import AsyncTwins
from emoconsent.vault.cases import CASE, NO_CASE, Cases
from emoconsent.vault.hint import Advise, Hint, no_hint
from emoconsent.vault.ports import CaseRow, VaultDatabase, VaultTransaction
from emoconsent.vault.vault import Vault
from emoconsent.vocabulary import Role

#: How long after the inference a hint is one: what was felt two minutes ago is no news to an agent.
FRESH: Final = 120_000_000  # microseconds
PURPOSE: Final = "customer_care"


@dataclass(frozen=True, slots=True)
class LiveHint:
    """A hint, and the ``tag`` under which ``current`` tells whether it still stands."""

    hint: Hint
    tag: str

    @property
    def until(self) -> datetime | None:
        """When it is none any more, whatever else happens; None where there is none."""
        return None if self.hint.as_of is None else self.hint.as_of + timedelta(microseconds=FRESH)


class LiveHints(AsyncTwins):
    """Hints by the case that they are for. Only whoever opened the case gets them."""

    def __init__(
        self,
        vault: Vault,
        cases: Cases,
        database: VaultDatabase,
        advise: Advise,
        keyed: Callable[[str, str], bytes],
    ) -> None:
        self._vault = vault
        self._cases = cases
        self._database = database
        self._advise = advise
        self._keyed = keyed

    def read(
        self, case_id: str, *, principal: Principal, purpose: str = PURPOSE, language: str = "en"
    ) -> LiveHint:
        """The hint for the agent's open case, as of now. The person sees the look.

        Raises:
            NotFound: no such open case, or somebody else's: alike.
            AccessDenied: the purpose permits no hint, or the person has closed this to staff.
        """
        with self._database.read() as tx:  # first: what comes in between makes the tag an old one
            tag = self._tag(tx, self._row(tx, case_id, principal), purpose, language)
            since = tx.now() - FRESH
        case = self._cases.get(case_id, principal, CASE)
        found = self._vault.read(
            case.subject, principal=principal, purpose=purpose, reason=case.reason, language=language
        )
        stands = isinstance(found, Hint) and found.as_of is not None and to_micros(found.as_of) > since
        return LiveHint(found if stands else no_hint(self._advise, language), tag)  # type: ignore[arg-type]

    def current(
        self, case_id: str, tag: str, *, principal: Principal, purpose: str = PURPOSE, language: str = "en"
    ) -> bool:
        """Whether what was read under *tag* is what ``read`` would give now. Cheap, and no look.

        A few rows by their keys: the case's, the subject's, the catalogue's head, and those of the
        records of the last two minutes.

        Raises:
            NotFound: the case was closed, is over, or its person is gone.
        """
        with self._database.read() as tx:
            now = self._tag(tx, self._row(tx, case_id, principal), purpose, language)
        return secrets.compare_digest(now.encode(), tag.encode(errors="replace"))

    def _row(self, tx: VaultTransaction, case_id: str, principal: Principal) -> CaseRow:
        if principal.role is not Role.AGENT:
            raise NotFound(NO_CASE)
        return self._cases.one(tx, case_id, principal, CASE)

    def _tag(self, tx: VaultTransaction, row: CaseRow, purpose: str, language: str) -> str:
        """What changes whenever the hint may have. Keyed: it tells nothing to whoever compares two."""
        subject, head = tx.subjects.by_ref(row.subject_ref), tx.catalogue.head()
        if subject is None:
            raise NotFound(NO_CASE)
        recent = tx.records.recent(row.subject_ref, tx.now() - FRESH)
        revisions = [[record_id.hex(), revision] for record_id, revision in recent]
        state = [row.case_id.hex(), subject.last_number, head and head[0], revisions, purpose, language]
        return hashlib.sha256(self._keyed("hint", json.dumps(state))).hexdigest()[:32]

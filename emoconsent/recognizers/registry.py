"""The registry of recognizers: registered, then approved by a person, suspended at once if need be."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import rfc8785

from emoconsent.access.permissions import Permission, authorize
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag
from emoconsent.consent.chain import CatalogueChain, acted
from emoconsent.consent.closing import Closer
from emoconsent.consent.draining import drain
from emoconsent.consent.holds import HoldTable, recognizer_key
from emoconsent.consent.identifier import check_text
from emoconsent.consent.ports import CatalogueRow, ConsentDatabase
from emoconsent.consent.withdrawal import Withdrawal
from emoconsent.errors import InvalidInput, NotFound
from emoconsent.recognizers.levels import Levels
from emoconsent.twins import AsyncTwins
from emoconsent.vault.refusals import Refusals
from emoconsent.vocabulary import Modality

REGISTERED: Final = "recognizer"
APPROVED: Final = "recognizer-approved"
SUSPENDED: Final = "recognizer-suspended"
MAX_CARD: Final = 65_536  # bytes of JSON


class Status(StrEnum):
    """What was decided about a recognizer's registered version."""

    REGISTERED = "registered"
    APPROVED = "approved"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Recognizer:
    """A registered model version and what was decided about it."""

    id: str
    version: str
    modality: Modality
    provider: str
    external: bool
    card: Mapping[str, Any]
    levels: Mapping[str, Mapping[str, float]] | None
    status: Status
    approvals: frozenset[str] = field(default=frozenset())

    @property
    def adapter(self) -> str | None:
        """The adapter's name, where the card states one."""
        value = self.card.get("adapter")
        return value if isinstance(value, str) else None


def recognizers_from(rows: Sequence[CatalogueRow], approvals_required: int) -> dict[str, Recognizer]:
    """The latest version of each recognizer among the catalogue's checked rows."""
    return {found.id: found for found in versions_from(rows, approvals_required)}


def versions_from(rows: Sequence[CatalogueRow], approvals_required: int) -> Sequence[Recognizer]:
    """Every version among the catalogue's checked rows, in the order of their registration.

    A new version starts unapproved: an approval is of what was looked at.
    """
    found: list[Recognizer] = []
    latest: dict[str, int] = {}  # where a decision about the name goes
    for row in rows:
        value = json.loads(row.content) if row.kind in (REGISTERED, APPROVED, SUSPENDED) else {}
        if row.kind == REGISTERED:
            latest[row.name] = len(found)
            found.append(_registered(row.name, value))
        elif row.kind == APPROVED and row.name in latest:
            old = found[latest[row.name]]
            approvals = old.approvals | {value["approver"]}
            done = len(approvals) >= approvals_required
            status = Status.APPROVED if done else Status.REGISTERED
            found[latest[row.name]] = _with(old, status, approvals)
        elif row.kind == SUSPENDED and row.name in latest:
            found[latest[row.name]] = _with(found[latest[row.name]], Status.SUSPENDED, frozenset())
    return tuple(found)


def _registered(name: str, value: Mapping[str, Any]) -> Recognizer:
    return Recognizer(
        id=name,
        version=value["version"],
        modality=Modality(value["modality"]),
        provider=value["provider"],
        external=value["external"],
        card=value["card"],
        levels=value["levels"],
        status=Status.REGISTERED,
    )


def _with(old: Recognizer, status: Status, approvals: frozenset[str]) -> Recognizer:
    return Recognizer(
        old.id, old.version, old.modality, old.provider, old.external, old.card, old.levels, status, approvals
    )


class RecognizerRegistry(AsyncTwins):
    """Registers recognizers and records what administrators decide about them."""

    def __init__(
        self,
        database: ConsentDatabase,
        chain: CatalogueChain,
        closer: Closer,
        holds: HoldTable,
        refusals: Refusals,
        keyed: Callable[[str, str], bytes],
        approvals_required: int,
    ) -> None:
        self._database = database
        self._chain = chain
        self._closer = closer
        self._holds = holds
        self._refusals = refusals
        self._committed = refusals.committed
        self._keyed = keyed
        self.approvals_required = approvals_required

    def register(
        self,
        id: str,  # noqa: A002 - the contract's name
        *,
        modality: str,
        version: str,
        provider: str,
        card: Mapping[str, Any],
        external: bool = False,
        levels: Mapping[str, Mapping[str, float]] | None = None,
        principal: Principal | None = None,
    ) -> Recognizer:
        """Register a model version. Repeating it is harmless and never changes its approval.

        Args:
            card: the model card; at least its ``limits``. May name an ``adapter``.
            external: the input leaves this machine; such calls are logged before they are made.
            levels: thresholds for calm, irritable, angry; without them a record has no level.
            principal: who registers; stated, it must be permitted to. Without one the host speaks.

        Raises:
            AccessDenied: the principal is no administrator.
            InvalidInput: every fault; or the version is registered with other content.
        """
        if principal is not None:
            self._authorize(principal, Permission.REGISTER_RECOGNIZER)
        content = _content(
            id,
            modality=modality,
            version=version,
            provider=provider,
            card=card,
            external=external,
            levels=levels,
        )
        self._closer.catch_up()
        rows = self._add(id, content, principal)
        self._committed()
        return recognizers_from(rows, self.approvals_required)[id]

    def _add(
        self, name: str, content: Mapping[str, Any], principal: Principal | None
    ) -> Sequence[CatalogueRow]:
        """The catalogue with *content* in it, appended unless it is there already."""
        text, version = rfc8785.dumps(dict(content)).decode(), content["version"]
        with self._database.write() as tx:
            rows = self._chain.rows(tx, lock=True)
            same = [r for r in rows if r.kind == REGISTERED and r.name == name and _version(r) == version]
            if same and same[-1].content != text:
                raise InvalidInput(
                    [f"{name} {version} is registered with other content; give it a new version"]
                )
            if same:
                return rows
            added = self._chain.append(
                tx,
                rows,
                REGISTERED,
                name,
                text,
                tag=EventTag.RECOGNIZER_REGISTER,
                facts={"version": version, "modality": content["modality"]},
                **acted(principal),
            )
            return [*rows, added]

    def approve(self, id: str, *, principal: Principal) -> Recognizer:  # noqa: A002
        """Approve the registered version. With two approvals required, the second approver differs."""
        self._authorize(principal, Permission.APPROVE_RECOGNIZER)
        approver = self._keyed("approver", principal.id).hex()
        content = json.dumps({"approver": approver})
        self._closer.catch_up()
        return self._judge(id, principal, APPROVED, content, EventTag.RECOGNIZER_APPROVE)[0]

    def suspend(self, id: str, *, principal: Principal, reason: str, timeout: float = 10.0) -> Withdrawal:  # noqa: A002
        """Suspend a recognizer: no call starts with it from now on, running ones lose their result."""
        check_text(reason, name="reason")
        self._authorize(principal, Permission.SUSPEND_RECOGNIZER, reason)
        self.get(id)
        closing = self._closer.closings.announce("suspend", None, None, id)
        _, number = self._judge(id, principal, SUSPENDED, "{}", EventTag.RECOGNIZER_SUSPEND, reason, closing)
        return drain(self._holds, [recognizer_key(id)], number, timeout=timeout)

    def _authorize(self, principal: Principal, permission: Permission, reason: str | None = None) -> None:
        with self._refusals.logged(principal, permission, reason=reason):
            authorize(principal, permission)

    def _judge(
        self,
        name: str,
        principal: Principal,
        kind: str,
        content: str,
        tag: EventTag,
        reason: str | None = None,
        closing: Any = None,
    ) -> tuple[Recognizer, int]:
        with self._database.write() as tx:
            rows = list(self._chain.rows(tx, lock=True))
            if name not in recognizers_from(rows, self.approvals_required):
                raise NotFound(f"recognizer {name!a} is not registered")
            by = acted(principal, reason=reason)
            rows.append(self._chain.append(tx, rows, kind, name, content, tag=tag, **by))
            if closing is not None:
                self._closer.mark(tx, closing)
        self._committed()
        return recognizers_from(rows, self.approvals_required)[name], rows[-1].number

    def get(self, id: str) -> Recognizer:  # noqa: A002
        """The recognizer's registered version. Raises NotFound."""
        found = self._all().get(id)
        if found is None:
            raise NotFound(f"recognizer {id!a} is not registered")
        return found

    def list(self) -> list[Recognizer]:
        """Every recognizer, by id."""
        return [found for _, found in sorted(self._all().items())]

    def versions(self) -> Sequence[Recognizer]:
        """Every version ever registered, oldest first: a kept guess names the one that made it.

        A version that a newer one replaced keeps the status that it had then.
        """
        with self._database.read() as tx:
            return versions_from(self._chain.rows(tx), self.approvals_required)

    def _all(self) -> dict[str, Recognizer]:
        with self._database.read() as tx:
            return recognizers_from(self._chain.rows(tx), self.approvals_required)


def _version(row: CatalogueRow) -> str:
    return str(json.loads(row.content)["version"])


def _content(
    name: str,
    *,
    modality: str,
    version: str,
    provider: str,
    card: Mapping[str, Any],
    external: bool,
    levels: Mapping[str, Mapping[str, float]] | None,
) -> dict[str, Any]:
    problems = []
    for label, text in (("id", name), ("version", version), ("provider", provider)):
        if not isinstance(text, str) or not 0 < len(text) <= 100 or not text.isprintable():
            problems.append(f"{label}: 1 to 100 printable characters")
    if modality not in set(Modality):
        problems.append("modality: one of text, voice, face")
    if not isinstance(card, Mapping) or not card.get("limits"):
        problems.append("card: a mapping that states at least the model's 'limits'")
    if levels is not None:
        problems += _level_problems(levels)
    if problems:
        raise InvalidInput(problems)
    content: dict[str, Any] = {
        "modality": str(modality),
        "version": version,
        "provider": provider,
        "card": dict(card),
    }
    content |= {"external": bool(external), "levels": levels}
    try:
        size = len(rfc8785.dumps(content))
    except Exception as error:
        raise InvalidInput(["card: only JSON values (text, numbers, lists, mappings)"]) from error
    if size > MAX_CARD:
        raise InvalidInput([f"card: larger than {MAX_CARD} bytes"])
    return content


def _level_problems(levels: Mapping[str, Mapping[str, float]]) -> list[str]:
    try:
        Levels.parse(levels)
    except InvalidInput as error:
        return list(error.problems)
    return []

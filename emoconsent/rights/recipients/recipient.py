"""A recipient: who receives what about people, under which contract, and how they are told.

Entries live in the catalogue's chain. The newest entry of an id is the one that counts; a retired
recipient is told nothing new, and what it was already to be told is still told.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from emoconsent.consent.fields import IDENTIFIER, Faults, Fields
from emoconsent.consent.ports import CatalogueRow
from emoconsent.rights.recipients.target import Policy, Target, target
from emoconsent.rights.recipients.task import Action

RECIPIENT: Final = "recipient"
RETIRED: Final = "recipient-retired"
#: What OpenDSR can ask a processor for; it has no word for correcting, restricting or stopping.
OPENDSR_CAN: Final = frozenset({Action.ERASURE})
SECRET_SOURCES: Final = ("env:", "file:")
_MAX_KEY: Final = 8192
_SMALLEST_RSA: Final = 2048  # bits


class Protocol(StrEnum):
    """How a recipient is told."""

    OPENDSR = "opendsr"
    WEBHOOK = "webhook"
    EMAIL = "email"
    MANUAL = "manual"


class Standing(StrEnum):
    """As what it received the data. GDPR art. 4(7), 4(8)."""

    CONTROLLER = "controller"
    PROCESSOR = "processor"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A registered recipient.

    Attributes:
        contract: the agreement under which it received anything, by its reference.
        categories: what it receives, e.g. ``levels``.
        endpoint: an address on the web, or of a mailbox; None where a person does it.
        key: OpenDSR: the public key of its signatures, PEM. Webhook: where its secret is,
            ``env:NAME`` or ``file:/PATH``; never the secret.
        purposes: what it receives data for; None for all.
    """

    id: str
    name: str
    protocol: Protocol
    standing: Standing
    contract: str
    categories: tuple[str, ...]
    endpoint: str | None = None
    key: str | None = None
    purposes: tuple[str, ...] | None = None
    retired: bool = False

    def concerned(self, purposes: Collection[str]) -> bool:
        """Whether it may have received something about a person who agreed to *purposes*."""
        return not self.retired and (self.purposes is None or not set(self.purposes).isdisjoint(purposes))


def recipients_from(rows: Iterable[CatalogueRow]) -> dict[str, Recipient]:
    """The recipients among the catalogue's checked rows, by id, in the order of first registration."""
    found: dict[str, Recipient] = {}
    for row in rows:
        if row.kind == RECIPIENT:
            found[row.name] = _read(row.name, json.loads(row.content), retired=False)
        elif row.kind == RETIRED and row.name in found:
            found[row.name] = _read(row.name, _plain(found[row.name]), retired=True)
    return found


def _read(name: str, value: dict[str, Any], *, retired: bool) -> Recipient:
    purposes = value["purposes"]
    return Recipient(
        id=name,
        name=value["name"],
        protocol=Protocol(value["protocol"]),
        standing=Standing(value["standing"]),
        contract=value["contract"],
        categories=tuple(value["categories"]),
        endpoint=value["endpoint"],
        key=value["key"],
        purposes=None if purposes is None else tuple(purposes),
        retired=retired,
    )


def _plain(found: Recipient) -> dict[str, Any]:
    return {name: getattr(found, name) for name in _FIELDS}


_FIELDS: Final = (
    "name",
    "protocol",
    "standing",
    "contract",
    "categories",
    "endpoint",
    "key",
    "purposes",
)


def content(name: object, value: object, policy: Policy) -> dict[str, Any]:
    """The catalogue's content for a recipient, every field checked.

    Raises:
        InvalidInput: lists every fault; no message holds a value that may be secret.
    """
    faults = Faults()
    if not isinstance(name, str) or not IDENTIFIER.fullmatch(name):
        faults.add("id", "1 to 64 of a-z 0-9 . _ -")
    fields = Fields(value, "", faults, known=frozenset(_FIELDS))
    protocol, standing = fields.get("protocol"), fields.get("standing")
    if protocol not in set(Protocol):
        faults.add("protocol", f"one of {', '.join(Protocol)}")
    if standing not in set(Standing):
        faults.add("standing", f"one of {', '.join(Standing)}")
    made: dict[str, Any] = {
        "name": fields.text("name", limit=200),
        "protocol": protocol,
        "standing": standing,
        "contract": fields.text("contract", limit=200),
        "categories": _words(fields, "categories"),
        "purposes": None if fields.get("purposes") is None else _words(fields, "purposes"),
        "endpoint": fields.get("endpoint"),
        "key": fields.get("key"),
    }
    for problem in _ways(protocol, made["endpoint"], made["key"], policy):
        faults.problems.append(problem)
    faults.finish()
    return made


def _words(fields: Fields, name: str) -> list[str]:
    value = fields.get(name)
    good = isinstance(value, list | tuple) and 0 < len(value) <= 64
    if not good or not all(isinstance(word, str) and IDENTIFIER.fullmatch(word) for word in value):
        fields.fault(name, "a list of 1 to 64 words of a-z 0-9 . _ -")
        return []
    return sorted(set(value))


def _ways(protocol: object, endpoint: object, key: object, policy: Policy) -> Sequence[str]:
    """What is wrong with how the recipient is reached."""
    match protocol:
        case Protocol.OPENDSR:
            return [*_opendsr(endpoint, policy), *_public_key(key)]
        case Protocol.WEBHOOK:
            return [*_faults(target(endpoint, policy)), *_secret_reference(key)]
        case Protocol.EMAIL:
            return [*_mailbox(endpoint), *_nothing("key", key)]
        case Protocol.MANUAL:
            return [*_nothing("endpoint", endpoint), *_nothing("key", key)]
    return []


def _faults(found: Target | Sequence[str]) -> Sequence[str]:
    return () if isinstance(found, Target) else found


def _opendsr(endpoint: object, policy: Policy) -> Sequence[str]:
    found = target(endpoint, policy)
    if isinstance(found, Target) and found.path != "/":
        return ["endpoint: an OpenDSR address has no path; /v2/requests is added to it"]
    return _faults(found)


def _public_key(key: object) -> Sequence[str]:
    """OpenDSR signs with RSA or ECDSA (FIPS 186-4)."""
    fault = ["key: the processor's public key, RSA of 2048 bits or more, or EC, as PEM"]
    if not isinstance(key, str) or len(key) > _MAX_KEY:
        return fault
    try:
        found = load_pem_public_key(key.encode())
    except Exception:  # noqa: BLE001 - the library raises several kinds for what is no key
        return fault
    if isinstance(found, RSAPublicKey):
        return [] if found.key_size >= _SMALLEST_RSA else fault
    return [] if isinstance(found, EllipticCurvePublicKey) else fault


def _secret_reference(key: object) -> Sequence[str]:
    if isinstance(key, str) and len(key) <= 500 and key.isprintable():
        source = next((s for s in SECRET_SOURCES if key.startswith(s)), None)
        if source is not None and len(key) > len(source):
            return []
    return ["key: where the webhook's secret is: env:NAME or file:/PATH; never the secret itself"]


def _mailbox(endpoint: object) -> Sequence[str]:
    if isinstance(endpoint, str) and len(endpoint) <= 254 and endpoint.isprintable() and endpoint.isascii():
        user, _, host = endpoint.partition("@")
        if user and "." in host and not set(endpoint) & set(' ,;:<>()[]"\\') and "@" not in host:
            return []
    return ["endpoint: one mail address"]


def _nothing(name: str, value: object) -> Sequence[str]:
    return [] if value is None else [f"{name}: this protocol has none"]

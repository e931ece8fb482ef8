"""The certificate of an erasure: facts, plans and gaps kept apart, signed.

Terms: a layer is ``verified`` when its unreadability was tried and seen, ``residual`` when copies
may still be readable until a stated condition, ``unverified`` when it could not be tried. Cryptographic
erase follows NIST SP 800-88 rev. 2; its preconditions are in docs/limitations.md.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from emoconsent.rights.scope import RequestScope

TYPE: Final = "emoconsent-certificate+jws"

NOT_COVERED: Final = (
    "results already handed over to the integrator's own code, and whatever it did with them",
    "recipients outside this store, unless named in this certificate",
    "memory of running processes and swap space, which Python cannot wipe reliably",
    "log files, metrics and backups that the host makes outside this store",
)


class Certificate(str):
    """A signed certificate: the compact JWS itself, whose ``document`` can be read from it.

    Verify it with ``consent.jws.verify(certificate, sdk.public_keys(), typ=TYPE)`` or with any JOSE
    library; reading ``document`` verifies nothing.
    """

    __slots__ = ()

    @property
    def document(self) -> dict[str, Any]:
        """What the certificate says."""
        payload = self.split(".")[1]
        value: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return value


class Level(StrEnum):
    """How sure it is that a layer can no longer be read."""

    VERIFIED = "verified"
    RESIDUAL = "residual"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class Findings:
    """What an erasure did and what was then tried.

    Attributes:
        rows: deleted rows by table.
        keys_destroyed: how many data keys.
        opened: how many of ``tried`` envelopes still opened with any key held: 0, or it failed.
        scrubbed: whether the keys' bytes are gone from the key store's files (None: not searchable).
        root_key_inside: the root key lies in the store's own folder, so copies go together.
        epochs: the epochs whose root keys could open a copy of the key store made earlier.
    """

    fenced_at: datetime
    erased_live_at: datetime
    rows: Mapping[str, int]
    keys_destroyed: int
    tried: int
    opened: int
    scrubbed: bool | None
    root_key_inside: bool
    epochs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """The proof of consent that stays, why, and until when."""

    basis: str
    until: datetime


def certificate(
    identifier: str,
    request: str | None,
    findings: Findings,
    kept: Kept | None,
    checkpoint: str,
    *,
    sandbox: bool,
) -> dict[str, Any]:
    """The certificate's document, without any identifier of the person."""
    return {
        "type": "ErasureCertificate",
        "version": 1,
        "id": identifier,
        "test": sandbox,
        "request": request,
        "facts": {
            "restricted_at": _text(findings.fenced_at),
            "erased_live_at": _text(findings.erased_live_at),
            "keys_destroyed": findings.keys_destroyed,
            "rows_deleted": dict(sorted(findings.rows.items())),
            "envelopes_tried": findings.tried,
            "envelopes_opened": findings.opened,
        },
        "levels": _levels(findings),
        "plans": {
            "unrecoverable_from_backups_at": None,
            "condition": "the root keys of the epochs named here are confirmed destroyed",
            "epochs": list(findings.epochs),
        },
        "evidence_kept": {"basis": kept.basis, "until": _text(kept.until)} if kept else None,
        "not_covered": list(NOT_COVERED),
        "log": {"checkpoint": checkpoint},
    }


def partial_certificate(
    request: str, scope: RequestScope, *, deleted: int, left: int, sandbox: bool
) -> dict[str, Any]:
    """What the certificate of an erasure of a part says, but for its ``id``, its time and its log.

    The subject's key lives on, so whatever copy of a deleted row there is can still be opened: no
    layer is ``verified``, and none becomes so before the key is destroyed.
    """
    stated = scope.to_mapping()
    named = stated.pop("records", None)
    return {
        "type": "PartialErasureCertificate",
        "version": 1,
        "test": sandbox,
        "request": request,
        "scope": {**stated, "records_named": len(named) if named is not None else None},
        "facts": {"records_deleted": deleted, "records_left": left, "subject_key": "kept"},
        "levels": {
            "live_data": Level.RESIDUAL.value,
            "data_backups": Level.RESIDUAL.value,
            "key_store": Level.RESIDUAL.value,
            "key_store_copies": Level.RESIDUAL.value,
        },
        "plans": {
            "unrecoverable_from_backups_at": None,
            "condition": "the subject's key is destroyed, which an erasure of everything does",
        },
        "not_covered": [
            *NOT_COVERED,
            "records of the subject outside the scope, and consents, which stay",
            "what is left of deleted rows in the database's files and in backups: their key lives on",
        ],
    }


def addendum(
    identifier: str, of: str, at: datetime, epochs: tuple[int, ...], *, sandbox: bool
) -> dict[str, Any]:
    """A planned date has become a fact: the root keys were confirmed destroyed."""
    return {
        "type": "ErasureCertificateAddendum",
        "version": 1,
        "id": identifier,
        "test": sandbox,
        "addendum_to": of,
        "facts": {"unrecoverable_from_backups_at": _text(at), "epochs_destroyed": list(epochs)},
        "levels": {"key_store_copies": Level.VERIFIED.value},
    }


def _levels(findings: Findings) -> dict[str, str]:
    tried = Level.VERIFIED if findings.tried and not findings.opened else Level.UNVERIFIED
    if findings.opened:
        tried = Level.RESIDUAL
    # PostgreSQL keeps a deleted key's bytes in heap, log and replicas; an unsearched file is not claimed.
    key_store = {True: Level.VERIFIED, False: Level.RESIDUAL, None: Level.RESIDUAL}[findings.scrubbed]
    backups = Level.RESIDUAL if findings.root_key_inside else tried
    return {
        "live_data": tried.value,
        "data_backups": backups.value,
        "key_store": Level.RESIDUAL.value if findings.root_key_inside else key_store.value,
        "key_store_copies": Level.RESIDUAL.value,
    }


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")

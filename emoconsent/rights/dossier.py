"""A request's dossier: what an authority that asks gets to see, and can check without this store.

A ZIP archive of the request with its steps, its certificates, every log entry that names it with a proof
of inclusion under one signed head, and a signed manifest of it all. Who asked is not in it, beyond what
they or the office wrote themselves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from emoconsent.access.principal import Principal
from emoconsent.audit.service import Audit
from emoconsent.consent.jws import sign
from emoconsent.rights.export.archive import Item, directory, pack
from emoconsent.rights.recipients.registry import Progress, Recipients
from emoconsent.rights.request import RightsRequest
from emoconsent.rights.service import Rights
from emoconsent.rights.steps import Step

#: The JWS ``typ``: no other document signed with the same key passes for a dossier's manifest.
TYPE: Final = "emoconsent-dossier+jws"
SIGNATURE: Final = "manifest.jws"


class Dossiers:
    """``sdk.dossiers``."""

    def __init__(
        self,
        rights: Rights,
        recipients: Recipients,
        audit: Audit,
        key: Callable[[], Ed25519PrivateKey],
        *,
        sandbox: bool,
    ) -> None:
        self._rights = rights
        self._recipients = recipients
        self._audit = audit
        self._key = key
        self._sandbox = sandbox

    def open(self, request_id: str, *, principal: Principal, at: datetime) -> Iterator[bytes]:
        """The archive, file after file. Everything is looked up before the first byte.

        Args:
            at: the instant that the manifest states; aware.

        Raises:
            AccessDenied: the principal is not the data protection officer.
            NotFound: there is no such request.
        """
        evidence = self._rights.evidence(request_id, principal=principal)  # the office's alone: it decides
        request = self._rights.get(request_id)
        steps = self._rights.steps(request_id, principal=principal)
        files = [
            ("request.json", _json(_request(request, evidence))),
            ("steps.json", _json([_step(one) for one in steps])),
            ("recipients.json", _json([_told(one) for one in self._recipients.progress(request_id)])),
        ]
        certificates = self._rights.certificates(request_id)
        files += [(f"certificates/{n}.jws", str(one).encode()) for n, one in enumerate(certificates)]
        files += self._log(request.id)
        return self._archive(request.id, files, at)

    def _log(self, request: str) -> Iterator[tuple[str, bytes]]:
        """The request's entries as they are stored, each with its proof, and the head that all are under."""
        head, entries = self._audit.proven("request", request)
        yield "log/checkpoint.txt", head.encode()
        yield "log/vkey.txt", f"{self._audit.vkey()}\n".encode()
        for entry in entries:
            yield f"log/{entry.id}.json", entry.leaf
            yield f"log/{entry.id}.tlog-proof", entry.proof.encode()

    def _archive(self, request: str, files: list[tuple[str, bytes]], at: datetime) -> Iterator[bytes]:
        items: list[Item] = []
        offset = 0
        for name, content in files:
            data, item = pack(name, content, offset, at)
            items.append(item)
            offset += len(data)
            yield data
        data, item = pack(SIGNATURE, self._signature(request, items, at), offset, at)
        items.append(item)
        yield data
        yield directory(items, offset + len(data), at)

    def _signature(self, request: str, items: list[Item], at: datetime) -> bytes:
        document = {
            "type": "RequestDossier",
            "version": 1,
            "test": self._sandbox,
            "request": request,
            "at": at.isoformat(),
            "files": [{"name": item.name, "size": item.size, "sha256": item.sha256} for item in items],
        }
        return sign(document, self._key(), typ=TYPE).encode()


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()


def _request(request: RightsRequest, evidence: str | None) -> dict[str, Any]:
    return {
        "id": request.id,
        "kind": request.kind.value,
        "regime": request.regime,
        "state": request.state.value,
        "received_at": request.submitted_at.isoformat(),
        "acknowledge_by": _text(request.acknowledge_by),
        "due_at": _text(request.due_at),
        "due_at_is_provisional": request.provisional,
        "extended": request.extended,
        "finished_at": _text(request.finished_at),
        "identity": evidence,
        "scope": request.scope.to_mapping() if request.scope is not None else None,
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "number": step.number,
        "kind": step.kind.value,
        "at": step.at.isoformat(),
        "detail": dict(step.detail),
        "sealed": dict(step.private) if step.private is not None else None,
    }


def _told(progress: Progress) -> dict[str, Any]:
    return {
        "recipient": progress.recipient,
        "action": progress.action,
        "state": progress.state.value,
        "at": progress.at.isoformat(),
        "problem": progress.problem,
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None

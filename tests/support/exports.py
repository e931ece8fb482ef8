"""Copies in tests: made whole, opened by the standard library, checked by other people's code."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jsonschema_rs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from emoconsent import EmoConsent, Principal
from emoconsent.rights.request import request_mac
from tests.support.store import DPO, me


def make(sdk: EmoConsent, subject: str, who: Principal | None = None, **more: Any) -> str:
    """A finished copy's id."""
    export = sdk.exports.begin(subject, principal=who or me(subject), **more)
    return sdk.exports.finish(export.id).id


def fetch(sdk: EmoConsent, export_id: str, who: Principal) -> bytes:
    """The archive, by a link of its own."""
    link = sdk.exports.link(export_id, principal=who)
    return b"".join(sdk.exports.open(link, principal=who))


def copy_of(sdk: EmoConsent, subject: str, **more: Any) -> dict[str, bytes]:
    """The files of a whole copy that the subject made."""
    return opened(fetch(sdk, make(sdk, subject, **more), me(subject)))


def opened(archive: bytes) -> dict[str, bytes]:
    """The archive's files, each checked by the standard library."""
    with zipfile.ZipFile(io.BytesIO(archive)) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def data(files: Mapping[str, bytes], kind: str) -> list[dict[str, Any]]:
    """All things of a set, from its pages."""
    names = sorted(name for name in files if name.startswith(f"{kind}/") and name.endswith(".json"))
    return [item for name in names for item in json.loads(files[name])["items"]]


def check_schemas(files: Mapping[str, bytes]) -> int:
    """Validate each JSON document against the schema that the archive itself has for it; how many."""
    checked = 0
    for name, content in files.items():
        if not name.endswith(".json") or name.startswith("schemas/"):
            continue
        kind = name.partition("/")[0].removesuffix(".json")
        schema = json.loads(files[f"schemas/{kind}.schema.json"])
        jsonschema_rs.Draft202012Validator(schema, validate_formats=True).validate(json.loads(content))
        checked += 1
    return checked


def check_manifest(files: Mapping[str, bytes], public_keys: Mapping[str, Any]) -> None:
    """Size and hash of every file, and the signature by hand: base64, JSON, Ed25519, and nothing of ours."""
    protected, payload, signature = files["manifest.jws"].split(b".")
    header, statement = json.loads(decoded(protected)), json.loads(decoded(payload))
    (jwk,) = [key for key in public_keys["keys"] if key["kid"] == header["kid"]]
    key = Ed25519PublicKey.from_public_bytes(decoded(jwk["x"].encode()))
    key.verify(decoded(signature), protected + b"." + payload)
    assert header == {"alg": "Ed25519", "kid": header["kid"], "typ": "emoconsent-export+jws"}
    stated, manifest = statement["manifest"], files["manifest.json"]
    assert (stated["size"], stated["sha256"]) == (len(manifest), hashlib.sha256(manifest).hexdigest())
    listed = {one["name"]: (one["size"], one["sha256"]) for one in json.loads(manifest)["files"]}
    there = {name: (len(content), hashlib.sha256(content).hexdigest()) for name, content in files.items()}
    assert listed == {n: found for n, found in there.items() if n not in ("manifest.json", "manifest.jws")}
    assert statement["id"] == json.loads(manifest)["id"]


def decoded(part: bytes) -> bytes:
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))


def request_open(sdk: EmoConsent, subject: str, kind: str = "access") -> str:
    """A verified request of *kind*, whatever the release fulfils by itself; its id."""
    request = sdk.rights.submit(subject, kind="erasure", regime="pipl")
    sdk.rights.verify(request.id, evidence="in person", principal=DPO)
    with sdk._parts.stores.data.write() as tx:
        row = tx.requests.get(bytes.fromhex(request.id))
        assert row is not None
        row = replace(row, kind=kind)
        tx.requests.put(replace(row, mac=request_mac(sdk.rights._s.ledger.mac, row)))
    return request.id

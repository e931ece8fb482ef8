"""The end of a copy: what to read first, the schemas, the manifest and the signature over it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.resources import files as resources
from typing import Any, Final

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from emoconsent.consent.jws import sign
from emoconsent.rights.export import texts
from emoconsent.rights.export.archive import Item
from emoconsent.rights.export.neutral import html_text
from emoconsent.rights.export.pages import both, document
from emoconsent.rights.export.sets import ExportSet

#: The JWS ``typ``: a receipt or a certificate signed with the same key never passes for a manifest.
TYPE: Final = "emoconsent-export+jws"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.jws"
_PACKAGE: Final = "emoconsent.rights.export"


def leading_files(
    sets: Sequence[ExportSet], items: Sequence[Item], begun: datetime, *, sandbox: bool
) -> Iterator[tuple[str, bytes, int]]:
    """The files beside the data: name, content, nothing listed in them."""
    yield "index.html", _index(sets, items, begun, sandbox=sandbox), 0
    yield "style.css", (resources(_PACKAGE) / "style.css").read_bytes(), 0
    for kind in (*sets, "manifest"):
        schema = resources(_PACKAGE) / "schemas" / f"{kind}.schema.json"
        if schema.is_file():  # receipts are under ISO/IEC TS 27560 and no schema of ours
            yield f"schemas/{kind}.schema.json", schema.read_bytes(), 0


def manifest(
    export: str, sets: Sequence[ExportSet], items: Sequence[Item], begun: datetime, *, sandbox: bool
) -> bytes:
    """Every file with its size and SHA-256, as RFC 8785 JSON."""
    value: dict[str, Any] = {
        "type": "DataCopy",
        "version": 1,
        "id": export,
        "test": sandbox,
        "as_of": begun.isoformat(),
        "sets": [kind.value for kind in sets],
        "files": [
            {"name": item.name, "size": item.size, "sha256": item.sha256, "items": item.holds}
            for item in items
        ],
    }
    return rfc8785.dumps(value)


def signature(export: str, content: bytes, key: Ed25519PrivateKey, *, sandbox: bool) -> bytes:
    """The signed statement of what the manifest is: by its hash, so that it is short however long that is."""
    value = {
        "type": "DataCopyManifest",
        "version": 1,
        "id": export,
        "test": sandbox,
        "manifest": {"name": MANIFEST, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()},
    }
    return sign(value, key, typ=TYPE).encode("ascii")


def _index(sets: Sequence[ExportSet], items: Sequence[Item], begun: datetime, *, sandbox: bool) -> bytes:
    parts = [f'<p class="test">{both(texts.SANDBOX)}</p>'] if sandbox else []
    when = html_text(begun.strftime("%Y-%m-%d %H:%M UTC"))
    parts += [f"<p>{both(texts.MADE)} {when}</p>", *(f"<p>{both(t)}</p>" for t in (texts.WHAT, texts.OTHERS))]
    for kind in sets:
        parts.append(_section(kind, [item for item in items if item.name.startswith(f"{kind.value}/")]))
    parts.append(f"<p>{both(texts.CHECK)}</p>")
    return document(texts.TITLE, "\n".join(parts))


def _section(kind: ExportSet, items: Sequence[Item]) -> str:
    ends = (".jws",) if kind is ExportSet.RECEIPTS else (".html",)
    count = sum(item.holds for item in items if item.name.endswith(ends))
    links = "\n".join(
        f'<li><a href="{html_text(item.name)}">{html_text(item.name)}</a></li>' for item in items
    )
    listed = f"<ul>\n{links}\n</ul>" if links else f"<p>{both(texts.NONE)}</p>"
    return (
        f"<section>\n<h2>{both(texts.SETS[kind])}</h2>\n<p>{count} {both(texts.THINGS)}</p>\n"
        f"<details open><summary>{both(texts.FILES)}</summary>\n{listed}\n</details>\n</section>"
    )

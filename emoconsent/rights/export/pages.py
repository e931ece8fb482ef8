"""A page of a set as files: JSON under its schema, CSV, HTML; a receipt as it was signed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

from emoconsent.rights.export.gather import Item
from emoconsent.rights.export.neutral import csv_cell, file_name, html_text, json_bytes
from emoconsent.rights.export.sets import ExportSet
from emoconsent.rights.export.tables import TABLES, Table
from emoconsent.rights.export.texts import BACK, COLUMNS, NONE, SETS, Both

#: Spreadsheets take a file for Unicode by it.
_MARK: Final = "\ufeff"


def files(kind: ExportSet, number: int, items: Sequence[Item]) -> Iterator[tuple[str, bytes, int]]:
    """The files of page *number* of a set: name, content, how many of its things it holds."""
    if kind is ExportSet.RECEIPTS:
        for item in items:
            stem = f"{kind.value}/{file_name(item['id'])}"
            yield f"{stem}.jws", item["jws"].encode("ascii"), 1
            yield f"{stem}.jsonld", json_bytes(item["document"]), 1
        return
    stem, table = f"{kind.value}/{kind.value}-{number:05}", TABLES[kind]
    document = {"schema": f"../schemas/{kind.value}.schema.json", "page": number, "items": list(items)}
    yield f"{stem}.json", json_bytes(document), len(items)
    yield f"{stem}.csv", _csv(table, items), len(items)
    yield f"{stem}.html", _html(SETS[kind], table, items), len(items)


def _csv(table: Table, items: Sequence[Item]) -> bytes:
    out = io.StringIO()
    out.write(_MARK)
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(table.columns)
    for item in items:
        for row in table.rows(item):
            writer.writerow([csv_cell(row.get(name)) for name in table.columns])
    return out.getvalue().encode()


def _html(title: Both, table: Table, items: Sequence[Item]) -> bytes:
    heads = "".join(f'<th scope="col">{both(COLUMNS[name])}</th>' for name in table.columns)
    rows = [
        "<tr>"
        + "".join(f"<td><bdi>{html_text(row.get(name))}</bdi></td>" for name in table.columns)
        + "</tr>"
        for item in items
        for row in table.rows(item)
    ]
    body = "\n".join(rows)
    shown = (
        f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
        if rows
        else f"<p>{both(NONE)}</p>"
    )
    back = f'<p><a href="../index.html">{both(BACK)}</a></p>'
    return document(title, f"{back}\n{shown}", up="../")


def both(text: Both) -> str:
    """*text* in both languages, each marked as what it is."""
    return f'<span lang="zh">{html_text(text.zh)}</span> <span lang="en">{html_text(text.en)}</span>'


def document(title: Both, body: str, *, up: str = "") -> bytes:
    """A page of HTML. It runs nothing and loads nothing but the archive's own style sheet."""
    policy = "default-src 'none'; style-src 'self' file:; base-uri 'none'; form-action 'none'"
    return (
        '<!DOCTYPE html>\n<html lang="zh">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html_text(title.zh)} {html_text(title.en)}</title>\n"
        f'<link rel="stylesheet" href="{up}style.css">\n</head>\n<body>\n'
        f"<h1>{both(title)}</h1>\n{body}\n</body>\n</html>\n"
    ).encode()

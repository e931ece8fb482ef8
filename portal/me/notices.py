"""Notices: short first, whole on request, with what changed between versions."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from flask import abort, render_template, request
from flask_babel import gettext as _

from portal import formats, words
from portal.language import language
from portal.me.blueprint import blueprint
from portal.me.offers import notice_text
from portal.visitor import sdk


@blueprint.get("/notices")
def notices() -> str:
    """Every notice in force and the versions before it; how each program comes to its guess."""
    book = sdk().notices.book()
    current = list(book.currents())
    return render_template(
        "me/notices.html",
        current=current,
        texts={notice.id: notice_text(notice, language()) for notice in current},
        versions={n.notice_id: [v for v in book.notices if v.notice_id == n.notice_id] for n in current},
        recognizers=[r for r in sdk().recognizers.list() if r.status.value == "approved"],
    )


@blueprint.get("/notices/<name>/<version>")
def notice(name: str, version: str) -> str:
    """One version, as it was shown, in the language asked for."""
    found = sdk().notices.book().get(f"{name}@{version}") or abort(404)
    tag, text = notice_text(found, request.args.get("lang") or language())
    return render_template("me/notice.html", notice=found, tag=tag, text=text)


@blueprint.get("/notices/<name>/<version>/changes")
def changes(name: str, version: str) -> str:
    """What changed from the version before."""
    book = sdk().notices.book()
    versions = [v for v in book.notices if v.notice_id == name]
    now = next((v for v in versions if v.version == version), None) or abort(404)
    place = versions.index(now)
    if place == 0:
        abort(404)
    before = versions[place - 1]
    tag, text = notice_text(now, language())
    _tag, old = notice_text(before, tag)
    lines = list(difference(_plain(before, old), _plain(now, text)))
    return render_template("me/changes.html", notice=now, before=before, lines=lines, tag=tag)


def _plain(notice: Any, text: Any) -> list[str]:
    """A version as lines: its text, then its terms."""
    lines = [text.title, *text.summary.splitlines(), *text.body.splitlines()]
    for offer in notice.purposes:
        modalities = ", ".join(words.word(words.MODALITIES, m) for m in offer.modalities)
        time = formats.period(offer.retention)
        keeping = _("kept for %(time)s", time=time) if time else _("not kept")
        who = ", ".join(offer.recipients) or _("nobody else")
        purpose = words.word(words.PURPOSES, offer.purpose)
        lines.append(f"{purpose}: {modalities}; {keeping}; {_('Who gets it')}: {who}")
    return lines


def difference(before: list[str], after: list[str]) -> Iterator[tuple[str, str]]:
    """(``same``, ``added`` or ``removed``; the line), in reading order."""
    # Whole lines only: what ndiff finds within lines costs minutes for a long text.
    found = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for kind, i1, i2, j1, j2 in found.get_opcodes():
        if kind == "equal":
            yield from (("same", text) for text in before[i1:i2])
        else:
            yield from (("removed", text) for text in before[i1:i2])
            yield from (("added", text) for text in after[j1:j2])

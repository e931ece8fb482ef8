"""The administrator's notices: write a draft, see every fault and a preview, then publish."""

from __future__ import annotations

import tomllib
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from emoconsent.errors import InvalidInput
from emoconsent.vocabulary import Role
from portal.fields import text
from portal.staff.blueprint import blueprint
from portal.staff.preview import preview_of
from portal.visitor import role_required, sdk, visitor


class DraftForm(FlaskForm):
    """A notice as TOML, the form that ``emoconsent notice publish`` takes, too."""

    draft = text(
        # At four bytes a letter it still fits into what the portal takes of a form.
        _l("The notice (TOML)"),
        60_000,
        required=True,
        render_kw={"rows": 24, "spellcheck": "false"},
    )


@blueprint.route("/notices", methods=["GET", "POST"])
@role_required(Role.ADMIN)
def notices() -> str | Response:
    """What is published; and the draft, which is checked, shown, and published only on the second press."""
    form, preview = DraftForm(), None
    if form.validate_on_submit():
        mapping, problems = read(form.draft.data or "")
        problems = problems or sdk().notices.problems(mapping)
        if problems:
            form.draft.errors = problems
        elif request.form.get("act") != "publish":
            preview = preview_of(mapping)
        elif (name := _published(form, mapping)) is not None:
            flash(_("Published: %(name)s. Earlier versions of it are superseded.", name=name), "success")
            return redirect(url_for("staff.notices"), 303)
    book = sdk().notices.book()
    current = {notice.id for notice in book.currents()}
    return render_template(
        "staff/notices.html",
        form=form,
        preview=preview,
        notices=list(reversed(book.notices)),
        current=current,
    )


def read(draft: str) -> tuple[dict[str, Any], list[str]]:
    """The draft as a mapping, or what is wrong with its form."""
    try:
        return tomllib.loads(draft), []
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return {}, [_("This is not TOML: %(what)s", what=str(error)[:200])]


def _published(form: DraftForm, mapping: dict[str, Any]) -> str | None:
    """The new version's name, or None when somebody else published another one just now."""
    try:
        return str(sdk().notices.publish(mapping, principal=visitor().principal, timeout=0).id)
    except InvalidInput as error:
        form.draft.errors = list(error.problems)
        return None

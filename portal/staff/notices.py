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
        try:
            mapping = read(form.draft.data or "")
            if request.form.get("act") == "publish":
                name = sdk().notices.publish(mapping, principal=visitor().principal, timeout=0).id
                flash(_("Published: %(name)s. Earlier versions of it are superseded.", name=name), "success")
                return redirect(url_for("staff.notices"), 303)
            preview = sdk().notices.draft(mapping)
        except InvalidInput as error:
            form.draft.errors = list(error.problems)
    book = sdk().notices.book()
    current = {notice.id for notice in book.currents()}
    return render_template(
        "staff/notices.html",
        form=form,
        preview=preview,
        notices=list(reversed(book.notices)),
        current=current,
    )


def read(draft: str) -> dict[str, Any]:
    """The draft as a mapping. Raises InvalidInput: it is no TOML."""
    try:
        return tomllib.loads(draft)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidInput([_("This is not TOML: %(what)s", what=str(error)[:200])]) from None

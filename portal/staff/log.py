"""The auditor's page: the log without contents, a signed head, proofs, and a verification of it all."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm

from emoconsent.errors import NotFound
from emoconsent.vocabulary import Role
from portal.fields import line
from portal.limits import limited
from portal.staff.blueprint import blueprint
from portal.visitor import role_required, sdk, visitor

PAGE = 100


class EntryForm(FlaskForm):
    """Which entry is to be proven."""

    entry = line(_l("Entry"), 64, render_kw={"autocomplete": "off", "spellcheck": "false"})


@blueprint.get("/log")
@role_required(Role.AUDITOR, Role.DPO)
def log() -> str:
    """Newest first, a page at a time."""
    return _page(EntryForm(), before=request.args.get("before", type=int))


@blueprint.post("/log/verify")
@role_required(Role.AUDITOR, Role.DPO)
@limited("6 per minute")
def verify_log() -> str:
    """Check everything: the tree, each entry, each signed head, each row."""
    return _page(EntryForm(formdata=None), result=sdk().audit.verify())


@blueprint.post("/log/checkpoint")
@role_required(Role.AUDITOR, Role.DPO)
@limited("30 per minute")
def checkpoint() -> Response:
    """A signed head to keep elsewhere (C2SP tlog-checkpoint)."""
    return _file(sdk().audit.checkpoint(), "checkpoint.txt")


@blueprint.post("/log/prove")
@role_required(Role.AUDITOR, Role.DPO)
@limited("30 per minute")
def prove() -> Response | str:
    """A proof that one entry is in the log (C2SP tlog-proof)."""
    form = EntryForm()
    if form.validate_on_submit():
        try:
            return _file(sdk().audit.prove(form.entry.data or ""), "proof.tlog-proof")
        except NotFound:
            form.entry.errors = [_("There is no such entry.")]
    return _page(form)


@blueprint.get("/log/verify", endpoint="verify_log_again")
@blueprint.get("/log/prove", endpoint="prove_again")
@role_required(Role.AUDITOR, Role.DPO)
def log_again() -> str:
    """Where a change of language from one of those answers leads back to."""
    return _page(EntryForm())


def _page(form: EntryForm, *, before: int | None = None, result: Any = None) -> str:
    lines = sdk().audit.page(principal=visitor().principal, before=before, limit=PAGE)
    return render_template(
        "staff/log.html",
        form=form,
        lines=lines,
        more=len(lines) == PAGE,
        result=result,
        vkey=sdk().audit.vkey(),
    )


def _file(content: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, content_type="text/plain; charset=utf-8", headers=headers)

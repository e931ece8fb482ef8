"""The auditor's page: the log without contents, a signed head, proofs, and a verification of it all."""

from __future__ import annotations

from flask import Response, render_template, request

from emoconsent.vocabulary import Role
from portal.limits import limited
from portal.staff.blueprint import blueprint
from portal.visitor import role_required, sdk, visitor

PAGE = 100


@blueprint.get("/log")
@role_required(Role.AUDITOR, Role.DPO)
def log() -> str:
    """Newest first, a page at a time."""
    before = request.args.get("before", type=int)
    lines = sdk().audit.page(principal=visitor().principal, before=before, limit=PAGE)
    return render_template(
        "staff/log.html", lines=lines, more=len(lines) == PAGE, result=None, vkey=sdk().audit.vkey()
    )


@blueprint.post("/log/verify")
@role_required(Role.AUDITOR, Role.DPO)
@limited("6 per minute")
def verify_log() -> str:
    """Check everything: the tree, each entry, each signed head, each row."""
    result = sdk().audit.verify()
    lines = sdk().audit.page(principal=visitor().principal, limit=PAGE)
    return render_template(
        "staff/log.html", lines=lines, more=len(lines) == PAGE, result=result, vkey=sdk().audit.vkey()
    )


@blueprint.post("/log/checkpoint")
@role_required(Role.AUDITOR, Role.DPO)
@limited("30 per minute")
def checkpoint() -> Response:
    """A signed head to keep elsewhere (C2SP tlog-checkpoint)."""
    return _file(sdk().audit.checkpoint(), "checkpoint.txt")


@blueprint.post("/log/prove")
@role_required(Role.AUDITOR, Role.DPO)
@limited("30 per minute")
def prove() -> Response:
    """A proof that one entry is in the log (C2SP tlog-proof)."""
    return _file(sdk().audit.prove(request.form.get("entry", "")), "proof.tlog-proof")


def _file(content: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, content_type="text/plain; charset=utf-8", headers=headers)

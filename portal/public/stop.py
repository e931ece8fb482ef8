"""The stop link of notices and chat footers: it can only stop, needs no sign-in, shows no data."""

from __future__ import annotations

from flask import render_template, request

from emoconsent.errors import NotFound
from portal.limits import SUBMIT, limited
from portal.public.blueprint import blueprint
from portal.stopping import stop_all
from portal.visitor import sdk


@blueprint.get("/stop/<token>")
def stop_page(token: str) -> tuple[str, int]:
    """One button: programs that open links in mails press nothing. Every link looks the same."""
    return render_template("public/stop.html", token=token), 200


@blueprint.post("/stop")
@limited(SUBMIT)
def stop() -> tuple[str, int]:
    """Opt out whom the link is bound to. A link that is over says so and what to do instead."""
    try:
        subject = sdk().accounts.stop_subject(request.form.get("token", ""))
    except NotFound:
        return render_template("public/stop_over.html"), 404
    stop_all(sdk(), subject, "stop-link")
    return render_template("public/stop_done.html", days=sdk().retention.grace_days), 200

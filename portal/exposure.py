"""The notice that a shop shows before the first analysis: a snippet of HTML, and the proof of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from flask import Flask, render_template

from emoconsent import EmoConsent

#: Whoever said stop is not asked again for a year.
QUIET: Final = timedelta(days=365)


def exposure_notice(
    app: Flask,
    subject: str,
    *,
    notice: str,
    language: str,
    channel: str,
    link: str,
    stop_link: str | None = None,
) -> str:
    """HTML to show to *subject* before anything is analysed; that it was shown is logged first.

    Empty for somebody who stopped everything within the last twelve months: they are not asked.

    Args:
        app: the portal's application, whose SDK and templates are used.
        notice: ``id@version``.
        link: where the portal is reached, for "your choices".
        stop_link: the address of its stop page with a secret of ``accounts.stop_link``, e.g.
            ``https://consent.shop.example/stop/...``, to stop without signing in.

    Raises:
        InvalidInput: the notice is not in force, or lacks the language.
    """
    sdk: EmoConsent = app.extensions["emoconsent"]
    history = sdk.consent.history(subject)
    if _quiet(history, sdk.now()):
        return ""
    sdk.consent.shown(subject, notice=notice, channel=channel, language=language)
    found = sdk.notices.get(notice)
    with app.test_request_context():
        return render_template(
            "exposure.html",
            language=language,
            text=found.languages[language],
            controller=found.controller.name,
            link=link,
            stop_link=stop_link,
        )


def _quiet(history: Sequence[Any], now: datetime) -> bool:
    """Whether the last word on everything was a stop, and it is younger than a year."""
    last = next((e for e in reversed(history) if e.kind.value in ("opt_out", "opt_in", "grant")), None)
    return last is not None and last.kind.value == "opt_out" and now - last.at < QUIET

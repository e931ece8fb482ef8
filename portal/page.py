"""What every page shows around its content."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from flask import Flask, request, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from markupsafe import Markup

from emoconsent.errors import EmoConsentError
from emoconsent.vocabulary import Role
from portal import formats, office_words, receipts, rights_words, words
from portal.config import PortalConfig
from portal.language import LANGUAGES, THEMES, language, theme

_SUBJECT: Final = (
    ("me.overview", _l("Overview")),
    ("me.choices", _l("Choices")),
    ("me.guesses", _l("What was guessed")),
    ("me.looks", _l("Who looked")),
    ("me.requests", _l("Requests")),
    ("me.receipts", _l("My receipts")),
    ("me.notices", _l("Notices")),
    ("me.copies", _l("Get a copy")),
    ("me.delete", _l("Delete")),
    ("me.account", _l("Account")),
)
_STAFF: Final = {
    Role.AGENT: (("staff.cases", _l("Cases")),),
    Role.DPO: (
        ("staff.requests", _l("Requests")),
        ("staff.recipients", _l("Recipients")),
        ("staff.disputes", _l("Disputes")),
        ("staff.emergency", _l("Emergency access")),
        ("staff.aliases", _l("Names")),
        ("staff.log", _l("Log")),
    ),
    Role.AUDITOR: (("staff.log", _l("Log")),),
    Role.ADMIN: (
        ("staff.recognizers", _l("Recognizers")),
        ("staff.notices", _l("Notices")),
        ("staff.recipients", _l("Recipients")),
        ("staff.people", _l("Staff")),
    ),
}


#: A filter -> the words that it puts codes into.
_WORDS: Final = (
    ("purpose", words.PURPOSES),
    ("modality", words.MODALITIES),
    ("level", words.LEVELS),
    ("reason", words.REASONS),
    ("event", words.EVENTS),
    ("role", words.ROLES),
    ("look", words.LOOKS),
    ("provenance", words.PROVENANCES),
    ("said_by", words.SAYERS),
    ("score_kind", words.SCORE_KINDS),
    ("export_set", words.EXPORT_SETS),
    ("request_kind", rights_words.KINDS),
    ("request_meaning", rights_words.MEANINGS),
    ("request_law", rights_words.LEGAL),
    ("request_stands", rights_words.STATES),
    ("telling", rights_words.TELLING),
    ("remedy", rights_words.REMEDIES),
    ("refusal", rights_words.REFUSALS),
    ("extension", rights_words.EXTENSIONS),
    ("office_state", office_words.STATES),
    ("office_wants", office_words.WANTS),
    ("regime", office_words.REGIMES),
    ("task_state", office_words.TASKS),
    ("told_to", office_words.ACTIONS),
    ("protocol", office_words.PROTOCOLS),
    ("standing", office_words.STANDINGS),
    ("recognizer_status", words.RECOGNIZER_STATUSES),
    ("quality", words.QUALITIES),
)


def navigation() -> list[tuple[str, str, bool]]:
    """(endpoint, label, whether it is where we are) for whoever is signed in."""
    if not current_user.is_authenticated:
        return []
    if not current_user.chosen:
        return []
    role = current_user.role
    entries = _SUBJECT if role is Role.SUBJECT else (*_STAFF.get(role, ()), ("staff.account", _l("Account")))
    # A page below one of them (a guess, a case) belongs to it.
    inside = [e for e, _label in entries if f"{request.path}/".startswith(f"{url_for(e)}/")]
    here = max(inside, key=lambda endpoint: len(url_for(endpoint)), default=None)
    return [(endpoint, str(label), endpoint == here) for endpoint, label in entries]


def _ward() -> str | None:
    """Whom a guardian acts for; the page that is theirs, so their identifier is no secret to it."""
    acting = current_user.is_authenticated and current_user.acts_for_another
    return str(current_user.subject) if acting else None


def _here() -> str:
    """Where the language and theme switches come back to: a page that answers a GET."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    readable = request.url_rule is not None and "GET" in (request.url_rule.methods or ())
    return request.path if readable else url_for("public.home")


def _name() -> str | None:
    return str(current_user.principal.id) if current_user.is_authenticated and current_user.chosen else None


def _controller(sdk: Any) -> Any:
    """Who decides, as the notices in force name them; one store serves one controller."""
    try:
        notice = next(iter(sdk.notices.book().currents()), None)
    except EmoConsentError:
        return ""  # the page says what is wrong; its frame must not
    if notice is None:
        return ""
    parts = (notice.controller.name, notice.controller.contact, notice.controller.address)
    return Markup("<br>").join(part for part in parts if part)


def _authority(config: PortalConfig) -> Any:
    name, url = config.authority
    if not url:
        return name or _l("The data protection authority of your country.")
    return Markup('<a href="{}" rel="noreferrer">{}</a>').format(url, name or url)


def init_page(app: Flask, config: PortalConfig) -> None:
    """The variables of ``base.html`` and the filters that put codes into words."""
    sdk = app.extensions["emoconsent"]

    @app.context_processor
    def _around() -> dict[str, Any]:
        return {
            "nav": navigation(),
            "language": language(),
            "languages": LANGUAGES,
            "theme": theme(),
            "themes": THEMES,
            "sandbox": getattr(sdk, "sandboxed", False),
            "acting_for": _ward(),
            "account_name": _name(),
            "here": _here(),
            "contact": _controller(sdk),
            "authority": _authority(config),
        }

    for name, table in _WORDS:
        app.add_template_filter(lambda code, table=table: words.word(table, code), name)
    for name, read in (
        ("when", formats.when),
        ("day", formats.day),
        ("period", formats.period),
        ("size", formats.size),
        ("instant", datetime.fromisoformat),
        ("pairs", formats.pairs),
        ("receipt_title", receipts.title),
        ("receipt_facts", receipts.facts),
    ):
        app.add_template_filter(read, name)

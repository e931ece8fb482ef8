"""The demo's end: a portal with two customers in it, seeded by real recognizer runs."""

from __future__ import annotations

import secrets
import threading
import urllib.request
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

from emoconsent.access.principal import Principal
from emoconsent.cli.demo_narrator import Narrator
from emoconsent.cli.demo_words import CUSTOMERS
from emoconsent.cli.serve import listen, run
from emoconsent.consent.notice import Notice
from emoconsent.errors import ConsentDenied
from emoconsent.recognizers.demo.text_lexicon import recognize_text
from emoconsent.sdk import EmoConsent
from emoconsent.vocabulary import Role

_CARE: Final = "customer_care"
_TEXTS: Final = {
    "zh": ("物流太慢了，我很失望。", "非常不满意！又坏了，太糟糕了。", "好的，谢谢你的帮助。"),
    "en": (
        "It broke again, I am really disappointed.",
        "This is terrible, I am furious!",
        "Thank you, all is well now.",
    ),
}
_STAFF: Final = {"agent": Role.AGENT, "dpo": Role.DPO, "auditor": Role.AUDITOR, "admin": Role.ADMIN}


def portal(sdk: EmoConsent, narrator: Narrator, notice: Notice, port: int, *, stay: bool) -> None:
    """Serve until interrupted; without *stay* only make sure that it starts and answers."""
    people = {language: Principal(seed(sdk, notice, language), Role.SUBJECT) for language in CUSTOMERS}
    people |= {name: member(sdk, name, role) for name, role in _STAFF.items()}
    secrets_of = {who: secrets.token_urlsafe(24) for who in people}
    links = {secrets_of[who]: principal for who, principal in people.items()}
    server, url = listen(sdk, "127.0.0.1", port if stay else 0, links=links)
    if not stay:
        narrator.expect(_answers(server, url), "must_answer")
        narrator.tell("portal_checked")
        return
    narrator.tell("portal", url=url)
    for who, secret in secrets_of.items():
        narrator.tell(f"link_{who}", url=f"{url}/sign-in/demo/{secret}")
    narrator.tell("portal_end")
    run(server)


def member(sdk: EmoConsent, name: str, role: Role) -> Principal:
    """A member of staff with an account, made at the first run; nobody knows its password."""
    admin, login = Principal("demo-admin", Role.ADMIN), f"demo-{name}"
    if login not in {found.login for found in sdk.accounts.staff(principal=admin)}:
        password = secrets.token_urlsafe(32)
        sdk.accounts.add_staff(login, role=role, team="demo", password=password, principal=admin)
    return Principal(login, role)


def _answers(server: Any, url: str) -> bool:
    """Whether a real request gets its answer."""
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=10) as answer:  # noqa: S310 - our own address
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False
    finally:
        server.task_dispatcher.shutdown()  # the answer's thread first: it still wakes the loop
        server.close()


def seed(sdk: EmoConsent, notice: Notice, language: str) -> str:
    """A customer with a little history: agreed, recognised, refused, looked at."""
    subject = f"portal-{language}-{secrets.token_hex(4)}"
    sdk.consent.grant(
        subject,
        notice=notice.id,
        scope=[(_CARE, "text"), (_CARE, "voice")],
        channel="chat",
        language=language,
    )
    guarded = sdk.guard(recognize_text, recognizer="text-lexicon", purpose=_CARE)
    for text in _TEXTS[language]:
        guarded(text, subject=subject)
    other = sdk.guard(recognize_text, recognizer="text-lexicon", purpose="service_improvement")
    with suppress(ConsentDenied):
        other(_TEXTS[language][0], subject=subject)
    agent = Principal("demo-agent", Role.AGENT)
    sdk.access.open_case(subject, principal=agent, reason="demo")
    sdk.vault.read(subject, principal=agent, purpose=_CARE, reason="demo")
    sdk.accounts.set_contact(subject, address=f"{language}-{subject[-4:]}@demo.example", language=language)
    return subject

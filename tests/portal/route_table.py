"""Who may do what at each address of the portal: one row a route. A route without a row fails the build."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

NOBODY: Final = "nobody"
PERSON: Final = frozenset({"subject", "other subject", "guardian"})
AGENT, DPO, ADMIN = frozenset({"agent"}), frozenset({"dpo"}), frozenset({"admin"})
LOG: Final = frozenset({"dpo", "auditor"})
STAFF: Final = frozenset({"agent", "analyst", "dpo", "auditor", "admin"})
SIGNED_IN: Final = PERSON | STAFF
ALL: Final = SIGNED_IN | {NOBODY}

#: What a thing is that an address or a form names -> whether it belongs to one of those who may.
THINGS: Final = {
    **dict.fromkeys(("record", "receipt", "session", "case", "glass", "copy", "request"), True),
    **dict.fromkeys(
        ("dispute", "asked", "erasure", "recognizer", "version", "login", "entry", "task"), False
    ),
    # Whoever holds one of these may use it.
    **dict.fromkeys(
        ("link", "demo", "stop", "handoff", "certificate", "provider", "file", "ui", "follow", "wish"), False
    ),
}


@dataclass(frozen=True, slots=True)
class Row:
    """What a route answers. A method without a status is a 405 for everybody.

    Whoever is not in ``who`` gets a 403; somebody who is not signed in is led to the sign-in (302).

    Attributes:
        names: the kind of thing that the address or the form names.
        absent: the answer where that thing is another's, or is not there.
        form: what is sent; ``{}`` stands for the thing.
        but: principals to whom a GET answers something else.
        fresh: a POST needs a proof of identity of the last minutes.
    """

    who: frozenset[str]
    get: int = 405
    post: int = 405
    names: str = ""
    absent: int = 404
    form: Mapping[str, str] = field(default_factory=dict)
    but: Mapping[str, int] = field(default_factory=dict)
    fresh: bool = False


_REDIRECTED = dict.fromkeys(SIGNED_IN, 302)
_ADDRESS = {"address": "new@shop.example"}
_ABOUT = {"subject": "customer-a", "reason": "late parcel", "hours": "1"}
_VERDICT = {"answer": "calm", "comment": "heard again"}
_NEW = {"login": "newcomer", "role": "agent", "team": "x", "password": "a long enough password"}
_LETTER = {"subject": "x", "kind": "access", "regime": "gdpr", "channel": "letter", "number": "1"}
_PASSWORDS = {"old": "a long enough password", "new": "another long password"}

TABLE: Final[dict[str, Row]] = {
    # Everybody's
    "/": Row(ALL, 200, but=_REDIRECTED),
    "/healthz": Row(ALL, 200),
    "/readyz": Row(ALL, 200),
    "/static/<path:filename>": Row(ALL, 200, names="file"),
    "/brand.css": Row(ALL, 404),  # none is configured
    "/.well-known/gpc.json": Row(ALL, 200),
    "/keys.json": Row(ALL, 200),
    "/review": Row(ALL, 200),
    # The REST API's description and its page; its operations are in tests/api/test_matrix.py.
    "/api/v1/openapi.json": Row(ALL, 200),
    "/api/v1/docs": Row(ALL, 200),
    "/api/v1/docs/<name>": Row(ALL, 200, names="ui"),
    # The panel of an agent's own tool: its token, not who is signed in, says what it shows (tests/api/test_hint.py).
    "/panel": Row(ALL, 200),
    "/panel/hint": Row(ALL, post=404),
    "/language": Row(ALL, post=303, form={"language": "zh"}),
    "/theme": Row(ALL, post=303, form={"theme": "dark"}),
    "/verify": Row(ALL, 200, 200, form={"jws": "a.b.c"}),
    "/certificate": Row(ALL, post=200, names="certificate", absent=400, form={"jws": "{}"}),
    "/stop/<token>": Row(ALL, 200, names="stop", absent=200),
    "/stop": Row(ALL, post=200, names="stop", form={"token": "{}"}),
    "/request": Row(ALL, 200, 200, form={"kind": "access", "message": "", **_ADDRESS}),
    "/request/code": Row(
        ALL, 302, 200, form={"ticket": "none", "code": "000000", "kind": "access", **_ADDRESS}
    ),
    "/request/follow/<secret>": Row(ALL, 200, names="follow"),
    # Signing in
    "/sign-in": Row(ALL, 200, 200, form=_ADDRESS),
    "/sign-in/code": Row(ALL, post=200, form={"ticket": "none", "code": "000000"}),
    "/sign-in/link/<secret>": Row(ALL, 200, names="link", absent=200),
    "/sign-in/link": Row(ALL, post=303, names="link", absent=303, form={"secret": "{}"}),
    "/sign-in/handoff": Row(ALL, 200, 303, names="handoff", absent=303, form={"token": "{}"}),
    "/sign-in/oidc/<kind>": Row(ALL, 404, names="provider"),  # none is configured
    "/sign-in/oidc/<kind>/back": Row(ALL, 404, names="provider"),
    "/sign-in/demo/<secret>": Row(ALL, 303, names="demo"),
    "/sign-in/staff": Row(ALL, 200, 200, form={"login": "x", "password": "a wrong password"}),
    "/sign-in/staff/code": Row(ALL, post=200, form={"ticket": "none", "code": "000000"}),
    "/sign-in/out": Row(ALL, post=303),
    "/sign-in/confirm": Row(SIGNED_IN, 200, but=dict.fromkeys(STAFF, 302)),
    "/sign-in/confirm/mail": Row(PERSON, post=200),
    "/sign-in/confirm/code": Row(PERSON, post=200, form={"ticket": "none", "code": "000000"}),
    # The analysed person's
    "/me": Row(PERSON, 200),
    "/me/stop": Row(PERSON, post=303),
    "/me/stopped": Row(PERSON, 302, 303),  # only after the press is there something to show
    "/me/choices": Row(PERSON, 200, 303, form={"offer": "customer_care/voice", "on": "on"}),
    "/me/guesses": Row(PERSON, 200),
    "/me/guesses/delete": Row(PERSON, 200, 303, names="record", form={"record": "{}"}),
    "/me/guesses/<uuid:record>/wrong": Row(PERSON, 200, 303, names="record", form={"answer": "contest"}),
    "/me/looks": Row(PERSON, 200),
    "/me/receipts": Row(PERSON, 200),
    "/me/receipts/<uuid:name>": Row(PERSON, 200, names="receipt"),
    "/me/receipts/<uuid:name>.jsonld": Row(PERSON, 200, names="receipt"),
    "/me/receipts/<uuid:name>.jws": Row(PERSON, 200, names="receipt"),
    "/me/notices": Row(PERSON, 200),
    "/me/notices/<name>/<version>": Row(PERSON, 200, names="version"),
    "/me/notices/<name>/<version>/changes": Row(PERSON, 200, names="version"),
    "/me/copy": Row(PERSON, 200, 303, form={"sets": "receipts"}, fresh=True),
    "/me/copy/<name>/file": Row(PERSON, 302, 200, names="copy", fresh=True),
    "/me/copy/<name>/discard": Row(PERSON, post=303, names="copy", absent=303),
    "/me/requests": Row(PERSON, 200),
    "/me/requests/new/<kind>": Row(PERSON, 200, 303, names="wish", form={"message": "x", "number": "1"}),
    "/me/requests/<name>": Row(PERSON, 200, names="request"),
    "/me/requests/<name>/message": Row(
        PERSON, post=303, names="request", form={"message": "x", "number": "2"}
    ),
    "/me/requests/<name>/cancel": Row(PERSON, post=303, names="request"),
    "/me/requests/<name>/go-on": Row(PERSON, post=303, names="request"),
    "/me/requests/<name>/lift": Row(PERSON, post=303, names="request"),
    "/me/delete": Row(PERSON, 200, 303, form={"word": "delete"}, fresh=True),
    "/me/delete/cancel": Row(PERSON, post=303),
    "/me/delete/now": Row(PERSON, 302, 303, fresh=True),  # nothing was asked for; else the certificate
    "/me/account": Row(PERSON, 200),
    "/me/account/address": Row(PERSON, 302, 200, form=_ADDRESS, fresh=True),
    "/me/account/address/code": Row(PERSON, 302, 200, form={"ticket": "none", "code": "000000"}),
    "/me/account/sessions/end": Row(PERSON, post=303, names="session", absent=303, form={"session": "{}"}),
    "/me/persons": Row(PERSON, 200, 303, form={"person": "1"}),
    # Staff's
    "/staff/account": Row(STAFF, 200, 200, form=_PASSWORDS),  # those who ask have no password
    "/staff/account/sessions/end": Row(STAFF, post=303, names="session", absent=303, form={"session": "{}"}),
    "/staff/cases": Row(AGENT, 200, 303, form=_ABOUT),
    "/staff/cases/<name>": Row(AGENT, 200, names="case"),
    "/staff/cases/<name>/close": Row(AGENT, post=303, names="case"),
    "/staff/erasures": Row(DPO, 301),  # where the queue was
    "/staff/erasures/<name>": Row(DPO, 301, names="asked"),
    "/staff/requests": Row(DPO, 200),
    "/staff/requests/new": Row(DPO, 200, 303, form=_LETTER),
    "/staff/requests/<name>": Row(DPO, 200, 303, names="asked", form={"act": "verify", "evidence": "seen"}),
    "/staff/requests/<name>/reply": Row(DPO, 200, 303, names="asked", form={"text": "hello", "number": "1"}),
    "/staff/requests/<name>/fulfil": Row(DPO, 302, 303, names="erasure", form={"number": "1"}, fresh=True),
    "/staff/requests/<name>/evidence": Row(DPO, post=200, names="asked"),
    "/staff/recipients": Row(DPO | ADMIN, 200),
    "/staff/recipients/<uuid:task>": Row(
        DPO, 200, 303, names="task", form={"answer": "done", "note": "their letter"}
    ),
    "/staff/disputes": Row(DPO, 200),
    "/staff/disputes/<uuid:record>": Row(DPO, 200, 303, names="dispute", form=_VERDICT),
    "/staff/emergency": Row(DPO, 200, 303, form=_ABOUT),
    "/staff/emergency/<name>": Row(DPO, 200, names="glass"),
    "/staff/emergency/<name>/close": Row(DPO, post=303, names="glass"),
    "/staff/aliases": Row(DPO, 200),
    "/staff/log": Row(LOG, 200),
    "/staff/log/verify": Row(LOG, 200, 200),
    "/staff/log/checkpoint": Row(LOG, post=200),
    "/staff/log/prove": Row(LOG, 200, 200, names="entry", absent=200, form={"entry": "{}"}),
    "/staff/recognizers": Row(ADMIN, 200),
    "/staff/recognizers/<name>": Row(ADMIN, 200, 303, names="recognizer", form={"reason": "too often wrong"}),
    "/staff/recognizers/<name>/approve": Row(ADMIN, post=303, names="recognizer", form={"version": "1"}),
    "/staff/notices": Row(ADMIN, 200, 200, form={"draft": "id = 1", "act": "publish"}),
    "/staff/people": Row(ADMIN, 200, 303, form=_NEW),
    "/staff/people/change": Row(
        ADMIN, 302, 303, names="login", form={"login": "{}", "act": "disable"}, fresh=True
    ),
}

"""Who may do what: each operation x each key x own, another's and missing things. A new one fails the build."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pytest

from emoconsent.access.api_scopes import GRANTABLE
from emoconsent.vocabulary import ApiScope
from tests.api.world import GRANT, GUESS, PAIR, SUBJECT, V1, Api, problem
from tests.support.store import ADMIN as BOSS
from tests.support.store import grant

SERVICE: Final = frozenset({"service", "other"})
DPO: Final = frozenset({"dpo"})
ADMIN: Final = frozenset({"admin"})
AGENT: Final = frozenset({"agent"})
LOG: Final = frozenset({"dpo", "auditor"})
ALL: Final = SERVICE | LOG | ADMIN | {"agent", "analyst"}
_ABOUT: Final = {"subject": SUBJECT}
#: Stands for a permit that whoever asks was just lent.
_LENT: Final = "a permit"
_CARD: Final = {"limits": "a fixture"}


@dataclass(frozen=True, slots=True)
class Row:
    """Who may, by key; what is sent; and, where the path names one, what kind of thing has an owner."""

    who: frozenset[str]
    body: Any = None
    thing: str = ""


TABLE: Final[dict[str, Row]] = {
    "POST /consents": Row(SERVICE, GRANT),
    "POST /consents/query": Row(SERVICE | DPO, _ABOUT),
    "POST /consents/history": Row(SERVICE | DPO, _ABOUT),
    "POST /consents/refusals": Row(SERVICE, GRANT),
    "POST /consents/withdrawals": Row(SERVICE, _ABOUT),
    "GET /consents/withdrawals/{name}": Row(SERVICE, thing="withdrawal"),
    "POST /consents/opt-outs": Row(SERVICE, _ABOUT),
    "POST /consents/opt-ins": Row(SERVICE, _ABOUT),
    "POST /decisions": Row(SERVICE, _ABOUT | PAIR),
    "POST /decisions/filter": Row(SERVICE, {"subjects": [SUBJECT], **PAIR}),
    "POST /decisions/returns": Row(SERVICE, {"permit": _LENT}),
    "POST /records": Row(
        SERVICE, {"permit": _LENT, **_ABOUT, **PAIR, "output": GUESS, "adapter": "inference"}
    ),
    "POST /records/query": Row(DPO, {**_ABOUT, "reason": "request 1"}),
    "POST /requests": Row(SERVICE | DPO, {**_ABOUT, "kind": "access"}),
    "GET /requests": Row(DPO),
    "GET /requests/{name}": Row(SERVICE | DPO, thing="request"),
    "DELETE /requests/{name}": Row(SERVICE | DPO, thing="request"),
    "GET /requests/{name}/certificates": Row(SERVICE | DPO, thing="request"),
    "GET /requests/{name}/steps": Row(SERVICE | DPO, thing="request"),
    "POST /requests/{name}/verification": Row(DPO, {"evidence": "seen"}, "request"),
    "POST /requests/{name}/fulfilment": Row(DPO, {}, "verified"),
    "POST /requests/{name}/rejection": Row(DPO, {"reason": "excessive"}, "request"),
    "POST /requests/{name}/extension": Row(DPO, {"reason": "complexity"}, "request"),
    "POST /requests/{name}/messages": Row(DPO, {"text": "hello"}, "request"),
    "POST /receipts/query": Row(SERVICE, _ABOUT),
    "POST /receipts/verifications": Row(SERVICE | LOG, {"jws": "a.b.c"}),
    "GET /notices": Row(ALL),
    "GET /notices/{name}": Row(ALL, thing="notice"),
    "POST /notices": Row(ADMIN, "notice"),
    "GET /recognizers": Row(ALL),
    "GET /recognizers/{name}": Row(ALL, thing="recognizer"),
    "POST /recognizers": Row(
        ADMIN, {"id": "new", "modality": "text", "version": "1", "provider": "us", "card": _CARD}
    ),
    "POST /recognizers/{name}/approvals": Row(ADMIN, {"version": "1"}, "recognizer"),
    "POST /recognizers/{name}/suspensions": Row(ADMIN | DPO, {"reason": "poor"}, "recognizer"),
    "POST /cases": Row(AGENT, {**_ABOUT, "reason": "ticket 7"}),
    "DELETE /cases/{name}": Row(AGENT, thing="case"),
    "GET /cases/{name}/hint": Row(AGENT, thing="case"),
    "GET /cases/{name}/hint/events": Row(AGENT, thing="case"),
    "POST /cases/{name}/panel-tokens": Row(AGENT, thing="case"),
    "GET /audit/checkpoint": Row(LOG),
    "GET /audit/entries": Row(LOG),
    "GET /audit/proofs/{entry}": Row(LOG, thing="entry"),
}
#: Things that belong to whoever made them; the rest is everybody's who may read it.
OWNED: Final = frozenset({"request", "verified", "withdrawal"})
MISSING: Final = "0" * 64


def thing(api: Api, kind: str, owner: str) -> str:
    """A new thing of that kind, *owner*'s."""
    if kind in ("request", "verified"):
        more = {"regime": "gdpr", **({"evidence": "seen"} if kind == "verified" else {})}
        return api.request(owner, subject=f"{owner}-{api.height()}", **more)
    if kind == "withdrawal":
        principal = next(k.principal for k in keys(api) if k.name == owner)
        ticket = f"1 {'00' * 16} customer_care/text"
        return api.sdk.accounts.opaque.cursor("closing", ticket, principal)
    if kind == "case":
        agree(api)
        agent = next(k.principal for k in keys(api) if k.name == "agent")
        return api.sdk.access.open_case(SUBJECT, principal=agent, reason="ticket 7").id
    names = {"notice": "shop-care@1", "recognizer": "words"}
    return names.get(kind) or api.get("auditor", "/audit/entries?limit=1").json["entries"][0]["id"]


def agree(api: Api) -> None:
    """The customer agrees, whatever was said before."""
    grant(api.sdk, SUBJECT)


def permit(api: Api, who: str) -> str:
    """A permit that the key of *who* was lent; of whoever is lent none, no permit."""
    if who not in SERVICE:
        return MISSING
    agree(api)
    # Of its own: other rows suspend the others.
    api.sdk.recognizers.register("lent", modality="text", version="1", provider="us", card=_CARD)
    api.sdk.recognizers.approve("lent", principal=BOSS)
    key = next(k.principal.id for k in keys(api) if k.name == who)
    return str(api.sdk.gate.lend(SUBJECT, purpose=PAIR["purpose"], recognizer="lent", key=key).secret)


def keys(api: Api) -> Any:
    """Every key there is."""
    return api.sdk.accounts.keys.list(principal=BOSS)


def ask(api: Api, operation: str, who: str, name: str = "") -> Any:
    """One call of *operation* under the key of *who*."""
    method, _, path = operation.partition(" ")
    body = TABLE[operation].body
    if body == "notice":
        body = {"notice": api.get("admin", "/notices/shop-care@1").json["notice"]}
    if isinstance(body, dict) and body.get("permit") == _LENT:
        body = {**body, "permit": permit(api, who)}
    if operation == "POST /cases":
        agree(api)
    for mark in ("{name}", "{entry}"):
        path = path.replace(mark, name)
    return api.call(who, method, path, body)


def test_every_operation_has_its_row(world: Api) -> None:
    """The description and this table name the same operations: a new one without a row fails."""
    paths = world.get("", "/openapi.json").json["paths"]
    found = {
        f"{method.upper()} {path.removeprefix(V1)}"
        for path, item in paths.items()
        for method in item
        if method != "parameters"
    }
    assert found == TABLE.keys()


def test_nothing_under_the_mount_is_outside_the_table(world: Api) -> None:
    """Each of the application's routes there is an operation, or one of the three that need no key."""
    open_ = {"/openapi.json", "/docs", "/docs/<name>"}
    routes = {
        rule.rule.removeprefix(V1) for rule in world.app.url_map.iter_rules() if rule.rule.startswith(V1)
    }
    named = {operation.partition(" ")[2].replace("{", "<").replace("}", ">") for operation in TABLE}
    assert routes - open_ == named


@pytest.mark.parametrize("operation", TABLE)
def test_each_key_may_what_its_row_says(world: Api, operation: str) -> None:
    """Who is not named is refused before anything is done; without a key nobody is let in; who is named, is."""
    row = TABLE[operation]
    problem(ask(world, operation, "", MISSING), 401, "unauthenticated")
    for who in sorted(ALL):
        owner = who if who in row.who or row.thing not in OWNED else "service"
        name = thing(world, row.thing, owner) if row.thing else ""
        answer = ask(world, operation, who, name)
        if who not in row.who:
            problem(
                answer, 403, "access_denied"
            ) if row.thing not in OWNED or answer.status_code == 403 else problem(answer, 404, "not_found")
        elif operation == "POST /records/query":
            assert answer.status_code in (200, 403)  # its relation is another test's
        else:
            assert answer.status_code < 300, (who, answer.text)


@pytest.mark.parametrize("operation", [name for name, row in TABLE.items() if row.thing in OWNED])
def test_another_s_thing_is_as_good_as_none(world: Api, operation: str) -> None:
    """To another program an existing thing, a missing one and nonsense give the same bytes; nothing happens."""
    row = TABLE[operation]
    owner = "service" if "service" in row.who else "dpo"
    other = "other" if "service" in row.who else "service"
    name = thing(world, row.thing, owner)
    answers = {ask(world, operation, other, one).data for one in (name, MISSING, "x", name[:32])}
    assert len(answers) == 1
    if row.thing != "withdrawal":
        state = world.get(owner, f"/requests/{name}").json["state"]
        assert state == ("verified" if row.thing == "verified" else "received")


@pytest.mark.parametrize("scope", list(ApiScope))
def test_a_key_with_one_scope_has_no_other(world: Api, scope: ApiScope) -> None:
    """Each operation is refused to keys that may do everything of their role but it."""
    spec = world.get("", "/openapi.json").json["paths"]
    for operation in TABLE:
        method, _, path = operation.partition(" ")
        needed = spec[V1 + path][method.lower()]["x-scope"]
        key = _only(world, scope)
        if key is None or needed == scope:
            continue
        world.keys["only"] = key
        assert problem(ask(world, operation, "only", MISSING), 403, "access_denied")["reason"] == "scope"


_MADE: dict[ApiScope, str] = {}


def _only(api: Api, scope: ApiScope) -> str | None:
    """A key of that scope alone, of a role that may hold it."""
    if scope not in _MADE:
        role = next(role for role, scopes in GRANTABLE.items() if scope in scopes)
        name = f"only-{scope.replace(':', '-')}"
        _MADE[scope] = api.sdk.accounts.keys.create(name, role=role, scopes=[scope], principal=BOSS).secret
    return _MADE[scope]


def test_a_cookie_says_nothing_here(world: Api) -> None:
    """A session of the portal opens nothing of the API, and a call sets no cookie."""
    client = world.app.test_client()
    client.set_cookie("emoconsent", "whatever")
    problem(client.get(V1 + "/notices"), 401, "unauthenticated")
    answer = world.get("service", "/notices")
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic {}", "Bearer {} {}", "Bearer  {}", "{}", "Bearer {}x", "Token {}"],
)
def test_only_a_bearer_token_counts(world: Api, header: str) -> None:
    """A right key in any other form is no key."""
    value = header.replace("{}", world.keys["service"])
    answer = world.call("", "GET", "/notices", headers={"Authorization": value})
    problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_in_the_address_is_none(world: Api) -> None:
    """Addresses get into logs; a key there is not looked at."""
    problem(world.get("", f"/notices?access_token={world.keys['service']}"), 401, "unauthenticated")

"""The Python client against the real API, part of it over real sockets: every operation, and every failure."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from waitress.server import create_server

from emoconsent.client import Client
from emoconsent.client.decisions import Permit
from emoconsent.errors import (
    AccessDenied,
    ConsentDenied,
    EmoConsentError,
    InvalidInput,
    NotFound,
    RecognizerOutputError,
    RightsError,
    Unavailable,
)
from emoconsent.vocabulary import Decision, Reason
from tests.api.world import GUESS, SUBJECT, Api
from tests.support.sockets import listening
from tests.support.store import CARD, grant, notice

SAID = {"notice": "shop-care@1", "scope": [("customer_care", "text")], "language": "en"}
ASKED = {"purpose": "customer_care", "modality": "text"}


class Programs:
    """A client for each key, in process."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def __getitem__(self, who: str) -> Client:
        transport = httpx.WSGITransport(self.api.app)
        return Client("http://localhost", self.api.keys[who], transport=transport)


@pytest.fixture
def programs(api: Api) -> Programs:
    """Clients of a new store on either database."""
    return Programs(api)


@pytest.fixture
def url(api: Api) -> Iterator[str]:
    """The address of the same API behind the real server."""
    server = create_server(api.app, sockets=[listening()], threads=2)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(10)


def test_consent_from_grant_to_withdrawal_over_a_socket(api: Api, url: str) -> None:
    """Granted, standing, withdrawn and told, on the wire: what the store itself says afterwards."""
    with Client(url, api.keys["service"]) as client:
        receipt = client.consents.grant(SUBJECT, **SAID)
        assert client.receipts.verify(receipt.jws) == receipt.document
        assert [one.id for one in client.receipts.list(SUBJECT)] == [receipt.id]
        assert client.consents.status(SUBJECT)["customer_care", "text"].allowed
        assert client.decisions.decide(SUBJECT, **ASKED)
        done = client.consents.withdraw(SUBJECT)
        assert (done.recorded, done.drained, done.pending, done.wait(0)) == (True, True, (), True)
        refused = client.decisions.decide(SUBJECT, **ASKED)
        assert (bool(refused), refused.reason) == (False, Reason.WITHDRAWN)
        assert [event.kind for event in client.consents.history(SUBJECT)] == ["grant", "withdraw"]
    assert not api.sdk.gate.decide(SUBJECT, **ASKED)


def test_opting_out_and_in_and_refusing(programs: Programs) -> None:
    """Each is in force when it returns, and opting in revives nothing."""
    client = programs["service"]
    client.consents.grant(SUBJECT, **SAID)
    client.consents.opt_out(SUBJECT)
    assert client.decisions.decide(SUBJECT, **ASKED).reason is Reason.OPTED_OUT
    client.consents.opt_in(SUBJECT)
    assert not client.decisions.decide(SUBJECT, **ASKED)
    assert client.consents.refuse(SUBJECT, **SAID).drained
    assert client.decisions.decide(SUBJECT, **ASKED).reason is Reason.REFUSED
    assert client.consents.withdraw("nobody-known").recorded is False


def test_a_withdrawal_while_somebody_is_inside(programs: Programs) -> None:
    """202: in force at once, the one inside named, and ``wait`` sees it leave; its result is refused."""
    client = programs["service"]
    client.consents.grant(SUBJECT, **SAID)
    permit = client.decisions.lend(SUBJECT, **ASKED, recognizer="words", seconds=8)
    done = client.consents.withdraw(SUBJECT, timeout=0)
    assert (done.drained, [call.purpose for call in done.pending]) == (False, ["customer_care"])
    assert (done.wait(0), client.decisions.decide(SUBJECT, **ASKED).allowed) == (False, False)
    with pytest.raises(ConsentDenied) as denied:
        client.records.store(permit, GUESS, adapter="inference")
    assert (denied.value.reason, denied.value.called) == (Reason.WITHDRAWN, True)
    assert (done.wait(5), done.pending) == (True, ())


def test_a_lent_permit_is_used_once(programs: Programs) -> None:
    """Stored with, given back, or refused; what was inferred and the secret are in no repr."""
    client = programs["service"]
    with pytest.raises(ConsentDenied) as denied:
        client.decisions.lend(SUBJECT, **ASKED, recognizer="words")
    assert denied.value.reason is Reason.NO_CONSENT
    client.consents.grant(SUBJECT, **SAID)
    permit = client.decisions.lend(SUBJECT, **ASKED, recognizer="words")
    record = client.records.store(permit, GUESS, adapter="inference")
    assert record.categories[0].value == 0.9
    with pytest.raises(NotFound):
        client.records.store(permit, GUESS, adapter="inference")
    shown = repr([record, permit])
    assert not [word for word in ("anger", permit.secret, SUBJECT, "0.9") if word in shown]
    client.decisions.give_back(client.decisions.lend(SUBJECT, **ASKED, recognizer="words"))
    another = client.decisions.lend(SUBJECT, **ASKED, recognizer="words")
    with pytest.raises(RecognizerOutputError):
        client.records.store(another, {"nonsense": 1}, adapter="inference")
    assert client.decisions.filter([SUBJECT, "nobody"], **ASKED) == [SUBJECT]


def test_a_deletion_from_request_to_proof(api: Api, programs: Programs) -> None:
    """The shop asks, the officer fulfils, the shop holds the certificate; each by its own name of it."""
    shop, office = programs["service"], programs["dpo"]
    shop.consents.grant(SUBJECT, **SAID)
    again = {"evidence": "signed in", "idempotency_key": "deletion-81f2"}
    asked = shop.requests.submit(SUBJECT, "erasure", **again)
    assert shop.requests.submit(SUBJECT, "erasure", **again) == asked
    [found] = office.requests.list()
    assert (found.state, found.id != asked.id) == ("verified", True)
    assert shop.requests.certificates(asked.id) == ()
    office.requests.message(found.id, "we are at it")
    assert office.requests.fulfil(found.id).state == "completed"
    assert shop.requests.get(asked.id).state == "completed"
    [certificate] = shop.requests.certificates(asked.id)
    assert api.sdk.verify_certificate(certificate.jws).document == certificate.document
    assert "message" in [step.kind for step in shop.requests.steps(asked.id)]
    with pytest.raises(RightsError):
        shop.requests.cancel(asked.id)


def test_the_office_verifies_extends_and_rejects(programs: Programs) -> None:
    """What a data protection officer may do with a request; a service may not."""
    office = programs["dpo"]
    one = office.requests.submit(SUBJECT, "access", regime="gdpr")
    assert office.requests.verify(one.id, evidence="passport seen").state == "verified"
    assert office.requests.extend(one.id, reason="complexity").extended
    assert office.requests.reject(one.id, reason="excessive").state == "rejected"
    two = programs["service"].requests.submit(SUBJECT, "access")
    assert programs["service"].requests.cancel(two.id).state == "cancelled"
    with pytest.raises(AccessDenied) as denied:
        list(programs["service"].requests.list())
    assert denied.value.reason == "role"


def test_lists_go_on_over_pages(api: Api, programs: Programs) -> None:
    """More than a page holds: everything once, in order, by the cursor."""
    entries = list(programs["auditor"].audit.entries())
    assert [one.number for one in entries] == list(range(entries[0].number, 0, -1))
    for _ in range(30):
        api.sdk.consent.opt_out(SUBJECT)
        api.sdk.consent.opt_in(SUBJECT)
    numbers = [event.number for event in programs["service"].consents.history(SUBJECT)]
    assert numbers == [event.number for event in api.sdk.consent.history(SUBJECT)]
    assert len(numbers) > 50


def test_the_catalogue_the_log_and_cases(api: Api, programs: Programs) -> None:
    """Published, registered, approved, suspended; a head with its proof; a case with its hint."""
    admin, auditor, agent = programs["admin"], programs["auditor"], programs["agent"]
    assert admin.notices.publish(notice("2")).id == "shop-care@2"
    assert [one.in_force for one in admin.notices.list()] == [False, True]
    assert admin.notices.get("shop-care@2").notice["version"] == "2"
    about = {"modality": "text", "version": "1", "provider": "us", "card": CARD}
    admin.recognizers.register("new-one", **about)
    assert admin.recognizers.approve("new-one", version="1").status == "approved"
    assert admin.recognizers.suspend("new-one", reason="poor").status == "suspended"
    assert admin.recognizers.get("words") in list(admin.recognizers.list())
    assert auditor.audit.checkpoint().vkey == api.sdk.audit.vkey()
    assert auditor.audit.proof(next(auditor.audit.entries()).id).leaf
    grant(api.sdk, SUBJECT)
    case = agent.cases.open(SUBJECT, reason="ticket 7")
    assert (agent.cases.hint(case.id).level, agent.cases.panel_token(case.id).valid_for) == (None, 60)
    agent.cases.close(case.id)
    with pytest.raises(NotFound):
        agent.cases.hint(case.id)


def test_records_are_read_by_the_office(api: Api, programs: Programs) -> None:
    """Only with a verified request of the person's."""
    shop, office = programs["service"], programs["dpo"]
    shop.consents.grant(SUBJECT, **SAID)
    permit = shop.decisions.lend(SUBJECT, **ASKED, recognizer="words")
    stored = shop.records.store(permit, GUESS, adapter="inference")
    with pytest.raises(AccessDenied):
        list(office.records.read(SUBJECT, reason="curious"))
    shop.requests.submit(SUBJECT, "access", evidence="signed in")
    assert list(office.records.read(SUBJECT, reason="request 1", since=api.sdk.now().replace(year=2000))) == [
        stored
    ]


def test_errors_are_the_sdks_own(api: Api, programs: Programs) -> None:
    """Each answer of the API is the error that the SDK would have raised, and repeats nobody."""
    wrong = Client("http://localhost", "emo_wrong", transport=httpx.WSGITransport(api.app))
    cases: list[tuple[type[EmoConsentError], Callable[[], Any]]] = [
        (AccessDenied, lambda: wrong.consents.withdraw(SUBJECT)),
        (AccessDenied, lambda: programs["agent"].consents.withdraw(SUBJECT)),
        (InvalidInput, lambda: programs["service"].consents.grant(SUBJECT, **SAID | {"notice": "none@1"})),
        (InvalidInput, lambda: programs["service"].consents.withdraw(SUBJECT + "\0")),
        (InvalidInput, lambda: programs["service"].consents.withdraw("\ud800")),
        (InvalidInput, lambda: programs["service"].requests.get("..")),
        (InvalidInput, lambda: programs["service"].receipts.verify("a.b.c")),
        (NotFound, lambda: programs["service"].requests.get("../consents?x=" + SUBJECT)),
    ]
    for kind, act in cases:
        with pytest.raises(kind) as caught:
            act()
        assert SUBJECT not in f"{caught.value} {caught.value.__cause__!r} {caught.value.__context__!r}"


def test_nothing_is_said_of_anybody_in_a_log(
    api: Api, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even at the level of debugging: neither the key nor the person, in a line or an address."""
    caplog.set_level(logging.DEBUG)
    with Client(url, api.keys["service"]) as client:
        client.consents.grant(SUBJECT, **SAID)
        client.consents.withdraw(SUBJECT)
        assert list(client.consents.history(SUBJECT))
        shown = caplog.text + repr(client) + repr(vars(client))
    assert "HTTP Request" in shown  # httpx does speak
    assert not [word for word in (SUBJECT, api.keys["service"]) if word in shown]


#: What the client leaves out, and why: an event stream is for a user interface; it can poll ``cases.hint``.
LEFT_OUT = {"stream_hint"}


class Recorder(httpx.BaseTransport):
    """Notes each request and answers none."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(418)


def every_method(client: Client) -> list[Callable[[], Any]]:
    """One call of each method of each resource."""
    decision = Decision(Reason.ALLOWED, "", "customer_care", "text")
    lent = Permit(SUBJECT, "s", 0.0, "words", "1", decision)
    about = {"modality": "text", "version": "1", "provider": "us", "card": {}}
    c, d, r, q = client.consents, client.decisions, client.records, client.requests
    return [
        lambda: c.grant("s", **SAID), lambda: c.status("s"), lambda: list(c.history("s")),
        lambda: c.withdraw("s"), lambda: c.refuse("s", **SAID), lambda: c.opt_out("s"),
        lambda: c.opt_in("s"), lambda: c._look("n"),
        lambda: d.decide("s", **ASKED), lambda: d.filter(["s"], **ASKED), lambda: d.give_back(lent),
        lambda: r.store(lent, {}), lambda: list(r.read("s", reason="r")),
        lambda: q.submit("s", "erasure"), lambda: q.get("n"), lambda: q.cancel("n"), lambda: q.steps("n"),
        lambda: q.certificates("n"), lambda: list(q.list()), lambda: q.verify("n", evidence="e"),
        lambda: q.fulfil("n"), lambda: q.reject("n", reason="r"), lambda: q.extend("n", reason="r"),
        lambda: q.message("n", "t"),
        lambda: list(client.receipts.list("s")), lambda: client.receipts.verify("j"),
        lambda: list(client.notices.list()), lambda: client.notices.get("n"),
        lambda: client.notices.publish({}),
        lambda: list(client.recognizers.list()), lambda: client.recognizers.get("n"),
        lambda: client.recognizers.register("n", **about),
        lambda: client.recognizers.approve("n", version="1"),
        lambda: client.recognizers.suspend("n", reason="r"),
        lambda: client.cases.open("s", reason="r"), lambda: client.cases.close("n"),
        lambda: client.cases.hint("n"), lambda: client.cases.panel_token("n"),
        client.audit.checkpoint, lambda: list(client.audit.entries()),
        lambda: client.audit.proof("n"),
    ]  # fmt: skip


def test_every_operation_has_a_method(world: Api) -> None:
    """All that the description has is called by one method, with an Idempotency-Key where it takes one."""
    paths = world.get("", "/openapi.json").json["paths"]
    recorder = Recorder()
    for act in every_method(Client("http://localhost", "k", transport=recorder)):
        with pytest.raises(EmoConsentError):
            act()
    called: dict[str, bool] = {}
    for path, item in paths.items():
        pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", path))
        for method, operation in item.items():
            for sent in recorder.requests:
                if (method.upper(), True) == (sent.method, bool(pattern.fullmatch(sent.url.path))):
                    keyed = any(one.get("name") == "Idempotency-Key" for one in operation.get("parameters", []))
                    assert keyed == ("Idempotency-Key" in sent.headers), operation["operationId"]
                    called[operation["operationId"]] = keyed
    wanted = {op["operationId"] for item in paths.values() for op in item.values() if "operationId" in op}
    assert wanted - called.keys() == LEFT_OUT


def test_a_method_that_answers_html_is_in_doubt(url: str, api: Api) -> None:
    """An address that is somebody else's page: never taken for a withdrawal."""
    with Client(url + "/me", api.keys["service"]) as client, pytest.raises(NotFound):
        client.consents.withdraw(SUBJECT)
    page = httpx.MockTransport(lambda _: httpx.Response(200, text="<h1>Welcome</h1>"))
    client = Client("https://consent.shop.example", "k", transport=page)
    with pytest.raises(Unavailable) as caught:
        client.consents.withdraw(SUBJECT)
    assert caught.value.outcome == "unknown"

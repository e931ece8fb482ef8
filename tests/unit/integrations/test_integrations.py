"""The Flask extension and both middlewares: whom a call is about, and what a denial becomes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from io import BytesIO, StringIO
from typing import Any
from wsgiref.handlers import SimpleHandler

import httpx
import pytest
from flask import Flask, Response, request, stream_with_context

from emoconsent import EmoConsent
from emoconsent.errors import ConfigurationError, ConsentDenied, DeniedUnavailable, InvalidInput, Unavailable
from emoconsent.gate.subject import resolve
from emoconsent.integrations import asgi, wsgi
from emoconsent.integrations.flask import EmoConsentFlask
from emoconsent.vocabulary import Decision, Reason

WITHDRAWN = ConsentDenied(Decision(Reason.WITHDRAWN, "withdrawn by customer-42", "customer_care", "text"))
UNSURE = DeniedUnavailable(Decision(Reason.UNAVAILABLE, "no store", "customer_care", "text"))
ERRORS = {"denied": WITHDRAWN, "unsure": UNSURE, "gone": Unavailable("no store", outcome="unknown")}
WANTED = {"denied": (403, "withdrawn"), "unsure": (503, "unavailable"), "gone": (503, "unavailable")}


@pytest.fixture(scope="module")
def sdk() -> Iterator[EmoConsent]:
    """A sandbox."""
    with EmoConsent.sandbox() as made:
        yield made


def parts(how: str) -> Iterator[bytes]:
    """A body that asks whom it is about, and may be denied first or in the midst."""
    if how == "early":
        raise WITHDRAWN
    yield resolve(None).encode()
    if how == "late":
        raise WITHDRAWN
    yield resolve(None).encode()


@pytest.fixture
def app(sdk: EmoConsent) -> Flask:
    """A shop in Flask: who is signed in stands in a header of its proxy."""
    made = Flask(__name__)
    EmoConsentFlask(made, sdk=sdk, subject_from=lambda: request.headers.get("X-Customer"))
    made.add_url_rule("/who", view_func=lambda: resolve(None), endpoint="who")
    made.add_url_rule("/body/<how>", view_func=lambda how: Response(parts(how)), endpoint="body")
    def kept(how: str) -> Response:
        return Response(stream_with_context(parts(how)))

    made.add_url_rule("/kept/<how>", view_func=kept, endpoint="kept")

    def fail(how: str) -> str:
        raise ERRORS[how]

    made.add_url_rule("/fail/<how>", view_func=fail)
    return made


def served(app: Any, path: str) -> bytes:
    """The answer of a server that lets an answer be replaced before it began, as PEP 3333 has it."""
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_NAME": "shop", "SERVER_PORT": "80"}
    out = BytesIO()
    more = {"HTTP_X_CUSTOMER": "customer-42", "SERVER_PROTOCOL": "HTTP/1.1"}
    SimpleHandler(BytesIO(), out, StringIO(), environ | more).run(app)
    return out.getvalue()


ME = {"X-Customer": "customer-42"}


@pytest.mark.parametrize("how", ERRORS)
def test_flask_answers_a_denial(app: Flask, how: str) -> None:
    """403 with the reason, 503 where nobody could know; neither says about whom."""
    answer = app.test_client().get(f"/fail/{how}", headers=ME)
    assert (answer.status_code, answer.json["code"]) == WANTED[how]
    assert (answer.content_type, answer.headers["Cache-Control"]) == ("application/problem+json", "no-store")
    assert "customer-42" not in answer.text


def test_flask_knows_whom_a_view_is_about_and_forgets(app: Flask, sdk: EmoConsent) -> None:
    """Also while the body streams, with Flask's context and without; after each request nobody is left."""
    assert app.extensions["emoconsent"] is sdk
    client = app.test_client()
    for path, said in [("/who", 1), ("/body/whole", 2), ("/kept/whole", 2)]:
        assert client.get(path, headers=ME).text == "customer-42" * said
        with pytest.raises(InvalidInput):
            resolve(None)
    app.testing = True
    with pytest.raises(InvalidInput):
        client.get("/who")
    with pytest.raises(ConfigurationError):
        EmoConsentFlask(app, sdk=sdk, subject_from=lambda: None)


@pytest.mark.parametrize("path", ["/body", "/kept"])
def test_flask_streams_end_well(app: Flask, path: str) -> None:
    """A denial before the first part is the answer; in the midst the stream breaks; nobody is left behind."""
    assert served(app, f"{path}/early").startswith(b"HTTP/1.0 403 Forbidden")
    with pytest.raises(ConsentDenied):
        _ = app.test_client().get(f"{path}/late", headers=ME).data
    with pytest.raises(InvalidInput):
        resolve(None)


def test_wsgi_sets_the_subject_and_answers(sdk: EmoConsent) -> None:
    """Whole, denied at once, denied before the first part, denied in the midst."""

    def plain(environ: Any, start_response: Any) -> Any:
        how = environ["PATH_INFO"].strip("/")
        if how in ERRORS:
            raise ERRORS[how]
        start_response("200 OK", [("Content-Type", "text/plain")])
        return parts(how)

    app = wsgi.ConsentMiddleware(plain, sdk, lambda environ: environ.get("HTTP_X_CUSTOMER"))
    with httpx.Client(transport=httpx.WSGITransport(app), base_url="http://shop", headers=ME) as client:
        assert client.get("/whole").text == "customer-42customer-42"
        assert served(app, "/early").startswith(b"HTTP/1.0 403 Forbidden")
        assert served(app, "/gone").startswith(b"HTTP/1.0 503 ")
        with pytest.raises(ConsentDenied):
            client.get("/late")
    with pytest.raises(InvalidInput):
        resolve(None)


def test_asgi_keeps_requests_apart(sdk: EmoConsent) -> None:
    """Fifty at once that all wait: each is about its own person, in its tasks and threads, and none is left."""

    async def shop(scope: Any, receive: Any, send: Any) -> None:
        how = scope["path"].strip("/")
        if how in ERRORS:
            raise ERRORS[how]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(3):
            await asyncio.sleep(0.001)
            who = await asyncio.to_thread(resolve, None)
            await send({"type": "http.response.body", "body": who.encode(), "more_body": True})
        if how == "late":
            raise WITHDRAWN
        await send({"type": "http.response.body", "body": b""})

    async def signed_in(scope: Any) -> str | None:
        await asyncio.sleep(0)
        return dict(scope["headers"]).get(b"x-customer", b"").decode() or None

    async def attack() -> None:
        transport = httpx.ASGITransport(asgi.ConsentMiddleware(shop, sdk, signed_in))
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            names = [f"customer-{n}" for n in range(50)]
            answers = await asyncio.gather(*(client.get("/", headers={"X-Customer": n}) for n in names))
            assert [answer.text for answer in answers] == [name * 3 for name in names]
            for how, (status, code) in WANTED.items():
                answer = await client.get(f"/{how}", headers=ME)
                assert (answer.status_code, answer.json()["code"]) == (status, code)
                assert "customer-42" not in answer.text
            with pytest.raises(ConsentDenied):
                await client.get("/late", headers=ME)
        with pytest.raises(InvalidInput):
            resolve(None)

    asyncio.run(attack())

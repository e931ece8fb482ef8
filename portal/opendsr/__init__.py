"""OpenDSR 2.0 under ``/opendsr/v2``: requests from other controllers, callbacks from our own processors.

There are no such addresses where the operator set up no processor. The names of the protocol's first
version, routes and headers, are honoured beside its own (10.1).
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Flask, Response, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import HTTPException

from emoconsent.errors import EmoConsentError, InvalidInput
from emoconsent.vocabulary import ApiScope
from portal.api.caller import admitted, caller
from portal.api.errors import Refused
from portal.api.reading import MalformedJson, parse
from portal.limits import API, here, hit
from portal.opendsr import errors
from portal.visitor import sdk

MOUNT: Final = "/opendsr/v2"
#: The second is what OpenGDPR called it.
REQUESTS: Final = ("/requests", "/opengdpr_requests")
CALLBACKS: Final = ("/callbacks", "/opengdpr_callbacks")
_SCOPE: Final = ApiScope.OPENDSR

blueprint = Blueprint("opendsr", __name__, url_prefix=MOUNT)
blueprint.register_error_handler(EmoConsentError, errors.sdk)
blueprint.register_error_handler(Refused, errors.refused)
blueprint.register_error_handler(HTTPException, errors.http)


def init_opendsr(app: Flask, forms: CSRFProtect) -> None:
    """Serve the protocol where there is a processor. No cookie counts, so no form token is asked for."""
    if app.extensions["emoconsent"].opendsr is not None:
        forms.exempt(blueprint)
        app.register_blueprint(blueprint)


def _processor() -> Any:
    return sdk().opendsr


def _answer(found: Any, status: int = 200) -> Response:
    """What the processor says, byte by byte as it was signed, under both names of the headers."""
    answer = Response(found.body, status, content_type="application/json")
    for name in ("OpenDSR", "OpenGDPR"):
        answer.headers[f"X-{name}-Processor-Domain"] = found.domain
        answer.headers[f"X-{name}-Signature"] = found.signature
    return answer


@blueprint.get("/discovery")
def discovery() -> Response:
    """What this processor can do: for everybody, as its certificate is."""
    return _answer(_processor().discovery())


@admitted(_SCOPE, "rights")
def submit() -> Response:
    """Take a controller's request."""
    if request.mimetype != "application/json":
        raise InvalidInput(["Content-Type: application/json is required"])
    raw = request.get_data()
    try:
        value = parse(raw)
    except MalformedJson as error:
        raise InvalidInput([f"the body: {error}"]) from None
    return _answer(_processor().ask(raw, value, principal=caller()), 201)


@admitted(_SCOPE, "rights")
def status(name: str) -> Response:
    """How a request of the controller's stands."""
    return _answer(_processor().status(name, principal=caller()))


@admitted(_SCOPE, "rights")
def cancel(name: str) -> Response:
    """Take a pending request back."""
    return _answer(_processor().cancel(name, principal=caller()), 202)


def callback() -> Response:
    """Hear one of this controller's own processors. Its signature admits it, and nothing else does."""
    hit(API["rights"], "opendsr/callbacks", here())
    heard = _processor().hear(request.get_data(), dict(request.headers))
    return Response(status=heard.value) if heard.value < 400 else errors.body(heard.value)


# Counted above, for what a processor reports of a thousand erasures is no flood.
callback.counts_itself = True  # type: ignore[attr-defined]

for _path in REQUESTS:
    _of = _path.strip("/")
    blueprint.add_url_rule(_path, f"submit_{_of}", submit, methods=["POST"])
    blueprint.add_url_rule(f"{_path}/<name>", f"status_{_of}", status, methods=["GET"])
    blueprint.add_url_rule(f"{_path}/<name>", f"cancel_{_of}", cancel, methods=["DELETE"])
for _path in CALLBACKS:
    blueprint.add_url_rule(_path, f"callback_{_path.strip('/')}", callback, methods=["POST"])

"""ASGI: ``ConsentMiddleware(app, sdk, subject_from)`` sets a request's subject and answers denials."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import nullcontext
from typing import Any

from emoconsent import EmoConsent
from emoconsent.integrations.answers import MAPPED, answer_to

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
SubjectFrom = Callable[[Scope], Awaitable[str | None] | str | None]


class ConsentMiddleware:
    """Calls of *app* are about whom *subject_from* names, read on the server's side, never from the query.

    The subject follows the request's task, its child tasks and ``to_thread``. A web socket has it, too;
    its denials are the application's to answer.

    Args:
        subject_from: gives the subject of a scope, at once or awaited; None: each guarded call names its own.
    """

    def __init__(self, app: Application, sdk: EmoConsent, subject_from: SubjectFrom) -> None:
        self._app = app
        self._sdk = sdk
        self._subject_from = subject_from

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        named = self._subject_from(scope)
        subject = await named if inspect.isawaitable(named) else named
        with nullcontext() if subject is None else self._sdk.subject(subject):
            if scope["type"] == "http":
                await _answered(self._app, scope, receive, send)
            else:
                await self._app(scope, receive, send)


async def _answered(app: Application, scope: Scope, receive: Receive, send: Send) -> None:
    begun = False

    async def sending(message: Message) -> None:
        nonlocal begun
        begun = True
        await send(message)

    try:
        await app(scope, receive, sending)
    except MAPPED as error:
        if begun:  # too late for another answer: the server ends the connection, so nobody takes it for whole
            raise
        answer = answer_to(error)
        headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status.value, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

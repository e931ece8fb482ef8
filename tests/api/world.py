"""Programs that call the API: one of every role with all that its keys may hold, and a second service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from emoconsent import EmoConsent, Principal
from emoconsent.access.api_scopes import GRANTABLE
from emoconsent.vocabulary import Role
from portal import PortalConfig, create_app
from tests.support.clock import FixedClock
from tests.support.store import ADMIN, OpenStore, folder_settings

V1: Final = "/api/v1"
SUBJECT: Final = "customer-42"
PAIR: Final = {"purpose": "customer_care", "modality": "text"}
GUESS: Final = {
    "vocabulary": "emotionml:big6", "score_kind": "rule", "categories": [{"name": "anger", "value": 0.9}],
}  # fmt: skip
GRANT: Final = {"subject": SUBJECT, "notice": "shop-care@1", "scope": [PAIR], "language": "en"}


@dataclass
class Api:
    """An application, and calls of it under the key of a role; ``""`` is nobody's."""

    sdk: EmoConsent
    app: Flask
    keys: dict[str, str]

    def call(self, who: str, method: str, path: str, json: Any = None, **options: Any) -> TestResponse:
        """One call; *who* names a key of ``keys``."""
        headers = {**options.pop("headers", {})}
        if who:
            headers["Authorization"] = f"Bearer {self.keys[who]}"
        if json is not None:
            options["json"] = json
        return self.app.test_client().open(V1 + path, method=method, headers=headers, **options)

    def post(self, who: str, path: str, json: Any, **options: Any) -> TestResponse:
        """A POST of *json*."""
        return self.call(who, "POST", path, json, **options)

    def get(self, who: str, path: str, **options: Any) -> TestResponse:
        """A GET."""
        return self.call(who, "GET", path, **options)

    def height(self) -> int:
        """How many entries the log has."""
        return self.sdk.audit.page(principal=Principal("eye", Role.AUDITOR), limit=1)[0].number

    def request(self, who: str = "service", **more: Any) -> str:
        """A new request for erasure: its name to whoever made it."""
        body = {"subject": SUBJECT, "kind": "erasure", **more}
        answer = self.post(who, "/requests", body)
        assert answer.status_code == 202, answer.text
        return str(answer.json["id"])


def keys_for_all(sdk: EmoConsent) -> dict[str, str]:
    """A key of every role with every scope that it may hold, and of another service."""
    wanted = [(role.value, role) for role in GRANTABLE] + [("other", Role.SERVICE)]
    create = sdk.accounts.keys.create
    return {
        name: create(name, role=role, scopes=GRANTABLE[role], principal=ADMIN).secret for name, role in wanted
    }


def made(sdk: EmoConsent) -> Api:
    """The API on *sdk*."""
    return Api(sdk, create_app(sdk, PortalConfig(mail="console:")), keys_for_all(sdk))


@pytest.fixture
def api(sdk: EmoConsent) -> Api:
    """A new store's API; on both databases."""
    return made(sdk)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One store's API on SQLite for a whole module, where nothing depends on what was before."""
    top: Path = tmp_path_factory.mktemp("api")
    store = OpenStore("sqlite", folder_settings(top), FixedClock())
    try:
        yield made(store())
    finally:
        store.close()


def problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The problem document that *answer* is, which must be of that status and code."""
    found = answer.get_json(force=True, silent=True) or {}
    assert (answer.status_code, answer.content_type, found.get("code"), found.get("status")) == (
        status,
        "application/problem+json",
        code,
        status,
    ), answer.text[:500]
    return dict(found)

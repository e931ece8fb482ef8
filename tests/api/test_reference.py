"""The reference page says what the description says, and the description what the API does."""

from __future__ import annotations

from pathlib import Path

from emoconsent.access.api_scopes import GRANTABLE
from portal.limits import API
from tests.api.reference import operations, schemas
from tests.api.world import Api

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "http-api.md"


def test_the_page_has_every_operation_and_shape(world: Api) -> None:
    """Its two tables are exactly those that the description gives; tests/api/reference.py makes them."""
    spec, page = world.get("", "/openapi.json").json, PAGE.read_text(encoding="utf-8")
    assert page.partition("## Operations\n\n")[2].partition("\n\n## Shapes")[0] == operations(spec)
    assert page.partition("## Shapes\n\n")[2].rstrip("\n") == schemas(spec)


def test_the_page_has_the_scopes_and_rates() -> None:
    """Every scope stands there, and every number of calls a minute."""
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"`{scope}`" in page for scopes in GRANTABLE.values() for scope in scopes)
    assert all(rate.partition(" ")[0] in page for rate in API.values())


def test_every_operation_says_who_it_is_for_and_what_may_go_wrong(world: Api) -> None:
    """Each has an id, a summary, a scope, a key, and its errors as problem documents; success has a shape."""
    spec = world.get("", "/openapi.json").json
    assert spec["openapi"].startswith("3.1")
    ids = []
    for item in spec["paths"].values():
        for operation in (found for name, found in item.items() if name != "parameters"):
            ids.append(operation["operationId"])
            assert operation["summary"].endswith((".", "`"))
            assert operation["security"] == [{"key": []}]
            assert {"401", "403", "422", "429", "503"} <= operation["responses"].keys()
            good = [status for status in operation["responses"] if status < "300"]
            for status in good:
                shown = operation["responses"][status].get("content", {})
                assert status == "204" or (all("schema" in found for found in shown.values()) and shown)
    assert len(ids) == len(set(ids)) == 42
    for response in spec["components"]["responses"].values():
        assert response.get("content", {}).keys() <= {"application/problem+json"}


def test_the_description_of_nothing_names_anybody(world: Api) -> None:
    """It can be read by everybody: no key, no subject, no name of a program is in it."""
    text = world.get("", "/openapi.json").text
    assert not [key for key in world.keys.values() if key in text]

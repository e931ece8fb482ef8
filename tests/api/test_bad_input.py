"""Whatever is sent, the answer is a problem document; made from the description, for every operation."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.api.reading import MAX_DEPTH, MalformedJson, parse
from tests.api.test_matrix import TABLE, thing
from tests.api.world import Api, problem

WITH_BODY: Final = sorted(name for name, row in TABLE.items() if row.body is not None)
JSON: Final = "application/json"
_MANY: Final = 1_000_000

#: Bodies that are no JSON, or none that every parser reads alike.
MALFORMED: Final = {
    "nothing": b"",
    "truncated": b'{"subject": "c"',
    "trailing": b"{} {}",
    "twice": b'{"subject": "a", "subject": "b"}',
    "twice within": b'{"scope": [{"purpose": "a", "purpose": "b"}]}',
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 40_000,
    "deep and closed": b"[" * 100_000 + b"]" * 100_000,
    "NaN": b'{"timeout": NaN}',
    "Infinity": b'{"timeout": -Infinity}',
    "overflow": b'{"timeout": 1e999}',
    "huge number": b'{"limit": ' + b"9" * 100_000 + b"}",
    "huge negative": b'{"limit": -' + b"9" * 100_000 + b"}",
    "NUL": b'{"subject": "a\\u0000b"}',
    "NUL in a name": b'{"a\\u0000": 1}',
    "lone surrogate": b'{"subject": "\\ud800"}',
    "lone low surrogate": b'{"subject": "\\udc00"}',
    "not UTF-8": b'{"subject": "\xff\xfe"}',
    "overlong UTF-8": b'{"subject": "\xc0\x80"}',
    "BOM": b'\xef\xbb\xbf{"subject": "a"}',
    "UTF-16": '{"subject": "a"}'.encode("utf-16"),
    "single quotes": b"{'subject': 'a'}",
    "comment": b'{"subject": "a" /* me */}',
    "control": b'{"subject": "a\nb"}',
}


def send(api: Api, operation: str, body: bytes, kind: str | None = JSON) -> Any:
    """*body* to *operation*, under a key that may."""
    row = TABLE[operation]
    method, _, path = operation.partition(" ")
    who = min(row.who)
    name = thing(api, row.thing, who) if row.thing else ""
    options = {"content_type": kind} if kind is not None else {}
    return api.call(who, method, path.replace("{name}", name), data=body, **options)


@pytest.mark.parametrize("operation", WITH_BODY)
def test_what_is_no_json_is_refused(world: Api, operation: str) -> None:
    """Each malformed body is a 400 with a reason that repeats none of it; nothing is done."""
    for name, body in MALFORMED.items():
        found = problem(send(world, operation, body), 400, "malformed_json")
        assert "subject" not in found["detail"], name


@pytest.mark.parametrize("operation", WITH_BODY)
def test_what_is_too_large_is_refused(world: Api, operation: str) -> None:
    """A million names, sixteen megabytes of text: 413 before it is read."""
    many = b"{" + b",".join(b'"%d":0' % n for n in range(_MANY)) + b"}"
    for body in (many, b'{"subject": "' + b"x" * (16 << 20) + b'"}'):
        problem(send(world, operation, body), 413, "too_large")


@pytest.mark.parametrize("operation", WITH_BODY)
@pytest.mark.parametrize(
    "kind",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "multipart/form-data",
        "application/jsonx",
    ],
)
def test_another_content_type_is_refused(world: Api, operation: str, kind: str | None) -> None:
    """A form that a page elsewhere could send never counts as a call."""
    problem(send(world, operation, b"{}", kind), 415, "unsupported_media_type")


WRONG: Final = (
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    [],
    ["x"],
    {},
    {"x": 1},
    "x" * 70_000,
    10**17,
    "\u202e",
    "２",
)


def test_each_field_with_a_value_of_another_type(api: Api) -> None:
    """Every field of every body with fifteen values that it may not have: 4xx, or taken where it may; never
    5xx, on neither database."""
    for operation in WITH_BODY:
        body = TABLE[operation].body
        if not isinstance(body, dict):
            body = {"notice": {}}
        row, (method, _, path) = TABLE[operation], operation.partition(" ")
        who = min(row.who)
        path = path.replace("{name}", thing(api, row.thing, who) if row.thing else "")
        for field in described(api, operation)["properties"]:
            for value in WRONG:
                answer = api.call(who, method, path, {**body, field: value})
                assert answer.status_code < 500, (operation, field, value, answer.text)
                if answer.status_code >= 400:
                    assert answer.content_type == "application/problem+json"
    assert api.sdk.audit.verify()


@pytest.mark.parametrize("operation", WITH_BODY)
def test_what_is_not_described_is_refused(world: Api, operation: str) -> None:
    """An unknown field, at the top or within, and anything but an object: 422; its name is not repeated."""
    body = TABLE[operation].body
    if not isinstance(body, dict):
        body = {"notice": {}}
    for value in (
        {**body, "role": "dpo"},
        {**body, "__proto__": {}},
        {**body, "principal": "x"},
        [],
        [body],
        "x",
        7,
        None,
        True,
    ):
        found = problem(send(world, operation, json.dumps(value).encode()), 422, "invalid_input")
        assert not {"role", "__proto__", "principal"} & set(
            " ".join(found["problems"]).replace(":", " ").split()
        )


@pytest.mark.parametrize("operation", [name for name in TABLE if name.startswith("GET")])
@pytest.mark.parametrize(
    "query",
    [
        "unknown=1",
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=١",
        "limit=9" + "9" * 5000,
        "limit=1&limit=2",
        "cursor=%00",
        "cursor=é",
        "cursor=",
        "limit=1e1",
        "limit=+1",
    ],
)
def test_parameters_that_are_not_described(world: Api, operation: str, query: str) -> None:
    """Lists refuse them; reads of one thing have none, and are not changed by any."""
    row = TABLE[operation]
    who = min(row.who)
    path = operation.partition(" ")[2]
    name = thing(world, row.thing, who) if row.thing else ""
    answer = world.get(who, path.replace("{name}", name).replace("{entry}", name) + "?" + query)
    takes = "parameters" in described_operation(world, operation) and operation in (
        "GET /requests",
        "GET /notices",
        "GET /recognizers",
        "GET /audit/entries",
    )
    if (takes and query != "limit=1&limit=2") or operation.startswith("GET /cases/"):
        problem(answer, 422, "invalid_input")
    else:
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "name", ["%00", "..", "%2e%2e", "%ff", "%F0%9F%98%80", "x" * 5000, "a%0d%0aX: y", "%252e", "'", "\\", "*"]
)
@pytest.mark.parametrize(
    "path", ["/requests/{}", "/notices/{}", "/recognizers/{}", "/consents/withdrawals/{}"]
)
def test_a_name_that_is_none(world: Api, path: str, name: str) -> None:
    """Nothing that stands in an address finds anything or breaks anything."""
    answer = world.get("service", path.format(name))
    assert answer.status_code in (404, 405)
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE", "CONNECT", "PROPFIND", "X"])
def test_a_method_that_is_not_there(world: Api, method: str) -> None:
    """405 with the methods that are, as a problem document."""
    answer = world.call("service", method, "/requests")
    problem(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


def test_an_override_of_the_method_is_not_heard(world: Api) -> None:
    """A GET stays a GET whatever its headers say."""
    name = world.request()
    for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        world.call("service", "GET", f"/requests/{name}", headers={header: "DELETE"})
    assert world.get("service", f"/requests/{name}").json["state"] == "received"


def described_operation(api: Api, operation: str) -> dict[str, Any]:
    """What the description says of *operation*."""
    method, _, path = operation.partition(" ")
    return dict(api.get("", "/openapi.json").json["paths"]["/api/v1" + path][method.lower()])


def described(api: Api, operation: str) -> dict[str, Any]:
    """The schema of its body."""
    spec = api.get("", "/openapi.json").json
    reference = described_operation(api, operation)["requestBody"]["content"][JSON]["schema"]["$ref"]
    return dict(spec["components"]["schemas"][reference.rpartition("/")[2]])


# --- the reader by itself ---


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**17), 10**17)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_json_is_read_as_json(value: Any) -> None:
    """Whatever the standard library writes within the limits is read as it was."""
    assert parse(json.dumps(value).encode()) == value
    assert parse(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=200))
def test_bytes_are_read_or_refused(body: bytes) -> None:
    """No bytes raise anything but the one error."""
    try:
        parse(body)
    except MalformedJson:
        return


def test_the_depth_counts_brackets_outside_texts_only() -> None:
    """Brackets in a text do not nest; one level too many does."""
    assert parse(json.dumps(["[" * 1000, '\\"[']).encode()) == ["[" * 1000, '\\"[']
    assert parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(MalformedJson, match="deeper"):
        parse(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))

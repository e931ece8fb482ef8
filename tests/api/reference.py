"""The tables of docs/reference/http-api.md, as the description says them."""

from __future__ import annotations

from typing import Any

METHODS = ("get", "post", "delete")


def operations(spec: dict[str, Any]) -> str:
    """A row for each operation: what it does, the scope it needs, its body, its answers beside errors."""
    rows = ["| operation | what it does | scope | body | answer |", "|---|---|---|---|---|"]
    for path, item in spec["paths"].items():
        for method in METHODS:
            if method in item:
                rows.append(_row(method, path, item[method]))
    return "\n".join(rows)


def _row(method: str, path: str, operation: dict[str, Any]) -> str:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    good = [status for status in operation["responses"] if status < "400"]
    answers = ", ".join(_answer(status, operation["responses"][status]) for status in sorted(good))
    what = operation["summary"].rstrip(".")
    return f"| `{method.upper()} {path}` | {what} | `{operation['x-scope']}` | {_named(body)} | {answers} |"


def _answer(status: str, response: dict[str, Any]) -> str:
    name = "".join(_named(shown.get("schema", {})) for shown in response.get("content", {}).values())
    return f"{status} {name}".strip()


def _named(schema: dict[str, Any]) -> str:
    name = schema.get("$ref", "").rpartition("/")[2]
    return f"`{name}`" if name else ""


def schemas(spec: dict[str, Any]) -> str:
    """A table for each shape: its fields, what they may be, and what they mean."""
    return "\n\n".join(_shape(name, shape) for name, shape in sorted(spec["components"]["schemas"].items()))


def _shape(name: str, shape: dict[str, Any]) -> str:
    rows = [f"### {name}", "", "| field | type | |", "|---|---|---|"]
    needed = shape.get("required", [])
    for field, about in sorted(shape["properties"].items()):
        told = about.get("description", "")
        told = f"required. {told}".strip() if field in needed and name.endswith(("Body", "Pair")) else told
        rows.append(f"| `{field}` | {_type(about)} | {told} |")
    return "\n".join(rows)


def _type(about: dict[str, Any]) -> str:
    if "enum" in about:
        return ", ".join(f"`{value}`" for value in about["enum"] if value is not None)
    if "$ref" in about:
        return _named(about)
    if "anyOf" in about or "allOf" in about:
        return " or ".join(_type(one) for one in about.get("anyOf") or about["allOf"])
    kind = about.get("type", "any")
    kind = " or ".join(kind) if isinstance(kind, list) else kind
    if "array" in kind:
        return f"{kind} of {_type(about['items'])}"
    return f"{kind} ({about['format']})" if "format" in about else kind

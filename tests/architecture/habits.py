"""Habits of the house that a program can check in one parsed file; each returns what breaks it."""

from __future__ import annotations

import ast
import re

MODULE_LINES = 400
FUNCTION_LINES = 50

#: Written in pieces, so that this file does not break its own rule.
_NOTES = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|NotImpl" r"ementedError)\b")
_ESCAPES = {"skip", "skipif", "xfail", "importorskip"}
_WALL_CLOCK = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
}


def too_long(source: str) -> list[str]:
    """The module, and each function in it, that is longer than the house allows."""
    lines = source.count("\n")
    found = [f"{lines} lines, at most {MODULE_LINES}"] if lines > MODULE_LINES else []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                found.append(f"line {node.lineno}: {node.name} has {length} lines, at most {FUNCTION_LINES}")
    return found


def unfinished(source: str) -> list[str]:
    """Notes to do it later."""
    lines = enumerate(source.splitlines(), 1)
    return [f"line {number}: {line.strip()}" for number, line in lines if _NOTES.search(line)]


def escapes(source: str) -> list[str]:
    """Ways around a test: pytest's own calls and marks, however reached."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)]
    return [f"line {node.lineno}: {ast.unparse(node)}" for node in nodes if _is_escape(node)]


def _is_escape(node: ast.Attribute) -> bool:
    return node.attr in _ESCAPES and ast.unparse(node.value) in {"pytest", "pytest.mark", "mark"}


def reads_the_wall_clock(source: str) -> list[str]:
    """Calls that ask the host for the date: only ``clock.py`` may, the rest is handed an instant."""
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    pairs = [(f, ast.unparse(f.value).rpartition(".")[2]) for f in calls if isinstance(f, ast.Attribute)]
    return [f"line {f.lineno}: {ast.unparse(f)}" for f, owner in pairs if (owner, f.attr) in _WALL_CLOCK]


def undocumented_tests(source: str) -> list[str]:
    """Test functions without the sentence that says what they try to break."""
    functions = [
        n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    tests = [f for f in functions if f.name.startswith("test_")]
    return [f"line {f.lineno}: {f.name}" for f in tests if not ast.get_docstring(f)]


def names_a_registry(text: str) -> list[str]:
    """Lines naming the host of a package registry."""
    hosts = re.compile(
        r"py" r"pi\.org|pythonh" r"osted|npm" r"js\.|crates\.i" r"o\b|deb\.debi" r"an\.org", re.IGNORECASE
    )
    return [f"line {number}" for number, line in enumerate(text.splitlines(), 1) if hosts.search(line)]

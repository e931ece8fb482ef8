"""Who imports whom, read from the source: the material of the import contracts."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Import:
    """*module* (dotted) imports *target* (dotted, as deep as the source says) at *line*."""

    module: str
    target: str
    line: int

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


def source_files(root: Path, *packages: str) -> list[Path]:
    """Every Python file of *packages* under *root*, in a stable order."""
    return [path for package in packages for path in sorted((root / package).rglob("*.py"))]


def imports_of(root: Path, *packages: str) -> list[Import]:
    """Every import in *packages* under *root*, those inside functions and TYPE_CHECKING included."""
    return [found for path in source_files(root, *packages) for found in _in_file(root, path)]


def _in_file(root: Path, path: Path) -> Iterator[Import]:
    parts = path.relative_to(root).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    module = ".".join(parts[:-1] if is_package else parts)
    for node in ast.walk(ast.parse(path.read_text())):
        for target in _targets(root, module if is_package else module.rpartition(".")[0], node):
            yield Import(module, target, getattr(node, "lineno", 0))


def _targets(root: Path, package: str, node: ast.AST) -> Iterable[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    parents = package.split(".")
    base = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
    origin = ".".join(part for part in (base, node.module) if part)
    return [_submodule(root, origin, alias.name) for alias in node.names]


def _submodule(root: Path, origin: str, name: str) -> str:
    """``from a import b`` imports ``a.b`` when that is a module of ours, else only ``a``."""
    folder = root.joinpath(*origin.split("."))
    is_module = (folder / f"{name}.py").exists() or (folder / name).is_dir()
    return f"{origin}.{name}" if is_module else origin

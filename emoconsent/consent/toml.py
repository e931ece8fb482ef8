"""TOML files that people write by hand: read whole, and their faults told with line and column."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

from emoconsent.errors import InvalidInput

MAX_BYTES: Final = 1 << 20


def read_toml(path: Path, hint: str = "name another file") -> dict[str, Any]:
    """The mapping in *path*, as it stands.

    Args:
        hint: what helps where there is no such file.

    Raises:
        InvalidInput: the file cannot be read, is larger than 1 MiB, or is no TOML in UTF-8; says where.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidInput([f"{path}: cannot be read ({error.strerror}); {hint}"]) from None
    if len(data) > MAX_BYTES:
        raise InvalidInput([f"{path}: larger than 1 MiB"])
    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        raise InvalidInput([f"{path}: no valid UTF-8 {_place(data[: error.start])}"]) from None
    except ValueError as error:  # the parser's own words end with the line and the column
        raise InvalidInput([f"{path}: no valid TOML: {error}"]) from None
    except RecursionError:
        raise InvalidInput([f"{path}: no valid TOML: nested too deeply"]) from None


def _place(before: bytes) -> str:
    """Where *before* ends, in the words of the TOML parser; columns are characters."""
    lines = before.decode().split("\n")
    return f"(at line {len(lines)}, column {len(lines[-1]) + 1})"

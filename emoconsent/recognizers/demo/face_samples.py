"""The one picture that the demonstration brings along."""

from __future__ import annotations

from importlib.resources import files


def sample_face() -> bytes:
    """A JPEG of one smiling face: an astronaut (NASA, public domain; images/README.md)."""
    return files(__package__).joinpath("images", "astronaut.jpg").read_bytes()

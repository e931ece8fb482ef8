"""Where the API is."""

from __future__ import annotations

from typing import Final

MOUNT: Final = "/api/v1"

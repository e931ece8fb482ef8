"""The API on a real store of either database, with a key of every role."""

from tests.api.world import api, world
from tests.support.store import open_sdk, sdk

__all__ = ["api", "open_sdk", "sdk", "world"]

"""The contract suite's fixtures."""

from tests.support.store import open_new, open_sdk, sdk

__all__ = ["open_new", "open_sdk", "sdk"]

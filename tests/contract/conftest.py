"""The contract suite's fixtures."""

from tests.support.store import open_sdk, sdk

__all__ = ["open_sdk", "sdk"]

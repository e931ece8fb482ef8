"""The stores of these tests: on both databases."""

from tests.support.store import open_sdk, sdk

__all__ = ["open_sdk", "sdk"]

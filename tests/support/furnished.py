"""Stores made once in each worker, and copied for each test.

Migrations, root keys and approvals cost more than most tests do. A copy is the store itself: its root
key and its closing list come along, and its clock stands where it stood.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.support import postgres
from tests.support.clock import FixedClock
from tests.support.store import OpenStore, folder_settings, server_settings


@pytest.fixture(scope="session")
def furnished_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder store as ``open_sdk`` gives it, with its homes, where every ``FixedClock`` starts."""
    top = tmp_path_factory.mktemp("furnished")
    _furnish(OpenStore("sqlite", folder_settings(top), FixedClock()))
    return top


@pytest.fixture(scope="session")
def furnished_servers(
    tmp_path_factory: pytest.TempPathFactory, pg_server: postgres.Server
) -> tuple[Path, list[str]]:
    """The same on PostgreSQL: the homes, and the names of the two databases."""
    top = tmp_path_factory.mktemp("furnished")
    settings = server_settings(top, lambda: postgres.fresh_database(pg_server))
    _furnish(OpenStore("postgres", settings, FixedClock()))
    return top, [make_url(url or "").database or "" for url in (settings.database_url, settings.keystore_url)]


def _furnish(store: OpenStore) -> None:
    store()
    store.close()

"""The table of the REST API's keys, in the data store."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text, UniqueConstraint

from emoconsent.storage.schema import data

api_keys = Table(
    "api_keys",
    data,
    Column("key_id", LargeBinary, primary_key=True, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("role", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Column("sealed", LargeBinary, nullable=False),
    Column("entry_id", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    UniqueConstraint("secret_hash"),
)

"""The outbox's table, beside those in ``schema`` and in the same metadata."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from emoconsent.storage.schema import data

# What recipients are still to be told, and what became of it.
outbox = Table(
    "outbox",
    data,
    Column("task_id", LargeBinary, primary_key=True, nullable=False),
    Column("request_id", LargeBinary, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("lease_until", BigInteger),
    Column("lease_owner", LargeBinary),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("problem", Text),
    Column("sealed", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Index(None, "request_id"),
    Index(None, "next_at"),
)

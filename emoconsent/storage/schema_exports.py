"""The tables of copies made for people; see ``schema``. They die with the person's erasure."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from emoconsent.storage.schema import data

# One copy that somebody asked for: how far it is. What is in it and who asked is sealed.
exports = Table(
    "exports",
    data,
    Column("subject_ref", LargeBinary, primary_key=True),
    Column("export_id", LargeBinary, primary_key=True),
    Column("state", Text, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("begun_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("entry_id", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    UniqueConstraint("export_id"),
    Index(None, "expires_at"),
)

# Its bytes, in order. The index says which files of the archive a part holds.
export_parts = Table(
    "export_parts",
    data,
    Column("subject_ref", LargeBinary, primary_key=True),
    Column("export_id", LargeBinary, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("sealed_index", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
)

"""The tables of rights requests beside ``rights_requests`` itself; see ``schema``."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text

from emoconsent.storage.schema import data

# What happened to a request beside its states. Append-only; never removed, like the requests.
request_steps = Table(
    "request_steps",
    data,
    Column("request_id", LargeBinary, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),  # codes only
    Column("sealed", LargeBinary, nullable=False),
    Column("entry_id", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
)

# Why a subject may not be erased yet. A row goes when it is released, or with the subject.
legal_holds = Table(
    "legal_holds",
    data,
    Column("subject_ref", LargeBinary, primary_key=True),
    Column("hold_id", LargeBinary, primary_key=True),
    Column("basis", Text, nullable=False),
    Column("until", BigInteger),
    Column("sealed", LargeBinary, nullable=False),
    Column("entry_id", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
)

"""The tables of the two stores. Only this package and the migrations see them.

Whatever hangs off a subject carries the subject's random reference first in its key, so that it
could be sharded by it. Instants are microseconds since the epoch. ``sealed`` columns hold
envelopes (``vault.envelope``); ``mac`` columns authenticate the row under a key that is in the
*other* store. What a thief of these tables can see is listed in docs/limitations.md.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

data = MetaData(naming_convention=NAMING)

#: Autoincrementing on both databases (SQLite only does so for INTEGER).
Serial = BigInteger().with_variant(Integer, "sqlite")


def _bytes(name: str, **options: bool) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False, **options)  # type: ignore[arg-type]


def _micros(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


meta = Table(
    "meta",
    data,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    _bytes("mac"),
)

# One chain of everything that is offered: notices published, recognizers registered and judged.
catalogue = Table(
    "catalogue",
    data,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("content", Text, nullable=False),
    _micros("at"),
    _bytes("entry_id"),
    _bytes("mac"),
)

# The chain's head, its only changing row: one primary-key read tells whether the catalogue changed.
catalogue_head = Table(
    "catalogue_head",
    data,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    _bytes("mac"),
)

subjects = Table(
    "subjects",
    data,
    _bytes("subject_ref", primary_key=True),
    Column("index_epoch", BigInteger, nullable=False),
    _bytes("handle_index"),
    _bytes("sealed_handle"),
    Column("last_number", BigInteger, nullable=False),
    Column("generation", BigInteger, nullable=False),
    _bytes("head"),
    _bytes("mac"),
    UniqueConstraint("handle_index"),
)

consent_events = Table(
    "consent_events",
    data,
    _bytes("subject_ref", primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("notice", Text),
    Column("scope", Text, nullable=False),
    _micros("at"),
    _bytes("sealed"),
    _bytes("entry_id"),
    _bytes("mac"),
)

emotion_records = Table(
    "emotion_records",
    data,
    _bytes("subject_ref", primary_key=True),
    _bytes("record_id", primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("modality", Text, nullable=False),
    Column("recognizer", Text, nullable=False),
    Column("recognizer_version", Text, nullable=False),
    _micros("at"),
    _micros("expires_at"),
    _bytes("sealed"),
    _bytes("entry_id"),
    _bytes("mac"),
    Index(None, "record_id"),
    Index(None, "expires_at"),
    Index(None, "subject_ref", "at"),  # a page of a person's records costs the page, not the person
)

cases = Table(
    "cases",
    data,
    _bytes("subject_ref", primary_key=True),
    _bytes("case_id", primary_key=True),
    Column("kind", Text, nullable=False),
    _bytes("agent"),
    _micros("opened_at"),
    _micros("expires_at"),
    _bytes("sealed"),
    _bytes("entry_id"),
    _bytes("mac"),
)

# Where subjects are reached: a row a subject at most, several subjects an address.
contacts = Table(
    "contacts",
    data,
    _bytes("subject_ref", primary_key=True),
    Column("index_epoch", BigInteger, nullable=False),
    _bytes("address_index"),
    _bytes("sealed"),
    _bytes("entry_id"),
    _bytes("mac"),
    Index(None, "address_index"),
)

# Sessions, sign-ins under way, stop links, tokens used up: what a secret held elsewhere opens.
tokens = Table(
    "tokens",
    data,
    _bytes("token_hash", primary_key=True),
    Column("kind", Text, nullable=False),
    _micros("created_at"),
    _micros("seen_at"),
    _micros("expires_at"),
    Column("misses", Integer, nullable=False),
    _bytes("sealed"),
    _bytes("mac"),
    Index(None, "expires_at"),
)

# Whose they are, so that they can be listed, ended and erased without the secret.
token_owners = Table(
    "token_owners",
    data,
    _bytes("token_hash", primary_key=True),
    _bytes("owner_index", primary_key=True),
    Column("index_epoch", BigInteger, nullable=False),
    _bytes("sealed_label"),
    _bytes("mac"),
    Index(None, "owner_index"),
)

staff = Table(
    "staff",
    data,
    _bytes("account_id", primary_key=True),
    _bytes("login_index"),
    Column("oidc_index", LargeBinary),
    Column("role", Text, nullable=False),
    Column("state", Text, nullable=False),
    _bytes("sealed"),
    _bytes("entry_id"),
    _bytes("mac"),
    UniqueConstraint("login_index"),
    Index(None, "oidc_index"),
)

rights_requests = Table(
    "rights_requests",
    data,
    _bytes("request_id", primary_key=True),
    Column("subject_ref", LargeBinary),
    Column("kind", Text, nullable=False),
    Column("regime", Text, nullable=False),
    Column("state", Text, nullable=False),
    _micros("submitted_at"),
    _micros("finished_at", nullable=True),
    _bytes("sealed"),
    _bytes("entry_id"),
    _bytes("mac"),
    Index(None, "subject_ref"),
)

certificates = Table(
    "certificates",
    data,
    _bytes("request_id", primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("jws", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    _micros("at"),
    _bytes("entry_id"),
    _bytes("mac"),
)

# Proof of consent that outlives an erasure: a sealed bundle under a key of its own.
evidence = Table(
    "evidence",
    data,
    _bytes("evidence_ref", primary_key=True),
    Column("basis", Text, nullable=False),
    _micros("keep_until"),
    _bytes("sealed"),
    _bytes("mac"),
)

# Effects outside this database, announced before and settled after (promise G7).
intents = Table(
    "intents",
    data,
    _bytes("intent_id", primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("detail", Text, nullable=False),
    _micros("opened_at"),
    _bytes("mac"),
)

# Which entries of the key store's closing list this database has taken over.
closings_applied = Table(
    "closings_applied",
    data,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    _bytes("hash"),
    _bytes("mac"),
)

log_entries = Table(
    "log_entries",
    data,
    Column("entry_no", Serial, primary_key=True, autoincrement=True),
    _bytes("entry_id", unique=True),
    _micros("at"),
    _bytes("leaf"),
    Column("tree_index", BigInteger, unique=True),
    _bytes("mac"),
)

Index(
    "ix_log_entries_pending",
    log_entries.c.entry_no,
    sqlite_where=log_entries.c.tree_index.is_(None),
    postgresql_where=log_entries.c.tree_index.is_(None),
)

log_nodes = Table(
    "log_nodes",
    data,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    _bytes("hash"),
)

log_checkpoints = Table(
    "log_checkpoints",
    data,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
)

# Which entries are about whom, for the person's own view; it dies with the erasure.
log_links = Table(
    "log_links",
    data,
    _bytes("subject_ref", primary_key=True),
    _bytes("entry_id", primary_key=True),
    Column("tag", Text, nullable=False),  # the entry's: a person's looks are found among many calls
    Index(None, "subject_ref", "tag"),
)

keys = MetaData(naming_convention=NAMING)

key_meta = Table(
    "key_meta",
    keys,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

epochs = Table(
    "epochs",
    keys,
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    _micros("opened_at"),
    _micros("destroyed_at", nullable=True),
    _bytes("check_value"),
)

subject_keys = Table(
    "subject_keys",
    keys,
    _bytes("owner", primary_key=True),
    Column("key_class", Text, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    _bytes("wrapped"),
    _micros("created_at"),
    Column("confirmed", Integer, nullable=False),
    Index(None, "epoch"),
    Index(None, "confirmed", "created_at"),
)

system_keys = Table(
    "system_keys",
    keys,
    Column("name", Text, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    _bytes("wrapped"),
    Column("public", Text),
)

closing_list = Table(
    "closing_list",
    keys,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False),
    _bytes("hash"),
    Column("signature", LargeBinary, nullable=False),
)

log_head = Table(
    "log_head",
    keys,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    _bytes("root"),
)

"""A person's records by time, and the tag beside each link to the log"""

import json

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

BATCH = 1000


def upgrade() -> None:
    with op.batch_alter_table('emotion_records', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_emotion_records_subject_ref_at'), ['subject_ref', 'at'], unique=False)
    with op.batch_alter_table('log_links', schema=None) as batch_op:
        batch_op.add_column(sa.Column('tag', sa.Text(), nullable=True))
    _fill()
    with op.batch_alter_table('log_links', schema=None) as batch_op:
        batch_op.alter_column('tag', existing_type=sa.Text(), nullable=False)
        batch_op.create_index(batch_op.f('ix_log_links_subject_ref_tag'), ['subject_ref', 'tag'], unique=False)


def _fill() -> None:
    """Each link gets what its entry says; one whose entry cannot be read gets nothing that is asked for."""
    links = sa.table('log_links', sa.column('entry_id', sa.LargeBinary), sa.column('tag', sa.Text))
    entries = sa.table('log_entries', sa.column('entry_id', sa.LargeBinary), sa.column('leaf', sa.LargeBinary))
    connection = op.get_bind()
    update = links.update().where(links.c.entry_id == sa.bindparam('entry')).values(tag=sa.bindparam('found'))
    read = sa.select(entries.c.entry_id, entries.c.leaf)
    rows = connection.execute(read).fetchall()
    for start in range(0, len(rows), BATCH):
        found = [{'entry': bytes(entry), 'found': _tag(leaf)} for entry, leaf in rows[start:start + BATCH]]
        connection.execute(update, found)
    connection.execute(links.update().where(links.c.tag.is_(None)).values(tag=''))


def _tag(leaf: bytes) -> str:
    try:
        return str(json.loads(bytes(leaf))['tag'])
    except (ValueError, KeyError, TypeError):
        return ''


def downgrade() -> None:
    with op.batch_alter_table('log_links', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_log_links_subject_ref_tag'))
        batch_op.drop_column('tag')
    with op.batch_alter_table('emotion_records', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_emotion_records_subject_ref_at'))

"""An index of a person's records by time"""

from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('emotion_records', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_emotion_records_subject_ref_at'), ['subject_ref', 'at'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('emotion_records', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_emotion_records_subject_ref_at'))

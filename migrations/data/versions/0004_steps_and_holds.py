"""What happens to a rights request beside its states, and legal holds"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'request_steps',
        sa.Column('request_id', sa.LargeBinary(), nullable=False),
        sa.Column('number', sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column('kind', sa.Text(), nullable=False),
        sa.Column('at', sa.BigInteger(), nullable=False),
        sa.Column('detail', sa.Text(), nullable=False),
        sa.Column('sealed', sa.LargeBinary(), nullable=False),
        sa.Column('entry_id', sa.LargeBinary(), nullable=False),
        sa.Column('mac', sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint('request_id', 'number', name=op.f('pk_request_steps')),
    )
    op.create_table(
        'legal_holds',
        sa.Column('subject_ref', sa.LargeBinary(), nullable=False),
        sa.Column('hold_id', sa.LargeBinary(), nullable=False),
        sa.Column('basis', sa.Text(), nullable=False),
        sa.Column('until', sa.BigInteger(), nullable=True),
        sa.Column('sealed', sa.LargeBinary(), nullable=False),
        sa.Column('entry_id', sa.LargeBinary(), nullable=False),
        sa.Column('mac', sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint('subject_ref', 'hold_id', name=op.f('pk_legal_holds')),
    )


def downgrade() -> None:
    op.drop_table('legal_holds')
    op.drop_table('request_steps')

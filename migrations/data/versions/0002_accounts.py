"""Accounts: contacts, tokens and their owners, staff"""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('contacts',
    sa.Column('subject_ref', sa.LargeBinary(), nullable=False),
    sa.Column('index_epoch', sa.BigInteger(), nullable=False),
    sa.Column('address_index', sa.LargeBinary(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('entry_id', sa.LargeBinary(), nullable=False),
    sa.Column('mac', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('subject_ref', name=op.f('pk_contacts'))
    )
    with op.batch_alter_table('contacts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_contacts_address_index'), ['address_index'], unique=False)

    op.create_table('tokens',
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('seen_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('misses', sa.Integer(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('mac', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_tokens'))
    )
    with op.batch_alter_table('tokens', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_tokens_expires_at'), ['expires_at'], unique=False)

    op.create_table('token_owners',
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('owner_index', sa.LargeBinary(), nullable=False),
    sa.Column('index_epoch', sa.BigInteger(), nullable=False),
    sa.Column('sealed_label', sa.LargeBinary(), nullable=False),
    sa.Column('mac', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('token_hash', 'owner_index', name=op.f('pk_token_owners'))
    )
    with op.batch_alter_table('token_owners', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_token_owners_owner_index'), ['owner_index'], unique=False)

    op.create_table('staff',
    sa.Column('account_id', sa.LargeBinary(), nullable=False),
    sa.Column('login_index', sa.LargeBinary(), nullable=False),
    sa.Column('oidc_index', sa.LargeBinary(), nullable=True),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('entry_id', sa.LargeBinary(), nullable=False),
    sa.Column('mac', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_staff')),
    sa.UniqueConstraint('login_index', name=op.f('uq_staff_login_index'))
    )
    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_staff_oidc_index'), ['oidc_index'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_staff_oidc_index'))

    op.drop_table('staff')
    with op.batch_alter_table('token_owners', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_token_owners_owner_index'))

    op.drop_table('token_owners')
    with op.batch_alter_table('tokens', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_tokens_expires_at'))

    op.drop_table('tokens')
    with op.batch_alter_table('contacts', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_contacts_address_index'))

    op.drop_table('contacts')

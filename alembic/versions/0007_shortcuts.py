"""Each person’s keys in the desk."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "account", sa.Column("shortcuts_on", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
    op.add_column("account", sa.Column("shortcuts", sa.JSON(), server_default="{}", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("account") as table:
        table.drop_column("shortcuts")
        table.drop_column("shortcuts_on")

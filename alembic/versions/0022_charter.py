"""The versions of the charter."""

import sqlalchemy as sa
from alembic import op

from moderation.models.columns import UTCDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "charter_version",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("html", sa.String(), nullable=False),
        sa.Column("articles", sa.JSON(), nullable=False),
        sa.Column("written_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_charter_version")),
    )


def downgrade() -> None:
    op.drop_table("charter_version")

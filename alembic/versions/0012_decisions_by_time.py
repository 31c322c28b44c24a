"""Decisions are found by their time, for figures over the last weeks."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_decision_at"), "decision", ["at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_decision_at"), table_name="decision")

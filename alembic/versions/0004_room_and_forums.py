"""What waits under an article, counted along an index, and who closed or opened a forum."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "forum_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum("apriori", "closed", name="mode", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_forum_change_account_id_account")
        ),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_forum_change_thread_id_thread")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forum_change")),
    )
    op.create_index(op.f("ix_forum_change_account_id"), "forum_change", ["account_id"])
    op.create_index(op.f("ix_forum_change_thread_id"), "forum_change", ["thread_id"])
    op.create_index(op.f("ix_comment_thread_id_status"), "comment", ["thread_id", "status"])
    op.drop_index(op.f("ix_comment_thread_id"), "comment")


def downgrade() -> None:
    op.create_index(op.f("ix_comment_thread_id"), "comment", ["thread_id"])
    op.drop_index(op.f("ix_comment_thread_id_status"), "comment")
    op.drop_table("forum_change")

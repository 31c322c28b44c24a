"""What helps to judge: others’ texts, what was struck out, words to look out for, precedents."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "watched_word",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("word", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watched_word")),
        sa.UniqueConstraint("key", name=op.f("uq_watched_word_key")),
    )
    op.create_table(
        "precedent_word",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.String(length=26), nullable=False),
        sa.Column("word", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_precedent_word_comment_id_comment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_precedent_word")),
    )
    op.create_index("ix_precedent_word_word_id", "precedent_word", ["word", "id"])
    op.create_index(op.f("ix_precedent_word_comment_id"), "precedent_word", ["comment_id"])
    op.add_column("account", sa.Column("blurs", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("version", sa.Column("struck", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    op.drop_column("version", "struck")
    op.drop_column("account", "blurs")
    op.drop_table("precedent_word")
    op.drop_table("watched_word")

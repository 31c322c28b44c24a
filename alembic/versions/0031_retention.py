"""What is erased says when, and what is kept no longer is counted."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0029"
branch_labels = None
depends_on = None

KINDS = ("text", "address", "note", "letter")
# When they were withdrawn: their texts went with it.
WITHDRAWN = """
    UPDATE comment
    SET erased_at = (SELECT max(decision.at) FROM decision WHERE decision.comment_id = comment.id)
    WHERE status = 'withdrawn'
"""


def upgrade() -> None:
    op.add_column("comment", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(WITHDRAWN)
    op.create_table(
        "swept",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(*KINDS, name="kept", native_enum=False, length=20, create_constraint=True),
            nullable=False,
        ),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "kind", name=op.f("pk_swept")),
    )


def downgrade() -> None:
    """What was erased stays so; a program that does not know it shows an empty text."""
    op.drop_table("swept")
    op.drop_column("comment", "erased_at")

"""The figures of months that are over."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

FIGURES = ("received", "published", "restricted", "spam", "withdrawn", "appealed", "answered", "wait")


def upgrade() -> None:
    op.create_table(
        "month_figure",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column(
            "figure",
            sa.Enum(*FIGURES, name="figure", native_enum=False, length=20, create_constraint=True),
            nullable=False,
        ),
        sa.Column("part", sa.String(length=20), nullable=False),
        sa.Column("category", sa.String(length=80), nullable=False),
        sa.Column("count", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("month", "figure", "part", name=op.f("pk_month_figure")),
    )


def downgrade() -> None:
    """They can be counted again, from what is left of the queue then."""
    op.drop_table("month_figure")

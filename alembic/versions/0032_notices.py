"""Notices of public texts, rights of reply, and the pages every foot leads to."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from moderation.models.columns import UTCDateTime

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

LANES = ("notice", "reply")
GROUNDS = (
    *("defamation", "hatred", "threats", "privacy", "child_abuse"),
    *("copyright", "fraud", "other"),
)

FIGURES = ("received", "published", "restricted", "spam", "withdrawn", "appealed", "answered", "wait")
INDEX = "ix_comment_lane_status_submitted_at_id"


def upgrade() -> None:
    # Not in a batch: however many comments there are, nothing is written anew.
    lanes = ", ".join(f"'{lane}'" for lane in LANES)
    rule = f"CONSTRAINT ck_comment_lane CHECK (lane IN ({lanes}))"
    op.execute(f"ALTER TABLE comment ADD COLUMN lane VARCHAR(20) {rule}")
    op.create_index(
        INDEX,
        "comment",
        ["lane", "status", "submitted_at", "id"],
        sqlite_where=sa.text("lane IS NOT NULL"),
        postgresql_where=sa.text("lane IS NOT NULL"),
    )
    op.add_column(
        "publication", sa.Column("right_of_reply", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_table(
        "claim",
        sa.Column("comment_id", sa.String(length=26), nullable=False),
        sa.Column(
            "ground",
            sa.Enum(*GROUNDS, name="ground", native_enum=False, length=20, create_constraint=True),
            nullable=True,
        ),
        sa.Column("passage", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_claim_comment_id_comment")),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_claim")),
    )
    op.create_table(
        "site_page",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("html", sa.String(), nullable=False),
        sa.Column("written_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_site_page")),
    )
    if op.get_bind().dialect.name != "sqlite":
        _leaves_its_files()
    _figures_are((*FIGURES, "notified"))
    # Of months told before there was nothing to give notice by: none.
    op.execute(
        "INSERT INTO month_figure (month, figure, part, category, count) "
        "SELECT DISTINCT month, 'notified', '', '', 0 FROM month_figure"
    )


def _figures_are(words: Sequence[str]) -> None:
    name, said = op.f("ck_month_figure_figure"), ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table("month_figure") as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"figure IN ({said})")


def _leaves_its_files() -> None:
    """As the other tables that hold words do since 0013."""
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    op.execute("ALTER TABLE claim ALTER passage SET STATISTICS 0")
    op.execute(
        "CREATE FUNCTION rewrite_claim() RETURNS void LANGUAGE sql SECURITY DEFINER "
        f"SET search_path = {schema}, pg_temp AS 'CLUSTER claim USING pk_claim'"
    )
    op.execute("REVOKE EXECUTE ON FUNCTION rewrite_claim() FROM PUBLIC")


def downgrade() -> None:
    """A right of reply goes on as a contribution; a notice, which that program would misread, is put away.

    The doctor will say that the log leads elsewhere.
    """
    op.execute("DELETE FROM month_figure WHERE figure = 'notified'")
    _figures_are(FIGURES)
    op.drop_table("site_page")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION rewrite_claim()")
    op.drop_table("claim")
    op.execute("UPDATE comment SET status = 'withdrawn' WHERE lane = 'notice'")
    op.drop_column("publication", "right_of_reply")
    op.drop_index(INDEX, "comment")
    op.drop_column("comment", "lane")  # and its rule with it, as that is its own

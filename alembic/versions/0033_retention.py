"""What is erased says when, and what is kept no longer is counted."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

KINDS = ("text", "address", "note", "letter", "machine")
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
    op.create_table(
        "machine",
        sa.Column("comment_id", sa.String(length=26), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_machine_comment_id_comment")),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_machine")),
    )
    op.create_index(op.f("ix_machine_at"), "machine", ["at"])
    if op.get_bind().dialect.name != "sqlite":
        _leaves_the_files()


def _leaves_the_files() -> None:
    """As in 0013."""
    schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
    op.execute("ALTER TABLE machine ALTER address SET STATISTICS 0")
    op.execute(
        "CREATE FUNCTION rewrite_machine() RETURNS void LANGUAGE sql SECURITY DEFINER "
        f"SET search_path = {schema}, pg_temp AS 'CLUSTER machine USING pk_machine'"
    )
    op.execute("REVOKE EXECUTE ON FUNCTION rewrite_machine() FROM PUBLIC")


def downgrade() -> None:
    """What was erased stays so; a program that does not know it shows an empty text."""
    op.drop_table("swept")
    op.drop_table("machine")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION rewrite_machine()")
    op.drop_column("comment", "erased_at")

"""The log of sealed packets."""

import sqlalchemy as sa
from alembic import op

from moderation.models.columns import UTCDateTime

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

KEPT = {"packet_is_never_changed": "UPDATE", "packet_is_never_deleted": "DELETE"}


def upgrade() -> None:
    op.create_table(
        "packet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.String(length=26), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.Column("with_address", sa.Boolean(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_packet_comment_id_comment")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_packet_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_packet")),
        sa.UniqueConstraint("seal", name=op.f("uq_packet_seal")),
    )
    for column in ("comment_id", "account_id"):
        op.create_index(op.f(f"ix_packet_{column}"), "packet", [column])
    refuse = "EXECUTE FUNCTION packet_is_kept()"
    if _is_sqlite():
        refuse = "BEGIN SELECT RAISE(ABORT, 'the log of packets only grows'); END"
    else:
        op.execute(
            "CREATE FUNCTION packet_is_kept() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the log of packets only grows'; END $$"
        )
    for name, what in KEPT.items():
        op.execute(f"CREATE TRIGGER {name} BEFORE {what} ON packet FOR EACH ROW {refuse}")


def downgrade() -> None:
    """Packets that were made are no longer known here."""
    op.drop_table("packet")
    if not _is_sqlite():
        op.execute("DROP FUNCTION packet_is_kept()")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"

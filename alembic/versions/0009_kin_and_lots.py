"""Which contributions are alike, and decisions made in one go.

Those that came before have no signature yet: it takes the program itself to read a text, and minutes for a
hundred thousand. `moderation compare` does it while the site serves.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

LOT_IS_KEPT = "decision_lot_is_never_changed"
KIN = "ix_comment_kin_status_submitted_at_id"


def upgrade() -> None:
    op.add_column("comment", sa.Column("kin", sa.String(length=26), nullable=True))
    op.create_index(op.f(KIN), "comment", ["kin", "status", "submitted_at", "id"])
    op.create_table(
        "signature",
        sa.Column("comment_id", sa.String(length=26), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_signature_comment_id_comment")),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_signature")),
    )
    op.create_table(
        "signature_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("comment_id", sa.String(length=26), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["signature.comment_id"], name=op.f("fk_signature_key_comment_id_signature")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature_key")),
    )
    op.create_index(op.f("ix_signature_key_key_id"), "signature_key", ["key", "id"])
    op.create_index(op.f("ix_signature_key_comment_id"), "signature_key", ["comment_id"])
    op.add_column("decision", sa.Column("lot", sa.String(length=26), nullable=True))
    op.create_index(op.f("ix_decision_lot"), "decision", ["lot"])
    refuse = "EXECUTE FUNCTION decision_is_kept()"
    if op.get_bind().dialect.name == "sqlite":
        refuse = "BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END"
    op.execute(f"CREATE TRIGGER {LOT_IS_KEPT} BEFORE UPDATE OF lot ON decision FOR EACH ROW {refuse}")


def downgrade() -> None:
    of_it = "" if op.get_bind().dialect.name == "sqlite" else " ON decision"
    op.execute(f"DROP TRIGGER {LOT_IS_KEPT}{of_it}")
    # Not in a batch: making the table anew would lose the triggers that keep it.
    op.drop_index(op.f("ix_decision_lot"), "decision")
    op.drop_column("decision", "lot")
    op.drop_table("signature_key")
    op.drop_table("signature")
    op.drop_index(op.f(KIN), "comment")
    op.drop_column("comment", "kin")

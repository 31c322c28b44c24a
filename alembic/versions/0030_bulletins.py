"""The team is told by letter of what waits, and witnesses of the public log’s last hash."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

LETTERS = (
    *("sign_in", "invitation", "confirm_email", "email_changed", "password_set", "password_removed"),
    *("codes_on", "codes_off", "recovery_renewed", "recovery_used", "passkey_added", "passkey_removed"),
    *("factors_reset", "second_step_failed", "email_asked", "token_made", "question", "feed_made"),
    *("received", "published", "refused", "appeal_answered"),
)


def upgrade() -> None:
    op.create_table(
        "bulletin",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("how", sa.String(length=20), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("told_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seal", sa.String(length=26), nullable=False),
        sa.CheckConstraint("how IN ('never', 'daily', 'each')", name=op.f("ck_bulletin_how")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_bulletin_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_bulletin")),
    )
    op.create_index(op.f("ix_bulletin_due_at"), "bulletin", ["due_at"])
    op.create_table(
        "witness",
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_witness")),
    )
    _letters_are((*LETTERS, "waiting", "log_head"))


def downgrade() -> None:
    op.execute("DELETE FROM letter WHERE kind IN ('waiting', 'log_head')")
    _letters_are(LETTERS)
    op.drop_table("witness")
    op.drop_table("bulletin")


def _letters_are(kinds: Sequence[str]) -> None:
    said = ", ".join(f"'{kind}'" for kind in kinds)
    with _anew() as batch_op:
        name = batch_op.f("ck_letter_letterkind")
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"kind IN ({said})")


@contextmanager
def _anew() -> Generator[BatchOperations]:
    """SQLite makes the table anew; its numbers are given once, and go on where they were."""
    bind, given = op.get_bind(), None
    if bind.dialect.name == "sqlite":
        given = bind.scalar(sa.text("SELECT max(seq) FROM sqlite_sequence WHERE name = 'letter'"))
    with op.batch_alter_table("letter", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        yield batch_op
    if given is not None:
        op.execute("DELETE FROM sqlite_sequence WHERE name = 'letter'")
        again = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('letter', :given)")
        bind.execute(again, {"given": given})

"""Letters that tell authors what became of their texts, and what each address wants told."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

LETTERS = (
    *("sign_in", "invitation", "confirm_email", "email_changed", "password_set", "password_removed"),
    *("codes_on", "codes_off", "recovery_renewed", "recovery_used", "passkey_added", "passkey_removed"),
    *("factors_reset", "second_step_failed", "email_asked", "token_made", "question", "feed_made"),
)
TO_AUTHORS = ("received", "published", "refused", "appeal_answered")
ABOUT = {"comment_id": (sa.String(length=26), "comment"), "decision_id": (sa.Integer(), "decision")}


def upgrade() -> None:
    op.create_table(
        "mailbox",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declined", sa.JSON(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("letter", sa.String(length=26), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_mailbox")),
    )
    with _anew() as batch_op:
        for name, (kind, table) in ABOUT.items():
            batch_op.add_column(sa.Column(name, kind, nullable=True))
            batch_op.create_foreign_key(batch_op.f(f"fk_letter_{name}_{table}"), table, [name], ["id"])
            batch_op.create_index(batch_op.f(f"ix_letter_{name}"), [name])
        _kinds_are(batch_op, (*LETTERS, *TO_AUTHORS))


def downgrade() -> None:
    """Who wanted nothing any more is asked again, by a program that writes less."""
    op.execute("DELETE FROM letter WHERE comment_id IS NOT NULL")
    with _anew() as batch_op:
        for name, (_, table) in ABOUT.items():
            batch_op.drop_index(batch_op.f(f"ix_letter_{name}"))
            batch_op.drop_constraint(batch_op.f(f"fk_letter_{name}_{table}"), type_="foreignkey")
            batch_op.drop_column(name)
        _kinds_are(batch_op, LETTERS)
    op.drop_table("mailbox")


def _kinds_are(batch_op: BatchOperations, kinds: Sequence[str]) -> None:
    name, said = batch_op.f("ck_letter_letterkind"), ", ".join(f"'{kind}'" for kind in kinds)
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

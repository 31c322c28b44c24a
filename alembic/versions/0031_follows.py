"""Readers who follow a forum, or the answers to their text, by letter."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

LETTERS = (
    *("sign_in", "invitation", "confirm_email", "email_changed", "password_set", "password_removed"),
    *("codes_on", "codes_off", "recovery_renewed", "recovery_used", "passkey_added", "passkey_removed"),
    *("factors_reset", "second_step_failed", "email_asked", "token_made", "question", "feed_made"),
    *("received", "published", "refused", "appeal_answered", "waiting", "log_head"),
)
TO_FOLLOWERS = ("follow_asked", "followed")
MOMENT = sa.DateTime(timezone=True)
# Of each address once, while it lasts; and those that are to be forgotten.
SOME = {
    "ix_follow_forum_once": (["digest", "thread_id"], True, "comment_id IS NULL AND erase_at IS NULL"),
    "ix_follow_answers_once": (["digest", "comment_id"], True, "comment_id IS NOT NULL AND erase_at IS NULL"),
    "ix_follow_unconfirmed": (["asked_at"], False, "confirmed_at IS NULL AND erase_at IS NULL"),
}


def upgrade() -> None:
    op.create_table(
        "follow",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.String(length=26), nullable=True),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("letter_at", MOMENT, nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("erase_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_follow_thread_id_thread")),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_follow_comment_id_comment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow")),
    )
    for column in ("digest", "thread_id", "comment_id", "erase_at"):
        op.create_index(op.f(f"ix_follow_{column}"), "follow", [column])
    for name, (columns, unique, where) in SOME.items():
        kinds = {f"{kind}_where": sa.text(where) for kind in ("sqlite", "postgresql")}
        op.create_index(name, "follow", columns, unique=unique, **kinds)
    op.create_table(
        "follow_mark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_mark")),
    )
    with _anew() as batch_op:
        batch_op.add_column(sa.Column("follow_id", sa.String(length=26), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_letter_follow_id_follow"), "follow", ["follow_id"], ["id"])
        batch_op.create_index(batch_op.f("ix_letter_follow_id"), ["follow_id"])
        _kinds_are(batch_op, (*LETTERS, *TO_FOLLOWERS))
    if not _is_sqlite():
        # An address that was stopped writing to leaves the files too, as in 0013.
        schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
        op.execute(
            "CREATE FUNCTION rewrite_follow() RETURNS void LANGUAGE sql SECURITY DEFINER "
            f"SET search_path = {schema}, pg_temp AS 'CLUSTER follow USING pk_follow'"
        )
        op.execute("REVOKE EXECUTE ON FUNCTION rewrite_follow() FROM PUBLIC")


def downgrade() -> None:
    """Nobody follows anything any more."""
    op.execute("DELETE FROM letter WHERE follow_id IS NOT NULL")
    with _anew() as batch_op:
        batch_op.drop_index(batch_op.f("ix_letter_follow_id"))
        batch_op.drop_constraint(batch_op.f("fk_letter_follow_id_follow"), type_="foreignkey")
        batch_op.drop_column("follow_id")
        _kinds_are(batch_op, LETTERS)
    if not _is_sqlite():
        op.execute("DROP FUNCTION rewrite_follow()")
    op.drop_table("follow_mark")
    op.drop_table("follow")


def _kinds_are(batch_op: BatchOperations, kinds: Sequence[str]) -> None:
    name, said = batch_op.f("ck_letter_letterkind"), ", ".join(f"'{kind}'" for kind in kinds)
    batch_op.drop_constraint(name, type_="check")
    batch_op.create_check_constraint(name, f"kind IN ({said})")


@contextmanager
def _anew() -> Generator[BatchOperations]:
    """SQLite makes the table anew; its numbers are given once, and go on where they were."""
    bind, given = op.get_bind(), None
    if _is_sqlite():
        given = bind.scalar(sa.text("SELECT max(seq) FROM sqlite_sequence WHERE name = 'letter'"))
    with op.batch_alter_table("letter", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        yield batch_op
    if given is not None:
        op.execute("DELETE FROM sqlite_sequence WHERE name = 'letter'")
        again = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('letter', :given)")
        bind.execute(again, {"given": given})


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"

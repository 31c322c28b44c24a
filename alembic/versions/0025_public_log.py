"""The public log, and what opens its lines."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

from moderation.models.columns import UTCDateTime

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

EFFECTS = ("sync", "erase", "lapse", "forget")
TOLD = ("publish", "refuse", "unpublish", "reopen", "correct", "redact", "spam")
KEPT = {"log_line_is_never_changed": "UPDATE", "log_line_is_never_deleted": "DELETE"}


def upgrade() -> None:
    op.create_table(
        "log_line",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_log_line")),
    )
    op.create_table(
        "log_entry",
        sa.Column("decision_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("comment_id", sa.String(length=26), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=26), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_log_entry_comment_id_comment")),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decision.id"], name=op.f("fk_log_entry_decision_id_decision")
        ),
        sa.ForeignKeyConstraint(["seq"], ["log_line.seq"], name=op.f("fk_log_entry_seq_log_line")),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_log_entry")),
        sa.UniqueConstraint("seq", name=op.f("uq_log_entry_seq")),
    )
    op.create_index(op.f("ix_log_entry_comment_id"), "log_entry", ["comment_id"])
    op.add_column("site", sa.Column("log_names", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("account", sa.Column("pseudonym", sa.String(length=8), nullable=True))
    _effects_are((*EFFECTS, "log"))
    _tell_what_may_still_be_undone()
    _keep()


def _tell_what_may_still_be_undone() -> None:
    """The log begins now: with what has not taken effect yet."""
    now = datetime.now(UTC)
    plain = [sa.column(name) for name in ("id", "comment_id", "action", "account_id", "undoes")]
    decision = sa.table("decision", *plain, sa.column("undo_until", UTCDateTime()))
    effect = sa.table(
        "effect", *map(sa.column, ("kind", "comment_id", "decision_id")), sa.column("due_at", UTCDateTime())
    )
    undone = sa.select(decision.c.undoes).where(decision.c.undoes.is_not(None))
    waits = sa.select(decision).where(
        decision.c.undo_until > now,
        decision.c.account_id.is_not(None),
        decision.c.undoes.is_(None),
        decision.c.id.not_in(undone),
        decision.c.action.in_(TOLD),
    )
    for row in op.get_bind().execute(waits).all():
        due = row.undo_until
        if row.action == "spam":
            due = due.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        told = {"kind": "log", "comment_id": row.comment_id, "decision_id": row.id, "due_at": due}
        op.get_bind().execute(effect.insert().values(told))


def _keep() -> None:
    refuse = "EXECUTE FUNCTION log_line_is_kept()"
    if _is_sqlite():
        refuse = "BEGIN SELECT RAISE(ABORT, 'the public log only grows'); END"
    else:
        op.execute(
            "CREATE FUNCTION log_line_is_kept() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the public log only grows'; END $$"
        )
        # What opens a line is erased with the text, as in 0013.
        schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
        op.execute(
            "CREATE FUNCTION rewrite_log_entry() RETURNS void LANGUAGE sql SECURITY DEFINER "
            f"SET search_path = {schema}, pg_temp AS 'CLUSTER log_entry USING pk_log_entry'"
        )
        op.execute("REVOKE EXECUTE ON FUNCTION rewrite_log_entry() FROM PUBLIC")
    for name, what in KEPT.items():
        op.execute(f"CREATE TRIGGER {name} BEFORE {what} ON log_line FOR EACH ROW {refuse}")


def downgrade() -> None:
    """What was said in public is no longer known here; who kept a copy has it."""
    op.execute("DELETE FROM effect WHERE kind = 'log'")
    _effects_are(EFFECTS)
    op.drop_column("account", "pseudonym")
    op.drop_column("site", "log_names")
    op.drop_table("log_entry")
    op.drop_table("log_line")
    if not _is_sqlite():
        op.execute("DROP FUNCTION rewrite_log_entry()")
        op.execute("DROP FUNCTION log_line_is_kept()")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _effects_are(words: Sequence[str]) -> None:
    """SQLite makes the table anew; its numbers are given once, and go on where they were."""
    name, said = op.f("ck_effect_effectkind"), ", ".join(f"'{word}'" for word in words)
    given = None
    if _is_sqlite():
        given = op.get_bind().scalar(sa.text("SELECT max(seq) FROM sqlite_sequence WHERE name = 'effect'"))
    with op.batch_alter_table("effect", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"kind IN ({said})")
    if given is not None:
        op.execute("DELETE FROM sqlite_sequence WHERE name = 'effect'")
        op.get_bind().execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('effect', :given)"), {"given": given}
        )

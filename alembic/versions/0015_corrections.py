"""The moderation corrects texts, takes words out of them, and answers in its own name: all of it is said."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ACTIONS = ("publish", "refuse", "spam", "reopen", "unpublish", "withdraw", "ask", "answer", "lapse")
EFFECTS = ("sync", "erase", "lapse")
CHANGED_AT = ("corrected_at", "redacted_at")
# On SQLite a table whose rule changes is made anew, and loses the triggers that keep the log.
KEPT = "id, comment_id, revision, version, action, before, after, reason, account_id, at, undo_until, undoes"
TRIGGERS = {
    "decision_is_never_changed": f"""BEFORE UPDATE OF {KEPT} ON decision FOR EACH ROW
        BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END""",
    "decision_is_never_deleted": """BEFORE DELETE ON decision FOR EACH ROW
        BEGIN SELECT RAISE(ABORT, 'decisions are never deleted'); END""",
    "decision_lot_is_never_changed": """BEFORE UPDATE OF lot ON decision FOR EACH ROW
        BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END""",
}


def upgrade() -> None:
    _words_are("decision", "action", (*ACTIONS, "correct", "redact"))
    _words_are("effect", "kind", (*EFFECTS, "forget"))
    for table in ("version", "publication"):
        for name in CHANGED_AT:
            op.add_column(table, sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    for table in ("comment", "publication"):
        op.add_column(table, sa.Column("official", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    """What was corrected stays so; that it was is no longer said."""
    for table in ("comment", "publication"):
        op.drop_column(table, "official")
    for table in ("version", "publication"):
        for name in CHANGED_AT:
            op.drop_column(table, name)
    op.execute("DELETE FROM effect WHERE kind = 'forget'")
    _never_rewritten()
    _words_are("effect", "kind", EFFECTS)
    _words_are("decision", "action", ACTIONS)


def _never_rewritten() -> None:
    """For a program that knows of no corrections: the log holds moves alone."""
    if _is_sqlite():
        for name in TRIGGERS:
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("ALTER TABLE decision DISABLE TRIGGER USER")
    op.execute("DELETE FROM decision WHERE undoes IS NOT NULL AND action IN ('correct', 'redact')")
    op.execute("DELETE FROM decision WHERE action IN ('correct', 'redact')")
    if not _is_sqlite():
        op.execute("ALTER TABLE decision ENABLE TRIGGER USER")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _words_are(table: str, column: str, words: Sequence[str]) -> None:
    name = op.f(f"ck_{table}_{'effectkind' if column == 'kind' else column}")
    said = ", ".join(f"'{word}'" for word in words)
    once = table == "effect"
    # SQLite makes the table anew; its numbers are given once, and go on where they were.
    given = None
    if once and _is_sqlite():
        given = op.get_bind().scalar(sa.text("SELECT max(seq) FROM sqlite_sequence WHERE name = 'effect'"))
    with op.batch_alter_table(table, table_kwargs={"sqlite_autoincrement": True} if once else {}) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"{column} IN ({said})")
    if given is not None:
        op.execute("DELETE FROM sqlite_sequence WHERE name = 'effect'")
        op.get_bind().execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('effect', :given)"), {"given": given}
        )
    if table == "decision" and _is_sqlite():
        for name, trigger in TRIGGERS.items():
            op.execute(f"DROP TRIGGER IF EXISTS {name}")
            op.execute(f"CREATE TRIGGER {name} {trigger}")

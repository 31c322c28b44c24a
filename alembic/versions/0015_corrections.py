"""The moderation corrects texts, takes words out of them, and answers in its own name: all of it is said."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ACTIONS = ("publish", "refuse", "spam", "reopen", "unpublish", "withdraw")
EFFECTS = ("sync", "erase")
CHANGED_AT = ("corrected_at", "redacted_at")
# On SQLite a table whose rule changes is made anew, and loses the triggers that keep the log.
KEPT = "id, comment_id, revision, version, action, before, after, reason, account_id, at, undo_until, undoes"
TRIGGERS = (
    f"""CREATE TRIGGER decision_is_never_changed BEFORE UPDATE OF {KEPT} ON decision
        BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END""",
    """CREATE TRIGGER decision_is_never_deleted BEFORE DELETE ON decision
        BEGIN SELECT RAISE(ABORT, 'decisions are never deleted'); END""",
    """CREATE TRIGGER decision_lot_is_never_changed BEFORE UPDATE OF lot ON decision FOR EACH ROW
        BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END""",
)


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
    _words_are("effect", "kind", EFFECTS)
    _words_are("decision", "action", ACTIONS)


def _words_are(table: str, column: str, words: Sequence[str]) -> None:
    name = op.f(f"ck_{table}_{'effectkind' if column == 'kind' else column}")
    said = ", ".join(f"'{word}'" for word in words)
    numbered_once = {"sqlite_autoincrement": table == "effect"}
    with op.batch_alter_table(table, table_kwargs=numbered_once) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"{column} IN ({said})")
    if table == "decision" and op.get_bind().dialect.name == "sqlite":
        for trigger in TRIGGERS:
            op.execute(trigger)

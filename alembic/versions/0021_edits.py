"""Authors write anew what waits, and the log says so."""

from collections.abc import Sequence

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

ACTIONS = (
    *("publish", "refuse", "spam", "reopen", "unpublish", "withdraw", "ask", "answer", "lapse"),
    *("correct", "redact"),
)
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
    _actions_are((*ACTIONS, "edit"))


def downgrade() -> None:
    """For a program in which nobody writes anew: who did so when asked has answered."""
    if _is_sqlite():
        for name in TRIGGERS:
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("ALTER TABLE decision DISABLE TRIGGER USER")
    op.execute("UPDATE decision SET action = 'answer' WHERE action = 'edit' AND before = 'asked'")
    op.execute("DELETE FROM decision WHERE action = 'edit'")
    if not _is_sqlite():
        op.execute("ALTER TABLE decision ENABLE TRIGGER USER")
    _actions_are(ACTIONS)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _actions_are(words: Sequence[str]) -> None:
    name = op.f("ck_decision_action")
    said = ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table("decision") as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"action IN ({said})")
    if _is_sqlite():
        for trigger, rule in TRIGGERS.items():
            op.execute(f"DROP TRIGGER IF EXISTS {trigger}")
            op.execute(f"CREATE TRIGGER {trigger} {rule}")

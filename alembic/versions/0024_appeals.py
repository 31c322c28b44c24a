"""Authors appeal, and the log says so."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

ACTIONS = (
    *("publish", "refuse", "spam", "reopen", "unpublish", "withdraw", "ask", "answer", "lapse"),
    *("correct", "redact", "edit"),
)
# On SQLite a table whose rule changes is made anew, and loses the triggers that keep the log.
KEPT = "id, comment_id, revision, version, action, before, after, reason, account_id, at, undo_until, undoes"
REFUSED = "BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END"
TRIGGERS = {
    "decision_is_never_changed": f"BEFORE UPDATE OF {KEPT} ON decision FOR EACH ROW {REFUSED}",
    "decision_is_never_deleted": """BEFORE DELETE ON decision FOR EACH ROW
        BEGIN SELECT RAISE(ABORT, 'decisions are never deleted'); END""",
    "decision_lot_is_never_changed": f"BEFORE UPDATE OF lot ON decision FOR EACH ROW {REFUSED}",
    "decision_charter_is_never_changed": f"""BEFORE UPDATE OF charter, charter_article ON decision
        FOR EACH ROW {REFUSED}""",
}


def upgrade() -> None:
    for name in ("appealed", "contested"):
        op.add_column("comment", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    _actions_are((*ACTIONS, "appeal"))


def downgrade() -> None:
    """For a program that knows no appeals: somebody looks at it again."""
    if _is_sqlite():
        for name in TRIGGERS:
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("ALTER TABLE decision DISABLE TRIGGER USER")
    op.execute("UPDATE decision SET action = 'reopen' WHERE action = 'appeal'")
    if not _is_sqlite():
        op.execute("ALTER TABLE decision ENABLE TRIGGER USER")
    _actions_are(ACTIONS)
    for name in ("contested", "appealed"):
        op.drop_column("comment", name)


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

"""Authors ask for other words in the place of those that are public, or for none."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

ACTIONS = (
    *("publish", "refuse", "spam", "reopen", "unpublish", "withdraw", "ask", "answer", "lapse"),
    *("correct", "redact", "edit", "appeal"),
)
EFFECTS = ("sync", "erase", "lapse", "forget", "log")
FOREIGN = "fk_comment_amends_comment"
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
    # Not in a batch: however many comments there are, nothing is written anew.
    op.execute(
        f"ALTER TABLE comment ADD COLUMN amends VARCHAR(26) CONSTRAINT {FOREIGN} REFERENCES comment (id)"
    )
    op.create_index(op.f("ix_comment_amends"), "comment", ["amends"])
    op.add_column("comment", sa.Column("retracts", sa.Boolean(), server_default=sa.false(), nullable=False))
    for table in ("version", "publication"):
        op.add_column(table, sa.Column("amended_at", sa.DateTime(timezone=True), nullable=True))
    _actions_are((*ACTIONS, "amend", "retract"))
    _effects_are((*EFFECTS, "amend"))


def downgrade() -> None:
    """For a program that would publish beside a text what was to take its place: nothing comes of that.

    The doctor will say that the log leads elsewhere.
    """
    if _is_sqlite():
        for name in TRIGGERS:
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("ALTER TABLE decision DISABLE TRIGGER USER")
    op.execute("UPDATE decision SET action = 'correct' WHERE action = 'amend'")
    op.execute("UPDATE decision SET action = 'withdraw' WHERE action = 'retract'")
    if not _is_sqlite():
        op.execute("ALTER TABLE decision ENABLE TRIGGER USER")
    op.execute("DELETE FROM effect WHERE kind = 'amend'")
    op.execute("UPDATE comment SET status = 'refused' WHERE amends IS NOT NULL AND status <> 'withdrawn'")
    _effects_are(EFFECTS)
    _actions_are(ACTIONS)
    for table in ("publication", "version"):
        op.drop_column(table, "amended_at")
    op.drop_column("comment", "retracts")
    op.drop_index(op.f("ix_comment_amends"), "comment")
    op.drop_column("comment", "amends")


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

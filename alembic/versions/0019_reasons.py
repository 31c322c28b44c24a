"""The reasons a site words, adds, orders and no longer offers; a decision names one by its code."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

SHIPPED = (
    *("off_topic", "no_information", "unverifiable", "personal_attack", "discriminatory", "privacy"),
    *("endangers", "illegal", "advertising", "duplicate", "other"),
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
    op.create_table(
        "reason",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("explanation", sa.String(length=500), nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_reason")),
    )
    for table in ("decision", "voice"):
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_constraint(op.f(f"ck_{table}_reason"), type_="check")
    _keep_the_log()


def downgrade() -> None:
    """The program before knows the shipped reasons alone: what gave one of the site’s own says « other ».

    The site’s words are lost, and which of its reasons was given: there is nowhere to keep them.
    """
    known = ", ".join(f"'{code}'" for code in SHIPPED)
    _open_the_log()
    for table in ("decision", "voice", "comment"):
        op.execute(f"UPDATE {table} SET reason = 'other' WHERE reason NOT IN ({known})")  # noqa: S608 - our own words
    if not _is_sqlite():
        op.execute("ALTER TABLE decision ENABLE TRIGGER USER")
    for table in ("decision", "voice"):
        with op.batch_alter_table(table) as batch_op:
            batch_op.create_check_constraint(op.f(f"ck_{table}_reason"), f"reason IN ({known})")
    _keep_the_log()
    op.drop_table("reason")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _open_the_log() -> None:
    if _is_sqlite():
        for name in TRIGGERS:
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("ALTER TABLE decision DISABLE TRIGGER USER")


def _keep_the_log() -> None:
    if not _is_sqlite():
        return
    for name, trigger in TRIGGERS.items():
        op.execute(f"DROP TRIGGER IF EXISTS {name}")
        op.execute(f"CREATE TRIGGER {name} {trigger}")

"""Reasons are tied to an article of the charter and a category of law; decisions cite what they went by."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

CITED_IS_KEPT = "decision_charter_is_never_changed"


def upgrade() -> None:
    op.add_column("reason", sa.Column("article", sa.String(length=60), nullable=True))
    op.add_column("reason", sa.Column("category", sa.String(length=80), nullable=True))
    op.add_column("decision", sa.Column("charter", sa.Integer(), nullable=True))
    op.add_column("decision", sa.Column("charter_article", sa.String(length=60), nullable=True))
    refuse = (
        "BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END"
        if _is_sqlite()
        else "EXECUTE FUNCTION decision_is_kept()"
    )
    columns = "charter, charter_article"
    op.execute(f"CREATE TRIGGER {CITED_IS_KEPT} BEFORE UPDATE OF {columns} ON decision FOR EACH ROW {refuse}")


def downgrade() -> None:
    op.execute(f"DROP TRIGGER {CITED_IS_KEPT}{'' if _is_sqlite() else ' ON decision'}")
    # Not in a batch: making the table anew would lose the triggers that keep it.
    for table, column in (
        ("decision", "charter_article"),
        ("decision", "charter"),
        ("reason", "category"),
        ("reason", "article"),
    ):
        op.drop_column(table, column)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"

"""How often a word stands in SQLite’s search index, told without a walk through all that begins with it."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

WORDS = "CREATE VIRTUAL TABLE search_words USING fts5vocab('search', 'instance')"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(WORDS)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_words")

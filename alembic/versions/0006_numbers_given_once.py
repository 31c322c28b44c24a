"""The numbers of browsers, passkeys, effects and letters are given once: pages remember them."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = ("account_session", "passkey", "effect", "letter")


def upgrade() -> None:
    _made_anew(once=True)


def downgrade() -> None:
    _made_anew(once=False)


def _made_anew(*, once: bool) -> None:
    """SQLite alone gives the highest number again once its row is gone; PostgreSQL’s sequences never do."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in TABLES:
        with op.batch_alter_table(table, recreate="always", table_kwargs={"sqlite_autoincrement": once}):
            pass

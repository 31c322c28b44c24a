"""PostgreSQL can leave behind what is erased: tables are written anew, and sampled without words."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# The planner needs no sample of what nobody looks for, and one would keep words where nothing erases them.
WORDS = {
    "version": ("author", "email", "source", "html", "folded"),
    "comment": ("author_key", "email_key"),
    "publication": ("author", "html"),
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    op.execute("ALTER INDEX ix_version_folded ALTER COLUMN 1 SET STATISTICS 0")
    for table, columns in WORDS.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ALTER {column} SET STATISTICS 0")
        # The role of the server may not own the table; before PostgreSQL 17 no right less than that would do.
        # VACUUM FULL is not possible in a function.
        op.execute(
            f"CREATE FUNCTION rewrite_{table}() RETURNS void LANGUAGE sql SECURITY DEFINER "
            f"SET search_path = {schema}, pg_temp AS 'CLUSTER {table} USING pk_{table}'"
        )
        op.execute(f"REVOKE EXECUTE ON FUNCTION rewrite_{table}() FROM PUBLIC")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute("ALTER INDEX ix_version_folded ALTER COLUMN 1 SET STATISTICS -1")
    for table, columns in WORDS.items():
        op.execute(f"DROP FUNCTION rewrite_{table}()")
        op.execute(f"ALTER TABLE {table} SET WITHOUT CLUSTER")
        for column in columns:
            op.execute(f"ALTER TABLE {table} ALTER {column} SET STATISTICS -1")

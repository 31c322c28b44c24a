"""PostgreSQL can leave behind what is erased: tables are written anew, and sampled without words."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# Each with the index in whose order it is written.
TABLES = {
    "version": "pk_version",
    "comment": "ix_comment_status_submitted_at_id",
    "publication": "pk_publication",
    "note": "pk_note",
    "voice": "pk_voice",
    "trait": "pk_trait",
    "precedent_word": "pk_precedent_word",
    "signature": "pk_signature",
    "signature_key": "pk_signature_key",
}
# A sample would keep words where nothing erases them. The planner needs none: nobody looks for these, or an
# index is made for just that question.
WORDS = (
    *(("version", column) for column in ("author", "email", "source", "html", "folded")),
    *(("publication", column) for column in ("author", "html")),
    ("note", "text"),
    ("voice", "note"),
    ("comment", "author_key"),
    ("comment", "email_key"),
    ("trait", "host"),
    ("signature", "value"),
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    for table, column in WORDS:
        op.execute(f"ALTER TABLE {table} ALTER {column} SET STATISTICS 0")
    op.execute("ALTER INDEX ix_version_folded ALTER COLUMN 1 SET STATISTICS 0")
    # The role of the server may not own the tables; before PostgreSQL 17 no right less than that would do.
    # VACUUM FULL is not possible in a function.
    for table, index in TABLES.items():
        op.execute(
            f"CREATE FUNCTION rewrite_{table}() RETURNS void LANGUAGE sql SECURITY DEFINER "
            f"SET search_path = {schema}, pg_temp AS 'CLUSTER {table} USING {index}'"
        )
        op.execute(f"REVOKE EXECUTE ON FUNCTION rewrite_{table}() FROM PUBLIC")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    for table in TABLES:
        op.execute(f"DROP FUNCTION rewrite_{table}()")
        op.execute(f"ALTER TABLE {table} SET WITHOUT CLUSTER")
    op.execute("ALTER INDEX ix_version_folded ALTER COLUMN 1 SET STATISTICS -1")
    for table, column in WORDS:
        op.execute(f"ALTER TABLE {table} ALTER {column} SET STATISTICS -1")

"""The notes of decisions are erased with the text they are about, and leave PostgreSQL’s files with it."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What was withdrawn before kept its notes.
    op.execute(
        "UPDATE decision SET note = '' WHERE note <> '' "
        "AND comment_id IN (SELECT id FROM comment WHERE status = 'withdrawn')"
    )
    op.execute("DELETE FROM recusal WHERE comment_id IN (SELECT id FROM comment WHERE status = 'withdrawn')")
    if op.get_bind().dialect.name == "sqlite":
        return
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    op.execute("ALTER TABLE decision ALTER note SET STATISTICS 0")
    op.execute(
        "CREATE FUNCTION rewrite_decision() RETURNS void LANGUAGE sql SECURITY DEFINER "
        f"SET search_path = {schema}, pg_temp AS 'CLUSTER decision USING pk_decision'"
    )
    op.execute("REVOKE EXECUTE ON FUNCTION rewrite_decision() FROM PUBLIC")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute("DROP FUNCTION rewrite_decision()")
    op.execute("ALTER TABLE decision SET WITHOUT CLUSTER")
    op.execute("ALTER TABLE decision ALTER note SET STATISTICS -1")

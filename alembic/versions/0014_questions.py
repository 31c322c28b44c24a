"""Questions to authors: what is asked and answered, waiting for it, and the letter that tells of it."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STATUSES = ("pending", "published", "refused", "spam", "withdrawn", "unpublished")
ACTIONS = ("publish", "refuse", "spam", "reopen", "unpublish", "withdraw")
EFFECTS = ("sync", "erase")
LETTERS = (
    *("sign_in", "invitation", "confirm_email", "email_changed", "password_set", "password_removed"),
    *("codes_on", "codes_off", "recovery_renewed", "recovery_used", "passkey_added", "passkey_removed"),
    *("factors_reset", "second_step_failed", "email_asked", "token_made"),
)
ASKED = "asked"
MOVES = ("ask", "answer", "lapse")
# By table: each check, its column, the words there were, and those there are besides.
WORDS: dict[str, tuple[tuple[str, str, Sequence[str], Sequence[str]], ...]] = {
    "comment": (("status", "status", STATUSES, [ASKED]),),
    "trait": (("status", "status", STATUSES, [ASKED]),),
    "decision": (
        ("action", "action", ACTIONS, MOVES),
        ("before", '"before"', STATUSES, [ASKED]),
        ("after", '"after"', STATUSES, [ASKED]),
    ),
    "effect": (("effectkind", "kind", EFFECTS, ["lapse"]),),
    "letter": (("letterkind", "kind", LETTERS, ["question"]),),
}
# SQLite changes a check by making its table anew, which loses what watches over it.
DECISION = (
    "id, comment_id, revision, version, action, before, after, reason, account_id, at, undo_until, undoes"
)
KEPT = {
    "decision_is_never_changed": f"UPDATE OF {DECISION}",
    "decision_is_never_deleted": "DELETE",
    "decision_lot_is_never_changed": "UPDATE OF lot",
}
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.String(length=26), nullable=False),
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        *(sa.Column(name, TIME, nullable=True) for name in ("answered_at", "lapsed_at", "mailed_at")),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_question_comment_id_comment")),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decision.id"], name=op.f("fk_question_decision_id_decision")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
        sa.UniqueConstraint("decision_id", name=op.f("uq_question_decision_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_question_comment_id"), "question", ["comment_id"])
    with _anew("letter") as batch_op:
        batch_op.add_column(sa.Column("question_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_letter_question_id_question"), "question", ["question_id"], ["id"]
        )
        batch_op.create_index(batch_op.f("ix_letter_question_id"), ["question_id"])
    for table, checks in WORDS.items():
        _known(table, {check: (column, [*old, *new]) for check, column, old, new in checks})
    if not _is_sqlite():
        _leaves_its_files()


def downgrade() -> None:
    if not _is_sqlite():
        op.execute("DROP FUNCTION rewrite_question()")
    op.execute("DELETE FROM effect WHERE kind = 'lapse'")
    op.execute("DELETE FROM letter WHERE kind = 'question'")
    with _anew("letter") as batch_op:
        batch_op.drop_index(batch_op.f("ix_letter_question_id"))
        batch_op.drop_constraint(batch_op.f("fk_letter_question_id_question"), type_="foreignkey")
        batch_op.drop_column("question_id")
    op.drop_table("question")
    _never_asked()
    for table, checks in WORDS.items():
        _known(table, {check: (column, old) for check, column, old, _ in checks})


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


@contextmanager
def _anew(table: str) -> Generator[BatchOperations]:
    """A table SQLite makes anew. One whose numbers are given once goes on where it was."""
    once = table in {"effect", "letter"}
    given = None
    if once and _is_sqlite():
        query = sa.text("SELECT max(seq) FROM sqlite_sequence WHERE name = :name")
        given = op.get_bind().scalar(query, {"name": table})
    with op.batch_alter_table(table, table_kwargs={"sqlite_autoincrement": True} if once else {}) as batch_op:
        yield batch_op
    if given is not None:
        for statement in (
            "DELETE FROM sqlite_sequence WHERE name = :name",
            "INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :given)",
        ):
            op.get_bind().execute(sa.text(statement), {"name": table, "given": given})


def _known(table: str, checks: dict[str, tuple[str, Sequence[str]]]) -> None:
    """The words each column takes."""
    with _anew(table) as batch_op:
        for check, (column, words) in checks.items():
            name = batch_op.f(f"ck_{table}_{check}")
            batch_op.drop_constraint(name, type_="check")
            known = ", ".join(f"'{word}'" for word in words)
            batch_op.create_check_constraint(name, f"{column} IN ({known})")
    if table == "decision" and _is_sqlite():
        _watched()


def _watched() -> None:
    for name, what in KEPT.items():
        told = "deleted" if what == "DELETE" else "changed"
        op.execute(f"DROP TRIGGER IF EXISTS {name}")
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {what} ON decision FOR EACH ROW"
            f" BEGIN SELECT RAISE(ABORT, 'decisions are never {told}'); END"
        )


def _leaves_its_files() -> None:
    """As the other tables that hold words do since 0013."""
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    for column in ("text", "answer"):
        op.execute(f"ALTER TABLE question ALTER {column} SET STATISTICS 0")
    op.execute(
        "CREATE FUNCTION rewrite_question() RETURNS void LANGUAGE sql SECURITY DEFINER "
        f"SET search_path = {schema}, pg_temp AS 'CLUSTER question USING pk_question'"
    )
    op.execute("REVOKE EXECUTE ON FUNCTION rewrite_question() FROM PUBLIC")


def _never_asked() -> None:
    """For a program that knows of no questions: what was asked about waits, and has not moved."""
    if _is_sqlite():
        for name in KEPT:
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("ALTER TABLE decision DISABLE TRIGGER USER")
    moved = "(before = 'pending' AND after = 'asked') OR (before = 'asked' AND after = 'pending')"
    # Undoings first: they name what they undo.
    op.execute(f"DELETE FROM decision WHERE undoes IS NOT NULL AND ({moved})")  # noqa: S608 - our own words
    op.execute(f"DELETE FROM decision WHERE {moved}")  # noqa: S608
    for column in ("before", "after"):
        op.execute(f"UPDATE decision SET {column} = 'pending' WHERE {column} = 'asked'")  # noqa: S608
    if not _is_sqlite():
        op.execute("ALTER TABLE decision ENABLE TRIGGER USER")
    for table in ("comment", "trait"):
        op.execute(f"UPDATE {table} SET status = 'pending' WHERE status = 'asked'")  # noqa: S608

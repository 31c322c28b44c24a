"""Letters about tokens and new addresses; who closed or opened a forum is never changed or deleted."""

from collections.abc import Sequence

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

LETTERS_BEFORE = (
    "sign_in",
    "invitation",
    "confirm_email",
    "email_changed",
    "password_set",
    "password_removed",
    "codes_on",
    "codes_off",
    "recovery_renewed",
    "recovery_used",
    "passkey_added",
    "passkey_removed",
    "factors_reset",
    "second_step_failed",
)
NEW = ("email_asked", "token_made")
SQLITE = [
    """CREATE TRIGGER forum_change_is_never_changed BEFORE UPDATE ON forum_change
        BEGIN SELECT RAISE(ABORT, 'changes of forums are never changed'); END""",
    """CREATE TRIGGER forum_change_is_never_deleted BEFORE DELETE ON forum_change
        BEGIN SELECT RAISE(ABORT, 'changes of forums are never deleted'); END""",
]
POSTGRESQL = [
    """CREATE FUNCTION forum_change_is_kept() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'changes of forums are never changed or deleted'; END $$""",
    """CREATE TRIGGER forum_change_is_never_changed BEFORE UPDATE ON forum_change
        FOR EACH ROW EXECUTE FUNCTION forum_change_is_kept()""",
    """CREATE TRIGGER forum_change_is_never_deleted BEFORE DELETE ON forum_change
        FOR EACH ROW EXECUTE FUNCTION forum_change_is_kept()""",
]


def upgrade() -> None:
    _letters_are((*LETTERS_BEFORE, *NEW))
    for statement in SQLITE if _is_sqlite() else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    on = "" if _is_sqlite() else " ON forum_change"
    for end in ("changed", "deleted"):
        op.execute(f"DROP TRIGGER forum_change_is_never_{end}{on}")
    if not _is_sqlite():
        op.execute("DROP FUNCTION forum_change_is_kept()")
    op.execute(f"DELETE FROM letter WHERE kind IN ({_words(NEW)})")  # noqa: S608 - our own words
    _letters_are(LETTERS_BEFORE)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _letters_are(kinds: Sequence[str]) -> None:
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_letter_letterkind"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_letter_letterkind"), f"kind IN ({_words(kinds)})")


def _words(kinds: Sequence[str]) -> str:
    return ", ".join(f"'{kind}'" for kind in kinds)

"""A letter tells that the address of a private feed was made."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

LETTERS = (
    *("sign_in", "invitation", "confirm_email", "email_changed", "password_set", "password_removed"),
    *("codes_on", "codes_off", "recovery_renewed", "recovery_used", "passkey_added", "passkey_removed"),
    *("factors_reset", "second_step_failed", "email_asked", "token_made", "question"),
)


def upgrade() -> None:
    _letters_are((*LETTERS, "feed_made"))


def downgrade() -> None:
    op.execute("DELETE FROM letter WHERE kind = 'feed_made'")
    _letters_are(LETTERS)


def _letters_are(kinds: Sequence[str]) -> None:
    """On SQLite the table is made anew; its numbers are given once, and go on where they were."""
    bind = op.get_bind()
    sqlite = bind.dialect.name == "sqlite"
    given = sqlite and bind.scalar(sa.text("SELECT max(seq) FROM sqlite_sequence WHERE name = 'letter'"))
    with op.batch_alter_table("letter", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        name = batch_op.f("ck_letter_letterkind")
        batch_op.drop_constraint(name, type_="check")
        known = ", ".join(f"'{kind}'" for kind in kinds)
        batch_op.create_check_constraint(name, f"kind IN ({known})")
    if given:
        op.execute("DELETE FROM sqlite_sequence WHERE name = 'letter'")
        again = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('letter', :given)")
        bind.execute(again, {"given": given})

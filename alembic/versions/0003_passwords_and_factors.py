"""Passwords, second factors, named browsers, letters that tell an account something."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
LETTERS_BEFORE = ("sign_in", "invitation")
LETTERS = (
    *LETTERS_BEFORE,
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


def upgrade() -> None:
    _new_tables()
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("password", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("totp", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("totp_step", sa.Integer(), nullable=True))

    with op.batch_alter_table("account_session", schema=None) as batch_op:
        batch_op.add_column(sa.Column("previous", sa.String(length=64), nullable=True))
        batch_op.create_index(batch_op.f("ix_account_session_previous"), ["previous"], unique=False)
    _add_filled("account_session", {"browser": (sa.String(length=60), "''")})
    _add_filled(
        "account_session",
        dict.fromkeys(("signed_in_at", "seen_at", "confirmed_at"), (TIME, "renewed_at")),
    )

    _add_filled("letter", {"name": (sa.String(length=26), "sign_in_id"), "written_at": (TIME, "due_at")})
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.add_column(sa.Column("account_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("address", sa.String(length=254), nullable=True))
        batch_op.alter_column("sign_in_id", existing_type=sa.String(length=26), nullable=True)
        batch_op.create_index(batch_op.f("ix_letter_account_id"), ["account_id"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_letter_name"), ["name"])
        batch_op.create_foreign_key(
            batch_op.f("fk_letter_account_id_account"), "account", ["account_id"], ["id"]
        )
    _letters_are(LETTERS)

    _add_filled("sign_in", {"onward": (sa.String(length=1000), "''")})


def _new_tables() -> None:
    op.create_table(
        "challenge",
        sa.Column("value", sa.String(length=43), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("expires_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_challenge_account_id_account")),
        sa.PrimaryKeyConstraint("value", name=op.f("pk_challenge")),
    )
    with op.batch_alter_table("challenge", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_challenge_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_challenge_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "email_change",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_email_change_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_change")),
        sa.UniqueConstraint("account_id", name=op.f("uq_email_change_account_id")),
    )
    op.create_table(
        "passkey",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("credential", sa.String(length=1400), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("handle", sa.String(length=43), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_passkey_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential", name=op.f("uq_passkey_credential")),
    )
    with op.batch_alter_table("passkey", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_passkey_account_id"), ["account_id"], unique=False)

    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_recovery_code_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("account_id", "digest", name=op.f("uq_recovery_code_account_id_digest")),
    )


def _add_filled(table: str, columns: dict[str, tuple[sa.types.TypeEngine[object], str]]) -> None:
    """Columns that are never empty, in a table that may hold rows: filled with an expression first."""
    with op.batch_alter_table(table, schema=None) as batch_op:
        for name, (kind, _) in columns.items():
            batch_op.add_column(sa.Column(name, kind, nullable=True))
    for name, (_, value) in columns.items():
        op.execute(f"UPDATE {table} SET {name} = {value}")  # noqa: S608 - our own words
    with op.batch_alter_table(table, schema=None) as batch_op:
        for name, (kind, _) in columns.items():
            batch_op.alter_column(name, existing_type=kind, nullable=False)


def _letters_are(kinds: Sequence[str]) -> None:
    words = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_letter_letterkind"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_letter_letterkind"), f"kind IN ({words})")


def downgrade() -> None:
    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.drop_column("onward")

    op.execute("DELETE FROM letter WHERE sign_in_id IS NULL")
    _letters_are(LETTERS_BEFORE)
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_letter_account_id_account"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_letter_name"), type_="unique")
        batch_op.drop_index(batch_op.f("ix_letter_account_id"))
        batch_op.alter_column("sign_in_id", existing_type=sa.String(length=26), nullable=False)
        for name in ("written_at", "address", "account_id", "name"):
            batch_op.drop_column(name)

    with op.batch_alter_table("account_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_session_previous"))
        for name in ("confirmed_at", "seen_at", "signed_in_at", "browser", "previous"):
            batch_op.drop_column(name)

    with op.batch_alter_table("account", schema=None) as batch_op:
        for name in ("totp_step", "totp", "password"):
            batch_op.drop_column(name)

    for table in ("recovery_code", "passkey", "email_change", "challenge"):
        op.drop_table(table)

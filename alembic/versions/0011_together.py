"""Several people who decide together: leases, voices and their policy, notes, recusals, passes, duty."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SAYS = ("publish", "refuse", "spam", "veto")
REASONS = (
    *("off_topic", "no_information", "unverifiable", "personal_attack", "discriminatory", "privacy"),
    *("endangers", "illegal", "advertising", "duplicate", "other"),
)


def _comment(table: str) -> tuple[sa.Column[str], sa.ForeignKeyConstraint]:
    name = op.f(f"fk_{table}_comment_id_comment")
    return (
        sa.Column("comment_id", sa.String(length=26), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=name),
    )


def _account(
    table: str, column: str = "account_id", *, nullable: bool = False
) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    name = op.f(f"fk_{table}_{column}_account")
    return (
        sa.Column(column, sa.Integer(), nullable=nullable),
        sa.ForeignKeyConstraint([column], ["account.id"], name=name),
    )


def _words(name: str, words: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=20)


def _one_of_each(table: str) -> None:
    """What one person does once about one comment."""
    op.create_table(
        table,
        *_comment(table),
        *_account(table),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("comment_id", "account_id", name=op.f(f"pk_{table}")),
    )
    op.create_index(op.f(f"ix_{table}_account_id"), table, ["account_id"])


def upgrade() -> None:
    op.add_column("account", sa.Column("guided_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "lease",
        *_comment("lease"),
        *_account("lease"),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_lease")),
    )
    op.create_index(op.f("ix_lease_account_id"), "lease", ["account_id"])
    _voices()
    op.create_table(
        "policy",
        sa.Column("section", sa.String(length=200), nullable=False),
        sa.Column("publish", sa.Integer(), nullable=False),
        sa.Column("refuse", sa.Integer(), nullable=False),
        sa.Column("veto", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("section", name=op.f("pk_policy")),
    )
    _notes()
    _one_of_each("recusal")
    _one_of_each("pass")
    op.create_table(
        "put_forward",
        *_comment("put_forward"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_put_forward")),
    )
    op.create_table(
        "duty",
        sa.Column("week", sa.String(length=8), nullable=False),
        *_account("duty"),
        sa.PrimaryKeyConstraint("week", "account_id", name=op.f("pk_duty")),
    )
    op.create_index(op.f("ix_duty_account_id"), "duty", ["account_id"])


def _voices() -> None:
    op.create_table(
        "voice",
        sa.Column("id", sa.Integer(), nullable=False),
        *_comment("voice"),
        sa.Column("revision", sa.Integer(), nullable=False),
        *_account("voice"),
        sa.Column("say", _words("say", SAYS), nullable=False),
        sa.Column("reason", _words("reason", REASONS), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        *_account("voice", "ended_by", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voice")),
    )
    op.create_index(op.f("ix_voice_comment_id"), "voice", ["comment_id"])
    op.create_index("ix_voice_account_id_comment_id", "voice", ["account_id", "comment_id"])


def _notes() -> None:
    op.create_table(
        "note",
        sa.Column("id", sa.Integer(), nullable=False),
        *_comment("note"),
        *_account("note"),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_note_account_id"), "note", ["account_id"])
    op.create_index(op.f("ix_note_comment_id"), "note", ["comment_id"])
    op.create_table(
        "mention",
        sa.Column("note_id", sa.Integer(), nullable=False),
        *_account("mention"),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_mention_note_id_note")),
        sa.PrimaryKeyConstraint("note_id", "account_id", name=op.f("pk_mention")),
    )
    op.create_index(op.f("ix_mention_account_id"), "mention", ["account_id"])


def downgrade() -> None:
    for table in ("duty", "put_forward", "pass", "recusal", "mention", "note", "policy", "voice", "lease"):
        op.drop_table(table)
    with op.batch_alter_table("account") as table:
        table.drop_column("guided_at")

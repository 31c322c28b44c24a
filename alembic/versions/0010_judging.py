"""What helps to judge: others’ texts, what was struck out, words to look out for, precedents."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0007"
branch_labels = None
depends_on = None

BATCH = 5_000


def upgrade() -> None:
    op.create_table(
        "watched_word",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("word", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watched_word")),
        sa.UniqueConstraint("key", name=op.f("uq_watched_word_key")),
    )
    op.create_table(
        "precedent_word",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.String(length=26), nullable=False),
        sa.Column("word", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_precedent_word_comment_id_comment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_precedent_word")),
    )
    op.create_index("ix_precedent_word_word_id", "precedent_word", ["word", "id"])
    op.create_index(op.f("ix_precedent_word_comment_id"), "precedent_word", ["comment_id"])
    op.add_column("account", sa.Column("blurs", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("version", sa.Column("struck", sa.JSON(), server_default="[]", nullable=False))
    for column, length in (("author_key", 400), ("email_key", 254)):
        op.add_column(
            "version", sa.Column(column, sa.String(length=length), server_default="", nullable=False)
        )
    _fill()
    op.create_index("ix_version_author_key_comment_id", "version", ["author_key", "comment_id"])
    op.create_index("ix_version_email_key_comment_id", "version", ["email_key", "comment_id"])


def _fill() -> None:
    """As the program does for a new text; names are stored without anything that cannot be seen."""
    connection = op.get_bind()
    version = sa.table("version", *map(sa.column, ("id", "author", "email", "author_key", "email_key")))
    named = (
        sa.select(version.c.id, version.c.author, version.c.email)
        .where((version.c.author != "") | (version.c.email != ""))
        .order_by(version.c.id)
        .limit(BATCH)
    )
    filled = (
        sa.update(version)
        .where(version.c.id == sa.bindparam("this"))
        .values(author_key=sa.bindparam("name"), email_key=sa.bindparam("address"))
    )
    last = 0
    while rows := connection.execute(named.where(version.c.id > last)).all():
        connection.execute(
            filled,
            [
                {"this": number, "name": _folded(author), "address": email.lower()}
                for number, author, email in rows
            ],
        )
        last = rows[-1][0]


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def downgrade() -> None:
    op.drop_index("ix_version_email_key_comment_id", "version")
    op.drop_index("ix_version_author_key_comment_id", "version")
    for column in ("email_key", "author_key", "struck"):
        op.drop_column("version", column)
    op.drop_column("account", "blurs")
    op.drop_table("precedent_word")
    op.drop_table("watched_word")

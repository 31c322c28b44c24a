"""What contributions are found by, the search index, the sections a person sees, and private feeds."""

import json

import sqlalchemy as sa
from alembic import op

from moderation import folding, markup

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BATCH = 1000
KNOWN = ("author_key", "email_key", "decided_by", "reason")
WORDS = "array_to_tsvector(string_to_array(folded, ' '))"
# Each row of a virtual table stands for the row of `version` with its number; the words are kept there alone.
SEARCH = (
    "CREATE VIRTUAL TABLE search USING fts5(folded, content='version', content_rowid='id',"
    " tokenize='ascii', detail='none', columnsize=0)"
)
# The newest decision of each comment that was neither undone nor an undo.
STANDING = """
    UPDATE comment SET
        decided_by = (SELECT account_id FROM decision WHERE decision.id = ({newest})),
        reason = (SELECT reason FROM decision WHERE decision.id = ({newest}))
    WHERE revision > 1
"""
NEWEST = """
    SELECT max(made.id) FROM decision AS made WHERE made.comment_id = comment.id AND made.undoes IS NULL
    AND NOT EXISTS (SELECT 1 FROM decision AS undone WHERE undone.undoes = made.id)
"""


def upgrade() -> None:
    op.add_column("account", sa.Column("sections", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("account", sa.Column("feed", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_account_feed"), "account", ["feed"], unique=True)
    op.create_index(op.f("ix_article_section"), "article", ["section"])
    op.add_column("version", sa.Column("folded", sa.String(), server_default="", nullable=False))
    op.add_column("comment", sa.Column("author_key", sa.String(length=200), nullable=True))
    op.add_column("comment", sa.Column("email_key", sa.String(length=254), nullable=True))
    op.add_column("comment", sa.Column("decided_by", sa.Integer(), nullable=True))
    op.add_column("comment", sa.Column("reason", sa.String(length=20), nullable=True))
    op.create_table(
        "trait",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("host", sa.String(length=253), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                *("pending", "published", "refused", "spam", "withdrawn", "unpublished"),
                name="status",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("comment_id", sa.String(length=26), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_trait_comment_id_comment")),
        sa.PrimaryKeyConstraint(
            "kind", "host", "status", "submitted_at", "comment_id", name=op.f("pk_trait")
        ),
    )
    _fill()
    op.create_index(op.f("ix_trait_comment_id"), "trait", ["comment_id"])
    op.drop_index("ix_comment_thread_id_status", table_name="comment")
    for name in ("thread_id", "section", *KNOWN):
        where = sa.text(f"{name} IS NOT NULL") if name in KNOWN else None
        op.create_index(
            f"ix_comment_{name}_status_submitted_at_id",
            "comment",
            [name, "status", "submitted_at", "id"],
            sqlite_where=where,
            postgresql_where=where,
        )
    if _is_sqlite():
        op.execute(SEARCH)
        op.execute("INSERT INTO search (search) VALUES ('rebuild')")
    else:
        op.execute(f"CREATE INDEX ix_version_folded ON version USING gin ({WORDS})")


def downgrade() -> None:
    op.execute("DROP TABLE search" if _is_sqlite() else "DROP INDEX ix_version_folded")
    for name in ("thread_id", "section", *KNOWN):
        op.drop_index(f"ix_comment_{name}_status_submitted_at_id", table_name="comment")
    op.create_index("ix_comment_thread_id_status", "comment", ["thread_id", "status"])
    op.drop_table("trait")
    op.drop_index(op.f("ix_article_section"), table_name="article")
    with op.batch_alter_table("comment") as table:
        for name in KNOWN:
            table.drop_column(name)
    with op.batch_alter_table("version") as table:
        table.drop_column("folded")
    op.drop_index(op.f("ix_account_feed"), table_name="account")
    with op.batch_alter_table("account") as table:
        table.drop_column("feed")
        table.drop_column("sections")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _fill() -> None:
    """From the newest text of each comment there is."""
    connection = op.get_bind()
    comment, version, trait = _tables("comment", "version", "trait")
    rows = sa.select(
        *(version.c[name] for name in ("id", "comment_id", "author", "email", "source", "findings")),
        comment.c.status,
        comment.c.submitted_at,
    ).join(comment, (comment.c.id == version.c.comment_id) & (comment.c.version == version.c.number))
    words = version.update().where(version.c.id == sa.bindparam("of")).values(folded=sa.bindparam("bag"))
    keys = (
        comment.update()
        .where(comment.c.id == sa.bindparam("of"))
        .values(author_key=sa.bindparam("name"), email_key=sa.bindparam("address"))
    )
    last = 0
    batch = rows.where(version.c.id > sa.bindparam("after")).order_by(version.c.id).limit(BATCH)
    while found := connection.execute(batch, {"after": last}).all():
        last = found[-1].id
        bags = [{"of": row.id, "bag": folding.bag(row.author, row.email, row.source)} for row in found]
        connection.execute(words, bags)
        names = [
            {"of": row.comment_id, "name": folding.key(row.author), "address": row.email.lower() or None}
            for row in found
        ]
        connection.execute(keys, names)
        if traits := [trait for row in found for trait in _traits(row)]:
            connection.execute(trait.insert(), traits)
    connection.execute(sa.text(STANDING.format(newest=NEWEST)))


def _tables(*names: str) -> list[sa.Table]:
    metadata = sa.MetaData()
    metadata.reflect(op.get_bind(), only=names)
    return [metadata.tables[name] for name in names]


def _traits(row: sa.Row) -> list[dict[str, object]]:
    findings = json.loads(row.findings) if isinstance(row.findings, str) else row.findings
    found = {(finding["kind"], "") for finding in findings}
    found |= {("link", markup.site(finding["detail"])) for finding in findings if finding["kind"] == "link"}
    own = {"comment_id": row.comment_id, "status": row.status, "submitted_at": row.submitted_at}
    return [{"kind": kind, "host": host, **own} for kind, host in sorted(found)]

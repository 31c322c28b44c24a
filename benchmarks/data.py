"""Databases of any size: two hundred contributions made by the program itself, then multiplied in SQL.

A tenth waits, a tenth was refused or is spam, the rest is public. A tenth of all stands under the first
article, the rest under articles of two hundred each, whatever the size.
"""

import tomllib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import cycle, islice

from sqlalchemy import Connection, Engine, Table, text
from sqlmodel import Session, SQLModel, col, select

from benchmarks import stores
from benchmarks.servers import ROOT
from moderation import (
    accounts,
    articles,
    database,
    decisions,
    drafts,
    identifiers,
    resources,
    search,
    sessions,
    submissions,
)
from moderation.articles import Content
from moderation.database import writing
from moderation.drafts import Draft
from moderation.lifecycle import Action, Reason, Status
from moderation.markup import Dialect
from moderation.models.people import Account, Role
from moderation.models.queue import Comment

SEEDS = 200
ARTICLE = "le-pont"
MODERATOR = "ann@example.org"
EMAIL, HOST = "zoe@example.org", "exemple.org"
LINK = f"https://{HOST}/"
# A word that a thousand texts have, or all those there are.
RARE = "copie10000"
BODY = "<p>Le pont rouvre lundi, après trois ans de travaux et deux reports.</p>" * 12
# A name for each copy: its first half is the copy’s own, in no order, the second its seed’s.
OWN = "CAST(10000000 + (CAST(n.i AS BIGINT) * 7654321) % 90000000 AS VARCHAR(8))"
LATER = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', seed.{column}, '+' || ({minutes}) || ' minutes')",
    "postgresql": "seed.{column} + ({minutes}) * INTERVAL '1 minute'",
}
SENT = "n.i * 50"
# Within three days, and in no order.
DECIDED = f"{SENT} + n.i * 7919 % 4320"


def words() -> Iterator[tuple[str, str]]:
    """Names and texts as people write them, without end and never twice the same."""
    for number, (author, said) in enumerate(cycle(_demonstration())):
        yield author, f"{said}\n\n({number})"


@cache
def _demonstration() -> list[tuple[str, str]]:
    """As the program keeps them: what it would drop is dropped."""
    file = resources.PACKAGE / "demo" / "contributions.toml"
    tables = tomllib.loads(file.read_text(encoding="utf-8"))["contribution"]
    read = [drafts.read(table["author"], "", table["text"].strip(), dialect=Dialect.SPIP) for table in tables]
    return [(draft.author, draft.text.source) for draft in read]


@cache
def _drafts(seeds: int) -> tuple[Draft, ...]:
    found = enumerate(islice(words(), seeds))
    return tuple(
        # Of those that wait, every other one links to the same site.
        drafts.read(author, EMAIL, said + f"\n\n{LINK}" * (number % 20 == 0), dialect=Dialect.SPIP)
        for number, (author, said) in found
    )


def sign_in(url: str) -> str:
    """The Cookie header of the moderator’s browser."""
    engine = database.connect(url)
    now = datetime.now(UTC)
    with writing(engine) as session:
        by = session.exec(select(Account.id).where(Account.email == MODERATOR)).one()
        assert by is not None
        cookie = sessions.start(session, by, kept=False, now=now)
    engine.dispose()
    return f"session={cookie}"


def waiting(url: str, limit: int) -> Sequence[str]:
    """What waits, oldest first, as the queue has it."""
    engine = database.connect(url)
    with database.reading(engine) as session:
        pending = select(Comment.id).where(Comment.status == Status.PENDING)
        found = session.exec(pending.order_by(col(Comment.submitted_at), col(Comment.id)).limit(limit)).all()
    engine.dispose()
    return found


def name(comments: int) -> str:
    files = [*sorted((ROOT / "alembic" / "versions").glob("*.py")), ROOT / "benchmarks" / "data.py"]
    return f"{comments}_{stores.digest(*files)}"


def fill(engine: Engine, comments: int) -> None:
    seeds = min(SEEDS, comments)
    copies = comments // seeds - 1
    begin = datetime.now(UTC) - timedelta(minutes=50 * (copies + seeds + 1))
    with writing(engine) as session:
        author = accounts.add(session, MODERATOR, "Ann Mercier", Role.ADMIN, begin).id
        assert author is not None
        content = Content(
            title="Le pont rouvre", body=BODY, section="Ville", lead="Après trois ans de travaux."
        )
        articles.put(session, ARTICLE, content, now=begin)
        for number, draft in enumerate(_drafts(seeds)):
            _contribute(session, draft, number, author, begin + timedelta(minutes=number))
        session.flush()
        if copies:
            _multiply(session.connection(), copies, max(1, comments // SEEDS * 9 // 10))
            search.rebuild(session)


def _contribute(session: Session, draft: Draft, number: int, by: int, now: datetime) -> None:
    nonce = identifiers.new_code()
    comment = submissions.submit(session, ARTICLE, draft, nonce=nonce, now=now)
    if number % 10 == 0:
        return
    action = (Action.REFUSE if number % 20 == 1 else Action.SPAM) if number % 10 == 1 else Action.PUBLISH
    reason = Reason.OFF_TOPIC if action is Action.REFUSE else None
    decisions.decide(session, comment.id, action, revision=1, by=by, now=now, undo=timedelta(), reason=reason)


def _multiply(connection: Connection, copies: int, forums: int) -> None:
    later = LATER[connection.dialect.name]
    comment = f"{OWN} || substr(seed.comment_id, 9)"
    # The last of a row’s number that is not yet given.
    publications = connection.execute(text("SELECT count(*) FROM publication")).scalar_one()
    thread = f"CASE WHEN n.i % 10 = 0 THEN 1 ELSE 1 + n.i % {forums} END"
    _copied(
        connection,
        "article",
        forums - 1,
        {"slug": "seed.slug || '-' || n.i", "title": "seed.title || ' ' || n.i"},
    )
    connection.execute(
        text(
            "INSERT INTO thread (article_id, mode, revision, count)"
            " SELECT id, 'apriori', 1, 0 FROM article WHERE id > 1 ORDER BY id"
        )
    )
    _copied(
        connection,
        "comment",
        copies,
        {
            "id": f"{OWN} || substr(seed.id, 9)",
            "thread_id": thread,
            "nonce": "seed.nonce || n.i",
            "tracking": "seed.tracking || n.i",
            "submitted_at": later.format(column="submitted_at", minutes=SENT),
        },
    )
    fingerprint = f"{OWN} || substr(seed.fingerprint, 9)"
    rare = f"seed.folded || ' copie' || (10000 + n.i % {max(1, copies * SEEDS // 1000)})"
    changed = {"comment_id": comment, "fingerprint": fingerprint, "folded": rare}
    _copied(connection, "version", copies, changed)
    moment = {"submitted_at": later.format(column="submitted_at", minutes=SENT)}
    _copied(connection, "trait", copies, {"comment_id": comment, **moment})
    decided = {name: later.format(column=name, minutes=DECIDED) for name in ("at", "undo_until")}
    _copied(connection, "decision", copies, {"comment_id": comment, **decided})
    number = f"{publications} * n.i + seed.number"
    _copied(connection, "publication", copies, {"comment_id": comment, "thread_id": thread, "number": number})
    connection.execute(
        text(
            "UPDATE thread SET revision = revision + 1, count ="
            " (SELECT count(*) FROM publication WHERE thread_id = thread.id)"
        )
    )
    connection.execute(text("UPDATE site SET last_number = (SELECT max(number) FROM publication)"))


def _copied(connection: Connection, table: str, copies: int, changed: dict[str, str]) -> None:
    """Every row so many times more, with the columns that must differ told in SQL."""
    if not copies:
        return
    columns = [column.name for column in _table(table).columns if column is not _serial(table)]
    values = [changed.get(column, f"seed.{column}") for column in columns]
    connection.execute(
        text(
            f"INSERT INTO {table} ({', '.join(columns)})"  # noqa: S608 - our own words
            " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT n.i + 1 FROM n WHERE n.i < :copies)"
            f" SELECT {', '.join(values)} FROM n CROSS JOIN (SELECT * FROM {table}) AS seed"
        ),
        {"copies": copies},
    )


def _table(name: str) -> Table:
    return SQLModel.metadata.tables[name]


def _serial(name: str) -> object:
    """The column the database numbers by itself, if the table has one."""
    return _table(name).autoincrement_column

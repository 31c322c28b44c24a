"""The search index: each text’s folded words, found by how they begin.

`version.folded` holds them. PostgreSQL keeps its index over that column by itself; SQLite has a table of FTS5
beside it, whose rows are added and taken away here, as it would trust no trigger to do it.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, any_, column, literal, table, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, TSQUERY, TSVECTOR
from sqlmodel import Session, cast, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from moderation import folding
from moderation.database import planning, writing
from moderation.models.queue import Comment, Version

# Words that are looked for, whatever else is typed: each costs a walk through all that begins with it.
MOST = 10
# Past so many it is quicker to walk the list and look at each text than to sort what is found.
FEW = 2000
# Pages of the index a step takes anew, and steps in one go: who decides meanwhile waits for one of them.
PAGES, STEPS = 200, 20
_ADD = text("INSERT INTO search (rowid, folded) VALUES (:id, :folded)")
_TAKE = text("INSERT INTO search (search, rowid, folded) VALUES ('delete', :id, :folded)")
_INDEX = table("search", column("rowid"))
_MATCH = text("search MATCH :match")
_COUNTED = text(
    "SELECT count(*) FROM (SELECT 1 FROM search_words WHERE term >= :first AND term <= :last LIMIT :most)"
)
_MERGE = "INSERT INTO search (search, rank) VALUES ('merge', ?)"
_REBUILD = "INSERT INTO search (search) VALUES ('rebuild')"


def add(connection: Connection, version_id: int, folded: str) -> None:
    if folded and connection.dialect.name == "sqlite":
        connection.execute(_ADD, {"id": version_id, "folded": folded})


def take(connection: Connection, version_id: int, folded: str) -> None:
    """Before its row changes: SQLite’s index must be told what it holds."""
    if folded and connection.dialect.name == "sqlite":
        connection.execute(_TAKE, {"id": version_id, "folded": folded})


def rebuild(session: Session) -> None:
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_REBUILD)


def purge(engine: Engine, stopping: Callable[[], bool]) -> bool:
    """Writes SQLite’s index anew without what was taken from it, a step a transaction; whether it is done.

    FTS5 only notes that words are gone, and keeps them until what holds them is merged.
    """
    if engine.dialect.name != "sqlite":
        return True
    for _ in range(STEPS):
        if stopping():
            return False
        with writing(engine) as session:
            raw = session.connection().connection.dbapi_connection
            assert isinstance(raw, sqlite3.Connection)
            before = raw.total_changes
            raw.execute(_MERGE, [-PAGES])
            if raw.total_changes - before < 2:  # as FTS5 says that there was nothing to do
                return True
    return False


def asked(q: str) -> list[str]:
    """The words to look for: the first MOST of them, each once."""
    return list(dict.fromkeys(folding.words(q)))[:MOST]


def condition(session: Session, words: list[str]) -> tuple[ColumnElement[bool], bool]:
    """The comments whose newest text has, for each word, one that begins with it.

    With it, whether they are few enough to be sorted: then they are named, as found in the index, once for
    all that a session asks. Else they are looked for in the text of each comment one comes by.
    """
    known: dict[tuple[str, ...], Sequence[str] | None] = session.info.setdefault("found", {})
    key = tuple(words)
    if key not in known:
        known[key] = _few(session, words)
    found = known[key]
    if found is None:
        return _holds(words), False
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        named = func.json_each(json.dumps(found)).table_valued("value")
        return col(Comment.id).in_(select(named.c.value)), True
    return col(Comment.id) == any_(literal(found, ARRAY(TEXT))), True


def _few(session: Session, words: list[str]) -> Sequence[str] | None:
    """Their names, found by a word that begins few; None where they are too many."""
    # The longest first: most probably it is the rare one, and to find out about a common one takes time.
    rare = next((word for word in sorted(words, key=len, reverse=True) if _is_rare(session, word)), None)
    if rare is None and len(words) == 1:
        return None
    # Of several that are common each, few may have all.
    asked = [rare] if rare else words
    rest = [_has(col(Version.folded), word) for word in words if word not in asked]
    found = session.exec(_found(session, asked).where(*rest).limit(FEW + 1)).all()
    return found if len(found) <= FEW else None


def _is_rare(session: Session, word: str) -> bool:
    """Whether few words of texts begin with it."""
    if session.get_bind().dialect.name == "sqlite":
        most = {"first": word, "last": f"{word}\U0010ffff", "most": FEW + 1}
        return bool(session.connection().execute(_COUNTED, most).scalar_one() <= FEW)
    some = select(Version.id).where(_lexemes(f"'{word}':*")).limit(FEW + 1).subquery()
    with planning(session, gin_fuzzy_search_limit=10 * FEW):  # of many, some, which are still too many
        return session.exec(select(func.count()).select_from(some)).one() <= FEW


def _holds(words: list[str]) -> ColumnElement[bool]:
    # No EXISTS, which PostgreSQL would answer for all texts at once.
    newest = (col(Version.comment_id) == Comment.id, col(Version.number) == Comment.version)
    text = select(Version.folded).where(*newest).correlate(Comment).scalar_subquery()
    return and_(*(_has(text, word) for word in words))


def _has(text: Any, word: str) -> ColumnElement[bool]:
    return literal(" ").concat(text).like(f"% {word}%")


def _found(session: Session, words: list[str]) -> SelectOfScalar[str]:
    # Texts that a newer one replaced have no words.
    found = select(Version.comment_id)
    if session.get_bind().dialect.name == "sqlite":
        asked = " ".join(f'"{word}" *' for word in words)
        return found.join(_INDEX, _INDEX.c.rowid == Version.id).where(_MATCH.bindparams(match=asked))
    return found.where(_lexemes(" & ".join(f"'{word}':*" for word in words)))


def _lexemes(asked: str) -> ColumnElement[bool]:
    """On PostgreSQL, the texts whose words are as asked."""
    words = func.array_to_tsvector(
        func.string_to_array(Version.folded, " ", type_=ARRAY(TEXT)), type_=TSVECTOR
    )
    return words.op("@@")(cast(asked, TSQUERY))

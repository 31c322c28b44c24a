"""The search index: each text’s folded words, found by how they begin.

`version.folded` holds them. PostgreSQL keeps its index over that column by itself; SQLite has a table of FTS5
beside it, whose rows are added and taken away here, as it would trust no trigger to do it.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, column, table, text, true
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, TSQUERY, TSVECTOR
from sqlmodel import Session, cast, col, exists, func, select

from moderation import folding
from moderation.database import writing
from moderation.models.queue import Comment, Version

# Words that are looked for, whatever else is typed: each costs a walk through all that begins with it.
MOST = 10
# Past so many it is quicker to walk the list and look at each text than to sort what is found.
FEW = 2000
# What PostgreSQL’s statistics must say for a word to be thought to begin too many to be asked for.
MANY = 10 * FEW
# Pages of the index a step takes anew, and steps in one go: who decides meanwhile waits for one of them.
PAGES, STEPS = 200, 20
_ADD = text("INSERT INTO search (rowid, folded) VALUES (:id, :folded)")
_TAKE = text("INSERT INTO search (search, rowid, folded) VALUES ('delete', :id, :folded)")
_INDEX = table("search", column("rowid"))
_MATCH = text("search MATCH :match")
_COUNTED = text(
    "SELECT count(*) FROM (SELECT 1 FROM search_words WHERE term >= :first AND term <= :last LIMIT :most)"
)
_ESTIMATED = text(
    "EXPLAIN (FORMAT JSON) SELECT 1 FROM version"
    " WHERE array_to_tsvector(string_to_array(folded, ' ')) @@ CAST(:asked AS tsquery)"
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

    With it, whether they are few enough to be sorted: then they are read from the index, by the words that
    begin few; all others are looked for in the texts those lead to.
    """
    rare = [word for word in words if _is_rare(session, word)]
    # Of several that are common each, few may have all.
    asked = rare or (words if len(words) > 1 else [])
    if not asked or not _are_few(session, asked):
        return _holds(words), False
    found = col(Comment.id).in_(_found(session, asked).limit(FEW + 1).subquery().select())
    return and_(found, _holds([word for word in words if word not in asked])), True


def _is_rare(session: Session, word: str) -> bool:
    """Whether few words of texts begin with it: on PostgreSQL, probably."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        return bool(connection.execute(_COUNTED, _range(word) | {"most": FEW + 1}).scalar_one() <= FEW)
    (found,) = connection.execute(_ESTIMATED, {"asked": f"'{word}':*"}).scalar_one()
    return bool(found["Plan"]["Plan Rows"] <= MANY)


def _range(word: str) -> dict[str, str]:
    return {"first": word, "last": f"{word}\U0010ffff"}


def _are_few(session: Session, words: list[str]) -> bool:
    some = _found(session, words).limit(FEW + 1).subquery()
    return session.exec(select(func.count()).select_from(some)).one() <= FEW


def _holds(words: list[str]) -> ColumnElement[bool]:
    """The same, looked for in the text of each comment one comes by."""
    if not words:
        return true()
    newest = (col(Version.comment_id) == Comment.id, col(Version.number) == Comment.version)
    padded = " " + col(Version.folded)
    return exists().where(*newest, *(padded.like(f"% {word}%") for word in words)).correlate(Comment)


def _found(session: Session, words: list[str]) -> Any:
    # Texts that a newer one replaced have no words.
    found = select(Version.comment_id)
    if session.get_bind().dialect.name == "sqlite":
        asked = " ".join(f'"{word}" *' for word in words)
        return found.join(_INDEX, _INDEX.c.rowid == Version.id).where(_MATCH.bindparams(match=asked))
    lexemes = func.array_to_tsvector(
        func.string_to_array(Version.folded, " ", type_=ARRAY(TEXT)), type_=TSVECTOR
    )
    asked = " & ".join(f"'{word}':*" for word in words)
    return found.where(lexemes.op("@@")(cast(asked, TSQUERY)))

"""What there is already, where a backup is to go."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, inspect
from sqlmodel import Session, SQLModel, select

from moderation import archive, erased, numbers
from moderation.erased import Erased

_ERASED = "SELECT id, erased_at FROM comment WHERE erased_at IS NOT NULL"


@dataclass(frozen=True)
class Found:
    """How many rows of each table, the site’s revision, the last numbers given, and what was erased."""

    rows: dict[str, int]
    revision: int
    last_numbers: numbers.Last
    erased: Erased


def in_sqlite(target: Path) -> Found:
    """Raises sqlite3.Error where it is no database."""
    if not target.exists():
        return Found({}, 0, {}, {})
    with closing(sqlite3.connect(target, isolation_level=None)) as connection:
        rows = dict(archive.counts(connection))
        site = connection.execute("SELECT max(revision) FROM site").fetchone() if "site" in rows else (0,)
        columns = [row[1] for row in connection.execute("PRAGMA table_info(comment)")]
        gone = connection.execute(_ERASED).fetchall() if "erased_at" in columns else []
        return Found(rows, site[0] or 0, numbers.in_sqlite(connection), _times(gone))


def _times(rows: Iterable[tuple[str, str]]) -> Erased:
    """As SQLite has them."""
    return {name: datetime.fromisoformat(at).replace(tzinfo=UTC) for name, at in rows}


def erased_in_postgresql(session: Session) -> Erased:
    found = inspect(session.connection())
    columns = (
        [column["name"] for column in found.get_columns("comment")] if found.has_table("comment") else []
    )
    return erased.listed(session) if "erased_at" in columns else {}


def in_postgresql(session: Session) -> dict[str, int]:
    tables = SQLModel.metadata.tables
    there = set(inspect(session.connection()).get_table_names()) & set(tables)
    return {name: session.exec(select(func.count()).select_from(tables[name])).one() for name in there}


def holds(rows: dict[str, int]) -> bool:
    untouched = archive.untouched()
    return any(count > untouched.get(table, 0) for table, count in rows.items())

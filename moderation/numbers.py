"""The row numbers that are given once: how far a database has come, and going on from there in another."""

import sqlite3
from collections.abc import Mapping

from sqlalchemy import ScalarSelect, Table, cast, false, func
from sqlalchemy.dialects.postgresql import REGCLASS
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, SQLModel, select

import moderation.models.public
import moderation.models.queue
import moderation.models.together  # noqa: F401 - all fill the metadata

# By table, the last number given: its row may be gone.
Last = Mapping[str, int]
# One more and PostgreSQL has none left; what says so was made up.
LARGEST = 2**31 - 2


def _once() -> list[str]:
    tables = SQLModel.metadata.tables.values()
    return [table.name for table in tables if table.dialect_options["sqlite"]["autoincrement"]]


def in_sqlite(connection: sqlite3.Connection, schema: str = "main") -> Last:
    """Nothing of what a file says that cannot be."""
    kind = f"SELECT type FROM pragma_table_list WHERE schema = '{schema}' AND name = 'sqlite_sequence'"
    if connection.execute(kind).fetchone() != ("table",):
        return {}  # of a revision that gave numbers again
    query = (
        f"SELECT max(seq) FROM {schema}.sqlite_sequence"
        " WHERE name = ? AND typeof(seq) = 'integer' AND seq BETWEEN 1 AND ?"
    )
    found = {table: connection.execute(query, [table, LARGEST]).fetchone()[0] for table in _once()}
    return {table: number for table, number in found.items() if number is not None}


def go_on_in_sqlite(connection: sqlite3.Connection, after: Last) -> None:
    before = in_sqlite(connection)
    for table, number in after.items():
        if number <= before.get(table, 0):
            continue
        connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", [table])
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [table, number])


def in_postgresql(session: Session) -> Last:
    tables = SQLModel.metadata.tables
    return {name: session.exec(select(_counted(tables[name]))).one() for name in _once()}


def go_on_in_postgresql(session: Session, after: Last) -> None:
    """All of its numbers, also of tables whose rows never go: they have just been put there."""
    for table in SQLModel.metadata.tables.values():
        if (column := table.autoincrement_column) is not None:
            highest: ScalarSelect[int] = select(func.coalesce(func.max(column), 0)).scalar_subquery()
            last = func.greatest(highest, _counted(table), after.get(table.name, 0))
            session.exec(select(func.setval(_sequence(table), last + 1, false())))


def _counted(table: Table) -> ColumnElement[int]:
    return func.coalesce(func.pg_sequence_last_value(cast(_sequence(table), REGCLASS)), 0)


def _sequence(table: Table) -> ColumnElement[str]:
    column = table.autoincrement_column
    assert column is not None
    return func.pg_get_serial_sequence(f'"{table.name}"', column.name)

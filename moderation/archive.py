"""What a backup is: one SQLite file with our tables, marked as ours, whoever the rows came from.

Nothing of a file’s own schema is ever taken over: its rows are copied into tables our migrations have made.
"""

import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Engine,
    Float,
    Integer,
    LargeBinary,
    String,
)
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel

import moderation.models.bulletins
import moderation.models.claims
import moderation.models.judging
import moderation.models.packets
import moderation.models.public
import moderation.models.queue
import moderation.models.retention
import moderation.models.together
import moderation.models.traits  # noqa: F401 - they fill the metadata
from moderation import checksum, database, migrations, numbers, part

# PRAGMA application_id, by which a backup is known from a database in use.
MARK = 0x4D4F4452
# PRAGMA user_version, by which a file that has lost its checksum is known from one that never had any.
SEALED = 1
# No value of ours is as long; a hostile file’s could fill the memory.
LONGEST_VALUE = 64 * 2**20
BATCH = 20_000
# SQLite’s primary result codes.
_CANNOT_WRITE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}
# What is being copied, how many rows of it, and of how many.
Tell = Callable[[str, int, int], None]


class NotABackup(Exception):
    """Damaged, or not ours; the message says which."""


class NotWritten(Exception):
    """There is no room, or no permission; the message is SQLite’s."""


@dataclass(frozen=True)
class Contents:
    revision: str
    rows: dict[str, int]


def address(file: Path) -> str:
    """To read it, as SQLite’s URI."""
    return f"file:{quote(str(file.absolute()))}?mode=ro"


def verify(file: Path, *, mark: int = MARK) -> Contents:
    """Reads all of a file: its pages, its references, its rows. Raises NotABackup."""
    if not file.is_file():
        raise NotABackup("it is no file")
    with told(), _opened(file) as connection:
        if _one(connection, "PRAGMA application_id") != mark:
            raise NotABackup("it is not what “moderation backup” makes")
        sealed = mark and (_one(connection, "PRAGMA user_version") or checksum.is_there(file))
        if sealed and not checksum.is_right(file):
            raise NotABackup("it is damaged: something in it is not as its checksum says")
        broken = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if broken != "ok":
            raise NotABackup(f"it is damaged: {broken}")
        if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise NotABackup("a row of it refers to another that is not there")
        return Contents(revision_of(connection), dict(counts(connection)))


@contextmanager
def _opened(file: Path) -> Generator[sqlite3.Connection]:
    connection = sqlite3.connect(address(file), uri=True, isolation_level=None)
    try:
        _distrust(connection)
        yield connection
    finally:
        connection.close()


def _distrust(connection: sqlite3.Connection) -> None:
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")


@contextmanager
def told() -> Generator[None]:
    """What SQLite says of the file it reads or writes, in our words; PostgreSQL speaks for itself."""
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(cause, sqlite3.Error):
            raise
        if getattr(cause, "sqlite_errorcode", 0) & 0xFF in _CANNOT_WRITE:
            raise NotWritten(str(cause)) from None
        raise NotABackup(f"it is damaged, or not ours: {cause}") from None


def revision_of(connection: sqlite3.Connection, schema: str = "main") -> str:
    rows = connection.execute(f"SELECT version_num FROM {schema}.alembic_version").fetchall()
    if len(rows) != 1:
        raise NotABackup("it says nothing of its revision")
    return str(rows[0][0])


def tables(connection: sqlite3.Connection, schema: str = "main") -> list[str]:
    query = f"SELECT name FROM {schema}.sqlite_master WHERE type = 'table' AND name <> 'alembic_version'"
    names = [name for (name,) in connection.execute(query)]
    return sorted(name for name in names if not name.startswith("sqlite_") and name not in migrations.SEARCH)


def counts(connection: sqlite3.Connection, schema: str = "main") -> Iterator[tuple[str, int]]:
    for table in tables(connection, schema):
        yield table, _one(connection, f"SELECT count(*) FROM {schema}.{_quoted(table)}")


def _one(connection: sqlite3.Connection, query: str) -> int:
    (value,) = connection.execute(query).fetchone()
    return int(value)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def blank(new: part.Part, revision: str) -> Engine:
    """A database of ours of that revision, with nobody’s rows. Raises OSError."""
    new.path.write_bytes(migrations.blank(revision))
    return database.scratch(new.path)


def untouched() -> dict[str, int]:
    """How many rows a database has that nobody has used yet."""
    with _newest() as connection:
        return dict(counts(connection))


def triggers() -> set[tuple[str, str]]:
    """Those a database must have: on which table, of which name."""
    with _newest() as connection:
        return set(connection.execute("SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"))


@contextmanager
def _newest() -> Generator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(migrations.blank(migrations.revisions()[-1]))
        yield connection


def stage(source: Path, scratch: Engine, tell: Tell) -> Contents:
    """Copies the rows of a database into an empty one of ours, of the same revision, as of one moment.

    Raises NotABackup and NotWritten.
    """
    with told(), database.writing(scratch) as session:
        connection = raw(session)
        _distrust(connection)
        connection.execute("ATTACH ? AS source", [address(source)])
        _same_tables(connection)
        rows = dict(counts(connection, "source"))
        for table, count in rows.items():
            connection.execute(f"DELETE FROM main.{_quoted(table)}")
            if _copied(connection, table, count, tell) != count:
                raise NotABackup(f"not every row of “{table}” can be read")
        numbers.go_on_in_sqlite(connection, numbers.in_sqlite(connection, "source"))
        return Contents(revision_of(connection, "source"), rows)


def mark(scratch: Engine) -> None:
    with told(), database.writing(scratch) as session:
        # The search index is made anew from the rows: no file’s own is ever read.
        raw(session).execute("DROP TABLE IF EXISTS search")
        raw(session).execute(f"PRAGMA application_id = {MARK}")
        raw(session).execute(f"PRAGMA user_version = {SEALED}")


def raw(session: Session) -> sqlite3.Connection:
    connection = session.connection().connection.dbapi_connection
    assert isinstance(connection, sqlite3.Connection)
    return connection


def _same_tables(connection: sqlite3.Connection) -> None:
    """Names only: the statements behind them may be anything, and are never run."""
    if revision_of(connection, "source") != revision_of(connection):
        raise NotABackup("its revision has just changed")
    ours, theirs = _objects(connection, "main"), _objects(connection, "source")
    for kind, name in sorted(theirs - ours):
        raise NotABackup(f"the {kind} “{name}” in it is not ours")
    for kind, name in sorted(ours - theirs):
        raise NotABackup(f"it lacks the {kind} “{name}”")
    for table in tables(connection):
        if _columns(connection, "main", table) != _columns(connection, "source", table):
            raise NotABackup(f"its table “{table}” has other columns than ours")


def _objects(connection: sqlite3.Connection, schema: str) -> set[tuple[str, str]]:
    """Tables, views and triggers. Indexes are left out: a database in use may have been given one more."""
    tables = f"SELECT type, name FROM pragma_table_list WHERE schema = '{schema}'"
    triggers = f"SELECT type, name FROM {schema}.sqlite_master WHERE type = 'trigger'"
    found = [*connection.execute(tables), *connection.execute(triggers)]
    return {
        (kind, name)
        for kind, name in found
        if not name.startswith("sqlite_") and name not in migrations.SEARCH
    }


def _columns(connection: sqlite3.Connection, schema: str, table: str) -> set[tuple[str, int]]:
    """Each with whether it is hidden or computed."""
    found = connection.execute(f"PRAGMA {schema}.table_xinfo({_quoted(table)})").fetchall()
    return {(column[1], column[6]) for column in found}


def _copied(connection: sqlite3.Connection, table: str, count: int, tell: Tell) -> int:
    names = ", ".join(_quoted(name) for name, _ in sorted(_columns(connection, "main", table)))
    ours, theirs = f"main.{_quoted(table)}", f"source.{_quoted(table)}"
    batch = f"SELECT rowid FROM {theirs} WHERE rowid > ? ORDER BY rowid LIMIT {BATCH}"
    rows = f"SELECT {names} FROM {theirs} WHERE rowid > ? AND rowid <= ?"
    done, last = 0, -(2**63)
    while (upto := connection.execute(f"SELECT max(rowid) FROM ({batch})", [last]).fetchone()[0]) is not None:
        done += connection.execute(f"INSERT INTO {ours} ({names}) {rows}", [last, upto]).rowcount
        last = upto
        tell(table, done, count)
    return done


def check_values(scratch: Engine) -> None:
    """That every value is of its column’s type, which SQLite itself does not ask. Raises NotABackup."""
    with told(), database.reading(scratch) as session:
        if raw(session).execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise NotABackup("a row of it refers to another that is not there")
        for odd in odd_values(session):
            raise NotABackup(f"{odd} in it is none of its kind")


def odd_values(session: Session) -> Iterator[str]:
    """Where a value is none of its column’s type: the first of each table."""
    for table in SQLModel.metadata.tables.values():
        wrong = " ".join(
            f"WHEN {_quoted(column.name)} IS NOT NULL AND ({condition}) THEN '{column.name}'"
            for column in table.columns
            if (condition := _odd(column))
        )
        query = f"SELECT CASE {wrong} END AS odd FROM {_quoted(table.name)} WHERE odd IS NOT NULL LIMIT 1"
        found = raw(session).execute(query).fetchone()
        if found is not None:
            yield f"a value of “{table.name}.{found[0]}”"


def _odd(column: Column[object]) -> str:
    """When a value is none of its column’s: the condition, in SQLite’s words; empty where anything goes."""
    kind, name = getattr(column.type, "impl_instance", column.type), _quoted(column.name)
    conditions = {
        Boolean: "typeof({0}) <> 'integer' OR {0} NOT IN (0, 1)",
        BigInteger: "typeof({0}) <> 'integer'",
        Integer: f"typeof({{0}}) <> 'integer' OR abs({{0}}) > {2**31 - 1}",
        Float: "typeof({0}) NOT IN ('integer', 'real')",
        DateTime: f"{{0}} NOT GLOB '????-??-?? ??:??:??.{'[0-9]' * 6}'"
        " OR strftime('%Y-%m-%d %H:%M:%S', substr({0}, 1, 19), '+0 days') IS NOT substr({0}, 1, 19)",
        JSON: "typeof({0}) <> 'text' OR NOT json_valid({0})",
        LargeBinary: "typeof({0}) <> 'blob'",
        # PostgreSQL takes neither what is too long nor a null character.
        String: f"typeof({{0}}) <> 'text' OR instr({{0}}, char(0))"
        f" OR length({{0}}) > {getattr(kind, 'length', None) or LONGEST_VALUE}",
    }
    found = [condition for of, condition in conditions.items() if isinstance(kind, of)]
    return found[0].format(name) if found else ""

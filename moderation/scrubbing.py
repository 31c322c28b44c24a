"""What is erased leaves the files of the database, and not its tables alone."""

import sqlite3
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from moderation import database

# How long others may be held up before it is left for later, and by PostgreSQL’s work itself. Milliseconds.
WAITS, LASTS = 200, 600_000
# Those that hold something of a text, each with a function in PostgreSQL that writes it anew.
TABLES = (
    "version",
    "comment",
    "publication",
    "decision",
    "question",
    "claim",
    "note",
    "voice",
    "trait",
    "precedent_word",
    "signature",
    "signature_key",
    "log_entry",
    "follow",
    "machine",
)
# While somebody reads for long, as a backup does, the files cannot be cleaned. PostgreSQL’s tables would be
# written anew each time.
AGAIN = {"sqlite": timedelta(seconds=10), "postgresql": timedelta(hours=1)}
# The hour, in UTC, from which PostgreSQL’s tables are written anew.
NIGHT = 2


def due(session: Session, now: datetime) -> datetime:
    """When what is erased now may leave the files: at once, or at night where it holds everybody up."""
    if session.connection().dialect.name == "sqlite":
        return now
    night = now.replace(hour=NIGHT, minute=0, second=0, microsecond=0)
    return night if night > now else night + timedelta(days=1)


def scrub(engine: Engine) -> bool:
    """Has erased text leave the files, where it would otherwise stay readable for a while.

    False when somebody was still reading: it holds others up while it waits, so it does not wait for long.
    """
    if engine.dialect.name == "sqlite":
        return _is_log_emptied(engine)
    return all(_is_written_anew(engine, table) for table in TABLES)


def _is_log_emptied(engine: Engine) -> bool:
    """The file itself is overwritten as texts are erased."""
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.execute(f"PRAGMA busy_timeout = {WAITS}")
        try:
            (busy, _, _) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            raw.execute(f"PRAGMA busy_timeout = {database.PRAGMAS['busy_timeout']}")
        return not busy


def _is_written_anew(engine: Engine, table: str) -> bool:
    """Whether PostgreSQL’s table is a new file, and every row in it one that is still there.

    What a transaction may still see that began before it was erased is taken along, and its index counts it.
    """
    count = f"(SELECT count(*) FROM {table})::float4"  # noqa: S608 - our own words
    # Of an empty one the index says -1.
    whole = f"SELECT greatest(reltuples, 0) = {count} FROM pg_class WHERE oid = 'pk_{table}'::regclass"  # noqa: S608
    try:
        with database.writing(engine) as session:
            connection = session.connection()
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {WAITS}")
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {LASTS}")
            connection.exec_driver_sql(f"SELECT rewrite_{table}()")
            return bool(connection.exec_driver_sql(whole).scalar_one())
    except OperationalError:
        return False

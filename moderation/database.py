"""The engine and its two transactions: `reading`, held read-only by the database itself, and `writing`."""

import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session

from moderation import resources

# What each SQLite connection is set to, and what it must say when asked again.
PRAGMAS: dict[str, str | int] = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: an acknowledged write survives a power cut
    "foreign_keys": 1,
    "busy_timeout": 5000,  # milliseconds
    "trusted_schema": 0,
    "secure_delete": 1,  # what is erased is overwritten
    "temp_store": 2,  # memory: no text in temporary files
    "cell_size_check": 1,
}
# Milliseconds.
SCRUB_WAITS = 200
# An error of the database names no value that was to be stored.
ENGINE: dict[str, Any] = {"pool_size": 20, "max_overflow": 20, "hide_parameters": True}


class NotDurable(Exception):
    """SQLite did not take a setting this program's promises rest on."""


def connect(url: str) -> Engine:
    """An engine for SQLite or PostgreSQL; nothing is opened yet."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return create_engine(address, pool_pre_ping=True, **ENGINE)
    _file(address)
    engine = create_engine(address, **ENGINE)
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _file(address: URL) -> Path:
    if address.database in {None, "", ":memory:"}:
        raise NotDurable("a database in memory keeps nothing")
    return Path(str(address.database)).absolute()


def is_absent(url: str) -> bool:
    """Whether there is no SQLite file yet: opening it would make one, with nothing in it."""
    address = make_url(url)
    return address.get_backend_name() == "sqlite" and not _file(address).exists()


def make_room(url: str) -> None:
    """The folder a SQLite file is to be made in."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        _file(address).parent.mkdir(parents=True, exist_ok=True)


def _set_pragmas(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = None  # the driver would begin a transaction by itself, and too weakly
    for name, value in PRAGMAS.items():
        connection.execute(f"PRAGMA {name} = {value}")
        (found,) = connection.execute(f"PRAGMA {name}").fetchone()
        if found != value:
            raise NotDurable(f"SQLite answered {found!r} for PRAGMA {name}, not {value!r}")


def _begin(connection: Connection) -> None:
    reads = bool(connection.get_execution_options().get("reads"))
    connection.exec_driver_sql(f"PRAGMA query_only = {int(reads)}")
    # A deferred transaction that turns into a writer fails at once when another wrote in between.
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


@contextmanager
def reading(engine: Engine) -> Generator[Session]:
    """One snapshot; any write raises."""
    options = (
        {"reads": True}
        if engine.dialect.name == "sqlite"
        else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    )
    with Session(engine.execution_options(**options)) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Generator[Session]:
    """Commits when the block ends, rolls back when it raises.

    One writer at a time is all SQLite allows: waiting here, and not in its polling, keeps the order and the
    tail short. Render before, not inside.
    """
    turn = _turn(engine.url) if engine.dialect.name == "sqlite" else nullcontext()
    with turn, Session(engine) as session, session.begin():
        yield session


@cache
def _turn(_url: URL) -> threading.Lock:
    return threading.Lock()


def scrub(engine: Engine) -> bool:
    """Empties SQLite's write-ahead log, where erased text would otherwise stay readable for a while.

    False when somebody was still reading: it holds writers up while it waits, so it does not wait for long.
    """
    if engine.dialect.name != "sqlite":
        return True
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.execute(f"PRAGMA busy_timeout = {SCRUB_WAITS}")
        try:
            (busy, _, _) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            raw.execute(f"PRAGMA busy_timeout = {PRAGMAS['busy_timeout']}")
        return not busy


def _alembic(engine: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.folder("alembic")))
    config.attributes["engine"] = engine
    return config


def upgrade(engine: Engine) -> None:
    """Brings the schema to the newest revision."""
    command.upgrade(_alembic(engine), "head")


def downgrade(engine: Engine, revision: str) -> None:
    command.downgrade(_alembic(engine), revision)


def answers(engine: Engine) -> None:
    """Raises an OperationalError when it does not."""
    with engine.execution_options(reads=True).connect() as connection:
        connection.exec_driver_sql("SELECT 1")


def is_current(engine: Engine) -> bool:
    newest = ScriptDirectory.from_config(_alembic(engine)).get_current_head()
    with engine.execution_options(reads=True).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest

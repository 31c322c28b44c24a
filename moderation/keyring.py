"""The signing keys kept in a file: one a line, newest first, each with when it was made."""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from moderation import ownership, part

SHORTEST = 32
_STAMP = "%Y-%m-%dT%H:%M:%SZ"


class Unreadable(Exception):
    """The message names the file, and says nothing of what is in it."""


@dataclass(frozen=True)
class Key:
    value: str
    made_at: datetime | None = None

    def __str__(self) -> str:
        return f"{self.value} {self.made_at:{_STAMP}}" if self.made_at else self.value


def read(file: Path) -> list[Key]:
    """Raises Unreadable, and OSError."""
    try:
        keys = [_key(line) for line in file.read_text(encoding="ascii").splitlines() if line.strip()]
    except ValueError:
        raise Unreadable(f"{file} is not one key a line") from None
    if not keys or any(len(key.value) < SHORTEST for key in keys):
        raise Unreadable(f"{file} needs a key of {SHORTEST} characters or more on each line")
    return keys


def _key(line: str) -> Key:
    value, *rest = line.split()
    (made_at,) = rest or [""]
    moment = datetime.strptime(made_at, _STAMP).replace(tzinfo=UTC) if made_at else None
    return Key(value, moment)


def new_key() -> str:
    return secrets.token_urlsafe(48)


def kept(file: Path) -> list[str]:
    """The values in the file, which is made when there is none. Raises Unreadable, and OSError."""
    if not file.exists():
        ownership.make(file.parent)
        # There whole or not at all, and the owner's alone: another process may be starting too.
        with NamedTemporaryFile("w", dir=file.parent) as new, suppress(FileExistsError):
            new.write(f"{new_key()}\n")
            new.flush()
            os.fsync(new.fileno())
            os.link(new.name, file)
        part.sync_folder(file)
    return [key.value for key in read(file)]


def rotate(file: Path, now: datetime) -> None:
    """Puts a new key on top; the older ones stay. Raises Unreadable, part.Taken and OSError."""
    ownership.make(file.parent)
    with part.beside(file) as new:
        _put(new, [Key(new_key(), now), *(read(file) if file.exists() else [])])


def drop_old(file: Path) -> None:
    """Leaves the newest key alone. Raises Unreadable, part.Taken and OSError."""
    with part.beside(file) as new:
        _put(new, read(file)[:1])


def _put(new: part.Part, keys: list[Key]) -> None:
    with os.fdopen(new.descriptor, "w", closefd=False) as file:
        file.writelines(f"{key}\n" for key in keys)
    new.put()

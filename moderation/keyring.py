"""The signing keys kept in a file: one a line, newest first, each with when it was made."""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile

from moderation import part

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
        file.parent.mkdir(parents=True, exist_ok=True)
        # There whole or not at all, and the owner's alone: another process may be starting too.
        with NamedTemporaryFile("w", dir=file.parent) as new, suppress(FileExistsError):
            new.write(f"{new_key()}\n")
            new.flush()
            os.link(new.name, file)
    return [key.value for key in read(file)]


def rotate(file: Path, now: datetime, needed: timedelta) -> int:
    """Puts a new key on top and drops those that nothing can need any more; how many were dropped.

    A key signs until the next is made, and is needed for as long after as what it signed may last: `needed`,
    or not at all when that is nothing. Raises Unreadable, part.Taken and OSError.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with part.beside(file) as new:
        keys = read(file) if file.exists() else []
        signed_until = [now, *(key.made_at for key in keys)]
        left = [
            key
            for key, until in zip(keys, signed_until, strict=False)
            if needed and (until is None or until > now - needed)
        ]
        lines = "".join(f"{key}\n" for key in [Key(new_key(), now), *left])
        new.path.write_text(lines)
        new.put()
    return len(keys) - len(left)

"""A file made beside the one it will be: whole in its place, or nowhere."""

import errno
import fcntl
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from moderation import ownership


class Taken(Exception):
    """Another process is making the same file."""


@dataclass(frozen=True)
class Part:
    path: Path
    target: Path
    descriptor: int

    def put(self) -> None:
        """Takes its place, once every byte is on the disk; survives a power cut from here on.

        Raises Taken when another file is where this one was made.
        """
        os.fsync(self.descriptor)
        if not _is(self.path, self.descriptor):
            raise Taken
        self.path.replace(self.target)
        sync_folder(self.target)


@contextmanager
def beside(target: Path) -> Generator[Part]:
    """An empty file of the owner’s alone; gone when this ends, unless it was put in its place.

    What a killed process of ours left behind is taken over. Raises Taken, and OSError.
    """
    part = Part(*_own(target))
    try:
        yield part
    finally:
        if _is(part.path, part.descriptor):
            part.path.unlink()
        part.path.with_name(f"{part.path.name}-journal").unlink(missing_ok=True)
        os.close(part.descriptor)


def _own(target: Path) -> tuple[Path, Path, int]:
    ownership.check(target.parent)
    path = target.with_name(f".{target.name}.part")
    while True:
        descriptor = _opened(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise Taken from None
        if _is(path, descriptor):
            os.fchmod(descriptor, 0o600)
            os.ftruncate(descriptor, 0)
            return path, target, descriptor
        os.close(descriptor)  # who had it has just put it in its place


def _opened(path: Path) -> int:
    """In a folder of many another may have come first: with a file they read, or a name of one of ours."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    found = os.fstat(descriptor)
    if found.st_uid == os.geteuid() and found.st_nlink <= 1 and stat.S_ISREG(found.st_mode):
        return descriptor
    os.close(descriptor)
    raise PermissionError(errno.EPERM, "Somebody else put this file there", str(path))


def _is(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def sync_folder(file: Path) -> None:
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

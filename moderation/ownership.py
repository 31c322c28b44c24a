"""Whose a folder is, for the administrator who may do anything in it."""

import errno
import os
import pwd
from pathlib import Path


def check(folder: Path) -> None:
    """Raises PermissionError for the administrator in somebody else’s folder.

    Its owner could put a link to any file where one is about to be made, and have it written or given away.
    """
    while not folder.exists():  # yet to be made in the one above it
        folder = folder.parent
    # Of the link, too, where it is one: who put it there may put another.
    owner = folder.lstat().st_uid or folder.stat().st_uid
    if os.geteuid() != 0 or owner == 0:
        return
    told = f"This folder is not the administrator’s: run it as {_name(owner)}, whose it is"
    raise PermissionError(errno.EPERM, told, str(folder))


def make(folder: Path) -> None:
    """The folder, and those it is in, where they are not there yet. Raises what `check` does, and OSError."""
    check(folder)
    folder.mkdir(parents=True, exist_ok=True)


def _name(owner: int) -> str:
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:  # there is no such user here
        return f"user {owner}"

"""Whose a folder is, for the administrator who may do anything in it."""

import errno
import os
import pwd
from pathlib import Path


def check(folder: Path) -> None:
    """Raises PermissionError for the administrator in somebody else’s folder.

    Its owner could put a link to any file where one is about to be made, and have it written or given away.
    """
    # Of the link, too, where it is one: who put it there may put another.
    owner = folder.lstat().st_uid or folder.stat().st_uid
    if os.geteuid() != 0 or owner == 0:
        return
    told = f"This folder is not the administrator’s: run it as {_name(owner)}, whose it is"
    raise PermissionError(errno.EPERM, told, str(folder))


def _name(owner: int) -> str:
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:  # there is no such user here
        return f"user {owner}"

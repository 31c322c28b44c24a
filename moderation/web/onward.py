"""Where one is led after signing in or confirming: a page of this site and nothing else."""

import re
from typing import Annotated

from fastapi import Form

# No host, no backslash, no step upwards, no control.
_INSIDE = re.compile(r"(?:/[\w-]{1,60}){1,4}(?:\?[\w=&%.-]{0,700})?", re.ASCII)
Next = Annotated[str, Form(alias="next")]


def inside(path: str) -> str:
    return path if _INSIDE.fullmatch(path) else "/desk"

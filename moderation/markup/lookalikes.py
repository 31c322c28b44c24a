"""Names that pass for one another: written with other letters that look the same."""

import re
import unicodedata
from functools import cache
from pathlib import Path

from moderation.markup.names import bare

_FILE = Path(__file__).with_name("lookalikes.txt")
# What looks the same in small letters, once the alphabets are one.
_SAME = (("rn", "m"), ("vv", "w"), ("i", "l"))
_BETWEEN = re.compile(r"[\W_]+")
# A short name stands in many: only longer ones are looked for inside of others.
_TELLING = 8


def resembles(name: str, *others: str) -> bool:
    """Whether a hasty reader would take the name for one of the others, or for one that holds it."""
    seen = skeleton(name)
    return any(
        seen == wanted or (len(wanted) >= _TELLING and wanted in seen)
        for wanted in map(skeleton, others)
        if wanted
    )


def skeleton(name: str) -> str:
    """Equal for two names that look alike, whatever alphabets, accents and signs they are written with."""
    apart = unicodedata.normalize("NFKD", name)
    letters = _BETWEEN.sub("", bare("".join(_table().get(letter, letter) for letter in apart)))
    for many, one in _SAME:
        letters = letters.replace(many, one)
    return letters


@cache
def _table() -> dict[str, str]:
    lines = [line.split() for line in _FILE.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    return {twin: letter for letter, twins in lines for twin in twins}

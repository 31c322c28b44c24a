"""Names and titles in one line, and the form in which two texts are compared."""

import re
import unicodedata

from moderation.markup.characters import CONTROLS, few_marks, without_hidden
from moderation.markup.refusal import Refused

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ı": "i", "ø": "o", "ł": "l", "đ": "d"})
# Characters, seen and unseen, before any work is done on them.
LONGEST_TYPED = 10_000
_MAX_MARKS = 4
# A typed no-break space between two words is French typography; any other run is one space.
_SPACES = re.compile(r"\s{2,}|[^\S\u00a0\u202f ]")
_CONTROLS = re.compile(rf"[{CONTROLS}]")


def plain_line(text: str, limit: int) -> str:
    """What can stand in one line beside others without disturbing them; "" if nothing of it can be seen.

    Raises Refused for what is too long, at once when no part of it could be dropped to make it fit.
    """
    if len(text) > LONGEST_TYPED:
        raise Refused("too_long", limit=limit, found=len(text))
    seen = without_hidden(_CONTROLS.sub("", _SPACES.sub(" ", text)))
    # Marks first: putting thousands of them in their order takes time that grows with their square.
    line = unicodedata.normalize("NFC", few_marks(seen, _MAX_MARKS))
    line = _SPACES.sub(" ", few_marks(line, _MAX_MARKS)).strip()
    if len(line) > limit:
        raise Refused("too_long", limit=limit, found=len(line))
    return line


def fold(text: str) -> str:
    """Equal for two texts that a reader would call the same."""
    return " ".join(unicodedata.normalize("NFC", without_hidden(text)).casefold().split())


def bare(text: str) -> str:
    """Without accents, case and what cannot be seen: equal for a word and the same typed in haste."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", without_hidden(text).casefold())
    return "".join(c for c in apart if unicodedata.category(c) != "Mn").casefold().translate(_LIGATURES)

"""Text folded into words, the one way for what is searched and what is asked: databases answer alike. Pure.

Case, accents and ligatures go; what is left between anything but letters and digits is a word.
"""

import re
import unicodedata

# Characters of a word that count: PostgreSQL keeps no lexeme past two thousand bytes.
LONGEST_WORD = 60
LONGEST_KEY = 200
_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_DROPPED = {"Mn", "Mc", "Me", "Cf"}
_APART = re.compile(r"[\W_]+")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")


def words(text: str) -> list[str]:
    """In their order."""
    return [word[:LONGEST_WORD] for word in _APART.split(_folded(text)) if word]


def key(text: str) -> str | None:
    """What two ways to write one name have in common; None for no name at all."""
    folded = " ".join(words(text)) or text.strip().casefold()
    return folded[:LONGEST_KEY] or None


def bag(*texts: str) -> str:
    """Each word of the texts once, as the search index has them."""
    return " ".join(sorted({word for text in texts for word in words(text)}))


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    # Marks go first: to put a run of them in order takes time that grows with its square. Folding case can
    # give what comes apart once more.
    apart = unicodedata.normalize("NFKD", _bare(text))
    folded = unicodedata.normalize("NFKD", _bare(apart).casefold())
    return _bare(folded).translate(_LETTERS)


def _bare(text: str) -> str:
    """Without marks, and without what nobody sees."""
    return _BEYOND_ASCII.sub(_left, text)  # ASCII has neither, and is most of what is written


def _left(run: re.Match[str]) -> str:
    return "".join(letter for letter in run[0] if unicodedata.category(letter) not in _DROPPED)

"""Words taken out of a text as it was typed, and what stands in their place. Pure.

Nothing else of the text can change: what is taken out is named, passage by passage.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from moderation import markup

# Passages taken out in one go: each is looked for in the whole text.
MOST = 100
# Which of them somebody typed nobody sees.
_APOSTROPHES = str.maketrans("'‘ʼ", "’’’")
_CHARACTERS = re.compile(r"\s+|\S")


@dataclass(frozen=True)
class Redacted:
    source: str
    # Passages that are not in the text.
    missing: tuple[str, ...]


def passages(typed: str) -> tuple[str, ...]:
    """One a line, each once, the longest first: what is in another goes with it."""
    lines = unicodedata.normalize("NFC", typed).splitlines()
    found = dict.fromkeys(" ".join(line.split()) for line in lines)
    return tuple(sorted(filter(None, found), key=len, reverse=True))


def redact(source: str, taken: Iterable[str], instead: str) -> Redacted:
    """Wherever a passage stands, as whole words if it does anywhere; spaces and newlines are alike."""
    source = unicodedata.normalize("NFC", source)
    characters = [match.span() for match in _CHARACTERS.finditer(source)]
    text = "".join(" " if source[start].isspace() else source[start] for start, _ in characters)
    text = text.translate(_APOSTROPHES)
    missing: list[str] = []
    places: list[tuple[int, int]] = []
    for passage in taken:
        found = _found(text, passage.translate(_APOSTROPHES))
        places += [(characters[start][0], characters[end - 1][1]) for start, end in found]
        if not found:
            missing.append(passage)
    return Redacted(_without(source, places, instead), tuple(missing))


def left(taken: Iterable[str], source: str, html: str, instead: str) -> tuple[str, ...]:
    """Passages still read in the rest, or in where it leads: written otherwise, or within longer words."""
    typed = _apart(_spaced(source), _spaced(instead))
    read = _apart(_spoken(html), _spoken(instead))
    return tuple(one for one in taken if _spaced(one) in typed or (_spoken(escape(one)) or "\0") in read)


def _spaced(text: str) -> str:
    return " ".join(markup.bare(text).split())


def _spoken(html: str) -> str:
    return " ".join(markup.spoken(html))


def _apart(text: str, instead: str) -> str:
    return text.replace(instead, "\n")


def _found(text: str, passage: str) -> list[tuple[int, int]]:
    """In a text of single spaces, where this takes time that grows as it does."""
    if passage not in text:
        return []
    before = r"(?<!\w)" if passage[:1].isalnum() else ""
    after = r"(?!\w)" if passage[-1:].isalnum() else ""
    spelt = re.escape(passage)
    whole = [match.span() for match in re.finditer(before + spelt + after, text)]
    return whole or [match.span() for match in re.finditer(spelt, text)]


def _without(source: str, places: Iterable[tuple[int, int]], instead: str) -> str:
    """Passages that touch are one."""
    out: list[str] = []
    done = 0
    for start, end in sorted(places):
        if start >= done:
            between = source[done:start]
            if not out or between.strip() or "\n" in between:
                out += [between, instead]
        done = max(done, end)
    return "".join(out) + source[done:]

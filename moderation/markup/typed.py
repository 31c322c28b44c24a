"""A text as it was typed: what cannot be seen is named, and what readers are not shown is marked."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from moderation.markup import characters
from moderation.markup.gate import Struck
from moderation.markup.verify import tokens

# How far ahead the two are looked through for where they meet again: the work stays a line.
_AHEAD = 40
# A tag or an address is there whole, or not at all.
_WORD = re.compile(r"</?[a-zA-Z][^<>]*>|https?://[^\s<>\"\]]*[\w/]|\w+|[^\w\s]")
_REPLACEMENT = "\ufffd"


@dataclass(frozen=True)
class Piece:
    """Some of the text; or one character that cannot be seen, by its code and what kind of it that is."""

    text: str
    # Whether readers are shown it.
    shown: bool = True
    # "bidi", "invisible" or "control"; the text is then the code.
    unseen: str = ""


class _Word(NamedTuple):
    text: str
    start: int
    end: int


def typed(source: str, struck: Iterable[Struck], html: str) -> tuple[Piece, ...]:
    """The stored source in pieces, with what the gate had taken out of it put back as marks."""
    lost = _lost(_words(source), _seen(html))
    pieces: list[Piece] = []
    done = 0
    for at, code in struck:
        end = max(done, min(at, len(source)))
        pieces += _between(source, done, end, lost)
        pieces.append(_unseen(chr(code)))
        # What is broken left a sign in its place.
        done = end + (source[end : end + 1] == _REPLACEMENT)
    pieces += _between(source, done, len(source), lost)
    return tuple(pieces)


def _between(source: str, start: int, end: int, lost: set[int]) -> Iterator[Piece]:
    for gone, places in groupby(range(start, end), key=lost.__contains__):
        run = list(places)
        for text, hidden in characters.pieces(source[run[0] : run[-1] + 1]):
            yield _unseen(text) if hidden else Piece(text, shown=not gone)


def _unseen(character: str) -> Piece:
    return Piece(characters.code(character), unseen=characters.kind_of(character))


def _seen(html: str) -> list[_Word]:
    """What readers read: an address that was made a link stands within what is around it."""
    runs = [""]
    for token in tokens(html) or []:
        if token.kind == "text":
            runs[-1] += token.value
        elif token.name != "a":
            runs.append("")
    return [word for run in runs for word in _words(run)]


def _words(text: str) -> list[_Word]:
    return [_Word(match[0], *match.span()) for match in _WORD.finditer(text)]


def _lost(typed: list[_Word], seen: list[_Word]) -> set[int]:
    """The places of what was typed and is not read."""
    lost: set[int] = set()
    here = there = 0
    while here < len(typed):
        missing, there = _apart(typed, here, seen, there)
        for word in typed[here : here + missing]:
            lost.update(range(word.start, word.end))
        here += missing or 1
    return lost


def _apart(typed: list[_Word], here: int, seen: list[_Word], there: int) -> tuple[int, int]:
    """How many words, from here on, are not read; and where reading goes on, past the one they meet at."""
    if there == len(seen):
        return len(typed) - here, there
    missing = _steps(typed, here, seen[there].text)
    extra = _steps(seen, there, typed[here].text)
    if missing is not None and (extra is None or missing <= extra):
        return missing, there + (missing == 0)
    if extra is not None:  # what was not typed, such as the rest of a phrase, stands in between
        return 0, there + extra + 1
    return 1, there + 1  # one stands for the other


def _steps(words: list[_Word], start: int, wanted: str) -> int | None:
    """After how many words that one comes, if soon."""
    ahead = words[start : start + _AHEAD]
    return next((steps for steps, word in enumerate(ahead) if word.text == wanted), None)

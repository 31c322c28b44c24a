"""Words a site looks out for, marked where they stand in a text, which gains marks and nothing else."""

import html
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from moderation.markup.characters import HIDING
from moderation.markup.names import bare
from moderation.markup.references import escaped
from moderation.markup.rendering import trusted

LONGEST_WATCHED = 60
# Letters of a word that count: one letter as it is typed can stand for eighteen.
LONGEST_WORD = 60
# Letters before a star: fewer would mark half of a text.
SHORTEST_START = 3

_WORD = re.compile(rf"[\w{HIDING}]+")
_TAG = re.compile(r"<[^<>]*>")
_UNIT = re.compile(r"&[a-z]+;|.", re.DOTALL)
_APART = re.compile(r"</?(?:blockquote|br|li|ol|p|pre|ul)\b")
_END = "</mark>"


class Unwatchable(ValueError):
    """Not a word, nor several: "empty", "star", "short" or "long"."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class Pattern(NamedTuple):
    """Words in a row, the last of them perhaps only its beginning."""

    words: tuple[str, ...]
    open: bool

    @property
    def key(self) -> str:
        """Equal for two that mark the same."""
        return " ".join(self.words) + "*" * self.open


def pattern(typed: str) -> Pattern:
    """Raises Unwatchable."""
    text = typed.strip()
    open_ended = text.endswith("*")
    stem = text.removesuffix("*")
    words = tuple(word for word in map(_folded, _WORD.findall(stem)) if word)
    if not words:
        raise Unwatchable("empty")
    if len(text) > LONGEST_WATCHED:
        raise Unwatchable("long")
    if "*" in stem or (open_ended and not _WORD.match(stem[-1:])):
        raise Unwatchable("star")
    if open_ended and len(words[-1]) < SHORTEST_START:
        raise Unwatchable("short")
    return Pattern(words, open_ended)


class _Letter(NamedTuple):
    """One character as read, and where it is written."""

    read: str
    start: int
    end: int
    in_link: bool


@dataclass(frozen=True)
class Watch:
    """The words of a site, ready to be found; `blurred` marks can be reached by key, to uncover them."""

    # By first word, how many words may follow one another from there, the most first.
    starts: dict[str, tuple[int, ...]]
    whole: frozenset[tuple[str, ...]]
    # By the words before, how the word after them may begin.
    open: dict[tuple[str, ...], frozenset[str]]
    blurred: bool = False

    def html(self, stored: str) -> Markup:
        """Stored HTML with marks around the words, and everything else as it is."""
        stored = str(stored)  # what is added to trusted HTML would be escaped
        if not (self.starts or self.open) or not any(self._found(_read(stored))):
            return trusted(stored)
        letters = list(_letters(stored))
        out: list[str] = []
        done = 0
        for start, end in self._found("".join(letter.read for letter in letters)):
            for run in _runs(letters[start:end]):
                mark = "<mark>" if run[0].in_link or not self.blurred else '<mark tabindex="0">'
                out += [stored[done : run[0].start], mark, stored[run[0].start : run[-1].end], _END]
                done = run[-1].end
        return trusted("".join(out) + stored[done:])

    def text(self, plain: str, *, in_link: bool = False) -> Markup:
        """The same of a text that holds no markup."""
        return (Watch(self.starts, self.whole, self.open) if in_link else self).html(escaped(plain))

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the words begin and end, in order and apart."""
        words = [(*match.span(), _folded(match[0])) for match in _WORD.finditer(text)]
        index = 0
        while index < len(words):
            many = self._length([word for *_, word in words[index : index + _MOST_WORDS]])
            if many and "\n" not in text[words[index][0] : words[index + many - 1][1]]:
                yield words[index][0], words[index + many - 1][1]
            index += many or 1

    def _length(self, words: list[str]) -> int:
        """How many of these words, from the first on, are watched together; however many are watched."""
        for many in self.starts.get(words[0], ()):
            *before, last = words[:many]
            if len(before) + 1 == many and ((*before, last) in self.whole or self._begins(before, last)):
                return many
        return int(self._begins((), words[0]))

    def _begins(self, before: Iterable[str], last: str) -> bool:
        stems = self.open.get(tuple(before), ())
        return bool(stems) and any(last[:size] in stems for size in range(SHORTEST_START, len(last) + 1))


def spoken(stored: str) -> list[str]:
    """The words of stored HTML, bare, in order."""
    return [bare(word) for word in _WORD.findall(_read(stored))]


def _folded(word: str) -> str:
    return bare(word)[:LONGEST_WORD]


def _read(stored: str) -> str:
    """What `_letters` reads, in a tenth of the time."""
    return html.unescape(_TAG.sub(lambda tag: "\n" if _APART.match(tag[0]) else "", stored))


_MOST_WORDS = LONGEST_WATCHED // 2


def watch(typed: Iterable[str], *, blurred: bool = False) -> Watch:
    """Of words that can be watched; what cannot is left out."""
    starts: dict[str, set[int]] = defaultdict(set)
    whole = set()
    stems: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for one in map(pattern, typed):
        *before, last = one.words
        if one.open:
            stems[tuple(before)].add(last)
        else:
            whole.add(one.words)
        if before or not one.open:
            starts[one.words[0]].add(len(one.words))
    lengths = {word: tuple(sorted(many, reverse=True)) for word, many in starts.items()}
    begun = {before: frozenset(begins) for before, begins in stems.items()}
    return Watch(lengths, frozenset(whole), begun, blurred)


def _letters(stored: str) -> Iterator[_Letter]:
    """Inline tags part no word; blocks and line breaks do."""
    position = 0
    in_link = False
    for tag in _TAG.finditer(stored):
        yield from _units(stored, position, tag.start(), in_link=in_link)
        in_link = (in_link and tag[0] != "</a>") or tag[0].startswith("<a ")
        if _APART.match(tag[0]):
            yield _Letter("\n", tag.end(), tag.end(), in_link)
        position = tag.end()
    yield from _units(stored, position, len(stored), in_link=in_link)


def _units(stored: str, start: int, end: int, *, in_link: bool) -> Iterator[_Letter]:
    for unit in _UNIT.finditer(stored, start, end):
        yield _Letter(html.unescape(unit[0])[:1] if unit[0][0] == "&" else unit[0], *unit.span(), in_link)


def _runs(letters: list[_Letter]) -> Iterator[list[_Letter]]:
    """The same letters, a run for each stretch between two tags."""
    run: list[_Letter] = []
    for letter in letters:
        if run and run[-1].end != letter.start:
            yield run
            run = []
        run.append(letter)
    if run:
        yield run

"""What makes two texts alike: the passages they share, told by a few numbers, and the links. Pure.

Nothing but the text enters: no name, no address of who sent it. The same text gives the same numbers always.
"""

import hashlib
import html
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from operator import eq

from moderation import folding

# Words in a passage.
PASSAGE = 3
# With fewer passages, chance would make two texts alike: they are the same or nothing to one another.
FEWEST = 5
# A signature’s numbers: of each band’s, all must be equal for two texts to be looked at.
BANDS, ROWS, NUMBERS = 8, 2, 48
# The part of all their passages that two texts share, as their signatures estimate it.
ALIKE = 0.35
# The same, where they share a link as well.
LINKED = 0.1
# Links of a text that count, the first ones.
LINKS = 3
_SIGNATURE = struct.Struct(f">{NUMBERS}I")
_SAME = 16

_PIECE = re.compile(r"<(?P<end>/?)(?P<name>[a-z0-9]+)(?P<rest>[^>]*)>|[^<]+", re.ASCII)
_HREF = re.compile(r'href="([^"]*)"')
_SPELT = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)


@dataclass(frozen=True)
class Known:
    """What stands already above a text, and is nobody’s own who repeats it."""

    passages: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()

    def __or__(self, other: "Known") -> "Known":
        return Known(self.passages | other.passages, self.links | other.links)


@dataclass(frozen=True)
class Likeness:
    """A text’s signature, and the keys under which those that may be alike are found."""

    signature: bytes
    bands: tuple[int, ...]
    links: tuple[int, ...]

    @property
    def keys(self) -> tuple[int, ...]:
        return self.bands + self.links


def known(document: str) -> Known:
    words, links = _read(document, quotes=True)
    return Known(frozenset(_passages(words)), frozenset(links))


def of(document: str, above: Known) -> Likeness | None:
    """Of a contribution’s HTML, quotes left out; None where nothing of its own is left."""
    words, links = _read(document, quotes=False)
    words = _own(words, above.passages)
    ours = [link for link in links if link not in above.links][:LINKS]
    if not words and not ours:
        return None
    keys = tuple(_key("link", link) for link in ours)
    passages = {passage for passage in _passages(words) if passage not in above.passages}
    if len(passages) < FEWEST:
        said = " ".join(words)
        same = hashlib.blake2b(said.encode(), digest_size=_SAME).digest()
        return Likeness(same, (_key("same", said),) if words else (), keys)
    numbers = _numbers(passages)
    bands = tuple(_key(str(band), *numbers[band * ROWS : (band + 1) * ROWS]) for band in range(BANDS))
    return Likeness(_SIGNATURE.pack(*numbers), bands, keys)


def alike(mine: bytes, theirs: bytes, *, linked: bool) -> bool:
    """Whether two signatures are of texts to be shown together; `linked`, when they share a link."""
    if len(mine) != len(theirs):
        return False
    if is_short(mine):
        return linked or mine == theirs
    shared: int = sum(map(eq, _SIGNATURE.unpack(mine), _SIGNATURE.unpack(theirs)))
    return shared >= NUMBERS * (LINKED if linked else ALIKE)


def is_short(signature: bytes) -> bool:
    """Whether it stands for words too few to be compared otherwise than one by one."""
    return len(signature) == _SAME


def _read(document: str, *, quotes: bool) -> tuple[list[str], list[str]]:
    """The folded words and the links, each link once."""
    text: list[str] = []
    links: dict[str, None] = {}
    quoted = 0
    for piece in _PIECE.finditer(document):
        name = piece["name"]
        if name == "blockquote":
            quoted += -1 if piece["end"] else 1
        if quoted and not quotes:
            continue
        if name is None:
            text.append(piece[0])
        elif name == "a" and (address := _HREF.search(piece["rest"])):
            links[_link(html.unescape(address[1]))] = None
        elif name in {"p", "br", "li", "pre", "h2", "h3", "td", "th"}:
            text.append(" ")
    return folding.words(_SPELT.sub(" ", html.unescape("".join(text)))), list(links)


def _link(address: str) -> str:
    return address.partition("#")[0].partition("://")[2].lower().removeprefix("www.").rstrip("/") or address


def _passages(words: list[str]) -> Iterable[str]:
    return map(" ".join, zip(*(words[start:] for start in range(PASSAGE)), strict=False))


def _own(words: list[str], above: frozenset[str]) -> list[str]:
    """The words that are part of no passage that stands above."""
    if not above:
        return words
    quoted: set[int] = set()
    for start, passage in enumerate(_passages(words)):
        if passage in above:
            quoted.update(range(start, start + PASSAGE))
    return [word for place, word in enumerate(words) if place not in quoted]


def _numbers(passages: Iterable[str]) -> tuple[int, ...]:
    """For each of so many ways to shuffle all passages, which comes first (MinHash)."""
    size = _SIGNATURE.size
    drawn = [_SIGNATURE.unpack(hashlib.shake_128(one.encode()).digest(size)) for one in passages]
    return tuple(map(min, zip(*drawn, strict=True)))


def _key(kind: str, *of: int | str) -> int:
    named = "\0".join(map(str, (kind, *of)))
    return int.from_bytes(hashlib.blake2b(named.encode(), digest_size=8).digest(), signed=True)

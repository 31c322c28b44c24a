"""What comes in at all: bounded, one spelling per character, nothing that harms whoever handles it later."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field

from moderation.markup.characters import CONTROLS, OVERRIDES, TAGS
from moderation.markup.refusal import Refused

MAX_CHARACTERS = 10_000
# What says that words were taken out of a text is longer than some of them.
MAX_REDACTED = 2 * MAX_CHARACTERS
# The libraries behind are quadratic on deep nesting: this bounds it (0.25 s at worst, measured).
MAX_TAGS = 400

_REPLACEMENT = "\ufffd"
_NEWLINE = re.compile(r"\r\n|[\r\x85\u2028\u2029]")
_REFUSED = re.compile(rf"[{CONTROLS}{OVERRIDES}{TAGS}]")
_DROPPED = re.compile(rf"[{OVERRIDES}{TAGS}]")
# One without its semicolon is text for us, and written as text.
_REFERENCE = re.compile(r"&#(?:x(?P<hex>[0-9a-f]+)|(?P<decimal>[0-9]+));", re.IGNORECASE | re.ASCII)
_MAX_DIGITS = 8
_NEWLINE_CODES = {0x0D, 0x2028, 0x2029}
# HTML reads &#128; to &#159; as Windows-1252, so they name letters and quotes; these five name nothing.
_WINDOWS_CODES = frozenset(range(0x80, 0xA0)) - {0x81, 0x8D, 0x8F, 0x90, 0x9D}


# A place in the text, and the code of the character that was left out or replaced there.
Struck = tuple[int, int]
# Shown in place; past that, many are only counted.
MOST_STRUCK = 200


@dataclass(frozen=True)
class Gated:
    source: str
    refused: Counter[str]
    struck: tuple[Struck, ...]


def gate(typed: str, longest: int = MAX_CHARACTERS) -> Gated:
    # A browser sends each newline as two characters and counts it as one.
    source = _NEWLINE.sub("\n", typed)
    _bound(source, longest)
    strikes = _Strikes()
    source = _normalized(_without_refused(source, strikes), strikes)
    source = _without_refused_references(source, strikes)
    # A few characters are longer in their one spelling.
    _bound(source, longest)
    return Gated(source, strikes.refused, tuple(sorted(strikes.placed)))


@dataclass
class _Strikes:
    """What was refused, all of it counted, the first of it with its place."""

    refused: Counter[str] = field(default_factory=Counter)
    placed: list[Struck] = field(default_factory=list)

    def add(self, character: str, at: int) -> None:
        self.refused[character] += 1
        if len(self.placed) < MOST_STRUCK:
            self.placed.append((at, ord(character)))


def _bound(source: str, longest: int) -> None:
    if len(source) > longest:
        raise Refused("too_long", limit=longest, found=len(source))
    tags = source.count("<")
    if tags > MAX_TAGS:
        raise Refused("too_many_tags", limit=MAX_TAGS, found=tags)


def _without_refused(source: str, strikes: _Strikes) -> str:
    """Direction overrides come along unseen when text is pasted, so they go; what is broken shows."""
    dropped = 0

    def instead(match: re.Match[str]) -> str:
        nonlocal dropped
        strikes.add(match[0], match.start() - dropped)
        if not _DROPPED.match(match[0]):
            return _REPLACEMENT
        dropped += 1
        return ""

    return _REFUSED.sub(instead, source)


def _normalized(source: str, strikes: _Strikes) -> str:
    """In one spelling; a place between a letter and its accent may come out one beside."""
    if unicodedata.is_normalized("NFC", source):
        return source
    moved, done, length = [], 0, 0
    for at, character in strikes.placed:
        length += len(unicodedata.normalize("NFC", source[done:at]))
        done = at
        moved.append((length, character))
    strikes.placed = moved
    return unicodedata.normalize("NFC", source)


def _without_refused_references(source: str, strikes: _Strikes) -> str:
    before = list(strikes.placed)
    shorter: list[tuple[int, int]] = []

    def struck(match: re.Match[str]) -> str:
        code = _code(match)
        if code in _NEWLINE_CODES:
            return "\n"
        if code is None:
            return _REPLACEMENT
        if code in _WINDOWS_CODES or not _REFUSED.match(chr(code)):
            return match[0]
        strikes.add(chr(code), match.start() - sum(by for _, by in shorter))
        # Never nothing: what stands around it could join into another reference.
        return _REPLACEMENT

    def instead(match: re.Match[str]) -> str:
        written = struck(match)
        if len(shorter) < MOST_STRUCK:
            shorter.append((match.end(), len(match[0]) - len(written)))
        return written

    source = _REFERENCE.sub(instead, source)
    added = strikes.placed[len(before) :]
    strikes.placed = [(at - sum(by for end, by in shorter if end <= at), code) for at, code in before] + added
    return source


def _code(match: re.Match[str]) -> int | None:
    digits = match["hex"] or match["decimal"]
    if len(digits) > _MAX_DIGITS:
        return None
    code = int(digits, 16 if match["hex"] else 10)
    return code if code <= 0x10FFFF else None

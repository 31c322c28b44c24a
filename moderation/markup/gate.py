"""What comes in at all: bounded, one spelling per character, nothing that harms whoever handles it later."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from moderation.markup.characters import CONTROLS, OVERRIDES, TAGS
from moderation.markup.refusal import Refused

MAX_CHARACTERS = 10_000
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


@dataclass(frozen=True)
class Gated:
    source: str
    refused: Counter[str]


def gate(typed: str) -> Gated:
    # A browser sends each newline as two characters and counts it as one.
    source = _NEWLINE.sub("\n", typed)
    _bound(source)
    refused: Counter[str] = Counter()
    source = _without_refused(source, refused)
    source = unicodedata.normalize("NFC", source)
    source = _without_refused_references(source, refused)
    # A few characters are longer in their one spelling.
    _bound(source)
    return Gated(source, refused)


def _bound(source: str) -> None:
    if len(source) > MAX_CHARACTERS:
        raise Refused("too_long", limit=MAX_CHARACTERS, found=len(source))
    tags = source.count("<")
    if tags > MAX_TAGS:
        raise Refused("too_many_tags", limit=MAX_TAGS, found=tags)


def _without_refused(source: str, refused: Counter[str]) -> str:
    """Direction overrides come along unseen when text is pasted, so they go; what is broken shows."""

    def instead(match: re.Match[str]) -> str:
        refused[match[0]] += 1
        return "" if _DROPPED.match(match[0]) else _REPLACEMENT

    return _REFUSED.sub(instead, source)


def _without_refused_references(source: str, refused: Counter[str]) -> str:
    def instead(match: re.Match[str]) -> str:
        code = _code(match)
        if code in _NEWLINE_CODES:
            return "\n"
        if code is None:
            return _REPLACEMENT
        if code in _WINDOWS_CODES or not _REFUSED.match(chr(code)):
            return match[0]
        refused[chr(code)] += 1
        # Never nothing: what stands around it could join into another reference.
        return _REPLACEMENT

    return _REFERENCE.sub(instead, source)


def _code(match: re.Match[str]) -> int | None:
    digits = match["hex"] or match["decimal"]
    if len(digits) > _MAX_DIGITS:
        return None
    code = int(digits, 16 if match["hex"] else 10)
    return code if code <= 0x10FFFF else None

"""What a moderator should know about a text, read from the text as it will be shown.

tag_removed          a tag that was not taken for one and is shown as text; its name
attribute_removed    an attribute of such a tag; its name
link                 where a link really leads: the host in ASCII, or the mailbox
misleading_link      a link whose text names another host; "text → host"
invisible            invisible characters, kept or removed; "U+200B ×3"
bidi                 characters that turn the direction of the text, kept or removed; "U+202E ×1"
control              control characters and halves of characters, replaced; "U+0000 ×1"
mixed_scripts        a word of letters that look alike from several alphabets; the word
unverified           the text failed the last check and is shown without any markup
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from moderation.markup.anchors import anchors_in
from moderation.markup.characters import code, hidden, kind_of
from moderation.markup.verify import Token


@dataclass(frozen=True)
class Finding:
    kind: str
    detail: str


_TAG = re.compile(
    r"</?(?P<name>[a-z][a-z0-9:-]{0,40})(?P<rest>[\s/][^<>]*)?(?P<end>>?)", re.IGNORECASE | re.ASCII
)
_ATTRIBUTE = re.compile(r"(?<![^\s/\"'])([a-z][a-z0-9:_.-]{0,40})\s?=", re.IGNORECASE | re.ASCII)

_WORD = re.compile(r"\w+")
_LATIN = re.compile(r"[a-zA-Z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]")
_LOOKALIKE = re.compile(r"[\u0370-\u03ff\u1f00-\u1fff\u0400-\u052f\u1c80-\u1c8f\u2de0-\u2dff\ua640-\ua69f]")
# Ohms and micrometres are written so.
_UNIT = re.compile(r"[0-9]*(?:[kMGTmμ]?Ω|μ[a-zA-Z]{1,3})")
_MAX_SHOWN = 80


def findings(refused: Counter[str], document: list[Token]) -> tuple[Finding, ...]:
    """Each once."""
    text = _text(document, code=True)
    found = [
        *_tags(_text(document, code=False)),
        *_links(document),
        *_characters(refused, text),
        *_mixed_scripts(" ".join([text, *_addresses(document)])),
    ]
    return tuple(dict.fromkeys(found))


def _text(document: list[Token], *, code: bool) -> str:
    parts: list[str] = []
    inside_code = 0
    for token in document:
        if token.name in {"code", "pre"}:
            inside_code += 1 if token.kind == "start" else -1
        elif token.kind == "text" and (code or not inside_code):
            parts.append(token.value)
        elif token.kind == "void":
            parts.append("\n")
    return "".join(parts)


def _addresses(document: list[Token]) -> Iterator[str]:
    return (token.value for token in document if token.name == "a" and token.kind == "start")


def _tags(text: str) -> Iterator[Finding]:
    for tag in _TAG.finditer(text):
        rest = tag["rest"] or ""
        if not ("=" in rest or (tag["end"] and not rest.strip(" \n\t/"))):
            continue
        yield Finding("tag_removed", tag["name"].lower())
        for name in _ATTRIBUTE.findall(rest):
            yield Finding("attribute_removed", name.lower())


def _links(document: list[Token]) -> Iterator[Finding]:
    for anchor in anchors_in(document):
        yield Finding("link", anchor.owner)
        for claim in anchor.claims:
            yield Finding("misleading_link", f"{claim} → {anchor.owner.removeprefix('www.')}")


def _characters(refused: Counter[str], text: str) -> Iterator[Finding]:
    kinds: dict[str, Counter[str]] = {"invisible": Counter(), "bidi": Counter(), "control": Counter()}
    for character, many in (refused + Counter(hidden(text))).items():
        kinds[kind_of(character)][character] += many
    for kind, counted in kinds.items():
        if counted:
            yield Finding(kind, _listed(counted))


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{code(character)} ×{many}" for character, many in sorted(counted.items()))


def _mixed_scripts(text: str) -> Iterator[Finding]:
    if text.isascii():
        return
    for word in _WORD.findall(text):
        if _LOOKALIKE.search(word) and _LATIN.search(word) and not _UNIT.fullmatch(word):
            yield Finding("mixed_scripts", word[:_MAX_SHOWN])

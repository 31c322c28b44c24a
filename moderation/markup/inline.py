"""What stands inside a paragraph: emphasis, links, code; whatever has no partner stays text."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from moderation.markup.addresses import shown
from moderation.markup.characters import visible
from moderation.markup.dialect import Dialect
from moderation.markup.references import decoded, escaped
from moderation.markup.sanitise import keeps
from moderation.markup.typography import anchor_start, text_html
from moderation.markup.verbatim import Ends

MAX_DEPTH = 12

_QUOTED = r"""(?:"[^"<>]{0,2000}"|'[^'<>]{0,2000}')"""
_TAGS = rf"""
    (?P<code><code\s?>)
  | (?P<break><br\s?/?>\n?)
  | <(?P<start>abbr|b|cite|del|em|i|ins|q|strong)\s?>
  | </(?P<end>abbr|b|cite|del|em|i|ins|q|strong|a)\s?>
  | <a(?P<attributes>(?:\s++(?:href|title)\s?=\s?{_QUOTED})++)\s*+/?>
"""
# An address holds no "->", so that each of its characters is looked at for one arrow only.
_SPIP = r"""
  | (?P<opening>\{{1,3}|\[)
  | (?P<closing>\}{1,3}|\])
  | (?:\|(?P<title>(?:(?!->)[^][{}|<>\n]){0,200})(?:\{[a-z-]{2,8}\})?)?
    ->[ ]?(?P<address>(?:(?!->)[^][\s]){1,2000}+)[ ]?\]
"""
_FLAGS = re.IGNORECASE | re.ASCII | re.VERBOSE
_MARKS = {Dialect.PLAIN: re.compile(_TAGS, _FLAGS), Dialect.SPIP: re.compile(_TAGS + _SPIP, _FLAGS)}
_ATTRIBUTE = re.compile(rf"(?P<key>href|title)\s?=\s?(?P<value>{_QUOTED})", _FLAGS)
_BRACES = {"{": "i", "{{": "strong", "{{{": "strong"}


def inline_html(source: str, dialect: Dialect) -> str:
    sentence = _Sentence()
    ends = Ends(source)
    position = 0
    while mark := _MARKS[dialect].search(source, position):
        sentence.text(source[position : mark.start()])
        position = mark.end()
        if mark["code"]:
            position = _code(sentence, source, mark, ends)
        else:
            _read(sentence, mark)
    sentence.text(source[position:])
    return sentence.html()


def _code(sentence: "_Sentence", source: str, mark: re.Match[str], ends: Ends) -> int:
    """Where reading goes on: behind the code, or behind a tag that nothing closes."""
    end = ends.after("code", mark.end())
    inside = source[mark.end() : end.start()] if end else ""
    if end is None or not inside.strip():
        sentence.text(mark[0])
        return mark.end()
    sentence.whole(f"<code>{escaped(decoded(inside))}</code>")
    return end.end()


def _read(sentence: "_Sentence", mark: re.Match[str]) -> None:
    match mark.lastgroup:
        case "break":
            sentence.whole("<br>")
        case "start":
            name = mark["start"].lower()
            sentence.open(mark[0], kind=name, html=f"<{name}>")
        case "end":
            sentence.close(mark[0], kind=mark["end"].lower())
        case "attributes":
            _open_anchor(sentence, mark)
        case "opening":
            sentence.open(mark[0], kind=mark[0], html=f"<{_BRACES.get(mark[0], 'a')}>")
        case "closing" if mark[0] == "]":
            sentence.forget_bracket()
        case "closing":
            sentence.close_braces(len(mark[0]))
        case _:
            _close_bracket(sentence, mark)


def _open_anchor(sentence: "_Sentence", mark: re.Match[str]) -> None:
    attributes: dict[str, str] = {}
    for attribute in _ATTRIBUTE.finditer(mark["attributes"]):
        value = decoded(attribute["value"][1:-1])
        attributes.setdefault(attribute["key"].lower(), value)
    address = attributes.get("href", "").strip()
    if keeps(address):
        sentence.open(mark[0], kind="a", html=anchor_start(address, attributes.get("title", "")))
    else:
        sentence.text(mark[0])


def _close_bracket(sentence: "_Sentence", mark: re.Match[str]) -> None:
    address = decoded(mark["address"])
    if keeps(address):
        sentence.close_bracket(mark[0], address, decoded(mark["title"] or ""))
    else:
        sentence.text(mark[0])


class _Part(NamedTuple):
    value: str
    ready: bool


@dataclass
class _Open:
    """A mark that waits for its partner, and what has come since."""

    kind: str
    index: int
    html: str
    visible: bool = False
    links: bool = False
    height: int = 0


class _Sentence:
    """Parts in order; an opening mark is text until its partner comes."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._open = [_Open("", 0, "")]
        self._waiting: Counter[str] = Counter()

    def text(self, raw: str) -> None:
        if raw:
            self._parts.append(_Part(raw, ready=False))
            self._open[-1].visible = self._open[-1].visible or visible(decoded(raw))

    def whole(self, html: str) -> None:
        self._parts.append(_Part(html, ready=True))
        self._open[-1].visible = True

    def open(self, raw: str, *, kind: str, html: str) -> None:
        self._open.append(_Open(kind, len(self._parts), html))
        self._waiting[kind] += 1
        self._parts.append(_Part(raw, ready=False))

    def close(self, raw: str, *, kind: str) -> None:
        opened = self._nearest({kind})
        if opened is None:
            self.text(raw)
        else:
            self._join(opened, raw)

    def close_braces(self, many: int) -> None:
        """A run of braces closes whatever it can from the inside out; the rest of it is text."""
        while many:
            opened = self._nearest({"{" * size for size in range(1, many + 1)})
            if opened is None:
                break
            self._join(opened, "}" * len(opened.kind))
            many -= len(opened.kind)
        self.text("}" * many)

    def forget_bracket(self) -> None:
        """[sic] is nobody's link."""
        if self._open[-1].kind == "[":
            self._abandon()
        self.text("]")

    def close_bracket(self, raw: str, address: str, title: str) -> None:
        opened = self._nearest({"["})
        if opened is None:
            self.text(raw)
            return
        opened.html = anchor_start(address, title)
        if opened.index == len(self._parts) - 1:
            opened.html += escaped(shown(address))
            opened.visible = True
        self._join(opened, raw)

    def html(self) -> str:
        out: list[str] = []
        raw: list[str] = []
        linked = False
        for part in (*self._parts, _Part("", ready=True)):
            if not part.ready:
                raw.append(part.value)
                continue
            # Marks that stayed text join the text around them first: an address may hold one.
            out += [text_html("".join(raw), link=not linked), part.value]
            raw.clear()
            linked = part.value.startswith("<a ") or (linked and part.value != "</a>")
        return "".join(out)

    def _nearest(self, kinds: set[str]) -> _Open | None:
        if not any(self._waiting[kind] for kind in kinds):
            return None
        while self._open[-1].kind not in kinds:
            self._abandon()
        opened = self._open.pop()
        self._waiting[opened.kind] -= 1
        return opened

    def _abandon(self) -> None:
        opened = self._open.pop()
        self._waiting[opened.kind] -= 1
        self._outlive(opened, height=opened.height)

    def _join(self, opened: _Open, raw: str) -> None:
        link = opened.html.startswith("<a ")
        typed_html = opened.kind[0] not in "{["
        if (
            opened.height >= MAX_DEPTH
            or (link and opened.links)
            or not (opened.visible or (typed_html and not link))
        ):
            self._parts.append(_Part(raw, ready=False))
            self._outlive(opened, height=opened.height)
            return
        self._parts[opened.index] = _Part(opened.html, ready=True)
        self._parts.append(_Part(_end(opened.html), ready=True))
        opened.links = opened.links or link
        self._outlive(opened, height=opened.height + 1)

    def _outlive(self, opened: _Open, *, height: int) -> None:
        around = self._open[-1]
        around.visible = True
        around.links = around.links or opened.links
        around.height = max(around.height, height)


def _end(start: str) -> str:
    name = start[1:].partition(">")[0].partition(" ")[0]
    return f"</{name}>"

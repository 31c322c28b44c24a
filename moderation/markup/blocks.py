"""What a text is made of: paragraphs, lists, quotes and code blocks, whether typed plainly or as tags."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from moderation.markup.dialect import Dialect
from moderation.markup.inline import inline_html
from moderation.markup.lines import Group, grouped
from moderation.markup.references import decoded, escaped
from moderation.markup.verbatim import Ends

MAX_DEPTH = 12

_FLAGS = re.IGNORECASE | re.ASCII
_TAG = {
    Dialect.PLAIN: re.compile(
        r"<(?P<verbatim>pre|code)\s?>|<(?P<end>/?)(?P<name>blockquote|li|ol|p|ul)\s?>", _FLAGS
    ),
    Dialect.SPIP: re.compile(
        r"<(?P<verbatim>pre|code)\s?>|<(?P<end>/?)(?P<name>blockquote|li|ol|p|quote|ul)\s?>", _FLAGS
    ),
}
_WHOLE_CODE = re.compile(r"\s*<code\s?>(?P<inside>.*)</code\s?>\s*", _FLAGS | re.DOTALL)
_LISTS = {"ol", "ul"}


class Block(NamedTuple):
    name: str
    inside: str

    def html(self) -> str:
        return f"<{self.name}>{self.inside}</{self.name}>"


def blocks_html(source: str, dialect: Dialect) -> str:
    return _joined(_blocks(source, dialect, depth=0))


def _joined(blocks: list[Block]) -> str:
    return "\n".join(block.html() for block in blocks)


def _blocks(source: str, dialect: Dialect, *, depth: int) -> list[Block]:
    return _written(_tree(source, dialect, depth=depth), dialect, depth=depth)


@dataclass
class _Element:
    """A typed tag that waits for its end, then what stands between them."""

    name: str
    start: str
    end: str = ""
    children: list["_Child"] = field(default_factory=list)
    height: int = 1


_Child = str | Block | _Element


def _tree(source: str, dialect: Dialect, *, depth: int) -> list[_Child]:
    """Text, code blocks and well-nested elements; a tag without its partner is text."""
    stack = [_Element("", "")]
    for piece in _pieces(source, dialect):
        if isinstance(piece, str | Block):
            stack[-1].children.append(piece)
        elif not piece["end"]:
            stack.append(_Element(piece["name"].lower(), piece[0]))
        elif any(element.name == piece["name"].lower() for element in stack):
            _close(stack, piece, depth=depth)
        else:
            stack[-1].children.append(piece[0])
    while len(stack) > 1:
        _dissolve(stack)
    return _without_stray_items(stack[0].children)


def _pieces(source: str, dialect: Dialect) -> Iterator[str | Block | re.Match[str]]:
    ends = Ends(source)
    done = position = 0
    while tag := _TAG[dialect].search(source, position):
        position = tag.end()
        piece: Block | re.Match[str] = tag
        if tag["verbatim"]:
            name = tag["verbatim"].lower()
            end = ends.after(name, tag.end())
            if end is None:
                continue
            position = end.end()
            inside = source[tag.end() : end.start()]
            if name == "code" and "\n" not in inside.strip("\n"):
                continue
            piece = _verbatim(name, inside)
        yield source[done : tag.start()]
        yield piece
        done = position
    yield source[done:]


def _verbatim(name: str, inside: str) -> Block:
    wrapped = _WHOLE_CODE.fullmatch(inside)
    if wrapped:
        name, inside = "code", wrapped["inside"]
    # Parsers drop a newline that follows <pre>, once each time they read it.
    text = escaped(decoded(inside).strip("\n"))
    return Block("pre", f"<code>{text}</code>" if name == "code" else text)


def _close(stack: list[_Element], end: re.Match[str], *, depth: int) -> None:
    while stack[-1].name != end["name"].lower():
        _dissolve(stack)
    element = stack.pop()
    element.end = end[0]
    around = stack[-1].children
    if element.name not in _LISTS:
        element.children = _without_stray_items(element.children)
    if element.name == "p":
        around += ["\n\n", *element.children, "\n\n"]
        stack[-1].height = max(stack[-1].height, element.height)
    elif _stands(element, depth=depth):
        around.append(element)
        stack[-1].height = max(stack[-1].height, element.height + 1)
    else:
        stack[-1].height = max(stack[-1].height, element.height)
        around += [element.start, *_without_stray_items(element.children), element.end]


def _stands(element: _Element, *, depth: int) -> bool:
    if element.height + depth > MAX_DEPTH:
        return False
    if element.name in _LISTS:
        return any(isinstance(child, _Element) and child.name == "li" for child in element.children)
    return element.name == "li" or not _empty(element.children)


def _empty(children: list[_Child]) -> bool:
    return all(isinstance(child, str) and not child.strip() for child in children)


def _dissolve(stack: list[_Element]) -> None:
    element = stack.pop()
    stack[-1].children += [element.start, *_without_stray_items(element.children)]
    stack[-1].height = max(stack[-1].height, element.height)


def _without_stray_items(children: list[_Child]) -> list[_Child]:
    """An item outside of a list is text between two tags that are text."""
    kept: list[_Child] = []
    for child in children:
        if isinstance(child, _Element) and child.name == "li":
            kept += [child.start, *child.children, child.end]
        else:
            kept.append(child)
    return kept


def _written(children: list[_Child], dialect: Dialect, *, depth: int) -> list[Block]:
    blocks: list[Block] = []
    text: list[str] = []
    for child in (*children, None):
        if isinstance(child, str):
            text.append(child)
            continue
        blocks += _typed_plainly("".join(text), dialect, depth=depth)
        text.clear()
        if isinstance(child, Block):
            blocks.append(child)
        elif child is not None:
            blocks.append(_element(child, dialect, depth=depth + 1))
    return blocks


def _element(element: _Element, dialect: Dialect, *, depth: int) -> Block:
    if element.name in _LISTS:
        items = [_item(_written(children, dialect, depth=depth)) for children in _items(element.children)]
        return _list(element.name, items)
    return Block("blockquote", _joined(_written(element.children, dialect, depth=depth)))


def _items(children: list[_Child]) -> Iterator[list[_Child]]:
    """What stands in a list outside of its items becomes an item: nothing is lost."""
    for child in children:
        if isinstance(child, _Element) and child.name == "li":
            yield child.children
        elif not _empty([child]):
            yield [child]


def _list(name: str, items: list[str]) -> Block:
    return Block(name, "".join(f"\n<li>{item}</li>" for item in items) + "\n")


def _item(blocks: list[Block]) -> str:
    """An item of one paragraph needs no paragraph."""
    if blocks and blocks[0].name == "p" and all(block.name in _LISTS for block in blocks[1:]):
        return blocks[0].inside + "".join(f"\n{block.html()}" for block in blocks[1:])
    return _joined(blocks)


def _typed_plainly(text: str, dialect: Dialect, *, depth: int) -> list[Block]:
    groups = grouped(text.split("\n"), dialect, flat=depth >= MAX_DEPTH)
    return [_block(group, dialect, depth=depth + 1) for group in groups]


def _block(group: Group, dialect: Dialect, *, depth: int) -> Block:
    if group.kind in _LISTS:
        return _list(group.kind, [_item(_blocks(text, dialect, depth=depth)) for text in group.items()])
    if group.kind == "blockquote":
        return Block("blockquote", _joined(_blocks(group.text(), dialect, depth=depth)))
    return Block("p", inline_html(group.text(), dialect))

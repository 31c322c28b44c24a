"""Two browsers' parsers as judges of finished HTML, and proof that they would say no.

html5lib (bleach's own lineage) and lexbor (nobody's here) each read the HTML inside a page, then what the
other wrote of it: what changes between readings is where mutation attacks live.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import html5lib
import pytest
from html5lib import treebuilders
from selectolax.lexbor import LexborHTMLParser, LexborNode

COMMENT_NAMES = "a abbr b blockquote br cite code del em i ins li ol p pre q strong ul"
ARTICLE_NAMES = "h2 h3 h4 figure figcaption img table thead tbody tr th td caption hr dl dt dd sup sub small"
COMMENT_TAGS = frozenset(COMMENT_NAMES.split())
ARTICLE_TAGS = COMMENT_TAGS | frozenset(ARTICLE_NAMES.split())
_ADDRESS = re.compile(
    r"(?:https?://[^/?#\s\\@]+[^\s\\]*|mailto:[^\s\\:/?#]+@[^\s\\:/?#]+)", re.IGNORECASE | re.ASCII
)
_ARTICLE_ADDRESS = re.compile(r"(?![a-z][a-z0-9+.-]*:|[/\\]{2})[^\s\\]+", re.IGNORECASE | re.ASCII)
_ARTICLE_ATTRIBUTES = {"a": {"href", "title", "id"}, "img": {"src", "alt", "width", "height"}}
_UNWANTED = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
_XHTML = "{http://www.w3.org/1999/xhtml}"
_PAGE = (
    "<!DOCTYPE html><html><head><title>x</title></head><body>"
    '<div id="container">{}</div><p id="sentinel">after</p></body></html>'
)


@dataclass(frozen=True)
class Node:
    """An element with its attributes and children, or a text (then named "#text")."""

    name: str
    attributes: tuple[tuple[str, str], ...]
    children: "tuple[Node | str, ...]"


def comment_faults(html: str) -> list[str]:
    """What is wrong with a comment's HTML; nothing, if both parsers see only what may be there."""
    return _faults(html, _comment_elements)


def article_faults(html: str) -> list[str]:
    return _faults(html, _article_elements)


def text_of(html: str) -> str:
    """The text as a browser shows it, a line for each block and each line break."""
    container = LexborHTMLParser(_PAGE.format(re.sub(r"<br>|</(?:p|li|pre)>", r"\g<0>\n", html)))
    node = container.css_first("#container")
    assert node is not None
    return node.text().strip()


def elements_of(html: str) -> list[Node]:
    return list(_descendants(_container(_by_lexbor(_PAGE.format(html)))))


def _faults(html: str, elements: Callable[[Node], Iterator[str]]) -> list[str]:
    readings = set(_readings(html))
    faults = [fault for tree in readings for fault in (*_place(tree), *elements(tree))]
    return faults if len(readings) == 1 else [*faults, "the readings differ"]


def _readings(html: str) -> Iterator[Node]:
    page = _PAGE.format(html)
    yield _by_lexbor(page)
    yield _by_html5lib(page, scripting=True)
    yield _by_html5lib(page, scripting=False)
    yield _by_html5lib(_written_by_lexbor(page), scripting=True)
    yield _by_lexbor(_written_by_html5lib(page))


def _by_lexbor(page: str) -> Node:
    body = LexborHTMLParser(page).body
    assert body is not None
    return _from_lexbor(body)


def _from_lexbor(node: LexborNode) -> Node:
    children: list[Node | str] = []
    child = node.first_child
    while child is not None:
        if child.tag == "-text":
            _append_text(children, child.text_content or "")
        else:
            children.append(_from_lexbor(child))
        child = child.next
    attributes = tuple(sorted((name, value or "") for name, value in node.attributes.items()))
    return Node(node.tag or "#unknown", attributes, tuple(children))


def _append_text(children: list[Node | str], text: str) -> None:
    if children and isinstance(children[-1], str):
        children[-1] += text
    elif text:
        children.append(text)


def _by_html5lib(page: str, *, scripting: bool) -> Node:
    parser = html5lib.HTMLParser(treebuilders.getTreeBuilder("etree"))
    document = parser.parse(page, scripting=scripting)
    body = document.find(f"{_XHTML}body")
    assert body is not None
    return _from_etree(body)


def _from_etree(element: ET.Element) -> Node:
    if not isinstance(element.tag, str):
        return Node("#comment", (), ())
    children: list[Node | str] = []
    _append_text(children, element.text or "")
    for child in element:
        children.append(_from_etree(child))
        _append_text(children, child.tail or "")
    name = element.tag.removeprefix(_XHTML)
    return Node(name, tuple(sorted((str(key), value) for key, value in element.items())), tuple(children))


def _written_by_lexbor(page: str) -> str:
    return "<!DOCTYPE html>" + (LexborHTMLParser(page).html or "")


def _written_by_html5lib(page: str) -> str:
    return str(html5lib.serialize(html5lib.parse(page), omit_optional_tags=False, quote_attr_values="always"))


def _container(body: Node) -> Node:
    container = next(child for child in body.children if isinstance(child, Node))
    assert dict(container.attributes).get("id") == "container"
    return container


def _descendants(node: Node) -> Iterator[Node]:
    for child in node.children:
        if isinstance(child, Node):
            yield child
            yield from _descendants(child)


def _texts(node: Node) -> Iterator[str]:
    for child in node.children:
        if isinstance(child, str):
            yield child
        else:
            yield from _texts(child)


def _place(body: Node) -> Iterator[str]:
    """The text may neither leave its container nor swallow what follows it."""
    outline = [
        (child.name, dict(child.attributes).get("id")) for child in body.children if isinstance(child, Node)
    ]
    if outline != [("div", "container"), ("p", "sentinel")] or body.children[-1] != Node(
        "p", (("id", "sentinel"),), ("after",)
    ):
        yield f"out of its place: {outline}"
    for text in _texts(body):
        if _UNWANTED.search(text):
            yield f"unwanted character in {text!r}"


def _comment_elements(body: Node) -> Iterator[str]:
    for element in _descendants(_container(body)):
        attributes = dict(element.attributes)
        if element.name not in COMMENT_TAGS:
            yield f"element {element.name}"
        if element.name != "a" and attributes:
            yield f"attributes of {element.name}: {attributes}"
        if element.name == "a":
            yield from _link(element, attributes)


def _link(element: Node, attributes: dict[str, str]) -> Iterator[str]:
    if not set(attributes) <= {"href", "title", "rel"} or attributes.get("rel") != "nofollow ugc noopener":
        yield f"attributes of a link: {attributes}"
    if not _ADDRESS.fullmatch(attributes.get("href", "")):
        yield f"address {attributes.get('href')!r}"
    if any(inner.name == "a" for inner in _descendants(element)):
        yield "a link in a link"


def _article_elements(body: Node) -> Iterator[str]:
    for element in _descendants(_container(body)):
        attributes = dict(element.attributes)
        if element.name not in ARTICLE_TAGS:
            yield f"element {element.name}"
        if not set(attributes) <= _ARTICLE_ATTRIBUTES.get(element.name, set()):
            yield f"attributes of {element.name}: {attributes}"
        for name in {"href", "src"} & set(attributes):
            if not (_ADDRESS.fullmatch(attributes[name]) or _ARTICLE_ADDRESS.fullmatch(attributes[name])):
                yield f"address {attributes[name]!r}"


@pytest.mark.parametrize(
    "html",
    [
        "<p><script>alert(1)</script></p>",
        '<p><img src="x"></p>',
        '<p onclick="x">a</p>',
        '<p><a href="javascript:1" rel="nofollow ugc noopener">a</a></p>',
        '<p><a href="https://example.org">a</a></p>',
        "<p>a<!-- b --></p>",
        "</div><p>a</p>",
        "<p>a\u202eb</p>",
        "<svg><p>a</p></svg>",
        "<textarea>",
        '<p>a</p><p title="',
    ],
)
def test_the_judges_see_what_is_wrong(html: str) -> None:
    assert comment_faults(html)


def test_the_judges_accept_what_is_right() -> None:
    right = (
        '<p>a <a href="https://example.org/" rel="nofollow ugc noopener">b</a></p>\n<ul>\n<li>c</li>\n</ul>'
    )
    assert comment_faults(right) == []

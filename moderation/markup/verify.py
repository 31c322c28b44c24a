"""A last look at finished HTML, by other means than any sanitiser: exactly our form, or nothing."""

import html
import re
from dataclasses import dataclass

from moderation.markup.characters import CONTROLS, OVERRIDES, TAGS

_REL = re.escape("nofollow ugc noopener")
_REFERENCE = r"&(?:amp|lt|gt|nbsp|quot);"
_CHARACTER = rf"{CONTROLS}{OVERRIDES}{TAGS}"
_TEXT = rf"(?:[^<>&{_CHARACTER}]|{_REFERENCE})++"
_VALUE = rf"(?:[^<>&\"{_CHARACTER}]|{_REFERENCE})*+"
_ADDRESS = rf"(?:https?://|mailto:)(?:[^<>&\"\s\u00a0{_CHARACTER}]|&(?:amp|lt|gt|quot);)++"

_TOKEN = re.compile(
    rf"""(?P<text>{_TEXT})
       | (?P<br><br>)
       | <(?P<start>abbr|b|blockquote|cite|code|del|em|i|ins|li|ol|p|pre|q|strong|ul)>
       | <(?P<a>a)[ ]href="(?P<href>{_ADDRESS})"(?:[ ]title="{_VALUE}")?[ ]rel="{_REL}">
       | </(?P<end>a|abbr|b|blockquote|cite|code|del|em|i|ins|li|ol|p|pre|q|strong|ul)>""",
    re.VERBOSE | re.ASCII,
)

_PHRASE = frozenset({"a", "abbr", "b", "br", "cite", "code", "del", "em", "i", "ins", "q", "strong", "text"})
_FLOW = frozenset({"blockquote", "ol", "p", "pre", "ul"})
_LIST = frozenset({"li"})
_MAY_HOLD = {
    "": _FLOW,
    "blockquote": _FLOW,
    "li": _FLOW | _PHRASE,
    "ol": _LIST,
    "ul": _LIST,
    "p": _PHRASE,
    "pre": frozenset({"code", "text"}),
    "code": frozenset({"text"}),
}
_SPACED = frozenset({"", "blockquote", "ol", "ul"})


@dataclass(frozen=True)
class Token:
    """kind is "text", "start" or "end"; value is the text as read, or the address a link leads to."""

    kind: str
    name: str
    value: str = ""


def tokens(document: str) -> list[Token] | None:
    """What the document is made of, or None if it is not in canonical form."""
    found: list[Token] = []
    position = 0
    while position < len(document):
        match = _TOKEN.match(document, position)
        if match is None:
            return None
        found.append(_token(match))
        position = match.end()
    return found if _nested(found) else None


def _token(match: re.Match[str]) -> Token:
    if match["text"]:
        return Token("text", "text", html.unescape(match["text"]))
    if match["br"]:
        return Token("void", "br")
    if match["end"]:
        return Token("end", match["end"])
    return Token("start", match["a"] or match["start"], html.unescape(match["href"] or ""))


def _nested(found: list[Token]) -> bool:
    """Each element where it may stand, so that no parser has anything to repair."""
    open_elements = [""]
    for index, token in enumerate(found):
        around = open_elements[-1]
        if token.kind == "end":
            if open_elements.pop() != token.name:
                return False
        elif not _may_stand(token, open_elements):
            return False
        elif token.kind == "start":
            open_elements.append(token.name)
        elif around == "pre" and found[index - 1].name == "pre" and token.value.startswith("\n"):
            # A parser would drop that newline.
            return False
    return open_elements == [""]


def _may_stand(token: Token, open_elements: list[str]) -> bool:
    around = open_elements[-1]
    if token.name == "a" and "a" in open_elements:
        return False
    if token.kind == "text" and around in _SPACED:
        return token.value.isspace()
    return token.name in _MAY_HOLD.get(around, _PHRASE)

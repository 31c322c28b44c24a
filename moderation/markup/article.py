"""The body of an article, written by who runs the site: a wider list through the same two libraries."""

import html
import logging
import re
import unicodedata

from moderation.markup import sanitise
from moderation.markup.addresses import acceptable_here, acceptable_picture
from moderation.markup.characters import CONTROLS, OVERRIDES, TAGS
from moderation.markup.references import escaped_paragraphs

_log = logging.getLogger(__name__)

_REFUSED = rf"{CONTROLS}{OVERRIDES}{TAGS}"
_REFUSED_CHARACTER = re.compile(rf"[{_REFUSED}]")
_NEWLINE = re.compile(r"\r\n|[\r\x85\u2028\u2029]")
_TOKEN = re.compile(
    rf"""[^<>{_REFUSED}]++
       | <(?:br|hr)>
       | <(?P<start>abbr|b|blockquote|caption|cite|code|dd|del|dl|dt|em|figcaption|figure|h2|h3|h4|i|ins|li|ol
            |p|pre|q|small|strong|sub|sup|table|tbody|td|th|thead|tr|ul)>
       | <(?P<tag>a|img)(?P<attributes>(?:[ ][a-z]+="[^"<]*")*+)>
       | </(?P<end>[a-z0-9]+)>""",
    re.VERBOSE | re.ASCII,
)
_ATTRIBUTE = re.compile(r' (?P<name>[a-z]+)="(?P<value>[^"<]*)"', re.ASCII)
_FREE = {("a", "title"), ("a", "id"), ("img", "alt"), ("img", "width"), ("img", "height")}


def render_article(document: str) -> str:
    """No gate on its length: it comes from the command line of the site itself."""
    body = _REFUSED_CHARACTER.sub("", unicodedata.normalize("NFC", _NEWLINE.sub("\n", document)))
    try:
        rendered = sanitise.article(body)
    except Exception:  # noqa: BLE001 - whatever went wrong, no markup is better than unknown markup
        rendered = ""
    if rendered and _in_form(rendered):
        return rendered
    _log.warning("An article's body did not pass the last check and is kept without its markup.")
    return escaped_paragraphs(body)


def _in_form(document: str) -> bool:
    """Only what is on the list, well nested, by other means than the libraries'."""
    open_elements: list[str] = []
    position = 0
    while position < len(document):
        token = _TOKEN.match(document, position)
        if token is None or not _fits(token, open_elements):
            return False
        position = token.end()
    return not open_elements


def _fits(token: re.Match[str], open_elements: list[str]) -> bool:
    """Whether the token may come here; keeps the list of open elements."""
    if token["end"]:
        return bool(open_elements) and open_elements.pop() == token["end"]
    if token["tag"] and not _lawful(token["tag"], token["attributes"]):
        return False
    if token["tag"] == "a" and "a" in open_elements:
        return False
    if token["start"] or token["tag"] == "a":
        open_elements.append(token["start"] or "a")
    return True


def _lawful(tag: str, attributes: str) -> bool:
    return all(
        (tag, attribute["name"]) in _FREE
        or _address_stands(tag, attribute["name"], html.unescape(attribute["value"]))
        for attribute in _ATTRIBUTE.finditer(attributes)
    )


def _address_stands(tag: str, name: str, address: str) -> bool:
    if (tag, name) == ("a", "href"):
        return acceptable_here(address)
    return (tag, name) == ("img", "src") and acceptable_picture(address)

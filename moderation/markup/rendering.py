"""From what was typed to what is stored: the one way, for each door that text comes through."""

import logging
from dataclasses import dataclass

from markupsafe import Markup

from moderation.markup import sanitise
from moderation.markup.addresses import acceptable
from moderation.markup.blocks import blocks_html
from moderation.markup.characters import visible
from moderation.markup.dialect import Dialect
from moderation.markup.findings import Finding, findings
from moderation.markup.gate import MAX_CHARACTERS, Gated, Struck, gate
from moderation.markup.references import escaped_paragraphs
from moderation.markup.refusal import Refused
from moderation.markup.verify import Token, tokens

VERSION = 1

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rendered:
    source: str
    html: str
    findings: tuple[Finding, ...]
    # What of it was not taken, by its place in the source.
    struck: tuple[Struck, ...] = ()


class _Unverified(Exception):
    """The result is not what it has to be."""


def render(source: str, dialect: Dialect, longest: int = MAX_CHARACTERS) -> Rendered:
    gated = gate(source, longest)
    try:
        html = sanitise.comment(blocks_html(gated.source, dialect))
        document = _verified(html)
    except Exception:  # noqa: BLE001 - whatever went wrong, the moderator reads the text, without any markup
        return _plainly(gated)
    return Rendered(gated.source, _seen(html, document), findings(gated.refused, document), gated.struck)


def trusted(html: str) -> Markup:
    """Only for what this package has rendered, and stored since."""
    return Markup(html)  # noqa: S704 - the only one of the project


def _seen(html: str, document: list[Token]) -> str:
    if not any(token.kind == "text" and visible(token.value) for token in document):
        raise Refused("empty")
    return html


def _verified(html: str) -> list[Token]:
    document = tokens(html)
    if document is None:
        raise _Unverified
    if not all(acceptable(token.value) for token in document if token.name == "a" and token.kind == "start"):
        raise _Unverified
    return document


def _plainly(gated: Gated) -> Rendered:
    _log.warning("A text did not pass the last check and is kept without its markup.")
    html = escaped_paragraphs(gated.source)
    document = tokens(html) or []
    found = findings(gated.refused, document)
    return Rendered(gated.source, _seen(html, document), (*found, Finding("unverified", "")), gated.struck)

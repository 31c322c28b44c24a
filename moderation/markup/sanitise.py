"""The two libraries in a row, bleach as asked for and nh3 with the last word: only here are they imported.

bleach 6.4.0 (June 2026) is its final release. What is known against it is kept away from it: it lets any
scheme pass when digits follow, so each address is held against our own pattern; its link finder is
quadratic and loses a level of escaping, so links are made before; a Cleaner holds the state of a parser, so
that two threads that share one get each other's text.
"""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

import nh3
from bleach.sanitizer import Cleaner

from moderation.markup.addresses import REL, acceptable, acceptable_here, acceptable_picture
from moderation.markup.references import quoted

_SCHEMES = frozenset({"http", "https", "mailto"})
_MAX_ROUNDS = 2
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_-]{0,63}", re.IGNORECASE | re.ASCII)
_SIZE = re.compile(r"[0-9]{1,4}", re.ASCII)


class Unsettled(Exception):
    """The two libraries do not agree on what the text is."""


@dataclass(frozen=True)
class _Policy:
    tags: frozenset[str]
    attributes: dict[str, dict[str, Callable[[str], bool]]]
    rel: str | None
    strip: bool

    def allows(self, tag: str, name: str, value: str) -> bool:
        test = self.attributes.get(tag, {}).get(name)
        return test is not None and test(value)


def _any(_value: str) -> bool:
    return True


_COMMENT_TAGS = frozenset(
    {"a", "abbr", "b", "blockquote", "br", "cite", "code", "del", "em", "i", "ins"}
    | {"li", "ol", "p", "pre", "q", "strong", "ul"}
)
_COMMENT = _Policy(
    tags=_COMMENT_TAGS,
    attributes={"a": {"href": acceptable, "title": _any, "rel": REL.__eq__}},
    rel=REL,
    strip=False,
)
_ARTICLE = _Policy(
    tags=_COMMENT_TAGS
    | {"caption", "dd", "dl", "dt", "figcaption", "figure", "h2", "h3", "h4", "hr", "img", "small"}
    | {"sub", "sup", "table", "tbody", "td", "th", "thead", "tr"},
    attributes={
        "a": {
            "href": acceptable_here,
            "title": _any,
            "id": lambda value: _IDENTIFIER.fullmatch(value) is not None,
        },
        "img": {
            "src": acceptable_picture,
            "alt": _any,
            "width": lambda value: _SIZE.fullmatch(value) is not None,
            "height": lambda value: _SIZE.fullmatch(value) is not None,
        },
    },
    rel=None,
    strip=True,
)


def comment(document: str) -> str:
    return _settled(document, _COMMENT)


def keeps(address: str) -> bool:
    """Whether a link will still lead there at the end of the chain: nh3 knows hosts that cannot be."""
    if not acceptable(address):
        return False
    return " href=" in _last_word(f'<a href="{quoted(address)}">x</a>', _COMMENT)


def article(document: str) -> str:
    # A site's own page loses its scripts whole; bleach would show what is in them.
    return _settled(nh3.clean(document, tags=set(_ARTICLE.tags), attributes=_names(_ARTICLE)), _ARTICLE)


def _settled(document: str, policy: _Policy) -> str:
    """Read and written until nothing changes any more, so that no later reader reads something else."""
    for _ in range(_MAX_ROUNDS):
        written = _cleaned(document, policy)
        if written == document:
            return written
        document = written
    if _cleaned(document, policy) != document:
        raise Unsettled
    return document


def _cleaned(document: str, policy: _Policy) -> str:
    return _last_word(_bleached(document, policy), policy)


def _bleached(document: str, policy: _Policy) -> str:
    def allowed(tag: str, name: str, value: str) -> bool:
        # bleach hands over the value as written.
        return policy.allows(tag, name, html.unescape(value))

    # Never shared, never kept: see above.
    cleaner = Cleaner(
        tags=policy.tags,
        attributes=allowed,
        protocols=_SCHEMES,
        strip=policy.strip,
        strip_comments=True,
    )
    return cleaner.clean(document)


def _last_word(document: str, policy: _Policy) -> str:
    return nh3.clean(
        document,
        tags=set(policy.tags),
        clean_content_tags=set(),
        attributes=_names(policy),
        attribute_filter=lambda tag, name, value: value if policy.allows(tag, name, value) else None,
        strip_comments=True,
        link_rel=policy.rel,
        url_schemes=set(_SCHEMES),
        url_relative="deny" if policy.rel else "pass_through",
    )


def _names(policy: _Policy) -> dict[str, set[str]]:
    """nh3 writes rel itself; without the star it would allow lang and title on every tag."""
    named = {tag: set(tests) - {"rel"} for tag, tests in policy.attributes.items()}
    return {**named, "*": set()}

"""A run of text between two tags as HTML: typed spaces hardened, bare addresses linked, newlines kept."""

import re

from moderation.markup import addresses
from moderation.markup.addresses import REL
from moderation.markup.references import decoded, escaped, quoted
from moderation.markup.sanitise import keeps

_NARROW = "\u202f"
_WIDE = "\u00a0"
# What follows the sign tells punctuation from :-) and ;) and ?page=2.
_BEFORE_COLON = re.compile(r" (?=:(?:[\s»”\]]|\Z))| (?=»)|(?<=«) ")
_BEFORE_HIGH = re.compile(r" (?=;(?:[\s»”\]]|\Z)|[!?]++(?![\w=/-]))")


def text_html(source: str, *, link: bool) -> str:
    text = decoded(source)
    if not link or "://" not in text:
        return _words(text)
    return "".join(
        anchor(piece.text, shown=addresses.shown(piece.text)) if piece.address else _words(piece.text)
        for piece in addresses.split(text, stands=keeps)
    )


def anchor(address: str, *, shown: str) -> str:
    return f"{anchor_start(address)}{escaped(shown)}</a>"


def anchor_start(address: str, title: str = "") -> str:
    # The order in which the last word of the chain writes them.
    scheme, colon, rest = address.partition(":")
    titled = f' title="{quoted(title)}"' if title else ""
    return f'<a href="{quoted(scheme.lower() + colon + rest)}"{titled} rel="{REL}">'


def hardened(text: str) -> str:
    """No space is added; those already typed no longer break the line."""
    return _BEFORE_HIGH.sub(_NARROW, _BEFORE_COLON.sub(_WIDE, text))


def _words(text: str) -> str:
    return escaped(hardened(text)).replace("\n", "<br>")

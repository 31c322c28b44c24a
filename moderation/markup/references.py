"""Between characters and the way HTML writes them."""

import html
import re
from html.entities import html5

# With its semicolon or not at all: in https://example.org/?a=1&copy=2 nobody means a copyright sign.
_REFERENCE = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,8}|(?P<name>[a-zA-Z][a-zA-Z0-9]{1,31}));")


def decoded(text: str) -> str:
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    name = match["name"]
    if name:
        return html5.get(f"{name};", match[0])
    return html.unescape(match[0])


def escaped(text: str) -> str:
    """The only spelling that the last word of the chain writes too."""
    return html.escape(text, quote=False).replace("\u00a0", "&nbsp;")


def quoted(value: str) -> str:
    return escaped(value).replace('"', "&quot;")


def escaped_paragraphs(text: str) -> str:
    """Every character as itself, with no markup but paragraphs and line breaks."""
    paragraphs = [lines.strip("\n") for lines in text.split("\n\n") if lines.strip()]
    return "\n".join(f"<p>{escaped(lines)}</p>".replace("\n", "<br>") for lines in paragraphs)

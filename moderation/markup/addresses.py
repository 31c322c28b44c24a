"""Addresses in links: which ones stand, whose they are, how a bare one is found and shown."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from moderation.markup.characters import HIDING

REL = "nofollow ugc noopener"
SHOWN = 60

_SPACES = r"\s\x1c-\x1f\x85\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_STOP = rf"{_SPACES}{HIDING}\\"
_WEB = re.compile(
    rf"(?P<scheme>https?)://(?P<host>[^{_STOP}/?#@:\[\]%]+)(?P<port>:[0-9]{{1,5}})?(?P<rest>[/?#][^{_STOP}]*)?",
    re.IGNORECASE | re.ASCII,
)
_MAIL = re.compile(
    rf"mailto:(?P<local>[^{_STOP}:/?#@%&,;\"'<>()]{{1,64}})@(?P<host>[^{_STOP}:/?#@%\[\]]+)",
    re.IGNORECASE | re.ASCII,
)
# Linear: nothing in it can be read in two ways.
_BARE = re.compile(rf"(?<![\w@./-])https?://[^{_STOP}<>\"'^`{{|}}«»“”]{{1,2000}}", re.IGNORECASE | re.ASCII)
_RELATIVE = re.compile(rf"(?![/\\\\]{{2}}|[^/?#]*:)[^{_STOP}]+", re.ASCII)
_PAIRS = {")": "(", "]": "["}
_TRAILING = frozenset(".,;:!?’…") | frozenset(_PAIRS)
# RFC 1035 §2.3.4
_MAX_HOST, _MAX_LABEL = 253, 63


@dataclass(frozen=True)
class Piece:
    text: str
    address: bool


def acceptable(address: str) -> bool:
    """Absolute, on the web or a mailbox, and of one meaning for every reader of addresses."""
    match = _WEB.fullmatch(address) or _MAIL.fullmatch(address)
    return match is not None and _plausible(_folded(match["host"]))


def acceptable_here(address: str) -> bool:
    """On a page of the site itself, also relative to it."""
    return acceptable(address) or _RELATIVE.fullmatch(address) is not None


def acceptable_picture(address: str) -> bool:
    return not _MAIL.fullmatch(address) and (
        acceptable(address) or (address.startswith("/") and acceptable_here(address))
    )


def owner(address: str) -> str:
    """The real host, or the mailbox, in the letters that a browser sends."""
    mailbox = _MAIL.fullmatch(address)
    if mailbox:
        return f"{mailbox['local']}@{ascii_host(mailbox['host'])}"
    match = _WEB.fullmatch(address)
    return ascii_host(match["host"]) if match else ""


def site(named: str) -> str:
    """What the links to one site have in common, from a host, a mailbox or a whole address."""
    after = re.split(r"[/?#:]", named.strip().rpartition("://")[2])[0].rpartition("@")[2]
    return ascii_host(after).removesuffix(".").removeprefix("www.")[:_MAX_HOST]


def disguised(address: str) -> str:
    """The host or mailbox as letters show it, where a browser sends others; "" where it is the same."""
    match = _WEB.fullmatch(address) or _MAIL.fullmatch(address)
    host = _folded(match["host"]) if match else ""
    seen = ".".join(_seen_label(label) for label in host.split("."))
    return "" if seen.isascii() else seen


def ascii_host(host: str) -> str:
    return ".".join(_ascii_label(label) for label in _folded(host).split("."))


def shown(address: str) -> str:
    """A bare address as link text: its host undisguised, its end cut when long."""
    match = _WEB.fullmatch(address)
    if not match:
        return address.partition(":")[2]
    host = match["host"] if match["host"].isascii() else ascii_host(match["host"])
    front = f"{match['scheme']}://{host}{match['port'] or ''}"
    rest = match["rest"] or ""
    room = max(SHOWN - len(front), 0)
    return front + (rest if len(rest) <= room else rest[: max(room - 1, 0)] + "…")


def split(text: str, *, stands: Callable[[str], bool]) -> Iterator[Piece]:
    """The text in pieces, the bare addresses apart."""
    position = 0
    for match in _BARE.finditer(text):
        address = _trimmed(match[0])
        if not stands(address):
            continue
        if position < match.start():
            yield Piece(text[position : match.start()], address=False)
        yield Piece(address, address=True)
        position = match.start() + len(address)
    if position < len(text):
        yield Piece(text[position:], address=False)


def _trimmed(address: str) -> str:
    """Without the punctuation of the sentence around it; `…/A_(b)).` keeps `A_(b)`."""
    surplus = {close: address.count(close) - address.count(opening) for close, opening in _PAIRS.items()}
    end = len(address)
    while end and address[end - 1] in _TRAILING:
        last = address[end - 1]
        if last in _PAIRS:
            if surplus[last] <= 0:
                break
            surplus[last] -= 1
        end -= 1
    return address[:end]


def _folded(host: str) -> str:
    return unicodedata.normalize("NFKC", host).replace("\u3002", ".").lower()


def _plausible(host: str) -> bool:
    labels = host.removesuffix(".").split(".")
    return (
        len(host) <= _MAX_HOST
        and all(0 < len(label) <= _MAX_LABEL for label in labels)
        and all(_in_names(character) for character in host)
    )


def _in_names(character: str) -> bool:
    return character in "-._" or character.isalnum() or unicodedata.category(character) in {"Mn", "Mc"}


def _seen_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label.removeprefix("xn--").encode("ascii").decode("punycode")
    except UnicodeError:  # no host has that name
        return label


@lru_cache(maxsize=256)
def _ascii_label(label: str) -> str:
    """Python's encoder takes time that grows with the square of the length."""
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")

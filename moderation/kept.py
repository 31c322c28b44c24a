"""A finished page: its bytes as they are and compressed, its 304, and which of them a request gets."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from starlette.types import Message

# Paths and Accept-Encoding become keys, and come from the wire; no real one is longer.
LONGEST_KEY = 1000

# The encodings a request takes, and the tags it knows.
Wish = tuple[bytes, bytes]
Headers = list[tuple[bytes, bytes]]


class Variant(NamedTuple):
    """One answer, as ASGI messages and as bytes of HTTP/1.1."""

    start: Message
    message: Message
    status: int
    head: bytes
    body: bytes


# Written anew for each variant; the connection is the server's, not the page's.
_OWN_HEADERS = frozenset({b"connection", b"content-length", b"etag", b"transfer-encoding", b"vary"})
# RFC 9110 §15.4.5
_UNCHANGED_HEADERS = frozenset({b"cache-control", b"content-location", b"date", b"etag", b"expires", b"vary"})
# Commas may stand inside an entity tag, so that a list is searched and not split.
OPAQUE_TAG = re.compile(rb'"[\x21\x23-\x7e\x80-\xff]*"')
_ZERO_WEIGHT = re.compile(rb"\s*q\s*=\s*0(\.0*)?\s*")


@dataclass(slots=True)
class Page:
    """Finished messages, sent to many: uvicorn edits none, and editing the tuple of headers would fail."""

    tag: bytes
    plain: Variant
    gzipped: Variant
    unchanged: Variant
    size: int
    as_of: float

    def answer(self, wish: Wish) -> Variant:
        encodings, known_tags = wish
        if known_tags and _knows(known_tags, self.tag):
            return self.unchanged
        takes_gzip = 0 < len(encodings) <= LONGEST_KEY and _takes_gzip(encodings)
        return self.gzipped if takes_gzip else self.plain


def finished(given: Headers, body: bytes, compressed: bytes, as_of: float) -> Page:
    tag = next(value for name, value in given if name == b"etag").removeprefix(b"W/")
    # One weak tag stands for both encodings, which a strong one could not.
    shared = [field for field in given if field[0] not in _OWN_HEADERS]
    shared += [(b"etag", b"W/" + tag), (b"vary", b"Accept-Encoding")]
    plain = _variant(200, [*shared, (b"content-length", b"%d" % len(body))], body)
    coding = [(b"content-encoding", b"gzip"), (b"content-length", b"%d" % len(compressed))]
    gzipped = _variant(200, shared + coding, compressed)
    unchanged = _variant(304, [field for field in shared if field[0] in _UNCHANGED_HEADERS], b"")
    return Page(tag, plain, gzipped, unchanged, sum(map(_size, (plain, gzipped, unchanged))), as_of)


def _variant(status: int, headers: Headers, body: bytes) -> Variant:
    start = {"type": "http.response.start", "status": status, "headers": tuple(headers)}
    head = b"".join(b"%b: %b\r\n" % header for header in headers) + b"\r\n"
    return Variant(start, {"type": "http.response.body", "body": body}, status, head, body)


def _size(variant: Variant) -> int:
    return len(variant.body) + 2 * len(variant.head)


def _knows(known_tags: bytes, tag: bytes) -> bool:
    """Weak comparison, RFC 9110 §13.1.2."""
    return known_tags.strip() == b"*" or tag in OPAQUE_TAG.findall(known_tags)


@lru_cache(maxsize=256)
def _takes_gzip(encodings: bytes) -> bool:
    named: dict[bytes, bool] = {}
    for item in encodings.lower().split(b","):
        coding, _, weight = item.partition(b";")
        named[coding.strip()] = _ZERO_WEIGHT.fullmatch(weight) is None
    return named.get(b"gzip", named.get(b"*", False))

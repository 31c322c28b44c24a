"""The links of a text as it is shown: what each says, where it leads, and whether the two agree."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from moderation.markup.addresses import ascii_host, disguised, owner, shown
from moderation.markup.verify import Token, tokens

_HOST = re.compile(r"(?:https?://|(?<![\w@./-]))(?P<host>(?>(?:[\w-]{1,63}\.){1,8}[^\W\d_][\w-]{1,62}))(?!@)")
_LONGEST_CLAIM = 80


@dataclass(frozen=True)
class Anchor:
    words: str
    address: str
    # The host in the letters a browser sends, or the mailbox.
    owner: str
    # The same in the letters a reader sees, where they differ.
    disguise: str
    # Whether its words are the address itself.
    plain: bool
    # The hosts its words name that are not the one it leads to.
    claims: tuple[str, ...]

    @property
    def odd(self) -> bool:
        """Whether it leads elsewhere than a reader would think."""
        return bool(self.claims or self.disguise)


def anchors(html: str) -> tuple[Anchor, ...]:
    """Of stored HTML, each once."""
    return tuple(dict.fromkeys(anchors_in(tokens(html) or [])))


def anchors_in(document: list[Token]) -> Iterator[Anchor]:
    for index, token in enumerate(document):
        if token.name == "a" and token.kind == "start":
            end = next(place for place in range(index, len(document)) if document[place] == Token("end", "a"))
            words = "".join(inside.value for inside in document[index + 1 : end] if inside.kind == "text")
            yield _anchor(words, token.value)


def _anchor(words: str, address: str) -> Anchor:
    host = owner(address)
    plain = words == shown(address)
    claims = () if plain else tuple(_claims(words, _without_www(host)))
    return Anchor(words, address, host, disguised(address), plain, claims)


def _claims(words: str, real: str) -> Iterator[str]:
    for named in _HOST.finditer(words):
        claimed = _without_www(ascii_host(named["host"]))
        if real != claimed and not real.endswith((f".{claimed}", f"@{claimed}")):
            yield named["host"][:_LONGEST_CLAIM]


def _without_www(host: str) -> str:
    return host.removeprefix("www.")

"""« @Sami » in words of the team: whom they name. Pure."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A piece of a note; `names` are the accounts it calls, and it is plain words where there are none."""

    words: str
    names: frozenset[int] = frozenset()


def parts(text: str, people: Mapping[int, str]) -> list[Part]:
    """By whole name, or by its first word: of two Samis both are called."""
    called: dict[str, set[int]] = defaultdict(set)
    for account, name in people.items():
        for known in {name, name.partition(" ")[0]} - {""}:
            called[known.casefold()].add(account)
    if not called:
        return [Part(text)]
    # The longest first, so that « @Sami Delcourt » is one name.
    known = "|".join(re.escape(name) for name in sorted(called, key=len, reverse=True))
    found: list[Part] = []
    end = 0
    for match in re.finditer(rf"(?<!\w)@({known})(?!\w)", text, re.IGNORECASE):
        names = frozenset(called.get(match[1].casefold(), ()))
        found += [Part(text[end : match.start()]), Part(match[0], names)]
        end = match.end()
    return [part for part in [*found, Part(text[end:])] if part.words]


def mentioned(text: str, people: Mapping[int, str]) -> frozenset[int]:
    return frozenset().union(*(part.names for part in parts(text, people)))

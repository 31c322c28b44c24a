"""Words taken out of a text as it was typed, and what stands in their place. Pure.

Nothing else of the text can change: what is taken out is named, passage by passage.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Redacted:
    source: str
    # Passages that are not in the text.
    missing: tuple[str, ...]


def passages(typed: str) -> tuple[str, ...]:
    """One a line, each once, the longest first: what is in another goes with it."""
    lines = dict.fromkeys(" ".join(line.split()) for line in typed.splitlines())
    return tuple(sorted(filter(None, lines), key=len, reverse=True))


def redact(source: str, taken: Iterable[str], instead: str) -> Redacted:
    """Wherever a passage stands, as whole words if it does anywhere; spaces and newlines are alike."""
    missing: list[str] = []
    places: list[tuple[int, int]] = []
    for passage in taken:
        found = _found(source, passage)
        places += found
        if not found:
            missing.append(passage)
    return Redacted(_without(source, places, instead), tuple(missing))


def _found(source: str, passage: str) -> list[tuple[int, int]]:
    spelt = r"\s+".join(map(re.escape, passage.split()))
    before = r"(?<!\w)" if passage[:1].isalnum() else ""
    after = r"(?!\w)" if passage[-1:].isalnum() else ""
    whole = [match.span() for match in re.finditer(before + spelt + after, source)]
    return whole or [match.span() for match in re.finditer(spelt, source)]


def _without(source: str, places: Iterable[tuple[int, int]], instead: str) -> str:
    """Passages that touch are one."""
    out: list[str] = []
    done = 0
    for start, end in sorted(places):
        if start >= done:
            between = source[done:start]
            if not out or between.strip() or "\n" in between:
                out += [between, instead]
        done = max(done, end)
    return "".join(out) + source[done:]

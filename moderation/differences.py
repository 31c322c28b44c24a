"""Where two texts that are alike differ, told word by word. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

# Words of each that are compared: the time it takes grows with both.
COMPARED = 200
# Words shown before and after what differs.
AROUND = 4
_SIGNS = " .,;:!?…«»\"'()"


@dataclass(frozen=True)
class Change:
    """Some words: in both texts ("same"), in the second alone ("added"), or in the first alone ("gone")."""

    kind: str
    words: str


def differences(first: str, second: str) -> tuple[Change, ...]:
    """From one to the other, what they share shortened; nothing where they say the same."""
    ours, theirs = _words(first), _words(second)
    compared = SequenceMatcher(None, _folded(ours), _folded(theirs), autojunk=False)
    steps = compared.get_opcodes()
    if all(kind == "equal" for kind, *_ in steps):
        return ()
    found: list[Change] = []
    for place, (kind, start, end, begin, stop) in enumerate(steps):
        if kind == "equal":
            found.append(Change("same", _shortened(theirs[begin:stop], place > 0, place < len(steps) - 1)))
        else:
            found += _changed(ours[start:end], theirs[begin:stop])
    return tuple(found)


def _words(text: str) -> list[str]:
    """A sign that typography sets apart goes with the word before it, or after it at the start."""
    found: list[str] = []
    for word in text.split()[:COMPARED]:
        if found and not (_said(word) and _said(found[-1])):
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def _said(word: str) -> bool:
    return any(map(str.isalnum, word))


def _folded(words: list[str]) -> list[str]:
    return [word.casefold().strip(_SIGNS) for word in words]


def _changed(gone: list[str], added: list[str]) -> Iterator[Change]:
    if gone:
        yield Change("gone", " ".join(gone))
    if added:
        yield Change("added", " ".join(added))


def _shortened(words: list[str], after: bool, before: bool) -> str:
    """With what differs after it, before it, or on both sides."""
    head, tail = (AROUND if after else 0), (AROUND if before else 0)
    if len(words) <= head + tail + 1:
        return " ".join(words)
    return " ".join([*words[:head], "…", *(words[-tail:] if tail else [])])

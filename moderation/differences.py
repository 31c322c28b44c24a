"""Where two texts that are alike differ, told word by word. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

# Words of each that are compared, from where they begin to differ: the time it takes grows with both.
COMPARED = 200
# Words shown before and after what differs.
AROUND = 4
# The same where every letter counts.
EXACT_COMPARED, EXACT_AROUND = 200, 12
_SIGNS = " .,;:…«»\"'()"


@dataclass(frozen=True)
class Change:
    """Some words: in both texts ("same"), in the second alone ("added"), or in the first alone ("gone").

    Or none ("rest"): from there on, up to what both end with, nothing was compared.
    """

    kind: str
    words: str


def differences(first: str, second: str) -> tuple[Change, ...]:
    """From one to the other, what they share shortened; nothing where they have the same words."""
    ours, theirs = _words(first), _words(second)
    one, other = _folded(ours), _folded(theirs)
    head = _alike(one, other)
    tail = _alike(one[head:][::-1], other[head:][::-1])
    gone, added = len(one) - tail, len(other) - tail
    if head == gone == added:
        return ()
    seen, shown = min(gone, head + COMPARED), min(added, head + COMPARED)
    compared = SequenceMatcher(None, one[head:seen], other[head:shown], autojunk=False)
    found = [Change("same", _shortened(theirs[:head], after=False, before=True))]
    for kind, start, end, begin, stop in compared.get_opcodes():
        if kind == "equal":
            found.append(Change("same", _shortened(theirs[head + begin : head + stop], True, True)))
        else:
            found += _changed(ours[head + start : head + end], theirs[head + begin : head + stop])
    if (seen, shown) != (gone, added):
        found.append(Change("rest", ""))
    found.append(Change("same", _shortened(theirs[added:], after=True, before=False)))
    return tuple(change for change in found if change.words or change.kind == "rest")


def exact(first: str, second: str) -> tuple[Change, ...]:
    """From one to the other, to the letter, with nothing left out but what both share far from any change."""
    ours, theirs = _pieces(first), _pieces(second)
    head = _alike(ours, theirs)
    tail = _alike(ours[head:][::-1], theirs[head:][::-1])
    gone, added = ours[head : len(ours) - tail], theirs[head : len(theirs) - tail]
    if not gone and not added:
        return ()
    return tuple(
        change
        for change in (
            Change("same", _ended(ours[:head], EXACT_AROUND)),
            *_between(gone, added),
            Change("same", _begun(ours[len(ours) - tail :], EXACT_AROUND)),
        )
        if change.words
    )


def _pieces(text: str) -> list[str]:
    """Each word with the space after it; an address apart from its link’s words, what brackets hold whole."""
    return re.findall(r"\[(?:(?!->)[^\[\]\n])*\][^\s\[]*\s*|->|(?:(?!->)\S)+\s*|\s+", text)


def _alike(first: list[str], second: list[str]) -> int:
    """How many they have in common at the beginning."""
    return next(
        (place for place, (one, other) in enumerate(zip(first, second, strict=False)) if one != other),
        min(len(first), len(second)),
    )


def _between(gone: list[str], added: list[str]) -> Iterator[Change]:
    if max(len(gone), len(added)) > EXACT_COMPARED:
        yield from _replaced(gone, added)
        return
    for kind, start, end, begin, stop in SequenceMatcher(None, gone, added, autojunk=False).get_opcodes():
        if kind == "equal":
            yield Change("same", "".join(gone[start:end]))
        else:
            yield from _replaced(gone[start:end], added[begin:stop])


def _replaced(gone: list[str], added: list[str]) -> Iterator[Change]:
    """What both end with in spaces has not changed."""
    first, second = "".join(gone), "".join(added)
    ends = {words[len(words.rstrip()) :] for words in (first, second) if words}
    space = ends.pop() if len(ends) == 1 and first and second else ""
    yield Change("gone", first.removesuffix(space))
    yield Change("added", second.removesuffix(space))
    yield Change("same", space)


def _ended(pieces: list[str], many: int) -> str:
    return "".join(pieces) if len(pieces) <= many + 1 else "… " + "".join(pieces[-many:])


def _begun(pieces: list[str], many: int) -> str:
    return "".join(pieces) if len(pieces) <= many + 1 else "".join(pieces[:many]).rstrip() + " …"


def _words(text: str) -> list[str]:
    """A sign that typography sets apart goes with the word before it, or after it at the start."""
    found: list[str] = []
    for word in text.split():
        if found and not (_said(word) and _said(found[-1])):
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def _said(word: str) -> bool:
    return any(map(str.isalnum, word))


def _folded(words: list[str]) -> list[str]:
    """What asks or exclaims counts, and a link’s address; where typography puts its spaces does not."""
    return ["".join(word.casefold().split()).strip(_SIGNS) for word in words]


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

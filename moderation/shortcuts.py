"""The keys of the moderators’ space: those it comes with, and those a person chose instead. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Shortcut(StrEnum):
    NEXT = "next"
    PREVIOUS = "previous"
    PUBLISH = "publish"
    REFUSE = "refuse"
    SPAM = "spam"
    TAKE_DOWN = "take_down"
    ASK = "ask"
    SEARCH = "search"
    SELECT = "select"
    NOTE = "note"
    UNDO = "undo"
    HELP = "help"


# What hands have learnt never changes.
SHIPPED: dict[Shortcut, str] = {
    Shortcut.NEXT: "j",
    Shortcut.PREVIOUS: "k",
    Shortcut.PUBLISH: "p",
    Shortcut.REFUSE: "r",
    Shortcut.SPAM: "s",
    Shortcut.TAKE_DOWN: "t",
    Shortcut.ASK: "q",
    Shortcut.SEARCH: "/",
    Shortcut.SELECT: "x",
    Shortcut.NOTE: "n",
    Shortcut.UNDO: "u",
    Shortcut.HELP: "?",
}
# What chooses a reason, in the order they are offered; « other » keeps the one hands have learnt.
REASON_KEYS, OTHER_KEY = "1234567890bcdefghil", "a"
# Each that is offered has a key.
MOST_REASONS = len(REASON_KEYS) + len(OTHER_KEY)


@dataclass(frozen=True)
class Keys:
    """One person’s keys; switched off, none does anything (WCAG 2.2, 2.1.4)."""

    on: bool
    of: Mapping[Shortcut, str]


class Unusable(Exception):
    """A key that is none, or that two shortcuts share; `field` is the shortcut at fault."""

    def __init__(self, field: Shortcut, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


SHIPPED_KEYS = Keys(on=True, of=SHIPPED)


def keys(stored: Mapping[str, str], *, on: bool) -> Keys:
    """From what is kept of an account: the keys that differ from those shipped.

    A key chosen before a shortcut came with it stays where it was; that one has none until one is chosen.
    """
    taken = set(stored.values())
    left = {shortcut: "" if key in taken else key for shortcut, key in SHIPPED.items()}
    return Keys(on, {shortcut: stored.get(shortcut, key) for shortcut, key in left.items()})


def chosen(typed: Mapping[str, str]) -> dict[str, str]:
    """The keys that differ from those shipped, to be kept. Raises Unusable."""
    given = {shortcut: typed.get(shortcut, key).strip() for shortcut, key in SHIPPED.items()}
    for shortcut, key in given.items():
        if len(key) != 1 or not key.isprintable():
            raise Unusable(shortcut, "not_a_key")
        if key.isdigit():
            raise Unusable(shortcut, "digit")
        # Of two that share a key, the one at fault is the one that was changed.
        if key != SHIPPED[shortcut] and list(given.values()).count(key) > 1:
            raise Unusable(shortcut, "twice")
    return {shortcut: key for shortcut, key in given.items() if key != SHIPPED[shortcut]}

"""What is said with a move: a reason, a note or a question, and whether all is there that must be."""

import re

from moderation import lifecycle, markup
from moderation.lifecycle import Action, Reason

# Characters of what a moderator adds to a decision.
LONGEST_NOTE = 2000
# Those in which something to be read is looked for.
LOOKED_AT = 3 * LONGEST_NOTE
# Inside of a regular expression's character class: what is no character of a text; tabs and newlines are.
CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"


class ReasonNeeded(Exception):
    """Refusing and taking down are explained; « other » is explained in words."""

    def __init__(self, *, note: bool) -> None:
        super().__init__("a note is needed with “other”" if note else "a reason is needed")
        self.note = note


class QuestionNeeded(Exception):
    """Who asks says what."""

    def __init__(self) -> None:
        super().__init__("a question is needed")


class NoteTooLong(Exception):
    """Longer than LONGEST_NOTE."""


def as_noted(typed: str) -> str:
    """A note as it is kept: newlines of any system are one character, and nothing else controls anything."""
    return re.sub(f"[{CONTROLS}]", "", re.sub(r"\r\n?", "\n", typed))


def is_said(words: str) -> bool:
    """Whether there is anything to be read in it."""
    return bool(markup.plain_line(words[:LOOKED_AT], LOOKED_AT))


def check(action: Action, reason: str | None, note: str) -> None:
    """Raises ReasonNeeded, QuestionNeeded and NoteTooLong."""
    if action in lifecycle.NEEDS_REASON and (
        reason is None or (reason == Reason.OTHER and not is_said(note))
    ):
        raise ReasonNeeded(note=reason == Reason.OTHER)
    if action is Action.ASK and not is_said(note):
        raise QuestionNeeded
    if len(note) > LONGEST_NOTE:
        raise NoteTooLong

"""The public form as a page shows it: what was typed, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from moderation.drafts import LONGEST_EMAIL, LONGEST_NAME, Problem
from moderation.lanes import LONGEST_CLAIM, Ground
from moderation.markup import MAX_CHARACTERS


@dataclass(frozen=True)
class Form:
    author: str = ""
    email: str = ""
    text: str = ""
    token: str = ""
    problems: Mapping[str, Problem] = field(default_factory=dict)

    longest_name = LONGEST_NAME
    longest_email = LONGEST_EMAIL
    longest_text = MAX_CHARACTERS


@dataclass(frozen=True)
class Claimed(Form):
    """The form of a notice, or of a right of reply: by whom, about what, and why."""

    ground: str = ""
    good_faith: bool = False
    # Where what is answered is read, and the words of it.
    place: str = ""
    passage: str = ""

    grounds = tuple(Ground)
    longest_text = LONGEST_CLAIM


BLANK = Form()

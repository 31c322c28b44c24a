"""The public form as a page shows it: what was typed, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from moderation.drafts import LONGEST_EMAIL, LONGEST_NAME, Problem
from moderation.lanes import LONGEST_CLAIM, Ground
from moderation.markup import MAX_CHARACTERS


@dataclass(frozen=True)
class Form:
    author: str = ""
    email: str = ""
    text: str = ""
    token: str = ""
    # The random name of what it answers.
    parent: str = ""
    problems: Mapping[str, Problem] = field(default_factory=dict)

    longest_name = LONGEST_NAME
    longest_email = LONGEST_EMAIL
    longest_text = MAX_CHARACTERS


_MISSING = {"author": Problem("no_name"), "email": Problem("no_email")}


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

    def refused(self, problems: Mapping[str, Problem]) -> "Claimed":
        """With what is wrong, in the order of the fields, and what is missing called by its name."""
        said = {
            field: _MISSING.get(field, problems[field])
            if problems[field].code == "required"
            else problems[field]
            for field in ("ground", "place", "passage", "text", "author", "email", "good_faith")
            if field in problems
        }
        return replace(self, problems=said)


BLANK = Form()

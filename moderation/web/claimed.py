"""What comes in by the form of a notice, or of a right of reply: rendered before any transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from moderation import drafts
from moderation.drafts import Draft, Invalid, Problem
from moderation.lanes import LONGEST_CLAIM
from moderation.throttle import TooMany
from moderation.web.dependencies import Parts
from moderation.web.form import Claimed


@dataclass(frozen=True)
class Incoming:
    """What was typed, and what became of its words."""

    typed: Claimed
    read: Draft | Invalid | TooMany

    def words(self, problems: Mapping[str, Problem]) -> Draft:
        """Raises TooMany; and Invalid, with every field at fault, if there are `problems` beside theirs."""
        if isinstance(self.read, TooMany):
            raise self.read
        if isinstance(self.read, Invalid):
            raise Invalid({**problems, **self.read.problems})
        if problems:
            raise Invalid(problems)
        return self.read


async def incoming(
    app: Parts, now: datetime, sender: str | None, typed: Claimed, *, required: str
) -> Incoming:
    """`required` names fields as the setting does."""

    def read() -> Draft | Invalid:
        try:
            return drafts.read(
                typed.author,
                typed.email,
                typed.text,
                dialect=app.settings.markup,
                required=required,
                longest=LONGEST_CLAIM,
            )
        except Invalid as invalid:
            return invalid

    try:
        return Incoming(typed, await app.rendered(typed.text, read, sender, now))
    except TooMany as many:
        return Incoming(typed, many)


def is_told(app: Parts, now: datetime, sender: str | None, words: Draft) -> bool:
    """Whether a letter says that it came: whoever types address after address has few of them written to."""
    if not words.email:
        return False
    try:
        app.addressed.by_sender(sender, now)
    except TooMany:
        return False
    return True

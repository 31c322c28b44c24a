"""A contribution whose text the moderation is about to change, and what would come of it."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from markupsafe import Markup
from sqlmodel import Session

from moderation import amendments, corrections, deciders, differences, markup
from moderation.accounts import Person
from moderation.deciders import MayNotDecide
from moderation.differences import Change
from moderation.drafts import Draft
from moderation.lifecycle import Action
from moderation.models.queue import Comment
from moderation.pages import permalinks
from moderation.pages.cards import Card, cards
from moderation.pages.item import is_visible
from moderation.standing import Last, last


@dataclass(frozen=True)
class Rewriting:
    card: Card
    place: str
    # As it is now; what is written is rendered as it was.
    text: Draft
    # Why it may not be changed, by this person or now: "state", "aside", "own", "voices", "waits".
    hindrance: str
    # Seconds until what was done last has taken effect, where that is waited for.
    wait: int
    # The newest line of its log: who changed it, for who saw it before.
    last: Last | None


@dataclass(frozen=True)
class Preview:
    changes: tuple[Change, ...]
    html: Markup


def rewriting(
    session: Session, person: Person, comment_id: str, action: Action, now: datetime
) -> Rewriting | None:
    """None where there is no such contribution for this person."""
    if not is_visible(session, person, comment_id):
        return None
    comment = session.get_one(Comment, comment_id)
    (card,) = cards(session, [comment_id])
    until = corrections.settles(session, comment, action, now)
    wait = ceil((until - now).total_seconds()) if until is not None else 0
    return Rewriting(
        card,
        permalinks.place(session, comment_id),
        corrections.draft(session, comment),
        _hindrance(session, comment, person, action) or ("waits" if wait else ""),
        wait,
        last(session, [comment_id]).get(comment_id),
    )


def _hindrance(session: Session, comment: Comment, person: Person, action: Action) -> str:
    if not amendments.may_be_rewritten(comment):
        return "state"
    try:
        deciders.check(session, comment, person.id)
    except MayNotDecide as refused:
        return refused.why
    fixed = action is Action.CORRECT and corrections.is_fixed(session, comment)
    return "voices" if fixed else ""


def preview(page: Rewriting, new: Draft) -> Preview:
    return Preview(differences.exact(page.text.text.source, new.text.source), markup.trusted(new.text.html))

"""One contribution as a link in a letter opens it: as it is now, and what that link may still do."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from moderation import accounts, deciders, standing
from moderation.accounts import Person
from moderation.lanes import Lane
from moderation.lifecycle import Action
from moderation.links import Review
from moderation.models.bulletins import Bulletin
from moderation.models.people import Account
from moderation.models.queue import Comment, Decision
from moderation.pages.item import Item, item
from moderation.standing import Last

# What a letter offers.
BY_MAIL = (Action.PUBLISH, Action.REFUSE, Action.SPAM)


@dataclass(frozen=True)
class ReviewPage:
    person: Person
    item: Item
    # What may be done by it: nothing once the contribution is another than it was in the letter.
    actions: tuple[Action, ...]
    # Whether it is that no more, and who did what to it last.
    moved: bool
    last: Last | None
    # What its person decided by it, or otherwise then, and until when that can be undone.
    made: Decision | None

    @property
    def needs_reason(self) -> tuple[Action, ...]:
        return self.item.needs_reason


def holder(session: Session, link: Review) -> Person | None:
    """Whose it is, if they may still use it: not once they signed out everywhere, or with a second factor."""
    found = session.exec(
        select(Account)
        .join(Bulletin)
        .where(Account.id == link.account, Bulletin.seal == link.seal, col(Account.removed_at).is_(None))
    ).first()
    return accounts.person(found) if found is not None and found.totp is None else None


def reviewing(session: Session, link: Review, now: datetime, site_name: str) -> ReviewPage | None:
    """None where there is nothing for its holder to see, or nobody it belongs to any more."""
    person = holder(session, link)
    found = item(session, person, link.comment, site_name=site_name) if person is not None else None
    if person is None or found is None:
        return None
    comment = session.get_one(Comment, link.comment)
    moved = comment.revision != link.revision
    may = person.id in deciders.able(session, comment)
    granted = {Action(word) for word in link.actions.split()} if found.card.lane is not Lane.NOTICE else set()
    return ReviewPage(
        person=person,
        item=found,
        actions=tuple(action for action in found.actions if action in granted and may and not moved),
        moved=moved,
        last=standing.last(session, [comment.id]).get(comment.id),
        made=made(session, link, now),
    )


def made(session: Session, link: Review, now: datetime) -> Decision | None:
    """What its person decided of what it shows, while that stands last and can be undone."""
    line = session.exec(
        select(Decision).where(
            Decision.comment_id == link.comment,
            Decision.revision == link.revision + 1,
            Decision.account_id == link.account,
            col(Decision.lot).is_(None),  # with others, at the desk, which gives back what was written
        )
    ).first()
    comment = session.get_one(Comment, link.comment)
    stands = line is not None and line.undo_until > now and standing.is_last(session, comment, line)
    return line if stands else None

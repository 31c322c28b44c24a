"""What a letter to a reader who follows is made of: nothing anybody but the site wrote."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from moderation import mailboxes
from moderation.database import HELD, in_turn
from moderation.links import Following, Unfollowing
from moderation.mailboxes import NotYet
from moderation.models.follows import Follow
from moderation.models.queue import Letter, LetterKind
from moderation.pages import following
from moderation.pages.following import Followed, News


@dataclass(frozen=True)
class Told:
    to: str
    digest: str
    page: tuple[Followed, ...] | News
    # Where its link leads, but for what that grants.
    path: str
    right: Following | Unfollowing

    @property
    def asks(self) -> bool:
        return isinstance(self.right, Following)


def told(session: Session, letter: Letter, name: str, now: datetime) -> Told | None:
    """None where there is nothing to tell, or nobody. Raises NotYet."""
    digest = session.get_one(Follow, name).digest
    in_turn(session, "mail", digest)
    follow = session.get_one(Follow, name, with_for_update=HELD, populate_existing=True)
    box = mailboxes.of(session, digest)
    if follow.erase_at is not None or mailboxes.is_silent(box):
        return None
    if letter.kind is LetterKind.FOLLOW_ASKED:
        return _asked(session, letter, follow, now)
    return _news(session, follow)


def _asked(session: Session, letter: Letter, follow: Follow, now: datetime) -> Told | None:
    """About all that waits. An address nobody confirmed gets one letter a day of whatever kind."""
    page = following.waiting(session, follow.digest, now)
    if not page:
        return None
    box = mailboxes.of(session, follow.digest)
    until = mailboxes.silent_until(box, letter.kind, letter.name, now)
    if until is not None:
        raise NotYet(until)
    mailboxes.wrote(session, box, letter.name, now)
    return Told(follow.address, follow.digest, page, "/follow/", Following(follow.digest))


def _news(session: Session, follow: Follow) -> Told | None:
    """What was taken down meanwhile is not told, and comes up in no later one."""
    news = following.news(session, follow) if follow.confirmed_at is not None else None
    if news is None:
        return None
    follow.seen = news.upto
    session.add(follow)
    if not news.count:
        return None
    return Told(follow.address, follow.digest, news, "/unfollow/", Unfollowing(follow.id))

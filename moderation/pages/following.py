"""What somebody follows by letter, and what is new to them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, func, select

from moderation import follows
from moderation.models.follows import Follow
from moderation.models.public import Article, Publication, Thread
from moderation.models.queue import Comment
from moderation.pages import permalinks

# A letter names as many; who comes back after a year is led to the article.
SHOWN = 20
_FOLLOWED = select(Follow, Article).join(Thread, col(Thread.id) == Follow.thread_id).join(Article)


@dataclass(frozen=True)
class Followed:
    name: str
    slug: str
    title: str
    # Whether of the answers to a text of theirs alone.
    answers: bool
    # Till when it may be confirmed, if it is not.
    until: datetime


@dataclass(frozen=True)
class News:
    """What became public since the last letter, as the ends of addresses: no word of it, nor whose it is."""

    about: Followed
    places: tuple[str, ...]
    count: int
    # The last number there is by now.
    upto: int


class Told(StrEnum):
    """Whether an author is told of the answers to a text."""

    NOT = "not"
    ASKED = "asked"
    YES = "yes"


def waiting(session: Session, digest: str, now: datetime) -> tuple[Followed, ...]:
    """What an address may confirm, oldest first."""
    rows = session.exec(
        _FOLLOWED.where(follows.waiting(digest, now)).order_by(col(Follow.asked_at), Follow.id)
    )
    return tuple(_followed(*row) for row in rows)


def one(session: Session, name: str) -> Followed | None:
    """None where it is over."""
    row = session.exec(_FOLLOWED.where(Follow.id == name, col(Follow.erase_at).is_(None))).first()
    return _followed(*row) if row is not None else None


def _followed(follow: Follow, article: Article) -> Followed:
    until = follow.asked_at + follows.CONFIRMED_WITHIN
    return Followed(follow.id, article.slug, article.title, follow.comment_id is not None, until)


def news(session: Session, follow: Follow) -> News | None:
    """But for what came with that very address. None where what it was about is gone."""
    about = one(session, follow.id)
    if about is None:
        return None
    there = select(func.max(Publication.number)).where(Publication.thread_id == follow.thread_id)
    upto = session.exec(there).one() or 0
    new = (
        select(Publication.comment_id)
        .join(Comment, col(Comment.id) == Publication.comment_id)
        .where(
            Publication.thread_id == follow.thread_id,
            col(Publication.number).between(follow.told + 1, upto),
            col(Publication.taken_down_at).is_(None),
            col(Comment.email_key).is_distinct_from(follow.address.lower()),
        )
        .order_by(col(Publication.number))
    )
    if follow.comment_id is not None:
        new = new.where(Publication.parent_id == follow.comment_id)
    found = session.exec(new).all()
    places = tuple(permalinks.place(session, comment_id) for comment_id in found[:SHOWN])
    return News(about, places, len(found), max(follow.seen, upto))


def told_of_answers(session: Session, comment_id: str) -> Told:
    mine = select(Follow).where(Follow.comment_id == comment_id, col(Follow.erase_at).is_(None))
    follow = session.exec(mine).first()
    if follow is None:
        return Told.NOT
    return Told.YES if follow.confirmed_at is not None else Told.ASKED

"""Who is told by letter of what is new in a forum, or of the answers to their text: asked, confirmed, ended.

The address is kept for as long as they follow, and no longer: nobody can be written to by a digest.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, delete, select

from moderation import identifiers, mail, mailboxes, scrubbing
from moderation.database import in_turn
from moderation.models.follows import Follow
from moderation.models.public import Article, Site, Thread
from moderation.models.queue import Comment, Letter, LetterKind, Version

# What nobody confirmed is forgotten after that time.
CONFIRMED_WITHIN = timedelta(days=3)
# An address is asked no more often than that, whatever it is said to want to follow.
BETWEEN_ASKING = timedelta(days=1)
# How many an address may be asked about at once.
MOST_ASKED = 20

_LASTS = col(Follow.erase_at).is_(None)
_WAITS = and_(_LASTS, col(Follow.confirmed_at).is_(None))


class Unknown(Exception):
    """There is nothing like that to follow, or nobody to write to about it."""


def ask(session: Session, slug: str, address: str, now: datetime) -> None:
    """Has an address asked whether it wants to follow a forum; it is the same whether it does already.

    Raises Unknown.
    """
    thread = session.exec(select(Thread.id).join(Article).where(Article.slug == slug)).first()
    if thread is None:
        raise Unknown
    _ask(session, _follow(address, thread, None, now), now)


def ask_answers(session: Session, code: str, now: datetime) -> None:
    """Has the address a text came with asked whether it wants to be told of its answers, known or not.

    Anybody may have typed it, and is not told whether it is. Raises Unknown.
    """
    comment, address = _followed_by_its_author(session, code)
    _ask(session, _follow(address, comment.thread_id, comment.id, now), now)


def end_answers(session: Session, code: str, now: datetime) -> None:
    """Raises Unknown."""
    comment, _ = _followed_by_its_author(session, code)
    end(session, col(Follow.comment_id) == comment.id, now)


def _followed_by_its_author(session: Session, code: str) -> tuple[Comment, str]:
    comment = session.exec(
        select(Comment).where(Comment.tracking == code, col(Comment.email_key).is_not(None))
    ).first()
    if comment is None:
        raise Unknown
    newest = select(Version.email).where(
        Version.comment_id == comment.id, Version.number == comment.version, Version.email != ""
    )
    address = session.exec(newest).first()
    if address is None:
        raise Unknown
    return comment, address


def _follow(address: str, thread_id: int, comment_id: str | None, now: datetime) -> Follow:
    return Follow(
        id=identifiers.new_id(),
        digest=mailboxes.digest(address),
        address=address,
        thread_id=thread_id,
        comment_id=comment_id,
        asked_at=now,
    )


def _ask(session: Session, follow: Follow, now: datetime) -> None:
    """By one letter for all that waits."""
    in_turn(session, "mail", follow.digest)
    end(session, and_(late(now), Follow.digest == follow.digest), now)
    known = _known(session, follow)
    if known is not None and known.confirmed_at is not None:
        return
    waiting = session.exec(select(Follow).where(Follow.digest == follow.digest, _WAITS)).all()
    if known is None and len(waiting) >= MOST_ASKED:
        return
    follow = known or follow
    session.add(follow)
    session.flush()
    if not _is_being_asked(session, follow.digest, now):
        before = [one.letter_at + BETWEEN_ASKING for one in waiting if one.letter_at is not None]
        follow.letter_at = max([now, *before])
        mail.write(session, LetterKind.FOLLOW_ASKED, follow.letter_at, follow_id=follow.id)


def _is_being_asked(session: Session, digest: str, now: datetime) -> bool:
    letter = select(Letter.id).join(Follow).where(Follow.digest == digest, ~mail.given_up(now))
    return session.exec(letter.where(Letter.kind == LetterKind.FOLLOW_ASKED)).first() is not None


def _known(session: Session, follow: Follow) -> Follow | None:
    about = (
        col(Follow.comment_id).is_(None)
        if follow.comment_id is None
        else col(Follow.comment_id) == follow.comment_id
    )
    same = and_(Follow.digest == follow.digest, Follow.thread_id == follow.thread_id, about, _LASTS)
    return session.exec(select(Follow).where(same)).first()


def _begin(session: Session, follow: Follow, now: datetime) -> None:
    """From now on: what is public by then is no news."""
    if follow.confirmed_at is None:
        follow.confirmed_at = now
        follow.told = follow.seen = _last_number(session)
        session.add(follow)


def _last_number(session: Session) -> int:
    return session.exec(select(Site.last_number).where(Site.id == 1)).one()


def waiting(digest: str, now: datetime) -> ColumnElement[bool]:
    """What an address may still confirm."""
    return and_(_WAITS, Follow.digest == digest, col(Follow.asked_at) > now - CONFIRMED_WITHIN)


def confirm(
    session: Session, digest: str, wanted: Collection[str], now: datetime, *, but: Collection[str] = ()
) -> int:
    """Who reads there wants those of what waits, and some others not; how many they want.

    They say by it that the address is theirs.
    """
    in_turn(session, "mail", digest)
    waits = select(Follow).where(waiting(digest, now)).with_for_update(key_share=True)
    begun = [follow for follow in session.exec(waits).all() if follow.id in wanted]
    for follow in begun:
        _begin(session, follow, now)
    if begun:
        box = mailboxes.of(session, digest)
        box.confirmed_at = box.confirmed_at or now
        session.add(box)
    session.flush()
    end(session, and_(waiting(digest, now), col(Follow.id).in_(but)), now)
    return len(begun)


def late(now: datetime) -> ColumnElement[bool]:
    """What nobody confirmed in time."""
    return and_(_WAITS, col(Follow.asked_at) <= now - CONFIRMED_WITHIN)


def end_one(session: Session, name: str, now: datetime, *, others: bool) -> None:
    """And, if asked, whatever else the address follows."""
    follow = session.get(Follow, name)
    if follow is None or follow.erase_at is not None:
        return
    if others:
        end_all(session, follow.digest, now)
    else:
        end(session, col(Follow.id) == name, now)


def end_all(session: Session, digest: str, now: datetime) -> None:
    in_turn(session, "mail", digest)
    end(session, col(Follow.digest) == digest, now)


def end(session: Session, which: ColumnElement[bool], now: datetime) -> int:
    """Nothing more is sent, and the address is gone: at once from the table, and soon from its files."""
    ended = session.exec(select(Follow).where(which, _LASTS).with_for_update(key_share=True)).all()
    for follow in ended:
        follow.address = follow.digest = ""
        follow.erase_at = scrubbing.due(session, now)
        session.add(follow)
    session.flush()
    session.exec(delete(Letter).where(col(Letter.follow_id).in_([follow.id for follow in ended])))
    return len(ended)

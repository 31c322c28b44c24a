"""What is done by itself for who follows: they are told of what is new, and forgotten once it is over."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine
from sqlmodel import Session, and_, col, delete, or_, select

from moderation import follows, mail, scrubbing
from moderation.database import HELD, in_turn, reading, writing
from moderation.models.follows import Follow, FollowMark
from moderation.models.public import Publication, Site
from moderation.models.queue import Letter, LetterKind

# Who follows gets no more than one letter in that time: it tells of all that came meanwhile.
BETWEEN_NEWS = timedelta(days=1)
# Letters written in one transaction, and rows forgotten.
SOME = 200
# What is new to somebody: never seen by any letter to them, and still to be read.
_IS_NEW = (
    select(Publication.id)
    .where(
        Publication.thread_id == Follow.thread_id,
        Publication.number > Follow.seen,
        col(Publication.taken_down_at).is_(None),
        or_(col(Follow.comment_id).is_(None), Publication.parent_id == Follow.comment_id),
    )
    .exists()
)
_FOLLOWS = and_(col(Follow.confirmed_at).is_not(None), col(Follow.erase_at).is_(None))


def work(engine: Engine, now: datetime) -> int:
    """How much was done."""
    with reading(engine) as session:
        if not is_due(session, now):
            return 0
    return tell(engine, now) + forget(engine, now)


def is_due(session: Session, now: datetime) -> bool:
    last, mark = _range(session)
    if last > mark and session.exec(select(Follow.id).where(_FOLLOWS).limit(1)).first() is not None:
        return True
    over = (follows.late(now), col(Follow.erase_at) <= now)
    return any(session.exec(select(Follow.id).where(one).limit(1)).first() is not None for one in over)


def _range(session: Session) -> tuple[int, int]:
    """The last number given, and the last one of which letters were written."""
    mark = session.exec(select(FollowMark.number)).first()
    return session.exec(select(Site.last_number).where(Site.id == 1)).one(), mark or 0


def tell(engine: Engine, now: datetime) -> int:
    """Writes letters to who follows what something new is under; how many.

    Some at a time, so that nobody waits to publish; the mark moves once all are written.
    """
    with reading(engine) as session:
        last, mark = _range(session)
    written, after, more = 0, "", last > mark
    while more:
        with writing(engine) as session:
            in_turn(session, "follows")
            found = _to_tell(session, mark, after, now)
            for follow in found:
                _write(session, follow, now)
            written, after, more = written + len(found), found[-1].id if found else "", len(found) == SOME
            if not more:
                _move_mark(session, last)
    return written


def _to_tell(session: Session, mark: int, after: str, now: datetime) -> list[Follow]:
    """But for those a letter is written to already: it tells of this too, or the next one does."""
    threads = select(Publication.thread_id).where(Publication.number > mark)
    letter = select(Letter.id).where(*_told(Follow.id), ~mail.given_up(now)).exists()
    some = (
        select(Follow)
        .where(_FOLLOWS, Follow.id > after, col(Follow.thread_id).in_(threads), _IS_NEW, ~letter)
        .order_by(Follow.id)
        .limit(SOME)
    )
    return list(session.exec(some).all())


def _told(name: object) -> tuple[ColumnElement[bool], ...]:
    return col(Letter.follow_id) == name, col(Letter.kind) == LetterKind.FOLLOWED


def _write(session: Session, follow: Follow, now: datetime) -> None:
    due = now if follow.told_at is None else max(now, follow.told_at + BETWEEN_NEWS)
    session.exec(delete(Letter).where(*_told(follow.id)))  # one at most: that was given up, or is just sent
    mail.write(session, LetterKind.FOLLOWED, due, follow_id=follow.id)


def _move_mark(session: Session, number: int) -> None:
    mark = session.get(FollowMark, 1) or FollowMark()
    mark.number = max(mark.number, number)
    session.add(mark)


def settle(session: Session, name: str, now: datetime, *, sent: bool) -> None:
    """After a letter: what came while it was on its way is told by the next one."""
    letter = session.exec(
        select(Letter).where(Letter.name == name, Letter.kind == LetterKind.FOLLOWED)
    ).first()
    if letter is None:
        return
    in_turn(session, "follows")
    follow = session.get_one(Follow, letter.follow_id, with_for_update=HELD, populate_existing=True)
    follow.told = follow.seen
    follow.told_at = now if sent else follow.told_at
    session.add(follow)
    session.flush()
    again = select(Follow.id).where(Follow.id == follow.id, _FOLLOWS, _IS_NEW)
    if session.exec(again).first() is not None:
        _write(session, follow, now)


def forget(engine: Engine, now: datetime) -> int:
    """Addresses of who follows no more, or never confirmed it, leave the files; how many."""
    with writing(engine) as session:
        follows.end(session, follows.late(now), now)
        over = select(Follow).where(col(Follow.erase_at) <= now).limit(SOME).with_for_update(skip_locked=True)
        ended = session.exec(over).all()
        for follow in ended:
            follow.erase_at = now + scrubbing.AGAIN[engine.dialect.name]
            session.add(follow)
        names = [follow.id for follow in ended]
    if not names or not scrubbing.scrub(engine):
        return 0
    with writing(engine) as session:
        session.exec(delete(Letter).where(col(Letter.follow_id).in_(names)))
        session.exec(delete(Follow).where(col(Follow.id).in_(names)))
    return len(names)

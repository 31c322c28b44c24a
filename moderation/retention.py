"""What is kept no longer than it is needed: found by its age, erased bit by bit, and counted by the day."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Engine, String, cast, exists
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, desc, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from moderation import beside, database, erasing, logs, scrubbing, texts
from moderation.database import HELD
from moderation.lanes import Lane
from moderation.lifecycle import OPEN, Status
from moderation.models.follows import Follow
from moderation.models.queue import Comment, Decision, Letter, Mailbox, Question
from moderation.models.retention import Kept, Machine, Swept
from moderation.models.together import Note, Voice
from moderation.settings import Periods

# Of one transaction: meanwhile nobody else writes to SQLite.
BATCH = 50
# What is not public any more, or never was.
HIDDEN = (Status.REFUSED, Status.SPAM, Status.UNPUBLISHED)


def sweep(engine: Engine, now: datetime, periods: Periods, stopping: Callable[[], bool]) -> int:
    """Erases what was kept long enough, some in a transaction; how much. Cut short, it goes on next time."""
    done = 0
    with database.reading(engine) as session:
        kinds = over(session, now, periods)
    for kind in kinds:
        some = 1
        while some and not stopping():
            with database.writing(engine) as session:
                some = perform(session, kind, now, periods)
            if some:
                done += some
                logs.tell("kept long enough", kind=kind, erased=some)
    if done and engine.dialect.name == "sqlite":  # also what nothing was decided about, which has no effect
        scrubbing.scrub(engine)
    return done


def over(session: Session, now: datetime, periods: Periods) -> list[Kept]:
    """Of what something is to be erased by now."""
    return [kind for kind in Kept if session.exec(_found(kind, now, periods).limit(1)).first() is not None]


def perform(session: Session, kind: Kept, now: datetime, periods: Periods) -> int:
    """Erases some of what is over, in the caller’s transaction, and counts it; how much that was."""
    database.in_turn(session, "retention")
    done = _PERFORM[kind](session, now, periods)
    if done:
        _count(session, kind, now, done)
    return done


def told(session: Session, days: int) -> list[Swept]:
    """What was done on the last days on which anything was, newest first."""
    last = select(Swept.day).distinct().order_by(desc(Swept.day)).limit(days)
    mine = select(Swept).where(col(Swept.day).in_(session.exec(last).all()))
    order = {kind: place for place, kind in enumerate(Kept)}
    found = sorted(session.exec(mine), key=lambda one: order[one.kind])
    return sorted(found, key=lambda one: one.day, reverse=True)


def _count(session: Session, kind: Kept, now: datetime, done: int) -> None:
    day = now.astimezone(UTC).date().isoformat()
    row = session.get(Swept, (day, kind)) or Swept(day=day, kind=kind, count=0)
    row.count += done
    session.add(row)
    session.flush()


def _found(kind: Kept, now: datetime, periods: Periods) -> SelectOfScalar[str]:
    """The names of what is over, of one kind."""
    if kind is Kept.TEXT:
        return select(Comment.id).where(*_texts(now, periods))
    if kind is Kept.ADDRESS:
        addresses = select(Comment.id).where(*_addresses(now, periods))
        boxes = select(Mailbox.digest).where(*_boxes(now, periods))
        return select(addresses.union_all(boxes).subquery().c.id)
    if kind is Kept.NOTE:
        return select(Comment.id).where(*_notes(now, periods))
    if kind is Kept.MACHINE:
        return select(Machine.comment_id).where(*_machines(now, periods))
    return select(Letter.name).where(*_letters(now, periods))


def _settled(before: datetime) -> list[ColumnElement[bool]]:
    """That nothing waits, and that nothing was decided since."""
    since = exists().where(col(Decision.comment_id) == Comment.id, col(Decision.at) > before)
    return [col(Comment.submitted_at) <= before, col(Comment.status).not_in(OPEN), ~since]


def _texts(now: datetime, periods: Periods) -> list[ColumnElement[bool]]:
    """But for one about which something waits. A notice that was granted is as over as one refused."""
    answered = and_(col(Comment.lane) == Lane.NOTICE, Comment.status == Status.PUBLISHED)
    over = or_(col(Comment.status).in_(HIDDEN), answered)
    return [over, col(Comment.erased_at).is_(None), *_settled(now - periods.texts), ~_discussed()]


def _discussed() -> ColumnElement[bool]:
    about = aliased(Comment)
    return exists().where(col(about.amends) == Comment.id, col(about.status).in_(OPEN))


def _addresses(now: datetime, periods: Periods) -> list[ColumnElement[bool]]:
    return [col(Comment.email_key).is_not(None), *_settled(now - periods.addresses), ~_discussed()]


def _boxes(now: datetime, periods: Periods) -> list[ColumnElement[bool]]:
    """Of whom nothing is left to keep; that an address wants nothing stays."""
    before = now - periods.addresses
    last = func.coalesce(Mailbox.written_at, Mailbox.confirmed_at)
    confirmed = or_(col(Mailbox.confirmed_at).is_(None), col(Mailbox.confirmed_at) <= before)
    follows = exists().where(col(Follow.digest) == Mailbox.digest, col(Follow.erase_at).is_(None))
    return [cast(Mailbox.declined, String) == "[]", last <= before, confirmed, ~follows]


def _notes(now: datetime, periods: Periods) -> list[ColumnElement[bool]]:
    before = now - periods.notes
    said = (
        select(Decision.comment_id).where(Decision.note != "", col(Decision.at) <= before),
        select(Voice.comment_id).where(Voice.note != ""),
        select(Note.comment_id),
        select(Question.comment_id),
    )
    newer = exists().where(col(Note.comment_id) == Comment.id, col(Note.at) > before)
    return [or_(*(col(Comment.id).in_(some) for some in said)), *_settled(before), ~newer]


def _letters(now: datetime, periods: Periods) -> list[ColumnElement[bool]]:
    """Those that could not be sent, with what the mail server said."""
    return [col(Letter.written_at) <= now - periods.letters, col(Letter.due_at) > now]


def _machines(now: datetime, periods: Periods) -> list[ColumnElement[bool]]:
    return [col(Machine.at) <= now - periods.machines]


def _some(session: Session, which: list[ColumnElement[bool]]) -> list[Comment]:
    """Locked; who has one in hand is not waited for."""
    mine = select(Comment).where(*which).order_by(col(Comment.submitted_at), col(Comment.id)).limit(BATCH)
    return [*session.exec(mine.with_for_update(skip_locked=True, of=Comment, **HELD)).all()]


def _erase_texts(session: Session, now: datetime, periods: Periods) -> int:
    some = _some(session, _texts(now, periods))
    for comment in some:
        if comment.erased_at is None:  # else with another of them
            erasing.expire(session, comment, now)
    return len(some)


def _erase_addresses(session: Session, now: datetime, periods: Periods) -> int:
    some = _some(session, _addresses(now, periods))
    for comment in some:
        texts.forget_address(session, comment)
        erasing.leave_the_files(session, comment, now)
    boxes = session.exec(select(Mailbox).where(*_boxes(now, periods)).limit(BATCH - len(some))).all()
    for box in boxes:
        session.delete(box)
    session.flush()
    return len(some) + len(boxes)


def _erase_notes(session: Session, now: datetime, periods: Periods) -> int:
    some = _some(session, _notes(now, periods))
    for comment in some:
        beside.erase(session, comment.id)
        erasing.leave_the_files(session, comment, now)
    return len(some)


def _erase_letters(session: Session, now: datetime, periods: Periods) -> int:
    mine = select(Letter).where(*_letters(now, periods)).order_by(col(Letter.id)).limit(BATCH)
    some = session.exec(mine.with_for_update(skip_locked=True)).all()
    for letter in some:
        session.delete(letter)
    session.flush()
    return len(some)


def _erase_machines(session: Session, now: datetime, periods: Periods) -> int:
    mine = select(Machine).where(*_machines(now, periods)).order_by(col(Machine.at)).limit(BATCH)
    some = session.exec(mine.with_for_update(skip_locked=True)).all()
    for machine in some:
        erasing.leave_the_files(session, session.get_one(Comment, machine.comment_id), now)
        session.delete(machine)
    session.flush()
    return len(some)


_PERFORM: dict[Kept, Callable[[Session, datetime, Periods], int]] = {
    Kept.TEXT: _erase_texts,
    Kept.ADDRESS: _erase_addresses,
    Kept.NOTE: _erase_notes,
    Kept.LETTER: _erase_letters,
    Kept.MACHINE: _erase_machines,
}

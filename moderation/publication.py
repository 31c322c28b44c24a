"""Makes the public copy of a comment agree with the queue. The only bridge from one to the other."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, delete, select

from moderation import lifecycle
from moderation.database import HELD
from moderation.lanes import Lane
from moderation.lifecycle import Action, Status
from moderation.models.public import Publication, Site, Thread
from moderation.models.queue import Comment, Decision, Effect, EffectKind, Version

# What is copied of a text.
SHOWN = ("author", "html", "corrected_at", "redacted_at", "amended_at")


def follow(session: Session, decision: Decision, now: datetime) -> None:
    """What readers will have of a decision that was just made: at once, or when its window closes."""
    if lifecycle.takes_down(decision.before, decision.after) or decision.undo_until <= now:
        sync(session, decision.comment_id, now)
    elif decision.after is Status.PUBLISHED:
        later(session, decision, EffectKind.SYNC, decision.undo_until)


def later(session: Session, decision: Decision, kind: EffectKind, due: datetime) -> None:
    """Has something done for a decision when it is due."""
    assert decision.id is not None
    session.add(Effect(kind=kind, comment_id=decision.comment_id, decision_id=decision.id, due_at=due))


def sync(session: Session, comment_id: str, now: datetime) -> None:
    """Reads the status and makes the public copy agree, so that the order of calls cannot matter.

    A publication that still waits for its window leaves things as readers have them; taking down never waits.
    What the moderation answered comes and goes with what it answers.
    """
    if session.get(Comment, comment_id, with_for_update=HELD, populate_existing=True) is None:
        return
    for comment in _in_turn(session, comment_id):
        _agree(session, comment, now)


def _in_turn(session: Session, comment_id: str) -> Sequence[Comment]:
    """It, and then its answers, and theirs: all locked before anything that is public."""
    names = with_answers(session, [comment_id])
    mine = select(Comment).where(col(Comment.id).in_(names)).order_by(col(Comment.submitted_at), Comment.id)
    locked = session.exec(
        mine.with_for_update(key_share=True), execution_options={"populate_existing": True}
    ).all()
    return sorted(locked, key=lambda comment: names.index(comment.id))


def _agree(session: Session, comment: Comment, now: datetime) -> None:
    copy = session.exec(select(Publication).where(Publication.comment_id == comment.id)).first()
    # What takes the place of another has no place of its own.
    own = comment.status is Status.PUBLISHED and comment.amends is None
    if not own or _answers_nothing(session, comment):
        if copy is not None and copy.taken_down_at is None:
            _take_down(session, copy, now)
    elif not _waits(session, comment.id, now):
        _put_up(session, comment, copy, now, version=comment.version)


def put_back(session: Session, comment: Comment, taken_down_at: datetime, now: datetime) -> None:
    """What was up when something took it down that is undone, whatever still waits for its window."""
    for one in _in_turn(session, comment.id):
        copy = session.exec(select(Publication).where(Publication.comment_id == one.id)).first()
        if copy is None or copy.taken_down_at != taken_down_at or one.status is not Status.PUBLISHED:
            continue
        if not _answers_nothing(session, one) and not _redacted_since(session, copy):
            _put_up(session, one, copy, now, version=copy.version)


def _redacted_since(session: Session, copy: Publication) -> bool:
    since = select(Decision.id).where(
        Decision.comment_id == copy.comment_id,
        Decision.action == Action.REDACT,
        Decision.version > copy.version,
    )
    return session.exec(since).first() is not None


def answers(session: Session, comment_id: str) -> Sequence[Comment]:
    """What the moderation answered to it in one go with publishing it, and did not take back.

    Locked, and after it as ever.
    """
    mine = select(Comment).where(_answer([comment_id]))
    return session.exec(mine.order_by(Comment.id).with_for_update(key_share=True)).all()


def with_answers(session: Session, ids: Collection[str]) -> list[str]:
    """Those, and after each what comes and goes with it."""
    found = session.exec(select(Comment.id).where(_answer(ids))).all()
    answers = [name for name in found if name not in ids]
    return [*ids, *(with_answers(session, answers) if answers else [])]


def _answer(ids: Collection[str]) -> ColumnElement[bool]:
    born, publishing = aliased(Decision), aliased(Decision)
    together = (
        select(born.comment_id)
        .join(publishing, col(publishing.lot) == born.lot)
        .where(col(publishing.comment_id).in_(ids), born.revision == 2)
    )
    return and_(
        col(Comment.id).in_(together),
        col(Comment.parent_id).in_(ids),
        col(Comment.official).is_(True),
        col(Comment.status) != Status.WITHDRAWN,
    )


def _answers_nothing(session: Session, comment: Comment) -> bool:
    """Whether it is the moderation’s answer to what nobody can read: it may quote it."""
    return comment.official and comment.parent_id is not None and not is_up(session, comment.parent_id)


def was_up(session: Session, comment_id: str) -> bool:
    """Whether it is, or ever was."""
    return (
        session.exec(select(Publication.id).where(Publication.comment_id == comment_id)).first() is not None
    )


def is_up(session: Session, comment_id: str) -> bool:
    up = select(Publication.id).where(
        Publication.comment_id == comment_id, col(Publication.taken_down_at).is_(None)
    )
    return session.exec(up).first() is not None


def _waits(session: Session, comment_id: str, now: datetime) -> bool:
    later = select(Effect.id).where(
        Effect.comment_id == comment_id, Effect.kind == EffectKind.SYNC, Effect.due_at > now
    )
    return session.exec(later).first() is not None


def _put_up(
    session: Session, comment: Comment, copy: Publication | None, now: datetime, *, version: int
) -> None:
    if copy is not None and copy.taken_down_at is None and copy.version == version:
        return
    text = session.exec(
        select(Version).where(Version.comment_id == comment.id, Version.number == version)
    ).one()
    if copy is not None and copy.taken_down_at is None and _says(copy, text):
        copy.version = text.number  # put back before anybody could read the other
        session.add(copy)
        return
    thread, site = _locked(session, comment.thread_id)
    if copy is None or copy.taken_down_at is not None:
        thread.count += 1
    if copy is None:
        site.last_number += 1
        copy = Publication(
            thread_id=comment.thread_id,
            comment_id=comment.id,
            number=site.last_number,
            parent_id=comment.parent_id,
            version=text.number,
            html=text.html,
            written_at=text.written_at,
            published_at=now,
        )
    copy.version = text.number
    for name in SHOWN:
        setattr(copy, name, getattr(text, name))
    copy.official, copy.right_of_reply = comment.official, comment.lane is Lane.REPLY
    copy.taken_down_at = None
    _changed(session, thread, site, copy)


def _says(copy: Publication, text: Version) -> bool:
    return all(getattr(copy, name) == getattr(text, name) for name in SHOWN)


def _take_down(session: Session, copy: Publication, now: datetime) -> None:
    thread, site = _locked(session, copy.thread_id)
    thread.count -= 1
    copy.author = copy.html = ""
    copy.taken_down_at = now
    _changed(session, thread, site, copy)


def _locked(session: Session, thread_id: int) -> tuple[Thread, Site]:
    """As they are now: what counts on them may have waited for the lock.

    Not kept from those who are sending: they hold the thread, and wait for what they answer.
    """
    thread = session.get_one(Thread, thread_id, with_for_update=HELD, populate_existing=True)
    return thread, session.get_one(Site, 1, with_for_update=HELD, populate_existing=True)


def _changed(session: Session, thread: Thread, site: Site, copy: Publication) -> None:
    session.add(copy)
    thread.revision += 1
    site.activity += 1
    session.add(thread)
    session.add(site)
    session.flush()


def perform(session: Session, now: datetime) -> bool:
    """Does one due effect and deletes its row, in the caller's transaction; whether there was one to do."""
    effect = claim(session, EffectKind.SYNC, now)
    if effect is None:
        return False
    sync(session, effect.comment_id, now)
    return True


def claim(session: Session, kind: EffectKind, now: datetime) -> Effect | None:
    """Takes a due effect, whose row is then gone.

    Locks the comment before the row, as deciding does, so that an undo and its effect cannot both happen.
    """
    effect = session.exec(
        select(Effect)
        .join(Comment)
        .where(Effect.kind == kind, Effect.due_at <= now)
        .order_by(col(Effect.due_at), col(Effect.id))
        .limit(1)
        .with_for_update(of=Comment, skip_locked=True, key_share=True)
    ).first()
    if effect is None:
        return None
    session.expunge(effect)
    return effect if take(session, col(Effect.id) == effect.id) else None


def take(session: Session, which: ColumnElement[bool]) -> int:
    """Deletes effects; how many there still were."""
    return session.connection().execute(delete(Effect).where(which)).rowcount

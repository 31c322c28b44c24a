"""What is taken back for good: its words leave the tables at once, and their files soon."""

from datetime import datetime
from typing import Literal

from sqlmodel import Session, col, delete, desc, select

from moderation import (
    beside,
    deciders,
    follows,
    kin,
    lifecycle,
    moves,
    precedents,
    public_log,
    publication,
    scrubbing,
    search,
    traits,
)
from moderation.lifecycle import Action
from moderation.models.follows import Follow
from moderation.models.queue import Comment, Decision, Effect, EffectKind, Version
from moderation.models.retention import Machine


def take_answers(session: Session, comment: Comment, now: datetime) -> None:
    """Nobody will read any more what the moderation answered to it, and it may quote it."""
    for answer in publication.answers(session, comment.id):
        take_answers(session, answer, now)
        if answer.status in lifecycle.OPEN:
            take_away(session, answer, now)
        else:
            erase(session, answer, now)


def take_away(
    session: Session,
    comment: Comment,
    now: datetime,
    *,
    by: int | None = None,
    action: Literal[Action.WITHDRAW, Action.RETRACT] = Action.WITHDRAW,
) -> Decision:
    """Erases a text from the tables at once and from their files soon, and what was to take its place.

    `by` is nobody for its author.
    """
    decision = moves.record(session, comment, action, now=now, undo_until=now, by=by)
    erase(session, comment, now)
    follows.end(session, col(Follow.comment_id) == comment.id, now)
    _erase_proposals(session, comment, now)
    assert decision.id is not None
    due = scrubbing.due(session, now)
    session.add(Effect(kind=EffectKind.ERASE, comment_id=comment.id, decision_id=decision.id, due_at=due))
    session.flush()
    return decision


def expire(session: Session, comment: Comment, now: datetime) -> None:
    """Erases a text whose time is over, and what was answered to it; its status stays what it was."""
    take_answers(session, comment, now)
    erase(session, comment, now)
    _erase_proposals(session, comment, now)
    leave_the_files(session, comment, now)


def leave_the_files(session: Session, comment: Comment, now: datetime) -> None:
    """What was erased beside a decision, or long after it; nothing is before something was decided."""
    lines = select(Decision).where(Decision.comment_id == comment.id).order_by(desc(Decision.revision))
    last = session.exec(lines.limit(1)).first()
    if last is not None:
        publication.later(session, last, EffectKind.ERASE, scrubbing.due(session, now))


def _erase_proposals(session: Session, comment: Comment, now: datetime) -> None:
    """What others gave notice of is theirs."""
    mine = select(Comment).where(Comment.amends == comment.id, col(Comment.lane).is_(None))
    for other in session.exec(mine.with_for_update()).all():
        if other.status in lifecycle.OPEN:
            take_away(session, other, now)
        else:
            erase(session, other, now)


def erase(session: Session, comment: Comment, now: datetime) -> None:
    """Empties every text and name of a comment, and all notes of them; the log keeps that it was there.

    A whole address of a machine is kept where the site takes the law to oblige it to, and goes in its time.
    """
    precedents.forget(session, comment.id)
    for version in session.exec(select(Version).where(Version.comment_id == comment.id)):
        assert version.id is not None
        search.take(session.connection(), version.id, version.folded)
        version.author = version.email = version.source = version.html = version.fingerprint = ""
        version.folded, version.findings, version.struck = "", [], []
        session.add(version)
    beside.erase(session, comment.id)
    truncated = (col(Machine.comment_id) == comment.id, col(Machine.address).contains("/"))
    session.exec(delete(Machine).where(*truncated))
    public_log.forget(session, comment.id)
    deciders.forget(session, comment.id)
    comment.author_key = comment.email_key = None
    comment.erased_at = comment.erased_at or now
    session.add(comment)
    traits.forget(session, comment)
    kin.forget(session, comment)

"""How a question ends: its author answers, or nobody does in time."""

from datetime import datetime

from sqlmodel import Session, col, select

from moderation import decisions, moves, publication, remarks, standing
from moderation.database import HELD
from moderation.decisions import NotFound, TooLate
from moderation.lifecycle import Action, IllegalMove, Status
from moderation.models.queue import Comment, EffectKind, Question

# Characters.
LONGEST = 5000


class Empty(Exception):
    """There are no words in it."""


class TooLong(Exception):
    """Longer than LONGEST."""


def answer(session: Session, tracking: str, text: str, *, revision: int, now: datetime) -> None:
    """The author answers what they are asked, and the contribution waits again, where it stood in the queue.

    `revision` is the one they were shown, as with `submissions.withdraw`. What a moderator decided meanwhile
    and could still undo is set aside: they had asked, and it must not show. Sent twice it is one answer.
    Raises NotFound, Empty, TooLong, Stale when the question is no longer put, and IllegalMove.
    """
    text = remarks.as_noted(text).strip()
    mine = select(Comment).where(Comment.tracking == tracking)
    comment = session.exec(mine.with_for_update(key_share=True)).first()
    if comment is None:
        raise NotFound
    if not remarks.is_said(text):
        raise Empty
    if len(text) > LONGEST:
        raise TooLong
    known = standing.in_effect(session, comment.id, now)
    if not known or revision != len(known) + 1 or known[0].after is not Status.ASKED:
        if _is_repeated(session, comment.id, text):
            return
        raise decisions.stale(session, comment)
    try:
        decisions.set_aside(session, comment, now)
    except TooLate:
        raise IllegalMove(comment.status, Action.ANSWER) from None
    question = session.exec(select(Question).where(Question.decision_id == known[0].id)).one()
    question.answer, question.answered_at = text, now
    session.add(question)
    moves.record(session, comment, Action.ANSWER, now=now, undo_until=now)


def _is_repeated(session: Session, comment_id: str, text: str) -> bool:
    answered = (
        select(Question.answer)
        .where(Question.comment_id == comment_id, col(Question.answered_at).is_not(None))
        .order_by(col(Question.id).desc())
    )
    return session.exec(answered.limit(1)).first() == text


def lapse(session: Session, now: datetime) -> bool:
    """Puts back one of those nobody answered in time; whether there was one. By nobody, and logged so."""
    effect = publication.claim(session, EffectKind.LAPSE, now)
    if effect is None:
        return False
    comment = session.get_one(Comment, effect.comment_id, with_for_update=HELD, populate_existing=True)
    if comment.status is Status.ASKED:
        question = session.exec(select(Question).where(Question.decision_id == effect.decision_id)).first()
        if question is not None:
            question.lapsed_at = now
            session.add(question)
        moves.record(session, comment, Action.LAPSE, now=now, undo_until=now)
    return True

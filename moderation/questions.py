"""What authors are asked about what waits: kept beside the log, never public, gone with the text."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, and_, col, delete, desc, select

from moderation import mail, publication, standing, voices
from moderation.lifecycle import Action, Status
from moderation.models.queue import Comment, Decision, Effect, EffectKind, Letter, LetterKind, Question

# How long an answer is waited for, unless a site says otherwise.
LASTS = timedelta(days=14)
# Whoever typed an address may not be who reads it: it gets one letter in so long.
_AWAITED = {Status.PENDING, Status.ASKED}


def put(session: Session, decision: Decision, text: str, *, until: datetime) -> None:
    """The question of a decision to ask; shown, and told by letter, once its window has closed."""
    assert decision.id is not None
    question = Question(comment_id=decision.comment_id, decision_id=decision.id, text=text, until=until)
    session.add(question)
    session.flush()
    _await(session, question, decision.undo_until)


def follow(session: Session, comment: Comment, decision: Decision) -> None:
    """Before a move: nobody waits any more for an answer, or again for one whose question is back.

    The text is the same when its author is asked, and when the question ends: an objection to it stands. It
    would otherwise fall with the revision, and asking be a way to lift it. Other voices fall, as they were
    given when less was known.
    """
    if {decision.before, decision.after} == _AWAITED:
        voices.carry_vetoes(session, comment, to=decision.revision)
    if decision.before is Status.ASKED:
        publication.take(
            session, and_(col(Effect.comment_id) == comment.id, col(Effect.kind) == EffectKind.LAPSE)
        )
    if decision.after is Status.ASKED and decision.undoes is not None:
        question = newest(session, comment.id)
        assert question is not None
        _await(session, question, decision.at)


def take_back(session: Session, decision: Decision) -> None:
    """A question nobody was shown: nothing of it is left."""
    question = session.exec(select(Question).where(Question.decision_id == decision.id)).one()
    _unwritten(session, [question.id])
    session.delete(question)
    session.flush()


def erase(session: Session, comment_id: str, *, but: Collection[int | None] = ()) -> None:
    """Questions and answers go with the text, `but` some; that there were any stays in the log."""
    ids = session.exec(select(Question.id).where(Question.comment_id == comment_id)).all()
    gone = [name for name in ids if name not in but]
    if gone:
        _unwritten(session, gone)
        session.exec(delete(Question).where(col(Question.id).in_(gone)))


def newest(session: Session, comment_id: str) -> Question | None:
    latest = select(Question).where(Question.comment_id == comment_id).order_by(desc(Question.id))
    return session.exec(latest.limit(1)).first()


def open_still(session: Session, comment: Comment, now: datetime) -> Sequence[int | None]:
    """Those that wait for their author, or would again if what may still be undone is."""
    lines = standing.lines(session, comment.id)
    known = standing.in_effect(session, comment.id, now)[:1]
    final = next((at for at, line in enumerate(lines) if line.undo_until <= now), len(lines))
    shown = next((at for at, line in enumerate(lines) if [line] == known), 0)
    asking = [line.id for line in lines[: max(final, shown) + 1] if line.action is Action.ASK]
    unanswered = (col(Question.answered_at).is_(None), col(Question.lapsed_at).is_(None))
    return session.exec(
        select(Question.id).where(
            Question.comment_id == comment.id, col(Question.decision_id).in_(asking), *unanswered
        )
    ).all()


def is_shown(session: Session, question: Question, now: datetime) -> bool:
    """Whether its author knows of it, and it waits for an answer."""
    known = standing.in_effect(session, question.comment_id, now)
    return bool(known) and known[0].id == question.decision_id


def _await(session: Session, question: Question, shown_at: datetime) -> None:
    session.add(
        Effect(
            kind=EffectKind.LAPSE,
            comment_id=question.comment_id,
            decision_id=question.decision_id,
            due_at=question.until,
        )
    )
    written = session.exec(select(Letter.id).where(Letter.question_id == question.id)).first()
    if written is None and question.mailed_at is None and _has_address(session, question.comment_id):
        mail.write(session, LetterKind.QUESTION, shown_at, question_id=question.id)


def _has_address(session: Session, comment_id: str) -> bool:
    known = select(Comment.email_key).where(Comment.id == comment_id, col(Comment.tracking).is_not(None))
    return session.exec(known).first() is not None


def _unwritten(session: Session, ids: Sequence[int | None]) -> None:
    session.exec(delete(Letter).where(col(Letter.question_id).in_(ids)))

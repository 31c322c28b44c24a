"""Publishing and answering in one go, as the moderation: two contributions that come and go together."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from moderation import bulk, consequences, corrections, decisions, erasing, identifiers, moves, texts
from moderation.bulk import Outcome
from moderation.corrections import TakesVoices
from moderation.database import HELD
from moderation.drafts import Draft
from moderation.lifecycle import Action, IllegalMove
from moderation.models.queue import Comment, Decision


@dataclass(frozen=True)
class Answer:
    """In its own words, and to which contribution."""

    comment_id: str
    parent_id: str
    source: str


def publish(
    session: Session, comment_id: str, words: Draft, *, revision: int, by: int, now: datetime, undo: timedelta
) -> Decision:
    """Publishes the contribution and, below it, an answer of the moderation: in one lot, due together.

    The answer is signed by the moderation and by no person; the log, which is private, says whose it is.
    It is one person’s: where publishing takes several voices there is none, and a voice is given alone.

    Raises what `decisions.decide` does, and TakesVoices.
    """
    comment = decisions.to_decide(session, comment_id, revision=revision, by=by)
    if comment.amends is not None:
        raise IllegalMove(comment.status, Action.PUBLISH)
    if corrections.takes_voices(session, comment):
        raise TakesVoices
    lot = identifiers.new_id()
    made = decisions.decide(
        session, comment_id, Action.PUBLISH, revision=revision, by=by, now=now, undo=undo, lot=lot
    )
    answer = Comment(
        id=identifiers.new_id(),
        thread_id=comment.thread_id,
        parent_id=comment.id,
        section=comment.section,
        nonce=identifiers.new_code(),
        submitted_at=now,
        official=True,
    )
    texts.start(session, answer, words)
    line = moves.record(session, answer, Action.PUBLISH, now=now, undo_until=now + undo, by=by, lot=lot)
    consequences.follow(session, line, now)
    return made


def of(session: Session, lot: str) -> Answer | None:
    """The answer that was written in that lot; not one that was decided about in it, later, among others."""
    found = session.exec(
        select(Comment)
        .join(Decision)
        .where(Decision.lot == lot, Decision.revision == 2, col(Comment.official).is_(True))
    ).first()
    if found is None or found.parent_id is None:
        return None
    return Answer(found.id, found.parent_id, texts.newest(session, found).source)


def about(session: Session, decision_id: int) -> Answer | None:
    """The answer that came with a decision."""
    decision = session.get(Decision, decision_id)
    return of(session, decision.lot) if decision is not None and decision.lot is not None else None


def undo(session: Session, decision_id: int, *, by: int, now: datetime) -> Decision:
    """As `decisions.undo`, and of an answer or what it answers as `undo_lot`."""
    decision = session.get(Decision, decision_id)
    if decision is None or decision.lot is None or about(session, decision_id) is None:
        return decisions.undo(session, decision_id, by=by, now=now)
    outcome = undo_lot(session, decision.lot, by=by, now=now)
    return next(line for line in outcome.done if line.undoes == decision_id)


def undo_lot(session: Session, lot: str, *, by: int, now: datetime) -> Outcome:
    """As `bulk.undo`; but an answer and what it answers are taken back together, or neither.

    Of an answer that is taken back nothing stays, as if it had not been written. Raises, for one of the two,
    NotFound, MayNotDecide and TooLate.
    """
    answer = of(session, lot)
    if answer is None:
        return bulk.undo(session, lot, by=by, now=now)
    session.get(Comment, answer.parent_id, with_for_update=HELD)  # before its answer, as whoever acts on it
    outcome = bulk.undo(session, lot, by=by, now=now)
    if outcome.left:
        raise outcome.left[0].why
    erasing.take_away(session, session.get_one(Comment, answer.comment_id), now, by=by)
    return outcome

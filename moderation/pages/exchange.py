"""Questions to an author and their answers, as the team sees them and as the author does."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from moderation.models.people import Account
from moderation.models.queue import Decision, Question


@dataclass(frozen=True)
class Exchange:
    """One question, and what came of it: an answer, a silence, or neither."""

    decision_id: int
    question: str
    by: str | None
    asked_at: datetime
    # From when its author knows of it.
    shown_at: datetime
    until: datetime
    answer: str
    answered_at: datetime | None
    lapsed_at: datetime | None


def exchange(session: Session, comment_id: str) -> tuple[Exchange, ...]:
    """In the order they were asked."""
    rows = session.exec(
        select(Question, Decision, Account.name)
        .join(Decision, col(Decision.id) == Question.decision_id)
        .join(Account, col(Account.id) == Decision.account_id, isouter=True)
        .where(Question.comment_id == comment_id)
        .order_by(col(Question.id))
    )
    return tuple(
        Exchange(
            decision_id=question.decision_id,
            question=question.text,
            by=name,
            asked_at=decision.at,
            shown_at=decision.undo_until,
            until=question.until,
            answer=question.answer,
            answered_at=question.answered_at,
            lapsed_at=question.lapsed_at,
        )
        for question, decision, name in rows
    )


def known(session: Session, comment_id: str, decisions: Collection[Decision]) -> tuple[Exchange, ...]:
    """As its author has it: what came of decisions that have taken effect, and nobody’s name."""
    shown = {decision.id for decision in decisions}
    return tuple(one for one in exchange(session, comment_id) if one.decision_id in shown)

"""Notices of a public text: whoever takes it down grants them, and what refuses one is said in words."""

from datetime import datetime

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from moderation import lifecycle, moves, news, remarks, standing
from moderation.appeals import Unanswered
from moderation.lanes import Ground, Lane
from moderation.lifecycle import OPEN, Action, Reason, Status
from moderation.models.claims import Claim
from moderation.models.queue import Comment, Decision
from moderation.remarks import NoteTooLong


def about(comment_id: str, *statuses: Status) -> SelectOfScalar[Comment]:
    """Those about a text, oldest first."""
    found = select(Comment).where(
        Comment.amends == comment_id, Comment.lane == Lane.NOTICE, col(Comment.status).in_(statuses)
    )
    return found.order_by(col(Comment.submitted_at), col(Comment.id))


def was_noticed(session: Session, decision: Decision) -> bool:
    """Whether somebody had given notice of a text before it was restricted."""
    if decision.after is Status.PUBLISHED:
        return False
    given = about(decision.comment_id, *OPEN, Status.PUBLISHED, Status.REFUSED)
    return session.exec(given.where(Comment.submitted_at < decision.at)).first() is not None


def grounds(session: Session, decision: Decision | None) -> tuple[Ground, ...]:
    """What a text that is held to be illegal was held for by the notices that taking it down granted."""
    if decision is None or decision.reason != Reason.ILLEGAL:
        return ()
    claims = [session.get_one(Claim, notice.id) for notice, _ in granted(session, decision)]
    return tuple(dict.fromkeys(claim.ground for claim in claims if claim.ground is not None))


def check(comment: Comment, action: Action, note: str) -> None:
    """Who gave notice is told why nothing is done, in words and not by a code. Raises Unanswered."""
    if len(note) > remarks.LONGEST_NOTE:
        raise NoteTooLong
    if action is Action.REFUSE and not remarks.is_said(note):
        raise Unanswered(comment.status, action)


def follow(session: Session, decision: Decision, now: datetime) -> None:
    """After a text was taken down, by whichever door: all that waits about it is granted, and said to be."""
    if not lifecycle.takes_down(decision.before, decision.after):
        return
    for notice in session.exec(about(decision.comment_id, *OPEN).with_for_update()).all():
        line = moves.record(
            session,
            notice,
            Action.PUBLISH,
            now=now,
            undo_until=now,  # its text is down; whoever puts that up again takes this back
            by=decision.account_id,
            reason=decision.reason,
        )
        news.follow(session, line, settled_at=decision.undo_until)


def granted(session: Session, decision: Decision) -> list[tuple[Comment, Decision]]:
    """Those that were granted by taking a text down, and not erased since, with the line that says so."""
    found = []
    left = about(decision.comment_id, Status.PUBLISHED).where(col(Comment.erased_at).is_(None))
    for notice in session.exec(left).all():
        line = standing.deciding(session, notice.id)
        if line is not None and (line.at, line.account_id) == (decision.at, decision.account_id):
            found.append((notice, line))
    return found

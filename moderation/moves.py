"""One move of the table, and its line in the log: the only place where a status changes."""

from datetime import datetime

from sqlmodel import Session

from moderation import appeals, charters, leases, lifecycle, passes, questions, traits
from moderation.lifecycle import Action, Status
from moderation.models.queue import Comment, Decision


def record(
    session: Session,
    comment: Comment,
    action: Action,
    *,
    now: datetime,
    undo_until: datetime,
    by: int | None = None,
    reason: str | None = None,
    note: str = "",
    lot: str | None = None,
) -> Decision:
    """Makes one move of the table and adds its log line; the comment is locked by the caller."""
    return move(
        session,
        comment,
        Decision(
            comment_id=comment.id,
            revision=comment.revision + 1,
            version=comment.version,
            action=action,
            before=comment.status,
            after=lifecycle.after(comment.status, action),
            reason=reason,
            note=note,
            account_id=by,
            at=now,
            undo_until=undo_until,
            lot=lot,
        ),
    )


def move(session: Session, comment: Comment, decision: Decision) -> Decision:
    """A line as it is given. Nobody reads any more what has moved, nor has passed it."""
    if decision.before is Status.PENDING:
        leases.release(session, comment.id)
        passes.forget(session, comment.id)
    questions.follow(session, comment, decision)
    charters.cite(session, decision)
    comment.status = decision.after
    comment.revision = decision.revision
    if decision.before is not decision.after:
        explain(comment, decision)
    session.add_all([comment, decision])
    session.flush()
    traits.follow(session, comment)
    appeals.follow(session, comment, decision)
    return decision


def explain(comment: Comment, stands: Decision | None) -> None:
    """Whose decision its status is, and why, copied for the lists."""
    comment.decided_by, comment.reason = (stands.account_id, stands.reason) if stands else (None, None)

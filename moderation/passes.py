"""« Je ne sais pas » : a contribution left to the others, and put forward once when all have left it."""

from datetime import datetime

from sqlalchemy import bindparam
from sqlmodel import Session, col, delete, select

from moderation import deciders
from moderation.database import HELD
from moderation.lifecycle import Status
from moderation.models.queue import Comment
from moderation.models.together import Pass, PutForward

# Past the session, which takes several times as long: two hundred may be decided in one go.
_FORGET = [delete(kind).where(col(kind.comment_id) == bindparam("comment")) for kind in (Pass, PutForward)]


def leave(session: Session, comment_id: str, *, by: int, now: datetime) -> None:
    """It leaves that person’s list; once all who may decide have left it, it is first in everybody’s."""
    comment = session.get_one(Comment, comment_id, with_for_update=HELD)
    if comment.status is not Status.PENDING or session.get(Pass, (comment_id, by)) is not None:
        return
    session.add(Pass(comment_id=comment_id, account_id=by, at=now))
    session.flush()
    _gather(session, comment, now)


def take_up(session: Session, comment_id: str, *, by: int) -> None:
    """Back in that person's list."""
    session.exec(delete(Pass).where(col(Pass.comment_id) == comment_id, col(Pass.account_id) == by))


def gather(session: Session, now: datetime) -> None:
    """After somebody left the team or a section: what all the others had passed is put forward now."""
    passed = select(Pass.comment_id).distinct()
    for comment in session.exec(select(Comment).where(col(Comment.id).in_(passed))).all():
        _gather(session, comment, now)


def forget(session: Session, comment_id: str) -> None:
    """Once it is decided, nobody has passed it."""
    for statement in _FORGET:
        session.connection().execute(statement, {"comment": comment_id})


def _gather(session: Session, comment: Comment, now: datetime) -> None:
    passed = set(session.exec(select(Pass.account_id).where(Pass.comment_id == comment.id)))
    if deciders.able(session, comment) - passed or session.get(PutForward, comment.id) is not None:
        return
    session.add(PutForward(comment_id=comment.id, at=now))
    session.exec(delete(Pass).where(col(Pass.comment_id) == comment.id))

"""What follows a decision once its window has closed: readers have it, the log and a letter tell of it."""

from datetime import datetime

from sqlmodel import Session

from moderation import amendments, news, public_log, publication, settling
from moderation.lanes import Lane
from moderation.lifecycle import Action
from moderation.models.queue import Comment, Decision


def follow(session: Session, decision: Decision, now: datetime) -> None:
    comment = session.get_one(Comment, decision.comment_id)
    if comment.amends is not None and decision.action is Action.PUBLISH:
        amendments.follow(session, comment, decision, now)
    elif comment.lane is not Lane.NOTICE:  # the log tells of texts that are or were to be read
        publication.follow(session, decision, now)
        public_log.follow(session, decision, now)
        settling.follow(session, decision, now)
    news.follow(session, decision)


def take_back(session: Session, decision: Decision) -> bool:
    """Has none of it told; whether the log does by now. The comment is locked by the caller."""
    news.take_back(session, decision)
    if session.get_one(Comment, decision.comment_id).lane is Lane.NOTICE:
        return False
    return public_log.take_back(session, decision)

"""Whether a text says what another says already, as far as anybody may know of that one."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from moderation import lifecycle, standing
from moderation.lanes import Lane
from moderation.lifecycle import Status
from moderation.models.queue import Comment, Version


class Duplicate(Exception):
    """The same text waits or is public under the same article."""


WITHIN = timedelta(days=1)
_THERE = {*lifecycle.OPEN, Status.PUBLISHED}
# Built once: building takes longer than running.
_SAME = (
    select(Comment, Version.number)
    .join(Version)
    .where(
        Version.fingerprint == bindparam("fingerprint"),
        Comment.thread_id == bindparam("thread"),
        col(Comment.submitted_at) > bindparam("since"),
        # Nobody is told of a notice by trying its words.
        col(Comment.lane).is_distinct_from(Lane.NOTICE),
    )
)


def found(session: Session, thread: int, fingerprint: str, now: datetime, *, but: str = "") -> bool:
    """Whether such words, sent less than a day ago, wait or are public there; `but` for one contribution.

    Of what is in effect, and not of what may still be undone, nor of words that were put right or taken out:
    who tries some must not be told that they stood there.
    """
    said = {"fingerprint": fingerprint, "thread": thread, "since": now - WITHIN}
    return any(
        comment.id != but
        and _is_there(session, comment, now)
        and standing.text_in_effect(session, comment, now) == number
        for comment, number in session.exec(_SAME, params=said).all()
    )


def _is_there(session: Session, comment: Comment, now: datetime) -> bool:
    known = standing.in_effect(session, comment.id, now)
    if comment.amends is not None and comment.status is Status.PUBLISHED:
        return False  # its words are those of another, or were
    return not known or known[0].after in _THERE

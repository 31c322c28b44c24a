"""Who reads what now: a soft sign that never blocks anybody, and is gone by itself."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import bindparam
from sqlmodel import Session, col, delete, select

from moderation.database import HELD
from moderation.lifecycle import Status
from moderation.models.queue import Comment
from moderation.models.together import Lease

LASTS = timedelta(minutes=3)
# Past the session, which takes several times as long: two hundred may be decided in one go.
_RELEASE = delete(Lease).where(col(Lease.comment_id) == bindparam("comment"))


def take(
    session: Session, comment_id: str, *, by: int, now: datetime, over: bool = False, wait: bool = True
) -> int | None:
    """Who reads it from now on: they, unless somebody else does and it is not taken `over`.

    None where nothing waits to be read. The comment's row is locked, so that of many who take it one has it.
    Who holds another already must not `wait` for it: two would wait for one another.
    """
    comment = session.get(Comment, comment_id, with_for_update={**HELD, "skip_locked": not wait})
    if comment is None or comment.status is not Status.PENDING:
        return None
    lease = session.get(Lease, comment_id, populate_existing=True)
    if lease is None:
        lease = Lease(comment_id=comment_id, account_id=by, since=now, until=now)
    if lease.account_id != by and lease.until > now and not over:
        return lease.account_id
    if lease.account_id != by or lease.until <= now:
        lease.since = now
    lease.account_id, lease.until = by, now + LASTS
    session.add(lease)
    session.flush()
    return by


def release(session: Session, comment_id: str) -> None:
    """After any decision, edit or withdrawal: what was being read is no more."""
    session.connection().execute(_RELEASE, {"comment": comment_id})


def current(session: Session, comment_ids: Collection[str], now: datetime) -> dict[str, Lease]:
    """Those of these that somebody reads."""
    found = session.exec(select(Lease).where(col(Lease.comment_id).in_(comment_ids), Lease.until > now))
    return {lease.comment_id: lease for lease in found}

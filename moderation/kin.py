"""Which contributions are alike: found as one is sent, kept for as long as its text. It decides nothing."""

from functools import cache

from sqlalchemy import Connection, Executable, bindparam, insert, union_all
from sqlmodel import Session, col, delete, select

from moderation import identifiers, likeness
from moderation.database import HELD
from moderation.lifecycle import Status
from moderation.likeness import Likeness
from moderation.models.queue import Comment, Signature, SignatureKey

# How many are looked at under each key, the newest: however many there are, it takes the same time.
LOOKED_AT = 4
_ADD_SIGNATURE, _ADD_KEY = insert(Signature), insert(SignatureKey)


def group(connection: Connection, mine: Likeness) -> str | None:
    """The kin of the first that is alike; None where there is none."""
    asked = {f"key_{place}": key for place, key in enumerate(mine.keys)}
    near = connection.execute(_near(len(asked)), asked).all()
    alike = [
        (found, kin)
        for found, key, value, kin in near
        if likeness.alike(mine.signature, value, linked=key in mine.links)
    ]
    # Where two groups were begun at the same moment, the older one goes on.
    return min(alike)[1] if alike else None


@cache
def _near(keys: int) -> Executable:
    newest = [
        select(col(SignatureKey.id), col(SignatureKey.key), col(SignatureKey.comment_id))
        .where(SignatureKey.key == bindparam(f"key_{place}"))
        .order_by(col(SignatureKey.id).desc())
        .limit(LOOKED_AT)
        .subquery()
        for place in range(keys)
    ]
    found = union_all(*(select(some) for some in newest)).subquery()
    return (
        select(found.c.id, found.c.key, col(Signature.value), col(Comment.kin))
        .join(Signature, col(Signature.comment_id) == found.c.comment_id)
        .join(Comment, col(Comment.id) == found.c.comment_id)
    )


def keep(connection: Connection, comment_id: str, mine: Likeness) -> None:
    connection.execute(_ADD_SIGNATURE, {"comment_id": comment_id, "value": mine.signature})
    connection.execute(_ADD_KEY, [{"comment_id": comment_id, "key": key} for key in mine.keys])


def forget(session: Session, comment: Comment) -> None:
    """Of an erased text nothing can be compared, or guessed from what it was compared by."""
    comment.kin = None
    session.add(comment)
    session.flush()
    unlearn(session, comment.id)


def unlearn(session: Session, comment_id: str) -> None:
    """Of words that are gone nothing can be guessed any more; the group stays."""
    session.exec(delete(SignatureKey).where(col(SignatureKey.comment_id) == comment_id))
    session.exec(delete(Signature).where(col(Signature.comment_id) == comment_id))


def settle(session: Session, comment: Comment, mine: Likeness | None) -> None:
    """Of a text written anew: its group is that of what it says now."""
    unlearn(session, comment.id)
    connection = session.connection()
    comment.kin = (group(connection, mine) or _new(session, comment)) if mine is not None else None
    session.add(comment)
    session.flush()
    if mine is not None:
        keep(connection, comment.id, mine)


def _new(session: Session, comment: Comment) -> str:
    """A group of its own; of another name where others are still of the one it began."""
    others = select(Comment.id).where(Comment.kin == comment.id, Comment.id != comment.id)
    return identifiers.new_id() if session.exec(others.limit(1)).first() else comment.id


def add(session: Session, comment_id: str, mine: Likeness) -> bool:
    """Groups one that came before; False when its text was erased meanwhile, or another did it."""
    comment = session.get(Comment, comment_id, with_for_update=HELD)
    if (
        comment is None
        or comment.status is Status.WITHDRAWN
        or session.get(Signature, comment_id) is not None
    ):
        return False
    settle(session, comment, mine)
    return True

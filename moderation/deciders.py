"""Who may decide about a contribution: neither who is named in it, nor its author where others can.

Nor, where others can, who made the decision its author appeals.

An author is known by an address that anybody may have typed: the person it belongs to may still take the
text away as spam, or from the public, and object; nor does it make fewer voices enough.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BindParameter, ColumnElement, bindparam, not_, or_
from sqlmodel import Session, col, delete, func, select

from moderation import appeals
from moderation.database import HELD
from moderation.lanes import Lane
from moderation.models.people import Account, Role
from moderation.models.queue import Comment, Version
from moderation.models.together import Recusal


class NotSeen(Exception):
    """It is of a section that is not the person’s."""


class Why(StrEnum):
    """They stood aside, it bears their address, or it was them who decided what is appealed."""

    ASIDE = "aside"
    OWN = "own"
    APPEALED = "appealed"


class MayNotDecide(Exception):
    def __init__(self, comment_id: str, why: Why) -> None:
        super().__init__(why)
        self.comment_id = comment_id
        self.why = why


# Built once, as two hundred may be decided in one go: building takes as long as running.
# Of what is proposed about a text, given notice of or answered by right, that text, too.
_CONCERNED: tuple[BindParameter[str], ...] = (bindparam("comment"), bindparam("about"))
_WROTE = (
    select(Version.id)
    .join(Comment)
    .where(
        col(Comment.id).in_(_CONCERNED),
        Version.number == Comment.version,
        func.lower(Version.email) == Account.email,
    )
    .exists()
)
_ASIDE = (
    select(Recusal.account_id)
    .where(col(Recusal.comment_id).in_(_CONCERNED), Recusal.account_id == Account.id)
    .exists()
)
_CHECKED = select(Account, _ASIDE, _WROTE).where(col(Account.id) == bindparam("by"))
_IS_OWN = select(_WROTE).where(col(Account.id) == bindparam("by"))
_PEOPLE = select(Account).where(col(Account.removed_at).is_(None))
_ABLE = select(Account, _WROTE).where(col(Account.removed_at).is_(None), not_(_ASIDE))


def scope(account: Account) -> tuple[str, ...]:
    """The sections an account is limited to; none for one that may see all."""
    return () if account.role is Role.ADMIN else tuple(account.sections)


def sees(account: Account, section: str) -> bool:
    sections = scope(account)
    return not sections or section in sections


# Of the command line nobody can sign in; its account was never there and so never left.
COUNTS: ColumnElement[bool] = or_(
    col(Account.removed_at).is_(None), col(Account.removed_at) == Account.created_at
)


def is_team(session: Session) -> bool:
    """Whether there is more than one person."""
    people = select(Account.id).where(col(Account.removed_at).is_(None)).limit(2)
    return len(session.exec(people).all()) == 2


def stand_aside(session: Session, comment_id: str, *, by: int, now: datetime) -> None:
    """Said twice at once it is said once: the comment’s row is locked."""
    session.get_one(Comment, comment_id, with_for_update=HELD)
    if not stands_aside(session, comment_id, by):
        session.add(Recusal(comment_id=comment_id, account_id=by, at=now))
        session.flush()


def come_back(session: Session, comment_id: str, *, by: int) -> None:
    theirs = (col(Recusal.comment_id) == comment_id, col(Recusal.account_id) == by)
    session.exec(delete(Recusal).where(*theirs))


def forget(session: Session, comment_id: str) -> None:
    """Of an erased text nobody is told to have been named in it."""
    session.exec(delete(Recusal).where(col(Recusal.comment_id) == comment_id))


def stands_aside(session: Session, comment_id: str, account_id: int) -> bool:
    return session.get(Recusal, (comment_id, account_id)) is not None


def is_aside(session: Session, comment: Comment, account_id: int) -> bool:
    """From it, or from what it is about."""
    return any(stands_aside(session, name, account_id) for name in {comment.id, _about(comment)})


def everybody(session: Session, comment: Comment) -> int:
    """How many of the team see it, whether or not they may decide; of what is appealed, how many may."""
    if appeals.decided_by(session, comment):
        return len(able(session, comment))
    return sum(sees(account, comment.section) for account in session.exec(_PEOPLE))


def able(session: Session, comment: Comment) -> set[int]:
    """Everybody who sees it and may decide; if nobody else can, its author and who is appealed from."""
    found = session.exec(_ABLE, params=_this(comment))
    people = {account.id: wrote for account, wrote in found if account.id and sees(account, comment.section)}
    others = {account_id for account_id, wrote in people.items() if not wrote}
    return others - appeals.decided_by(session, comment) or others or set(people)


def is_own(session: Session, comment: Comment, account_id: int) -> bool:
    """Whether they wrote it, going by the address it was sent with."""
    return bool(session.exec(_IS_OWN, params={**_this(comment), "by": account_id}).first())


def check(session: Session, comment: Comment, by: int, *, judging: bool = True) -> None:
    """Raises NotSeen and MayNotDecide; of one’s own only where it is judged, see `lifecycle.judges`."""
    account, aside, own = session.exec(_CHECKED, params={**_this(comment), "by": by}).one()
    if not sees(account, comment.section):
        raise NotSeen
    if aside:
        raise MayNotDecide(comment.id, Why.ASIDE)
    appealed = by in appeals.decided_by(session, comment)
    judged = judging or comment.lane is not None
    others = able(session, comment) if appealed or (own and judged) else set()
    if others and by not in others:
        raise MayNotDecide(comment.id, Why.APPEALED if appealed else Why.OWN)


def _this(comment: Comment) -> dict[str, object]:
    return {"comment": comment.id, "about": _about(comment)}


def _about(comment: Comment) -> str:
    """The text a proposal or a notice is about, or a right of reply answers; itself otherwise."""
    answered = comment.parent_id if comment.lane is Lane.REPLY else None
    return comment.amends or answered or comment.id

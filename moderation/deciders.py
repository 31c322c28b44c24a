"""Who may decide about a contribution: not who is named in it, nor its author where there is someone else."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, func, select

from moderation.models.queue import Account, Comment, Version
from moderation.models.together import Recusal


class MayNotDecide(Exception):
    """The person stood aside, or it is their `own`."""

    def __init__(self, *, own: bool) -> None:
        super().__init__("it is their own" if own else "they stood aside")
        self.own = own


# Of the command line nobody can sign in; its account was never there and so never left.
COUNTS: ColumnElement[bool] = or_(
    col(Account.removed_at).is_(None), col(Account.removed_at) == Account.created_at
)


def stand_aside(session: Session, comment_id: str, *, by: int, now: datetime) -> None:
    if not stands_aside(session, comment_id, by):
        session.add(Recusal(comment_id=comment_id, account_id=by, at=now))
        session.flush()


def come_back(session: Session, comment_id: str, *, by: int) -> None:
    recusal = session.get(Recusal, (comment_id, by))
    if recusal is not None:
        session.delete(recusal)
        session.flush()


def stands_aside(session: Session, comment_id: str, account_id: int) -> bool:
    return session.get(Recusal, (comment_id, account_id)) is not None


def able(session: Session, comment: Comment) -> set[int]:
    """Everybody of the team who may decide about it: the author too, if nobody else can."""
    aside = select(Recusal.account_id).where(Recusal.comment_id == comment.id)
    people = session.exec(
        select(Account.id, _wrote(comment)).where(
            col(Account.removed_at).is_(None), col(Account.id).not_in(aside)
        )
    ).all()
    others = {account_id for account_id, wrote in people if account_id is not None and not wrote}
    return others or {account_id for account_id, _ in people if account_id is not None}


def is_own(session: Session, comment: Comment, account_id: int) -> bool:
    """Whether they wrote it, going by the address it was sent with."""
    return bool(session.exec(select(_wrote(comment)).where(Account.id == account_id)).first())


def check(session: Session, comment: Comment, by: int) -> None:
    """Raises MayNotDecide."""
    aside, own = session.exec(
        select(
            select(Recusal.account_id)
            .where(Recusal.comment_id == comment.id, Recusal.account_id == Account.id)
            .exists(),
            _wrote(comment),
        ).where(Account.id == by)
    ).one()
    if aside:
        raise MayNotDecide(own=False)
    if own and by not in able(session, comment):
        raise MayNotDecide(own=True)


def _wrote(comment: Comment) -> ColumnElement[bool]:
    text = and_(
        col(Version.comment_id) == comment.id,
        col(Version.number) == comment.version,
        func.lower(Version.email) == Account.email,
    )
    return select(Version.id).where(text).exists()

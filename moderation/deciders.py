"""Who may decide about a contribution: not who is named in it, nor its author where there is someone else."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, func, select

from moderation.models.people import Account, Role
from moderation.models.queue import Comment, Version
from moderation.models.together import Recusal


class MayNotDecide(Exception):
    """The person stood aside, or it is their `own`."""

    def __init__(self, *, own: bool) -> None:
        super().__init__("it is their own" if own else "they stood aside")
        self.own = own


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
    """Everybody of the team who sees it and may decide about it: the author too, if nobody else can."""
    aside = select(Recusal.account_id).where(Recusal.comment_id == comment.id)
    found = session.exec(
        select(Account, _wrote(comment)).where(
            col(Account.removed_at).is_(None), col(Account.id).not_in(aside)
        )
    )
    people = {account.id: wrote for account, wrote in found if account.id and sees(account, comment.section)}
    others = {account_id for account_id, wrote in people.items() if not wrote}
    return others or set(people)


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

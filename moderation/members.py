"""Who leaves the team, and who administers it."""

from datetime import datetime

from sqlmodel import Session, col, delete, select

from moderation import accounts, passes
from moderation.decisions import NotFound
from moderation.models.people import Account, AccountSession, EmailChange, Role
from moderation.models.queue import Letter
from moderation.models.together import Lease, Mention


class LastAdmin(Exception):
    """Nobody would be left who may do everything."""


def remove(session: Session, email: str, now: datetime, *, force: bool = False) -> None:
    """Signs the person out everywhere, forgets the address and every way in; the log keeps the name.

    Raises NotFound, and LastAdmin unless forced.
    """
    found = accounts.by_email(session, email)
    if found is None:
        raise NotFound
    if found.role is Role.ADMIN and not force:
        _keep_one(session)
    account = accounts.hold(session, found.id)
    if account is None or account.removed_at is not None:
        raise NotFound
    accounts.forget_factors(session, account)
    for kind in (AccountSession, EmailChange, Letter, Lease, Mention):
        session.exec(delete(kind).where(col(kind.account_id) == account.id))
    account.email = account.feed = None
    account.removed_at = now
    session.add(account)
    session.flush()
    passes.gather(session, now)


def set_role(session: Session, account_id: int, role: Role, now: datetime) -> None:
    """Raises NotFound, and LastAdmin when nobody else could do everything."""
    found = session.get(Account, account_id)
    if found is not None and found.role is Role.ADMIN and role is not Role.ADMIN:
        _keep_one(session)
    held = accounts.hold(session, account_id)
    if held is None or held.removed_at is not None:
        raise NotFound
    held.role = role
    session.add(held)
    session.flush()
    passes.gather(session, now)


def _keep_one(session: Session) -> None:
    """Holds all who administer, so that of two who leave at once one stays. Raises LastAdmin."""
    administering = session.exec(
        select(Account.id)
        .where(Account.role == Role.ADMIN, col(Account.removed_at).is_(None))
        .order_by(col(Account.id))
        .with_for_update()
    ).all()
    if len(administering) == 1:
        raise LastAdmin

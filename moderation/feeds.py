"""The private feed of the queue: its secret address, one an account, revocable, kept as a hash."""

import secrets
from datetime import datetime

from sqlmodel import Session, col, select

from moderation import accounts, identifiers, mail
from moderation.accounts import Person
from moderation.models.people import Account
from moderation.models.queue import LetterKind


def make(session: Session, person: Person, now: datetime) -> str:
    """The secret, which cannot be shown again; the one before opens nothing any more. A letter tells.

    Raises SignedOut.
    """
    secret = secrets.token_urlsafe(32)
    _keep(session, person, identifiers.digest(secret))
    mail.write(session, LetterKind.FEED_MADE, now, account_id=person.id)
    return secret


def revoke(session: Session, person: Person) -> None:
    """Raises SignedOut."""
    _keep(session, person, None)


def reader(session: Session, secret: str) -> Person | None:
    """Whose feed the secret opens, if any."""
    account = session.exec(
        select(Account).where(Account.feed == identifiers.digest(secret), col(Account.removed_at).is_(None))
    ).first()
    return accounts.person(account) if account is not None else None


def _keep(session: Session, person: Person, digest: str | None) -> None:
    account = accounts.hold_own(session, person)
    account.feed = digest
    session.add(account)
    session.flush()

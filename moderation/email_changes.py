"""A person’s new address: confirmed by a link sent there, and told to the old one."""

from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select

from moderation import accounts, drafts, identifiers, mail
from moderation.accounts import Exists, NotAnAddress, Person
from moderation.decisions import NotFound
from moderation.models.people import EmailChange
from moderation.models.queue import LetterKind

LASTS = timedelta(days=1)


def ask(session: Session, person: Person, email: str, now: datetime) -> str:
    """Sends the link to the new address; the change’s name. Any earlier one is dropped. Raises NotAnAddress.

    Whether the address is somebody’s already is said when it is confirmed, and to its owner alone.
    """
    address = accounts.normal(email)
    if not drafts.is_address(address):
        raise NotAnAddress
    accounts.hold_own(session, person)  # of two at once, the later one stands
    cancel(session, person.id)
    change = EmailChange(id=identifiers.new_id(), account_id=person.id, email=address, expires_at=now + LASTS)
    session.add(change)
    mail.write(session, LetterKind.CONFIRM_EMAIL, now, account_id=person.id, to=address, name=change.id)
    mail.write(session, LetterKind.EMAIL_ASKED, now, account_id=person.id)
    return change.id


def asked(session: Session, account_id: int, now: datetime) -> str:
    """The address that waits to be confirmed; empty when there is none."""
    change = session.exec(select(EmailChange).where(EmailChange.account_id == account_id)).first()
    return change.email if change is not None and change.expires_at > now else ""


def cancel(session: Session, account_id: int) -> None:
    session.exec(delete(EmailChange).where(col(EmailChange.account_id) == account_id))


def waiting(session: Session, change_id: str, now: datetime) -> EmailChange | None:
    """The change, while it can still be confirmed."""
    change = session.get(EmailChange, change_id)
    return change if change is not None and change.expires_at > now else None


def confirm(session: Session, change_id: str, now: datetime) -> None:
    """Ways to sign in that are on their way to the old address open nothing any more.

    Raises NotFound when it was used, replaced or is too old, Exists when the address is somebody’s by now.
    """
    whose = session.exec(select(EmailChange.account_id).where(EmailChange.id == change_id)).first()
    account = accounts.hold(session, whose)
    change = session.get(EmailChange, change_id, with_for_update=True)
    if change is None or change.expires_at <= now or account is None or account.removed_at is not None:
        raise NotFound
    old, account.email = account.email, change.email
    session.add(account)
    session.delete(change)
    try:
        session.flush()
    except IntegrityError:
        raise Exists from None
    accounts.close_all(session, change.account_id, now)
    mail.write(session, LetterKind.EMAIL_CHANGED, now, account_id=account.id, to=old)

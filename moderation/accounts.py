"""The people of the team: their accounts, how they sign in, and the browsers where they are signed in."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select

from moderation import drafts, identifiers
from moderation.decisions import NotFound
from moderation.models.queue import Account, AccountSession, Letter, LetterKind, Role, SignIn

LINK_LASTS = timedelta(minutes=15)
INVITATION_LASTS = timedelta(days=7)
CODE_TRIES = 5
CODE_LENGTH = 8
# A browser that is kept signed in, and one that is not: since it was last renewed.
KEPT = timedelta(days=30)
NOT_KEPT = timedelta(hours=12)
RENEW_KEPT, RENEW_NOT_KEPT = timedelta(days=1), timedelta(hours=1)
# The old cookie still opens for this long: another tab may be using it.
GRACE = timedelta(minutes=1)


class Exists(Exception):
    """The address already has an account."""


class NotAnAddress(Exception):
    """No mail could be sent there."""


class CannotSignIn(Exception):
    """The link or the code is used, too old, wrong, or nobody's."""


@dataclass(frozen=True)
class Person:
    """Who is signed in, for one request."""

    id: int
    name: str
    email: str
    role: Role


def _normal(email: str) -> str:
    return email.strip().casefold()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def add(session: Session, email: str, name: str, role: Role, now: datetime) -> Account:
    """Raises NotAnAddress and Exists."""
    address = _normal(email)
    if not drafts.is_address(address):
        raise NotAnAddress
    account = Account(email=address, name=name, role=role, created_at=now)
    session.add(account)
    try:
        session.flush()
    except IntegrityError:
        raise Exists from None
    return account


def by_email(session: Session, email: str) -> Account | None:
    address = _normal(email)
    if not drafts.is_address(address):
        return None
    return session.exec(select(Account).where(Account.email == address)).first()


def present(session: Session) -> list[Account]:
    return list(session.exec(select(Account).where(col(Account.removed_at).is_(None)).order_by(Account.name)))


def operator(session: Session, now: datetime) -> int:
    """Whose the decisions of the command line are when it names nobody: an account no one can sign in to."""
    name = "ligne de commande"
    found = session.exec(
        select(Account.id).where(
            Account.name == name, col(Account.email).is_(None), col(Account.removed_at) == Account.created_at
        )
    ).first()
    if found is None:
        account = Account(name=name, role=Role.ADMIN, created_at=now, removed_at=now)
        session.add(account)
        session.flush()
        found = account.id
    assert found is not None
    return found


def remove(session: Session, email: str, now: datetime) -> None:
    """Signs the person out everywhere and forgets the address; the log keeps the name. Raises NotFound."""
    account = by_email(session, email)
    if account is None or account.id is None:
        raise NotFound
    sign_out_everywhere(session, account.id)
    account.email, account.removed_at = None, now
    session.add(account)


def ask(
    session: Session, email: str, now: datetime, *, mail: LetterKind | None, lasts: timedelta = LINK_LASTS
) -> SignIn:
    """Opens a way to sign in, and a letter to tell it if `mail` says which.

    An unknown address gets the same rows, so that it takes the same time; delivery drops its letter.
    """
    _forget_old(session, now)
    account = by_email(session, email)
    sign_in = SignIn(
        id=identifiers.new_id(),
        account_id=account.id if account is not None else None,
        code="",
        expires_at=now + lasts,
    )
    session.add(sign_in)
    session.flush()
    if mail is not None:
        session.add(Letter(kind=mail, sign_in_id=sign_in.id, due_at=now))
    return sign_in


def _forget_old(session: Session, now: datetime) -> None:
    """Whoever asks and asks again fills no disk. A letter still to be sent keeps its row."""
    waiting = select(Letter.sign_in_id)
    session.exec(
        delete(SignIn).where(col(SignIn.expires_at) < now - INVITATION_LASTS, col(SignIn.id).not_in(waiting))
    )


def new_code(sign_in: SignIn) -> str:
    """A code to type, for this sign-in alone; only its hash is kept."""
    code = identifiers.new_code(CODE_LENGTH)
    sign_in.code = _digest(sign_in.id + code)
    return code


def open_by_link(session: Session, sign_in_id: str, now: datetime) -> int:
    """Uses the sign-in up; whose it was. Raises CannotSignIn."""
    return _use(session, _usable(session, sign_in_id, now), now)


def open_by_code(session: Session, sign_in_id: str, code: str, now: datetime) -> int | None:
    """As by link, with the code typed; None when it is not the right one, which is counted."""
    sign_in = _usable(session, sign_in_id, now)
    sign_in.tries += 1
    session.add(sign_in)
    given = _digest(sign_in.id + identifiers.heard(code))
    if sign_in.tries > CODE_TRIES or not hmac.compare_digest(given, sign_in.code):
        return None
    return _use(session, sign_in, now)


def _usable(session: Session, sign_in_id: str, now: datetime) -> SignIn:
    sign_in = session.get(SignIn, sign_in_id, with_for_update=True)
    if sign_in is None or sign_in.used_at is not None or sign_in.expires_at <= now:
        raise CannotSignIn
    return sign_in


def _use(session: Session, sign_in: SignIn, now: datetime) -> int:
    account = session.get(Account, sign_in.account_id) if sign_in.account_id else None
    if account is None or account.id is None or account.removed_at is not None:
        raise CannotSignIn
    sign_in.used_at = now
    session.add(sign_in)
    return account.id


def is_open(session: Session, sign_in_id: str, now: datetime) -> bool:
    """Whether the link would still work, without using it."""
    sign_in = session.get(SignIn, sign_in_id)
    return sign_in is not None and sign_in.used_at is None and sign_in.expires_at > now


def start_session(session: Session, account_id: int, *, kept: bool, now: datetime) -> str:
    """Signs a browser in; its cookie."""
    cookie = secrets.token_urlsafe(32)
    session.add(
        AccountSession(
            account_id=account_id,
            digest=_digest(cookie),
            kept=kept,
            renewed_at=now,
            expires_at=now + (KEPT if kept else NOT_KEPT),
        )
    )
    session.exec(delete(AccountSession).where(col(AccountSession.expires_at) <= now))
    return cookie


def holder(session: Session, cookie: str, now: datetime) -> Person | None:
    """Who the cookie belongs to, if it still opens and they are still of the team."""
    row = session.exec(
        select(Account)
        .join(AccountSession)
        .where(
            AccountSession.digest == _digest(cookie),
            AccountSession.expires_at > now,
            col(Account.removed_at).is_(None),
        )
    ).first()
    if row is None or row.id is None:
        return None
    return Person(row.id, row.name, row.email or "", row.role)


def renew(session: Session, cookie: str, now: datetime) -> tuple[str, bool] | None:
    """A new cookie in place of an old one, now and then, and whether it is kept; None when it is too soon."""
    old = session.exec(
        select(AccountSession).where(AccountSession.digest == _digest(cookie)).with_for_update()
    ).first()
    if old is None or old.expires_at <= now + GRACE:
        return None
    if now - old.renewed_at < (RENEW_KEPT if old.kept else RENEW_NOT_KEPT):
        return None
    old.expires_at = now + GRACE
    session.add(old)
    return start_session(session, old.account_id, kept=old.kept, now=now), old.kept


def sign_out(session: Session, cookie: str) -> None:
    session.exec(delete(AccountSession).where(col(AccountSession.digest) == _digest(cookie)))


def sign_out_everywhere(session: Session, account_id: int) -> None:
    session.exec(delete(AccountSession).where(col(AccountSession.account_id) == account_id))

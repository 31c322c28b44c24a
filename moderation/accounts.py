"""The people of the team: their accounts, and the ways to sign in that open once."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select, update

from moderation import database, drafts, identifiers
from moderation import mail as letters
from moderation.deciders import scope
from moderation.decisions import NotFound
from moderation.models.people import (
    Account,
    AccountSession,
    Challenge,
    EmailChange,
    Passkey,
    RecoveryCode,
    Role,
    SignIn,
)
from moderation.models.queue import Letter, LetterKind
from moderation.shortcuts import SHIPPED_KEYS, Keys

LINK_LASTS = timedelta(minutes=15)
INVITATION_LASTS = timedelta(days=7)
CODE_TRIES = 5
CODE_LENGTH = 8
# How long there is for the second step.
SECOND_STEP_LASTS = timedelta(minutes=10)
# For this long after proving who they are a person may change how they sign in.
CONFIRMED = timedelta(minutes=10)


class Exists(Exception):
    """The address already has an account."""


class NotAnAddress(Exception):
    """No mail could be sent there."""


class NotAnAdmin(Exception):
    """Who asks may not do that."""


class CannotSignIn(Exception):
    """The link or the code is used, too old, wrong, or nobody's."""


class SignedOut(NotFound):
    """The account was closed, or the browser signed out, since the request began."""


@dataclass(frozen=True)
class Person:
    """Who is signed in, for one request; and in which browser, when they came by one."""

    id: int
    name: str
    email: str
    role: Role
    browser: int | None = None
    confirmed_at: datetime | None = None
    keys: Keys = SHIPPED_KEYS
    # What they may see; all there is when empty.
    sections: tuple[str, ...] = ()
    # Whether words the site looks out for are covered until they are asked for.
    blurs: bool = False
    # Whether something about the browser is to be written down, as it is now and then.
    browser_is_due: bool = False

    def is_confirmed(self, now: datetime) -> bool:
        """Whether they proved who they are a short while ago."""
        return self.confirmed_at is not None and now < self.confirmed_at + CONFIRMED


def normal(email: str) -> str:
    return email.strip().lower()


def add(
    session: Session, email: str, name: str, role: Role, now: datetime, sections: Iterable[str] = ()
) -> Account:
    """Raises NotAnAddress and Exists."""
    address = normal(email)
    if not drafts.is_address(address):
        raise NotAnAddress
    account = Account(email=address, name=name, role=role, created_at=now, sections=sorted({*sections}))
    session.add(account)
    try:
        session.flush()
    except IntegrityError:
        raise Exists from None
    return account


def by_email(session: Session, email: str) -> Account | None:
    address = normal(email)
    if not drafts.is_address(address):
        return None
    return session.exec(select(Account).where(Account.email == address)).first()


def person(account: Account) -> Person:
    """Who it is, when they come without a browser."""
    assert account.id is not None
    return Person(account.id, account.name, account.email or "", account.role, sections=scope(account))


def admin(session: Session, email: str) -> Account:
    """Raises NotAnAdmin."""
    account = by_email(session, email)
    if account is None or account.role is not Role.ADMIN:
        raise NotAnAdmin
    return account


def present(session: Session) -> list[Account]:
    return list(session.exec(select(Account).where(col(Account.removed_at).is_(None)).order_by(Account.name)))


def is_present(session: Session, account_id: int) -> bool:
    account = session.get(Account, account_id)
    return account is not None and account.removed_at is None


def hold(session: Session, account_id: int | None) -> Account | None:
    """The account, locked until the transaction ends; the same is asked for nobody’s.

    Whoever locks or changes several rows of a person (sign-ins, browsers, new address, passkeys and their
    challenges, recovery codes, letters, tokens) holds the account before any of them; of several accounts the
    lowest number first. Of two who meet, one then waits for the other, and never each for each. A row added
    that refers to the account keeps others from holding it: that too comes after. Rows that are only old are
    left to `database.clear`.
    """
    same = select(Account).where(col(Account.id) == account_id).with_for_update()
    return session.exec(same, execution_options={"populate_existing": True}).first()


def hold_own(session: Session, person: Person) -> Account:
    """The account of who is asking, locked, to change how it is signed in to or what opens it.

    Raises SignedOut: who ends all other browsers ends what they were about to do.
    """
    account = hold(session, person.id)
    if account is None or account.removed_at is not None:
        raise SignedOut
    if person.browser is not None:
        here = select(AccountSession.id).where(AccountSession.id == person.browser)
        if session.exec(here).first() is None:
            raise SignedOut
    return account


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


def forget_factors(session: Session, account: Account) -> None:
    """What is left is the mailed link."""
    account.password = account.totp = account.totp_step = None
    session.add(account)
    for kind in (RecoveryCode, Passkey, Challenge):
        session.exec(delete(kind).where(col(kind.account_id) == account.id))


def ask(
    session: Session,
    email: str,
    now: datetime,
    *,
    mail: LetterKind | None,
    lasts: timedelta = LINK_LASTS,
    onward: str = "",
) -> SignIn:
    """Opens a way to sign in, and a letter to tell it if `mail` says which.

    An unknown address gets the same rows, so that it takes the same time; delivery drops its letter.
    """
    account = by_email(session, email)
    sign_in = _opened(session, account.id if account is not None else None, now + lasts, onward)
    if mail is not None:
        letters.write(session, mail, now, sign_in=sign_in)
    _forget_old(session, now)
    return sign_in


def half_way(session: Session, account_id: int, now: datetime) -> SignIn:
    """One proof was given and a second is asked for: opened by that, once, and no session until then."""
    return _opened(session, account_id, now + SECOND_STEP_LASTS, "")


def _opened(session: Session, account_id: int | None, until: datetime, onward: str) -> SignIn:
    sign_in = SignIn(id=identifiers.new_id(), account_id=account_id, code="", expires_at=until, onward=onward)
    session.add(sign_in)
    session.flush()
    return sign_in


def _forget_old(session: Session, now: datetime) -> None:
    """Whoever asks and asks again fills no disk. A letter still to be sent keeps its row."""
    waiting = select(Letter.sign_in_id).where(col(Letter.sign_in_id).is_not(None))
    old = and_(col(SignIn.expires_at) < now - INVITATION_LASTS, col(SignIn.id).not_in(waiting))
    database.clear(session, SignIn, old)


def new_code(sign_in: SignIn) -> str:
    """A code to type, for this sign-in alone; only its hash is kept."""
    code = identifiers.new_code(CODE_LENGTH)
    sign_in.code = identifiers.digest(sign_in.id + code)
    return code


def open_by_link(session: Session, sign_in_id: str, now: datetime) -> int:
    """Uses the sign-in up; whose it was. Raises CannotSignIn."""
    return use(session, usable(session, sign_in_id, now), now)


def open_by_code(session: Session, sign_in_id: str, code: str, now: datetime) -> int | None:
    """As by link, with the code typed; None when it is not the right one, which is counted."""
    sign_in = usable(session, sign_in_id, now)
    if not is_a_try_left(session, sign_in):
        raise CannotSignIn
    given = identifiers.digest(sign_in.id + identifiers.heard(code))
    if not hmac.compare_digest(given, sign_in.code):
        return None
    return use(session, sign_in, now)


def is_a_try_left(session: Session, sign_in: SignIn) -> bool:
    """Counts one."""
    sign_in.tries += 1
    session.add(sign_in)
    return sign_in.tries <= CODE_TRIES


def usable(session: Session, sign_in_id: str, now: datetime) -> SignIn:
    """The sign-in, locked, as is its account. Raises CannotSignIn."""
    hold(session, session.exec(select(SignIn.account_id).where(SignIn.id == sign_in_id)).first())
    sign_in = session.get(SignIn, sign_in_id, with_for_update=True)
    if sign_in is None or sign_in.used_at is not None or sign_in.expires_at <= now:
        raise CannotSignIn
    return sign_in


def use(session: Session, sign_in: SignIn, now: datetime) -> int:
    """Uses it up; whose it was. Raises CannotSignIn."""
    account = session.get(Account, sign_in.account_id) if sign_in.account_id else None
    if account is None or account.id is None or account.removed_at is not None:
        raise CannotSignIn
    sign_in.used_at = now
    session.add(sign_in)
    return account.id


def close_all(session: Session, account_id: int, now: datetime) -> None:
    """No way to sign in, and no new address, that is under way opens anything any more."""
    session.exec(delete(EmailChange).where(col(EmailChange.account_id) == account_id))
    session.exec(
        update(SignIn)
        .where(col(SignIn.account_id) == account_id, col(SignIn.used_at).is_(None))
        .values(used_at=now)
    )


def is_open(session: Session, sign_in_id: str, now: datetime) -> bool:
    """Whether the link would still work, without using it."""
    sign_in = session.get(SignIn, sign_in_id)
    return sign_in is not None and sign_in.used_at is None and sign_in.expires_at > now


def onward(session: Session, sign_in_id: str) -> str:
    """The page that was asked for with the link."""
    sign_in = session.get(SignIn, sign_in_id)
    return sign_in.onward if sign_in is not None else ""


def whose(session: Session, sign_in_id: str) -> int | None:
    sign_in = session.get(SignIn, sign_in_id)
    return sign_in.account_id if sign_in is not None else None

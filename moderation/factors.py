"""What proves who somebody is besides the mailed link: a password, an application’s codes, recovery codes."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, delete, func, select

from moderation import accounts, identifiers, mail, sessions, tokens, totp
from moderation.accounts import CannotSignIn, Person
from moderation.decisions import NotFound
from moderation.models.people import Account, RecoveryCode
from moderation.models.queue import LetterKind
from moderation.vault import Unopened, Vault

RECOVERY_CODES = 10
# 120 random bits: enough for a plain hash (ASVS 6.5.2 asks 112).
RECOVERY_LENGTH = 24


class AlreadyOn(Exception):
    """There are codes already: they are turned off before others are turned on."""


@dataclass(frozen=True)
class Known:
    """What stands under an address when a password is given for it: perhaps nobody, perhaps no password."""

    account_id: int | None
    password: str | None


def own_words(person: Person, *site: str) -> list[str]:
    """What an attacker would try first for this person’s password."""
    texts = (person.name, person.email, *site)
    return [*texts, *(word for text in texts for word in re.split(r"[\W_]+", text))]


# Passwords


def known(session: Session, email: str) -> Known:
    account = accounts.by_email(session, email)
    return Known(account.id, account.password) if account is not None else Known(None, None)


def open_by_password(session: Session, found: Known, renewed: str | None) -> int:
    """Whose it is, once it was checked; keeps the renewed hash. Raises CannotSignIn if it changed since."""
    account = _locked(session, found.account_id)
    if (
        account is None
        or account.id is None
        or account.password is None
        or account.password != found.password
    ):
        raise CannotSignIn
    if renewed is not None:
        account.password = renewed
        session.add(account)
    return account.id


def set_password(session: Session, person: Person, hashed: str, now: datetime) -> None:
    """Signs the person’s other browsers out."""
    account = accounts.hold_own(session, person)
    account.password = hashed
    session.add(account)
    sessions.end_all(session, person.id, now, but=person.browser)
    mail.write(session, LetterKind.PASSWORD_SET, now, account_id=person.id)


def remove_password(session: Session, person: Person, now: datetime) -> None:
    """Raises NotFound when there is none."""
    account = accounts.hold_own(session, person)
    if account.password is None:
        raise NotFound
    account.password = None
    session.add(account)
    mail.write(session, LetterKind.PASSWORD_REMOVED, now, account_id=person.id)


# Codes


def asks_for_codes(session: Session, account_id: int) -> bool:
    account = session.get(Account, account_id)
    return account is not None and account.totp is not None


def turn_codes_on(
    session: Session, vault: Vault, person: Person, secret: str, typed: str, now: datetime
) -> list[str] | None:
    """The recovery codes, which cannot be shown again; None for a wrong code. Raises AlreadyOn."""
    account = accounts.hold_own(session, person)
    if account.totp is not None:
        raise AlreadyOn
    step = totp.step(secret, typed, now, after=None)
    if step is None:
        return None
    account.totp, account.totp_step = vault.seal(secret, _about(person.id)), step
    session.add(account)
    mail.write(session, LetterKind.CODES_ON, now, account_id=person.id)
    return _new_recovery_codes(session, person.id)


def turn_codes_off(session: Session, person: Person, now: datetime) -> None:
    """Raises NotFound when they are off."""
    account = _with_codes(session, person)
    account.totp = account.totp_step = None
    session.add(account)
    session.exec(delete(RecoveryCode).where(col(RecoveryCode.account_id) == person.id))
    mail.write(session, LetterKind.CODES_OFF, now, account_id=person.id)


def renew_recovery_codes(session: Session, person: Person, now: datetime) -> list[str]:
    """New ones in place of the old. Raises NotFound when codes are off."""
    _with_codes(session, person)
    mail.write(session, LetterKind.RECOVERY_RENEWED, now, account_id=person.id)
    return _new_recovery_codes(session, person.id)


def recovery_codes_left(session: Session, account_id: int) -> int:
    return session.exec(select(func.count()).where(col(RecoveryCode.account_id) == account_id)).one()


def prove(
    session: Session, vault: Vault, account_id: int, now: datetime, *, code: str, recovery: str
) -> bool:
    """Whether the code, or else the recovery code, is right; either is accepted once.

    Raises Unopened when the key the application's secret was sealed with is gone: recovery codes still open.
    """
    account = _locked(session, account_id)
    if account is None or account.totp is None:
        return False
    if recovery:
        return _use_recovery_code(session, account_id, recovery, now)
    step = totp.step(vault.open(account.totp, _about(account_id)), code, now, after=account.totp_step)
    if step is None:
        return False
    account.totp_step = step
    session.add(account)
    return True


def seal_anew(session: Session, vault: Vault) -> int:
    """Seals every application's secret with the newest key; how many cannot be, as their key is gone."""
    lost = 0
    sealed = select(Account).where(col(Account.totp).is_not(None)).order_by(col(Account.id))
    for account in session.exec(sealed.with_for_update()):
        assert account.id is not None
        assert account.totp is not None
        about = _about(account.id)
        try:
            account.totp = vault.seal(vault.open(account.totp, about), about)
        except Unopened:
            lost += 1
        session.add(account)
    return lost


def open_by_second_step(
    session: Session, vault: Vault, sign_in_id: str, now: datetime, *, code: str, recovery: str
) -> int | None:
    """Whose sign-in it was; None for a wrong code, which is counted. Raises CannotSignIn and Unopened."""
    sign_in = accounts.usable(session, sign_in_id, now)
    if not accounts.is_a_try_left(session, sign_in) or sign_in.account_id is None:
        raise CannotSignIn
    if not prove(session, vault, sign_in.account_id, now, code=code, recovery=recovery):
        if sign_in.tries == accounts.CODE_TRIES:
            mail.write(session, LetterKind.SECOND_STEP_FAILED, now, account_id=sign_in.account_id)
        return None
    return accounts.use(session, sign_in, now)


def reset(session: Session, email: str, now: datetime) -> None:
    """For who lost everything: back to the mailed link, signed out everywhere, no token opens any more.

    Raises NotFound.
    """
    found = accounts.by_email(session, email)
    account = _locked(session, found.id) if found is not None else None
    if account is None or account.id is None:
        raise NotFound
    accounts.forget_factors(session, account)
    sessions.end_all(session, account.id, now)
    tokens.revoke_all(session, account.id, now)
    mail.write(session, LetterKind.FACTORS_RESET, now, account_id=account.id)


def _use_recovery_code(session: Session, account_id: int, typed: str, now: datetime) -> bool:
    used = session.exec(
        delete(RecoveryCode).where(
            col(RecoveryCode.account_id) == account_id, col(RecoveryCode.digest) == _digest(typed)
        )
    )
    if used.rowcount != 1:
        return False
    mail.write(session, LetterKind.RECOVERY_USED, now, account_id=account_id)
    return True


def _new_recovery_codes(session: Session, account_id: int) -> list[str]:
    session.exec(delete(RecoveryCode).where(col(RecoveryCode.account_id) == account_id))
    codes = [identifiers.new_code(RECOVERY_LENGTH) for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(account_id=account_id, digest=_digest(code)) for code in codes)
    return codes


def _digest(code: str) -> str:
    return identifiers.digest(identifiers.heard(code))


def _about(account_id: int) -> str:
    return f"totp {account_id}"


def _locked(session: Session, account_id: int | None) -> Account | None:
    account = accounts.hold(session, account_id)
    return account if account is not None and account.removed_at is None else None


def _with_codes(session: Session, person: Person) -> Account:
    account = accounts.hold_own(session, person)
    if account.totp is None:
        raise NotFound
    return account

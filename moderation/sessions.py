"""The browsers where people are signed in: begun, renewed, listed, ended."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, or_
from sqlmodel import Session, col, delete, select, update

from moderation import accounts, database, identifiers, shortcuts
from moderation.accounts import Person
from moderation.deciders import scope
from moderation.decisions import NotFound
from moderation.models.bulletins import Bulletin
from moderation.models.people import Account, AccountSession

# A browser that is kept signed in, and one that is not: since it was last renewed, and in all.
KEPT, KEPT_AT_MOST = timedelta(days=30), timedelta(days=90)
NOT_KEPT, NOT_KEPT_AT_MOST = timedelta(hours=12), timedelta(days=7)
RENEW_KEPT, RENEW_NOT_KEPT = timedelta(days=1), timedelta(hours=1)
# The old cookie still opens for this long: another tab may be using it.
GRACE = timedelta(minutes=1)


def start(session: Session, account_id: int, *, kept: bool, now: datetime, browser: str = "") -> str:
    """Signs a browser in; its cookie. `browser` is its short name."""
    cookie = secrets.token_urlsafe(32)
    row = AccountSession(
        account_id=account_id,
        digest=identifiers.digest(cookie),
        kept=kept,
        browser=browser,
        signed_in_at=now,
        seen_at=_hour(now),
        confirmed_at=now,
        renewed_at=now,
        expires_at=now,
    )
    row.expires_at = _until(row)
    session.add(row)
    database.clear(session, AccountSession, col(AccountSession.expires_at) <= now)
    return cookie


def _hour(now: datetime) -> datetime:
    """When a browser was last used is known no better than this."""
    return now.replace(minute=0, second=0, microsecond=0)


def _until(row: AccountSession) -> datetime:
    unused, at_most = (KEPT, KEPT_AT_MOST) if row.kept else (NOT_KEPT, NOT_KEPT_AT_MOST)
    return min(row.renewed_at + unused, row.signed_in_at + at_most)


def holder(session: Session, cookie: str, now: datetime) -> Person | None:
    """Who the cookie belongs to, if it still opens and they are still of the team."""
    digest, browser = identifiers.digest(cookie), AccountSession
    just_replaced = and_(col(browser.previous) == digest, col(browser.renewed_at) > now - GRACE)
    found = session.exec(
        select(Account, browser)
        .join(browser)
        .where(
            or_(col(browser.digest) == digest, just_replaced),
            browser.expires_at > now,
            col(Account.removed_at).is_(None),
        )
    ).first()
    if found is None:
        return None
    account, row = found
    assert account.id is not None
    due = row.seen_at != _hour(now) or _ages(row, now)
    return Person(
        id=account.id,
        name=account.name,
        email=account.email or "",
        role=account.role,
        browser=row.id,
        confirmed_at=row.confirmed_at,
        sections=scope(account),
        keys=shortcuts.keys(account.shortcuts, on=account.shortcuts_on),
        blurs=account.blurs,
        browser_is_due=due,
    )


def _ages(row: AccountSession, now: datetime) -> bool:
    return now - row.renewed_at >= (RENEW_KEPT if row.kept else RENEW_NOT_KEPT)


def renew(session: Session, cookie: str, now: datetime) -> tuple[str, bool] | None:
    """A new cookie in place of an old one, now and then, and whether it is kept; None when it is too soon."""
    row = session.exec(
        select(AccountSession)
        .where(AccountSession.digest == identifiers.digest(cookie), AccountSession.expires_at > now)
        .with_for_update()
    ).first()
    if row is None:
        return None
    session.add(row)
    row.seen_at = _hour(now)
    if not _ages(row, now):
        return None
    fresh = secrets.token_urlsafe(32)
    row.digest, row.previous, row.renewed_at = identifiers.digest(fresh), row.digest, now
    row.expires_at = _until(row)
    return fresh, row.kept


def confirm(session: Session, person: Person, now: datetime) -> None:
    """They proved once more, in this browser, who they are."""
    here = and_(col(AccountSession.id) == person.browser, col(AccountSession.account_id) == person.id)
    session.exec(update(AccountSession).where(here).values(confirmed_at=now))


def open_ones(session: Session, account_id: int, now: datetime) -> Sequence[AccountSession]:
    """An account’s browsers, the last used first."""
    return session.exec(
        select(AccountSession)
        .where(AccountSession.account_id == account_id, AccountSession.expires_at > now)
        .order_by(col(AccountSession.seen_at).desc(), col(AccountSession.id).desc())
    ).all()


def sign_out(session: Session, cookie: str) -> None:
    digest = identifiers.digest(cookie)
    session.exec(
        delete(AccountSession).where(
            or_(col(AccountSession.digest) == digest, col(AccountSession.previous) == digest)
        )
    )


def end(session: Session, browser: int, *, account_id: int) -> None:
    """Signs one browser of the account out. Raises NotFound, for another’s too."""
    this = and_(col(AccountSession.id) == browser, col(AccountSession.account_id) == account_id)
    if session.exec(delete(AccountSession).where(this)).rowcount != 1:
        raise NotFound


def end_all(session: Session, account_id: int, now: datetime, *, but: int | None = None) -> None:
    """Signs the account out everywhere, and whoever is on the way in; `but` is the browser to leave alone.

    Its private feed opens nothing any more either, nor do the links of letters to it: somebody else may have
    made it, or read them.
    """
    account = accounts.hold(session, account_id)
    if account is not None:
        account.feed = None
        session.add(account)
    seal = identifiers.new_code()
    session.exec(update(Bulletin).where(col(Bulletin.account_id) == account_id).values(seal=seal))
    accounts.close_all(session, account_id, now)
    others = col(AccountSession.id).is_distinct_from(but)
    session.exec(delete(AccountSession).where(col(AccountSession.account_id) == account_id, others))

"""API tokens: bearer secrets of an account, scoped, revocable, kept as hashes."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select, update

from moderation import accounts, identifiers, mail
from moderation.accounts import Person
from moderation.decisions import NotFound
from moderation.models.people import Account, Token
from moderation.models.queue import LetterKind

# Makes a leaked token recognisable to who scans for them.
PREFIX = "mod_"


class Scope(StrEnum):
    """What a token may do: read the queue, decide, send contributions without a limit."""

    READ = "read"
    MODERATE = "moderate"
    SUBMIT = "submit"


@dataclass(frozen=True)
class Bearer:
    person: Person
    scopes: frozenset[Scope]


def create(session: Session, account: Account, name: str, scopes: frozenset[Scope], now: datetime) -> str:
    """The secret, which cannot be shown again; its person is told by letter."""
    assert account.id is not None
    secret = PREFIX + secrets.token_urlsafe(32)
    session.add(
        Token(
            account_id=account.id,
            digest=identifiers.digest(secret),
            name=name,
            scopes=sorted(scopes),
            created_at=now,
        )
    )
    mail.write(session, LetterKind.TOKEN_MADE, now, account_id=account.id)
    session.flush()
    return secret


def bearer(session: Session, secret: str) -> Bearer | None:
    """Whose the token is and what it opens; None when it is not one, or no longer."""
    row = session.exec(
        select(Token, Account)
        .join(Account)
        .where(
            Token.digest == identifiers.digest(secret),
            col(Token.revoked_at).is_(None),
            col(Account.removed_at).is_(None),
        )
    ).first()
    if row is None:
        return None
    token, account = row
    return Bearer(accounts.person(account), frozenset(map(Scope, token.scopes)))


def living(session: Session) -> list[tuple[Token, Account]]:
    """Every token that still opens, with its account, oldest first."""
    rows = session.exec(
        select(Token, Account)
        .join(Account)
        .where(col(Token.revoked_at).is_(None), col(Account.removed_at).is_(None))
        .order_by(col(Token.id))
    )
    return list(rows)


def revoke(session: Session, token_id: int, now: datetime, *, account_id: int | None = None) -> None:
    """Raises NotFound; with `account_id`, also for a token of somebody else."""
    token = session.get(Token, token_id, with_for_update=True)
    if token is None or token.revoked_at is not None or account_id not in {None, token.account_id}:
        raise NotFound
    token.revoked_at = now
    session.add(token)


def revoke_all(session: Session, account_id: int, now: datetime) -> None:
    session.exec(
        update(Token)
        .where(col(Token.account_id) == account_id, col(Token.revoked_at).is_(None))
        .values(revoked_at=now)
    )

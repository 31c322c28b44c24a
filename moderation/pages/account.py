"""What « Mon compte » and the team’s page show: reads only, never a secret."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from moderation import duty, email_changes, factors, passkeys, sessions
from moderation import tokens as api_tokens
from moderation.accounts import Person
from moderation.models.people import Account, AccountSession, Passkey, Role
from moderation.models.public import Article

# How far ahead duty is agreed on.
WEEKS = 4


@dataclass(frozen=True)
class Ways:
    """By what a person can prove who they are, besides the mailed link."""

    password: bool
    codes: bool
    passkeys: int


@dataclass(frozen=True)
class Key:
    """A passkey, without what it is checked with."""

    id: int | None
    name: str
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True)
class Browser:
    id: int | None
    name: str
    signed_in_at: datetime
    seen_at: datetime
    here: bool


@dataclass(frozen=True)
class Overview:
    ways: Ways
    new_email: str
    recovery_codes: int
    passkeys: list[Key]
    browsers: list[Browser]
    # Whether there is a private feed.
    feed: bool


@dataclass(frozen=True)
class TokenLine:
    id: int | None
    name: str
    scopes: list[str]
    created_at: datetime
    # Empty for one’s own.
    whose: str


@dataclass(frozen=True)
class Member:
    id: int | None
    name: str
    email: str
    role: Role
    ways: Ways
    browsers: int
    sections: list[str]


@dataclass(frozen=True)
class Team:
    members: list[Member]
    # Those a moderator may be limited to.
    sections: list[str]


@dataclass(frozen=True)
class Week:
    name: str
    begins: datetime
    who: frozenset[int]


def weeks(session: Session, now: datetime, zone: ZoneInfo) -> list[Week]:
    """Who is on duty this week and in those to come."""
    names = duty.coming(now, zone, WEEKS)
    on = duty.on(session, names)
    return [Week(name, duty.monday(name, zone), frozenset(who for who, _ in on[name])) for name in names]


def ways(session: Session, person: Person) -> Ways:
    account = session.get_one(Account, person.id)
    return _ways(account, len(passkeys.of(session, person.id)))


def _ways(account: Account, keys: int) -> Ways:
    return Ways(account.password is not None, account.totp is not None, keys)


def overview(session: Session, person: Person, now: datetime) -> Overview:
    keys, account = passkeys.of(session, person.id), session.get_one(Account, person.id)
    return Overview(
        _ways(account, len(keys)),
        email_changes.asked(session, person.id, now),
        factors.recovery_codes_left(session, person.id),
        [Key(key.id, key.name, key.created_at, key.used_at) for key in keys],
        [
            # The hour it was last used in may have begun before.
            Browser(
                row.id,
                row.browser,
                row.signed_in_at,
                max(row.seen_at, row.signed_in_at),
                row.id == person.browser,
            )
            for row in sessions.open_ones(session, person.id, now)
        ],
        account.feed is not None,
    )


def tokens(session: Session, person: Person) -> list[TokenLine]:
    """A person’s own; everybody’s for who administers."""
    return [
        TokenLine(
            token.id,
            token.name,
            token.scopes,
            token.created_at,
            account.name if account.id != person.id else "",
        )
        for token, account in api_tokens.living(session)
        if person.role is Role.ADMIN or account.id == person.id
    ]


def team(session: Session, now: datetime) -> Team:
    browsers = dict(
        session.exec(
            select(AccountSession.account_id, func.count())
            .where(AccountSession.expires_at > now)
            .group_by(col(AccountSession.account_id))
        ).all()
    )
    keys = dict(
        session.exec(select(Passkey.account_id, func.count()).group_by(col(Passkey.account_id))).all()
    )
    people = session.exec(
        select(Account).where(col(Account.removed_at).is_(None)).order_by(Account.name, col(Account.id))
    )
    members = [
        Member(
            account.id,
            account.name,
            account.email or "",
            account.role,
            _ways(account, keys.get(account.id or 0, 0)),
            browsers.get(account.id or 0, 0),
            account.sections,
        )
        for account in people
    ]
    # Those somebody was given stay on offer when no article has them any more.
    given = (section for member in members for section in member.sections)
    return Team(members, sorted({*sections(session), *given}))


def sections(session: Session) -> list[str]:
    named = session.execute(select(Article.section).where(Article.section != "").distinct()).scalars()
    return sorted(named)

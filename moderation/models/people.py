"""The private tables of the team: accounts, what they sign in with, where they are signed in."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from moderation.models.columns import NUMBERED_ONCE, UTCDateTime, words


class Role(StrEnum):
    MODERATOR = "moderator"
    ADMIN = "admin"


class Account(SQLModel, table=True):
    """A person of the team. Removed, the row keeps the name the log needs and loses the address."""

    id: int | None = Field(default=None, primary_key=True)
    email: str | None = Field(default=None, unique=True, max_length=254)
    name: str = Field(max_length=200)
    role: Role = Field(sa_type=words(Role))
    created_at: datetime = Field(sa_type=UTCDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    # The argon2id hash of a password, for who chose one.
    password: str | None = Field(default=None, max_length=200)
    # The sealed secret of an application that makes codes, and the last of its steps that was accepted.
    totp: str | None = Field(default=None, max_length=200)
    totp_step: int | None = None
    # Whether keys do what the desk’s buttons do, and those the person changed.
    shortcuts_on: bool = True
    shortcuts: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    # The sections a moderator may see; all of them when none is named.
    sections: list[str] = Field(default_factory=list, sa_type=JSON)
    # The hash of what opens the person’s private feed.
    feed: str | None = Field(default=None, unique=True, index=True, max_length=64)
    # Whether words the site looks out for are covered until they are asked for.
    blurs: bool = False
    # When the person put the guide of the desk away.
    guided_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    # Who they are in the public log, where the site has it say so.
    pseudonym: str | None = Field(default=None, max_length=8)


class AccountSession(SQLModel, table=True):
    """A signed-in browser. Only the hash of its cookie is kept, and of the one before for a short while."""

    __tablename__ = "account_session"
    __table_args__ = NUMBERED_ONCE

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    digest: str = Field(unique=True, max_length=64)
    previous: str | None = Field(default=None, index=True, max_length=64)
    kept: bool
    # « Firefox, Android »: enough to know it again, and no more.
    browser: str = Field(default="", max_length=60)
    signed_in_at: datetime = Field(sa_type=UTCDateTime)
    # To the hour.
    seen_at: datetime = Field(sa_type=UTCDateTime)
    # When the person last proved who they are.
    confirmed_at: datetime = Field(sa_type=UTCDateTime)
    renewed_at: datetime = Field(sa_type=UTCDateTime)
    expires_at: datetime = Field(sa_type=UTCDateTime)


class RecoveryCode(SQLModel, table=True):
    """One way past the second factor, for who lost it; the row goes with its use. Only its hash is kept."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("account_id", "digest"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    digest: str = Field(max_length=64)


class Passkey(SQLModel, table=True):
    """A public key whose other half a person's device or password manager holds."""

    __table_args__ = NUMBERED_ONCE

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    credential: str = Field(unique=True, max_length=1400)
    public_key: str
    # The random name the device knows the account by: the same for all of an account's keys.
    handle: str = Field(max_length=43)
    sign_count: int = Field(sa_type=BigInteger)
    name: str = Field(max_length=80)
    created_at: datetime = Field(sa_type=UTCDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Challenge(SQLModel, table=True):
    """What a passkey has to sign, once. `account_id` is empty when nobody is signed in yet."""

    value: str = Field(primary_key=True, max_length=43)
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    expires_at: datetime = Field(sa_type=UTCDateTime, index=True)


class EmailChange(SQLModel, table=True):
    """A new address that waits to be confirmed from its own mailbox; the row goes with its use."""

    __tablename__ = "email_change"

    id: str = Field(primary_key=True, max_length=26)
    account_id: int = Field(foreign_key="account.id", unique=True)
    email: str = Field(max_length=254)
    expires_at: datetime = Field(sa_type=UTCDateTime)


class SignIn(SQLModel, table=True):
    """An asked-for sign-in: opened by its link or by its short code, once.

    `account_id` is empty when the address is nobody's: the same work is done, and nothing opens.
    """

    __tablename__ = "sign_in"

    id: str = Field(primary_key=True, max_length=26)
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    code: str = Field(max_length=64)
    tries: int = 0
    expires_at: datetime = Field(sa_type=UTCDateTime, index=True)
    used_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    # The page that was asked for.
    onward: str = Field(default="", max_length=1000)


class Token(SQLModel, table=True):
    """A key to the API, of an account. Only its hash is kept."""

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    digest: str = Field(unique=True, max_length=64)
    name: str = Field(default="", max_length=200)
    scopes: list[str] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=UTCDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UTCDateTime)

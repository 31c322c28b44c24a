"""The private tables: what was sent, who decides, what was decided, and what is still to be done about it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, BigInteger, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from moderation.lifecycle import Action, Reason, Status
from moderation.markup import Dialect
from moderation.models.columns import UTCDateTime, words
from moderation.models.public import Mode


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
    # When the person put the guide of the desk away.
    guided_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class AccountSession(SQLModel, table=True):
    """A signed-in browser. Only the hash of its cookie is kept, and of the one before for a short while."""

    __tablename__ = "account_session"

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


class Comment(SQLModel, table=True):
    """What a reader sent: where it stands. Its words are in `Version`."""

    __table_args__ = (
        Index("ix_comment_status_submitted_at_id", "status", "submitted_at", "id"),
        Index("ix_comment_thread_id_status", "thread_id", "status"),
    )

    id: str = Field(primary_key=True, max_length=26)
    thread_id: int = Field(foreign_key="thread.id")
    # What it answers: a comment that was public when this one was sent.
    parent_id: str | None = Field(default=None, foreign_key="comment.id", max_length=26)
    # Copied from the article: every desk query is bounded by it without a join.
    section: str = Field(default="", max_length=200)
    status: Status = Field(default=Status.PENDING, sa_type=words(Status))
    # Counts every change of text or status; whoever acts names the one they saw.
    revision: int = 1
    # The newest text.
    version: int = 1
    # One form, one comment: the form's own number, sent twice, is refused by this constraint.
    nonce: str = Field(unique=True, max_length=64)
    # The secret of the author's tracking address.
    tracking: str | None = Field(default=None, unique=True, max_length=26)
    submitted_at: datetime = Field(sa_type=UTCDateTime)


class Version(SQLModel, table=True):
    """One text of a comment: its source as typed, and the HTML shown to the desk and to readers alike."""

    __table_args__ = (UniqueConstraint("comment_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    comment_id: str = Field(foreign_key="comment.id")
    number: int
    author: str = Field(default="", max_length=200)
    email: str = Field(default="", max_length=254)
    source: str
    html: str
    findings: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    dialect: Dialect = Field(sa_type=words(Dialect))
    renderer: int
    # Equal for two texts that say the same; empty once the text is erased.
    fingerprint: str = Field(default="", max_length=64, index=True)
    written_at: datetime = Field(sa_type=UTCDateTime)


class Decision(SQLModel, table=True):
    """One move by one person at one time. Rows are only ever added: the database itself refuses the rest.

    An undo is a row of its own that names the decision it undoes.
    """

    __table_args__ = (UniqueConstraint("comment_id", "revision"),)

    id: int | None = Field(default=None, primary_key=True)
    comment_id: str = Field(foreign_key="comment.id")
    # The revision the move made: two moves can never make the same one.
    revision: int
    version: int
    action: Action = Field(sa_type=words(Action))
    before: Status = Field(sa_type=words(Status, "before"))
    after: Status = Field(sa_type=words(Status, "after"))
    reason: Reason | None = Field(default=None, sa_type=words(Reason))
    note: str = ""
    # Empty when the author moved it.
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    at: datetime = Field(sa_type=UTCDateTime)
    undo_until: datetime = Field(sa_type=UTCDateTime)
    undoes: int | None = Field(default=None, foreign_key="decision.id", unique=True)


class ForumChange(SQLModel, table=True):
    """A forum somebody of the team closed or opened again: a line of the log."""

    __tablename__ = "forum_change"

    id: int | None = Field(default=None, primary_key=True)
    thread_id: int = Field(foreign_key="thread.id", index=True)
    mode: Mode = Field(sa_type=words(Mode))
    account_id: int = Field(foreign_key="account.id", index=True)
    at: datetime = Field(sa_type=UTCDateTime)


class EffectKind(StrEnum):
    SYNC = "sync"
    ERASE = "erase"


class Effect(SQLModel, table=True):
    """Something to be done once a decision's window has closed."""

    id: int | None = Field(default=None, primary_key=True)
    kind: EffectKind = Field(sa_type=words(EffectKind))
    comment_id: str = Field(foreign_key="comment.id", index=True)
    decision_id: int = Field(foreign_key="decision.id", index=True)
    due_at: datetime = Field(sa_type=UTCDateTime, index=True)


class LetterKind(StrEnum):
    SIGN_IN = "sign_in"
    INVITATION = "invitation"
    CONFIRM_EMAIL = "confirm_email"
    EMAIL_ASKED = "email_asked"
    EMAIL_CHANGED = "email_changed"
    PASSWORD_SET = "password_set"  # noqa: S105
    PASSWORD_REMOVED = "password_removed"  # noqa: S105
    CODES_ON = "codes_on"
    CODES_OFF = "codes_off"
    RECOVERY_RENEWED = "recovery_renewed"
    RECOVERY_USED = "recovery_used"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    TOKEN_MADE = "token_made"  # noqa: S105
    FACTORS_RESET = "factors_reset"
    SECOND_STEP_FAILED = "second_step_failed"


class Letter(SQLModel, table=True):
    """A mail to be sent, written with its cause. It holds no text: it is written out when it is sent.

    Either it opens a sign-in, or it tells an account something; `address` is where, if not to its own.
    """

    id: int | None = Field(default=None, primary_key=True)
    kind: LetterKind = Field(sa_type=words(LetterKind))
    # What the letter is known by: a row's number may come again.
    name: str = Field(unique=True, max_length=26)
    sign_in_id: str | None = Field(default=None, foreign_key="sign_in.id", max_length=26)
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    address: str | None = Field(default=None, max_length=254)
    written_at: datetime = Field(sa_type=UTCDateTime)
    due_at: datetime = Field(sa_type=UTCDateTime, index=True)
    tries: int = 0
    failure: str = ""

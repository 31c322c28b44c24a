"""The private tables of the queue: what was sent, what was decided, and what is still to be done about it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from moderation.charter import LONGEST_NAME
from moderation.lanes import Lane
from moderation.lifecycle import Action, Status
from moderation.markup import Dialect
from moderation.models import follows, people  # noqa: F401 - to whose tables these refer
from moderation.models.columns import NUMBERED_ONCE, UTCDateTime, words
from moderation.models.public import Mode


def _where_known(name: str) -> dict[str, Any]:
    return {f"{kind}_where": text(f"{name} IS NOT NULL") for kind in ("sqlite", "postgresql")}


# Columns lists are narrowed by: each has an index in the list’s order, of the rows that have it.
FOUND_BY: dict[str, dict[str, Any]] = {"thread_id": {}, "section": {}} | {
    name: _where_known(name) for name in ("author_key", "email_key", "decided_by", "reason", "lane")
}


class Comment(SQLModel, table=True):
    """What a reader sent: where it stands. Its words are in `Version`."""

    __table_args__ = (
        Index("ix_comment_status_submitted_at_id", "status", "submitted_at", "id"),
        *(
            Index(
                f"ix_comment_{name}_status_submitted_at_id", name, "status", "submitted_at", "id", **partial
            )
            for name, partial in FOUND_BY.items()
        ),
        Index("ix_comment_kin_status_submitted_at_id", "kin", "status", "submitted_at", "id"),
    )

    id: str = Field(primary_key=True, max_length=26)
    thread_id: int = Field(foreign_key="thread.id")
    # What it answers: a comment that was public when this one was sent.
    parent_id: str | None = Field(default=None, foreign_key="comment.id", max_length=26)
    # No contribution, but a notice of a public text or a right of reply.
    lane: Lane | None = Field(default=None, sa_type=words(Lane))
    # The public text it is about. Its author would have these words in its place, or nothing, if it retracts.
    amends: str | None = Field(default=None, foreign_key="comment.id", index=True, max_length=26)
    retracts: bool = False
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
    # Shared by those that are alike: the name of the first. Empty when it says nothing of its own.
    kin: str | None = Field(default=None, max_length=26)
    submitted_at: datetime = Field(sa_type=UTCDateTime)
    # Written by the moderation, in its name.
    official: bool = False
    # Whether its author contests what was decided, and waits for an answer.
    appealed: bool = False
    # Whether its author ever did: who decided leaves the answer to others.
    contested: bool = False
    # Of the newest text, as they are compared; empty once it is erased.
    author_key: str | None = Field(default=None, max_length=200)
    email_key: str | None = Field(default=None, max_length=254)
    # Copied from the decision that stands: by which account, and the reason it gave.
    decided_by: int | None = None
    reason: str | None = Field(default=None, max_length=20)
    # When its texts were: by its author, or because their time was over.
    erased_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Version(SQLModel, table=True):
    """One text of a comment: its source as typed, and the HTML shown to the desk and to readers alike."""

    __table_args__ = (UniqueConstraint("comment_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    comment_id: str = Field(foreign_key="comment.id")
    number: int
    author: str = Field(default="", max_length=200)
    email: str = Field(default="", max_length=254)
    source: str
    # What of it was not taken: places in the source, and the codes of the characters.
    struck: list[list[int]] = Field(default_factory=list, sa_type=JSON)
    html: str
    # All of it folded, each word once: what the search index is made of. Empty for a text that was replaced.
    folded: str = ""
    findings: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    dialect: Dialect = Field(sa_type=words(Dialect))
    renderer: int
    # Equal for two texts that say the same; empty once the text is erased.
    fingerprint: str = Field(default="", max_length=64, index=True)
    written_at: datetime = Field(sa_type=UTCDateTime)
    # When the moderation last changed words of it, and took words out of it; empty for the author’s own text.
    corrected_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    redacted_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    # When these words of its author took the place of others that were public.
    amended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Signature(SQLModel, table=True):
    """What a text is compared by; gone with it."""

    comment_id: str = Field(primary_key=True, foreign_key="comment.id", max_length=26)
    value: bytes


class SignatureKey(SQLModel, table=True):
    """A number that texts have in common when they are likely to be alike."""

    __tablename__ = "signature_key"
    __table_args__ = (Index("ix_signature_key_key_id", "key", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    key: int = Field(sa_type=BigInteger)
    comment_id: str = Field(foreign_key="signature.comment_id", index=True, max_length=26)


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
    # The code of one.
    reason: str | None = Field(default=None, max_length=20)
    note: str = ""
    # Empty when the author moved it.
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    at: datetime = Field(sa_type=UTCDateTime, index=True)
    undo_until: datetime = Field(sa_type=UTCDateTime)
    undoes: int | None = Field(default=None, foreign_key="decision.id", unique=True)
    # Shared by those that were made, or undone, in one go.
    lot: str | None = Field(default=None, index=True, max_length=26)
    # What its reason goes by: a version of the charter, and an article of it.
    charter: int | None = None
    charter_article: str | None = Field(default=None, max_length=LONGEST_NAME)


class ForumChange(SQLModel, table=True):
    """A forum somebody of the team closed or opened again: a line of the log."""

    __tablename__ = "forum_change"

    id: int | None = Field(default=None, primary_key=True)
    thread_id: int = Field(foreign_key="thread.id", index=True)
    mode: Mode = Field(sa_type=words(Mode))
    account_id: int = Field(foreign_key="account.id", index=True)
    at: datetime = Field(sa_type=UTCDateTime)


class Question(SQLModel, table=True):
    """What an author is asked about what waits, and what they answer: never public, gone with the text."""

    __table_args__ = NUMBERED_ONCE

    id: int | None = Field(default=None, primary_key=True)
    comment_id: str = Field(foreign_key="comment.id", index=True, max_length=26)
    # The decision that put it: who, when, and until when it can be undone.
    decision_id: int = Field(foreign_key="decision.id", unique=True)
    text: str
    # How long an answer is waited for.
    until: datetime = Field(sa_type=UTCDateTime)
    answer: str = ""
    answered_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    # When nobody had answered in time.
    lapsed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    # When its letter was last on its way: no address gets two in a day.
    mailed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class EffectKind(StrEnum):
    SYNC = "sync"
    ERASE = "erase"
    LAPSE = "lapse"
    FORGET = "forget"
    LOG = "log"
    AMEND = "amend"


class Effect(SQLModel, table=True):
    """Something to be done once a decision's window has closed."""

    __table_args__ = NUMBERED_ONCE

    id: int | None = Field(default=None, primary_key=True)
    kind: EffectKind = Field(sa_type=words(EffectKind))
    comment_id: str = Field(foreign_key="comment.id", index=True)
    decision_id: int = Field(foreign_key="decision.id", index=True)
    due_at: datetime = Field(sa_type=UTCDateTime, index=True)


class LogEntry(SQLModel, table=True):
    """Which line of the public log a decision has, and what opens it; without the salt nothing ever does."""

    __tablename__ = "log_entry"

    decision_id: int = Field(
        primary_key=True, foreign_key="decision.id", sa_column_kwargs={"autoincrement": False}
    )
    comment_id: str = Field(foreign_key="comment.id", index=True, max_length=26)
    seq: int = Field(foreign_key="log_line.seq", unique=True)
    # What the log calls the comment.
    subject: str = Field(max_length=26)
    # The text it is about. The salt is empty once that is erased.
    version: int
    salt: str = Field(max_length=64)


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
    FEED_MADE = "feed_made"
    FACTORS_RESET = "factors_reset"
    SECOND_STEP_FAILED = "second_step_failed"
    QUESTION = "question"
    RECEIVED = "received"
    PUBLISHED = "published"
    REFUSED = "refused"
    APPEAL_ANSWERED = "appeal_answered"
    WAITING = "waiting"
    LOG_HEAD = "log_head"
    FOLLOW_ASKED = "follow_asked"
    FOLLOWED = "followed"


class Letter(SQLModel, table=True):
    """A mail to be sent, written with its cause. It holds no text: it is written out when it is sent.

    It opens a sign-in, or tells an account something (`address` is where, if not to its own), or tells an
    author of a question, or of what became of a text, at the address the text came with, or who follows.
    """

    __table_args__ = NUMBERED_ONCE

    id: int | None = Field(default=None, primary_key=True)
    kind: LetterKind = Field(sa_type=words(LetterKind))
    # What the letter is known by, also to who gets it.
    name: str = Field(unique=True, max_length=26)
    sign_in_id: str | None = Field(default=None, foreign_key="sign_in.id", max_length=26)
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    address: str | None = Field(default=None, max_length=254)
    question_id: int | None = Field(default=None, foreign_key="question.id", index=True)
    # What was decided of which text, or the text alone.
    comment_id: str | None = Field(default=None, foreign_key="comment.id", index=True, max_length=26)
    decision_id: int | None = Field(default=None, foreign_key="decision.id", index=True)
    # Of who follows what.
    follow_id: str | None = Field(default=None, foreign_key="follow.id", index=True, max_length=26)
    written_at: datetime = Field(sa_type=UTCDateTime)
    due_at: datetime = Field(sa_type=UTCDateTime, index=True)
    tries: int = 0
    failure: str = ""


class Mailbox(SQLModel, table=True):
    """An address texts came with, by its digest: what who reads there said of it."""

    digest: str = Field(primary_key=True, max_length=64)
    # When they said that it is theirs.
    confirmed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    # Kinds of letters they do not want.
    declined: list[str] = Field(default_factory=list, sa_type=JSON)
    # When the last letter left for it, and which.
    written_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    letter: str = Field(default="", max_length=26)

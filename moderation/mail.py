"""The outbox: letters are claimed, written out, sent, and struck off. The only import of smtplib."""

import io
import smtplib
import ssl
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from socket import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

from sqlalchemy import ColumnElement, ScalarSelect, exists
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, or_, select

from moderation import identifiers
from moderation.models.people import SignIn
from moderation.models.queue import Comment, Letter, LetterKind, Question
from moderation.settings import Settings

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


class NotSent(Exception):
    """The mail server did not take it; the message says what kind of failure, and nothing personal."""


class NotEncrypted(OSError):
    """The server offers no encryption, and a password would have to be told."""


Send = Callable[[EmailMessage], None]
# Seconds a mail server may be silent, and a whole conversation with it may last.
SECONDS, LASTS = 20, 60
# Whose letter it is for so long: for the conversation and, before it, what the database may make us wait.
LEASE = timedelta(seconds=LASTS) + timedelta(minutes=1)
# A letter that could not be sent is tried again after these pauses, then left to be seen.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))
GIVEN_UP = timedelta(days=36500)


def sender(settings: Settings) -> Send | None:
    """What sends a message through SMTP_URL, or raises NotSent; None when there is no mail here."""
    if settings.smtp_url is None:
        return None
    address = settings.smtp_url.get_secret_value()

    def send(message: EmailMessage) -> None:
        try:
            with _connection(address) as server:
                server.send_message(message)
        except (OSError, UnicodeError) as error:  # what smtplib raises by itself is an OSError
            raise NotSent(type(error).__name__) from error

    return send


def greet(settings: Settings) -> str:
    """Connects to SMTP_URL as a letter would, signs in, and sends nothing; how it went. Raises NotSent."""
    address = settings.smtp_url.get_secret_value() if settings.smtp_url else ""
    try:
        with _connection(address) as server:
            server.noop()
            encrypted = isinstance(server.sock, ssl.SSLSocket)
    except (OSError, UnicodeError) as error:
        raise NotSent(type(error).__name__) from error
    parts = urlsplit(address)
    signed_in = ", signed in" if parts.username else ""
    return f"{parts.hostname} answers, {'encrypted' if encrypted else 'in clear text'}{signed_in}"


@contextmanager
def _connection(address: str) -> Generator[smtplib.SMTP]:
    parts = urlsplit(address)
    with _opened(parts) as server:
        server.ehlo()
        encrypted = parts.scheme == "smtps" or server.has_extn("starttls")
        if parts.username and not encrypted:
            raise NotEncrypted
        if parts.scheme == "smtp" and encrypted:
            server.starttls(context=_vouched_for() if parts.username else _unvouched_for())
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        yield server


def _opened(parts: SplitResult) -> smtplib.SMTP:
    host = parts.hostname or "localhost"
    if parts.scheme == "smtps":
        return _BoundedSSL(host, parts.port or 465, context=_vouched_for())
    return _Bounded(host, parts.port or 25)


class _Bounded(smtplib.SMTP):
    """A conversation that ends in time: smtplib itself bounds each silence, and the next byte begins another.

    Nothing is sent any more once a letter may be in somebody else’s hands.
    """

    def __init__(self, host: str, port: int, **options: Any) -> None:
        self._ends = time.monotonic() + LASTS
        self._patience = SECONDS
        super().__init__(host, port, timeout=SECONDS, **options)

    def hurried(self) -> socket:
        """The socket, for as long as may be waited for it now."""
        left = self._ends - time.monotonic()
        if self.sock is None or left <= 0:
            raise smtplib.SMTPServerDisconnected("it took too long")
        try:
            self.sock.settimeout(min(left, self._patience))
        except OSError as error:  # encryption failed, and took the socket with it
            raise smtplib.SMTPServerDisconnected(str(error)) from error
        return self.sock

    def send(self, s: "ReadableBuffer | str") -> None:
        self.hurried()
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None:
            self.file = io.BufferedReader(_Answer(self))
        return super().getreply()

    def data(self, msg: "ReadableBuffer | str") -> tuple[int, bytes]:
        # Giving up now would send again what may have been taken.
        self._patience = LASTS
        try:
            return super().data(msg)
        finally:
            self._patience = SECONDS


class _BoundedSSL(_Bounded, smtplib.SMTP_SSL):
    pass


class _Answer(io.RawIOBase):
    """What the server says, read in what time is left."""

    def __init__(self, server: _Bounded) -> None:
        self._server = server

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        return self._server.hurried().recv_into(buffer)


def _vouched_for() -> ssl.SSLContext:
    return ssl.create_default_context()


def _unvouched_for() -> ssl.SSLContext:
    """For a relay that is told no secret: a fresh mail server's own certificate is better than none."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def write(
    session: Session,
    kind: LetterKind,
    now: datetime,
    *,
    sign_in: SignIn | None = None,
    account_id: int | None = None,
    to: str | None = None,
    name: str = "",
    question_id: int | None = None,
    comment_id: str | None = None,
    decision_id: int | None = None,
    follow_id: str | None = None,
) -> None:
    """Puts a letter in the outbox: it opens a sign-in, or tells an account, an author or a follower.

    `to` is where, if not the account’s own address; `name` what it tells of, if that has one.
    """
    letter = Letter(
        kind=kind,
        name=name or (sign_in.id if sign_in is not None else identifiers.new_id()),
        sign_in_id=sign_in.id if sign_in is not None else None,
        account_id=account_id,
        address=to,
        question_id=question_id,
        comment_id=comment_id,
        decision_id=decision_id,
        follow_id=follow_id,
        written_at=now,
        due_at=now,
    )
    session.add(letter)


def _ready(now: datetime) -> ColumnElement[bool]:
    """Due, and behind none to the same person that is on its way, or failed: each gets theirs in order."""
    before = aliased(Letter)
    ahead = exists().where(
        col(before.id) < Letter.id,
        col(before.tries) > 0,
        col(before.due_at) < now + GIVEN_UP / 2,
        or_(before.account_id == Letter.account_id, _address(before) == _address(Letter)),
    )
    return and_(col(Letter.due_at) <= now, ~ahead)


def _address(letter: type[Letter]) -> ScalarSelect[str | None]:
    """An author’s; empty for all others."""
    asked = select(Question.comment_id).where(Question.id == letter.question_id).correlate(letter)
    about = or_(col(Comment.id) == letter.comment_id, col(Comment.id) == asked.scalar_subquery())
    return select(Comment.email_key).where(about).correlate(letter).scalar_subquery()


def given_up(now: datetime) -> ColumnElement[bool]:
    """What is not tried any more, unless somebody asks."""
    return col(Letter.due_at) >= now + GIVEN_UP / 2


def claim(session: Session, now: datetime) -> Letter | None:
    """Takes a due letter, for longer than sending it lasts: should that die half-way, it comes up again."""
    letter = session.exec(
        select(Letter)
        .where(_ready(now))
        .order_by(col(Letter.sign_in_id).is_(None), col(Letter.due_at), col(Letter.id))  # who waits for one
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if letter is None:
        return None
    letter.tries += 1
    letter.due_at = now + max(LEASE, _pause(letter.tries))
    session.add(letter)
    session.flush()
    return letter


def put_off(session: Session, name: str, failure: str, now: datetime) -> None:
    """A claimed letter that could not be sent."""
    letter = session.exec(select(Letter).where(Letter.name == name)).first()
    if letter is not None:
        letter.failure, letter.due_at = failure, now + _pause(letter.tries)
        session.add(letter)


def put_by(session: Session, name: str, until: datetime) -> None:
    """A claimed letter whose time has not come: it was not tried."""
    letter = session.exec(select(Letter).where(Letter.name == name)).first()
    if letter is not None:
        letter.tries, letter.due_at = letter.tries - 1, until
        session.add(letter)


def again(session: Session, letter_id: int, now: datetime) -> bool:
    """Has one that failed tried again from the start; False where there is none, or it was sent meanwhile."""
    letter = session.get(Letter, letter_id, with_for_update=True)
    if letter is None or not letter.failure:
        return False
    letter.tries, letter.due_at, letter.failure = 0, now, ""
    session.add(letter)
    return True


def _pause(tries: int) -> timedelta:
    return PAUSES[tries - 1] if tries <= len(PAUSES) else GIVEN_UP


def is_due(session: Session, now: datetime) -> bool:
    return session.exec(select(Letter.id).where(_ready(now)).limit(1)).first() is not None

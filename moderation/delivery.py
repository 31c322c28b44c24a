"""Does what is due: effects whose window has closed, letters to be sent. Run by every server, or by hand."""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage

from jinja2 import Environment
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, delete, select

from moderation import accounts, identifiers, mail, publication
from moderation.clock import Clock
from moderation.database import reading, scrub, writing
from moderation.links import Links, Opening
from moderation.models.queue import Account, Effect, EffectKind, Letter, LetterKind, SignIn
from moderation.settings import Settings

POLL_SECONDS = 0.25
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Post:
    """What is needed to write a letter out and send it."""

    settings: Settings
    links: Links
    templates: Environment
    send: mail.Send


def deliver(engine: Engine, post: Post | None, now: datetime) -> int:
    """Everything due, one transaction each; how much was done."""
    return effects(engine, now) + (letters(engine, post, now) if post is not None else 0)


def effects(engine: Engine, now: datetime) -> int:
    done = 0
    while _effect_is_due(engine, now):
        with writing(engine) as session:
            kind = publication.perform(session, now)
        if kind is None:
            break  # another process has it in hand
        if kind is EffectKind.ERASE:
            scrub(engine)
        done += 1
    return done


def _effect_is_due(engine: Engine, now: datetime) -> bool:
    with reading(engine) as session:
        return session.exec(select(Effect.id).where(Effect.due_at <= now).limit(1)).first() is not None


def letters(engine: Engine, post: Post, now: datetime) -> int:
    sent = 0
    while True:
        with reading(engine) as session:
            if not mail.is_due(session, now):
                return sent
        with writing(engine) as session:
            letter = mail.claim(session, now)
            message = _written(session, post, letter, now) if letter is not None else None
            number = letter.id if letter is not None else None
        if message is not None and not _sent(engine, post, message, number):
            continue
        with writing(engine) as session:
            session.exec(delete(Letter).where(col(Letter.id) == number))
        sent += message is not None


def _sent(engine: Engine, post: Post, message: EmailMessage, number: int | None) -> bool:
    try:
        post.send(message)
    except mail.NotSent as failure:
        log.warning("letter %s was not sent: %s", number, failure)
        with writing(engine) as session:
            letter = session.get_one(Letter, number)
            letter.failure = str(failure)
            session.add(letter)
        return False
    return True


def _written(session: Session, post: Post, letter: Letter, now: datetime) -> EmailMessage | None:
    """The message, made now so that its link and code are fresh; None when there is nobody to write to."""
    sign_in = session.get_one(SignIn, letter.sign_in_id)
    account = session.get(Account, sign_in.account_id) if sign_in.account_id else None
    if account is None or account.email is None or sign_in.used_at is not None:
        return None
    lasts = accounts.INVITATION_LASTS if letter.kind is LetterKind.INVITATION else accounts.LINK_LASTS
    sign_in.expires_at = now + lasts
    code = accounts.new_code(sign_in)
    session.add(sign_in)
    link = f"{post.settings.site_url}/sign-in/{post.links.sign(Opening(sign_in.id), now)}"
    template = post.templates.get_template(f"mail/{letter.kind}.txt")
    page = template.make_module(
        {"name": account.name, "link": link, "code": identifiers.grouped(code), "lasts": lasts}
    )
    return mail.message(
        sender=post.settings.mail_from,
        to=account.email,
        subject=str(page.subject()).strip(),  # type: ignore[attr-defined]
        body=str(page.body()).strip() + "\n",  # type: ignore[attr-defined]
        now=now,
        number=letter.id or 0,
    )


class Loop(threading.Thread):
    """Delivers until stopped; stops between two items."""

    def __init__(self, engine: Engine, post: Post | None, clock: Clock) -> None:
        super().__init__(name="delivery", daemon=True)
        self._engine = engine
        self._post = post
        self._clock = clock
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(POLL_SECONDS):
            try:
                deliver(self._engine, self._post, self._clock())
            except DBAPIError:
                log.exception("delivery will be tried again")
                self._stopped.wait(POLL_SECONDS * 8)

    def stop(self) -> None:
        self._stopped.set()
        self.join(timedelta(seconds=mail.SECONDS).total_seconds())

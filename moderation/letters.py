"""What each letter says, written out when it is sent."""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage

from jinja2 import Environment
from sqlmodel import Session, col, select

from moderation import accounts, email_changes, identifiers, mail, questions
from moderation.database import in_turn
from moderation.links import Links, NewAddress, Opening
from moderation.models.people import Account, SignIn
from moderation.models.public import Article, Thread
from moderation.models.queue import Comment, Letter, LetterKind, Question, Version
from moderation.settings import Settings


@dataclass(frozen=True)
class Post:
    """What is needed to write a letter out and send it."""

    settings: Settings
    links: Links
    templates: Environment
    send: mail.Send


class NotYet(Exception):
    """Its address had another one lately."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"not before {until}")
        self.until = until


def written(session: Session, post: Post, name: str, now: datetime) -> EmailMessage | None:
    """The message, made now so that its link and code are fresh; None when there is nobody to write to.

    Raises NotYet.
    """
    letter = session.exec(select(Letter).where(Letter.name == name)).first()
    if letter is None:
        return None  # its account was removed meanwhile, or its question taken back
    if letter.sign_in_id is not None:
        return _opening(session, post, letter, session.get_one(SignIn, letter.sign_in_id), now)
    if letter.question_id is not None:
        return _question(session, post, letter, session.get_one(Question, letter.question_id), now)
    return _news(session, post, letter, now)


def _news(session: Session, post: Post, letter: Letter, now: datetime) -> EmailMessage | None:
    """What an account is told of."""
    account = session.get(Account, letter.account_id) if letter.account_id is not None else None
    if account is None or account.removed_at is not None:
        return None
    if letter.kind is not LetterKind.CONFIRM_EMAIL:
        to = letter.address or account.email
        return _message(post, letter, to, now, name=account.name, at=letter.written_at)
    if email_changes.waiting(session, letter.name, now) is None:
        return None
    link = (
        f"{post.settings.site_url}/new-address/{post.links.sign(NewAddress(letter.name), letter.written_at)}"
    )
    return _message(post, letter, letter.address, now, name=account.name, link=link)


def _opening(
    session: Session, post: Post, letter: Letter, sign_in: SignIn, now: datetime
) -> EmailMessage | None:
    account = session.get(Account, sign_in.account_id) if sign_in.account_id else None
    if account is None or sign_in.used_at is not None:
        return None
    lasts = accounts.INVITATION_LASTS if letter.kind is LetterKind.INVITATION else accounts.LINK_LASTS
    sign_in.expires_at = now + lasts
    code = identifiers.grouped(accounts.new_code(sign_in))
    session.add(sign_in)
    link = f"{post.settings.site_url}/sign-in/{post.links.sign(Opening(sign_in.id), now)}"
    return _message(post, letter, account.email, now, name=account.name, link=link, code=code)


def _question(
    session: Session, post: Post, letter: Letter, question: Question, now: datetime
) -> EmailMessage | None:
    """To the address the text came with, which nobody has confirmed: without a word of text or question."""
    found = session.exec(
        select(Version.email, Comment.tracking, Article.title)
        .join(Comment, col(Comment.id) == Version.comment_id)
        .join(Thread, col(Thread.id) == Comment.thread_id)
        .join(Article)
        .where(Comment.id == question.comment_id, Version.number == Comment.version)
    ).one()
    to, tracking, title = found
    if not to or tracking is None or not questions.is_shown(session, question, now):
        return None
    in_turn(session, "mail", to.lower())
    last = questions.mailed_lately(session, question, to, now)
    if last is not None:
        raise NotYet(last + questions.BETWEEN_LETTERS)
    question.mailed_at = now
    session.add(question)
    link = f"{post.settings.site_url}/track/{tracking}"
    return _message(post, letter, to, now, link=link, title=title)


def _message(
    post: Post, letter: Letter, to: str | None, now: datetime, **told: object
) -> EmailMessage | None:
    if to is None:
        return None
    template = post.templates.get_or_select_template([f"mail/{letter.kind}.txt", "mail/changed.txt"])
    page = template.make_module({"kind": letter.kind, **told})
    return mail.message(
        sender=post.settings.mail_from,
        to=to,
        subject=str(page.subject()).strip(),  # type: ignore[attr-defined]
        body=str(page.body()).strip() + "\n",  # type: ignore[attr-defined]
        now=now,
        name=letter.name,
    )

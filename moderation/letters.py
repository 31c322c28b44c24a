"""What each letter says, written out when it is sent."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage

from jinja2 import Environment
from sqlmodel import Session, select

from moderation import (
    accounts,
    amendments,
    bulletins,
    charters,
    email_changes,
    follow_letters,
    identifiers,
    mail,
    mailboxes,
    messages,
    questions,
    reasons,
    standing,
    witnesses,
)
from moderation.database import in_turn
from moderation.lanes import Lane
from moderation.lifecycle import Status
from moderation.links import Bulletins, Links, Mailing, NewAddress, Opening, Review
from moderation.mailboxes import NotYet
from moderation.models.bulletins import Bulletin, How
from moderation.models.people import Account, SignIn
from moderation.models.queue import Comment, Letter, LetterKind, Question
from moderation.pages import queue
from moderation.pages.cards import Card, cards
from moderation.pages.filters import Filter
from moderation.pages.reviewing import BY_MAIL
from moderation.pages.tracking import TrackingPage, tracking
from moderation.pages.waiting import Waiting
from moderation.settings import Settings
from moderation.wording import Wording

# After that long what became of a text is no news.
STALE = timedelta(days=14)
SOON = timedelta(seconds=5)


@dataclass(frozen=True)
class Post:
    """What is needed to write a letter out and send it."""

    settings: Settings
    links: Links
    templates: Environment
    send: mail.Send

    @property
    def wording(self) -> Wording:
        """What the templates read reasons from."""
        wording = self.templates.globals["reasons"]
        assert isinstance(wording, Wording)
        return wording


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
    if letter.kind in _OTHERS:
        return _OTHERS[letter.kind](session, post, letter, now)
    if letter.comment_id is not None:
        return _told(session, post, letter, letter.comment_id, now)
    return _changed(session, post, letter, now)


def _changed(session: Session, post: Post, letter: Letter, now: datetime) -> EmailMessage | None:
    """What changed about an account."""
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


def _log_head(session: Session, post: Post, letter: Letter, now: datetime) -> EmailMessage | None:
    line = witnesses.last(session)
    if line is None or letter.address not in witnesses.listed(session):
        return None
    return _message(post, letter, letter.address, now, page=json.loads(line.line))


def _waiting(session: Session, post: Post, letter: Letter, now: datetime) -> EmailMessage | None:
    """What waits of what came since the letter before: no word of it, and to each a link that decides it."""
    account = session.get(Account, letter.account_id) if letter.account_id is not None else None
    row = bulletins.of(session, account.id) if account is not None and account.id is not None else None
    if account is None or account.removed_at is not None or row is None or row.how is How.NEVER:
        return None
    person = accounts.person(account)
    names = [*bulletins.told(session, person, row)]
    if not names:
        return None  # others have decided meanwhile
    listed = cards(session, names[: bulletins.LISTED])
    stop = f"{post.settings.site_url}/bulletin/{post.links.sign(Bulletins(person.id), now)}"
    return _message(
        post,
        letter,
        account.email,
        now,
        unsubscribe=stop,
        name=account.name,
        choices=stop,
        page=Waiting(
            listed=tuple((card, _to_decide(post, card, account, row, now)) for card in listed),
            more=len(names) > bulletins.LISTED,
            count=queue.count(session, person, Filter()),
            straight=account.totp is None,
        ),
    )


def _to_decide(post: Post, card: Card, account: Account, row: Bulletin, now: datetime) -> str:
    """Straight to it; who has a second factor signs in, as a mailbox alone is not to be enough."""
    if account.totp is not None or card.lane is Lane.NOTICE:  # which is answered in its own way
        return f"{post.settings.site_url}/desk/comments/{card.id}"
    assert account.id is not None
    token = Review(card.id, card.revision, account.id, " ".join(BY_MAIL), row.seal)
    return f"{post.settings.site_url}/review/{post.links.sign(token, now)}"


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
    """That they are asked something, without a word of it."""
    page = _page(session, post, question.comment_id, now)
    if page is None or not questions.is_shown(session, question, now):
        return None
    message = _to_author(session, post, letter, page, now)
    question.mailed_at = now
    session.add(question)
    return message


def _told(session: Session, post: Post, letter: Letter, name: str, now: datetime) -> EmailMessage | None:
    """What became of a text, if it has not become something else since; or where it can be followed."""
    page = _page(session, post, name, now)
    if page is None or now - letter.written_at > STALE:
        return None
    if letter.decision_id is None:
        unasked = page.lane is None and letter.written_at == page.submitted_at
        overtaken = unasked and page.decided is not None  # which tells that it was received, too
        return None if overtaken else _to_author(session, post, letter, page, now)
    if page.decided != letter.decision_id:
        settled_at = standing.settled_at(session, name, now)
        if settled_at > now:
            raise NotYet(settled_at)
        return None
    up = page.number is not None if page.amends is None else not amendments.is_due(session, name)
    if page.status is Status.PUBLISHED and not up:
        raise NotYet(now + SOON)  # another thread is about to put it up
    kind = _kind(page)
    return _to_author(session, post, letter, page, now, kind) if kind is not None else None


def _kind(page: TrackingPage) -> LetterKind | None:
    """What is told of a decision, as its author has it by now; None for what takes no letter."""
    if page.appeal is not None and page.appeal.answered:
        return LetterKind.APPEAL_ANSWERED
    kinds = {Status.PUBLISHED: LetterKind.PUBLISHED, Status.REFUSED: LetterKind.REFUSED}
    return (kinds | {Status.UNPUBLISHED: LetterKind.REFUSED}).get(page.status)


def _page(session: Session, post: Post, name: str, now: datetime) -> TrackingPage | None:
    """As its author sees it; None where they see nothing any more."""
    code = session.get_one(Comment, name).tracking
    if code is None:
        return None
    reasons.recall(session, post.wording, now)
    return tracking(session, code, now, timedelta(days=post.settings.appeal_days))


def _to_author(
    session: Session,
    post: Post,
    letter: Letter,
    page: TrackingPage,
    now: datetime,
    kind: LetterKind | None = None,
) -> EmailMessage | None:
    """To the address the text came with: one nobody has confirmed is told nothing anybody wrote.

    Raises NotYet.
    """
    if not page.email:
        return None
    key = mailboxes.digest(page.email)
    in_turn(session, "mail", key)
    box = mailboxes.of(session, key)
    if not mailboxes.takes(box, kind or letter.kind):
        return None
    until = mailboxes.silent_until(box, letter.kind, letter.name, now)
    if until is not None:
        raise NotYet(until)
    mailboxes.wrote(session, box, letter.name, now)
    choices = f"{post.settings.site_url}/mail/{post.links.sign(Mailing(key), now)}"
    return _message(
        post,
        letter,
        page.email,
        now,
        unsubscribe=choices,
        page=page,
        link=f"{post.settings.site_url}/track/{page.code}",
        clause=charters.title(session, page.cites, post.settings.language) if page.cites else "",
        confirmed=box.confirmed_at is not None,
        choices=choices,
        kind=kind,
    )


def _to_follower(session: Session, post: Post, letter: Letter, now: datetime) -> EmailMessage | None:
    """Raises NotYet."""
    told = follow_letters.told(session, letter, letter.follow_id or "", now)
    if told is None:
        return None
    site, sign = post.settings.site_url, post.links.sign
    link = f"{site}{told.path}{sign(told.right, now)}"
    choices = f"{site}/mail/{sign(Mailing(told.digest), now)}"
    stop = choices if told.asks else link
    return _message(post, letter, told.to, now, unsubscribe=stop, page=told.page, link=link, choices=choices)


def _message(
    post: Post,
    letter: Letter,
    to: str | None,
    now: datetime,
    *,
    kind: LetterKind | None = None,
    unsubscribe: str = "",
    **told: object,
) -> EmailMessage | None:
    """`kind` is what it tells of by now, if that is another than when it was written."""
    if to is None:
        return None
    kind = kind or letter.kind
    template = post.templates.get_or_select_template([f"mail/{kind}.txt", "mail/changed.txt"])
    page = template.make_module({"kind": kind, **told})
    body = messages.tidy(str(page.body()))  # type: ignore[attr-defined]
    html = post.templates.get_template("mail/letter.html").render(paragraphs=messages.paragraphs(body))
    return messages.message(
        sender=post.settings.mail_from,
        to=to,
        subject=str(page.subject()).strip(),  # type: ignore[attr-defined]
        body=body,
        html=html,
        now=now,
        name=letter.name,
        unsubscribe=unsubscribe,
    )


# Neither about an account nor to an author.
_OTHERS = {
    LetterKind.WAITING: _waiting,
    LetterKind.LOG_HEAD: _log_head,
    LetterKind.FOLLOW_ASKED: _to_follower,
    LetterKind.FOLLOWED: _to_follower,
}

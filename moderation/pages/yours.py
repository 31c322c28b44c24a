"""What the site keeps of an author’s texts, for that author: what has taken effect, and never who decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlmodel import Session, col, or_, select

from moderation import mailboxes, public_log
from moderation.lanes import Ground
from moderation.lifecycle import Action, Status
from moderation.models.claims import Claim
from moderation.models.public import Article, Publication, Thread
from moderation.models.queue import Comment, Decision, Letter, LetterKind, Version
from moderation.models.retention import Machine
from moderation.pages.exchange import known as exchanged
from moderation.standing import in_effect, text_in_effect


@dataclass(frozen=True)
class Text:
    number: int
    author: str
    email: str
    source: str
    html: str
    written_at: datetime
    corrected_at: datetime | None
    redacted_at: datetime | None
    amended_at: datetime | None


@dataclass(frozen=True)
class Step:
    """One move its author may know of; `note` is what was said with it, or against it."""

    action: Action
    status: Status
    at: datetime
    by_author: bool
    reason: str | None
    charter: int | None
    charter_article: str | None
    note: str


@dataclass(frozen=True)
class Asked:
    question: str
    asked_at: datetime
    answer: str
    answered_at: datetime | None


@dataclass(frozen=True)
class Publicly:
    number: int
    published_at: datetime
    taken_down_at: datetime | None


@dataclass(frozen=True)
class Line:
    """One of the public log, and what proves that it is about a text."""

    seq: int
    salt: str


@dataclass(frozen=True)
class Waiting:
    """A letter that is to leave."""

    kind: LetterKind
    written_at: datetime


@dataclass(frozen=True)
class From:
    """The machine it was sent from, where that is kept."""

    address: str
    at: datetime


@dataclass(frozen=True)
class Yours:
    id: str
    article: str
    article_title: str
    answers: str | None
    # The text of theirs it would take the place of, or have taken back.
    amends: str | None
    retracts: bool
    # The code of the page where it is followed.
    tracking: str | None
    submitted_at: datetime
    status: Status
    erased_at: datetime | None
    texts: tuple[Text, ...]
    decisions: tuple[Step, ...]
    questions: tuple[Asked, ...]
    publication: Publicly | None
    log: tuple[Line, ...]
    letters: tuple[Waiting, ...]
    machine: From | None
    # Of a notice, what the text is held for; of a right of reply, the words that are answered.
    ground: Ground | None
    passage: str


@dataclass(frozen=True)
class Address:
    """What is remembered under the digest of an address."""

    confirmed_at: datetime | None
    declined: tuple[str, ...]
    last_letter_at: datetime | None


def by_tracking(session: Session, code: str, now: datetime) -> tuple[Yours, ...]:
    """One text and what its author proposed about it, and no notice of it; nothing for an unknown code."""
    mine = session.exec(select(Comment).where(Comment.tracking == code)).first()
    if mine is None:
        return ()
    theirs = (Comment.amends == mine.id, col(Comment.lane).is_(None))
    proposals = select(Comment).where(*theirs).order_by(col(Comment.submitted_at), Comment.id)
    return tuple(_yours(session, one, now) for one in (mine, *session.exec(proposals)))


def by_address(session: Session, email: str, now: datetime) -> tuple[Yours, ...]:
    """All that came with an address, oldest first."""
    mine = select(Comment).where(Comment.email_key == email.lower())
    found = session.exec(mine.order_by(col(Comment.submitted_at), col(Comment.id))).all()
    return tuple(_yours(session, one, now) for one in found)


def address(session: Session, key: str) -> Address:
    box = mailboxes.of(session, key)
    return Address(box.confirmed_at, tuple(box.declined), box.written_at)


def machine(session: Session, comment_id: str) -> From | None:
    kept = session.get(Machine, comment_id)
    return From(kept.address, kept.at) if kept is not None else None


def _yours(session: Session, comment: Comment, now: datetime) -> Yours:
    article = session.exec(select(Article).join(Thread).where(Thread.id == comment.thread_id)).one()
    known = in_effect(session, comment.id, now)
    claim = session.get(Claim, comment.id)
    return Yours(
        id=comment.id,
        article=article.slug,
        article_title=article.title,
        answers=comment.parent_id,
        amends=comment.amends,
        retracts=comment.retracts,
        tracking=comment.tracking,
        submitted_at=comment.submitted_at,
        status=known[0].after if known else Status.PENDING,
        erased_at=comment.erased_at,
        texts=_texts(session, comment, known, now),
        decisions=tuple(_step(line) for line in reversed(known)),
        questions=tuple(
            Asked(one.question, one.asked_at, one.answer, one.answered_at)
            for one in exchanged(session, comment.id, known)
        ),
        publication=_publication(session, comment.id),
        log=tuple(Line(one.seq, one.salt) for one in public_log.openings(session, comment.id)),
        letters=_letters(session, comment.id, known),
        machine=machine(session, comment.id),
        ground=claim.ground if claim is not None else None,
        passage=claim.passage if claim is not None else "",
    )


def _texts(session: Session, comment: Comment, known: Sequence[Decision], now: datetime) -> tuple[Text, ...]:
    """Those that were in effect, as far as their words are kept: nothing of what may still be undone."""
    numbers = {1, text_in_effect(session, comment, now), *(line.version for line in known)}
    found = session.exec(
        select(Version)
        .where(Version.comment_id == comment.id, col(Version.number).in_(numbers), Version.source != "")
        .order_by(col(Version.number))
    )
    # By their places, and each once: a number that is missing would tell of what was undone.
    runs = groupby(found, key=lambda text: (text.author, text.source))
    shown = [next(same) for _, same in runs]
    return tuple(
        Text(
            place,
            text.author,
            text.email,
            text.source,
            text.html,
            text.written_at,
            text.corrected_at,
            text.redacted_at,
            text.amended_at,
        )
        for place, text in enumerate(shown, start=1)
    )


def _step(line: Decision) -> Step:
    return Step(
        action=line.action,
        status=line.after,
        at=line.at,
        by_author=line.account_id is None,
        reason=line.reason,
        charter=line.charter,
        charter_article=line.charter_article,
        note=line.note,
    )


def _publication(session: Session, comment_id: str) -> Publicly | None:
    copy = session.exec(select(Publication).where(Publication.comment_id == comment_id)).first()
    return Publicly(copy.number, copy.published_at, copy.taken_down_at) if copy is not None else None


def _letters(session: Session, comment_id: str, known: Sequence[Decision]) -> tuple[Waiting, ...]:
    """But for those of what may still be undone."""
    told = or_(
        col(Letter.decision_id).is_(None), col(Letter.decision_id).in_([line.id or 0 for line in known])
    )
    found = session.exec(select(Letter).where(Letter.comment_id == comment_id, told).order_by(col(Letter.id)))
    return tuple(Waiting(one.kind, one.written_at) for one in found)

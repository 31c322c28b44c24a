"""All a packet tells of one contribution, as the site has it now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from moderation import appeals, standing
from moderation.lifecycle import OPEN, Action, Status
from moderation.models.people import Account
from moderation.models.public import Article, Publication, Thread
from moderation.models.queue import Comment, Decision, LogEntry
from moderation.models.together import Voice
from moderation.pages.claimed import Claimed, claimed
from moderation.pages.exchange import Exchange, exchange
from moderation.pages.versions import Text, versions
from moderation.policy import Say


@dataclass(frozen=True)
class Move:
    """A line of the log of decisions."""

    revision: int
    version: int
    action: Action
    before: Status
    after: Status
    # Absent where its author did it, or nobody.
    by: str | None
    at: datetime
    undo_until: datetime
    # The revision of the move it undoes.
    undoes: int | None
    reason: str | None
    note: str
    charter: int | None
    charter_article: str | None
    official: bool

    @property
    def undo(self) -> bool:
        return self.undoes is not None


@dataclass(frozen=True)
class Said:
    """A voice."""

    revision: int
    by: str
    say: Say
    reason: str | None
    note: str
    at: datetime
    ended_at: datetime | None
    ended_by: str | None


@dataclass(frozen=True)
class Appeal:
    revision: int
    words: str
    at: datetime
    # The revisions of the decision it is about and of the one that answers it, if any does.
    against: int
    answer: int | None


@dataclass(frozen=True)
class Publicly:
    """What readers have, or had: the number is its address for ever."""

    number: int
    version: int
    published_at: datetime
    taken_down_at: datetime | None
    corrected_at: datetime | None
    redacted_at: datetime | None
    amended_at: datetime | None


@dataclass(frozen=True)
class Opening:
    """What shows that a line of the public log is about a text; without salt once that is erased."""

    seq: int
    revision: int
    version: int
    salt: str


@dataclass(frozen=True)
class Contribution:
    id: str
    status: Status
    revision: int
    submitted_at: datetime
    parent: str | None
    # The public one it would take the place of, or have taken back.
    amends: str | None
    retracts: bool
    # What else than a contribution it is, and says beside its text.
    claim: Claimed | None
    official: bool
    section: str
    article: str
    article_title: str
    texts: tuple[Text, ...]
    decisions: tuple[Move, ...]
    voices: tuple[Said, ...]
    questions: tuple[Exchange, ...]
    appeals: tuple[Appeal, ...]
    publication: Publicly | None
    # What the public log calls it.
    subject: str | None
    openings: tuple[Opening, ...]

    @property
    def charters(self) -> list[int]:
        """The versions its decisions cite."""
        return sorted({move.charter for move in self.decisions if move.charter is not None})


def contribution(session: Session, comment_id: str, *, with_address: bool) -> Contribution | None:
    found = session.exec(
        select(Comment, Article)
        .join(Thread, col(Thread.id) == Comment.thread_id)
        .join(Article)
        .where(Comment.id == comment_id)
    ).first()
    if found is None:
        return None
    comment, article = found
    entries = _entries(session, comment_id)
    return Contribution(
        id=comment.id,
        status=comment.status,
        revision=comment.revision,
        submitted_at=comment.submitted_at,
        parent=comment.parent_id,
        amends=comment.amends,
        retracts=comment.retracts,
        claim=claimed(session, comment),
        official=comment.official,
        section=comment.section,
        article=article.slug,
        article_title=article.title,
        texts=versions(session, comment, with_address=with_address),
        decisions=_moves(session, comment),
        voices=_voices(session, comment_id),
        questions=exchange(session, comment_id),
        appeals=_appeals(session, comment_id),
        publication=_publication(session, comment_id),
        subject=entries[0][0].subject if entries else None,
        openings=tuple(Opening(one.seq, revision, one.version, one.salt) for one, revision in entries),
    )


def _moves(session: Session, comment: Comment) -> tuple[Move, ...]:
    undone = aliased(Decision)
    rows = session.exec(
        select(Decision, Account.name, undone.revision)
        .join(Account, col(Account.id) == Decision.account_id, isouter=True)
        .join(undone, col(undone.id) == Decision.undoes, isouter=True)
        .where(Decision.comment_id == comment.id)
        .order_by(col(Decision.revision))
    )
    return tuple(
        Move(
            revision=line.revision,
            version=line.version,
            action=line.action,
            before=line.before,
            after=line.after,
            by=name,
            at=line.at,
            undo_until=line.undo_until,
            undoes=undoes,
            reason=line.reason,
            note=line.note,
            charter=line.charter,
            charter_article=line.charter_article,
            official=comment.official,
        )
        for line, name, undoes in rows
    )


def _voices(session: Session, comment_id: str) -> tuple[Said, ...]:
    lifted = aliased(Account)
    rows = session.exec(
        select(Voice, Account.name, lifted.name)
        .join(Account, col(Account.id) == Voice.account_id)
        .join(lifted, col(lifted.id) == Voice.ended_by, isouter=True)
        .where(Voice.comment_id == comment_id)
        .order_by(col(Voice.id))
    )
    return tuple(
        Said(one.revision, by, one.say, one.reason, one.note, one.at, one.ended_at, ended_by)
        for one, by, ended_by in rows
    )


def _appeals(session: Session, comment_id: str) -> tuple[Appeal, ...]:
    newest_first = standing.lines(session, comment_id)
    found = [
        Appeal(
            revision=line.revision,
            words=line.note,
            at=line.at,
            against=appeals.against(newest_first, line).revision,
            answer=next(
                (newer.revision for newer in newest_first[:place][::-1] if newer.after not in OPEN), None
            ),
        )
        for place, line in enumerate(newest_first)
        if line.action is Action.APPEAL
    ]
    return tuple(found[::-1])


def _publication(session: Session, comment_id: str) -> Publicly | None:
    copy = session.exec(select(Publication).where(Publication.comment_id == comment_id)).first()
    if copy is None:
        return None
    times = (copy.published_at, copy.taken_down_at, copy.corrected_at, copy.redacted_at, copy.amended_at)
    return Publicly(copy.number, copy.version, *times)


def _entries(session: Session, comment_id: str) -> Sequence[tuple[LogEntry, int]]:
    return session.exec(
        select(LogEntry, Decision.revision)
        .join(Decision, col(Decision.id) == LogEntry.decision_id)
        .where(LogEntry.comment_id == comment_id)
        .order_by(col(LogEntry.seq))
    ).all()

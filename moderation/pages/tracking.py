"""What an author sees of their own text: what has taken effect, never what a moderator may still undo."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from markupsafe import Markup
from sqlmodel import Session, col, select

from moderation import (
    appeals,
    charters,
    contesting,
    edits,
    lifecycle,
    markup,
    proposals,
    public_log,
    settling,
    texts,
)
from moderation.answers import LONGEST
from moderation.charter import Cited
from moderation.differences import Change
from moderation.lanes import REPLY_WITHIN, Ground, Lane
from moderation.lifecycle import Action, Status
from moderation.models.public import Article, Publication, Thread
from moderation.models.queue import Comment, Decision
from moderation.pages import changed, permalinks
from moderation.pages.amended import Amended, amended
from moderation.pages.claimed import Claimed, claimed
from moderation.pages.exchange import Exchange
from moderation.pages.exchange import known as exchanged
from moderation.pages.following import Told, told_of_answers
from moderation.public_log import Opening
from moderation.standing import in_effect, text_in_effect


@dataclass(frozen=True)
class Appeal:
    words: str
    at: datetime
    answered: bool
    # Whether who answered it had decided before: somebody is alone there.
    same: bool


@dataclass(frozen=True)
class Proposal:
    """What its author proposed about a public text, where it is followed."""

    code: str
    retracts: bool
    status: Status
    since: datetime
    waits: bool


@dataclass(frozen=True)
class TrackingPage:
    code: str
    # Of what the author may know of: the comment’s own counts what was undone, too.
    revision: int
    status: Status
    # By which decision, if any.
    decided: int | None
    since: datetime
    reason: str | None
    cites: Cited | None
    note: str
    submitted_at: datetime
    author: str
    html: Markup
    parent_id: str | None
    article_slug: str
    article_title: str
    number: int | None
    was_public: bool
    may_edit: bool
    place: str
    # What the moderation did to it, and how it differs from what its author wrote, while that is kept.
    corrected_at: datetime | None
    redacted_at: datetime | None
    changes: tuple[Change, ...]
    # When its author last wrote it anew.
    edited_at: datetime | None
    # Questions to its author, and what came of them.
    exchange: tuple[Exchange, ...]
    # By which the one that waits for an answer was put, if any does.
    asking: int | None
    # Till when they may contest what was decided; None where they may not.
    appealable: datetime | None
    # That they contest it, and what came of it: an answer confirms what was decided, or publishes.
    appeal: Appeal | None
    # Which lines of the public log are about it, and what proves it.
    openings: tuple[Opening, ...]
    # As they were typed, for its author to go on from.
    source: str
    email: str
    # Whether something may be proposed about it, and what was, newest first.
    may_amend: bool
    proposals: tuple[Proposal, ...]
    # What it proposes about which text of theirs, or says about which of somebody, if that is what it is.
    amends: Amended | None
    claim: Claimed | None
    # Whether somebody had given notice of it by when that was decided.
    noticed: bool
    # As what, where it was taken down for being illegal.
    grounds: tuple[Ground, ...]
    amended_at: datetime | None
    # Whether they are told by letter of the answers to it.
    told: Told
    # When its words were, where that was not its author’s own doing.
    erased_at: datetime | None

    longest_answer = LONGEST
    longest_appeal = contesting.LONGEST

    @property
    def waits(self) -> bool:
        return self.status is Status.PENDING

    @property
    def lane(self) -> Lane | None:
        return self.claim.lane if self.claim is not None else None

    @property
    def until(self) -> datetime:
        """By when a right of reply is published or refused."""
        return self.submitted_at + REPLY_WITHIN

    @property
    def contested(self) -> bool:
        """Whether what they say against a decision waits."""
        return self.appeal is not None and not self.appeal.answered

    @property
    def asked(self) -> Exchange | None:
        """The question that waits for its author."""
        return next((one for one in self.exchange if one.decision_id == self.asking), None)

    @property
    def retracted(self) -> bool:
        """Whether it was taken back once it was public."""
        return self.status is Status.WITHDRAWN and self.was_public

    @property
    def may_withdraw(self) -> bool:
        return (self.status, Action.WITHDRAW) in lifecycle.MOVES and self.erased_at is None

    @property
    def undecided(self) -> bool:
        return self.status in lifecycle.OPEN


def tracking(
    session: Session, code: str, now: datetime, within: timedelta = appeals.WITHIN
) -> TrackingPage | None:
    found = _found(session, code)
    return _page(session, code, *found, now, within) if found is not None else None


def _page(
    session: Session, code: str, comment: Comment, article: Article, now: datetime, within: timedelta
) -> TrackingPage:
    known = in_effect(session, comment.id, now)
    last = _last(known)
    text = texts.numbered(session, comment.id, text_in_effect(session, comment, now))
    copy = session.exec(select(Publication).where(Publication.comment_id == comment.id)).first()
    status = _told(last.after if last else Status.PENDING, copy)
    return TrackingPage(
        code=code,
        revision=len(known) + 1,
        status=status,
        decided=last.id if last else None,
        since=last.at if last else comment.submitted_at,
        reason=last.reason if last else None,
        cites=charters.named(last) if last else None,
        note=last.note if last else "",
        submitted_at=comment.submitted_at,
        author=text.author,
        html=markup.trusted(text.html),
        parent_id=comment.parent_id,
        article_slug=article.slug,
        article_title=article.title,
        was_public=copy is not None,
        may_edit=_may_edit(session, comment, status),
        number=copy.number if copy is not None and copy.taken_down_at is None else None,
        place=permalinks.place(session, comment.id),
        exchange=exchanged(session, comment.id, known),
        asking=known[0].id if status is Status.ASKED else None,
        corrected_at=text.corrected_at,
        redacted_at=text.redacted_at,
        changes=changed.changes(session, text),
        edited_at=next((line.at for line in known if line.action is Action.EDIT), None),
        appealable=_appealable(known, now, within) if comment.erased_at is None else None,
        appeal=_appeal(session, known),
        openings=tuple(public_log.openings(session, comment.id)),
        source=text.source,
        email=text.email,
        may_amend=status is Status.PUBLISHED and proposals.is_open(session, comment, now),
        proposals=tuple(_proposal(session, one, now) for one in proposals.about(session, comment.id)),
        amends=amended(session, comment, text),
        claim=claimed(session, comment),
        noticed=last is not None and settling.was_noticed(session, last),
        grounds=settling.grounds(session, last),
        amended_at=text.amended_at,
        told=told_of_answers(session, comment.id),
        erased_at=comment.erased_at,
    )


def _may_edit(session: Session, comment: Comment, status: Status) -> bool:
    theirs = (status, Action.EDIT) in lifecycle.MOVES and comment.lane is not Lane.NOTICE
    return theirs and edits.is_open(session, comment.id)


def _found(session: Session, code: str) -> tuple[Comment, Article] | None:
    under = select(Comment, Article).join(Thread, col(Thread.id) == Comment.thread_id).join(Article)
    return session.exec(under.where(Comment.tracking == code)).first()


def _proposal(session: Session, comment: Comment, now: datetime) -> Proposal:
    known = in_effect(session, comment.id, now)
    return Proposal(
        comment.tracking or "",
        comment.retracts,
        known[0].after if known else Status.PENDING,
        known[0].at if known else comment.submitted_at,
        proposals.waits(session, comment, now),
    )


def _appealable(known: list[Decision], now: datetime, within: timedelta) -> datetime | None:
    until = appeals.until(known, within)
    return until if until is not None and now < until else None


def _appeal(session: Session, known: list[Decision]) -> Appeal | None:
    waits = appeals.waiting(known)
    appeal = waits or appeals.answered(known)
    if appeal is None:
        return None
    answer = next(line for line in known if line.before is not line.after)
    same = waits is None and answer.account_id in appeals.judges(session, known, appeal)
    return Appeal(appeal.note, appeal.at, answered=waits is None, same=same)


def _last(known: list[Decision]) -> Decision | None:
    """The one its status comes from.

    A text that was only rewritten stands where it stood, unless what had moved it was not in effect by then.
    """
    status = known[0].after if known else None
    rewritten = list(takewhile(lambda line: line.before is line.after is status, known))
    moved = next(iter(known[len(rewritten) :]), None)
    if moved is not None and moved.after is status:
        return moved
    return rewritten[-1] if rewritten and status is Status.PUBLISHED else None


def _told(status: Status, copy: Publication | None) -> Status:
    """What was published and taken down again before anybody could read it was refused, for its author."""
    return Status.REFUSED if status is Status.UNPUBLISHED and copy is None else status

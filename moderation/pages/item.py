"""One contribution with what is needed to decide about it."""

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlmodel import Session, col, select

from moderation import amendments, appeals, deciders, lifecycle, markup, settling, standing, texts
from moderation.accounts import Person
from moderation.differences import Change
from moderation.lanes import Lane
from moderation.lifecycle import Action
from moderation.models.public import Article, Publication
from moderation.models.queue import Comment, Decision
from moderation.pages import changed, permalinks
from moderation.pages.amended import Amended, amended
from moderation.pages.cards import Card, cards, visible_to
from moderation.pages.changed import Edited
from moderation.pages.exchange import Exchange, exchange
from moderation.pages.forums import Forum, forum
from moderation.pages.judging import Judging, judging
from moderation.pages.kin import Kin, kin
from moderation.pages.log import Line, answered_alone, lines
from moderation.pages.packets import Known, made


@dataclass(frozen=True)
class Parent:
    """What a contribution answers, as readers have it; empty where it was taken down since."""

    author: str
    html: Markup
    place: str


@dataclass(frozen=True)
class Appeal:
    words: str
    at: datetime
    # Whether nobody but who decided can read it.
    alone: bool


@dataclass(frozen=True)
class Item:
    card: Card
    number: int | None
    place: str
    lead: str
    parent: Parent | None
    actions: tuple[Action, ...]
    needs_reason: tuple[Action, ...]
    history: tuple[Line, ...]
    # Which of it answers an appeal against a decision of the same person.
    alone: frozenset[int]
    exchange: tuple[Exchange, ...]
    forum: Forum | None
    kin: Kin | None
    judging: Judging
    # Whether its text may be corrected now, and what was until now.
    rewritable: bool
    corrected_at: datetime | None
    redacted_at: datetime | None
    changes: tuple[Change, ...]
    # What its author wrote anew last, if anything.
    edited: Edited | None
    # What its author says against what was decided, if that waits for an answer.
    appeal: Appeal | None
    # What its author would have it take the place of.
    amends: Amended | None
    # Notices of it that wait for an answer.
    notices: tuple[Card, ...]
    amended_at: datetime | None
    # Sealed packets that were made of it.
    packets: tuple[Known, ...]

    @property
    def takes_down(self) -> bool:
        """Whether it is decided by taking down what it is about."""
        about = self.card.lane is Lane.NOTICE and self.card.status in lifecycle.OPEN
        return about and self.amends is not None and self.amends.is_public


def item(session: Session, person: Person, comment_id: str, *, site_name: str = "") -> Item | None:
    """None where there is no such contribution, or not for this person."""
    found = session.exec(visible_to(person).where(Comment.id == comment_id)).first()
    if found is None:
        return None
    (card,) = cards(session, [comment_id])
    number = session.exec(
        select(Publication.number).where(
            Publication.comment_id == comment_id, col(Publication.taken_down_at).is_(None)
        )
    ).first()
    text = texts.newest(session, found)
    actions = tuple(
        action
        for action in lifecycle.actions_from(card.status)
        # A question nobody would read; an appeal nobody would answer.
        if not (action is Action.ASK and found.tracking is None)
        and amendments.allows(session, found, action)
        and not (action is Action.SPAM and not appeals.takes_spam(session, found))
    )
    history = lines(session, person, col(Decision.comment_id) == comment_id)
    return Item(
        card=card,
        number=number,
        place=permalinks.place(session, comment_id),
        lead=session.exec(select(Article.lead).where(Article.slug == card.article_slug)).one(),
        parent=_parent(session, card.parent) if card.parent is not None else None,
        actions=actions,
        needs_reason=tuple(
            action for action in actions if action in lifecycle.NEEDS_REASON and card.lane is not Lane.NOTICE
        ),
        history=history,
        alone=answered_alone(session, history),
        exchange=exchange(session, comment_id),
        forum=forum(session, person, card.article_slug),
        kin=kin(session, person, card, found.kin),
        judging=judging(session, person, card, site_name),
        rewritable=amendments.may_be_rewritten(found),
        corrected_at=text.corrected_at,
        redacted_at=text.redacted_at,
        changes=changed.changes(session, text),
        edited=None if card.official else changed.edited(session, comment_id),
        appeal=_appeal(session, person, found) if found.appealed else None,
        amends=amended(session, found, text),
        notices=_notices(session, comment_id),
        amended_at=text.amended_at,
        packets=made(session, comment_id),
    )


def _notices(session: Session, comment_id: str) -> tuple[Card, ...]:
    waiting = session.exec(settling.about(comment_id, *lifecycle.OPEN))
    return cards(session, [notice.id for notice in waiting])


def _appeal(session: Session, person: Person, comment: Comment) -> Appeal | None:
    appeal = appeals.waiting(standing.lines(session, comment.id))
    if appeal is None:
        return None
    judges = appeals.decided_by(session, comment)
    alone = person.id in judges and person.id in deciders.able(session, comment)
    return Appeal(appeal.note, appeal.at, alone=alone)


def is_visible(session: Session, person: Person, comment_id: str) -> bool:
    return session.exec(visible_to(person).where(Comment.id == comment_id)).first() is not None


def _parent(session: Session, comment_id: str) -> Parent | None:
    copy = session.exec(select(Publication).where(Publication.comment_id == comment_id)).first()
    if copy is None:
        return None
    return Parent(copy.author, markup.trusted(copy.html), permalinks.place(session, comment_id))

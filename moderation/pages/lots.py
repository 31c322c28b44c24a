"""Several contributions at once: those picked, those that have something in common, what became of a lot."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from moderation import bulk, deciders, lifecycle, replies
from moderation.accounts import Person
from moderation.appeals import Unanswered
from moderation.bulk import MOST, Seen
from moderation.deciders import MayNotDecide, Why
from moderation.lanes import Lane
from moderation.lifecycle import Action, Status
from moderation.models.queue import Comment, Decision
from moderation.pages import kin, log, queue
from moderation.pages.cards import Card, cards, in_scope, visible_to
from moderation.pages.filters import Filter
from moderation.pages.log import Line
from moderation.pages.narrowing import narrowed
from moderation.pages.queue import Count

# How an address marks why nothing was done.
NOT_THEIRS, UNANSWERED = ":", "~"


@dataclass(frozen=True)
class Selection:
    """What somebody picked: each by its name and the revision they saw, « id:revision »."""

    words: tuple[str, ...] = ()
    # Every one that is shown, besides; of those alike, every one whose text is the one shown whole.
    every: bool = False
    same: bool = False

    def has(self, card: Card) -> bool:
        return self.every or card.seen in self.words

    def elsewhere(self, shown: Sequence[Card]) -> tuple[str, ...]:
        """Those picked that are not shown: a form has to carry them."""
        here = {card.id for card in shown}
        return tuple(word for word in self.words if word.partition(":")[0] not in here)

    def number(self, shown: Sequence[Card]) -> int:
        return len(self.elsewhere(shown)) + sum(map(self.has, shown))


@dataclass(frozen=True)
class Common:
    """What contributions have in common."""

    author: str = ""
    email: str = ""
    host: str = ""
    kin: str = ""
    # Of what is alike, the one with whose text the others are compared.
    like: str = ""
    # The text they are notices of.
    about: str = ""

    @property
    def fields(self) -> dict[str, str]:
        return {name: value for name, value in vars(self).items() if value}

    @property
    def address(self) -> str:
        return f"/desk/bulk?{urlencode(self.fields)}"


@dataclass(frozen=True)
class Lot:
    """What was done in one go."""

    name: str
    action: Action
    undo: bool
    number: int
    undo_until: datetime
    # Whether it is one contribution, with the moderation’s answer to it.
    answered: bool


@dataclass(frozen=True)
class Left:
    """One to which nothing was done: as it is now, who moved it last, and whose it is not to decide about."""

    card: Card
    last: Line | None
    # Why it is not theirs to decide about, where that is so.
    why: Why | None = None
    # Whether an answer in words was missing.
    unanswered: bool = False


@dataclass(frozen=True)
class BulkPage:
    filter: Filter
    common: Common
    cards: tuple[Card, ...]
    # Whether there are more than may be decided in one go.
    more: bool
    waiting: Count
    left: tuple[Left, ...]
    actions: tuple[Action, ...]
    # Of those alike, the text that is shown whole; empty where they have something else in common.
    text: str = ""

    @property
    def whole(self) -> Card | None:
        return next((card for card in self.cards if self.text and card.html == self.text), None)

    def picked(self, selection: Selection) -> Selection:
        """With those whose text is the one shown whole, if they are asked for."""
        if not selection.same:
            return selection
        same = (card.seen for card in self.cards if self.text and card.html == self.text)
        return Selection(tuple(dict.fromkeys([*selection.words, *same])), every=selection.every)

    @property
    def count(self) -> Count:
        return Count(len(self.cards))

    @property
    def needs_reason(self) -> frozenset[Action]:
        return frozenset() if _are_notices(self.cards) else lifecycle.NEEDS_REASON

    @property
    def needs_words(self) -> frozenset[Action]:
        """What is answered in words and by no code."""
        return frozenset({Action.REFUSE}) if _are_notices(self.cards) else frozenset()


def _are_notices(found: Sequence[Card]) -> bool:
    return bool(found) and all(card.lane is Lane.NOTICE for card in found)


def lot(session: Session, person: Person, name: str | None) -> Lot | None:
    """Counted as far as this person may see."""
    if name is None:
        return None
    found = session.exec(
        select(
            func.count(), func.min(Decision.action), func.min(Decision.undoes), func.min(Decision.undo_until)
        )
        .join(Comment)
        .where(Decision.lot == name, *in_scope(person, col(Comment.section)))
    ).one()
    number, action, undoes, until = found
    if not number:
        return None
    answered = replies.of(session, name) is not None
    return Lot(name, Action(action), undoes is not None, number, until, answered)


def words(left: Sequence[bulk.Left]) -> list[str]:
    """As an address carries them: each by its name, marked where more is known than that it has moved."""
    return [one.comment_id + _mark(one.why) for one in left]


def _mark(why: bulk.Why) -> str:
    match why:
        case MayNotDecide():
            return NOT_THEIRS
        case Unanswered():
            return UNANSWERED
        case _:
            return ""


def left(session: Session, person: Person, words: Sequence[str]) -> tuple[Left, ...]:
    """In the order asked for; what is not there, or not for this person, is passed over."""
    marked = {word.rstrip(NOT_THEIRS + UNANSWERED): word for word in words[:MOST]}
    found = _shown(session, visible_to(person).where(col(Comment.id).in_(marked)), list(marked))
    moved = log.lines(
        session,
        person,
        col(Decision.comment_id).in_([card.id for card in found]),
        col(Decision.revision) == col(Comment.revision),
    )
    last = {line.comment_id: line for line in moved}
    return tuple(_left(session, person, card, last.get(card.id), marked[card.id]) for card in found)


def _left(session: Session, person: Person, card: Card, last: Line | None, word: str) -> Left:
    if word.endswith(UNANSWERED):
        return Left(card, last, unanswered=card.status in lifecycle.OPEN)
    if not word.endswith(NOT_THEIRS):
        return Left(card, last)
    try:
        deciders.check(session, session.get_one(Comment, card.id), person.id)
    except MayNotDecide as refused:
        return Left(card, last, refused.why)
    return Left(card, last)


def gathered(session: Session, person: Person, which: Filter, common: Common) -> BulkPage:
    """Those that wait and have that in common, oldest first."""
    alike = Filter(author=common.author, email=common.email, host=common.host)
    mine = _alike(person, common)
    ids = list(session.execute(narrowed(session, mine, alike).ids(MOST + 1)).scalars())
    found = cards(session, ids[:MOST])
    page = _page(session, person, which, common, found, more=len(ids) > MOST)
    if not common.kin or not found:
        return page
    seen = _shown(session, visible_to(person).where(Comment.id == common.like), [common.like])
    return replace(page, text=str((seen or found)[0].html))


def _alike(person: Person, common: Common) -> SelectOfScalar[Comment]:
    if common.kin:
        return kin.waiting(person, common.kin)
    if common.about:
        return visible_to(person).where(Comment.amends == common.about, Comment.lane == Lane.NOTICE)
    return visible_to(person)


def picked(
    session: Session, person: Person, which: Filter, selection: Sequence[Seen], not_done: Sequence[str] = ()
) -> BulkPage:
    """Those of a selection, as they are now."""
    ids = [one.comment_id for one in selection][:MOST]
    found = _shown(session, visible_to(person).where(col(Comment.id).in_(ids)), ids)
    return _page(session, person, which, Common(), found, left=left(session, person, not_done))


def _page(
    session: Session,
    person: Person,
    which: Filter,
    common: Common,
    found: tuple[Card, ...],
    *,
    more: bool = False,
    left: tuple[Left, ...] = (),
) -> BulkPage:
    statuses = {card.status for card in found} or {Status.PENDING}
    offered = {action for status in statuses for action in lifecycle.several_from(status)}
    if _are_notices(found):  # they are granted by taking down what they are about
        offered.discard(Action.PUBLISH)
    return BulkPage(
        filter=which,
        common=common,
        cards=found,
        more=more,
        waiting=queue.count(session, person, Filter()),
        left=left,
        actions=tuple(action for action in Action if action in offered),
    )


def _shown(session: Session, query: SelectOfScalar[Comment], ids: Sequence[str]) -> tuple[Card, ...]:
    seen = set(session.execute(query.with_only_columns(col(Comment.id))).scalars())
    return cards(session, [comment_id for comment_id in ids if comment_id in seen])

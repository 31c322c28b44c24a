"""Lists of contributions: a page of them, how many there are, and those around one."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import not_, or_
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from moderation.accounts import Person
from moderation.database import planning
from moderation.leases import current
from moderation.lifecycle import Status
from moderation.models.queue import Comment
from moderation.models.together import Pass, PutForward, Recusal, Voice
from moderation.pages.cards import Card, cards, visible_to
from moderation.pages.filters import Filter, Place
from moderation.pages.narrowing import Narrowed, narrowed

PER_PAGE = 50
COUNTED = 1000
# How many are listed beside an open one, before it and from it on.
BEFORE, ONWARD = 3, 17
# How many others may be reading before one reads with somebody.
READ_AT_ONCE = 10
# Among how many of those put forward the first that a person has not passed again are looked for.
FORWARD = 100


@dataclass(frozen=True)
class Count:
    number: int

    @property
    def more(self) -> bool:
        """Past a thousand, nobody counts."""
        return self.number > COUNTED


@dataclass(frozen=True)
class Listing:
    """A page of a list; `next` is the cursor of the one after it."""

    cards: tuple[Card, ...]
    next: str | None


@dataclass(frozen=True)
class Surroundings:
    """Those listed around one place, and who stands just before and after it."""

    cards: tuple[Card, ...]
    previous_id: str | None
    next_id: str | None
    # The cursor of the last one shown, where more follow.
    next: str | None


def listing(
    session: Session, person: Person, which: Filter, *, after: str | None, limit: int = PER_PAGE
) -> Listing:
    """By position and not by offset: it does not shift while one works. Raises BadCursor."""
    place = Place.read(after) if after else None
    ids = _read(session, _mine(session, person, which), limit + 1, beyond=place)
    return _page(cards(session, ids[:limit]), more=len(ids) > limit)


def around(session: Session, person: Person, which: Filter, here: Card) -> Surroundings:
    mine = _mine(session, person, which)
    before = _read(session, mine, BEFORE, beyond=here.place, backwards=True)
    after = _read(session, mine, ONWARD, beyond=here.place)
    ids = [*reversed(before), here.id, *after[: ONWARD - 1]]
    listed = _page(cards(session, ids), more=len(after) == ONWARD)
    onward = after[0] if after else next(iter(_read(session, mine, 1, but=here.id)), None)
    return Surroundings(listed.cards, before[0] if before else None, onward, listed.next)


def first(session: Session, person: Person, which: Filter, after: Place | None = None) -> str | None:
    """The first of the list, or the first after a place."""
    return next(iter(_read(session, _mine(session, person, which), 1, beyond=after)), None)


def oldest(session: Session, person: Person) -> datetime | None:
    """Since when the first of what waits does so."""
    waiting = visible_to(person).where(Comment.status == Status.PENDING)
    first_sent = waiting.order_by(col(Comment.submitted_at), col(Comment.id)).limit(1)
    return session.execute(first_sent.with_only_columns(col(Comment.submitted_at))).scalar()


def onward(session: Session, person: Person, which: Filter, comment_id: str, now: datetime) -> str | None:
    """The one after that comment in the list, or else the first of all; what others read comes last."""
    here = session.get_one(Comment, comment_id)
    mine = _mine(session, person, which)
    after = _read(session, mine, READ_AT_ONCE, beyond=Place(here.submitted_at, here.id))
    ids = after or _read(session, mine, READ_AT_ONCE, but=comment_id)
    read = {name for name, lease in current(session, ids, now).items() if lease.account_id != person.id}
    return next((name for name in ids if name not in read), next(iter(ids), None))


def put_forward(session: Session, person: Person, which: Filter) -> list[str]:
    """What everybody had passed once: it stands before the list, and not in its place."""
    if which != Filter(newest=which.newest):
        return []
    # Asked first and by themselves: they are few, and mostly there are none.
    oldest = select(PutForward.comment_id).order_by(col(PutForward.at), col(PutForward.comment_id))
    names = session.exec(oldest.limit(FORWARD)).all()
    if not names:
        return []
    mine = visible_to(person).where(func.lower(Comment.status) == Status.PENDING.value)
    mine = _left(mine.where(col(Comment.id).in_(names)), person, which)
    found = set(session.execute(mine.with_only_columns(col(Comment.id))).scalars())
    return [name for name in names if name in found][:BEFORE]


def count(session: Session, person: Person, which: Filter) -> Count:
    # Of an index alone, as a thousand rows take longer than the whole page; and in its order, as PostgreSQL,
    # left to itself, may read the table from its start instead.
    mine = _mine(session, person, which)
    some = select(func.count()).select_from(mine.ids(COUNTED + 1).subquery())
    with _in_order(session, mine):
        return Count(session.exec(some).one())


def _mine(session: Session, person: Person, which: Filter) -> Narrowed:
    mine = visible_to(person)
    if which.passed is not None and which.status is Status.PENDING:
        mine = _left(mine, person, which)
    return narrowed(session, mine, which)


def _left(query: SelectOfScalar[Comment], person: Person, which: Filter) -> SelectOfScalar[Comment]:
    """Without what the person passed, gave a voice on or stands aside from, or that alone."""
    passes = select(Pass.comment_id).where(Pass.account_id == person.id)
    aside = select(Recusal.comment_id).where(Recusal.account_id == person.id)
    said = select(Voice.comment_id).where(Voice.account_id == person.id, col(Voice.ended_at).is_(None))
    passed = passes.where(Pass.comment_id == Comment.id).exists()
    spoke = said.where(Voice.comment_id == Comment.id, Voice.revision == Comment.revision).exists()
    named = aside.where(Recusal.comment_id == Comment.id).exists()
    if not which.passed:
        return query.where(not_(passed), not_(spoke), not_(named))
    return query.where(col(Comment.id).in_(passes.union_all(said, aside)), or_(passed, spoke, named))


def _read(
    session: Session,
    mine: Narrowed,
    limit: int,
    *,
    beyond: Place | None = None,
    backwards: bool = False,
    but: str = "",
) -> list[str]:
    ids = mine.ids(limit, beyond=beyond, backwards=backwards, but=but)
    with _in_order(session, mine):
        return list(session.execute(ids).scalars())


def _in_order(session: Session, mine: Narrowed) -> AbstractContextManager[None]:
    off = {"enable_sort": "off", "enable_bitmapscan": "off"}
    return planning(session, **off) if mine.walked else nullcontext()


def _page(found: tuple[Card, ...], *, more: bool) -> Listing:
    return Listing(found, found[-1].place.cursor if more else None)

"""Lists of contributions: a page of them, how many there are, and those around one."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select
from sqlmodel import Session, func, select

from moderation.accounts import Person
from moderation.models.queue import Comment
from moderation.pages.cards import Card, cards, visible_to
from moderation.pages.filters import Filter, Place
from moderation.pages.narrowing import Narrowed, narrowed

PER_PAGE = 50
COUNTED = 1000
# How many are listed beside an open one, before it and from it on.
BEFORE, ONWARD = 3, 17


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
    ids = _read(session, _mine(session, person, which).ids(limit + 1, beyond=place))
    return _page(cards(session, ids[:limit]), more=len(ids) > limit)


def around(session: Session, person: Person, which: Filter, here: Card) -> Surroundings:
    mine = _mine(session, person, which)
    before = _read(session, mine.ids(BEFORE, beyond=here.place, backwards=True))
    after = _read(session, mine.ids(ONWARD, beyond=here.place))
    ids = [*reversed(before), here.id, *after[: ONWARD - 1]]
    listed = _page(cards(session, ids), more=len(after) == ONWARD)
    onward = after[0] if after else next(iter(_read(session, mine.ids(1, but=here.id))), None)
    return Surroundings(listed.cards, before[0] if before else None, onward, listed.next)


def first(session: Session, person: Person, which: Filter, after: Place | None = None) -> str | None:
    """The first of the list, or the first after a place."""
    return next(iter(_read(session, _mine(session, person, which).ids(1, beyond=after))), None)


def onward(session: Session, person: Person, which: Filter, comment_id: str) -> str | None:
    """The one that comes after that comment in the list, or else the first of all."""
    here = session.get_one(Comment, comment_id)
    beyond = first(session, person, which, Place(here.submitted_at, here.id))
    return beyond or first(session, person, which)


def count(session: Session, person: Person, which: Filter) -> Count:
    # Of an index alone, as a thousand rows take longer than the whole page; and in its order, as PostgreSQL,
    # left to itself, may read the table from its start instead.
    some = _mine(session, person, which).ids(COUNTED + 1)
    return Count(session.exec(select(func.count()).select_from(some.subquery())).one())


def _mine(session: Session, person: Person, which: Filter) -> Narrowed:
    return narrowed(session, visible_to(person), which)


def _read(session: Session, ids: Select[Any]) -> list[str]:
    return list(session.execute(ids).scalars())


def _page(found: tuple[Card, ...], *, more: bool) -> Listing:
    return Listing(found, found[-1].place.cursor if more else None)

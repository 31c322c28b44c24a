"""The page moderators work on: a list, and one contribution of it open beside it."""

from dataclasses import dataclass

from sqlmodel import Session

from moderation import voices
from moderation.accounts import Person
from moderation.lifecycle import Status
from moderation.pages import queue
from moderation.pages.cards import Card, cards
from moderation.pages.filters import Filter, Place
from moderation.pages.forums import Crowd, Forum, crowd, forum
from moderation.pages.item import Item, item
from moderation.pages.log import Line, line
from moderation.pages.queue import Count, Surroundings
from moderation.settings import ANY_NUMBER, Room
from moderation.voices import Heard

_NOBODY = Surroundings((), None, None, None)


@dataclass(frozen=True)
class Told:
    """What was just done: a decision or its undoing, a forum closed or opened."""

    done: Line | None = None
    moved: Forum | None = None
    heard: Heard | None = None


@dataclass(frozen=True)
class DeskPage:
    filter: Filter
    count: Count
    # What still waits, whatever is listed.
    waiting: Count
    beside: Surroundings
    # What everybody had passed, before all others.
    forward: tuple[Card, ...]
    item: Item | None
    crowd: Crowd
    told: Told

    statuses = tuple(Status)

    @property
    def listed(self) -> tuple[Card, ...]:
        return *self.forward, *(card for card in self.beside.cards if card not in self.forward)


def opened(
    session: Session,
    person: Person,
    which: Filter,
    comment_id: str,
    *,
    told: Told | None = None,
    room: Room = ANY_NUMBER,
) -> DeskPage | None:
    """With that contribution open; None where there is no such one for this person."""
    found = item(session, person, comment_id)
    return None if found is None else _page(session, person, which, found, told or Told(), room)


def first(
    session: Session,
    person: Person,
    which: Filter,
    *,
    after: str | None,
    told: Told | None = None,
    room: Room = ANY_NUMBER,
) -> DeskPage:
    """With the first of the list open, or the first after a place. Raises BadCursor."""
    forward = [] if after else queue.put_forward(session, person, which)
    found = next(iter(forward), None) or queue.first(
        session, person, which, Place.read(after) if after else None
    )
    opens = item(session, person, found) if found is not None else None
    return _page(session, person, which, opens, told or Told(), room)


def told(session: Session, done: int | None, moved: str | None = None, heard: int | None = None) -> Told:
    return Told(
        line(session, done),
        forum(session, moved) if moved else None,
        voices.heard(session, heard) if heard else None,
    )


def _page(
    session: Session, person: Person, which: Filter, opens: Item | None, told: Told, room: Room
) -> DeskPage:
    number = queue.count(session, person, which)
    waiting = number if which == Filter() else queue.count(session, person, Filter())
    return DeskPage(
        filter=which,
        count=number,
        waiting=waiting,
        beside=queue.around(session, person, which, opens.card) if opens is not None else _NOBODY,
        forward=cards(session, queue.put_forward(session, person, which)),
        item=opens,
        crowd=_crowd(session, room, waiting),
        told=told,
    )


def _crowd(session: Session, room: Room, waiting: Count) -> Crowd:
    """Looks only when the count leaves a doubt."""
    least = min((most for most in (room.thread, room.site) if most), default=None)
    doubt = least is not None and (waiting.more or waiting.number >= least)
    return crowd(session, room) if doubt else Crowd()

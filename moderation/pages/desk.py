"""The page moderators work on: a list, and one contribution of it open beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from moderation import accounts, lifecycle, voices, watched
from moderation.accounts import Person
from moderation.lifecycle import Action, Status
from moderation.markup import Watch
from moderation.pages import log, lots, queue
from moderation.pages.cards import Card, cards
from moderation.pages.filters import Filter, Place
from moderation.pages.forums import Crowd, Forum, crowd, forum, sections
from moderation.pages.item import Item, item
from moderation.pages.log import Line
from moderation.pages.lots import Left, Lot, Selection
from moderation.pages.queue import Count, Surroundings
from moderation.settings import ANY_NUMBER, Room
from moderation.voices import Heard
from moderation.words import FINDING

_NOBODY = Surroundings((), None, None, None)


class Beside(StrEnum):
    """What people do about a contribution beside deciding."""

    NOTED = "noted"
    PASSED = "passed"
    TAKEN_UP = "taken_up"
    ASIDE = "aside"
    BACK = "back"
    OBJECTED = "objected"
    TAKEN_BACK = "taken_back"


@dataclass(frozen=True)
class Told:
    """What was just done: a decision or its undoing, a forum closed or opened."""

    done: Line | None = None
    moved: Forum | None = None
    # Voices that moved nothing: the only one, or how many.
    heard: Heard | None = None
    voices: int = 0
    lot: Lot | None = None
    # Those of the lot to which nothing was done.
    left: tuple[Left, ...] = ()
    # What was done beside deciding.
    said: Beside | None = None
    # Where nothing was done just now, what the person did before and may still take back.
    last: Line | None = None
    last_lot: Lot | None = None


@dataclass(frozen=True)
class Options:
    """What a list can be narrowed to: the sections the person sees, who of the team decides, and the rest."""

    sections: tuple[str, ...]
    # Names by account.
    people: Mapping[int, str]
    # The title of the one the list is narrowed to.
    article: str

    findings = tuple(FINDING)
    hours = (24, 48, 168, 720)


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
    # Since when the first waits, of the list that shows all that does.
    oldest: datetime | None
    options: Options
    watch: Watch

    statuses = tuple(Status)
    needs_reason = lifecycle.NEEDS_REASON
    nothing = Selection()
    pending_actions = tuple(lifecycle.several_from(Status.PENDING))

    @property
    def actions(self) -> tuple[Action, ...]:
        """What may be done with those listed."""
        return tuple(lifecycle.several_from(self.filter.status)) if self.filter.status else ()

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
    site_name: str = "",
) -> DeskPage | None:
    """With that contribution open; None where there is no such one for this person."""
    found = item(session, person, comment_id, site_name=site_name)
    return None if found is None else _page(session, person, which, found, told or Told(), room)


def first(
    session: Session,
    person: Person,
    which: Filter,
    *,
    after: str | None,
    told: Told | None = None,
    room: Room = ANY_NUMBER,
    site_name: str = "",
) -> DeskPage:
    """With the first of the list open, or the first after a place. Raises BadCursor."""
    forward = [] if after else queue.put_forward(session, person, which)
    found = next(iter(forward), None) or queue.first(
        session, person, which, Place.read(after) if after else None
    )
    opens = item(session, person, found, site_name=site_name) if found is not None else None
    return _page(session, person, which, opens, told or Told(), room)


def told(
    session: Session,
    person: Person,
    done: int | None,
    moved: str | None = None,
    heard: Sequence[int] = (),
) -> Told:
    alone = voices.heard(session, heard[0], by=person.id) if len(heard) == 1 else None
    return Told(
        done=log.line(session, person, done),
        moved=forum(session, person, moved) if moved else None,
        heard=alone,
        voices=voices.number(session, heard, by=person.id) if len(heard) > 1 else 0,
    )


def before(session: Session, person: Person, now: datetime, undo: timedelta) -> Told:
    """What they may still take back. `undo`: for how long one may at most."""
    last = log.last(session, person, now, undo)
    if last is None or last.lot is None:
        return Told(last=last)
    return Told(last_lot=lots.lot(session, person, last.lot))


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
        crowd=_crowd(session, person, room, waiting) if which.status is Status.PENDING else Crowd(),
        told=told,
        oldest=queue.oldest(session, person) if which == Filter() else None,
        options=_options(session, person, which),
        watch=watched.watch(session, blurred=person.blurs),
    )


def _options(session: Session, person: Person, which: Filter) -> Options:
    article = forum(session, person, which.article) if which.article else None
    return Options(
        sections=sections(session, person),
        people={account.id: account.name for account in accounts.present(session) if account.id is not None},
        article=article.title if article is not None else "",
    )


def _crowd(session: Session, person: Person, room: Room, waiting: Count) -> Crowd:
    """Looks only when the count leaves a doubt."""
    least = min((most for most in (room.thread, room.site) if most), default=None)
    if least is None:
        return Crowd()
    # What waits for its author takes room, too.
    asked = queue.count(session, person, Filter(Status.ASKED)).number
    doubt = waiting.more or waiting.number + asked >= least
    return crowd(session, person, room) if doubt else Crowd()

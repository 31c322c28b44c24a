"""Those that are alike: how many, what became of them, and where each differs from the one that is open."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Subquery, case, union_all
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from moderation import markup
from moderation.accounts import Person
from moderation.differences import Change, differences
from moderation.lifecycle import Status
from moderation.models.queue import Comment, Version
from moderation.pages.cards import Card, cards, visible_to
from moderation.pages.queue import COUNTED, Count

_LINK = re.compile(r'<a [^>]*?href="([^"]*)"[^>]*>.*?</a>', re.DOTALL)
# How many are shown beside the open one.
SHOWN = 8


@dataclass(frozen=True)
class Other:
    card: Card
    # Whether readers would be shown the very same.
    same: bool
    # Nothing where it has the same words.
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Kin:
    """The others of a group; those that wait are shown first."""

    name: str
    waiting: Count
    decided: Mapping[Status, int]
    others: tuple[Other, ...]
    # Whether every one of them, shown or not, is the very same text.
    same: bool

    @property
    def count(self) -> Count:
        return Count(self.waiting.number + sum(self.decided.values()))


def kin(session: Session, person: Person, card: Card, name: str | None) -> Kin | None:
    """None where nothing is like it."""
    if name is None:
        return None
    mine = visible_to(person).where(Comment.kin == name, Comment.id != card.id)
    counted = _counted(session, mine)
    if not counted:
        return None
    waiting = counted.pop(Status.PENDING, 0)
    ids = _first(session, mine, SHOWN)
    text = _plain(card)
    return Kin(
        name=name,
        waiting=Count(waiting),
        decided=counted,
        others=tuple(
            Other(one, one.html == card.html, differences(text, _plain(one))) for one in cards(session, ids)
        ),
        same=_same(session, mine, card),
    )


def _counted(session: Session, mine: SelectOfScalar[Comment]) -> dict[Status, int]:
    some = _some(mine, COUNTED + 1)
    found = session.execute(select(some.c.status, func.count()).group_by(some.c.status))
    return {Status(status): number for status, number in found}


def _first(session: Session, mine: SelectOfScalar[Comment], limit: int) -> list[str]:
    """Those that wait before the others."""
    some = _some(mine, limit)
    waits = case((some.c.status == Status.PENDING, 0), else_=1)
    return list(
        session.execute(select(some.c.id).order_by(waits, some.c.submitted_at).limit(limit)).scalars()
    )


def _some(mine: SelectOfScalar[Comment], of_each: int) -> Subquery:
    """Status by status, along the index: left to choose, PostgreSQL may read the table from its start."""
    parts = [
        mine.where(Comment.status == status)
        .with_only_columns(col(Comment.id), col(Comment.status), col(Comment.submitted_at))
        .order_by(col(Comment.submitted_at), col(Comment.id))
        .limit(of_each)
        .subquery()
        for status in Status
    ]
    return union_all(*(select(part) for part in parts)).subquery()


def _same(session: Session, mine: SelectOfScalar[Comment], card: Card) -> bool:
    some = _some(mine, COUNTED + 1)
    another = (
        select(Version.id)
        .join(Comment, col(Comment.id) == Version.comment_id)
        .join(some, some.c.id == Comment.id)
        .where(Version.number == Comment.version, Version.html != str(card.html))
        .limit(1)
    )
    return session.exec(another).first() is None


def _plain(card: Card) -> str:
    """Its words, and after those of a link where it really leads."""
    return markup.trusted(_LINK.sub(r"\g<0> (\1)", str(card.html))).striptags()


def waiting(person: Person, name: str) -> SelectOfScalar[Comment]:
    return visible_to(person).where(Comment.kin == name, Comment.status == Status.PENDING)

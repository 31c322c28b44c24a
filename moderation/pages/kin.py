"""Those that are alike: how many, what became of them, and where each differs from the one that is open."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session, col
from sqlmodel.sql.expression import SelectOfScalar

from moderation.accounts import Person
from moderation.differences import Change, differences
from moderation.lifecycle import Status
from moderation.models.queue import Comment
from moderation.pages.cards import Card, cards, visible_to
from moderation.pages.queue import COUNTED, Count

# How many are shown beside the open one.
SHOWN = 8
_DECIDED = tuple(status for status in Status if status is not Status.PENDING)


@dataclass(frozen=True)
class Other:
    card: Card
    # Nothing where it says the same.
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Kin:
    """The others of a group; those that wait are shown first."""

    name: str
    waiting: Count
    decided: Mapping[Status, int]
    others: tuple[Other, ...]

    @property
    def count(self) -> Count:
        return Count(self.waiting.number + sum(self.decided.values()))

    @property
    def same(self) -> bool:
        """Whether all that are shown say the same."""
        return not any(other.changes for other in self.others)


def kin(session: Session, person: Person, card: Card, name: str | None) -> Kin | None:
    """None where nothing is like it."""
    if name is None:
        return None
    mine = visible_to(person).where(Comment.kin == name, Comment.id != card.id)
    waiting = _some(session, mine, Status.PENDING)
    decided = _some(session, mine, *_DECIDED)
    if not waiting and not decided:
        return None
    ids = [comment_id for comment_id, _ in [*waiting, *decided][:SHOWN]]
    text = _plain(card)
    return Kin(
        name=name,
        waiting=Count(len(waiting)),
        decided=Counter(status for _, status in decided),
        others=tuple(Other(one, differences(text, _plain(one))) for one in cards(session, ids)),
    )


def _some(session: Session, mine: SelectOfScalar[Comment], *statuses: Status) -> list[tuple[str, Status]]:
    """Along the index, and counted no further than anything else."""
    found = mine.with_only_columns(col(Comment.id), col(Comment.status)).where(
        col(Comment.status).in_(statuses)
    )
    if len(statuses) == 1:
        found = found.order_by(col(Comment.submitted_at), col(Comment.id))
    return [(row[0], row[1]) for row in session.execute(found.limit(COUNTED + 1))]


def _plain(card: Card) -> str:
    return card.html.striptags()


def waiting(person: Person, name: str) -> SelectOfScalar[Comment]:
    return visible_to(person).where(Comment.kin == name, Comment.status == Status.PENDING)

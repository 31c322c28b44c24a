"""Replays the decision log, and compares what is public with what the queue says should be."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy import select as rows_of
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from moderation import lifecycle, publication
from moderation.lanes import Lane
from moderation.lifecycle import Action, Status
from moderation.models.public import Publication, Site, Thread
from moderation.models.queue import Comment, Decision, Effect, EffectKind, Version

BATCH = 2000


@dataclass(frozen=True)
class Move:
    """A line of the log, as far as it says how a comment moved."""

    id: int
    revision: int
    action: Action
    before: Status
    after: Status
    undoes: int | None


def fault(status: Status, revision: int, moves: Iterable[Move]) -> str:
    """What is wrong with a comment’s log, given where the comment stands; empty when all agrees."""
    at, last = Status.PENDING, 1
    seen: dict[int, Move] = {}
    for move in moves:
        if move.revision <= last:
            return f"decision {move.id} has revision {move.revision}, after {last}"
        if move.before is not at:
            return f"decision {move.id} begins at {move.before}, where it was {at}"
        if not _allowed(move, seen):
            return f"decision {move.id} is no move there is: {move.action} to {move.after}"
        at, last = move.after, move.revision
        seen[move.id] = move
    if at is not status:
        return f"it is {status}, and its log says {at}"
    return f"it is at revision {revision}, and its log at {last}" if revision < last else ""


def _allowed(move: Move, seen: dict[int, Move]) -> bool:
    if move.undoes is None:
        return lifecycle.MOVES.get((move.before, move.action)) is move.after
    undone = seen.get(move.undoes)
    if undone is None or undone.undoes is not None or undone.action is Action.WITHDRAW:
        return False
    return (move.action, move.before, move.after) == (undone.action, undone.after, undone.before)


def faults(session: Session) -> Iterator[str]:
    """Each comment whose log does not lead to where it stands; a batch of lines in memory at a time."""
    lines = (
        rows_of(
            col(Comment.id),
            col(Comment.status),
            col(Comment.revision),
            col(Decision.id),
            col(Decision.revision),
            col(Decision.action),
            col(Decision.before),
            col(Decision.after),
            col(Decision.undoes),
        )
        .outerjoin(Decision, col(Decision.comment_id) == Comment.id)
        .order_by(col(Comment.id), col(Decision.revision))
    )
    with session.connection().execute(lines, execution_options={"yield_per": BATCH}) as found:
        for (name, status, revision), group in groupby(found, key=lambda row: (row[0], row[1], row[2])):
            moves = [Move(row[3], *row[4:]) for row in group if row[3] is not None]
            if wrong := fault(status, revision, moves):
                yield f"{name}: {wrong}"


def disagreements(session: Session) -> Iterator[str]:
    """Where the public copies, or what is still to be done, are not what the queue says."""
    for words, query in _differences().items():
        names: list[Any] = list(session.exec(query.limit(3)))
        if names:
            yield f"{words}: {', '.join(map(str, names))}"
    site = session.exec(select(Site.last_number)).first() or 0
    given = session.exec(select(func.max(Publication.number))).one() or 0
    if given > site:
        yield f"the last number given is {given}, and {site} is thought to be"


def _differences() -> dict[str, SelectOfScalar[Any]]:
    waits = select(Effect.id).where(Effect.comment_id == Comment.id, Effect.kind == EffectKind.SYNC).exists()
    ends = select(Effect.id).where(Effect.comment_id == Comment.id, Effect.kind == EffectKind.LAPSE).exists()
    up = col(Publication.taken_down_at).is_(None)
    parent = aliased(Publication)
    answered = select(parent.id).where(
        parent.comment_id == Comment.parent_id, col(parent.taken_down_at).is_(None)
    )
    answers_nothing = and_(
        col(Comment.official).is_(True), col(Comment.parent_id).is_not(None), ~answered.exists()
    )
    copied = select(Comment.id).join(Publication, col(Publication.comment_id) == Comment.id)
    counted = (
        select(func.count()).where(Publication.thread_id == Thread.id, up).correlate(Thread).scalar_subquery()
    )
    return {
        "published, and not to be read": select(Comment.id)
        .outerjoin(Publication, and_(col(Publication.comment_id) == Comment.id, up))
        .where(
            Comment.status == Status.PUBLISHED,
            col(Publication.id).is_(None),
            col(Comment.amends).is_(None),
            ~waits,
            ~answers_nothing,
        ),
        "to be read otherwise than it was approved": copied.join(
            Version, and_(col(Version.comment_id) == Comment.id, col(Version.number) == Comment.version)
        ).where(Comment.status == Status.PUBLISHED, up, ~waits, _otherwise()),
        "to be read, and not published": copied.where(Comment.status != Status.PUBLISHED, up),
        "the moderation’s answer to what is not to be read": copied.where(answers_nothing, up),
        "asked, and waited for without end": select(Comment.id).where(Comment.status == Status.ASKED, ~ends),
        "waited for, and not asked": select(Comment.id).where(Comment.status != Status.ASKED, ends),
        "taken down, and its words are still there": select(Publication.comment_id).where(
            ~up, or_(Publication.html != "", Publication.author != "")
        ),
        "to be read, and of no contribution": select(Publication.comment_id)
        .outerjoin(Comment, col(Publication.comment_id) == Comment.id)
        .where(col(Comment.id).is_(None)),
        "a forum that counts otherwise than it shows": select(Thread.id).where(Thread.count != counted),
    }


def _otherwise() -> ColumnElement[bool]:
    return or_(
        Publication.version != Comment.version,
        *(getattr(Publication, name).is_distinct_from(getattr(Version, name)) for name in publication.SHOWN),
        Publication.official != Comment.official,
        col(Publication.right_of_reply)
        != and_(col(Comment.lane).is_not(None), col(Comment.lane) == Lane.REPLY),
        Publication.thread_id != Comment.thread_id,
        col(Publication.parent_id).is_distinct_from(col(Comment.parent_id)),
    )

"""Many decisions in one go: each by the same rule as alone, all in one transaction, undone together."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session, col, select

from moderation import database, decisions, identifiers, publication, standing
from moderation.deciders import MayNotDecide
from moderation.decisions import NotFound, Stale, TooLate
from moderation.lifecycle import Action, IllegalMove, Status
from moderation.models.public import Thread
from moderation.models.queue import Comment, Decision
from moderation.voices import Heard

# In one go.
MOST = 200
_SEEN = re.compile(r"([0-9a-z]{1,26}):([1-9][0-9]{0,8})", re.ASCII)
Why = NotFound | MayNotDecide | Stale | IllegalMove | TooLate


class Seen(NamedTuple):
    """A contribution, and the revision of it somebody saw."""

    comment_id: str
    revision: int

    @classmethod
    def read(cls, word: str) -> "Seen | None":
        """From « id:revision »."""
        found = _SEEN.fullmatch(word)
        return cls(found[1], int(found[2])) if found else None


@dataclass(frozen=True)
class Left:
    """One to which nothing was done, and why."""

    comment_id: str
    why: Why


@dataclass(frozen=True)
class Outcome:
    lot: str
    done: tuple[Decision, ...]
    left: tuple[Left, ...]
    # Voices that were recorded and moved nothing, as the policy asks for more.
    heard: tuple[Heard, ...] = ()


class TooMany(Exception):
    """More than MOST."""


def decide(
    session: Session,
    selection: Sequence[Seen],
    action: Action,
    *,
    by: int,
    now: datetime,
    undo: timedelta,
    reason: str | None = None,
    note: str = "",
) -> Outcome:
    """Decides each on the revision seen; those that changed since, or cannot be moved so, are left and told.

    So are those about which the person may not decide, and apart from them those that take more voices.

    Raises TooMany, and ReasonNeeded and NoteTooLong as one decision does: then nothing was done.
    """
    if len(selection) > MOST:
        raise TooMany
    lot = identifiers.new_id()
    changed = _changed(session, selection, undo)
    done: list[Decision] = []
    left: list[Left] = []
    heard: list[Heard] = []
    for one in selection:
        if one.comment_id in changed:
            left.append(Left(one.comment_id, changed[one.comment_id]))
            continue
        try:
            made = decisions.speak(
                session,
                one.comment_id,
                action,
                revision=one.revision,
                by=by,
                now=now,
                undo=undo,
                reason=reason,
                note=note,
                lot=lot,
            )
        except (NotFound, MayNotDecide, Stale, IllegalMove) as error:  # before it wrote anything
            left.append(Left(one.comment_id, error))
            continue
        if isinstance(made, Heard):
            heard.append(made)
        else:
            done.append(made)
    return Outcome(lot, tuple(done), tuple(left), tuple(heard))


def undo(session: Session, lot: str, *, by: int, now: datetime) -> Outcome:
    """Undoes those of a lot that still can be, as another lot. Raises NotFound where there is no such lot."""
    made = session.exec(
        select(Decision)
        .where(Decision.lot == lot, col(Decision.undoes).is_(None))
        .order_by(Decision.comment_id)
    ).all()
    if not made:
        raise NotFound
    comments = _in_turn(session, [decision.comment_id for decision in made])
    shown = {decision.comment_id for decision in made if decision.before is Status.PUBLISHED}
    _publicly(session, [one for one in comments if one.id in shown])
    another = identifiers.new_id()
    done: list[Decision] = []
    left: list[Left] = []
    for decision in made:
        line, name = decision.id, decision.comment_id
        assert line is not None
        try:
            with database.whole(session):  # that it was too late may be known once some of it is taken back
                done.append(decisions.undo(session, line, by=by, now=now, lot=another))
        except (NotFound, MayNotDecide, TooLate) as why:
            left.append(Left(name, why))
    return Outcome(another, tuple(done), tuple(left))


def _changed(session: Session, selection: Sequence[Seen], undo: timedelta) -> dict[str, Stale]:
    """Those that changed since they were seen; all of them are locked, and what their moves may touch."""
    seen = {one.comment_id: one.revision for one in selection}
    comments = [one for one in _in_turn(session, seen) if one.id in seen]
    changed = [one for one in comments if one.revision != seen[one.id]]
    moves = [one for one in comments if one.revision == seen[one.id]]
    _publicly(session, [one for one in moves if undo <= timedelta() or one.status is Status.PUBLISHED])
    # All of them asked for at once: of two who decide the same two hundred, one is told two hundred times.
    last = standing.last(session, [one.id for one in changed])
    return {one.id: Stale(one.id, one.status, one.revision, last.get(one.id)) for one in changed}


def _in_turn(session: Session, ids: Collection[str]) -> Sequence[Comment]:
    """With their answers and what they amend, in one order: two lots that share some never both wait.

    Nor for who changes an answer, which has PostgreSQL look whether what it answers is still there.
    """
    amended = select(Comment.amends).where(col(Comment.id).in_(ids), col(Comment.amends).is_not(None))
    names = {*publication.with_answers(session, ids), *session.exec(amended).all()}
    return session.exec(
        select(Comment)
        .where(col(Comment.id).in_(names))
        .order_by(col(Comment.submitted_at), Comment.id)  # what is answered before what answers it
        .with_for_update(key_share=True)
    ).all()


def _publicly(session: Session, comments: Iterable[Comment]) -> None:
    """The threads whose public copies may change, in one order too, and after the comments as ever."""
    threads = {one.thread_id for one in comments}
    if threads:
        session.exec(
            select(Thread)
            .where(col(Thread.id).in_(threads))
            .order_by(col(Thread.id))
            .with_for_update(key_share=True)
        ).all()

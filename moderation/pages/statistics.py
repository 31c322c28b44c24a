"""Figures for the team: what comes in, what is decided, how long it takes. Never by whom."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple, TypeVar

from sqlalchemy import ColumnElement, ScalarSelect, and_, exists, not_, or_, union_all
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, desc, func, select

from moderation import weeks
from moderation.accounts import Person
from moderation.appeals import Outcome
from moderation.lifecycle import BY_AUTHOR, BY_ITSELF, OPEN, REWRITES, Action, Status
from moderation.models.queue import Comment, Decision
from moderation.pages import queue
from moderation.pages.cards import visible_to
from moderation.weeks import Week

WEEKS = 26
# Decisions that are looked at for one page. Where there were more, fewer weeks are told, and those exactly.
LOOKED_AT = 20_000
# What is usual is that of the last so many, of so long; of fewer than a few nobody can say.
LATELY = timedelta(days=60)
ENOUGH, FEW = 500, 20
Of = TypeVar("Of")


@dataclass(frozen=True)
class Wait:
    """How long those first decided in a week had waited: half of them no longer, nine in ten no longer."""

    half: timedelta
    most: timedelta


@dataclass(frozen=True)
class WeekLine:
    week: Week
    arrivals: int
    # None for a week too far back to be looked at.
    decisions: int | None
    # None as well for a week in which nothing was decided for the first time.
    wait: Wait | None


_CAME_OF = {
    None: Outcome.WAITS,
    Status.PUBLISHED: Outcome.CHANGED,
    Status.WITHDRAWN: Outcome.WITHDRAWN,
}


@dataclass(frozen=True)
class Statistics:
    lines: tuple[WeekLine, ...]
    # For how long the oldest that waits has done so; None when nothing waits.
    oldest: timedelta | None
    # Of the decisions of these weeks, the most frequent first; a section may have no name.
    reasons: tuple[tuple[str, int], ...]
    sections: tuple[tuple[str, int], ...]
    # What was contested in these weeks, and what came of it.
    appeals: tuple[tuple[Outcome, int], ...]

    @property
    def told(self) -> tuple[WeekLine, ...]:
        """The weeks whose decisions were looked at."""
        return tuple(line for line in self.lines if line.decisions is not None)


class _Made(NamedTuple):
    """A decision that stands."""

    at: datetime
    reason: str | None
    section: str
    # When its comment had been sent, and whether this is the first decision about it.
    sent: datetime
    first: bool


def statistics(session: Session, person: Person, zone: tzinfo, now: datetime) -> Statistics:
    """Of the last weeks, and of what this person may see. What was undone was never decided."""
    seen = weeks.latest(now, zone, WEEKS)
    arrivals, told = _arrivals(session, person, seen), _told(session, seen)
    made = _decisions(session, person, told)
    of_week = _by_week(made, told)
    return Statistics(
        tuple(_line(week, arrived, of_week.get(week)) for week, arrived in zip(seen, arrivals, strict=True)),
        _oldest(session, person, now),
        _most_frequent(one.reason for one in made if one.reason is not None),
        _most_frequent(one.section for one in made),
        _appeals(session, person, told),
    )


def usual(session: Session, now: datetime) -> Wait | None:
    """How long contributions wait these days, for who waits; None where too few were decided to say.

    Of first decisions alone, and of those that cannot be undone any more.
    """
    rows = session.execute(
        select(col(Decision.at), col(Comment.submitted_at))
        .join(Comment, col(Comment.id) == Decision.comment_id)
        .where(
            col(Decision.at) > now - LATELY,
            col(Decision.undo_until) <= now,
            col(Decision.before).in_(OPEN),
            _is_first(),
            *_stands(Decision),
        )
        .order_by(desc(col(Decision.at)))
        .limit(ENOUGH)
    ).all()
    return _wait([at - sent for at, sent in rows]) if len(rows) >= FEW else None


def _oldest(session: Session, person: Person, now: datetime) -> timedelta | None:
    moment = queue.oldest(session, person)
    return None if moment is None else max(now - moment, timedelta())


def _arrivals(session: Session, person: Person, seen: Sequence[Week]) -> Sequence[int]:
    return session.execute(select(*(_arrived(person, week) for week in seen))).one()


def _arrived(person: Person, week: Week) -> ScalarSelect[int]:
    sent = visible_to(person).where(
        # Of any status: said so that the index that begins with it will do.
        col(Comment.status).in_(list(Status)),
        col(Comment.submitted_at) >= week.begins,
        col(Comment.submitted_at) < week.ends,
    )
    return sent.with_only_columns(func.count()).scalar_subquery()


def _told(session: Session, seen: Sequence[Week]) -> list[Week]:
    """The weeks since which no more decisions were made than are looked at."""
    latest = select(Decision.at).order_by(desc(Decision.at)).limit(LOOKED_AT + 1).subquery()
    number, since = session.execute(select(func.count(), func.min(latest.c.at))).one()
    return [week for week in seen if number <= LOOKED_AT or week.begins > since]


def _decisions(session: Session, person: Person, told: Sequence[Week]) -> list[_Made]:
    if not told:
        return []
    first = and_(col(Decision.before).in_(OPEN), _is_first())
    rows = session.execute(
        visible_to(person)
        .join(Decision, col(Decision.comment_id) == Comment.id)
        .where(col(Decision.at) >= told[0].begins, col(Decision.at) < told[-1].ends, *_stands(Decision))
        .with_only_columns(
            col(Decision.at),
            col(Decision.reason),
            col(Comment.section),
            col(Comment.submitted_at),
            first,
        )
    )
    return [_Made(*row) for row in rows]


def _appeals(session: Session, person: Person, told: Sequence[Week]) -> tuple[tuple[Outcome, int], ...]:
    if not told:
        return ()
    answer, undoing = aliased(Decision), aliased(Decision)
    came = (
        select(answer.after)
        .where(
            col(answer.comment_id) == Decision.comment_id,
            col(answer.revision) > Decision.revision,
            col(answer.undoes).is_(None),
            col(answer.after).not_in(OPEN),
            ~exists().where(col(undoing.undoes) == answer.id),
        )
        .order_by(col(answer.revision))
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        visible_to(person)
        .join(Decision, col(Decision.comment_id) == Comment.id)
        .where(
            col(Decision.at) >= told[0].begins,
            col(Decision.at) < told[-1].ends,
            col(Decision.action) == Action.APPEAL,
        )
        .with_only_columns(came)
    )
    counted = Counter(_CAME_OF.get(after, Outcome.UPHELD) for (after,) in rows)
    return tuple((outcome, counted[outcome]) for outcome in Outcome if counted[outcome])


def _is_first() -> ColumnElement[bool]:
    """Whether a decision is its comment’s first. Mostly it is its first change, and nothing is looked for."""
    other = aliased(Decision)
    earlier = exists().where(
        col(other.comment_id) == Decision.comment_id, col(other.revision) < Decision.revision, *_stands(other)
    )
    return or_(col(Decision.revision) == 2, ~earlier)


def _stands(decision: type[Decision]) -> tuple[ColumnElement[bool], ...]:
    """Whether it is one of the team’s that was not undone. Undoings are few: they are listed once.

    To ask the author decides nothing, nor does what comes of it; what they sent has waited all along.
    """
    line = aliased(Decision)
    undoing, undone = (select(one).where(col(line.undoes).is_not(None)) for one in (line.id, line.undoes))
    ends = and_(col(decision.before) == Status.ASKED, col(decision.after) == Status.PENDING)
    decides_nothing = BY_AUTHOR | BY_ITSELF | REWRITES | {Action.ASK}
    return (
        col(decision.action).not_in(decides_nothing),
        not_(ends),
        col(decision.id).not_in(union_all(undoing, undone)),
    )


def _by_week(made: Iterable[_Made], told: Sequence[Week]) -> dict[Week, list[_Made]]:
    begins = [week.begins for week in told]
    of_week: dict[Week, list[_Made]] = {week: [] for week in told}
    for one in made:
        of_week[told[bisect_right(begins, one.at) - 1]].append(one)
    return of_week


def _line(week: Week, arrived: int, made: Sequence[_Made] | None) -> WeekLine:
    if made is None:
        return WeekLine(week, arrived, None, None)
    return WeekLine(week, arrived, len(made), _wait([one.at - one.sent for one in made if one.first]))


def _wait(waits: Iterable[timedelta]) -> Wait | None:
    """By rank, so that each is a wait there was."""
    ranked = sorted(waits)
    if not ranked:
        return None
    half, most = (-(-len(ranked) * tenths // 10) - 1 for tenths in (5, 9))
    return Wait(ranked[half], ranked[most])


def _most_frequent(found: Iterable[Of]) -> tuple[tuple[Of, int], ...]:
    return tuple(sorted(Counter(found).items(), key=lambda counted: (-counted[1], str(counted[0]))))

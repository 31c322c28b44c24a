"""The figures of a month that is over, counted once from the queue and published without what is too small.

What comes to light later changes none of them: it counts in the month in which it takes effect.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from sqlmodel import Session, col, desc, func, select

from moderation import appeals, database, reasons, sparing, standing
from moderation.appeals import Outcome
from moderation.lanes import Lane
from moderation.lifecycle import BY_AUTHOR, OPEN, Action, Reason, Status
from moderation.models.public import Figure, MonthFigure
from moderation.models.queue import Comment, Decision
from moderation.months import Month

# How long after its end a month is told: what could be undone of it is settled by then, and was written down.
SETTLES = timedelta(days=1)
# No window is as long: whatever takes effect in a month was decided no earlier before it.
WINDOW = timedelta(days=1)
# Rows of one look.
SOME = 1000
HOUR = timedelta(hours=1)
_COUNTED_AS = {
    Action.PUBLISH: Figure.PUBLISHED,
    Action.REFUSE: Figure.RESTRICTED,
    Action.UNPUBLISH: Figure.RESTRICTED,
    Action.SPAM: Figure.SPAM,
    Action.WITHDRAW: Figure.WITHDRAWN,
    Action.RETRACT: Figure.WITHDRAWN,
    Action.APPEAL: Figure.APPEALED,
}

RESTRICTIONS = frozenset({Figure.RESTRICTED, Figure.NOTIFIED})

# Neither answers of the moderation, nor what authors, or others, ask about a text that is counted.
_CONTRIBUTIONS = (
    col(Comment.official).is_(False),
    col(Comment.amends).is_(None),
    col(Comment.lane).is_(None),
)


@dataclass
class Tally:
    """Everything there was, which nobody is shown."""

    received: int = 0
    wholes: Counter[Figure] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    # Of what was taken down after a notice.
    notified: Counter[str] = field(default_factory=Counter)
    appealed: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    # Of those first decided, how long each had waited.
    waits: list[timedelta] = field(default_factory=list)


def owed(session: Session, now: datetime) -> Month | None:
    """The first month that is over and not told yet."""
    last = session.exec(select(func.max(MonthFigure.month))).one()
    month = Month.read(last).next if last is not None else _first(session)
    return month if month is not None and month.ends + SETTLES <= now else None


def _first(session: Session) -> Month | None:
    """In which something was sent. By status, so that the index that begins with it will do."""
    earliest = (
        select(func.min(Comment.submitted_at)).where(Comment.status == status).scalar_subquery()
        for status in Status
    )
    sent = [moment for moment in session.execute(select(*earliest)).one() if moment is not None]
    return Month.of(min(sent)) if sent else None


def publish(session: Session, month: Month, counted: Tally) -> int:
    """Once; how many months that was. Another process may have counted it too."""
    database.in_turn(session, "months")
    if session.exec(select(MonthFigure.month).where(MonthFigure.month == month.name).limit(1)).first():
        return 0
    session.add_all(_rows(session, month, counted))
    session.flush()
    return 1


def _rows(session: Session, month: Month, counted: Tally) -> Iterator[MonthFigure]:
    wholes = {Figure.RECEIVED: counted.received} | {one: counted.wholes[one] for one in _COUNTED_AS.values()}
    wholes |= {Figure.NOTIFIED: counted.wholes[Figure.NOTIFIED], Figure.ANSWERED: counted.answered.total()}
    for figure, count in wholes.items():
        yield MonthFigure(month=month.name, figure=figure, count=sparing.told(count))
    yield MonthFigure(month=month.name, figure=Figure.WAIT, count=_median(counted.waits))
    categories = {one.code: one.category for one in reasons.listed(session)}
    for figure, parts in (
        (Figure.RESTRICTED, counted.reasons),
        (Figure.NOTIFIED, counted.notified),
        (Figure.APPEALED, counted.appealed),
        (Figure.ANSWERED, counted.answered),
    ):
        for part, count in sparing.parts(parts).items():
            category = categories.get(part, "") if figure in RESTRICTIONS else ""
            yield MonthFigure(month=month.name, figure=figure, part=part, category=category, count=count)


def _median(waits: Sequence[timedelta]) -> int | None:
    """In whole hours, begun ones too; None of too few: it would be how long one of them had waited."""
    if len(waits) < sparing.FEWEST:
        return None
    return max(1, -(-sorted(waits)[(len(waits) - 1) // 2] // HOUR))


def count(session: Session, month: Month, now: datetime) -> Tally:
    """What readers sent in it, and what took effect in it of what was decided about that, and contested."""
    tally = Tally(received=_received(session, month))
    granted = _granted(session, month)
    for sent, lines in _histories(session, month):
        _add(tally, month, sent, standing.stand(lines), now, granted)
    return tally


def _granted(session: Session, month: Month) -> set[tuple[str | None, datetime]]:
    """Texts taken down after a notice, and when: see `settling`."""
    rows = session.exec(
        select(Comment.amends, Decision.at)
        .join(Decision)
        .where(
            Comment.lane == Lane.NOTICE,
            Decision.action == Action.PUBLISH,
            col(Decision.at) >= month.begins - WINDOW,
            col(Decision.at) < month.ends,
        )
    )
    return {(about, at) for about, at in rows}


def _received(session: Session, month: Month) -> int:
    return session.exec(
        select(func.count()).where(
            col(Comment.status).in_(list(Status)),
            col(Comment.submitted_at) >= month.begins,
            col(Comment.submitted_at) < month.ends,
            *_CONTRIBUTIONS,
        )
    ).one()


def _histories(session: Session, month: Month) -> Iterator[tuple[datetime, list[Decision]]]:
    """Of each contribution something was decided about: when it was sent, and its whole log, newest first."""
    touched = select(Decision.comment_id).where(
        col(Decision.at) >= month.begins - WINDOW, col(Decision.at) < month.ends
    )
    rows = session.exec(
        select(Decision, Comment.submitted_at)
        .join(Comment, col(Comment.id) == Decision.comment_id)
        .where(*_CONTRIBUTIONS, col(Decision.comment_id).in_(touched))
        .order_by(col(Decision.comment_id), desc(Decision.revision))
        .execution_options(yield_per=SOME)
    )
    for _, history in groupby(rows, key=lambda row: row[0].comment_id):
        lines = [*history]
        yield lines[0][1], [line for line, _ in lines]


def _add(
    tally: Tally,
    month: Month,
    sent: datetime,
    lines: Sequence[Decision],
    now: datetime,
    granted: Collection[tuple[str | None, datetime]],
) -> None:
    known = standing.effective(lines, now)
    decided = [line for line in known if line.action not in BY_AUTHOR and line.after not in OPEN]
    for line in known:
        if line.undo_until not in month or line.action not in _COUNTED_AS:
            continue
        _count(tally, line, lines, notified=(line.comment_id, line.at) in granted)
        if decided and line is decided[-1]:
            tally.waits.append(line.at - sent)


def _count(tally: Tally, line: Decision, lines: Iterable[Decision], *, notified: bool) -> None:
    """`lines`: those that stand of its comment."""
    since = [one for one in lines if one.revision <= line.revision]
    figure = _COUNTED_AS[line.action]
    if notified and figure is Figure.RESTRICTED:
        figure = Figure.NOTIFIED
    tally.wholes[figure] += 1
    if figure in RESTRICTIONS:
        counted = tally.notified if notified else tally.reasons
        counted[line.reason or Reason.OTHER] += 1
    if figure is Figure.APPEALED:
        tally.appealed[_COUNTED_AS[appeals.against(since, line).action]] += 1
    elif figure is Figure.WITHDRAWN and appeals.waiting(since[1:]) is not None:
        tally.answered[Outcome.WITHDRAWN] += 1
    elif appeals.answered(since) is not None:
        tally.answered[Outcome.CHANGED if line.after is Status.PUBLISHED else Outcome.UPHELD] += 1

"""What is done for each kind of effect whose time has come: one transaction each."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Engine
from sqlmodel import Session, and_, col, select, update

from moderation import (
    amendments,
    answers,
    corrections,
    erased,
    logs,
    metrics,
    public_log,
    publication,
    scrubbing,
    search,
    transparency,
)
from moderation.database import reading, writing
from moderation.models.queue import Effect, EffectKind

# Whether to stop before the next item.
Stopping = Callable[[], bool]


def _moves(
    kind: EffectKind,
    perform: Callable[[Session, datetime], bool],
    engine: Engine,
    now: datetime,
    stopping: Stopping,
) -> int:
    """`perform` does one of the kind; False where there is none to do."""
    done = 0
    while not stopping() and _due(engine, kind, now):
        with writing(engine) as session:
            if not perform(session, now):
                break  # another process has it in hand
        done += 1
        _told(kind)
    return done


def _entered(engine: Engine, now: datetime, stopping: Stopping) -> int:
    """Decisions are told in the public log."""
    done = 0
    while not stopping() and _due(engine, EffectKind.LOG, now):
        with writing(engine) as session:
            some = public_log.perform(session, now)
        if not some:
            break  # another process has them in hand
        done += some
        for _ in range(some):
            _told(EffectKind.LOG)
    return done


def _forgotten(engine: Engine, now: datetime, stopping: Stopping) -> int:
    """Words that were taken out of a text leave the tables once nobody can appeal any more."""
    done = 0
    for decision_id in _due(engine, EffectKind.FORGET, now):
        if stopping():
            break
        with writing(engine) as session:
            mine = corrections.forget(session, decision_id, now)
        if mine:
            done += 1
            _told(EffectKind.FORGET)
    return done


def _erasures(engine: Engine, now: datetime, stopping: Stopping) -> int:
    """The words left the tables with the decision; here they leave the database's files."""
    due = _due(engine, EffectKind.ERASE, now)
    if not due:
        return 0
    # By their decisions: another process may have done them.
    ours = and_(col(Effect.decision_id).in_(due), col(Effect.kind) == EffectKind.ERASE)
    with writing(engine) as session:
        again = now + scrubbing.AGAIN[engine.dialect.name]
        mine = update(Effect).where(ours, col(Effect.due_at) <= now).values(due_at=again)
        if not session.exec(mine).rowcount:
            return 0
    # Of a large index, the rest next time.
    if not search.purge(engine, stopping) or not scrubbing.scrub(engine):
        return 0
    erased.note(engine, [*due])
    with writing(engine) as session:
        done = publication.take(session, ours)
    for _ in range(done):
        _told(EffectKind.ERASE)
    return done


def months(engine: Engine, now: datetime, stopping: Stopping) -> int:
    """Those that are over are counted, one after the other; meanwhile others write."""
    done = 0
    while not stopping():
        with reading(engine) as session:
            month = transparency.owed(session, now)
            if month is None:
                break
            counted = transparency.count(session, month, now)
        with writing(engine) as session:
            done += transparency.publish(session, month, counted)
    return done


EFFECTS: dict[EffectKind, Callable[[Engine, datetime, Stopping], int]] = {
    EffectKind.SYNC: partial(_moves, EffectKind.SYNC, publication.perform),
    EffectKind.AMEND: partial(_moves, EffectKind.AMEND, amendments.perform),
    EffectKind.LAPSE: partial(_moves, EffectKind.LAPSE, answers.lapse),
    EffectKind.LOG: _entered,
    EffectKind.FORGET: _forgotten,
    EffectKind.ERASE: _erasures,
}


def _told(kind: EffectKind) -> None:
    metrics.EFFECTS.labels("done").inc()
    logs.tell("effect done", kind=kind)


def _due(engine: Engine, kind: EffectKind, now: datetime) -> Sequence[int]:
    with reading(engine) as session:
        return session.exec(
            select(Effect.decision_id).where(Effect.kind == kind, Effect.due_at <= now).limit(100)
        ).all()

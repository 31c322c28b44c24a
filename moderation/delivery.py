"""Does what is due: effects whose window has closed, letters to be sent. Run by every server, or by hand."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from prometheus_client import Counter
from sqlalchemy import Engine
from sqlmodel import col, delete, select

from moderation import (
    bulletins,
    following,
    logs,
    mail,
    metrics,
    performing,
    retention,
    transparency,
    witnesses,
)
from moderation.clock import Clock
from moderation.database import clear, reading, writing
from moderation.letters import Post, written
from moderation.mailboxes import NotYet
from moderation.models.queue import Effect, Letter
from moderation.performing import Stopping
from moderation.remembered import Remembered
from moderation.settings import Periods

POLL_SECONDS = 0.25
UNSENT_KEPT = timedelta(days=1)
# How often what was kept long enough is looked for.
SWEEPS = timedelta(hours=6)
# Seconds an item in hand is waited for when the server stops.
GRACE = 5
# Does what there is to do; how much that was.
Work = Callable[[], int]


def deliver(engine: Engine, post: Post | None, now: datetime, periods: Periods) -> int:
    """Everything due, one transaction each; how much was done."""
    swept = retention.sweep(engine, now, periods, _never)
    return swept + effects(engine, now) + letters(engine, post, lambda: now)


def _never() -> bool:
    return False


def _done(work: Work) -> int:
    return work()


def effects(
    engine: Engine, now: datetime, stopping: Stopping = _never, each: Callable[[Work], int] = _done
) -> int:
    """`each` does those of one kind: where failing must not stop the others."""
    with reading(engine) as session:
        due = set(session.exec(select(Effect.kind).where(Effect.due_at <= now)).all())
        month_is_over = transparency.owed(session, now) is not None
    works = [partial(some, engine, now, stopping) for kind, some in performing.EFFECTS.items() if kind in due]
    if month_is_over:
        works.append(partial(performing.months, engine, now, stopping))
    works.append(partial(following.work, engine, now))  # after what it may tell of
    return sum(each(work) for work in works if not stopping())


def letters(engine: Engine, post: Post | None, clock: Clock, stopping: Stopping = _never) -> int:
    """Sends what is due, each letter at least once; how many were sent.

    Without mail they wait for it to be set up, and are thrown away after a day.
    """
    if post is None:
        _throw_away(engine, clock() - UNSENT_KEPT)
        return 0
    _write_bulletins(engine, ZoneInfo(post.settings.timezone), clock(), stopping)
    sent = 0
    # A mail server may take its time, and a letter’s link lasts from when it is sent.
    while not stopping() and (name := _claimed(engine, now := clock())) is not None:
        try:
            with writing(engine) as session:
                message = written(session, post, name, now)
            if message is not None:
                post.send(message)
        except NotYet as early:
            with writing(engine) as session:
                mail.put_by(session, name, early.until)
            continue
        except (mail.NotSent, ValueError) as error:
            _put_off(engine, name, error, clock())
            continue
        with writing(engine) as session:
            following.settle(session, name, clock(), sent=message is not None)
            session.exec(delete(Letter).where(col(Letter.name) == name))
        if message is not None:
            sent += 1
            metrics.LETTERS.labels("sent").inc()
            logs.tell("letter sent")
    return sent


def _write_bulletins(engine: Engine, site: ZoneInfo, now: datetime, stopping: Stopping) -> None:
    with reading(engine) as session:
        owed = bulletins.owed(session, now)
        witnessed = witnesses.owed(session, now)
    if witnessed:
        with writing(engine) as session:
            witnesses.write(session, now)
    for account in owed:
        if stopping():
            break
        with writing(engine) as session:
            bulletins.write(session, account, site, now)


def _throw_away(engine: Engine, before: datetime) -> None:
    old = col(Letter.written_at) < before
    with reading(engine) as session:
        if session.exec(select(Letter.id).where(old).limit(1)).first() is None:
            return
    with writing(engine) as session:
        clear(session, Letter, old)


def _claimed(engine: Engine, now: datetime) -> str | None:
    """The letter that is ours to send, by its name."""
    with reading(engine) as session:
        if not mail.is_due(session, now):
            return None
    with writing(engine) as session:
        letter = mail.claim(session, now)
        return letter.name if letter is not None else None


def _put_off(engine: Engine, name: str, error: Exception, now: datetime) -> None:
    failure = str(error) if isinstance(error, mail.NotSent) else type(error).__name__
    metrics.LETTERS.labels("failed").inc()
    logs.tell("letter not sent", level=logging.WARNING, failure=failure)
    with writing(engine) as session:
        mail.put_off(session, name, failure, now)


class Loop:
    """Delivers until stopped.

    Effects and letters have a thread each: a mail server that does not answer delays no publication.
    """

    def __init__(self, engine: Engine, post: Post | None, clock: Clock, periods: Periods) -> None:
        self._stopped = threading.Event()
        stopping = self._stopped.is_set
        each = partial(self._tried, metrics.EFFECTS)
        swept = Remembered(SWEEPS)
        works: list[tuple[Counter, Work]] = [
            (metrics.EFFECTS, lambda: effects(engine, clock(), stopping, each)),
            (
                metrics.EFFECTS,
                lambda: int(
                    swept.get(now := clock(), lambda: retention.sweep(engine, now, periods, stopping))
                ),
            ),
            (metrics.LETTERS, lambda: letters(engine, post, clock, stopping)),
        ]
        self._threads = [
            threading.Thread(target=self._repeat, args=work, name="delivery", daemon=True) for work in works
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    @property
    def lives(self) -> bool:
        return all(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        """Between two items; one that takes too long is rolled back, or tried again by the next server."""
        self._stopped.set()
        latest = time.monotonic() + GRACE
        for thread in self._threads:
            thread.join(max(0.0, latest - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            logs.tell("delivery was cut short", level=logging.WARNING)

    def _repeat(self, outcomes: Counter, work: Work) -> None:
        while not self._stopped.wait(POLL_SECONDS):
            self._tried(outcomes, work)

    def _tried(self, outcomes: Counter, work: Work) -> int:
        try:
            return work()
        except Exception as error:  # noqa: BLE001
            # Whatever it was, neither what is due later nor what is of another kind waits for a new start.
            outcomes.labels("failed").inc()
            logs.failed("delivery will be tried again", error)
            self._stopped.wait(POLL_SECONDS * 8)
            return 0

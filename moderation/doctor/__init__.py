"""Looks at an installation from every side: what is wrong, and what to do about it. Changes nothing."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy.exc import DBAPIError

from moderation import database
from moderation.clock import Clock
from moderation.database import NotDurable
from moderation.doctor import around, kept, stored
from moderation.doctor.finding import Finding, failure
from moderation.settings import Settings

# Whoever is asked over a network answers in this many seconds, or is taken not to.
ANSWERS = 10
# A large database is read from end to end.
READS = 1800


@dataclass
class _Bounded:
    """One look, given up when it takes too long: its thread ends with the program at the latest."""

    name: str
    look: Callable[[], list[Finding]]
    seconds: float
    found: list[Finding] = field(default_factory=list)

    def run(self) -> list[Finding]:
        thread = threading.Thread(target=self._look, name=self.name, daemon=True)
        thread.start()
        thread.join(self.seconds)
        if thread.is_alive():
            return [failure(self.name, f"no answer within {self.seconds:g} s")]
        return self.found or [failure(self.name, "could not be looked at")]

    def _look(self) -> None:
        try:
            self.found = self.look()
        except DBAPIError as error:
            self.found = [failure(self.name, str(error.orig).partition("\n")[0])]
        except (OSError, sqlite3.Error, NotDurable) as error:
            self.found = [failure(self.name, f"{type(error).__name__}: {error}")]


def examine(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """One finding at least for each thing looked at, as soon as it is known."""
    for name, look in around.LOOKS.items():
        yield from _Bounded(name, partial(look, settings), ANSWERS).run()
    with ExitStack() as opened:
        engine = database.connect(settings.database_url)
        opened.callback(engine.dispose)
        for name, ask in (("database", stored.answers), ("schema", stored.schema)):
            found = _Bounded(name, partial(ask, engine), ANSWERS).run()
            yield from found
            if any(finding.fails for finding in found):
                return
        for name, read in stored.LOOKS.items():
            yield from _Bounded(name, partial(read, engine, clock()), READS).run()
        overdue = partial(kept.too_long, engine, clock(), settings.periods)
        yield from _Bounded("retention", overdue, READS).run()
        if settings.public_database_url:
            public = database.connect(settings.public_database_url)
            opened.callback(public.dispose)
            yield from _Bounded("public database", partial(stored.public, public), ANSWERS).run()


def restored(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """What is wrong with what is, or will be, public: a restore puts in whatever the file holds."""
    engine = database.connect(settings.database_url)
    try:
        for name in ("log", "public log", "publications"):
            look = partial(stored.LOOKS[name], engine, clock())
            yield from (finding for finding in _Bounded(name, look, READS).run() if finding.fails)
    finally:
        engine.dispose()

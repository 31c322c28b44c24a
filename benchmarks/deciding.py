"""Moderators: the queue, one contribution, deciding and what follows, as a site grows."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median

from sqlalchemy import Engine

from benchmarks import client, data, servers
from benchmarks.client import Connection
from benchmarks.figures import Bar, Row, Sample
from benchmarks.scale import Scale
from benchmarks.stores import Store
from moderation import database, publication
from moderation.database import writing

# Decisions that are not counted.
WARM_UP = 3
AS_SMALL = Bar(1.3, at_least=False)
# Longer than any run: what follows a decision is measured by itself.
UNDO_SECONDS = 3600
WHAT = ("queue page", "contribution page", "decision", "what follows a decision")


@dataclass
class Desk:
    """A moderator’s browser on a site of one size, and the seconds everything took there."""

    browser: Connection
    engine: Engine
    cookie: str
    waiting: list[str]
    took: dict[str, list[float]] = field(default_factory=lambda: {what: [] for what in WHAT})

    async def decide(self) -> None:
        comment = self.waiting.pop(0)
        page, place = "/desk", f"/desk/comments/{comment}"
        await self._timed("queue page", client.get(page, Cookie=self.cookie), 200)
        await self._timed("contribution page", client.get(place, Cookie=self.cookie), 200)
        press = client.post(f"{place}/publish", {"revision": "1"}, Cookie=self.cookie)
        await self._timed("decision", press, 303)

    async def _timed(self, what: str, question: bytes, status: int) -> None:
        self.took[what].append(await self.browser.timed(question, status))

    def follow(self) -> None:
        """One effect, as every server’s loop does it."""
        later = datetime.now(UTC) + timedelta(seconds=UNDO_SECONDS)
        start = time.perf_counter()
        with writing(self.engine) as session:
            done = publication.perform(session, later)
        self.took["what follows a decision"].append(time.perf_counter() - start)
        if not done:
            raise client.Failed("nothing followed a decision")


async def measure(store: Store, folder: Path, scale: Scale) -> list[Row]:
    with ExitStack() as running:
        desks = []
        for size in scale.sizes:
            url = store.copy(f"desk_{size}", partial(data.fill, comments=size), data.name(size))
            server = running.enter_context(servers.program(folder, url, undo_seconds=UNDO_SECONDS))
            engine = database.connect(url)
            running.callback(engine.dispose)
            waiting = list(data.waiting(url, size // 10))
            desks.append(Desk(await Connection.open(server.port), engine, data.sign_in(url), waiting))
        await _in_turns(desks, scale)
        for desk in desks:
            await desk.browser.close()
    return [
        _row(store, what, size, desk, scale.sizes[0], desks[0], scale.decisions)
        for what in WHAT
        for size, desk in zip(scale.sizes[1:], desks[1:], strict=True)
    ]


async def _in_turns(desks: Sequence[Desk], scale: Scale) -> None:
    for turn in range(WARM_UP + scale.rounds * scale.decisions):
        for desk in desks if turn % 2 == 0 else reversed(desks):
            await desk.decide()
            desk.follow()
    for desk in desks:
        desk.took = {what: seconds[WARM_UP:] for what, seconds in desk.took.items()}


def _row(store: Store, what: str, size: int, desk: Desk, small: int, small_desk: Desk, decisions: int) -> Row:
    return Row(
        f"{what}, {size:,} comments",
        store.name,
        _milliseconds(desk.took[what], decisions),
        f"{small:,} comments",
        _milliseconds(small_desk.took[what], decisions),
        AS_SMALL,
    )


def _milliseconds(seconds: Sequence[float], of_each_round: int) -> Sample:
    rounds = range(0, len(seconds), of_each_round)
    return Sample(tuple(1000 * median(seconds[start : start + of_each_round]) for start in rounds), "ms")

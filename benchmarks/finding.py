"""The queue narrowed and searched, as a site grows: a page of it and its count, for each filter."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from benchmarks import client, data, servers
from benchmarks.client import Connection
from benchmarks.deciding import AS_SMALL
from benchmarks.figures import Row, Sample
from benchmarks.scale import Scale
from benchmarks.stores import Store

WARM_UP = 2
# What each page of the queue is narrowed to; there is a page full of each, whatever the size.
LISTS: dict[str, dict[str, str]] = {
    "nothing": {},
    "newest first": {"order": "newest"},
    "all, whatever their status": {"status": "any"},
    "e-mail, whatever their status": {"status": "any", "email": data.EMAIL},
    "article": {"article": data.ARTICLE},
    "section": {"section": "Ville"},
    "e-mail": {"email": data.EMAIL},
    "a link": {"link": "1"},
    "a remark": {"finding": "link"},
    "host": {"host": data.HOST},
    "waiting for a day": {"longer": "24"},
    "decided by": {"status": "refused", "by": "1"},
    "reason": {"status": "refused", "reason": "off_topic"},
    "a word of a thousand": {"q": data.RARE},
    "two words, one rare": {"q": f"{data.RARE} example"},
}


@dataclass
class Queue:
    """A moderator on a site of one size, and the seconds each list took there."""

    port: int
    cookie: str
    took: dict[str, list[float]] = field(default_factory=lambda: {what: [] for what in LISTS})

    async def look(self) -> None:
        # Anew each time: a connection nobody uses while the others are looked at is cut.
        browser = await Connection.open(self.port)
        for what, narrowed in LISTS.items():
            asked = client.get(f"/desk?{urlencode(narrowed)}", Cookie=self.cookie)
            self.took[what].append(await browser.timed(asked, 200))
        await browser.close()


async def measure(store: Store, folder: Path, scale: Scale) -> list[Row]:
    with ExitStack() as running:
        queues = []
        for size in scale.sizes:
            url = store.copy(f"finding_{size}", partial(data.fill, comments=size), data.name(size))
            server = running.enter_context(servers.program(folder, url))
            queues.append(Queue(server.port, data.sign_in(url)))
        for turn in range(WARM_UP + scale.rounds * scale.decisions):
            for queue in queues if turn % 2 == 0 else reversed(queues):
                await queue.look()
    return [
        Row(
            f"queue by {what}, {size:,} comments",
            store.name,
            _milliseconds(queue.took[what], scale.decisions),
            f"{scale.sizes[0]:,} comments",
            _milliseconds(queues[0].took[what], scale.decisions),
            AS_SMALL,
        )
        for what in LISTS
        for size, queue in zip(scale.sizes[1:], queues[1:], strict=True)
    ]


def _milliseconds(seconds: list[float], of_each_round: int) -> Sample:
    counted = seconds[WARM_UP:]
    rounds = range(0, len(counted), of_each_round)
    return Sample(tuple(1000 * median(counted[start : start + of_each_round]) for start in rounds), "ms")

"""A moderator deciding while readers send texts, ordinary ones or the worst there are."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from itertools import count, cycle
from pathlib import Path
from statistics import median

from benchmarks import client, data, servers, submitting
from benchmarks.client import Connection
from benchmarks.figures import Bar, Row, Sample
from benchmarks.scale import Scale
from benchmarks.servers import Server
from benchmarks.stores import Store
from moderation.markup import MAX_CHARACTERS

SENDERS = 4
DECISIONS = 4
# Of those that take longest to render, found by trying: a third of a second each.
SHAPES = ("a\n\n", "-* a\n", "&", "<b>x\n\n")
NO_LATER = Bar(1.3, at_least=False)


def worst() -> Iterator[tuple[str, str]]:
    for number, shape in zip(count(), cycle(SHAPES)):
        said = f"{number} {shape * MAX_CHARACTERS}"
        yield "", said[: MAX_CHARACTERS if shape != SHAPES[-1] else 400 * len(shape)].strip()


async def measure(store: Store, folder: Path, scale: Scale) -> list[Row]:
    with ExitStack() as running:
        comments = scale.sizes[-1]
        url = store.copy("hostile", partial(data.fill, comments=comments), data.name(comments))
        server = running.enter_context(servers.program(folder, url, undo_seconds=3600))
        desk = await Connection.open(server.port)
        decide = partial(
            _decisions, desk, data.sign_in(url), iter(data.waiting(url, 3 * scale.rounds * DECISIONS))
        )
        texts = {"ordinary": submitting.forms(data.words()), "hostile": submitting.forms(worst())}
        measures = {"alone": decide} | {
            kind: partial(_meanwhile, server, forms, decide) for kind, forms in texts.items()
        }
        found = await client.in_turns(scale.rounds, measures)
        await desk.close()
    alone, ordinary, hostile = (Sample(found[name], "ms") for name in ("alone", "ordinary", "hostile"))
    return [
        Row("decision, nothing else going on", store.name, alone),
        Row(
            f"decision, {SENDERS} hostile texts in flight",
            store.name,
            hostile,
            f"{SENDERS} ordinary texts in flight",
            ordinary,
            NO_LATER,
        ),
    ]


async def _decisions(desk: Connection, cookie: str, waiting: Iterator[str]) -> float:
    took = []
    for _ in range(DECISIONS):
        place = f"/desk/comments/{next(waiting)}/publish"
        took.append(await desk.timed(client.post(place, {"revision": "1"}, Cookie=cookie), 303))
    return 1000 * median(took)


async def _meanwhile(server: Server, forms: Iterator[bytes], decide: Callable[[], Awaitable[float]]) -> float:
    async with _sending(server, forms):
        return await decide()


@asynccontextmanager
async def _sending(server: Server, forms: Iterator[bytes]) -> AsyncGenerator[None]:
    """Readers who send one text after the other until the block ends; what is under way is waited for."""
    ended = asyncio.Event()

    async def send() -> None:
        connection = await Connection.open(server.port)
        while not ended.is_set():
            await connection.ask(next(forms), 303)
        await connection.close()

    senders = [asyncio.create_task(send()) for _ in range(SENDERS)]
    await asyncio.sleep(0.2)
    try:
        yield
    finally:
        ended.set()
        await asyncio.gather(*senders)

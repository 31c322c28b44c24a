"""Authors: sending a form that was previewed, one after the other and from several browsers at once."""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path

from benchmarks import baselines, client, data, servers
from benchmarks.figures import Bar, Row, Sample
from benchmarks.scale import Scale
from benchmarks.servers import Server
from benchmarks.stores import Store
from moderation import drafts, identifiers, links
from moderation.links import Links

PATH = f"/articles/{data.ARTICLE}/comments"
COMMENTS = 200
BESIDE_THE_FLOOR = Bar(0.6, at_least=True)


def forms(words: Iterator[tuple[str, str]]) -> Iterator[bytes]:
    """Each text as a browser sends it whose reader has read the preview for a while."""
    signing = Links([servers.KEY])
    for author, said in words:
        seen = links.Form(data.ARTICLE, drafts.digest(author, "", said), identifiers.new_code())
        token = signing.sign(seen, datetime.now(UTC) - timedelta(minutes=1))
        yield client.post(PATH, {"author": author, "text": said, "token": token, "step": "send"})


async def measure(store: Store, folder: Path, scale: Scale) -> list[Row]:
    waiting = forms(data.words())
    with ExitStack() as running:
        measures: dict[str, Callable[[], Awaitable[float]]] = {}
        for workers in scale.workers:
            full, empty = (f"{name}_{workers}" for name in ("sending", "floor"))
            url = store.copy(full, partial(data.fill, comments=COMMENTS), data.name(COMMENTS))
            environment = {baselines.DATABASE: store.copy(empty, lambda _: None, "empty")}
            served = {
                "program": servers.program(folder, url, workers=workers),
                "floor": servers.baseline("floor", folder, environment, workers=workers),
                "bare": servers.baseline("bare", folder, environment, workers=workers),
            }
            for kind, server in served.items():
                started = running.enter_context(server)
                measures[f"{kind} {workers}"] = partial(_sent, started, waiting, scale.forms)
        measures["commits"] = partial(_commits, store.copy("commits", lambda _: None, "empty"), scale.seconds)
        for warm_up in measures.values():
            await warm_up()
        found = await client.in_turns(scale.rounds, measures)
    commits = Row("commits of one row, one after the other", store.name, Sample(found["commits"], "/s"))
    return [*(row for workers in scale.workers for row in _rows(store, workers, found)), commits]


def _rows(store: Store, workers: int, found: dict[str, tuple[float, ...]]) -> list[Row]:
    what = f"submissions, {workers} worker{'s' if workers > 1 else ''}"
    ours = Sample(found[f"program {workers}"], "/s")
    floor, bare = (Sample(found[f"{kind} {workers}"], "/s") for kind in ("floor", "bare"))
    return [
        Row(what, store.name, ours, "floor: rendering, one insert", floor, BESIDE_THE_FLOOR),
        Row(what, store.name, ours, "the same, bare Starlette and driver", bare),
    ]


async def _sent(server: Server, waiting: Iterator[bytes], number: int) -> float:
    return await client.sends(server.port, islice(waiting, number))


async def _commits(url: str, seconds: float) -> float:
    insert = baselines.inserting(url)
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        insert(("Zoé", "Un texte.", "<p>Un texte.</p>"))
        done += 1
    return done / (time.perf_counter() - start)

"""Readers: an article page from memory, its 304, and the first reading after a decision."""

import json
import time
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import baselines, client, data, servers
from benchmarks.client import Connection
from benchmarks.figures import Bar, Row, Sample
from benchmarks.scale import Scale
from benchmarks.servers import Server
from benchmarks.stores import Store

PATH = f"/articles/{data.ARTICLE}"
COMMENTS = 200  # of which 160 are public: the page shows a hundred
QUESTION = client.get(PATH, encoding=client.GZIP)
WARM_READS = 50
# More readings than a page is kept for.
LONGEST = 100_000
BESIDE_STARLETTE = Bar(1, at_least=True)
BESIDE_NGINX = Bar(0.4, at_least=True)
AFTER_A_DECISION = Bar(40, at_least=False)
VARIES = {"content-encoding", "content-length", "content-type", "date", "connection", "server"}


async def measure(store: Store, folder: Path, scale: Scale) -> list[Row]:
    url = store.copy("reading", partial(data.fill, comments=COMMENTS), data.name(COMMENTS))
    with ExitStack() as running:
        start = running.enter_context
        program = start(servers.program(folder, url, undo_seconds=0))
        plain, gzipped, headers = await _kept(program)
        place = {baselines.PAGE: str(_page(folder, plain, gzipped, headers))}
        bare = start(servers.baseline("page", folder, place))
        files = {PATH[1:]: plain, f"{PATH[1:]}.gz": gzipped}
        static = start(servers.nginx(folder, files, headers))
        rows = await _warm(store, program, bare, static, headers["ETag"], scale)
        return [*rows, await _first(store, program, url, scale)]


async def _kept(program: Server) -> tuple[bytes, bytes, dict[str, str]]:
    """What the program sends: the baselines send the same."""
    plain = await client.once(program.port, client.get(PATH))
    gzipped = await client.once(program.port, client.get(PATH, encoding=client.GZIP))
    if gzipped.header("Content-Encoding") != "gzip":
        raise client.Failed("the page was not compressed")
    lines = [line.decode().partition(": ") for line in plain.head.split(b"\r\n")[1:] if line]
    headers = {_capital(name): value for name, _, value in lines if name.lower() not in VARIES}
    return plain.body, gzipped.body, headers | {"ETag": plain.header("ETag")}


def _capital(name: str) -> str:
    return "ETag" if name.lower() == "etag" else name.title()


def _page(folder: Path, plain: bytes, gzipped: bytes, headers: Mapping[str, str]) -> Path:
    place = folder / "page"
    place.mkdir(exist_ok=True)
    (place / "plain").write_bytes(plain)
    (place / "gzip").write_bytes(gzipped)
    (place / "headers").write_text(json.dumps({**headers, "Content-Type": "text/html; charset=utf-8"}))
    return place


async def _warm(
    store: Store, program: Server, bare: Server, static: Server | None, etag: str, scale: Scale
) -> list[Row]:
    asked = {
        "article page, warm, gzip": (client.get(PATH, encoding=client.GZIP), 200),
        "article page, warm, plain": (client.get(PATH), 200),
        "article page, 304": (client.get(PATH, encoding=client.GZIP, If_None_Match=etag), 304),
    }
    served = {"program": program, "Starlette": bare} | ({"nginx": static} if static else {})
    rows = []
    for what, (question, status) in asked.items():
        compared = {name: server for name, server in served.items() if status == 200 or server is not static}
        bodies = {(await client.once(server.port, question, status)).body for server in compared.values()}
        if len(bodies) != 1:
            raise client.Failed(f"{what}: not the same bytes from {', '.join(compared)}")
        measures = {
            name: partial(client.reads, server.port, question, scale.seconds, status)
            for name, server in compared.items()
        }
        found = await client.in_turns(scale.rounds, measures)
        ours = Sample(found.pop("program"), "/s")
        for name, values in found.items():
            bar = BESIDE_NGINX if name == "nginx" else BESIDE_STARLETTE
            rows.append(Row(what, store.name, ours, f"{name}, the same bytes", Sample(values, "/s"), bar))
    return rows


async def _first(store: Store, program: Server, url: str, scale: Scale) -> Row:
    """One reader reads again and again: how long it takes the time a decision shows, and all other times."""
    cookie = data.sign_in(url)
    desk, reader = await Connection.open(program.port), await Connection.open(program.port)
    first, warm = [], []
    for comment in data.waiting(url, scale.rounds):
        tag = (await reader.ask(QUESTION, 200)).header("ETag")
        warm.append(1000 * median([await reader.timed(QUESTION, 200) for _ in range(WARM_READS)]))
        await desk.ask(
            client.post(f"/desk/comments/{comment}/publish", {"revision": "1"}, Cookie=cookie), 303
        )
        first.append(1000 * await _changed(reader, tag))
    await desk.close()
    await reader.close()
    return Row(
        "article page, first read after a decision",
        store.name,
        Sample(tuple(first), "ms"),
        "the same, warm",
        Sample(tuple(warm), "ms"),
        AFTER_A_DECISION,
    )


async def _changed(reader: Connection, tag: str) -> float:
    """The seconds of the reading that brought another page; there is no pause before it."""
    for _ in range(LONGEST):
        start = time.perf_counter()
        answer = await reader.ask(QUESTION, 200)
        if answer.header("ETag") != tag:
            return time.perf_counter() - start
    raise client.Failed("the decision did not show")

"""What pages weigh, how many statements one takes, and the memory of a worker."""

import re
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path

from sqlalchemy import event
from sqlmodel import select
from starlette.testclient import TestClient

from benchmarks import client, data, servers, submitting
from benchmarks.client import Connection
from benchmarks.figures import Bar, Row, Sample
from benchmarks.scale import Scale
from benchmarks.servers import KEY, Server
from benchmarks.stores import Store
from moderation import database
from moderation.models.public import Article
from moderation.settings import Settings
from moderation.web.app import build, create_app

ARTICLE = f"/articles/{data.ARTICLE}"
ASSET = re.compile(r'"(/static/[^"]+\.(?:css|js)\?[^"]*)"')
# Kilobytes.
ASSETS, EMBED = Bar(20, at_least=False), Bar(6, at_least=False)
STATEMENTS = Bar(2, at_least=False)
LISTED = ("SELECT", "INSERT", "UPDATE", "DELETE")


async def measure(store: Store, folder: Path, scale: Scale) -> list[Row]:
    url = store.copy("weighing", partial(data.fill, comments=scale.stocked), data.name(scale.stocked))
    with ExitStack() as running:
        server = running.enter_context(servers.program(folder, url))
        memory = [("idle", _memory(server.pid))]
        rows = await _weights(store, server, data.sign_in(url))
        await _use(server, scale)
        memory.append(("after some use", _memory(server.pid)))
        articles = await _read_all(server, url)
        memory.append((f"after reading {articles} articles and their lists", _memory(server.pid)))
    rows.append(_statements(store, url))
    return rows + [
        Row(f"memory of a worker, {when}, {kind}", store.name, Sample((found[kind],), "MB"))
        for when, found in memory
        for kind in found
    ]


async def _weights(store: Store, server: Server, cookie: str) -> list[Row]:
    asked = {"home page": "/", "article page": ARTICLE, "queue page": "/desk"}
    rows = []
    for what, path in asked.items():
        plain = (await client.once(server.port, client.get(path, Cookie=cookie))).body
        rows.append(Row(f"{what}, HTML", store.name, _kilobytes(plain)))
    page = (await client.once(server.port, client.get(ARTICLE))).body.decode()
    assets = [(await client.once(server.port, client.get(path))).body for path in ASSET.findall(page)]
    rows.append(Row("article page, CSS and script", store.name, _kilobytes(b"".join(assets)), bar=ASSETS))
    gzipped = (await client.once(server.port, client.get(ARTICLE, encoding=client.GZIP))).body
    rows.append(Row("article page, gzip", store.name, _kilobytes(gzipped)))
    return rows


def _kilobytes(content: bytes) -> Sample:
    return Sample((len(content) / 1000,), "kB")


async def _use(server: Server, scale: Scale) -> None:
    await client.sends(server.port, islice(submitting.forms(data.words()), scale.forms))
    await client.reads(server.port, client.get(ARTICLE, encoding=client.GZIP), scale.seconds)


async def _read_all(server: Server, url: str) -> int:
    """Every article and its list in the API, which the front keeps for as long as there is room."""
    engine = database.connect(url)
    with database.reading(engine) as session:
        slugs = session.exec(select(Article.slug)).all()
    engine.dispose()
    connection = await Connection.open(server.port)
    for slug in slugs:
        await connection.ask(client.get(f"/articles/{slug}", encoding=client.GZIP), 200)
        await connection.ask(client.get(f"/api/v1/articles/{slug}/comments", encoding=client.GZIP), 200)
    await connection.close()
    return len(slugs)


def _memory(pid: int) -> dict[str, float]:
    """Megabytes of the heaviest process of a server; nothing where Linux does not tell."""
    told = [_rollup(one) for one in _family(pid)]
    return max(told, key=lambda found: found.get("PSS", 0), default={})


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    if not children.exists():
        return []
    return [pid, *(one for child in children.read_text().split() for one in _family(int(child)))]


def _rollup(pid: int) -> dict[str, float]:
    lines = [line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]]
    kilobytes = {line[0].rstrip(":").upper(): int(line[1]) for line in lines}
    return {kind: kilobytes[kind] / 1024 for kind in ("RSS", "PSS")}


def _statements(store: Store, url: str) -> Row:
    parts = build(Settings(database_url=url, secret_keys=KEY))
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(LISTED) and " FROM pg_" not in statement:
            seen.append(statement)

    browser = TestClient(create_app(parts))
    browser.get(f"{ARTICLE}?page=1")  # the front keeps no page with a query
    event.listen(parts.engine, "before_cursor_execute", note)
    browser.get(f"{ARTICLE}?page=1")
    parts.engine.dispose()
    found = Sample((len(seen),), "")
    return Row("statements of an article page that is not kept", store.name, found, bar=STATEMENTS)

"""What the program is measured against: `python -m benchmarks.baselines page|floor|bare PORT WORKERS`.

Each is served by uvicorn with the options of `moderation serve`, and does the least that could be called the
same.
"""

import json
import os
import sqlite3
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import psycopg
import uvicorn
from fastapi import FastAPI, Form
from sqlalchemy import create_engine, make_url, text
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from moderation import database, drafts
from moderation.markup import Dialect

# Where a page’s bytes are, and the address of the floor’s database.
PAGE, DATABASE = "BENCH_PAGE", "BENCH_DATABASE"
CREATE = "CREATE TABLE IF NOT EXISTS floor (slug TEXT, author TEXT, text TEXT, html TEXT)"
INSERT = text("INSERT INTO floor VALUES (:slug, :author, :text, :html)")
Insert = Callable[[tuple[str, str, str]], None]


def page() -> Starlette:
    """Bytes it was given: it does none of the work a page needs."""
    folder = Path(os.environ[PAGE])
    plain, gzipped = (folder / "plain").read_bytes(), (folder / "gzip").read_bytes()
    headers: dict[str, str] = json.loads((folder / "headers").read_text())
    unchanged = {name: headers[name] for name in ("ETag", "Cache-Control", "Vary")}

    async def answer(request: Request) -> Response:
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=unchanged)
        if "gzip" in request.headers["accept-encoding"]:
            return Response(gzipped, headers={**headers, "Content-Encoding": "gzip"})
        return Response(plain, headers=headers)

    return Starlette(routes=[Route("/{path:path}", answer)])


def floor() -> FastAPI:
    """What anybody would write first, with the same libraries: the same rendering, and one durable insert."""
    engine = database.connect(os.environ[DATABASE])
    _create(os.environ[DATABASE])
    app = FastAPI(openapi_url=None)

    @app.post("/articles/{slug}/comments")
    def take(slug: str, text: Annotated[str, Form()], author: Annotated[str, Form()] = "") -> Response:
        draft = drafts.read(author, "", text, dialect=Dialect.SPIP)
        row = {"slug": slug, "author": draft.author, "text": draft.text.source, "html": draft.text.html}
        with database.writing(engine) as session:
            session.connection().execute(INSERT, row)
        return RedirectResponse("/kept", 303)

    return app


def bare() -> Starlette:
    """The same with neither FastAPI nor SQLAlchemy: nothing but the driver."""
    insert = inserting(os.environ[DATABASE])

    def keep(author: str, text: str) -> None:
        draft = drafts.read(author, "", text, dialect=Dialect.SPIP)
        insert((draft.author, draft.text.source, draft.text.html))

    async def take(request: Request) -> Response:
        form = await request.form()
        await run_in_threadpool(keep, str(form["author"]), str(form["text"]))
        return RedirectResponse("/kept", 303)

    return Starlette(routes=[Route("/{path:path}", take, methods=["POST"])])


def _create(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(1)"))  # several workers start at once
        connection.execute(text(CREATE))
    engine.dispose()


def inserting(url: str) -> Insert:
    """One insert and its commit, durable as the program’s are, with nothing but the driver."""
    _create(url)
    address = make_url(url)
    return _sqlite(str(address.database)) if address.get_backend_name() == "sqlite" else _postgresql(url)


def _sqlite(file: str) -> Insert:
    connection = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
    for name, value in database.PRAGMAS.items():
        connection.execute(f"PRAGMA {name} = {value}")
    turn = threading.Lock()

    def insert(row: tuple[str, str, str]) -> None:
        with turn:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO floor VALUES ('', ?, ?, ?)", row)
            connection.execute("COMMIT")

    return insert


def _postgresql(url: str) -> Insert:
    address = url.replace("postgresql+psycopg://", "postgresql://")
    own = threading.local()  # a connection for each thread

    def insert(row: tuple[str, str, str]) -> None:
        if not hasattr(own, "connection"):
            own.connection = psycopg.connect(address, autocommit=True)
        own.connection.execute("INSERT INTO floor VALUES ('', %s, %s, %s)", row)

    return insert


def main() -> None:
    app, port, workers = sys.argv[1:]
    uvicorn.run(
        f"benchmarks.baselines:{app}",
        factory=True,
        port=int(port),
        workers=int(workers),
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
    )


if __name__ == "__main__":
    main()

"""Slow and silent clients: others are served meanwhile, and the slow are cut."""

import asyncio
import logging
import os
import resource
import socket
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import ClassVar

import httpx2
import pytest
import uvicorn
from conftest import BuildParts, add_article
from hammered import SLUG, THOROUGH, Server, until
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import Config

from moderation.web.app import create_app
from moderation.web.connections import Connection
from moderation.web.dependencies import Parts

pytestmark = pytest.mark.wire

SLOW = 500 if THOROUGH else 100
# What somebody else’s page may take meanwhile, and what each slow one may cost.
SECONDS, BYTES = 3, 100_000


class Hurried(Connection):
    """The same, in a tenth of the time or less."""

    request_seconds: ClassVar[float] = 2
    answer_seconds: ClassVar[float] = 3


@contextmanager
def serving(app: ASGIApp, connection: type[Connection], most: int | None = None) -> Generator[int]:
    """The port of what `moderation serve` starts, in a thread of this process."""
    config = Config(
        app,
        port=0,
        http=connection,
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        limit_concurrency=most,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(30)
    assert not thread.is_alive()


REQUEST = f"POST /articles/{SLUG}/comments HTTP/1.1\r\nHost: testserver\r\n"
FORM = f"{REQUEST}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\ntext="
CHUNKED = f"{REQUEST}Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"
# What it says at first, and what it goes on saying, a byte at a time.
TRICKLES = {
    "nothing": ("", ""),
    "a head": ("GET / HTTP/1.1\r\n", "x"),
    "a body": (FORM, "a"),
    "a body in chunks": (CHUNKED, "1\r\na\r\n"),
    "line ends": ("GET /sign-in HTTP/1.1\r\nHost: testserver\r\n\r\n", "\r\n"),
    "half a second request": ("GET /sign-in HTTP/1.1\r\nHost: testserver\r\n\r\nGET / HT", ""),
}


class Slow:
    """One client that takes its time, in a loop with the others."""

    def __init__(self, port: int, kind: str) -> None:
        self.first, self.then = (word.encode() for word in TRICKLES[kind])
        self.port, self.cut = port, False

    async def live(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(self.first)
        drain = asyncio.ensure_future(reader.read())
        try:
            while not drain.done():
                await asyncio.wait((drain,), timeout=0.2)
                writer.write(self.then)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()
            drain.exception() if drain.done() else drain.cancel()
        self.cut = True


async def all_live(slow: list[Slow]) -> None:
    await asyncio.gather(*(one.live() for one in slow), return_exceptions=True)


def test_slow_clients_hold_nobody_up_and_are_cut(
    build_parts: BuildParts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    parts = build_parts()
    add_article(parts, SLUG)
    kinds = list(TRICKLES)
    with (
        serving(create_app(parts), Hurried) as port,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        slow = [Slow(port, kinds[number % len(kinds)]) for number in range(SLOW)]
        others_are_served(http)
        before = memory(os.getpid())
        thread = threading.Thread(target=lambda: asyncio.run(all_live(slow)))
        thread.start()
        time.sleep(0.5)
        assert sum(one.cut for one in slow) == 0
        others_are_served(http)
        grown = memory(os.getpid()) - before
        until(lambda: all(one.cut for one in slow), seconds=20)
        thread.join(30)
        assert http.get("/").status_code == 200
    assert grown < SLOW * BYTES
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def others_are_served(http: httpx2.Client) -> None:
    for path in (f"/articles/{SLUG}?page=1", "/", "/sign-in"):
        began = time.monotonic()
        assert http.get(path).status_code == 200
        assert time.monotonic() - began < SECONDS
    preview = {"text": "Un texte.", "step": "preview"}
    assert http.post(f"/articles/{SLUG}/comments", data=preview).status_code == 200


def test_a_reader_who_takes_nothing_is_cut_and_one_who_is_only_slow_is_not(build_parts: BuildParts) -> None:
    parts = build_parts()
    add_article(parts, SLUG)
    ask = f"GET /articles/{SLUG} HTTP/1.1\r\nHost: testserver\r\n\r\n".encode()
    with (
        serving(create_app(parts), Hurried) as port,
        closing(narrow(port)) as stuck,
        closing(narrow(port)) as slow,
    ):
        began = time.monotonic()
        stuck.settimeout(20)
        with suppress(ConnectionError):
            stuck.sendall(ask * 3000)  # more than any buffer takes of the answers
        slow.sendall(ask)
        page = b""
        while b"</html>" not in page:
            page += slow.recv(1024)
            time.sleep(0.05)
        assert page.startswith(b"HTTP/1.1 200")
        until(lambda: is_cut(stuck), seconds=20)
        assert time.monotonic() - began < 15


def narrow(port: int) -> socket.socket:
    """A connection that takes little at once."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    return client


def is_cut(client: socket.socket) -> bool:
    try:
        client.sendall(b"\r\n")
    except ConnectionError:
        return True
    return False


MOST = 100


@pytest.mark.parametrize("kind", TRICKLES)
def test_where_there_is_no_room_the_longest_silent_make_some(build_parts: BuildParts, kind: str) -> None:
    parts = build_parts()
    add_article(parts, SLUG)
    first, _ = TRICKLES[kind]
    with serving(create_app(parts), Connection, MOST) as port, ExitStack() as opened:
        for number in range(3 * MOST):
            client = opened.enter_context(socket.create_connection(("127.0.0.1", port), 30))
            client.sendall(first.encode())
            if number % 50 == 0:
                assert httpx2.get(f"http://127.0.0.1:{port}/sign-in", timeout=30).status_code == 200


def test_nobody_is_cut_whose_answer_is_being_made() -> None:
    begun, may_end = threading.Event(), threading.Event()

    async def slow(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            begun.set()
            await asyncio.to_thread(may_end.wait, 30)
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

    with serving(slow, Connection, MOST) as port, ExitStack() as opened:
        clients = [opened.enter_context(socket.create_connection(("127.0.0.1", port), 30)) for _ in range(2)]
        clients[0].sendall(b"GET / HTTP/1.1\r\n\r\n")
        begun.wait(30)
        clients += [
            opened.enter_context(socket.create_connection(("127.0.0.1", port), 30)) for _ in range(2 * MOST)
        ]
        until(lambda: is_cut(clients[1]), seconds=10)
        may_end.set()
        assert clients[0].recv(1000).startswith(b"HTTP/1.1 204 ")


@pytest.mark.skipif(not THOROUGH, reason="takes half a minute")
def test_the_served_program_cuts_them_too(parts: Parts, url: str, tmp_path: Path) -> None:
    add_article(parts, SLUG)
    slow = [Slow(0, kind) for kind in TRICKLES for _ in range(SLOW // len(TRICKLES))]
    with Server(url, tmp_path) as server, server.client() as http:
        for one in slow:
            one.port = server.port
        thread = threading.Thread(target=lambda: asyncio.run(all_live(slow)))
        thread.start()
        time.sleep(3)
        others_are_served(http)
        until(lambda: all(one.cut for one in slow), seconds=90)
        thread.join(30)
        assert memory(server.process.pid) < 300 * 2**20
        assert http.get("/").status_code == 200
    assert "Traceback" not in server.said()


def memory(process: int) -> int:
    """Bytes of it that are in memory."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()

"""How many requests a second the front answers from memory, against a bare Starlette route with its bytes.

Run it with `.venv/bin/python benchmarks/front.py [rounds] [seconds]`. Both are served by uvicorn with
httptools and uvloop, each in its own process, and measured in turns by one client with eight connections.
"""
# ruff: noqa: INP001, T201
# A script and no package; printing is what it does.

import asyncio
import gzip
import multiprocessing
import socket
import statistics
import sys
import time
from hashlib import sha256
from multiprocessing.connection import Connection
from typing import cast

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from moderation.front import Front

CONNECTIONS = 8
WARM_UP = 0.5
PATH = "/articles/page"
ETAG = 'W/"7.3"'
# About what an article with a hundred contributions weighs, and shrinks to; digests stand for words.
CONTRIBUTIONS = (
    f"<article><h3>Camille</h3><p>{sha256(b'%d' % n).hexdigest()} {'…' * 150}</p></article>\n"
    for n in range(100)
)
PAGE = "".join(CONTRIBUTIONS).encode()
GZIPPED = gzip.compress(PAGE, compresslevel=6, mtime=0)
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "public, no-cache",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'",
    "ETag": ETAG,
    "Vary": "Accept-Encoding",
}
# What a browser sends, so that reading headers is paid for.
BROWSER = (
    f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: fr,fr-FR;q=0.8,en;q=0.5\r\nConnection: keep-alive\r\n"
    "Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: none\r\nPriority: u=0, i\r\n"
)
VARIANTS = {
    "plain": f"{BROWSER}Accept-Encoding: identity\r\n\r\n".encode(),
    "gzip": f"{BROWSER}Accept-Encoding: gzip, deflate, br, zstd\r\n\r\n".encode(),
}


def bare() -> ASGIApp:
    """The baseline does no work that a page needs: which bytes to send is told by one header."""

    async def page(request: Request) -> Response:
        if "gzip" in request.headers["accept-encoding"]:
            return Response(GZIPPED, headers={**HEADERS, "Content-Encoding": "gzip"})
        return Response(PAGE, headers=HEADERS)

    return Starlette(routes=[Route(PATH, page)])


def fronted() -> ASGIApp:
    async def page(_request: Request) -> Response:
        return Response(PAGE, headers=HEADERS)

    app = Starlette(routes=[Route(PATH, page)])
    return Front(app, etag_of=lambda path: ETAG if path == PATH else None, freshness=0.25)


APPS = {"bare": bare, "front": fronted}


def serve(name: str, port: Connection) -> None:
    config = uvicorn.Config(
        APPS[name](), http="httptools", loop="uvloop", access_log=False, log_level="warning"
    )
    listener = socket.create_server(("127.0.0.1", 0))
    port.send(listener.getsockname()[1])
    uvicorn.Server(config).run(sockets=[listener])


class Reader(asyncio.Protocol):
    """Asks again as soon as an answer is complete; every answer has the length of the first."""

    def __init__(self, question: bytes, length: int) -> None:
        self._question = question
        self._length = length
        self._missing = length
        self.answers = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # that of a TCP connection
        self._transport.write(self._question)

    def data_received(self, data: bytes) -> None:
        self._missing -= len(data)
        if self._missing == 0:
            self.answers += 1
            self._missing = self._length
            self._transport.write(self._question)


async def answer(port: int, question: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(question)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line[16:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
    )
    body = await reader.readexactly(length)
    writer.close()
    await writer.wait_closed()
    return head + body


async def rate(port: int, question: bytes, seconds: float) -> float:
    length = len(await answer(port, question))
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: Reader(question, length), "127.0.0.1", port)
        for _ in range(CONNECTIONS)
    ]
    readers = [reader for _, reader in opened]
    await asyncio.sleep(WARM_UP)
    before, start = sum(reader.answers for reader in readers), time.perf_counter()
    await asyncio.sleep(seconds)
    answers, elapsed = sum(reader.answers for reader in readers) - before, time.perf_counter() - start
    for transport, _ in opened:
        transport.close()
    return answers / elapsed


async def compare(ports: dict[str, int], rounds: int, seconds: float) -> None:
    for variant, question in VARIANTS.items():
        bodies = {(await answer(port, question)).partition(b"\r\n\r\n")[2] for port in ports.values()}
        if len(bodies) != 1:
            sys.exit("The two do not send the same bytes.")
        rates: dict[str, list[float]] = {name: [] for name in ports}
        for _ in range(rounds):
            for name, port in ports.items():
                rates[name].append(await rate(port, question, seconds))
        ratios = [front / bare for front, bare in zip(rates["front"], rates["bare"], strict=True)]
        medians = ", ".join(f"{name} {statistics.median(found):.0f}/s" for name, found in rates.items())
        print(
            f"{variant}, {len(bodies.pop())} bytes: front/bare {statistics.median(ratios):.2f}"
            f" (from {min(ratios):.2f} to {max(ratios):.2f} in {rounds} rounds; {medians})"
        )


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 2.0
    context = multiprocessing.get_context("spawn")
    ports: dict[str, int] = {}
    servers = []
    for name in APPS:
        receiving, sending = context.Pipe(duplex=False)
        server = context.Process(target=serve, args=(name, sending), daemon=True)
        server.start()
        servers.append(server)
        ports[name] = receiving.recv()
    try:
        uvloop.run(compare(ports, rounds, seconds))
    finally:
        for server in servers:
            server.terminate()
            server.join()


if __name__ == "__main__":
    main()

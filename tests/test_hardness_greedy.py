"""One client that sends without end and takes nothing: what it can make the served program keep in memory."""

import select
import socket
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import empty
from hammered import Server
from test_hardness_sockets import memory

pytestmark = pytest.mark.wire

# What one connection may make the program grow by, having sent forty times as much.
GROWN, SENT = 12 * 2**20, 480 * 2**20
# Seconds it goes on for, and after which what is not taken is not going to be.
GOES_ON, STUCK = 6, 1
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
CHUNKED = b"POST /sign-in HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + FORM + b"\r\n5\r\nemail\r\n"

# What it says at first, and what it goes on saying: no request that ends.
ENDLESS = {
    "a target": (b"GET /", b"a" * 1000),
    "blanks": (b"GET ", b" " * 1000),
    "the name of a header": (b"GET / HTTP/1.1\r\n", b"a" * 1000),
    "a header": (b"GET / HTTP/1.1\r\nCookie: ", b"a" * 1000),
    "headers": (b"GET / HTTP/1.1\r\n", b"Cookie: a\r\n" * 100),
    "line ends": (b"", b"\r\n" * 500),
    "the extension of a chunk": (CHUNKED + b"1;", b"a" * 1000),
    "trailers": (CHUNKED + b"0\r\n", b"Cookie: a\r\n" * 100),
    "what follows the end": (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", b"a" * 1000),
}
# The same, of what has no end or many.
MANY = {
    "requests for a page that is kept": (b"", b"GET / HTTP/1.1\r\n\r\n" * 50),
    "requests for other pages": (b"", b"GET /sign-in HTTP/1.1\r\n\r\n" * 40),
    "requests for nothing": (b"", b"GET /nothing HTTP/1.1\r\n\r\n" * 40),
    "requests with long headers": (b"", b"GET / HTTP/1.1\r\nCookie: %b\r\n\r\n" % (b"a" * 30_000)),
    "forms": (b"", b"POST /sign-in HTTP/1.1\r\nContent-Length: 60000\r\n%b\r\n%b" % (FORM, b"a" * 60_000)),
    "a body nobody reads": (b"GET / HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n", b"a" * 1000),
    "a body nobody waits for": (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 200),
    "a form that is too long": (CHUNKED, b"400\r\n%b\r\n" % (b"a" * 1024)),
    "a body that was to be asked for": (
        b"GET / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 999999999999\r\n\r\n",
        b"a" * 1000,
    ),
}


@pytest.fixture(scope="module")
def server(migrated: Path | str, tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    folder = tmp_path_factory.mktemp("greedy")
    with Server(empty(migrated, folder), folder) as server, server.client() as http:
        for path in ("/", "/sign-in", "/nothing") * 20:
            http.get(path)
        yield server


class Greedy:
    """Sends as fast as it is taken, and takes nothing."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.before = memory(server.process.pid)
        self.grown = self.sent = 0
        self.is_cut = False

    def send(self, first: bytes, then: bytes) -> None:
        then *= 64_000 // len(then) or 1
        with socket.create_connection(("127.0.0.1", self.server.port)) as client:
            client.sendall(first)
            client.setblocking(False)
            ends = time.monotonic() + GOES_ON
            try:
                while time.monotonic() < ends and self.sent < SENT and self._is_taken(client):
                    self.sent += self._send(client, then)
                    self._look()
            except ConnectionError:
                self.is_cut = True
            self._look()

    def _is_taken(self, client: socket.socket) -> bool:
        return bool(select.select([], [client], [], STUCK)[1])

    def _send(self, client: socket.socket, then: bytes) -> int:
        """All of it or none, but for the last: what is half sent is sent to its end."""
        done = client.send(then)
        while done < len(then) and self._is_taken(client):
            done += client.send(then[done:])
        return done

    def _look(self) -> None:
        self.grown = max(self.grown, memory(self.server.process.pid) - self.before)


@pytest.mark.parametrize("what", ENDLESS)
def test_what_does_not_end_is_cut_before_it_fills_anything(server: Server, what: str) -> None:
    greedy = Greedy(server)
    greedy.send(*ENDLESS[what])
    assert greedy.grown < GROWN, f"{greedy.grown:,} of {greedy.sent:,}"
    assert greedy.is_cut or greedy.sent < SENT // 20, f"{greedy.sent:,}"
    others_are_served(server)


@pytest.mark.parametrize("what", MANY)
def test_what_is_not_taken_is_not_made(server: Server, what: str) -> None:
    greedy = Greedy(server)
    greedy.send(*MANY[what])
    assert greedy.grown < GROWN, f"{greedy.grown:,} of {greedy.sent:,}"
    others_are_served(server)


def others_are_served(server: Server) -> None:
    with server.client() as http:
        assert [http.get(path).status_code for path in ("/", "/sign-in")] == [200, 200]
    with suppress(ConnectionError):
        assert "Traceback" not in server.said()

"""The server’s processes: one alone, or several that share its sockets and that a parent keeps alive.

Each builds its own program: nothing is carried over a fork. SIGTERM or SIGINT stops them: no more connections
are taken, requests in hand are finished, effects stop between two items. A second one ends them at once.
"""

import gc
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import uvicorn

from moderation import logs
from moderation.settings import Settings
from moderation.web.app import build, create_app
from moderation.web.connections import Connection
from moderation.web.scrape import FOLDER, WORKER

# Seconds a request in hand is given when the server stops, and after which the process ends, whatever hangs.
GRACE, LAST = 10, 20
# As many as one process has at a time, idle ones too; few enough for the files they need, plenty for a proxy.
CONNECTIONS, FILES = 4000, 8192
SIGNALS = (signal.SIGTERM, signal.SIGINT)
# Sent by a worker to its parent once it serves; what comes back is the end.
READY = b"."


def bind(host: str, port: int) -> list[socket.socket]:
    """A socket for every address the host has; none takes connections yet. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            one = socket.socket(family, kind, protocol)
            sockets.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(address)
    except OSError:
        close(sockets)
        raise
    return sockets


def close(sockets: Sequence[socket.socket]) -> None:
    for one in sockets:
        one.close()


def allow_files() -> None:
    """As many open files as the connections taken need; systemd starts programs with 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def notify_systemd() -> None:
    """Says that the start is done, to a unit of `Type=notify`; nothing elsewhere. See sd_notify(3)."""
    place = os.environ.get("NOTIFY_SOCKET")
    if place:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
            one.sendto(b"READY=1", f"\0{place[1:]}" if place.startswith("@") else place)


def alone(sockets: list[socket.socket], ready: Callable[[], None]) -> None:
    """Serves in this process, until a signal."""
    _serve(sockets, Server(ready))


def work(number: int, life: socket.socket, sockets: list[socket.socket]) -> None:
    """Serves as one of several, until the parent closes its end of `life` or is no more."""
    Path(os.environ[FOLDER], WORKER.format(number)).write_text(str(os.getpid()))

    def ready() -> None:
        logs.tell("worker ready", process=os.getpid())
        life.sendall(READY)

    server = Server(ready, is_alone=False)

    def watch() -> None:
        with suppress(OSError):  # it died before it had read that we are ready
            life.recv(1)
        server.stop()

    threading.Thread(target=watch, name="parent", daemon=True).start()
    _serve(sockets, server)


def _serve(sockets: list[socket.socket], server: "Server") -> None:
    parts = build(Settings(), served=True)
    server.config.app = create_app(parts)
    # What is there now stays: looking through it for garbage would hold a reader up for a tenth of a second.
    gc.collect()
    gc.freeze()
    for one in SIGNALS:
        signal.signal(one, server.handle_exit)
    try:
        server.run(sockets)
    finally:
        parts.engine.dispose()
        parts.public_engine.dispose()


class Server(uvicorn.Server):
    """uvicorn’s, with our own ways to begin and to end."""

    def __init__(self, ready: Callable[[], None], *, is_alone: bool = True) -> None:
        super().__init__(
            uvicorn.Config(
                "",
                interface="asgi3",
                http=Connection,
                lifespan="on",
                ws="none",
                log_config=None,  # `logs` has it
                access_log=False,  # it would write down addresses
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=5,
                timeout_graceful_shutdown=GRACE,
                limit_concurrency=CONNECTIONS,
                workers=1,
            )
        )
        self._ready = ready
        self._is_alone = is_alone

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Not here: uvicorn raises them again once all is done, and stopping is no error."""
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        del sig, frame
        # A worker may be told by its parent and by who ends them all: for it, twice is once.
        if self.should_exit and self._is_alone:
            os._exit(1)
        self.stop()

    def stop(self) -> None:
        if self.should_exit:
            return
        self.should_exit = True
        late = threading.Timer(LAST, os._exit, (1,))
        late.daemon = True
        late.start()


if __name__ == "__main__":
    own, talks, life_at, *at = map(int, sys.argv[1:])
    logs.set_up(verbose=bool(talks), worker=own)
    work(own, socket.socket(fileno=life_at), [socket.socket(fileno=one) for one in at])

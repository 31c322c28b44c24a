"""`moderation serve` as an operator starts it: a process of its own, its log, and how it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from conftest import KEY

# Seconds; on an idle machine three workers are there in five, on an overloaded one in thirty and more.
PATIENCE = 180


def until(true: Callable[[], Any]) -> Any:
    """Waits for what another process is about to do; what it then is."""
    deadline = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
    return found


class Served:
    """A server on a port the system chose. What it writes goes to files, as to a journal."""

    def __init__(self, url: str, folder: Path, *words: str, **settings: str) -> None:
        given = {"database_url": url, "secret_keys": KEY, "site_url": "http://127.0.0.1", **settings}
        environment = {**os.environ, **{f"MODERATION_{name.upper()}": value for name, value in given.items()}}
        environment["TMPDIR"] = str(folder)
        self.log, self.out = folder / "log", folder / "out"
        with self.log.open("w") as log, self.out.open("w") as out:
            self.process = subprocess.Popen(  # noqa: S603 - our own words
                [sys.executable, "-m", "moderation", "serve", "--port", "0", *words],
                cwd=folder,
                env={**environment, **_upper(settings)},
                stdout=out,
                stderr=log,
            )

    def serving(self) -> "Served":
        """Once it says that it listens."""
        until(lambda: self.told("serving") or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()
        return self

    @property
    def address(self) -> str:
        (line,) = self.told("serving")
        return str(line["address"])

    def lines(self) -> list[dict[str, Any]]:
        """Every whole line so far."""
        return [json.loads(line) for line in self.log.read_text().split("\n")[:-1]]

    def told(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["event"] == event]

    def workers(self) -> dict[int, int]:
        """The process of each worker, the newest where one was replaced."""
        return {line["worker"]: line["process"] for line in self.told("worker ready")}

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", urlsplit(self.address).port or 0), PATIENCE)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def ended(self) -> int:
        return self.process.wait(PATIENCE)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.ended()


def _upper(settings: Mapping[str, str]) -> dict[str, str]:
    """Those that are not ours, as NOTIFY_SOCKET."""
    return {name: value for name, value in settings.items() if name.isupper()}


@contextmanager
def serve(url: str, folder: Path, *words: str, **settings: str) -> Iterator[Served]:
    server = Served(url, folder, *words, **settings)
    try:
        yield server.serving()
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


def alive(process: int) -> bool:
    """Whether it still runs: one that ended and was not asked how does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False

"""The one client of every benchmark: raw requests over kept connections, and turns taken fairly."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, Self, cast
from urllib.parse import urlencode

CONNECTIONS = 8
WARM_UP = 0.3
# What a browser sends, so that reading headers is paid for.
BROWSER = (
    "Host: 127.0.0.1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: fr,fr-FR;q=0.8,en;q=0.5\r\nConnection: keep-alive\r\n"
    "Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: same-origin\r\n"
    "Priority: u=0, i\r\n"
)
GZIP = "gzip, deflate, br, zstd"


class Failed(Exception):
    """An answer that was not the one expected."""


class Answer(NamedTuple):
    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """Empty when there is none."""
        start = f"{name}:".lower().encode()
        lines = self.head.split(b"\r\n")
        return next(
            (line[len(start) :].strip().decode() for line in lines if line.lower().startswith(start)), ""
        )


def get(path: str, *, encoding: str = "identity", **headers: str) -> bytes:
    return _request("GET", path, {"Accept-Encoding": encoding, **headers})


def post(path: str, fields: Mapping[str, str], **headers: str) -> bytes:
    body = urlencode(fields).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
    return _request("POST", path, {**kind, **headers}) + body


def _request(method: str, path: str, headers: Mapping[str, str]) -> bytes:
    fields = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path} HTTP/1.1\r\n{BROWSER}{fields}\r\n".encode()


class Connection:
    """One request after the other, each answer read whole."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, question: bytes, status: int) -> Answer:
        """Raises Failed unless the answer has that status."""
        self._writer.write(question)
        head = await self._reader.readuntil(b"\r\n\r\n")
        answer = Answer(int(head[9:12]), head, b"")
        length = int(answer.header("Content-Length") or 0)
        if length and answer.status != 304:
            answer = answer._replace(body=await self._reader.readexactly(length))
        if answer.status != status:
            raise Failed(f"{question[:200]!r} was answered {head!r} {answer.body[:2000]!r}")
        return answer

    async def timed(self, question: bytes, status: int) -> float:
        """The seconds until the answer is whole."""
        start = time.perf_counter()
        await self.ask(question, status)
        return time.perf_counter() - start

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


async def once(port: int, question: bytes, status: int = 200) -> Answer:
    connection = await Connection.open(port)
    answer = await connection.ask(question, status)
    await connection.close()
    return answer


class _Reader(asyncio.Protocol):
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


async def reads(port: int, question: bytes, seconds: float, status: int = 200) -> float:
    """How many times a second the same question is answered, over all connections."""
    answer = await once(port, question, status)
    length = len(answer.head) + len(answer.body)
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: _Reader(question, length), "127.0.0.1", port)
        for _ in range(CONNECTIONS)
    ]
    readers = [reader for _, reader in opened]
    await asyncio.sleep(min(WARM_UP, seconds))
    before, start = sum(reader.answers for reader in readers), time.perf_counter()
    await asyncio.sleep(seconds)
    answers, elapsed = sum(reader.answers for reader in readers) - before, time.perf_counter() - start
    for transport, _ in opened:
        transport.close()
    if not answers:
        raise Failed(f"{question[:100]!r} was not answered twice alike")
    return answers / elapsed


async def sends(port: int, questions: Iterable[bytes], connections: int = CONNECTIONS) -> float:
    """How many different forms a second are taken, each answered by a redirection."""
    waiting = list(questions)
    opened = [await Connection.open(port) for _ in range(connections)]
    left = iter(waiting)
    start = time.perf_counter()
    await asyncio.gather(*(_send(connection, left) for connection in opened))
    elapsed = time.perf_counter() - start
    for connection in opened:
        await connection.close()
    return len(waiting) / elapsed


async def _send(connection: Connection, questions: Iterator[bytes]) -> None:
    for question in questions:
        await connection.ask(question, 303)


async def in_turns(
    rounds: int, measures: Mapping[str, Callable[[], Awaitable[float]]]
) -> dict[str, tuple[float, ...]]:
    """Each measure once a round, forwards then backwards: a machine that slows down favours none."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    for turn in range(rounds):
        names = list(measures)
        for name in names if turn % 2 == 0 else reversed(names):
            found[name].append(await measures[name]())
    return {name: tuple(values) for name, values in found.items()}

"""A connection as uvicorn has it, with an end to what it may have in hand.

The parser takes headers of any length, and uvicorn as many requests as come before their answers are taken;
both keep all of it in memory. So the parser is given little at a time, and no more while requests wait for
those before them: what is not read then fills the sender's memory and not ours.
"""

from asyncio import Transport
from collections.abc import Callable, Sized
from http import HTTPStatus
from typing import NoReturn

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

# Bytes of a request line with its headers; the same for what surrounds one chunk, and for trailers.
LONGEST_HEAD = 64 * 1024
# Of the target, and of one header: those that read their parts may take the square of their length.
LONGEST_LINE = 8 * 1024
MOST_HEADERS = 100
# Bytes the parser is given at once. As many requests as begin in them may wait: 57 of the shortest.
PIECE = 1024
# Seconds, and bytes, for which somebody refused is listened to: who is cut while sending reads no answer.
LINGER, LONGEST_LINGER = 2, 1024 * 1024
# What a request says that does not end with its headers.
MORE = frozenset({b"content-length", b"transfer-encoding", b"expect"})


class Flow(FlowControl):
    """Reads on only when no request waits for those before it."""

    def __init__(self, transport: Transport, waiting: Sized, read_on: Callable[[], object]) -> None:
        super().__init__(transport)
        self._waiting = waiting
        self._read_on = read_on

    def resume_reading(self) -> None:
        if self.read_paused and not self._waiting:
            self.read_paused = False
            self._read_on()


class Refused(Exception):
    """Stops the parser."""


class Bounded(HttpToolsProtocol):
    """Answers 431 or 414 to a head that is too long, and ends; nothing else is refused for its size."""

    url = b""
    _unread = memoryview(b"")
    # Bytes since something last ended: a head, a chunk, a part of a body.
    _unended = 0
    _is_over = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # Not at once: the parser may be at work on the bytes before.
        self.flow = Flow(transport, self.pipeline, lambda: self.loop.call_soon(self._read_on))

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_reading()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            self._ignore(data)
        elif self._unread or len(data) > PIECE:
            self._unread = memoryview(bytes(self._unread) + data if self._unread else data)
            self._read()
        else:
            self._parse(data)

    def _read(self) -> None:
        while self._unread and not self.flow.read_paused and not self.transport.is_closing():
            piece, self._unread = bytes(self._unread[:PIECE]), self._unread[PIECE:]
            self._parse(piece)

    def _read_on(self) -> None:
        self._read()
        if not self._is_over and not self.flow.read_paused and not self.transport.is_closing():
            self.transport.resume_reading()

    def _parse(self, piece: bytes) -> None:
        self._unended += len(piece)
        super().data_received(piece)
        if self._unended > LONGEST_HEAD:
            self._refuse(self._too_long())

    def _ignore(self, data: bytes) -> None:
        self._unended += len(data)
        if self._unended > LONGEST_LINGER:
            self.transport.abort()

    def on_headers_complete(self) -> None:
        self.end_head()
        if self.parser.should_upgrade() and not MORE.isdisjoint(dict(self.headers)):
            # The parser does not read its body, and would take it for other requests.
            self._stop(HTTPStatus.BAD_REQUEST)
        super().on_headers_complete()
        # Trailers go nowhere: the request has begun with the headers it had.
        self.headers = []

    def end_head(self) -> None:
        is_long = self._unended > LONGEST_LINE and any(len(value) > LONGEST_LINE for _, value in self.headers)
        self._unended = 0
        if is_long or len(self.headers) > MOST_HEADERS or len(self.url) > LONGEST_LINE:
            self._stop(self._too_long())

    def _too_long(self) -> HTTPStatus:
        if len(self.url) > LONGEST_LINE:
            return HTTPStatus.REQUEST_URI_TOO_LONG
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE

    def on_body(self, body: bytes) -> None:
        self._unended = 0
        super().on_body(body)

    def on_chunk_complete(self) -> None:
        self._unended = 0

    def _stop(self, status: HTTPStatus) -> NoReturn:
        self._refuse(status)
        raise Refused

    def send_400_response(self, msg: str) -> None:
        del msg
        self._refuse(HTTPStatus.BAD_REQUEST)

    def _unsupported_upgrade_warning(self) -> None:
        """What follows is in a protocol we do not speak: the request is answered as if it had not asked."""
        self._refuse(HTTPStatus.BAD_REQUEST)

    def _refuse(self, status: HTTPStatus) -> None:
        """The last of this connection; requests that came whole before are answered first, and instead."""
        if self._is_over:
            return
        self._stop_reading()
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            self._say(status)
        elif not cycle.more_body:
            cycle.keep_alive = False
            self.flow.pause_reading()
        elif self.pipeline or cycle.response_started:
            self.transport.close()
        else:
            cycle.disconnected = True
            cycle.message_event.set()
            self._say(status)

    def _stop_reading(self) -> None:
        self._is_over = True
        self._unread = memoryview(b"")

    def _say(self, status: HTTPStatus) -> None:
        body = status.phrase.encode()
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        head = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(STATUS_LINE[status] + head + b"\r\n" + body)
        self.transport.write_eof()
        self.loop.call_later(LINGER, self.transport.close)

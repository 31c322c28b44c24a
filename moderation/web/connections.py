"""A connection as uvicorn has it, with a time by which a request has come whole and its answer been taken.

uvicorn closes what is idle between two requests, and waits for ever for the end of one, or for a reader who
takes nothing. How much one connection may have in hand meanwhile is in `bounds`. Where there are as many as
there may be, those that have kept us waiting longest make room: who comes is let in, and not told that it is
full by whoever came first. What is left to a reverse proxy: how many connections one address may open.

A page that is kept goes out as soon as the headers of its request are in. To start a task and to pass it
messages would take twice the time that sending takes.
"""

import logging
import re
from asyncio import Transport
from asyncio.events import TimerHandle
from heapq import nsmallest
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from moderation import logs
from moderation.front import Front
from moderation.web.bounds import MORE, Bounded

# What part of all connections is cut when there is no room.
_SHARE = 10
# Nothing to unescape, and no query.
_PLAIN = re.compile(rb"/[\w/.~-]*", re.ASCII)


class Connection(Bounded):
    """Cut, and not answered, when its time is up: whoever is this slow does not read."""

    # From the first byte of a request to its last; then to the last byte of its answer.
    request_seconds: ClassVar[float] = 30
    answer_seconds: ClassVar[float] = 300

    since: float
    _allowed: float
    _timer: TimerHandle
    _is_answered = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._within(self.request_seconds)
        self._look()
        if self.limit_concurrency is not None:
            places = self.limit_concurrency // _SHARE
            # Some are left over: what those cut had asked for ends a moment later, and counts until then.
            if len(self.connections) > self.limit_concurrency - places:
                self._make_room(places)

    def _make_room(self, places: int) -> None:
        """Several at once: looking for them takes its time."""
        others = (one for one in self.connections if isinstance(one, Connection) and one is not self)
        silent = nsmallest(places, filter(Connection._keeps_us_waiting, others), key=lambda one: one.since)
        for one in silent:
            # It leaves by itself only once the loop goes round.
            self.connections.discard(one)
            one.transport.abort()
        logs.tell("connections cut to make room", level=logging.WARNING, cut=len(silent))

    def _keeps_us_waiting(self) -> bool:
        return (
            self.cycle is None
            or self.cycle.response_complete
            or self.cycle.more_body
            or self.transport.get_write_buffer_size() > 0
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        # An answer at once to the request before, in the same bytes, has just set it.
        self._unset_keepalive_if_required()
        self._is_answered = False
        if self.cycle is None or self.cycle.response_complete:
            # Else it waits for those before it, however fast it was sent.
            self._within(self.request_seconds)

    def on_headers_complete(self) -> None:
        self.end_head()
        if isinstance(self.app, Front) and self._is_simple():
            self._is_answered = self._answer(self.app)
        if not self._is_answered:
            super().on_headers_complete()

    def _is_simple(self) -> bool:
        """Whether the next bytes to be sent are the answer to this, and nothing is left to be read of it."""
        return (
            self.parser.get_method() == b"GET"
            and self.parser.should_keep_alive()
            and self.parser.get_http_version() == "1.1"
            and not self.parser.should_upgrade()
            and (self.cycle is None or self.cycle.response_complete)
            and not self.transport.get_write_buffer_size()
            and not self.transport.is_closing()
            and _PLAIN.fullmatch(self.url) is not None
            and MORE.isdisjoint(dict(self.headers))
        )

    def _answer(self, front: Front) -> bool:
        answer = front.at_once(self.url.decode("ascii"), self.headers)
        if answer is None:
            return False
        ours = b"".join(b"%b: %b\r\n" % header for header in self.server_state.default_headers)
        self.transport.writelines((STATUS_LINE[answer.status], ours, answer.head, answer.body))
        self.on_response_complete()
        if self.transport.get_write_buffer_size():
            self._within(self.answer_seconds)
        return True

    def on_body(self, body: bytes) -> None:
        if not self._is_answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._is_answered:
            super().on_message_complete()
            self._within(self.answer_seconds)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.transport.get_write_buffer_size():
            # Line ends sent one by one are no request, and would keep it open for ever.
            self._within(self.request_seconds)

    def _within(self, seconds: float) -> None:
        self.since = self.loop.time()
        self._allowed = seconds

    def _look(self) -> None:
        """One timer a connection, however many requests it brings."""
        left = self.since + self._allowed - self.loop.time()
        if left > 0:
            self._timer = self.loop.call_later(left, self._look)
        else:
            self.transport.abort()

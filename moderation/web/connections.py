"""A connection as uvicorn has it, with a time by which a request has come whole and its answer been taken.

uvicorn closes what is idle between two requests, and waits for ever for the end of one, or for a reader who
takes nothing. What is left to a reverse proxy: how many connections one address may open.
"""

from asyncio import Transport
from asyncio.events import TimerHandle
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Connection(HttpToolsProtocol):
    """Cut, and not answered, when its time is up: whoever is this slow does not read."""

    # From the first byte of a request to its last; then to the last byte of its answer.
    request_seconds: ClassVar[float] = 30
    answer_seconds: ClassVar[float] = 300

    _deadline: float
    _timer: TimerHandle

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._within(self.request_seconds)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._within(self.request_seconds)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._within(self.answer_seconds)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.transport.get_write_buffer_size():
            # Line ends sent one by one are no request, and would keep it open for ever.
            self._within(self.request_seconds)

    def _within(self, seconds: float) -> None:
        self._deadline = self.loop.time() + seconds

    def _look(self) -> None:
        """One timer a connection, however many requests it brings."""
        left = self._deadline - self.loop.time()
        if left > 0:
            self._timer = self.loop.call_later(left, self._look)
        else:
            self.transport.abort()

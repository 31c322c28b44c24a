"""One at a time, in the order they came, and nobody waits for ever."""

import threading
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager


class Busy(Exception):
    """Whoever came before is still at it."""


class Turn:
    """A lock that is fair, as `threading.Lock` is not: who has just let go does not come first again."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._taken = False
        # Each waits on a lock of its own, which is opened when its turn comes.
        self._line: deque[threading.Lock] = deque()

    @contextmanager
    def taken(self, seconds: float) -> Generator[None]:
        """Raises Busy when the turn has not come after so long."""
        self._take(seconds)
        try:
            yield
        finally:
            self._leave()

    def _take(self, seconds: float) -> None:
        with self._mutex:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._line.append(mine)
        if mine.acquire(timeout=seconds):
            return
        with self._mutex:
            # Gone from the line, it was given the turn at this very moment.
            if mine in self._line:
                self._line.remove(mine)
                raise Busy

    def _leave(self) -> None:
        with self._mutex:
            if self._line:
                self._line.popleft().release()
            else:
                self._taken = False

"""What is looked up again after a while, and not each time somebody asks."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any


class Remembered:
    def __init__(self, lasts: timedelta) -> None:
        self._lasts = lasts
        self._known: tuple[datetime, Any] | None = None

    def get(self, now: datetime, look: Callable[[], Any]) -> Any:
        """What `look` found, lately or now."""
        if self._known is None or not timedelta() <= now - self._known[0] < self._lasts:
            self._known = now, look()
        return self._known[1]

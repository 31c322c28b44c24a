"""What time it is: asked at the edges only, and told to everything else."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc() -> datetime:
    return datetime.now(UTC)

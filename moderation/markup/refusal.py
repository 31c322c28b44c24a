"""What is not taken at all: a word for the interface to say it with, and the figures it needs."""


class Refused(Exception):
    """reason is "empty", "too_long" or "too_many_tags"; found is over limit when they mean something."""

    def __init__(self, reason: str, *, limit: int = 0, found: int = 0) -> None:
        super().__init__(reason, limit, found)
        self.reason = reason
        self.limit = limit
        self.found = found

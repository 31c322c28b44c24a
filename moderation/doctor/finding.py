"""What a look came to."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True)
class Finding:
    """`advice` is what to do, where something is to be done."""

    check: str
    state: State
    said: str
    advice: str = ""

    @property
    def fails(self) -> bool:
        return self.state is State.FAILURE


def ok(check: str, said: str) -> Finding:
    return Finding(check, State.OK, said)


def warning(check: str, said: str, advice: str = "") -> Finding:
    return Finding(check, State.WARNING, said, advice)


def failure(check: str, said: str, advice: str = "") -> Finding:
    return Finding(check, State.FAILURE, said, advice)

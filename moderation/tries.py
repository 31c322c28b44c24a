"""How often a password, a code or a letter may be tried: past that, this door waits and the others do not."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum

from moderation import logs
from moderation.throttle import Counts, Throttle, TooMany


class Door(StrEnum):
    """What is tried; each is counted by itself."""

    PASSWORD = "password"  # noqa: S105
    CODE = "code"
    LETTER = "letter"
    # To one address, whoever asks: the one just sent opens as well as another would.
    SAME_LETTER = "same letter"
    PASSKEY = "passkey"
    # By who is signed in already, with a password or a code: nobody outside can use these tries up.
    CONFIRM = "confirm"


# Whoever goes on waits longer and longer: a minute, an hour, a day.
OF_ACCOUNT = {
    Door.PASSWORD: "5 per minute; 20 per hour; 50 per day",
    # Three codes of a million are right at any time: 20 tries a day find one in forty-five years.
    Door.CODE: "5 per minute; 10 per hour; 20 per day",
    Door.LETTER: "5 per minute; 10 per hour; 20 per day",
    Door.CONFIRM: "5 per minute; 10 per hour; 20 per day",
    Door.SAME_LETTER: "1 per 2 minutes",
}
OF_SENDER = "20 per minute; 100 per hour; 300 per day"


class Tries:
    def __init__(self, senders: Counts, accounts: Counts, secret: str) -> None:
        """Counts of their own for each: no flood of senders makes those at an account be forgotten."""
        self._of_sender = {door: Throttle(OF_SENDER, senders, secret, f"sender/{door}") for door in Door}
        self._of_account = {
            door: Throttle(notation, accounts, secret, f"account/{door}")
            for door, notation in OF_ACCOUNT.items()
        }

    def by_sender(self, door: Door, address: str | None, now: datetime) -> None:
        """Counts one try; `address` is empty where it says nothing about who tries. Raises TooMany."""
        with _told(door):
            self._of_sender[door].by_sender(address, now)

    def at_account(self, door: Door, account: str, now: datetime) -> None:
        """Counts one try at an account, of whatever name it was given, real or not. Raises TooMany."""
        with _told(door):
            self._of_account[door].at(account, now)


@contextmanager
def _told(door: Door) -> Generator[None]:
    try:
        yield
    except TooMany:
        logs.security("limit reached", what=door)
        raise

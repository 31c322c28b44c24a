"""How often a password, a code or a letter may be tried: past that, this door waits and the others do not."""

import hashlib
import hmac
import time
from datetime import date
from enum import StrEnum

from limits import RateLimitItem, parse_many
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from moderation.throttle import EVERYBODY, TooMany, sender


class Door(StrEnum):
    """What is tried; each is counted by itself."""

    PASSWORD = "password"  # noqa: S105
    CODE = "code"
    LETTER = "letter"
    PASSKEY = "passkey"


# Whoever goes on waits longer and longer: a minute, an hour, a day.
OF_ACCOUNT = {
    Door.PASSWORD: parse_many("5 per minute; 20 per hour; 50 per day"),
    # Three codes of a million are right at any time: 20 tries a day find one in forty-five years.
    Door.CODE: parse_many("5 per minute; 10 per hour; 20 per day"),
    Door.LETTER: parse_many("5 per minute; 10 per hour; 20 per day"),
}
OF_SENDER = parse_many("20 per minute; 100 per hour; 300 per day")
OF_EVERYBODY = [type(limit)(limit.amount * EVERYBODY, limit.multiples) for limit in OF_SENDER]


class Tries:
    def __init__(self, storage: str, secret: str) -> None:
        """`storage` as the `limits` package has it."""
        self._limiter = MovingWindowRateLimiter(storage_from_string(storage))
        self._secret = secret.encode()

    def by_sender(self, door: Door, address: str | None, today: date) -> None:
        """Counts one try; `address` is empty where it says nothing about who tries. Raises TooMany."""
        limits, who = (OF_EVERYBODY, "all") if address is None else (OF_SENDER, sender(address))
        self._hit(limits, door, who, today)

    def at_account(self, door: Door, account: str, today: date) -> None:
        """Counts one try at an account, of whatever name it was given, real or not. Raises TooMany."""
        self._hit(OF_ACCOUNT[door], door, account, today)

    def _hit(self, limits: list[RateLimitItem], door: Door, who: str, today: date) -> None:
        key = self._hidden(door, who, today)
        for limit in limits:
            if not self._limiter.hit(limit, key):
                reset = self._limiter.get_window_stats(limit, key).reset_time
                raise TooMany(max(1, round(reset - time.time())))

    def _hidden(self, door: Door, who: str, today: date) -> str:
        """A keyed hash that changes every day: nobody can tell an address or a person from it."""
        message = f"{door} {today.isoformat()} {who}".encode()
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()[:32]

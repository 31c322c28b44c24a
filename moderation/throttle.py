"""How many contributions one sender may make, without ever writing an address down."""

import hashlib
import hmac
import ipaddress
import time
from datetime import date

from limits import RateLimitItem, parse_many
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

# Where senders cannot be told apart, all of them together may make this many times what one may.
EVERYBODY = 20


class TooMany(Exception):
    """Raised with the whole seconds to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"try again in {seconds} s")
        self.seconds = seconds


class Throttle:
    def __init__(self, notation: str, storage: str, secret: str) -> None:
        """`notation` and `storage` as the `limits` package has them; an empty notation limits nothing."""
        self._one: list[RateLimitItem] = parse_many(notation) if notation else []
        self._all = [type(limit)(limit.amount * EVERYBODY, limit.multiples) for limit in self._one]
        self._limiter = SlidingWindowCounterRateLimiter(storage_from_string(storage))
        self._secret = secret.encode()

    def hit(self, address: str | None, today: date) -> None:
        """Counts one contribution; `address` is empty where it says nothing about who sent it.

        Kept is a keyed hash that changes every day: nobody can tell an address from it. Raises TooMany.
        """
        limits, key = (self._all, "all") if address is None else (self._one, self._hidden(address, today))
        for limit in limits:
            if not self._limiter.test(limit, key):
                reset = self._limiter.get_window_stats(limit, key).reset_time
                raise TooMany(max(1, round(reset - time.time())))
        for limit in limits:
            self._limiter.hit(limit, key)

    def _hidden(self, address: str, today: date) -> str:
        message = f"{today.isoformat()} {sender(address)}".encode()
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()[:32]


def sender(address: str) -> str:
    """What counts as one: an IPv4 address, or the /64 an IPv6 one is in."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)

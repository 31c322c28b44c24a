"""How often one sender, or one account, may do a thing, without ever writing an address or a name down."""

import hashlib
import hmac
import ipaddress
import logging
import time
from collections import OrderedDict
from datetime import datetime
from threading import Lock

from limits import RateLimitItem, parse_many
from limits.errors import StorageError
from limits.storage import RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter

log = logging.getLogger(__name__)

# Where senders cannot be told apart, all of them together may make this many times what one may.
EVERYBODY = 20
# Windows one process remembers, 20 MB of them: those longest untouched are forgotten first.
MOST = 50_000
# Seconds a shared store may take to answer, and for which one that did not is left alone.
PATIENCE = 0.5
LEFT_ALONE = 5


class TooMany(Exception):
    """Raised with the whole seconds to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"try again in {seconds} s")
        self.seconds = seconds


class Throttle:
    def __init__(self, notation: str, counts: "Counts", secret: str, purpose: str, *, times: int = 1) -> None:
        """`notation` as the `limits` package has it, and how many `times` that; an empty one limits nothing.

        The secret may sign links too: what is used here is derived from it, for this purpose alone.
        """
        # The shortest window first: who is refused there uses nothing up of a longer one.
        limits = sorted(parse_many(notation), key=RateLimitItem.get_expiry) if notation else []
        self._one = [_more(limit, times) for limit in limits]
        self._all = [_more(limit, EVERYBODY) for limit in self._one]
        self._key = hmac.digest(secret.encode(), f"moderation/v1/throttle/{purpose}".encode(), "sha256")
        self._counts = counts

    def by_sender(self, address: str | None, now: datetime) -> None:
        """Counts one of an address; it is empty where it says nothing about who sent it. Raises TooMany."""
        if address is None:
            self._hit(self._all, "everybody", now)
        else:
            self._hit(self._one, sender(address), now)

    def at(self, name: str, now: datetime) -> None:
        """Counts one at what has this name, whoever it comes from. Raises TooMany."""
        self._hit(self._one, name, now)

    def _hit(self, limits: list[RateLimitItem], who: str, now: datetime) -> None:
        hidden = self._hidden(who, now)
        for limit in limits:
            wait = self._counts.hit(limit, hidden, now)
            if wait is not None:
                raise TooMany(int(wait) + 1)

    def _hidden(self, who: str, now: datetime) -> str:
        """A keyed hash that changes every day: nobody can tell an address or a person from it.

        At midnight (UTC) everybody therefore begins anew, and may do twice what one window allows.
        """
        return hmac.new(self._key, f"{now.date()} {who}".encode(), hashlib.sha256).hexdigest()[:32]


def _more(limit: RateLimitItem, times: int) -> RateLimitItem:
    return type(limit)(limit.amount * times, limit.multiples)


class Counts:
    """Kept in this process, or in a store several share; in this process while that one is silent."""

    def __init__(self, storage: str) -> None:
        """`storage` as the `limits` package has it."""
        self._here = Here()
        self._shared = None if storage.startswith("memory:") else Shared(storage)

    def hit(self, limit: RateLimitItem, name: str, now: datetime) -> float | None:
        """Counts one, or counts nothing and returns the seconds to wait."""
        if self._shared is not None:
            try:
                return self._shared.hit(limit, name)
            except Silent:
                pass
        return self._here.hit(limit, name, now)


class Here:
    """Sliding windows in this process: each knows its own count and that of the one before."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._windows: OrderedDict[str, tuple[int, int, int]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._windows)

    def hit(self, limit: RateLimitItem, name: str, now: datetime) -> float | None:
        """As Counts.hit does."""
        span, key = limit.get_expiry(), limit.key_for(name)
        with self._lock:
            window, elapsed = divmod(now.timestamp(), span)
            known, count, before = self._windows.pop(key, (int(window), 0, 0))
            if known == window + 1:  # it waited to be counted, and comes after one of the next window
                window, elapsed = known, 0.0
            if known != window:
                before, count = count if known == window - 1 else 0, 0
            full = int(before * (1 - elapsed / span)) + count >= limit.amount
            self._windows[key] = (int(window), count + (not full), before)
            if len(self._windows) > self._most:
                self._windows.popitem(last=False)
        if not full:
            return None
        # Until this window is the last one, or until little enough of the last one reaches in.
        until = span if count >= limit.amount else span * (1 - (limit.amount - count) / before)
        return until - elapsed


class Silent(Exception):
    """The shared store does not answer."""


class Shared:
    """The counts of several servers, in Redis or Valkey, each made there in one step."""

    def __init__(self, url: str) -> None:
        storage = RedisStorage(
            url, wrap_exceptions=True, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
        )
        library = storage.dependency
        # A connection the store closed while it was idle is opened again; nothing else is tried twice.
        once = library.retry.Retry(library.backoff.NoBackoff(), 1, (library.exceptions.ConnectionError,))
        storage.storage.set_retry(once)
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._silent_until: float | None = None
        self._lock = Lock()

    def hit(self, limit: RateLimitItem, name: str) -> float | None:
        """As Counts.hit does, by the store’s own clock.

        Raises Silent, at once for a while after the store did not answer in time.
        """
        if self._silent_until is not None and time.monotonic() < self._silent_until:
            raise Silent
        try:
            wait = self._asked(limit, name)
        except StorageError as error:
            reason = type(error.storage_error).__name__
            if self._turned(time.monotonic() + LEFT_ALONE):
                log.warning(
                    "The store of LIMITS_URL does not answer (%s): each process counts for itself.", reason
                )
            raise Silent from error
        if self._turned(None):
            log.warning("The store of LIMITS_URL answers again.")
        return wait

    def _asked(self, limit: RateLimitItem, name: str) -> float | None:
        if self._limiter.hit(limit, name):
            return None
        return max(0.0, self._limiter.get_window_stats(limit, name).reset_time - time.time())

    def _turned(self, silent_until: float | None) -> bool:
        """Whether that is news."""
        with self._lock:
            before, self._silent_until = self._silent_until, silent_until
        return (before is None) is not (silent_until is None)


def sender(address: str) -> str:
    """What counts as one: an IPv4 address, or the /64 an IPv6 one is in."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped or ipaddress.ip_network((int(found), 64), strict=False))
    return str(found)

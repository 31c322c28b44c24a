"""How often one sender, or one account, may do a thing, without ever writing an address or a name down."""

import hashlib
import hmac
import ipaddress
import logging
import time
from collections import OrderedDict, defaultdict
from datetime import datetime
from itertools import count
from threading import Lock
from typing import NamedTuple

from limits import RateLimitItem, parse_many
from limits.errors import StorageError
from limits.storage import RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter

log = logging.getLogger(__name__)

# Where senders cannot be told apart, all of them together may make this many times what one may.
EVERYBODY = 20
# And all that one provider gave one customer, where it gave 65,536 networks.
AROUND = 10
# Windows one process remembers, 20 MB of them: those that are over are forgotten first.
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
        self._limits = {
            many: [_more(limit, times * many) for limit in limits] for many in (1, AROUND, EVERYBODY)
        }
        self._key = hmac.digest(secret.encode(), f"moderation/v1/throttle/{purpose}".encode(), "sha256")
        self._counts = counts

    def by_sender(self, address: str | None, now: datetime) -> None:
        """Counts one of an address; it is empty where it says nothing about who sent it. Raises TooMany."""
        counted = senders(address)
        for who, many in counted[1:]:
            # Who is refused there has nothing counted here: a flood of such counts would push others out.
            self._hit(self._limits[many], who, now, cost=0)
        for who, many in counted:
            self._hit(self._limits[many], who, now)

    def at(self, name: str, now: datetime) -> None:
        """Counts one at what has this name, whoever it comes from. Raises TooMany."""
        self._hit(self._limits[1], name, now)

    def _hit(self, limits: list[RateLimitItem], who: str, now: datetime, cost: int = 1) -> None:
        hidden = self._hidden(who, now)
        for limit in limits:
            wait = self._counts.hit(limit, hidden, now, cost)
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

    def hit(self, limit: RateLimitItem, name: str, now: datetime, cost: int = 1) -> float | None:
        """Counts one, or counts nothing and returns the seconds to wait; at no cost it only looks."""
        if self._shared is not None:
            try:
                return self._shared.hit(limit, name, cost)
            except Silent:
                pass
        return self._here.hit(limit, name, now, cost)


class Window(NamedTuple):
    number: int
    used: int
    # And of the one before.
    before: int
    # When it was last looked at, in turns.
    turn: int


class Here:
    """Sliding windows in this process: each knows its own count and that of the one before."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        # By how long they last, and of each length the longest untouched first.
        self._windows: defaultdict[int, OrderedDict[str, Window]] = defaultdict(OrderedDict)
        self._turns = count()
        self._lock = Lock()

    def __len__(self) -> int:
        return sum(map(len, self._windows.values()))

    def hit(self, limit: RateLimitItem, name: str, now: datetime, cost: int = 1) -> float | None:
        """As Counts.hit does."""
        span, key, moment = limit.get_expiry(), limit.key_for(name), now.timestamp()
        with self._lock:
            window, elapsed = divmod(moment, span)
            known, used, before, _ = self._windows[span].pop(key, (int(window), 0, 0, 0))
            if known == window + 1:  # it waited to be counted, and comes after one of the next window
                window, elapsed = known, 0.0
            if known != window:
                before, used = used if known == window - 1 else 0, 0
            full = int(before * (1 - elapsed / span)) + used >= limit.amount
            spent = used if full else used + cost
            self._windows[span][key] = Window(int(window), spent, before, next(self._turns))
            if len(self) > self._most:
                self._forget(moment)
        if not full:
            return None
        # Until this window is the last one, or until little enough of the last one reaches in.
        until = span if used >= limit.amount else span * (1 - (limit.amount - used) / before)
        return until - elapsed

    def _forget(self, moment: float) -> None:
        """One that is over and counts for nothing any more; if there is none, the longest untouched."""
        oldest = {span: next(iter(known.values())) for span, known in self._windows.items() if known}
        over = [span for span, window in oldest.items() if window.number < moment // span - 1]
        span = over[0] if over else min(oldest, key=lambda span: oldest[span].turn)
        self._windows[span].popitem(last=False)


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

    def hit(self, limit: RateLimitItem, name: str, cost: int) -> float | None:
        """As Counts.hit does, by the store’s own clock.

        Raises Silent, at once for a while after the store did not answer in time.
        """
        if self._silent_until is not None and time.monotonic() < self._silent_until:
            raise Silent
        try:
            wait = self._asked(limit, name, cost)
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

    def _asked(self, limit: RateLimitItem, name: str, cost: int) -> float | None:
        if self._limiter.hit(limit, name) if cost else self._limiter.test(limit, name):
            return None
        return max(0.0, self._limiter.get_window_stats(limit, name).reset_time - time.time())

    def _turned(self, silent_until: float | None) -> bool:
        """Whether that is news."""
        with self._lock:
            before, self._silent_until = self._silent_until, silent_until
        return (before is None) is not (silent_until is None)


def senders(address: str | None) -> list[tuple[str, int]]:
    """Who is counted for an address, and how many times what one may is theirs.

    An IPv4 address is one, or the /64 an IPv6 one is in; who has a /64 may have the whole /48 around it.
    """
    if address is None:
        return [("everybody", EVERYBODY)]
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv4Address):
        return [(str(found), 1)]
    if found.ipv4_mapped is not None:
        return [(str(found.ipv4_mapped), 1)]
    return [(_network(found, 64), 1), (_network(found, 48), AROUND)]


def _network(address: ipaddress.IPv6Address, length: int) -> str:
    return str(ipaddress.ip_network((int(address), length), strict=False))

import hmac
import logging
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import redis
from conftest import KEY, START, at_once, free_port, redis_server
from hypothesis import given
from hypothesis import strategies as st
from limits import parse

from moderation.links import PURPOSES
from moderation.settings import Settings
from moderation.throttle import (
    AROUND,
    EVERYBODY,
    LEFT_ALONE,
    MOST,
    PATIENCE,
    Counts,
    Here,
    Throttle,
    TooMany,
    senders,
)

NOW = START
TOMORROW = NOW + timedelta(days=1)
BACK_AGAIN = "The store of LIMITS_URL answers again."


def throttle(notation: str = "2 per hour", storage: str = "memory://", purpose: str = "submit") -> Throttle:
    return Throttle(notation, Counts(storage), KEY, purpose)


def passed(limits: Throttle, address: str | None = "203.0.113.7", tries: int = 10) -> int:
    """How many of so many are let through."""
    return sum(not isinstance(answer, TooMany) for answer in all_of(limits, address, tries))


def all_of(limits: Throttle, address: str | None, tries: int) -> list[Any]:
    return [tried(limits, address) for _ in range(tries)]


def tried(limits: Throttle, address: str | None) -> TooMany | None:
    try:
        limits.by_sender(address, NOW)
    except TooMany as many:
        return many
    return None


@pytest.fixture(params=["memory", "store"])
def storage(request: pytest.FixtureRequest) -> str:
    return "memory://" if request.param == "memory" else str(request.getfixturevalue("store"))


# Counting, in memory and in a store


def test_one_sender_is_bounded_and_another_is_not(storage: str) -> None:
    limits = throttle(storage=storage)
    for _ in range(2):
        limits.by_sender("203.0.113.7", NOW)
    with pytest.raises(TooMany) as many:
        limits.by_sender("203.0.113.7", NOW)
    assert 1 <= many.value.seconds <= 3601
    limits.by_sender("203.0.113.8", NOW)


def test_every_limit_of_several_holds(storage: str) -> None:
    limits = throttle("5 per hour; 1 per minute", storage)
    limits.by_sender("203.0.113.7", NOW)
    with pytest.raises(TooMany):
        limits.by_sender("203.0.113.7", NOW)


def test_what_a_short_limit_refused_is_not_counted_by_a_long_one(storage: str) -> None:
    limits = throttle("5 per hour; 1 per minute", storage)
    refused = [many for many in all_of(limits, "203.0.113.7", 20) if many]
    assert [many.seconds <= 61 for many in refused] == [True] * 19


def test_as_many_as_allowed_and_no_more_pass_when_all_come_at_once(storage: str) -> None:
    limits = throttle("7 per day", storage)
    many = at_once(*[lambda: limits.by_sender("203.0.113.7", NOW)] * 24)
    assert sum(answer is None for answer in many) == 7
    assert sum(isinstance(answer, TooMany) for answer in many) == 17


def test_where_senders_cannot_be_told_apart_a_ceiling_holds_for_all(storage: str) -> None:
    limits = throttle(storage=storage)
    assert passed(limits, None, 3 * EVERYBODY) == 2 * EVERYBODY
    assert passed(limits, "203.0.113.7") == 2


def test_no_notation_limits_nothing() -> None:
    assert passed(throttle(""), tries=100) == 100


def test_what_is_allowed_by_default() -> None:
    limits = throttle(Settings(secret_keys=KEY).submit_limit)
    assert passed(limits, "203.0.113.7", 30) == 20
    assert passed(limits, None, 500) == 20 * EVERYBODY


# Who is who


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        (None, {"everybody": 20}),
        ("203.0.113.7", {"203.0.113.7": 1}),
        ("2001:db8:1:2:3:4:5:6", {"2001:db8:1:2::/64": 1, "2001:db8:1::/48": 10}),
        ("2001:db8:1:2::ffff", {"2001:db8:1:2::/64": 1, "2001:db8:1::/48": 10}),
        ("::ffff:203.0.113.7", {"203.0.113.7": 1}),
        ("fe80::1%eth0", {"fe80::/64": 1, "fe80::/48": 10}),
    ],
)
def test_an_ipv6_network_counts_as_one_sender_and_the_one_around_it_as_ten(
    address: str | None, counted: dict[str, int]
) -> None:
    assert dict(senders(address)) == counted


def test_the_networks_of_one_ipv6_site_are_bounded_together(storage: str) -> None:
    limits = throttle(storage=storage)
    many = [tried(limits, f"2001:db8:0:{number:x}::1") for number in range(30)]
    assert [answer is None for answer in many] == [True] * 2 * AROUND + [False] * 10
    assert tried(limits, "2001:db8:1::1") is None


def test_promise_09_the_store_holds_no_address_and_forgets_who_came_yesterday(store: str) -> None:
    limits = throttle(storage=store)
    for day in (NOW, TOMORROW):
        for address in ("203.0.113.7", "2001:db8:1:2::3", None):
            limits.by_sender(address, day)
    keys = [key.decode() for key in redis.Redis.from_url(store).scan_iter()]
    assert len(keys) == 8
    assert not [key for key in keys if "113" in key or "2001" in key or "every" in key]


def test_names_follow_the_secret_and_the_purpose_and_no_link_is_signed_with_their_key() -> None:
    named = {
        limits._hidden(who, NOW)
        for who in ("203.0.113.7", "everybody")
        for limits in (
            throttle(),
            throttle(purpose="password"),
            Throttle("", Counts("memory://"), KEY[::-1], "submit"),
        )
    }
    assert len(named) == 6
    signs = {hmac.digest(KEY.encode(), purpose.salt.encode(), "sha256") for purpose in PURPOSES.values()}
    assert not {throttle()._key, KEY.encode()} & signs
    assert throttle()._key != KEY.encode()


def test_nobody_has_the_name_they_had_yesterday() -> None:
    limits = throttle()
    for who in ("203.0.113.7", "2001:db8:1:2::/64", "everybody"):
        assert limits._hidden(who, NOW) == limits._hidden(who, NOW + timedelta(hours=1))
        assert limits._hidden(who, NOW) != limits._hidden(who, TOMORROW)


def test_two_sites_on_one_store_have_a_ceiling_each(store: str) -> None:
    one, other = throttle(storage=store), Throttle("2 per hour", Counts(store), KEY[::-1], "submit")
    assert passed(one, None, 100) == passed(other, None, 100) == 2 * EVERYBODY


# Windows


@given(amount=st.integers(1, 30), waits=st.lists(st.floats(0, 90), max_size=80))
def test_the_seconds_to_wait_are_enough_and_no_window_lets_more_pass(amount: int, waits: list[float]) -> None:
    now, passed = NOW, []
    here, limit = Here(), parse(f"{amount} per minute")
    for wait in waits:
        now += timedelta(seconds=wait)
        told = here.hit(limit, "x", now)
        if told is not None:
            assert 0 <= told <= 60
            now += timedelta(seconds=int(told) + 1)
            assert here.hit(limit, "x", now) is None
        passed.append(now.timestamp())
    for window in {moment // 60 for moment in passed}:
        assert sum(moment // 60 == window for moment in passed) <= amount


def test_who_is_counted_late_frees_nobody() -> None:
    """Two requests about the end of a minute, counted in another order than they came."""
    here, limit = Here(), parse("5 per minute")
    moments = (NOW - timedelta(seconds=0.005), NOW + timedelta(seconds=0.005))
    told = [here.hit(limit, "x", moments[turn % 2]) for turn in range(200)]
    assert sum(wait is None for wait in told) <= 6


def test_a_clock_set_back_keeps_nobody_out() -> None:
    here, limit = Here(), parse("1 per minute")
    assert here.hit(limit, "x", NOW) is None
    assert here.hit(limit, "x", NOW - timedelta(hours=1)) is None


def test_a_flood_of_addresses_fills_no_memory_and_frees_nobody_who_goes_on() -> None:
    here, limit = Here(most=1000), parse("2 per hour")
    for number in range(5000):
        here.hit(limit, f"address {number}", NOW)
        if number % 100 == 0:
            here.hit(limit, "somebody", NOW)
    assert len(here) == 1000
    assert here.hit(limit, "somebody", NOW) is not None
    assert here.hit(limit, "address 0", NOW) is None
    assert MOST <= 100_000


def test_what_is_over_is_forgotten_before_what_still_counts() -> None:
    here, minute, day = Here(most=1000), parse("1 per minute"), parse("1 per day")
    here.hit(day, "somebody", NOW)
    for number in range(999):
        here.hit(minute, f"before {number}", NOW)
    later = NOW + timedelta(minutes=2)
    for number in range(999):
        here.hit(day, f"address {number}", later)
    assert len(here) == 1000
    assert here.hit(day, "somebody", later) is not None
    assert here.hit(day, "address 0", later) is not None


# A store for several processes


HIT = """
import sys
from datetime import UTC, datetime
from moderation.throttle import Counts, Throttle, TooMany
limits = Throttle("30 per day", Counts(sys.argv[1]), sys.argv[2], "submit")
passed = 0
for _ in range(40):
    try:
        limits.by_sender("203.0.113.7", datetime(2026, 3, 1, tzinfo=UTC))
        passed += 1
    except TooMany:
        pass
print(passed)
"""


def test_two_processes_count_together(store: str) -> None:
    command = [sys.executable, "-c", HIT, store, KEY]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]  # noqa: S603
    assert sum(int(process.communicate(timeout=60)[0]) for process in both) == 30


def test_valkey_is_spoken_to_as_well(store: str) -> None:
    valkey = store.replace("redis:", "valkey:")
    assert passed(throttle(storage=valkey)) == 2
    assert passed(throttle(storage=store)) == 0


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_without_an_answer_each_process_counts_for_itself_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    limits = throttle(storage=f"redis://user:secret@127.0.0.1:{free_port()}")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: tried(limits, "203.0.113.7"), range(16)))
    assert sum(answer is None for answer in answers) == 2
    (told,) = warnings(caplog)
    assert "does not answer" in told
    assert "secret" not in told


def test_a_store_that_hangs_is_waited_for_shortly_and_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    port = free_port()
    with redis_server(port) as server:
        limits = throttle(storage=f"redis://127.0.0.1:{port}")
        assert tried(limits, "203.0.113.7") is None
        os.kill(server.pid, signal.SIGSTOP)
        began = time.monotonic()
        assert passed(limits, "203.0.113.7") == 2
        assert time.monotonic() - began < 4 * PATIENCE
        os.kill(server.pid, signal.SIGCONT)
    assert len(warnings(caplog)) == 1


def test_a_store_that_is_back_is_asked_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moderation.throttle.LEFT_ALONE", 0.1)
    port = free_port()
    limits = throttle("5 per day", f"redis://127.0.0.1:{port}")
    with redis_server(port):
        assert passed(limits, tries=3) == 3
    assert passed(limits, tries=3) == 3
    time.sleep(0.15)
    assert passed(limits, tries=1) == 1
    with redis_server(port):
        time.sleep(0.15)
        assert passed(limits) == 5
    assert [told == BACK_AGAIN for told in warnings(caplog)] == [False, True]
    assert LEFT_ALONE >= 1


def test_a_store_that_was_restarted_is_reconnected_to_at_once(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    limits = throttle("5 per day", f"redis://127.0.0.1:{port}")
    for _ in range(2):
        with redis_server(port):
            assert passed(limits) == 5
    assert warnings(caplog) == []


def test_a_store_that_refuses_the_command_opens_no_door(store: str) -> None:
    redis.Redis.from_url(store).config_set("requirepass", "guess")
    assert passed(throttle(storage=store)) == 2

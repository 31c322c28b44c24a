import logging
from datetime import timedelta

import pytest
import redis
from conftest import KEY, START, at_once
from limits import parse_many

from moderation.throttle import AROUND, EVERYBODY, MOST, Counts, TooMany
from moderation.tries import OF_ACCOUNT, OF_SENDER, Door, Tries

NOW = START
TOMORROW = NOW + timedelta(days=1)


A_MINUTE = {door: parse_many(notation)[0].amount for door, notation in OF_ACCOUNT.items()}
A_MINUTE_OF_A_SENDER = parse_many(OF_SENDER)[0].amount


def tries(storage: str = "memory://") -> Tries:
    return Tries(Counts(storage), Counts(storage), KEY)


def used_up(limits: Tries, account: str = "ann@example.org") -> Tries:
    for _ in range(A_MINUTE[Door.PASSWORD]):
        limits.at_account(Door.PASSWORD, account, NOW)
    return limits


def test_an_account_is_tried_a_few_times_a_minute() -> None:
    limits = used_up(tries())
    with pytest.raises(TooMany) as many:
        limits.at_account(Door.PASSWORD, "ann@example.org", NOW)
    assert 1 <= many.value.seconds <= 61


def test_one_door_s_tries_leave_the_others_open_and_one_account_s_the_others() -> None:
    limits = used_up(tries())
    limits.at_account(Door.CODE, "ann@example.org", NOW)
    limits.at_account(Door.PASSWORD, "sami@example.org", NOW)
    limits.by_sender(Door.PASSWORD, "203.0.113.7", NOW)


def test_who_goes_on_waits_longer_and_longer() -> None:
    spaced = {door: notation for door, notation in OF_ACCOUNT.items() if door is not Door.SAME_LETTER}
    for limits in map(parse_many, (*spaced.values(), OF_SENDER)):
        periods = [limit.get_expiry() for limit in limits]
        rates = [limit.amount / limit.get_expiry() for limit in limits]
        assert periods == [60, 3600, 86400]
        assert rates == sorted(rates, reverse=True)


def test_a_sender_is_bounded_over_all_accounts() -> None:
    limits = tries()
    for _ in range(A_MINUTE_OF_A_SENDER):
        limits.by_sender(Door.PASSWORD, "2001:db8::1", NOW)
    with pytest.raises(TooMany):
        limits.by_sender(Door.PASSWORD, "2001:db8::2", NOW)
    limits.by_sender(Door.PASSWORD, "203.0.113.7", NOW)


def test_where_senders_cannot_be_told_apart_a_ceiling_holds_for_all() -> None:
    limits = tries()
    for _ in range(A_MINUTE_OF_A_SENDER * EVERYBODY):
        limits.by_sender(Door.PASSWORD, None, NOW)
    with pytest.raises(TooMany):
        limits.by_sender(Door.PASSWORD, None, NOW)


def test_of_many_tries_at_once_no_more_than_the_limit_pass() -> None:
    limits = tries()
    told = at_once(*[lambda: limits.at_account(Door.CODE, "1", NOW)] * 20)
    assert sum(one is None for one in told) == A_MINUTE[Door.CODE]


def test_promise_09_the_store_holds_no_address_no_account_and_forgets_by_the_day(store: str) -> None:
    limits = tries(store)
    for day in (NOW, TOMORROW):
        for door in OF_ACCOUNT:
            limits.by_sender(door, "203.0.113.7", day)
            limits.at_account(door, "ann@example.org", day)
    keys = [key.decode() for key in redis.Redis.from_url(store).scan_iter()]
    windows = sum(
        len(parse_many(notation)) for notation in (*OF_ACCOUNT.values(), *[OF_SENDER] * len(OF_ACCOUNT))
    )
    assert len(keys) == 2 * windows
    assert not [key for key in keys if "ann" in key or "113" in key]


def test_servers_that_share_a_store_count_tries_together(store: str) -> None:
    used_up(tries(store))
    with pytest.raises(TooMany):
        tries(store).at_account(Door.PASSWORD, "ann@example.org", NOW)


def test_names_that_are_nobody_s_fill_no_memory() -> None:
    counts = Counts("memory://")
    limits = Tries(Counts("memory://"), counts, KEY)
    for number in range(MOST // 2):
        limits.at_account(Door.PASSWORD, f"{number}@example.org", NOW)
    assert len(counts._here) == MOST


def test_a_flood_of_senders_frees_no_account() -> None:
    senders = Counts("memory://")
    limits = used_up(Tries(senders, Counts("memory://"), KEY))
    for number in range(MOST // 2):
        limits.by_sender(Door.PASSWORD, f"2001:db8:{number:x}::1", NOW)
    assert len(senders._here) == MOST
    with pytest.raises(TooMany):
        limits.at_account(Door.PASSWORD, "ann@example.org", NOW)


def test_who_has_a_whole_ipv6_network_tries_ten_times_as_often_and_no_more() -> None:
    def let_through(number: int) -> bool:
        try:
            limits.by_sender(Door.PASSWORD, f"2001:db8:0:{number:x}::1", NOW)
        except TooMany:
            return False
        return True

    senders = Counts("memory://")
    limits = Tries(senders, Counts("memory://"), KEY)
    for _ in range(A_MINUTE_OF_A_SENDER + 1):
        let_through(0)
    assert sum(map(let_through, range(1, MOST // 5))) == (AROUND - 1) * A_MINUTE_OF_A_SENDER
    assert len(senders._here) < MOST // 10  # nobody else was forgotten for that
    limits.by_sender(Door.PASSWORD, "2001:db8:1::1", NOW)


def test_a_limit_that_was_reached_is_told_without_saying_by_whom(caplog: pytest.LogCaptureFixture) -> None:
    limits = used_up(tries())
    with caplog.at_level(logging.WARNING, "moderation"), pytest.raises(TooMany):
        limits.at_account(Door.PASSWORD, "ann@example.org", NOW)
    (told,) = caplog.records
    assert (told.getMessage(), told.__dict__["facts"]) == ("limit reached", {"what": Door.PASSWORD})

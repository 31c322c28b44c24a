from datetime import date

import pytest
from conftest import at_once

from moderation.throttle import EVERYBODY, TooMany
from moderation.tries import OF_ACCOUNT, OF_SENDER, Door, Tries

TODAY, TOMORROW = date(2026, 3, 1), date(2026, 3, 2)


def tries() -> Tries:
    return Tries("memory://", "secret")


def used_up(limits: Tries, account: str = "ann@example.org") -> Tries:
    for _ in range(OF_ACCOUNT[Door.PASSWORD][0].amount):
        limits.at_account(Door.PASSWORD, account, TODAY)
    return limits


def test_an_account_is_tried_a_few_times_a_minute() -> None:
    limits = used_up(tries())
    with pytest.raises(TooMany) as many:
        limits.at_account(Door.PASSWORD, "ann@example.org", TODAY)
    assert 1 <= many.value.seconds <= 60


def test_one_door_s_tries_leave_the_others_open_and_one_account_s_the_others() -> None:
    limits = used_up(tries())
    limits.at_account(Door.CODE, "ann@example.org", TODAY)
    limits.at_account(Door.PASSWORD, "sami@example.org", TODAY)
    limits.by_sender(Door.PASSWORD, "203.0.113.7", TODAY)


def test_who_goes_on_waits_longer_and_longer() -> None:
    for limits in (*OF_ACCOUNT.values(), OF_SENDER):
        periods = [limit.get_expiry() for limit in limits]
        rates = [limit.amount / limit.get_expiry() for limit in limits]
        assert periods == [60, 3600, 86400]
        assert rates == sorted(rates, reverse=True)


def test_a_sender_is_bounded_over_all_accounts() -> None:
    limits = tries()
    for _ in range(OF_SENDER[0].amount):
        limits.by_sender(Door.PASSWORD, "2001:db8::1", TODAY)
    with pytest.raises(TooMany):
        limits.by_sender(Door.PASSWORD, "2001:db8::2", TODAY)
    limits.by_sender(Door.PASSWORD, "203.0.113.7", TODAY)


def test_where_senders_cannot_be_told_apart_a_ceiling_holds_for_all() -> None:
    limits = tries()
    for _ in range(OF_SENDER[0].amount * EVERYBODY):
        limits.by_sender(Door.PASSWORD, None, TODAY)
    with pytest.raises(TooMany):
        limits.by_sender(Door.PASSWORD, None, TODAY)


def test_of_many_tries_at_once_no_more_than_the_limit_pass() -> None:
    limits = tries()
    told = at_once(*[lambda: limits.at_account(Door.CODE, "1", TODAY)] * 20)
    assert sum(one is None for one in told) == OF_ACCOUNT[Door.CODE][0].amount


def test_promise_09_the_store_holds_no_address_no_account_and_forgets_by_the_day() -> None:
    limits = tries()
    keys = {
        limits._hidden(door, who, day)
        for door in Door
        for who in ("203.0.113.7", "ann@example.org")
        for day in (TODAY, TOMORROW)
    }
    assert len(keys) == len(Door) * 4
    assert not [key for key in keys if "ann" in key or ("203" in key and "113" in key)]
    assert not keys & {Tries("memory://", "other")._hidden(Door.CODE, "203.0.113.7", TODAY)}

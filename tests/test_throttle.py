from datetime import date

import pytest

from moderation.throttle import EVERYBODY, Throttle, TooMany, sender

TODAY, TOMORROW = date(2026, 3, 1), date(2026, 3, 2)


def throttle(notation: str = "2 per hour") -> Throttle:
    return Throttle(notation, "memory://", "secret")


def test_one_sender_is_bounded_and_another_is_not() -> None:
    limits = throttle()
    for _ in range(2):
        limits.hit("203.0.113.7", TODAY)
    with pytest.raises(TooMany) as many:
        limits.hit("203.0.113.7", TODAY)
    assert 1 <= many.value.seconds <= 3600
    limits.hit("203.0.113.8", TODAY)


def test_every_limit_of_several_holds() -> None:
    limits = throttle("5 per hour; 1 per minute")
    limits.hit("203.0.113.7", TODAY)
    with pytest.raises(TooMany):
        limits.hit("203.0.113.7", TODAY)


def test_what_was_refused_is_not_counted() -> None:
    limits = throttle("5 per hour; 1 per minute")
    for _ in range(20):
        try:
            limits.hit("203.0.113.7", TODAY)
        except TooMany as many:
            assert many.seconds <= 60  # noqa: PT017


def test_where_senders_cannot_be_told_apart_a_ceiling_holds_for_all() -> None:
    limits = throttle()
    for _ in range(2 * EVERYBODY):
        limits.hit(None, TODAY)
    with pytest.raises(TooMany):
        limits.hit(None, TODAY)


def test_no_notation_limits_nothing() -> None:
    limits = throttle("")
    for _ in range(100):
        limits.hit("203.0.113.7", TODAY)


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
    ],
)
def test_an_ipv6_network_counts_as_one_sender(address: str, counted: str) -> None:
    assert sender(address) == counted


def test_promise_09_the_store_holds_no_address_and_forgets_who_came_yesterday() -> None:
    limits = throttle()
    keys = {limits._hidden("203.0.113.7", day) for day in (TODAY, TOMORROW)}
    assert len(keys) == 2
    assert not [key for key in keys if "203" in key and "113" in key]
    assert Throttle("", "memory://", "another")._hidden("203.0.113.7", TODAY) not in keys

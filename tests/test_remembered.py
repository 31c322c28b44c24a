from datetime import timedelta

from conftest import START

from moderation.remembered import Remembered


def test_it_is_looked_up_again_after_a_while_and_when_the_clock_was_put_back() -> None:
    found = iter("abc")
    remembered = Remembered(timedelta(minutes=10))
    at = [timedelta(), timedelta(minutes=9, seconds=59), timedelta(minutes=10), timedelta(minutes=5)]
    assert [remembered.get(START + one, lambda: next(found)) for one in at] == ["a", "a", "b", "c"]


def test_nothing_is_remembered_too() -> None:
    asked = []
    remembered = Remembered(timedelta(minutes=10))
    for _ in range(2):
        assert remembered.get(START, lambda: asked.append(1)) is None
    assert len(asked) == 1

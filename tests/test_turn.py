from collections.abc import Callable
from functools import partial
from threading import Event, Thread

import pytest
from conftest import at_once

from moderation.turn import Busy, Turn


def test_one_at_a_time() -> None:
    turn, inside, most = Turn(), [0], [0]

    def enter() -> None:
        for _ in range(200):
            with turn.taken(60):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    assert at_once(*[enter] * 8) == [None] * 8
    assert most == [1]


def test_who_came_first_is_served_first_even_by_one_who_comes_again_at_once() -> None:
    turn, order = Turn(), list[str]()
    waiting = [Thread(target=take, args=(turn, order, name)) for name in "abc"]
    with turn.taken(0):
        for number, thread in enumerate(waiting, 1):
            thread.start()
            until(partial(stands, turn, number))
    with turn.taken(60):
        order.append("again")
    for thread in waiting:
        thread.join()
    assert order == ["a", "b", "c", "again"]


def take(turn: Turn, order: list[str], name: str) -> None:
    with turn.taken(60):
        order.append(name)


def stands(turn: Turn, number: int) -> bool:
    return len(turn._line) == number


def until(seen: Callable[[], bool]) -> None:
    while not seen():
        Event().wait(0.001)


def test_nobody_waits_for_ever_and_who_gave_up_holds_nobody_up() -> None:
    turn = Turn()
    with turn.taken(0):
        with pytest.raises(Busy), turn.taken(0.01):
            pytest.fail("two at once")
        with pytest.raises(Busy), turn.taken(0):
            pytest.fail("two at once")
    with turn.taken(0):
        pass


def test_who_raises_leaves_too() -> None:
    turn = Turn()
    with pytest.raises(LookupError), turn.taken(0):
        raise LookupError
    with turn.taken(0):
        pass


def test_a_turn_given_at_the_very_moment_one_gives_up_is_not_lost() -> None:
    turn = Turn()

    def hurry() -> int:
        done = 0
        for _ in range(300):
            try:
                with turn.taken(0.0005):
                    Event().wait(0.0002)
                    done += 1
            except Busy:
                continue
        return done

    assert all(isinstance(done, int) for done in at_once(*[hurry] * 6))
    with turn.taken(1):
        assert not turn._line

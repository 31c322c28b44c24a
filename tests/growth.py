"""Whether work grows no faster than the text it is about: asked of this process alone, against itself."""

import time
from collections.abc import Callable

import pytest


def seconds(work: Callable[[], object], times: int) -> float:
    best = float("inf")
    for _ in range(times):
        # Time of this process: what else the machine does is not asked.
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def assert_grows_gently(small: str, large: str, work: Callable[[str], object]) -> None:
    """Twice the text, at most three times the time; below the floor it is too short to be told from noise."""
    floor = 0.04
    for times in (1, 3, 9):
        before = max(seconds(lambda: work(small), times), floor)
        after = seconds(lambda: work(large), times)
        if after <= 3 * before:
            return
    pytest.fail(f"{before:.3f} s, then {after:.3f} s")

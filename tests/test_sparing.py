"""What is told of small numbers, and what anybody could work out from it."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation import sparing
from moderation.sparing import FEWEST, OTHERS

NUMBERS = st.integers(0, 12) | st.integers(0, 200)
COUNTED = st.dictionaries(st.sampled_from("abcdefgh"), NUMBERS)


@pytest.mark.parametrize(("count", "told"), [(0, 0), (1, None), (4, None), (5, 5), (70, 70)])
def test_from_one_to_four_a_number_is_not_told(count: int, told: int | None) -> None:
    assert sparing.told(count) == told


@pytest.mark.parametrize(
    ("counted", "told"),
    [
        ({"a": 9, "b": 5, "c": 0}, {"a": 9, "b": 5}),
        ({"a": 9, "b": 4, "c": 3}, {"a": 9, OTHERS: 7}),
        ({"a": 9, "b": 6, "c": 1}, {"a": 9, OTHERS: 7}),
        ({"a": 9, "c": 1}, {}),
        ({"a": 3, "c": 1}, {}),
        ({"a": 3, "c": 3}, {}),
        ({}, {}),
    ],
    ids=["each", "several", "with another", "one number", "too few", "several alone", "nothing"],
)
def test_what_is_too_small_is_told_together_or_not_at_all(
    counted: dict[str, int], told: dict[str, int]
) -> None:
    assert list(sparing.parts(counted).items()) == list(told.items())


@given(COUNTED)
def test_where_nothing_is_too_small_all_is_told_as_it_is(counted: dict[str, int]) -> None:
    large = {part: count + FEWEST for part, count in counted.items()}
    assert sparing.parts(large) == large


@given(COUNTED)
def test_no_number_that_is_too_small_can_be_had_by_subtraction(counted: dict[str, int]) -> None:
    whole, parts = sparing.told(sum(counted.values())), sparing.parts(counted)
    if whole is None:
        assert parts == {}
        return
    for number in range(len(parts) + 1):
        for some in combinations(parts.values(), number):
            rest = whole - sum(some)
            assert rest == 0 or rest >= FEWEST
    if parts:
        assert sum(parts.values()) == whole
        assert all(counted[part] == count for part, count in parts.items() if part != OTHERS)


@given(COUNTED)
def test_what_is_told_together_may_be_made_up_in_more_than_one_way(counted: dict[str, int]) -> None:
    """None of the reasons that are not named is the only one it can be."""
    parts = sparing.parts(counted)
    if OTHERS in parts:
        hidden = [count for part, count in counted.items() if count and part not in parts]
        assert len(hidden) > 1
        assert sum(hidden) == parts[OTHERS]

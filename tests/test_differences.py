"""Where two texts that are alike differ."""

import pytest

from moderation.differences import COMPARED, Change, differences


@pytest.mark.parametrize(
    ("one", "other"),
    [("Merci !", "merci!"), ("a b\nc", "a  b c."), ("", ""), ("« Oui »", "oui")],
)
def test_the_same_words_differ_in_nothing(one: str, other: str) -> None:
    assert differences(one, other) == ()


def test_what_was_changed_is_told_between_what_was_not() -> None:
    assert differences("je veux le bus de nuit", "je veux le train de nuit") == (
        Change("same", "je veux le"),
        Change("gone", "bus"),
        Change("added", "train"),
        Change("same", "de nuit"),
    )


def test_long_stretches_that_are_the_same_are_shortened_on_the_side_away_from_what_differs() -> None:
    same = " ".join(f"mot{number}" for number in range(30))
    (kept, added) = differences(same, f"{same} et toc")
    assert kept == Change("same", "… mot26 mot27 mot28 mot29")
    assert added == Change("added", "et toc")
    (added, kept) = differences(same, f"toc {same}")
    assert kept == Change("same", "mot0 mot1 mot2 mot3 …")


@pytest.mark.parametrize(("one", "other"), [("Merci.", "Merci ?"), ("Bravo", "Bravo !"), ("Non ?", "Non !")])
def test_to_ask_or_to_exclaim_is_to_say_something_else(one: str, other: str) -> None:
    assert differences(one, other) == (Change("gone", one), Change("added", other))


@pytest.mark.parametrize("many", [199, 200, 205, 3000])
def test_what_differs_is_told_however_far_it_is(many: int) -> None:
    same = " ".join(f"mot{number}" for number in range(many))
    changes = differences(f"{same} Merci.", f"{same} Le maire habite ici.")
    assert changes[1:] == (Change("gone", "Merci."), Change("added", "Le maire habite ici."))


def test_texts_of_any_length_take_a_bounded_time_and_what_was_not_compared_is_said() -> None:
    *_, added, rest = differences("a " * 100_000, "a " * 200 + "b " * 100_000)
    assert added == Change("added", ("b " * COMPARED).strip())
    assert rest == Change("rest", "")
    one = " ".join(f"a{number}" for number in range(300))
    other = " ".join(f"b{number}" for number in range(300))
    assert [change.kind for change in differences(f"x {one} y", f"x {other} y")] == [
        *("same", "gone", "added", "rest", "same")
    ]

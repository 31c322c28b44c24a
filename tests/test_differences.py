"""Where two texts that are alike differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.differences import COMPARED, Change, differences, exact


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


# To the letter


def told(first: str, second: str) -> list[tuple[str, str]]:
    return [(change.kind, change.words) for change in exact(first, second)]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("a b c", "a b c", []),
        ("a b c", "a x c", [("same", "a "), ("gone", "b"), ("added", "x"), ("same", " "), ("same", "c")]),
        ("a b", "a b c", [("same", "a "), ("gone", "b"), ("added", "b c")]),
        ("Jean.", "jean !", [("gone", "Jean."), ("added", "jean !")]),
        ("a\n\nb", "a\nb", [("gone", "a\n\n"), ("added", "a\n"), ("same", "b")]),
        (
            "[ici->http://a.org]",
            "[ici->http://b.org]",
            [("same", "[ici->"), ("gone", "http://a.org]"), ("added", "http://b.org]")],
        ),
        (
            "de la gare.",
            "[retiré par la main].",
            [("gone", "de la gare."), ("added", "[retiré par la main].")],
        ),
    ],
)
def test_every_letter_that_changed_is_told(first: str, second: str, expected: list[tuple[str, str]]) -> None:
    assert told(first, second) == expected


@given(st.text(" ab\n[]->é", max_size=60), st.text(" ab\n[]->é", max_size=60))
def test_both_texts_can_be_read_from_what_is_told(first: str, second: str) -> None:
    changes = exact(first, second)
    if not changes:
        assert first == second
    elif "…" not in "".join(change.words for change in changes):
        assert "".join(change.words for change in changes if change.kind != "added") == first
        assert "".join(change.words for change in changes if change.kind != "gone") == second


def test_what_is_far_from_any_change_is_left_out() -> None:
    (before, gone, added, after) = told(
        "mot " * 50 + "faux " + "mot " * 50, "mot " * 50 + "vrai " + "mot " * 50
    )[:4]
    assert (gone, added) == (("gone", "faux"), ("added", "vrai"))
    assert before[1].startswith("… mot")
    assert after == ("same", " ")


def test_texts_that_have_nothing_in_common_are_not_compared_for_long() -> None:
    first, second = "x " + "a b " * 9_000 + "y", "z " + "b a c a " * 4_000 + "w"
    assert [kind for kind, _ in told(first, second)] == ["gone", "added"]

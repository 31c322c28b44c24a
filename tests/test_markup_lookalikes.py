import pytest

from moderation.markup import resembles
from moderation.markup.lookalikes import skeleton


@pytest.mark.parametrize(
    "name",
    [
        "Ann Mercier",
        "ann  mercier",
        "ANN MERCIER",
        "Аnn Mercіer",  # Cyrillic
        "Αnn Μercier",  # Greek
        "𝒜𝓃𝓃 𝕄𝕖𝕣𝕔𝕚𝕖𝕣",
        "Ann Mercler",
        "Ánn Mercièr",
        "A.n.n_Mercier",
        "Ann Mercier (modération)",
        "Ａｎｎ Ｍｅｒｃｉｅｒ",
        "Ann Merсier",
        "Ann rnercier",
        "Ann \u0271\u2c89rci\u2c89r",
    ],
)
def test_a_name_that_a_hasty_reader_would_take_for_another_resembles_it(name: str) -> None:
    assert resembles(name, "Ann Mercier")


@pytest.mark.parametrize("name", ["", "Ann", "Anne Mercier", "Ann Mercie", "Mercier Ann", "Anna", "Ania M."])
def test_another_name_does_not(name: str) -> None:
    assert not resembles(name, "Ann Mercier")


def test_a_short_name_is_not_looked_for_inside_of_others() -> None:
    assert not resembles("Annick", "Ann")
    assert resembles("Αnn", "Ann")


def test_nothing_resembles_a_name_without_letters() -> None:
    assert not resembles("?…?", "?…?")


def test_letters_that_look_the_same_are_the_same() -> None:
    assert skeleton("Il1|") == skeleton("llll")
    assert skeleton("0Oо") == skeleton("ooo")

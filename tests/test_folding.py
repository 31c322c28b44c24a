import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation import folding


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Été à l’ŒUVRE", ["ete", "a", "l", "oeuvre"]),
        ("e\u0301te\u0301", ["ete"]),
        ("ﬁnale Straße Łódź", ["finale", "strasse", "lodz"]),
        ("auteur·ice, 3e_fois", ["auteur", "ice", "3e", "fois"]),
        ("pa\u00adssage ca\u200dché", ["passage", "cache"]),
        ("zoe@exemple.org", ["zoe", "exemple", "org"]),
        ("?! …", []),
    ],
)
def test_words_lose_case_accents_and_ligatures(text: str, words: list[str]) -> None:
    assert folding.words(text) == words


@given(st.text())
def test_folded_words_fold_to_themselves(text: str) -> None:
    words = folding.words(text)
    assert [word for word in words if folding.words(word) != [word]] == []


@given(st.text())
def test_composed_or_apart_a_text_has_the_same_words(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    assert folding.words(composed) == folding.words(unicodedata.normalize("NFD", composed))


def test_a_long_run_of_marks_costs_no_time() -> None:
    assert folding.words("e" + "\u0301\u0323" * 200_000) == ["e"]


def test_a_key_is_what_ways_to_write_a_name_share() -> None:
    assert folding.key("Zoé  MARTIN") == folding.key("zoe martin") == "zoe martin"
    assert folding.key(" ?! ") == "?!"
    assert folding.key("") is None

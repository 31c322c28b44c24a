import pytest

from moderation.markup import Refused, fold, plain_line
from moderation.markup.names import LONGEST_TYPED


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ann\t\n Dupont  ", "Ann Dupont"),
        ("e\u0301", "é"),
        ('<b>Ann</b> & "co" \'', '<b>Ann</b> & "co" \''),
        ("An\x00n\x1b\x7f\x9f\ud800", "Ann"),
        ("\u202eAnn\u2066 \u200fB", "Ann B"),
        ("A\u200bn\u00adn\u2060\ufeff", "Ann"),
        ("A\u200dn\ufe0fn", "Ann"),
        ("A\U000e0041nn", "Ann"),
        ("Ann\r\nBcc: x", "Ann Bcc: x"),
        ("A\u2028B\u0085C", "A B C"),
        ("Z" + "\u0336" * 30 + "algo", "Z" + "\u0336" * 4 + "algo"),
        ("\u0301\u0302x", "x"),
        ("Quoi\u202f? «\u00a0x\u00a0»", "Quoi\u202f? «\u00a0x\u00a0»"),
        ("a\u00a0\u00a0b", "a b"),
        ("👩\u200d🌾 ❤\ufe0f", "👩\u200d🌾 ❤\ufe0f"),
        ("علی\u200cرضا", "علی\u200cرضا"),
        ("Ｊｏｅ ﬁn", "Ｊｏｅ ﬁn"),
    ],
)
def test_a_name_is_one_clean_line(typed: str, kept: str) -> None:
    assert plain_line(typed, 100) == kept
    assert plain_line(kept, 100) == kept


@pytest.mark.parametrize(
    "typed", ["", " ", "\u200b\u3164\u2800", "\u00a0\u115f", "\u202e", "\x00", "\u0301", "\ufe0f\u200d"]
)
def test_a_name_nobody_can_see_is_none(typed: str) -> None:
    assert plain_line(typed, 100) == ""


def test_a_name_is_as_long_as_it_is_shown() -> None:
    assert plain_line(" " * 50 + "é" * 10 + "\u200b" * 50, 10) == "é" * 10
    with pytest.raises(Refused) as refused:
        plain_line("é" * 11, 10)
    assert (refused.value.reason, refused.value.limit, refused.value.found) == ("too_long", 10, 11)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bonjour  à\n\ntous ", "bonjour à tous"),
        ("STRASSE", "Straße"),
        ("e\u0301té", "ÉTÉ"),
        ("a\u200bb", "ab"),
        ("a\u00a0: b", "a : b"),
    ],
)
def test_texts_that_read_the_same_fold_to_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_texts_that_read_differently_stay_apart() -> None:
    assert fold("a b") != fold("ab")
    assert fold("été") != fold("ete")


@pytest.mark.parametrize("marks", ["\U0001d16d\u302e", "\u302e\u1b44", "\u0301\u0316", "\u1b44"])
def test_marks_of_any_kind_are_few_in_a_name(marks: str) -> None:
    line = plain_line("a" + marks * 4000, 80)
    assert len(line) <= 1 + 4


def test_a_line_too_long_to_be_looked_at_is_refused_at_once() -> None:
    with pytest.raises(Refused):
        plain_line("a" + "\u0301" * LONGEST_TYPED, 80)

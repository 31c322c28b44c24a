import pytest

from moderation.redaction import passages, redact

X = "[…]"


@pytest.mark.parametrize(
    ("source", "typed", "left"),
    [
        ("Demandez à Jean Dupont.", "Jean Dupont", "Demandez à […]."),
        ("Jean est venu, puis Jean est parti.", "Jean", "[…] est venu, puis […] est parti."),
        ("Ann va à Annecy.", "Ann", "[…] va à Annecy."),
        ("Le 06 12 34 56 78 !", "06 12 34 56 78", "Le […] !"),
        ("Jean\nDupont vient.", "Jean Dupont", "[…] vient."),
        ("Jean Dupont et Dupont.", "Dupont\nJean Dupont", "[…] et […]."),
        ("Jean Dupont Martin.", "Jean Dupont\nMartin", "[…]."),
        ("Jean\n\nMartin", "Jean\nMartin", "[…]\n\n[…]"),
        ("東京都千代田区に住む", "千代田区", "東京都[…]に住む"),
        ("Un (mot) [à] retirer*", "(mot)\n[à]\n*", "Un […] retirer[…]"),
        ("a b", "  a   b \n\n", "[…]"),
    ],
)
def test_each_passage_goes_wherever_it_stands_and_nothing_else_does(
    source: str, typed: str, left: str
) -> None:
    made = redact(source, passages(typed), X)
    assert (made.source, made.missing) == (left, ())


def test_what_is_not_there_is_told() -> None:
    assert redact("Jean vient.", passages("Jean\nMartin\njean"), X).missing == ("Martin", "jean")


def test_no_passage_is_nothing_to_do() -> None:
    assert passages(" \n\r\n ") == ()
    assert redact("Jean.", (), X).source == "Jean."

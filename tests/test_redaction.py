import time

import pytest

from moderation import markup
from moderation.markup import Dialect
from moderation.redaction import left, passages, redact

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
        ("Voir José.", "Jose\u0301", "Voir […]."),
        ("L’eau et l'eau.", "L'eau\nl’eau", "[…] et […]."),
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


@pytest.mark.parametrize(
    ("many", "typed"),
    [("a ", "a " * 2000 + "b"), ("a", "a" * 4000), ("a b ", "a b " * 1000 + "c")],
    ids=["words", "letters", "pairs"],
)
def test_twice_the_text_takes_at_most_three_times_the_time(many: str, typed: str) -> None:
    def taken(length: int) -> float:
        source, begun = many * (length // len(many)), time.process_time()
        for _ in range(20):
            redact(source, passages(typed), X)
        return time.process_time() - begun

    assert min(taken(20_000) for _ in range(3)) < 3 * min(taken(10_000) for _ in range(3)) + 0.05


@pytest.mark.parametrize(
    ("source", "typed"),
    [
        ("Jo\u00adsé et José.", "José"),
        ("Secret, SECRET.", "Secret"),
        ("Secret et Secrets.", "Secret"),
        ("José et Jos&eacute;.", "José"),
        ("José et Jo{s}é.", "José"),
        ("Secret [ici->https://a.example.org/secret].", "Secret"),
    ],
)
def test_what_is_still_to_be_read_otherwise_is_told(source: str, typed: str) -> None:
    assert still(source, typed) == (typed,)


@pytest.mark.parametrize("typed", ["Jean", "passage", "la", "*", "<b>"])
def test_of_what_is_gone_and_of_what_stands_in_its_place_nothing_is_told(typed: str) -> None:
    assert still(f"Voici {typed} !", typed) == ()


def still(source: str, typed: str) -> tuple[str, ...]:
    mark = "[passage retiré par la modération]"
    made = redact(source, passages(typed), mark)
    return left(passages(typed), made.source, markup.render(made.source, Dialect.SPIP).html, mark)

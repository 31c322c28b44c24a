"""Which texts are alike, on texts whose likeness is known."""

import subprocess
import sys
from collections import defaultdict
from itertools import combinations

import pytest
from likeness_corpus import ARTICLE, CAMPAIGNS, HONEST, LOANS, PETITION, QUOTE, QUOTES, SHORT

from moderation import likeness, markup
from moderation.likeness import Known, Likeness
from moderation.markup import Dialect

NOTHING = Known()
ABOVE = likeness.known(ARTICLE)


def of(text: str, above: Known = NOTHING) -> Likeness | None:
    return likeness.of(markup.render(text, Dialect.SPIP).html, above)


def some(text: str, above: Known = NOTHING) -> Likeness:
    found = of(text, above)
    assert found is not None
    return found


def are_alike(one: str, other: str, above: Known = NOTHING) -> bool:
    """As the program finds out: they share a key, and their signatures agree."""
    mine, theirs = of(one, above), of(other, above)
    if mine is None or theirs is None:
        return False
    shared = set(mine.keys) & set(theirs.keys)
    return any(likeness.alike(mine.signature, theirs.signature, linked=key in mine.links) for key in shared)


def groups(texts: list[str], above: Known) -> list[int]:
    """For each the first it is grouped with, as they come one after the other."""
    kin: list[int] = []
    seen: defaultdict[int, list[tuple[int, bytes]]] = defaultdict(list)
    for place, text in enumerate(texts):
        mine = of(text, above)
        keys = mine.keys if mine else ()
        near = [(other, value, key) for key in keys for other, value in seen[key]]
        alike = [
            other
            for other, value, key in near
            if mine and likeness.alike(mine.signature, value, linked=key in mine.links)
        ]
        kin.append(kin[min(alike)] if alike else place)
        for key in keys:
            seen[key].append((place, mine.signature if mine else b""))
    return kin


def test_the_same_text_is_alike_however_it_is_spelt() -> None:
    assert are_alike(LOANS[0], LOANS[0].upper().replace("É", "E").replace("Ê", "E"))


def test_copies_of_a_petition_with_words_of_ones_own_are_alike() -> None:
    assert all(are_alike(one, other) for one, other in combinations(PETITION, 2))


def test_texts_about_the_same_matter_are_not_alike() -> None:
    assert [pair for pair in combinations(HONEST, 2) if are_alike(*pair)] == []


def test_a_quote_of_the_article_is_no_likeness() -> None:
    assert [pair for pair in combinations(QUOTES, 2) if are_alike(*pair, ABOVE)] == []
    assert are_alike(QUOTES[3], QUOTES[4])  # else they would be


def test_a_text_that_only_repeats_what_stands_above_says_nothing_of_its_own() -> None:
    assert of(QUOTE, ABOVE) is None
    assert of(f"<quote>{LOANS[0]}</quote>", NOTHING) is None


def test_what_a_text_answers_is_left_out_of_it() -> None:
    parent = likeness.known(markup.render(LOANS[0], Dialect.SPIP).html)
    answer = (
        f"{LOANS[0]} Attention, c’est une arnaque : ne donnez jamais d’argent à ces gens, ma tante y a perdu."
    )
    assert are_alike(answer, LOANS[0])
    assert not are_alike(answer, LOANS[0], parent)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("Merci !", "merci", True), ("Merci !", "MERCI", True), ("merci", "Merci à vous", False)],
)
def test_very_short_texts_are_alike_only_when_equal(one: str, other: str, *, same: bool) -> None:
    assert are_alike(one, other) is same
    assert likeness.is_short(some(one).signature)


def test_a_shared_link_makes_few_shared_words_enough() -> None:
    one = "Je gagne deux cents euros par jour sans sortir de chez moi, voyez https://gain.example/promo?id=1"
    other = "Ma cousine gagne sa vie sans sortir de chez moi ni diplôme aucun : http://www.gain.example/promo?id=1/"
    assert are_alike(one, other)
    assert not are_alike(one, other.replace("gain.example", "rain.example"))


def test_a_link_of_the_article_is_nobodys_own() -> None:
    link = "https://regie.example/ligne-7"
    assert are_alike(f"Lisez donc {link}", f"Tout est là : {link}")
    assert not are_alike(f"Lisez donc {link}", f"Tout est là : {link}", ABOVE)


def test_a_long_text_is_not_like_a_short_one() -> None:
    assert not are_alike("https://pret-rapide.example/offre", LOANS[0])


def test_numbers_are_the_same_in_every_process() -> None:
    script = (
        "from moderation import likeness as l; "
        "print(l.of('<p>un deux trois quatre cinq six sept huit</p>', l.Known()).keys[0])"
    )
    said = {
        subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_a_corpus_is_grouped_as_people_would() -> None:
    known: list[tuple[str, str]] = [
        *((name, text) for name, texts in CAMPAIGNS.items() for text in texts),
        *((f"quote {number}", text) for number, text in enumerate(QUOTES)),
        *((f"honest {number}", text) for number, text in enumerate(HONEST)),
        *((text.lower().strip(" !"), text) for text in SHORT),
    ]
    kin = groups([text for _, text in known], ABOVE)
    pairs = list(combinations(range(len(known)), 2))
    meant = {pair for pair in pairs if known[pair[0]][0] == known[pair[1]][0]}
    got = {pair for pair in pairs if kin[pair[0]] == kin[pair[1]]}
    assert got <= meant  # nothing is grouped that people would keep apart
    assert len(got & meant) >= 0.9 * len(meant)

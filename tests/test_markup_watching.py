import re

import pytest
from growth import assert_grows_gently
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser
from test_markup_properties import DIALECTS, EXAMPLES, TEXTS

from moderation.markup import Dialect, Refused, Unwatchable, pattern, render, watch

MARK = re.compile(r'<mark(?: tabindex="0")?>|</mark>')
WATCHED = ["salop*", "gros mot", "été", "b c", "a", "scr*", "http*", "x"]


def html(text: str) -> str:
    return render(text, Dialect.SPIP).html


def marked(text: str, *words: str) -> list[str]:
    shown = watch(words).html(html(text))
    return [node.text() for node in LexborHTMLParser(shown).css("mark")]


@pytest.mark.parametrize(
    ("words", "text", "expected"),
    [
        (["salop*"], "Une SALOPERIE, des salopes, un salon.", ["SALOPERIE", "salopes"]),
        (["honte"], "La honte, honteux, éhonté, Honte !", ["honte", "Honte"]),
        (["ete"], "L’été et l’ÉTÉ.", ["été", "ÉTÉ"]),
        (["coeur"], "Un cœur", ["cœur"]),
        (["gros mot"], "un gros  mot, gros, mot, gros mots", ["gros  mot", "gros, mot"]),
        (["gros mot*"], "des gros mots", ["gros mots"]),
        (["sous-homme"], "sous-homme et sous homme", ["sous-homme", "sous homme"]),
        (["salope"], "sa\u200blo\u00adpe", ["sa\u200blo\u00adpe"]),
        (["gros mot"], "gros\n\nmot", []),
        (["mot"], "[mot->https://mot.example/mot]", ["mot"]),
    ],
)
def test_words_are_marked_as_a_reader_would_know_them(
    words: list[str], text: str, expected: list[str]
) -> None:
    assert marked(text, *words) == expected


def test_a_word_written_partly_bold_is_marked_in_two_parts() -> None:
    assert watch(["salope"]).html(html("sa{{lo}}pe")) == (
        "<p><mark>sa</mark><strong><mark>lo</mark></strong><mark>pe</mark></p>"
    )


def test_references_are_read_and_not_cut() -> None:
    assert watch(["b"]).html("<p>a &amp; b &lt;b&gt;</p>") == (
        "<p>a &amp; <mark>b</mark> &lt;<mark>b</mark>&gt;</p>"
    )


def test_covered_words_can_be_reached_by_key_except_inside_of_a_link() -> None:
    shown = watch(["mot"], blurred=True).html(html("mot [mot->https://a.example]"))
    assert shown.startswith('<p><mark tabindex="0">mot</mark> <a href')
    assert "<mark>mot</mark></a>" in shown


def test_plain_text_is_escaped_and_marked() -> None:
    assert watch(["mot"]).text("<b>mot</b>") == "&lt;b&gt;<mark>mot</mark>&lt;/b&gt;"


@EXAMPLES
@given(TEXTS, DIALECTS, st.booleans(), st.lists(st.sampled_from(WATCHED), min_size=1))
def test_marks_are_all_that_is_added(text: str, dialect: Dialect, blurred: bool, words: list[str]) -> None:
    try:
        stored = render(text, dialect).html
    except Refused:
        return
    shown = watch(words, blurred=blurred).html(stored)
    assert MARK.sub("", shown) == stored
    # As a parser reads it: the same text, and every mark closed where it was opened.
    assert LexborHTMLParser(shown).text() == LexborHTMLParser(stored).text()
    assert len(LexborHTMLParser(shown).css("mark")) == shown.count("<mark") == shown.count("</mark>")
    assert all(not node.css("p, li, br, a") for node in LexborHTMLParser(shown).css("mark"))


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", "empty"),
        ("*", "empty"),
        ("!?", "empty"),
        ("ab*", "short"),
        ("a*b", "star"),
        ("mot *", "star"),
        ("mot**", "star"),
        ("m" * 61, "long"),
    ],
)
def test_what_cannot_be_watched_says_why(typed: str, problem: str) -> None:
    with pytest.raises(Unwatchable) as refused:
        pattern(typed)
    assert refused.value.problem == problem


def test_two_that_mark_the_same_have_one_key() -> None:
    assert pattern("Éscro*").key == pattern(" escro* ").key
    assert pattern("escro").key != pattern("escro*").key


@pytest.mark.parametrize(
    "words",
    [
        ["mot"],
        ["mot*"],
        ["ﷺ" * 59 + "*"],
        [f"mot{n}*" for n in range(1000)],
        [f"a b{n}" for n in range(1000)],
    ],
)
@pytest.mark.parametrize("repeated", ["ﷺ", "ﷺ ", "㌀", "ﬃ", "ﬃ ", "é ", "a ", "a\n", "mot1234 "])
def test_twice_the_text_takes_at_most_three_times_the_time(words: list[str], repeated: str) -> None:
    """One « ﷺ » stands for eighteen letters."""
    small, large = (html((repeated * size)[:size]) for size in (5_000, 10_000))
    assert_grows_gently(small, large, watch(words).html)


@pytest.mark.parametrize("repeated", ["mot1 ", "a ", "ﷺ"])
def test_twice_the_list_takes_at_most_three_times_the_time(repeated: str) -> None:
    small, large = ("\n".join(f"mot{number}*\na b{number}" for number in range(n)) for n in (500, 1000))
    stored = html((repeated * 10_000)[:10_000])
    assert_grows_gently(small, large, lambda words: watch(words.splitlines()).html(stored))


def test_of_a_word_its_first_sixty_letters_count() -> None:
    assert marked("ﷺ" * 60, "ﷺ" * 59 + "*") == ["ﷺ" * 60]
    assert marked("b a c, a business, a c", "a bus*", "a c", "a") == ["a c", "a business", "a c"]

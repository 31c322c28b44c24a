"""A charter in Markdown, and what of it is public markup."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation import charter
from moderation.charter import LONGEST, Article, Unusable
from moderation.lifecycle import Reason
from moderation.wording import as_shipped


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_site_begins_with_a_charter_that_has_an_article_for_each_reason(language: str) -> None:
    begun = charter.read(charter.starting(language))
    names = {one.name for one in begun.articles}
    assert {as_shipped(reason).article for reason in Reason} - names == {""}
    assert "1881" in begun.source.partition("#illegal")[2].partition("##")[0]  # which law forbids it
    for one in begun.articles:
        assert f'<h2 id="charter-{one.name}">' in begun.html


@pytest.mark.parametrize(
    ("language", "digest"),
    [
        ("fr", "20df763e5e66290294b37d356ad157c0cd274d7af01e1e7bcbc8e6d12784df16"),
        ("en", "bfd0fc7f1fb3250be4a5d87b914b9dc3bd23a511edd80c2b96dc8248c97102e2"),
    ],
)
def test_what_a_site_begins_with_is_the_same_in_every_release(language: str, digest: str) -> None:
    """A site that has written none cites it as its first version, which stays as it was for ever."""
    assert hashlib.sha256(charter.starting(language).encode()).hexdigest() == digest


def test_each_heading_of_the_second_level_begins_an_article_with_a_name_of_its_own() -> None:
    found = charter.read("# Titre\n\n## Vie privée\n\nMots.\n\n### Détail\n\n## Vie privée !\n\n## 漢字\n")
    assert found.articles == (
        Article("vie-privee", "Vie privée"),
        Article("vie-privee-2", "Vie privée !"),
        Article("article", "漢字"),
    )
    assert re.findall(r'<h2 id="([^"]*)">', found.html) == [f"charter-{one.name}" for one in found.articles]


def test_both_languages_begin_with_articles_of_the_same_names() -> None:
    french, english = charter.begun("fr"), charter.begun("en")
    assert [one.name for one in french.articles] == [one.name for one in english.articles]


def test_an_article_keeps_the_name_it_is_given_whatever_its_title() -> None:
    found = charter.read("## La vie *privée* {#privacy}\n\n## Autre {#privacy} chose\n\n## Fin  {#privacy}")
    assert found.articles == (
        Article("privacy", "La vie privée"),
        Article("autre-privacy-chose", "Autre {#privacy} chose"),
        Article("privacy-2", "Fin"),
    )
    assert '<h2 id="charter-privacy">La vie <em>privée</em></h2>' in found.html
    assert '<h2 id="charter-privacy-2">Fin</h2>' in found.html


@pytest.mark.parametrize("given", ["{#}", "{#Nom}", "{#a b}", '{#a"}', "{# a}", "`{#a}`"])
def test_what_is_no_name_is_a_part_of_the_title(given: str) -> None:
    (article,) = charter.read(f"## Courtoisie {given}").articles
    assert article.title == f"Courtoisie {given.strip('`')}"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("## {#privacy}", "title"),
        ("## \u200b", "title"),
        ("## a" + " " * 20_000 + "b", "title"),
        (f"## {'é' * 201}", "title"),
        ("## a\n" * 201, "many"),
        ("", "empty"),
        (" \r\n ", "empty"),
        ("x" * (LONGEST + 1), "long"),
        ("Des mots.\n\n# Un titre", "articles"),
        ("## Un\n\n##\n\nDes mots.", "title"),
    ],
)
def test_what_is_no_charter_is_told(source: str, problem: str) -> None:
    with pytest.raises(Unusable) as raised:
        charter.read(source)
    assert raised.value.problem == problem


def test_what_is_written_as_markup_is_only_text() -> None:
    found = charter.read(
        "## <script>alert(1)</script>\n\n<b onclick=x>non</b> [ici](javascript:alert(1)) "
        '[là](https://exemple.example/ "titre") <h2 id=main>faux</h2>\n\n## Fin {#main}'
    )
    assert "<script" not in found.html
    assert "<b " not in found.html
    assert "javascript:" not in re.findall(r'href="([^"]*)"', found.html)
    assert re.findall(r' id="([^"]*)"', found.html) == [f"charter-{one.name}" for one in found.articles]


PIECES = st.sampled_from(
    [
        *("## ", "# ", "> ", "- ", "\n", "\n\n", "é", "a", "*", "`", "##"),
        *("<h2>", "</h2>", "<", "&lt;", '"', "[x](y)", " ", "{#a}", "{#a-2}"),
    ]
)


@given(source=st.lists(PIECES, max_size=30).map("".join))
def test_whatever_is_written_is_refused_or_has_its_articles_in_order(source: str) -> None:
    try:
        found = charter.read(source)
    except Unusable:
        return
    names = [one.name for one in found.articles]
    assert re.findall(r'<h2 id="charter-([^"]*)">', found.html) == names
    assert len(set(names)) == len(names)
    assert found.html.count("<h2") == len(names)


def test_two_long_names_that_are_the_same_stay_short() -> None:
    name = "n" * charter.LONGEST_NAME
    found = charter.read(f"## Un {{#{name}}}\n\n## Deux {{#{name}}}")
    assert [one.name for one in found.articles] == [name, f"{name[:-2]}-2"]

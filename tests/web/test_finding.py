"""The list narrowed on the page: its form, what is in use, what leads to others like it, what keeps to it."""

from typing import Any

import pytest
from conftest import FakeClock, Sent, add_article, send
from page import Page
from starlette.testclient import TestClient

from moderation.web.dependencies import Parts


@pytest.fixture
def some(parts: Parts, article: str, clock: FakeClock) -> list[Sent]:
    add_article(parts, "la-gare", title="La gare")
    sent = []
    for slug, words, author in [
        (article, "Voir https://exemple.org/ ici.", "Zoé"),
        ("la-gare", "Le train.", "Max"),
        ("la-gare", "Voir https://exemple.org/ encore.", "Max"),
    ]:
        sent.append(send(parts, slug, words, author=author, email=f"{author[0]}@b.example"))
        clock.tick(hours=3)
    return sent


def rows(answer: Any) -> list[str]:
    return Page(answer).texts(".rows .excerpt")


def test_the_search_form_narrows_the_list_and_keeps_what_was_typed(
    desk: TestClient, some: list[Sent]
) -> None:
    answer = desk.get("/desk?q=ENCORE&section=&author=&email=&host=&finding=&longer=&by=&reason=")
    page = Page(answer)
    assert rows(answer) == ["Voir https://exemple.org/ encore."]
    assert page.node("#q").attributes["value"] == "ENCORE"
    assert page.texts(".chips li") == ["Retirer le filtre Texte ENCORE"]
    assert page.node(".chips a").attributes["href"] == "/desk"
    assert len(some) == 3


def test_each_filter_in_use_can_be_taken_away(desk: TestClient, some: list[Sent]) -> None:
    page = Page(desk.get("/desk?author=Max&link=1&longer=4&order=newest&article=la-gare"))
    assert page.texts(".chips a") == [
        "Retirer le filtre Article La gare",
        "Retirer le filtre Nom Max",
        "Retirer le filtre Avec un lien",
        "Retirer le filtre En attente depuis plus de 4 heures",
        "Tout retirer",
    ]
    hrefs = [node.attributes["href"] for node in page.nodes(".chips a")]
    assert hrefs[1] == "/desk?order=newest&article=la-gare&link=1&longer=4"
    assert hrefs[-1] == "/desk?order=newest"
    assert rows(desk.get("/desk?author=Max&link=1")) == [some[2].text]


def test_a_contribution_leads_to_others_like_it(desk: TestClient, some: list[Sent]) -> None:
    page = Page(desk.get(f"/desk/comments/{some[0].id}"))
    hrefs = [node.attributes["href"] or "" for node in page.nodes(".same a")]
    assert hrefs == [
        "/desk?author=Zo%C3%A9",
        "/desk?email=Z%40b.example",
        "/desk?article=le-pont",
        "/desk?host=exemple.org",
    ]
    assert [rows(desk.get(href)) for href in hrefs[2:]] == [[some[0].text], [some[0].text, some[2].text]]


def test_decisions_and_what_comes_next_keep_to_the_list(desk: TestClient, some: list[Sent]) -> None:
    where = "host=exemple.org&link=1"
    page = Page(desk.get(f"/desk?{where}"))
    action = page.node("[data-do=publish]").attributes["action"] or ""
    assert action == f"/desk/comments/{some[0].id}/publish?link=1&host=exemple.org"
    answer = desk.post(action, data={"revision": 1})
    onward = answer.headers["location"]
    assert onward.startswith(f"/desk/comments/{some[2].id}?link=1&host=exemple.org&done=")
    undo = Page(desk.get(onward)).node("[data-do=undo]").attributes["action"]
    assert undo == "/desk/undo?link=1&host=exemple.org"


def test_nothing_found_is_said_with_a_way_back(desk: TestClient, some: list[Sent]) -> None:
    page = Page(desk.get("/desk?q=introuvable"))
    assert "Aucune contribution ne correspond." in page.main
    assert "Plus rien n’attend" not in page.main
    assert page.hrefs["Retirer les filtres"] == "/desk"
    assert len(some) == 3


def test_what_waits_no_longer_is_found_among_all_whatever_their_status(
    desk: TestClient, some: list[Sent]
) -> None:
    assert desk.post(f"/desk/comments/{some[0].id}/publish", data={"revision": "1"}).status_code == 303
    nothing = Page(desk.get("/desk?q=voir&author=Zoé"))
    assert nothing.texts(".rows li") == []
    page = Page(desk.get(str(nothing.hrefs["Chercher parmi toutes, quel que soit leur état"])))
    assert page.texts(".rows .excerpt") == [some[0].text]
    assert page.texts(".statuses [aria-current]") == ["toutes, quel que soit leur état"]
    # Each says where it is, and moves on its own.
    assert page.texts(".rows .state") == ["publiée"]
    assert page.nodes(".rows input[name=selected]") == []
    assert page.node(".find [name=status]").attributes["value"] == "any"
    assert rows(desk.get("/desk?status=any")) == [one.text for one in some]


def test_words_that_are_none_narrow_nothing(desk: TestClient, some: list[Sent]) -> None:
    assert len(rows(desk.get("/desk?q=%3F%21"))) == len(some)


@pytest.mark.parametrize(
    "query", ["finding=x", "longer=-1", "by=x", "reason=X!", "link=2", "q=" + "a" * 300, "by=99999999999"]
)
def test_what_no_page_sends_is_refused(desk: TestClient, query: str) -> None:
    assert desk.get(f"/desk?{query}").status_code == 422


@pytest.mark.parametrize("name", ["article", "section", "author", "email", "host", "q"])
def test_any_text_may_be_asked_for(desk: TestClient, some: list[Sent], name: str) -> None:
    for words in ("' OR 1=1 --", "%22*", "a%00b", "%F0%9F%98%80", "<script>"):
        answer = desk.get("/desk", params={name: words})
        assert answer.status_code in {200, 404}
        assert "<script>alert" not in answer.text
    assert len(some) == 3

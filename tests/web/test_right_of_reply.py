"""Asking for a right of reply: by whom, about what, in which words."""

from collections.abc import Callable
from typing import Any

import pytest
from conftest import FakeClock, Sent, sign_in
from page import Page
from starlette.testclient import TestClient

from moderation.accounts import Person
from moderation.web.dependencies import Parts

REPLY = "Je n’ai jamais rien su de ces travaux."
PASSAGE = "La mairie savait tout."
FORM = {
    "place": "http://testserver/articles/le-pont#comment1",
    "passage": PASSAGE,
    "text": REPLY,
    "author": "Léa Martin",
    "email": "lea@example.net",
}


@pytest.fixture
def shown(desk: TestClient, pending: Sent, settle: Callable[[], None]) -> Sent:
    assert decide(desk, pending.id, "publish").status_code == 303
    settle()
    return pending


def decide(desk: TestClient, name: str, action: str) -> Any:
    return desk.post(f"/desk/comments/{name}/{action}", data={"revision": "1"})


def ask(client: TestClient, **changes: str) -> Any:
    return client.post("/right-of-reply", data=FORM | changes)


def waiting(desk: TestClient) -> Page:
    return Page(desk.get("/desk", follow_redirects=True))


@pytest.mark.usefixtures("shown")
def test_a_reply_waits_with_its_clock_and_is_published_signed_under_what_it_answers(
    parts: Parts,
    ann: Person,
    client: TestClient,
    desk: TestClient,
    clock: FakeClock,
    settle: Callable[[], None],
) -> None:
    form = Page(client.get("/right-of-reply?place=/articles/le-pont%23comment1"))
    assert form.value("place") == "/articles/le-pont#comment1"
    answer = ask(client)
    page = Page(client.get(answer.headers["location"]))
    assert page.heading == "Votre droit de réponse"
    assert (REPLY in page.main, PASSAGE in page.main) == (True, True)
    item = waiting(desk)
    assert item.texts("article .flag")[0] == "droit de réponse"
    assert item.texts("article .flag")[1].startswith("avant le 4 mars 2026")
    assert (item.text(".amends blockquote"), "En réponse à Zoé" in item.main) == (PASSAGE, True)
    clock.tick(hours=73)
    late = waiting(sign_in(parts, desk, ann))
    assert late.texts("article .flag")[1].startswith("en retard depuis le 4 mars 2026")
    decide(desk, str(late.node(".open").attributes["data-item"]), "publish")
    settle()
    public = Page(client.get("/articles/le-pont"))
    assert public.texts(".contribution .text")[1] == REPLY
    assert public.text(".contribution .mark") == "Droit de réponse"
    assert "Léa Martin" in public.main
    assert PASSAGE not in public.html
    listed = client.get("/api/v1/articles/le-pont/comments").json()["comments"]
    assert [one.get("right_of_reply", False) for one in listed] == [False, True]


@pytest.mark.parametrize(
    "place",
    [
        *("/articles/le-pont", "http://testserver/articles/le-pont?page=1", " /articles/le-pont/ "),
        *("testserver/articles/le-pont#comment1", "/articles/le-pont#contributions"),
    ],
)
@pytest.mark.usefixtures("shown")
def test_any_address_of_the_article_will_do(client: TestClient, place: str) -> None:
    assert ask(client, place=place).status_code == 303


@pytest.mark.parametrize(
    "place",
    [
        *("", "/", "/articles/autre", "/articles/le-pont#comment2", "/articles/le-pont#comment9999999999"),
        *("http://[", "/articles/../desk", "/articles/le-pont\0", "x" * 3000, "/articles/%00"),
    ],
)
@pytest.mark.usefixtures("shown")
def test_what_is_no_address_of_the_site_is_said_and_nothing_typed_is_lost(
    client: TestClient, place: str
) -> None:
    answer = ask(client, place=place)
    assert answer.status_code == 422
    page = Page(answer)
    assert "adresse d’aucun article" in page.text("#place-error")
    assert (page.text("#text"), page.text("#passage")) == (REPLY, PASSAGE)


@pytest.mark.parametrize("field", ["passage", "text", "author", "email"])
@pytest.mark.usefixtures("shown")
def test_each_field_is_needed(client: TestClient, field: str) -> None:
    answer = ask(client, **{field: ""})
    assert answer.status_code == 422
    page = Page(answer)
    assert len(page.nodes(".error")) == 1
    assert page.node(f"#{field}").attributes["aria-invalid"] == "true"


@pytest.mark.usefixtures("shown")
def test_a_passage_has_an_end(client: TestClient) -> None:
    page = Page(ask(client, passage="a" * 5001))
    assert "C’est trop long" in page.text("#passage-error")

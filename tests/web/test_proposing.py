"""The author’s page of a public text: what is proposed there is followed and explained."""

from collections.abc import Callable
from typing import Any

import pytest
from conftest import BuildParts, FakeClock, Sent, form_fields
from page import Page
from starlette.testclient import TestClient

from moderation.web.app import PREVIEWS, create_app

NEW = "Les vélos y passent aussi, et les piétons."
DEMAND = "Je demande le retrait de ce texte."


@pytest.fixture
def shown(desk: TestClient, pending: Sent, settle: Callable[[], None]) -> Sent:
    decide(desk, pending, "publish")
    settle()
    return pending


def decide(desk: TestClient, sent: Sent, action: str) -> None:
    assert desk.post(f"/desk/comments/{sent.id}/{action}", data={"revision": "1"}).status_code == 303


def seen(client: TestClient, sent: Sent) -> Page:
    return Page(client.get(f"/track/{sent.tracking}"))


def previewed(client: TestClient, clock: FakeClock, sent: Sent, text: str = NEW) -> Any:
    fields = {"text": text, "revision": "2", "author": "Zoé"}
    answer = client.post(f"/track/{sent.tracking}/edit", data=fields)
    clock.tick(seconds=30)
    return answer


def saved(client: TestClient, preview: Any, sent: Sent, text: str = NEW) -> Any:
    fields = {**form_fields(preview.text), "text": text, "author": "Zoé", "step": "send"}
    return client.post(f"/track/{sent.tracking}/edit", data=fields)


def proposed(client: TestClient, clock: FakeClock, sent: Sent, text: str = NEW) -> str:
    """Where the proposal is followed."""
    preview = previewed(client, clock, sent, text)
    return str(saved(client, preview, sent, text).headers["location"])


def demanded(client: TestClient, sent: Sent, text: str = DEMAND, revision: str = "2") -> Any:
    return client.post(f"/track/{sent.tracking}/withdrawal", data={"text": text, "revision": revision})


def waiting(desk: TestClient) -> Page:
    return Page(desk.get("/desk", follow_redirects=True))


def test_a_correction_is_previewed_sent_judged_beside_the_public_text_and_takes_its_place(
    client: TestClient, desk: TestClient, shown: Sent, clock: FakeClock, settle: Callable[[], None]
) -> None:
    form = Page(client.get(seen(client, shown).hrefs["Proposer une correction"]))
    assert (form.heading, form.text("#text")) == ("Proposer une correction", shown.text)
    preview = Page(previewed(client, clock, shown))
    assert preview.heading == "Aperçu : votre correction n’est pas encore envoyée"
    place = proposed(client, clock, shown)
    theirs = Page(client.get(place))
    assert theirs.heading == "Votre correction"
    assert theirs.hrefs["Revenir à votre texte publié"] == f"/track/{shown.tracking}"
    own = seen(client, shown)
    assert own.hrefs["Correction proposée"] == place
    assert "Proposer une correction" not in own.hrefs
    item = waiting(desk)
    assert "Son auteur·ice propose de corriger ce texte" in item.main
    assert (item.text(".amends blockquote"), item.text("article .flag")) == (
        shown.text,
        "correction proposée",
    )
    name = item.node(".open").attributes["data-item"]
    assert desk.post(f"/desk/comments/{name}/publish", data={"revision": "1"}).status_code == 303
    settle()
    public = Page(client.get("/articles/le-pont"))
    assert public.text(".contribution .text") == NEW
    assert "Modifié par son auteur·ice le 1er mars 2026" in public.main
    assert "acceptée" in Page(client.get(place)).main
    assert "acceptée" in seen(client, shown).main


def test_pressed_twice_one_correction_waits(client: TestClient, shown: Sent, clock: FakeClock) -> None:
    preview = previewed(client, clock, shown)
    first, second = (saved(client, preview, shown) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["location"] == second.headers["location"]


def test_while_one_waits_another_is_not_taken_and_not_lost(
    client: TestClient, shown: Sent, clock: FakeClock
) -> None:
    preview = previewed(client, clock, shown, "Un autre texte.")
    proposed(client, clock, shown)
    answer = saved(client, preview, shown, "Un autre texte.")
    assert answer.status_code == 409
    assert "Un autre texte." in Page(answer).alert


def test_a_withdrawal_is_asked_for_and_granted(
    client: TestClient, desk: TestClient, shown: Sent, settle: Callable[[], None]
) -> None:
    page = seen(client, shown)
    assert page.text("#retract") == DEMAND
    answer, again = (demanded(client, shown) for _ in range(2))
    assert (answer.status_code, answer.headers["location"]) == (303, again.headers["location"])
    theirs = Page(client.get(answer.headers["location"]))
    assert theirs.heading == "Votre demande de retrait"
    item = waiting(desk)
    assert (item.text(".amends blockquote"), item.text("article .flag")) == (shown.text, "retrait demandé")
    name = item.node(".open").attributes["data-item"]
    desk.post(f"/desk/comments/{name}/publish", data={"revision": "1"})
    settle()
    assert shown.text not in client.get("/articles/le-pont").text
    assert "retirée du site à votre demande" in seen(client, shown).main
    assert "retiré du site et effacé" in Page(client.get(answer.headers["location"])).main


@pytest.mark.parametrize(("words", "said"), [("", "Dites en une phrase"), ("a" * 2001, "C’est trop long")])
def test_a_demand_that_cannot_be_taken_is_kept_and_explained(
    client: TestClient, shown: Sent, words: str, said: str
) -> None:
    answer = demanded(client, shown, words)
    assert answer.status_code == 422
    page = Page(answer)
    assert said in page.text("#retract-error")
    assert page.text("#retract") == words


def test_what_waits_or_is_unknown_is_not_asked_to_go(client: TestClient, pending: Sent) -> None:
    answer = demanded(client, pending, revision="1")
    assert (answer.status_code, DEMAND in Page(answer).alert) == (409, True)
    assert (
        client.post("/track/K7QF3M2D9XWT41HB/withdrawal", data={"text": "a", "revision": "1"}).status_code
        == 404
    )


def test_demands_without_end_are_slowed(build_parts: BuildParts, shown: Sent) -> None:
    parts = build_parts(submit_limit="1 per hour")
    hasty = TestClient(create_app(parts), client=("203.0.113.9", 1234), follow_redirects=False)
    assert demanded(hasty, shown, revision="1").status_code == 409
    answer = demanded(hasty, shown, "Encore.")
    assert answer.status_code == 429
    assert answer.headers["retry-after"]
    page = Page(answer)
    assert ("Trop d’envois" in page.text("#retract-error"), page.text("#retract")) == (True, "Encore.")


def test_what_comes_of_no_demand_is_counted_before_it_is_rendered(
    build_parts: BuildParts, shown: Sent
) -> None:
    parts = build_parts(submit_limit="1 per hour")
    hasty = TestClient(create_app(parts), client=("203.0.113.9", 1234), follow_redirects=False)
    found = [demanded(hasty, shown, "a" * 2001).status_code for _ in range(PREVIEWS + 1)]
    assert found == [422] * PREVIEWS + [429]

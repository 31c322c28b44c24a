"""The author’s page to write anew what waits: previewed, kept, and explained when it cannot be."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from conftest import BuildParts, FakeClock, Sent, add_article, at_once, form_fields, send
from page import Page
from sqlmodel import select
from starlette.testclient import TestClient

from moderation.models.queue import Version
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

NEW = "Les vélos y passent aussi, et les piétons."


def decide(desk: TestClient, sent: Sent, action: str, **more: str) -> None:
    answer = desk.post(f"/desk/comments/{sent.id}/{action}", data={"revision": "1", **more})
    assert answer.status_code == 303


def seen(client: TestClient, sent: Sent) -> Page:
    return Page(client.get(f"/track/{sent.tracking}"))


def post(client: TestClient, sent: Sent, **fields: str) -> Any:
    return client.post(f"/track/{sent.tracking}/edit", data=fields)


def previewed(client: TestClient, clock: FakeClock, sent: Sent, text: str = NEW, **more: str) -> Any:
    answer = post(client, sent, text=text, revision=more.pop("revision", "1"), **more)
    clock.tick(seconds=30)
    return answer


def saved(client: TestClient, preview: Any, sent: Sent, text: str = NEW, **more: str) -> Any:
    return post(client, sent, **{**form_fields(preview.text), "text": text, "step": "send", **more})


def test_the_text_is_previewed_and_then_takes_the_place_of_the_one_that_waits(
    client: TestClient, desk: TestClient, pending: Sent, clock: FakeClock
) -> None:
    page = Page(client.get(seen(client, pending).hrefs["Modifier mon texte"]))
    assert (page.heading, page.text("#text")) == ("Modifier votre texte", pending.text)
    preview = previewed(client, clock, pending, author="Zoé B.")
    assert Page(preview).text(".sheet .text") == NEW
    assert seen(client, pending).text("main article .text") == pending.text
    answer = saved(client, preview, pending, author="Zoé B.")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/track/{pending.tracking}")
    told = seen(client, pending)
    assert told.text("main article .text") == NEW
    assert "Vous l’avez modifiée le 1er mars 2026" in told.main
    item = Page(desk.get(f"/desk/comments/{pending.id}"))
    assert "Ce que son auteur·ice a changé" in item.main
    assert "texte modifié par son auteur·ice" in item.main


def test_the_pages_are_the_author_s_alone(client: TestClient, pending: Sent) -> None:
    headers = client.get(f"/track/{pending.tracking}/edit").headers
    assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "same-origin")
    assert client.get("/track/K7QF3M2D9XWT41HB/edit").status_code == 404
    assert client.post("/track/K7QF3M2D9XWT41HB/edit", data={"revision": "1"}).status_code == 404


def test_what_was_not_previewed_is_shown_first(client: TestClient, pending: Sent, clock: FakeClock) -> None:
    preview = previewed(client, clock, pending)
    answer = saved(client, preview, pending, text=f"{NEW} Et rien d’autre.")
    assert answer.status_code == 200
    assert "n’avait pas encore été prévisualisé" in Page(answer).main
    assert seen(client, pending).text("main article .text") == pending.text


def test_a_preview_of_one_text_sends_no_other(
    parts: Parts, client: TestClient, pending: Sent, clock: FakeClock
) -> None:
    other = send(parts, "le-pont", "Un autre texte.")
    preview = previewed(client, clock, pending)
    answer = saved(client, preview, other)
    assert answer.status_code == 200
    assert seen(client, other).text("main article .text") == "Un autre texte."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Écrivez votre message"),
        ("Le pont est aussi ouvert aux vélos.", "C’est mot pour mot le texte de maintenant"),
        ("Déjà là.", "Ce même texte a déjà été envoyé ici"),
    ],
)
def test_what_cannot_be_kept_is_explained_and_given_back(
    parts: Parts, client: TestClient, pending: Sent, clock: FakeClock, text: str, told: str
) -> None:
    send(parts, "le-pont", "Déjà là.")
    preview = previewed(client, clock, pending, text=text, author="Zoé")
    page = Page(saved(client, preview, pending, text=text, author="Zoé") if text else preview)
    assert page.status in {409, 422}
    assert page.error("text").startswith(told)
    assert page.text("#text") == text


def test_promise_04_what_is_decided_meanwhile_is_said_and_what_was_typed_is_kept(
    client: TestClient, desk: TestClient, pending: Sent, clock: FakeClock, settle: Callable[[], None]
) -> None:
    preview = previewed(client, clock, pending)
    decide(desk, pending, "refuse", reason="off_topic")
    settle()
    answer = saved(client, preview, pending)
    page = Page(answer)
    assert answer.status_code == 409
    assert "ne peut plus être modifié" in page.main
    assert NEW in page.texts("blockquote")
    assert client.get(f"/track/{pending.tracking}/edit").status_code == 409


def test_promise_04_a_text_that_was_changed_meanwhile_is_shown_beside(
    client: TestClient, pending: Sent, clock: FakeClock
) -> None:
    texts = (NEW, f"{NEW} Et encore.")
    previews = [previewed(client, clock, pending, text=text) for text in texts]
    for text, preview in zip(texts, previews, strict=True):
        answer = saved(client, preview, pending, text=text)
    page = Page(answer)
    assert answer.status_code == 409
    assert "Votre contribution a changé entre-temps" in page.main
    assert page.text("#text") == f"{NEW} Et encore."
    assert NEW in page.texts("section .text")
    clock.tick(seconds=5)
    assert saved(client, answer, pending, text=f"{NEW} Et encore.").status_code == 303


def test_promise_10_who_edits_in_the_window_of_a_decision_is_told_nothing_of_it(
    client: TestClient, desk: TestClient, pending: Sent, clock: FakeClock, settle: Callable[[], None]
) -> None:
    preview = previewed(client, clock, pending)
    decide(desk, pending, "publish")
    assert saved(client, preview, pending).status_code == 303
    settle()
    assert "en attente de validation" in seen(client, pending).main


def test_whoever_sends_without_end_is_told_to_wait(build_parts: BuildParts, clock: FakeClock) -> None:
    parts = build_parts(submit_limit="2 per hour")
    sent = send(parts, add_article(parts, "le-pont"), "Un texte.")
    client = TestClient(create_app(parts), follow_redirects=False, client=("203.0.113.7", 50000))
    answers = []
    for number in range(3):
        text = f"Un texte, version {number}."
        preview = previewed(client, clock, sent, text=text, revision=str(number + 1))
        answers.append(saved(client, preview, sent, text=text))
    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 3601
    assert Page(answers[2]).text("#text") == "Un texte, version 2."


def test_a_site_that_asks_for_addresses_asks_for_no_other(build_parts: BuildParts, clock: FakeClock) -> None:
    parts = build_parts(required="author,email")
    sent = send(parts, add_article(parts, "le-pont"), "Un texte.")
    client = TestClient(create_app(parts), follow_redirects=False)
    preview = previewed(client, clock, sent, author="Zoé")
    assert saved(client, preview, sent, author="Zoé").status_code == 303


def test_pressed_twice_it_is_done_once(
    parts: Parts, client: TestClient, pending: Sent, clock: FakeClock
) -> None:
    preview = previewed(client, clock, pending)
    answers = [saved(client, preview, pending) for _ in range(2)]
    assert [one.headers["location"] for one in answers] == [f"/track/{pending.tracking}"] * 2
    with parts.reading() as session:
        assert len(session.exec(select(Version)).all()) == 2


def test_who_made_a_decision_give_way_is_told_that_the_text_is_read_as_it_is(
    client: TestClient, desk: TestClient, pending: Sent, clock: FakeClock
) -> None:
    preview = previewed(client, clock, pending)
    decide(desk, pending, "publish")
    saved(client, preview, pending)
    assert "Vous l’avez modifiée" not in seen(client, pending).alert
    page = seen(client, pending)
    assert "Ce texte ne peut plus être modifié : la modération le lira tel qu’il est." in page.main
    assert "Modifier mon texte" not in page.hrefs
    again = Page(previewed(client, clock, pending, "Encore autre chose.", revision="2"))
    assert again.status == 409
    assert "Ce texte ne peut plus être modifié" in again.alert
    assert "Encore autre chose." in again.alert


def test_pressed_twice_at_once_it_is_done_once_and_both_are_led_there(
    parts: Parts, client: TestClient, pending: Sent, clock: FakeClock
) -> None:
    preview = previewed(client, clock, pending)
    answers = at_once(*[lambda: saved(client, preview, pending)] * 4)
    assert [one.headers.get("location") for one in answers] == [f"/track/{pending.tracking}"] * 4
    with parts.reading() as session:
        assert len(session.exec(select(Version)).all()) == 2


def test_of_two_texts_at_once_one_is_kept_and_the_other_given_back_to_be_sent(
    client: TestClient, pending: Sent, clock: FakeClock
) -> None:
    texts = ["Un texte.", "Un autre texte."]
    previews = [previewed(client, clock, pending, text) for text in texts]
    answers = at_once(
        *(partial(saved, client, one, pending, text) for one, text in zip(previews, texts, strict=True))
    )
    assert sorted(one.status_code for one in answers) == [303, 409]
    (late,) = [text for one, text in zip(answers, texts, strict=True) if one.status_code == 409]
    (told,) = [Page(one) for one in answers if one.status_code == 409]
    assert told.value("text") == late
    assert "ne peut plus être modifié" not in told.main

"""A reader answers what another reader wrote: by its own « Répondre », with nothing but a browser."""

from collections.abc import Callable

import pytest
from conftest import FakeClock, add_article, form_fields, send
from page import Page
from sqlmodel import select
from starlette.testclient import TestClient
from web.test_public import decide, publish

from moderation import articles
from moderation.accounts import Person
from moderation.lifecycle import Action
from moderation.models.public import Mode
from moderation.models.queue import Comment
from moderation.web.dependencies import Parts


@pytest.fixture
def zoe(parts: Parts, article: str, ann: Person) -> str:
    """What Zoé wrote, number 1; its name."""
    return publish(parts, article, "Le pont rouvre <b>mardi</b>.", ann, author="Zoé")


def answer(client: TestClient, clock: FakeClock, text: str = "Non, jeudi.", **more: str) -> Page:
    """Presses « Répondre », reads the preview, sends: what comes back."""
    page = Page(client.get("/comments/1/reply"))
    form = page.form("Prévisualiser")
    typed = {**form.fields, "text": text, "author": "Max", "step": "preview", **more}
    preview = client.post(form.action, data=typed)
    clock.tick(seconds=3)
    return Page(client.post(form.action, data={**typed, **form_fields(preview.text), "step": "send"}))


def test_each_contribution_leads_to_a_form_that_answers_it(client: TestClient, zoe: str) -> None:
    page = Page(client.get("/articles/le-pont"))
    (link,) = page.nodes("#comment1 footer a[href$='/reply']")
    assert link.attributes["aria-label"] == "Répondre à la contribution de Zoé"
    form = Page(client.get(str(link.attributes["href"])))
    assert form.heading == "Répondre à Zoé"
    assert form.texts(".answered h2, .answered .text") == ["Vous répondez à Zoé", "Le pont rouvre mardi."]
    assert form.form("Prévisualiser").fields["parent"] == zoe
    assert "noindex" in str(form.nodes("meta[name=robots]")[0].attributes["content"])


def test_an_answer_waits_as_any_text_and_is_published_under_what_it_answers(
    parts: Parts, client: TestClient, clock: FakeClock, zoe: str, ann: Person
) -> None:
    answer(client, clock)
    assert "Non, jeudi." not in client.get("/articles/le-pont").text
    with parts.reading() as session:
        sent = session.exec(select(Comment).where(Comment.parent_id == zoe)).one()
    decide(parts, sent.id, Action.PUBLISH, ann, revision=1)
    page = Page(client.get("/articles/le-pont"))
    assert page.texts("#comment2 .answers") == ["En réponse à Zoé"]
    assert page.hrefs["Zoé"] == "/comments/1"
    assert page.texts("#comment1 .answers") == []


def test_the_preview_shows_what_is_answered_and_seals_it(
    parts: Parts, client: TestClient, clock: FakeClock, zoe: str
) -> None:
    path = "/articles/le-pont/comments"
    typed = {"text": "Non, jeudi.", "parent": zoe, "step": "preview"}
    preview = Page(client.post(path, data=typed))
    assert preview.texts(".answered .text") == ["Le pont rouvre mardi."]
    fields = form_fields(preview.html)
    assert fields["parent"] == zoe
    clock.tick(seconds=3)
    # Sent as an answer to nothing, it is another text than the one that was looked at.
    again = Page(client.post(path, data={**typed, **fields, "parent": "", "step": "send"}))
    assert "n’avait pas encore été prévisualisé" in again.main
    with parts.reading() as session:
        assert session.exec(select(Comment).where(Comment.parent_id == zoe)).first() is None


@pytest.mark.parametrize("step", ["preview", "send"])
def test_what_is_no_longer_public_is_not_answered_and_the_text_is_kept(
    parts: Parts, client: TestClient, clock: FakeClock, zoe: str, ann: Person, step: str
) -> None:
    path = "/articles/le-pont/comments"
    typed = {"text": "Non, jeudi.", "parent": zoe, "step": "preview"}
    token = form_fields(client.post(path, data=typed).text)["token"]
    clock.tick(seconds=3)
    decide(parts, zoe, Action.UNPUBLISH, ann, revision=2)
    reply = client.post(path, data={**typed, "token": token, "step": step})
    page = Page(reply)
    assert reply.status_code == 409
    assert "Ce à quoi vous répondiez n’est plus public." in page.main
    assert page.texts("#text") == ["Non, jeudi."]
    assert "parent" not in form_fields(reply.text)
    assert "mardi" not in reply.text
    with parts.reading() as session:
        assert len(session.exec(select(Comment)).all()) == 1


def test_what_waits_or_stands_under_another_article_is_not_answered(
    parts: Parts, client: TestClient, zoe: str
) -> None:
    add_article(parts, "la-gare")
    waits = send(parts, "le-pont", "Canaritexte.")
    for slug, parent in (("le-pont", waits.id), ("la-gare", zoe), ("le-pont", "x" * 5000), ("le-pont", "\0")):
        typed = {"text": "Non.", "parent": parent, "step": "preview"}
        reply = client.post(f"/articles/{slug}/comments", data=typed)
        assert (reply.status_code, "Canari" in reply.text, "mardi" in reply.text) == (409, False, False)
        assert Page(reply).texts("#text") == ["Non."]
    assert client.get("/comments/2/reply").status_code == 404


def test_an_answer_to_what_was_taken_down_stays_and_says_no_more_than_that(
    parts: Parts, client: TestClient, clock: FakeClock, zoe: str, ann: Person
) -> None:
    answer(client, clock)
    with parts.reading() as session:
        sent = session.exec(select(Comment.id).where(Comment.parent_id == zoe)).one()
    decide(parts, sent, Action.PUBLISH, ann, revision=1)
    decide(parts, zoe, Action.UNPUBLISH, ann, revision=2)
    page = Page(client.get("/articles/le-pont"))
    assert page.texts(".contributions .text") == ["Non, jeudi."]
    assert page.texts(".answers") == ["En réponse à un texte qui n’est plus public"]
    assert "Zoé" not in page.html


def test_a_closed_forum_offers_no_answer(
    parts: Parts, client: TestClient, zoe: str, clock: FakeClock
) -> None:
    del zoe
    with parts.writing() as session:
        articles.set_mode(session, "le-pont", Mode.CLOSED)
    clock.tick(seconds=1)
    assert "/comments/1/reply" not in client.get("/articles/le-pont").text
    page = Page(client.get("/comments/1/reply"))
    assert page.forms == []
    assert "n’accepte plus de contributions" in page.main


def test_a_problem_in_an_answer_keeps_what_it_answers(client: TestClient, zoe: str) -> None:
    reply = client.post("/articles/le-pont/comments", data={"text": "", "parent": zoe, "step": "preview"})
    assert (reply.status_code, form_fields(reply.text)["parent"]) == (422, zoe)


def test_the_moderation_sees_what_an_answer_answers(
    desk: TestClient, client: TestClient, clock: FakeClock, zoe: str, parts: Parts, settle: Callable[[], None]
) -> None:
    answer(client, clock)
    settle()
    with parts.reading() as session:
        sent = session.exec(select(Comment.id).where(Comment.parent_id == zoe)).one()
    assert "Le pont rouvre mardi." in Page(desk.get(f"/desk/comments/{sent}")).main

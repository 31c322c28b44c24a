"""« Publier et répondre » as a moderator without script has it."""

from collections.abc import Callable

import pytest
from conftest import Sent, send, sign_in
from page import Page
from sqlmodel import select
from starlette.testclient import TestClient
from test_voices import TWO, rule

from moderation.accounts import Person
from moderation.models.queue import Comment
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

WORDS = "Merci, c’est corrigé dans l’article."


def post(browser: TestClient, sent: Sent, text: str = WORDS, revision: int = 1) -> Page:
    fields = {"revision": str(revision), "text": text}
    return Page(browser.post(f"/desk/comments/{sent.id}/reply", data=fields))


def there_are(parts: Parts) -> int:
    with parts.reading() as session:
        return len(session.exec(select(Comment)).all())


def test_one_post_publishes_and_answers(
    desk: TestClient, client: TestClient, pending: Sent, settle: Callable[[], None], article: str
) -> None:
    opened = Page(desk.get(f"/desk/comments/{pending.id}"))
    (form,) = [one for one in opened.forms if "Publier et répondre" in one.buttons]
    answer = desk.post(form.action, data={**form.fields, "text": WORDS})
    assert answer.status_code == 303
    after = Page(desk.get(answer.headers["location"]))
    assert "Contribution validée, avec votre réponse." in after.alert
    settle()
    page = Page(client.get(f"/articles/{article}"))
    first, second = page.nodes(".contributions article")
    assert "official" not in str(first.attributes["class"])
    assert "official" in str(second.attributes["class"])
    assert page.texts(".official .mark") == ["Réponse de la modération"]
    assert page.texts(".official .author") == ["La modération"]
    assert page.texts(".official .text") == [WORDS]
    assert "Ann" not in page.text(".contributions")
    log = Page(desk.get("/desk/log"))
    assert "réponse de la modération publiée par Ann" in log.main


def test_a_name_typed_by_a_reader_makes_no_answer_of_the_moderation(
    desk: TestClient, client: TestClient, parts: Parts, article: str, settle: Callable[[], None]
) -> None:
    taken = send(parts, article, "Ce forum va fermer.", author="La modération")
    assert "se donne pour celui de la modération" in Page(desk.get(f"/desk/comments/{taken.id}")).main
    desk.post(f"/desk/comments/{taken.id}/publish", data={"revision": "1"})
    settle()
    page = Page(client.get(f"/articles/{article}"))
    assert page.texts(".contributions .author") == ["La modération"]
    assert (page.texts(".official"), page.texts(".mark")) == ([], [])


def test_one_undo_takes_both_back_and_gives_the_words_back(
    desk: TestClient, client: TestClient, pending: Sent, settle: Callable[[], None], article: str
) -> None:
    answer = desk.post(f"/desk/comments/{pending.id}/reply", data={"revision": "1", "text": WORDS})
    after = Page(desk.get(answer.headers["location"]))
    (form,) = [one for one in after.forms if "Annuler les deux" in one.buttons]
    undone = Page(desk.post(form.action, data=form.fields))
    assert undone.status == 200
    assert "Décision annulée." in undone.alert
    assert undone.text("#answer") == WORDS
    settle()
    assert client.get(f"/articles/{article}").text.count(WORDS) == 0
    again = post(desk, pending, WORDS, revision=3)
    assert again.status == 303


def test_where_one_of_the_two_changed_neither_is_taken_back_and_it_is_said(
    parts: Parts, desk: TestClient, pending: Sent
) -> None:
    answer = desk.post(f"/desk/comments/{pending.id}/reply", data={"revision": "1", "text": WORDS})
    (form,) = [
        one for one in Page(desk.get(answer.headers["location"])).forms if "Annuler les deux" in one.buttons
    ]
    with parts.reading() as session:
        reply = session.exec(select(Comment.id).where(Comment.parent_id == pending.id)).one()
    right = {"revision": "2", "text": f"{WORDS} (sic)", "step": "save"}
    assert desk.post(f"/desk/comments/{reply}/correct", data=right).status_code == 303
    undone = Page(desk.post(form.action, data=form.fields))
    assert undone.status == 409
    assert "Rien n’a été fait." in undone.alert
    with parts.reading() as session:
        assert {comment.status.value for comment in session.exec(select(Comment))} == {"published"}


def test_from_ones_own_decisions_both_go_too(desk: TestClient, pending: Sent, parts: Parts) -> None:
    post(desk, pending)
    own = Page(desk.get("/desk/log?whose=own"))
    form = next(one for one in own.forms if "Annuler cette décision" in one.buttons)
    undone = Page(desk.post(form.action, data=form.fields))
    assert undone.text("#answer") == WORDS
    with parts.reading() as session:
        assert {comment.status.value for comment in session.exec(select(Comment))} == {"pending", "withdrawn"}


def test_what_cannot_be_an_answer_is_given_back(desk: TestClient, pending: Sent, parts: Parts) -> None:
    empty = post(desk, pending, " ")
    assert (empty.status, empty.error("text")) == (422, "Écrivez votre message avant de continuer.")
    long = post(desk, pending, "mot " * 20_000)
    assert long.status == 422
    assert long.text("#answer").startswith("mot mot")
    assert there_are(parts) == 1


@pytest.mark.parametrize("action", ["publish", "refuse"])
def test_promise_04_decided_meanwhile_nothing_is_done_and_the_words_are_kept(
    desk: TestClient, parts: Parts, sami: Person, pending: Sent, action: str
) -> None:
    other = sign_in(parts, TestClient(create_app(parts), follow_redirects=False), sami)
    fields = {"revision": "1", "reason": "off_topic"}
    other.post(f"/desk/comments/{pending.id}/{action}", data=fields)
    late = post(desk, pending)
    assert late.status == 409
    assert "par Sami" in late.alert
    assert WORDS in late.main
    assert there_are(parts) == 1


def test_where_several_voices_publish_it_is_said_and_the_words_are_kept(
    desk: TestClient, sami: Person, parts: Parts, pending: Sent
) -> None:
    assert sami
    rule(parts, TWO)
    refused = post(desk, pending)
    assert (refused.status, refused.text("#answer")) == (409, WORDS)
    assert "plusieurs voix" in refused.alert
    assert there_are(parts) == 1


def test_where_several_voices_publish_no_answer_is_offered(
    parts: Parts, desk: TestClient, sami: Person, pending: Sent
) -> None:
    assert sami.name == "Sami"
    page = f"/desk/comments/{pending.id}"
    assert Page(desk.get(page)).nodes(".answer") != []
    rule(parts, TWO)
    assert Page(desk.get(page)).nodes(".answer") == []


def test_who_stood_aside_answers_nothing(desk: TestClient, pending: Sent, parts: Parts) -> None:
    desk.post(f"/desk/comments/{pending.id}/stand-aside")
    refused = post(desk, pending)
    assert refused.status == 403
    assert WORDS in refused.main
    assert there_are(parts) == 1


def test_what_is_not_there_is_not_answered(desk: TestClient, client: TestClient, pending: Sent) -> None:
    assert post(desk, Sent("absent", "", "")).status == 404
    signed_out = client.post(f"/desk/comments/{pending.id}/reply", data={"revision": "1", "text": WORDS})
    assert signed_out.status_code == 401
    assert WORDS in signed_out.text

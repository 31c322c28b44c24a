from typing import Any

import pytest
from conftest import BuildParts, FakeClock, Reader, add_article, add_person, send, sign_in
from page import Page
from sqlmodel import select
from starlette.testclient import TestClient

from moderation import tokens
from moderation.accounts import Person
from moderation.models.people import Account, Role
from moderation.models.queue import Comment
from moderation.tokens import Scope
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

API = "/api/v1/articles/le-pont/comments"
FULL_FORUM = (
    "Trop de contributions attendent déjà d’être lues sous cet article : il n’en accepte pas d’autres "
    "pour l’instant. La vôtre n’est pas enregistrée : gardez votre texte et revenez plus tard."
)
FULL_SITE = FULL_FORUM.replace(" sous cet article : il", " : ce site")
CROWDED = "Trop de contributions attendent sous l’article Le pont rouvre : il n’en accepte plus"


@pytest.fixture
def parts(build_parts: BuildParts) -> Parts:
    """A site with room for two under an article, and three in all; two wait under one."""
    parts = build_parts(waiting_per_thread=2, waiting=3)
    for slug in ("le-pont", "autre"):
        add_article(parts, slug)
    for number in range(2):
        send(parts, "le-pont", f"Texte {number}.", author="Zoé")
    return parts


def stored(parts: Parts) -> int:
    with parts.reading() as session:
        return len(session.exec(select(Comment.id)).all())


# A reader


@pytest.mark.parametrize(("slug", "told"), [("le-pont", FULL_FORUM), ("autre", FULL_SITE)])
def test_who_finds_no_room_is_told_why_and_keeps_the_text(
    parts: Parts, reader: Reader, slug: str, told: str
) -> None:
    send(parts, "autre", "Le troisième.")
    answer = reader.preview(slug, "Le de trop.", author="Zoé", email="zoe@example.org").send(slug)
    page = Page(answer)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3600")
    assert told in page.alert
    assert page.heading == "Aperçu : votre message n’est pas encore envoyé"
    fields = ("text", "author", "email")
    assert [page.value(name) for name in fields] == ["Le de trop.", "Zoé", "zoe@example.org"]
    assert stored(parts) == 3


def test_once_there_is_room_the_same_page_sends_it(
    parts: Parts, reader: Reader, clock: FakeClock, ann: Person
) -> None:
    answer = reader.preview("le-pont", "Le de trop.").send("le-pont")
    form = Page(answer).form("Envoyer à la modération")
    clock.tick(hours=1)
    with parts.reading() as session:
        oldest = session.exec(select(Comment.id)).first()
    desk = sign_in(parts, TestClient(create_app(parts), follow_redirects=False), ann)
    desk.post(f"/desk/comments/{oldest}/publish", data={"revision": "1"})
    fields = {**form.fields, "text": "Le de trop.", "step": "send"}
    assert reader.client.post(form.action, data=fields).status_code == 303


def test_what_was_sent_is_found_again_though_there_is_no_room(
    build_parts: BuildParts, clock: FakeClock
) -> None:
    parts = build_parts(waiting_per_thread=1)
    slug = add_article(parts, "le-pont")
    previewed = Reader(TestClient(create_app(parts), follow_redirects=False), clock).preview(
        slug, "Un texte."
    )
    first, again = previewed.send(slug), previewed.send(slug)
    assert (first.status_code, again.status_code) == (303, 303)
    assert first.headers["location"] == again.headers["location"]


def test_promise_01_no_page_tells_how_many_wait(parts: Parts, client: TestClient, reader: Reader) -> None:
    before = [client.get(address) for address in ("/", "/articles/autre", API.replace("le-pont", "autre"))]
    send(parts, "autre", "Le troisième.")
    after = [client.get(address) for address in ("/", "/articles/autre", API.replace("le-pont", "autre"))]
    for one, other in zip(before, after, strict=True):
        assert (one.status_code, one.content, one.headers) == (200, other.content, other.headers)
    answer = reader.preview("le-pont", "Le de trop.").send("le-pont")
    assert not any(character.isdigit() for character in Page(answer).alert)


# A program


def test_a_program_is_told_with_a_type_of_problem_of_its_own(parts: Parts, client: TestClient) -> None:
    answer = client.post(API, json={"text": "Le de trop."})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3600")
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 429
    assert problem["type"] == "http://testserver/api/v1/docs#full"
    assert "under this article" in problem["detail"]
    docs = Page(client.get(problem["type"]))
    assert docs.text("#full") == "Quand trop de contributions attendent"
    assert stored(parts) == 2


def test_the_room_is_the_same_for_a_program_that_no_limit_binds(
    parts: Parts, client: TestClient, ann: Person
) -> None:
    with parts.writing() as session:
        account = session.get_one(Account, ann.id)
        secret = tokens.create(session, account, "site", frozenset({Scope.SUBMIT}), parts.clock())
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.post(API, json={"text": "Le de trop."}, headers=headers).status_code == 429


@pytest.mark.usefixtures("parts")
def test_the_same_key_is_answered_though_there_is_no_room(client: TestClient) -> None:
    path, key = API.replace("le-pont", "autre"), {"Idempotency-Key": "k"}
    first = client.post(path, json={"text": "Le troisième."}, headers=key)
    again = client.post(path, json={"text": "Le troisième."}, headers=key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert client.post(path, json={"text": "Un autre."}).status_code == 429


# The desk


def test_the_queue_says_where_there_is_no_more_room(parts: Parts, desk: TestClient) -> None:
    assert CROWDED in Page(desk.get("/desk")).main
    assert CROWDED not in Page(desk.get("/desk?status=refused")).main
    send(parts, "autre", "Le troisième.")
    page = Page(desk.get("/desk"))
    assert "Trop de contributions attendent : le site n’en accepte plus" in page.main
    assert CROWDED not in page.main


@pytest.mark.usefixtures("parts")
def test_one_act_closes_a_forum_and_one_opens_it_again(
    desk: TestClient, client: TestClient, reader: Reader
) -> None:
    def act(page: Page, button: str) -> Page:
        form = page.form(button)
        answer = desk.post(form.action, data=form.fields)
        assert answer.status_code == 303
        return Page(desk.get(answer.headers["location"]))

    page = act(Page(desk.get("/desk")), "Fermer ce forum")
    assert "Le pont rouvre Forum fermé par Ann le 1er mars 2026" in page.alert
    assert client.post(API, json={"text": "Encore."}).status_code == 403
    assert "Forum fermé" in Page(client.get("/articles/le-pont")).main
    log = Page(desk.get("/desk/log"))
    assert "Forums fermés" in log.texts("h2")
    assert "Le pont rouvre Forum fermé par Ann" in log.main
    assert "Forum rouvert par Ann" in act(log, "Rouvrir ce forum").alert
    assert "Forums fermés" not in Page(desk.get("/desk/log")).texts("h2")
    assert reader.preview("le-pont", "Un texte.").fields["token"]


@pytest.mark.parametrize("move", ["close", "open"])
def test_only_an_admin_closes_and_opens(parts: Parts, client: TestClient, sami: Person, move: str) -> None:
    def refused(status: int) -> Any:
        answer = client.post(f"/desk/articles/le-pont/{move}")
        assert answer.status_code == status
        return Page(answer)

    assert refused(401).heading == "Se connecter"
    sign_in(parts, client, sami)
    assert "Seule l’administration du site peut faire cela : demandez-le-lui." in refused(403).main
    assert client.post(API.replace("le-pont", "autre"), json={"text": "Un."}).status_code == 202
    for address in ("/desk", f"/desk/comments/{_one(parts)}", "/desk/log"):
        assert "ce forum" not in " ".join(Page(client.get(address)).texts("button"))


def _one(parts: Parts) -> str:
    with parts.reading() as session:
        return session.exec(select(Comment.id)).all()[0]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/desk/articles/inconnu/close", 404),
        ("/desk/articles/%00/close", 404),
        ("/desk/articles/le-pont/delete", 422),
    ],
)
def test_what_is_not_there_is_not_closed(desk: TestClient, address: str, status: int) -> None:
    assert desk.post(address).status_code == status


@pytest.mark.parametrize("slug", ["inconnu", "%00", "le-pont", "<script>", "a" * 300])
def test_an_address_that_says_a_forum_moved_does_not_make_it_so(desk: TestClient, slug: str) -> None:
    answer = desk.get(f"/desk?forum={slug}")
    assert answer.status_code in {200, 404, 422}
    assert "Forum fermé" not in answer.text
    assert "<script>" not in answer.text


def test_the_role_decides_and_not_the_page(build_parts: BuildParts) -> None:
    parts = build_parts()
    add_article(parts, "le-pont")
    person = add_person(parts, "lou@example.org", "Lou", Role.MODERATOR)
    client = sign_in(parts, TestClient(create_app(parts), follow_redirects=False), person)
    assert client.post("/desk/articles/le-pont/close").status_code == 403
    with parts.writing() as session:
        session.get_one(Account, person.id).role = Role.ADMIN
    assert client.post("/desk/articles/le-pont/close").status_code == 303

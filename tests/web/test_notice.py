"""« Signaler » under every public text: a form that keeps what was typed, and leads to its own page."""

import asyncio
import time
from collections.abc import Callable
from itertools import islice
from typing import Any

import httpx2
import pytest
from conftest import BuildParts, FakeClock, Sent, sign_in
from page import Page
from sqlmodel import select
from starlette.testclient import TestClient

from moderation import claims, feeds, tokens
from moderation.accounts import Person
from moderation.lanes import Ground
from moderation.models.people import Account
from moderation.models.queue import Letter, LetterKind
from moderation.tokens import Scope
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

WHY = "Ces mots me diffament, je n’ai rien signé."
FORM = {
    "ground": "defamation",
    "text": WHY,
    "author": "Léa Martin",
    "email": "lea@example.net",
    "good_faith": "true",
}


@pytest.fixture
def shown(desk: TestClient, pending: Sent, settle: Callable[[], None]) -> Sent:
    decide(desk, pending.id, "publish")
    settle()
    return pending


def decide(desk: TestClient, name: str, action: str, revision: str = "1", **said: str) -> Any:
    return desk.post(f"/desk/comments/{name}/{action}", data={"revision": revision, **said})


def give(client: TestClient, **changes: str) -> Any:
    return client.post("/notice/1", data=FORM | changes)


def followed(client: TestClient, answer: Any) -> Page:
    assert answer.status_code == 303
    return Page(client.get(answer.headers["location"]))


def waiting(desk: TestClient) -> Page:
    return Page(desk.get("/desk", follow_redirects=True))


def test_every_public_text_says_where_it_is_reported(client: TestClient, shown: Sent) -> None:
    article = Page(client.get("/articles/le-pont"))
    (link,) = [node for node in article.nodes(".contribution a") if node.text() == "Signaler"]
    assert link.attributes["aria-label"] == "Signaler la contribution de Zoé"
    form = Page(client.get(str(link.attributes["href"])))
    assert form.heading == "Signaler la contribution de Zoé"
    assert form.text("blockquote") == shown.text
    assert len(form.nodes("#ground option")) == 1 + len(Ground)
    assert form.hrefs["Ce texte vous met en cause ? Demandez un droit de réponse."] == (
        "/right-of-reply?place=/articles/le-pont%23comment1"
    )


def test_a_notice_is_received_followed_and_granted(
    client: TestClient, desk: TestClient, shown: Sent, clock: FakeClock, settle: Callable[[], None]
) -> None:
    answer = give(client)
    clock.tick(hours=1)
    page = followed(client, answer)
    assert (page.heading, page.text(".state strong")) == ("Votre signalement", "reçu, pas encore examiné")
    assert "Signalé comme : injure ou diffamation" in page.main
    item = waiting(desk)
    assert "À traiter d’abord (1)" in item.main
    assert item.text("article .flag") == "signalement"
    assert "Léa Martin" in item.main
    assert item.text(".amends blockquote .text") == shown.text
    down = next(form for form in item.forms if form.action.startswith(f"/desk/comments/{shown.id}/unpublish"))
    assert desk.post(down.action, data=down.fields | {"reason": "illegal"}).status_code == 303
    assert shown.text not in client.get("/articles/le-pont").text
    settle()
    page = followed(client, answer)
    assert page.text(".state strong") == "texte retiré"
    assert "Motif : contenu illicite." in page.main
    assert shown.text not in page.html
    own = Page(client.get(f"/track/{shown.tracking}"))
    assert "Quelqu’un l’avait signalé." in own.main
    assert "Léa" not in own.html
    assert WHY not in own.html


def test_a_notice_is_answered_in_words_and_contested(
    client: TestClient, desk: TestClient, shown: Sent, clock: FakeClock
) -> None:
    answer = give(client)
    name = str(waiting(desk).node(".open").attributes["data-item"])
    empty = decide(desk, name, "refuse")
    assert empty.status_code == 422
    assert Page(empty).text("#notified-error") == (
        "Un signalement reçoit une réponse : écrivez-la en quelques mots."
    )
    assert decide(desk, name, "refuse", note="C’est une critique.").status_code == 303
    clock.tick(hours=1)
    page = followed(client, answer)
    assert page.text(".state strong") == "texte laissé en ligne"
    assert page.text(".status blockquote") == "C’est une critique."
    assert "saisir la justice" in page.main
    code = answer.headers["location"]
    contest = {"action": "appeal", "revision": "2", "text": "Relisez."}
    assert client.post(code, data=contest).status_code == 303
    assert "Vous avez contesté la décision" in followed(client, answer).main
    assert Page(client.get("/articles/le-pont")).text(".contribution .text") == shown.text


def test_what_is_missing_is_said_beside_its_field_and_nothing_typed_is_lost(
    client: TestClient, shown: Sent
) -> None:
    answer = client.post("/notice/1", data={"text": WHY, "author": "Léa", "email": "nulle part"})
    assert answer.status_code == 422
    page = Page(answer)
    assert (page.text("#text"), page.value("author"), page.value("email")) == (WHY, "Léa", "nulle part")
    assert page.nodes("#text-error") == []
    for field in ("ground", "email", "good_faith"):
        described = str(page.node(f"#{field}").attributes["aria-describedby"]).split()
        assert f"{field}-error" in described
        assert page.node(f"#{field}").attributes["aria-invalid"] == "true"
    assert shown.text in page.main


@pytest.mark.parametrize(
    ("ground", "status"), [("child_abuse", 303), ("defamation", 422), ("", 422), ("autre", 422)]
)
@pytest.mark.usefixtures("shown")
def test_nobody_says_who_they_are_to_report_abuse_of_children(
    client: TestClient, ground: str, status: int
) -> None:
    assert give(client, ground=ground, author="", email="").status_code == status


@pytest.mark.usefixtures("shown")
def test_pressed_twice_one_notice_waits(client: TestClient, desk: TestClient) -> None:
    first, second = give(client), give(client)
    assert first.headers["location"] == second.headers["location"]
    assert len(waiting(desk).nodes(".rows li")) == 1


@pytest.mark.parametrize("number", ["2", "999999999"])
@pytest.mark.usefixtures("shown")
def test_what_is_not_public_is_not_reported_and_the_words_are_given_back(
    client: TestClient, number: str
) -> None:
    assert client.get(f"/notice/{number}").status_code == 404
    answer = client.post(f"/notice/{number}", data=FORM)
    assert answer.status_code == 404
    assert WHY in Page(answer).main


@pytest.mark.usefixtures("shown")
def test_notices_without_end_are_slowed_and_kept(build_parts: BuildParts) -> None:
    parts = build_parts(submit_limit="1 per hour")
    hasty = TestClient(create_app(parts), client=("203.0.113.9", 1234), follow_redirects=False)
    assert give(hasty).status_code == 303
    answer = give(hasty, text="Encore.")
    assert answer.status_code == 429
    assert answer.headers["retry-after"]
    page = Page(answer)
    assert ("Trop d’envois" in page.alert, page.text("#text")) == (True, "Encore.")


@pytest.mark.usefixtures("shown")
@pytest.mark.parametrize("path", ["/notice/1", "/right-of-reply"])
def test_one_sender_has_few_addresses_written_to_and_all_notices_taken(parts: Parts, path: str) -> None:
    """Anybody may type any address; what came is said by the page it leads to."""
    one = TestClient(create_app(parts), client=("203.0.113.9", 1234), follow_redirects=False)
    reply = {"place": "/articles/le-pont", "passage": "Ils savaient."}
    answers = [one.post(path, data=FORM | reply | {"email": f"lea{who}@example.net"}) for who in range(7)]
    assert [answer.status_code for answer in answers] == [303] * 7
    with parts.reading() as session:
        letters = session.exec(select(Letter).where(Letter.kind == LetterKind.RECEIVED)).all()
    assert len(letters) == 5


def test_where_too_many_wait_it_is_said_and_what_was_typed_is_given_back(
    client: TestClient, shown: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "MOST_WAITING", 1)
    assert give(client).status_code == 303
    answer = give(client, text="Encore.")
    page = Page(answer)
    assert answer.status_code == 409
    assert ("attendent déjà" in page.text("#text-error"), page.text("#text")) == (True, "Encore.")
    assert shown.text in page.main


@pytest.mark.usefixtures("shown")
def test_the_form_and_its_page_are_nobody_elses(client: TestClient) -> None:
    answer = give(client)
    for address in ("/notice/1", answer.headers["location"], "/right-of-reply"):
        headers = client.get(address).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-robots-tag"] == "noindex, nofollow"
        assert "set-cookie" not in headers


@pytest.mark.usefixtures("shown")
def test_who_gave_notice_is_in_no_public_byte(client: TestClient) -> None:
    give(client)
    for address in ("/", "/articles/le-pont", "/api/v1/articles/le-pont/comments", "/log.jsonl"):
        said = client.get(address).text
        assert "Léa" not in said
        assert WHY not in said


@pytest.mark.usefixtures("shown")
def test_the_api_tells_a_notice_apart_and_what_it_is_about(
    client: TestClient, parts: Parts, ann: Person, shown: Sent
) -> None:
    give(client)
    with parts.writing() as session:
        secret = tokens.create(session, session.get_one(Account, ann.id), "", frozenset(Scope), parts.clock())
    api = TestClient(create_app(parts), headers={"Authorization": f"Bearer {secret}"})
    (item,) = api.get("/api/v1/queue").json()["items"]
    assert item["kind"] == "notice"
    assert api.get(f"/api/v1/comments/{item['id']}").json()["about"] == shown.id
    refused = {"action": "refuse", "revision": 1, "note": "C’est une critique."}
    assert api.post(f"/api/v1/comments/{item['id']}/decisions", json=refused).status_code == 200
    publish = {"action": "publish", "revision": 2}
    assert api.post(f"/api/v1/comments/{item['id']}/decisions", json=publish).status_code == 409


def test_taken_down_it_is_gone_from_every_page_and_answer_within_the_freshness(
    build_parts: BuildParts, shown: Sent, ann: Person
) -> None:
    parts = build_parts(cache_freshness=0.25)
    client = TestClient(create_app(parts), follow_redirects=False)
    addresses = ("/articles/le-pont", "/api/v1/articles/le-pont/comments", "/")
    give(client)
    with parts.writing() as session:
        feed = f"/desk/feed/{feeds.make(session, ann, parts.clock())}.atom"
    assert WHY in client.get(feed).text
    kept = [client.get(address) for address in addresses]
    assert [shown.text in answer.text for answer in kept] == [True, True, False]
    assert "1 complément" in Page(kept[2]).main
    desk = sign_in(parts, TestClient(create_app(parts), follow_redirects=False), ann)
    assert decide(desk, shown.id, "unpublish", "2", reason="illegal").status_code == 303
    time.sleep(0.3)
    for address, before in zip(addresses, kept, strict=True):
        answer = client.get(address, headers={"If-None-Match": before.headers["etag"]})
        assert answer.status_code == 200
        assert shown.text not in answer.text
        assert "1 complément" not in answer.text.replace("\u00a0", " ")
    assert client.get("/notice/1").status_code == 404
    assert not [words for words in (shown.text, WHY) if words in client.get(feed).text]


@pytest.mark.usefixtures("shown")
@pytest.mark.parametrize("path", ["/notice/1", "/right-of-reply"])
def test_one_sender_of_long_notices_or_replies_holds_up_nobody_else(parts: Parts, path: str) -> None:
    """They are rendered one after the other, as long contributions are."""
    application = create_app(parts)

    def browser_at(address: str) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(application, client=(address, 50000))
        return httpx2.AsyncClient(transport=transport, base_url="http://testserver")

    def sent(browser: httpx2.AsyncClient, **words: str) -> asyncio.Task[Any]:
        return asyncio.create_task(browser.post(path, data=FORM | words))

    async def flood() -> tuple[list[int], int, int]:
        async with browser_at("203.0.113.7") as one, browser_at("203.0.113.8") as other:
            async with parts.long_texts.turn([]):  # another is being rendered
                long = [sent(one, text=f"Un long texte. {number}" * 150) for number in range(40)]
                refused = [await first for first in islice(asyncio.as_completed(long), 39)]
                short = await sent(other)
                (waits,) = (answer for answer in long if not answer.done())
            return [answer.status_code for answer in refused], short.status_code, (await waits).status_code

    done = 303 if path == "/notice/1" else 422  # which does not say what is answered
    assert asyncio.run(flood()) == ([429] * 39, done, done)

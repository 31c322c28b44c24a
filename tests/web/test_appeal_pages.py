"""Contesting a decision: on the author’s page, at the desk, through the API."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import BuildParts, FakeClock, Sent, send, sign_in
from page import Page
from starlette.testclient import TestClient

from moderation import decisions, members, tokens
from moderation.accounts import Person
from moderation.lifecycle import Action
from moderation.models.people import Account
from moderation.tokens import Scope
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

WORDS = "J’y étais, <b>et</b> une source le dit."
BUTTON = "Contester la décision"


@pytest.fixture
def sami_s(parts: Parts, sami: Person) -> TestClient:
    return sign_in(parts, TestClient(create_app(parts), follow_redirects=False), sami)


@pytest.fixture
def refused(sami_s: TestClient, desk: TestClient, pending: Sent, settle: Callable[[], None]) -> Sent:
    """Refused by Ann; Sami is there, too."""
    assert sami_s
    press(desk, pending, "refuse", 1, reason="off_topic")
    settle()
    return pending


def press(browser: TestClient, sent: Sent, action: str, revision: int, **more: str) -> Any:
    data = {"revision": str(revision), **more}
    return browser.post(f"/desk/comments/{sent.id}/{action}", data=data)


def seen(client: TestClient, sent: Sent) -> Page:
    return Page(client.get(f"/track/{sent.tracking}"))


def contest(client: TestClient, sent: Sent, text: str = WORDS, **changes: str) -> Any:
    form = seen(client, sent).form(BUTTON)
    return client.post(form.action, data={**form.fields, "text": text, **changes})


def test_an_author_contests_a_refusal_and_reads_that_it_waits(client: TestClient, refused: Sent) -> None:
    page = seen(client, refused)
    assert "Une seule fois, jusqu’au 30 mai 2026." in page.main
    answer = contest(client, refused)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/track/{refused.tracking}")
    page = seen(client, refused)
    assert page.heading == "Votre contestation attend d’être lue"
    assert WORDS in page.main
    assert page.nodes(".appeal") == page.nodes(".again") == page.nodes(".statement") == []
    assert "Modifier mon texte" not in page.hrefs


@pytest.mark.parametrize(
    ("text", "told"),
    [(" ", "Dites en quelques mots pourquoi."), ("é" * 2001, "C’est trop long : 2 001 caractères")],
)
def test_what_cannot_be_sent_is_given_back(client: TestClient, refused: Sent, text: str, told: str) -> None:
    answer = contest(client, refused, text)
    page = Page(answer)
    assert answer.status_code == 422
    assert told in page.text("#appeal-error")
    assert page.text("#appeal") == text.strip()


def test_what_comes_too_late_is_given_back_with_why(
    client: TestClient, refused: Sent, clock: FakeClock
) -> None:
    form = seen(client, refused).form(BUTTON)
    clock.tick(days=90)
    answer = client.post(form.action, data={**form.fields, "text": WORDS})
    page = Page(answer)
    assert answer.status_code == 409
    assert "Cette décision ne peut pas, ou plus, être contestée" in page.alert
    assert WORDS in page.main


def test_two_presses_are_one(client: TestClient, refused: Sent) -> None:
    form = seen(client, refused).form(BUTTON)
    data = {**form.fields, "text": WORDS}
    assert [client.post(form.action, data=data).status_code for _ in range(2)] == [303, 303]


def test_a_queue_marks_it_and_the_page_shows_what_is_said(
    client: TestClient, sami_s: TestClient, refused: Sent
) -> None:
    contest(client, refused)
    assert "décision contestée" in Page(sami_s.get("/desk")).main
    page = Page(sami_s.get(f"/desk/comments/{refused.id}"))
    assert WORDS in page.text(".item .appeal")
    assert "Validez pour la modifier" in page.text(".item .appeal")
    offered = [node.attributes["data-do"] for node in page.nodes(".decide [data-do]")]
    assert offered == ["publish", "refuse", "ask"]
    assert "refusée" in page.text(".item .history")


def test_who_decided_is_offered_nothing(client: TestClient, desk: TestClient, refused: Sent) -> None:
    contest(client, refused)
    page = Page(desk.get(f"/desk/comments/{refused.id}"))
    assert "C’est votre décision qui est contestée : quelqu’un d’autre la relit." in page.main
    assert page.nodes(".decide [data-do]:not(a)") == []
    assert press(desk, refused, "spam", 3).status_code == 403
    assert press(desk, refused, "publish", 3).status_code == 403


def test_a_refusal_without_a_word_is_asked_for_some(
    client: TestClient, sami_s: TestClient, refused: Sent, settle: Callable[[], None]
) -> None:
    contest(client, refused)
    page = Page(press(sami_s, refused, "refuse", 3, reason="off_topic"))
    assert page.status == 422
    assert page.error("note") == "La décision est contestée : répondez en quelques mots."
    press(sami_s, refused, "refuse", 3, reason="off_topic", note="Relu à deux.")
    settle()
    told = seen(client, refused).text(".status")
    assert "Relu à deux." in told
    assert "elle a été confirmée. C’est une autre personne qui l’a relue." in told
    assert seen(client, refused).nodes(".appeal") == []


def test_a_publication_is_told_as_the_answer(
    client: TestClient, sami_s: TestClient, refused: Sent, settle: Callable[[], None]
) -> None:
    contest(client, refused)
    press(sami_s, refused, "publish", 3)
    settle()
    page = seen(client, refused)
    assert "elle a été modifiée. C’est une autre personne qui l’a relue." in page.text(".status")
    assert "La lire sous l’article" in page.hrefs


def test_who_is_alone_is_told_so(
    parts: Parts,
    client: TestClient,
    desk: TestClient,
    sami: Person,
    refused: Sent,
    settle: Callable[[], None],
) -> None:
    with parts.writing() as session:
        members.remove(session, sami.email, parts.clock())
    contest(client, refused)
    page = Page(desk.get(f"/desk/comments/{refused.id}"))
    assert "Cette décision est la vôtre, et personne d’autre ne peut la relire" in page.text(".item .appeal")
    press(desk, refused, "refuse", 3, reason="off_topic", note="Relu.")
    settle()
    assert "C’est la même personne qui l’a relue" in seen(client, refused).text(".status")
    logged = "Sa propre décision, contestée : personne d’autre ne pouvait la relire."
    for address in ("/desk/log", f"/desk/comments/{refused.id}"):
        lines = Page(desk.get(address)).texts(".state ~ .reason")
        assert lines.count(logged) == 1


def test_a_program_answers_it_in_words_too(
    parts: Parts, client: TestClient, ann: Person, sami: Person, refused: Sent
) -> None:
    contest(client, refused)
    codes = {}
    for person in (ann, sami):
        with parts.writing() as session:
            account = session.get_one(Account, person.id)
            token = tokens.create(session, account, "essai", frozenset({Scope.MODERATE}), parts.clock())
        body = {"action": "refuse", "revision": 3, "reason": "off_topic"}
        answer = client.post(
            f"/api/v1/comments/{refused.id}/decisions",
            json=body,
            headers={"Authorization": f"Bearer {token}"},
        )
        codes[person.name] = answer.status_code
    assert codes == {"Ann": 403, "Sami": 422}


def test_who_sends_too_much_is_asked_to_wait_and_keeps_the_words(
    build_parts: BuildParts, article: str, ann: Person, clock: FakeClock
) -> None:
    parts = build_parts(submit_limit="1 per hour")
    browser = TestClient(create_app(parts), client=("203.0.113.9", 1234), follow_redirects=False)
    sent = [send(parts, article, f"Texte {number}.") for number in range(2)]
    for one in sent:
        with parts.writing() as session:
            decisions.decide(
                session, one.id, Action.SPAM, revision=1, by=ann.id, now=clock(), undo=timedelta()
            )
    assert contest(browser, sent[0]).status_code == 303
    answer = contest(browser, sent[1])
    page = Page(answer)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "Trop d’envois depuis votre connexion" in page.text("#appeal-error")
    assert page.text("#appeal") == WORDS

"""A page that has been open since this morning: whatever is pressed on it is done, or says why it is not."""

from collections.abc import Callable

import pytest
from conftest import FakeClock, Sent, add_article, send, sign_in
from page import Page
from starlette.testclient import TestClient

from moderation import identifiers, submissions, voices
from moderation.accounts import Person
from moderation.policy import Policy
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

WORDS = "Ce que j’avais écrit ce matin."
# What decides, or says something of what waits: of what waits no more, nothing.
OF_WHAT_WAITS = {"publish", "refuse", "spam", "ask", "reply", "veto", "pass", "take-back"}
# Of an erased text neither, and nothing is written beside it.
OF_A_TEXT = {*OF_WHAT_WAITS, "note", "stand-aside"}


def presses(page: Page) -> list[tuple[str, dict[str, str]]]:
    """Every button of the open contribution, with what a person may have typed beside it."""
    found = []
    for form in page.nodes(".open form[method=post]"):
        fields = {str(one.attributes["name"]): str(one.attributes["value"]) for one in form.css("input")}
        typed = {str(one.attributes["name"]): WORDS for one in form.css("textarea")}
        for button in form.css("button"):
            name = button.attributes.get("name")
            pressed = {name: str(button.attributes["value"])} if name else {}
            address = button.attributes.get("formaction") or form.attributes["action"]
            found.append((str(address), {**fields, **typed, **pressed}))
    return found


@pytest.fixture
def sami_s(parts: Parts, sami: Person) -> TestClient:
    return sign_in(parts, TestClient(create_app(parts), follow_redirects=False), sami)


@pytest.fixture
def opened(parts: Parts, desk: TestClient, sami_s: TestClient) -> Callable[[str], tuple[Sent, Page]]:
    """One that waits with everything there can be about it, on Ann’s screen."""
    with parts.writing() as session:
        voices.set_policy(session, "", Policy(2, 2, veto=True))

    def one(words: str) -> tuple[Sent, Page]:
        sent = send(parts, add_article(parts, identifiers.new_id()), words, author="Zoé")
        path = f"/desk/comments/{sent.id}"
        sami_s.post(f"{path}/lease")
        desk.post(f"{path}/publish", data={"revision": "1"})
        return sent, Page(desk.get(path))

    return one


def published(sent: Sent, sami_s: TestClient, _parts: Parts) -> None:
    sami_s.post(f"/desk/comments/{sent.id}/publish", data={"revision": "1"})


def withdrawn(sent: Sent, _sami_s: TestClient, parts: Parts) -> None:
    with parts.writing() as session:
        submissions.withdraw(session, sent.tracking, revision=1, now=parts.clock())


@pytest.mark.parametrize(
    ("happens", "over"), [(published, OF_WHAT_WAITS), (withdrawn, OF_A_TEXT)], ids=["published", "withdrawn"]
)
def test_every_button_of_an_old_page_does_it_or_says_why_not(
    parts: Parts,
    ann: Person,
    desk: TestClient,
    sami_s: TestClient,
    clock: FakeClock,
    opened: Callable[[str], tuple[Sent, Page]],
    happens: Callable[[Sent, TestClient, Parts], None],
    over: set[str],
) -> None:
    _, page = opened("La première.")
    number = len(presses(page))
    seen = set()
    for place in range(number):
        sent, page = opened(f"Celle de {place} heures parle du pont et du bac.")
        happens(sent, sami_s, parts)
        clock.tick(hours=8)
        sign_in(parts, desk, ann)
        address, fields = presses(page)[place]
        name = address.partition("?")[0].rpartition("/")[2]
        seen.add(name)
        answer = desk.post(address, data=fields)
        if name in over:
            told = Page(answer)
            assert (name, answer.status_code) == (name, 409)
            assert "Rien n’a été fait." in told.alert
            assert WORDS not in fields.values() or WORDS in told.html
        else:
            assert (name, answer.status_code) == (name, 303)
            assert desk.get(answer.headers["location"]).status_code == 200
    assert seen >= {*OF_A_TEXT - {"reply"}, "lease"}


def test_every_button_of_a_page_whose_session_has_ended_says_so(
    desk: TestClient, opened: Callable[[str], tuple[Sent, Page]]
) -> None:
    _, page = opened("La seule.")
    desk.cookies.clear()
    for address, fields in presses(page):
        answer = desk.post(address, data=fields)
        assert (address, answer.status_code) == (address, 401)
        assert "rien n’a été fait" in Page(answer).alert

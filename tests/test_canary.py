"""Promise 1, through every public door: what is not approved is in no public byte, nor is that it exists."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from conftest import FakeClock, Reader, Sent, add_article, form_fields, listening, send
from httpx2 import Response
from sqlmodel import SQLModel
from starlette.testclient import TestClient

from moderation import rendering
from moderation.lifecycle import Action
from moderation.models.public import Mode
from moderation.models.queue import Comment
from moderation.pages import public as pages
from moderation.web.dependencies import Parts

CANARY = "canariquichante"
RANDOM = {"date", "x-request-id"}
Act = Callable[[Sent, Action], int]


@dataclass(frozen=True)
class Hidden:
    """A contribution that readers must not know of, and what it went through."""

    after: str
    sent: Sent

    @property
    def secrets(self) -> list[str]:
        return [self.sent.id, self.sent.tracking, self.sent.tracking.lower()]


@pytest.fixture
def act(parts: Parts, desk: TestClient) -> Act:
    """Ann decides what she has just looked at; the line it made."""

    def decide(sent: Sent, action: Action) -> int:
        with parts.reading() as session:
            revision = session.get_one(Comment, sent.id).revision
        fields = {"revision": revision, "reason": "other", "note": f"{CANARY} note"}
        answer = desk.post(f"/desk/comments/{sent.id}/{action}", data=fields)
        assert answer.status_code == 303
        return int(answer.headers["Location"].rpartition("done=")[2])

    return decide


def hide(parts: Parts, name: str, slug: str = "le-pont") -> Sent:
    words = f"{CANARY} {name} <b>{CANARY}</b> https://{CANARY}.example/{name}"
    return send(parts, slug, words, author=f"{CANARY} {name}", email=f"{CANARY}@{name}.example")


@pytest.fixture
def hidden(
    parts: Parts, article: str, act: Act, desk: TestClient, client: TestClient, settle: Callable[[], None]
) -> list[Hidden]:
    """One of each fate that leaves nothing public."""

    def undo(decision: int) -> None:
        assert desk.post("/desk/undo", data={"decision": decision}).status_code == 303

    fates: dict[str, Callable[[Sent], object]] = {
        "sending": lambda _: None,
        "refusal": lambda sent: act(sent, Action.REFUSE),
        "spam": lambda sent: act(sent, Action.SPAM),
        "refusal, undone": lambda sent: undo(act(sent, Action.REFUSE)),
        "question": lambda sent: act(sent, Action.ASK),
        "question, undone": lambda sent: undo(act(sent, Action.ASK)),
        "publication, undone": lambda sent: undo(act(sent, Action.PUBLISH)),
        "publication, spam": lambda sent: (act(sent, Action.PUBLISH), act(sent, Action.SPAM)),
        "withdrawal": lambda sent: client.post(f"/track/{sent.tracking}", data={"revision": 1}),
        "publication, withdrawal": lambda sent: (
            act(sent, Action.PUBLISH),
            client.post(f"/track/{sent.tracking}", data={"revision": 1}),
        ),
    }
    assert article == "le-pont"
    found = []
    for number, (name, fate) in enumerate(fates.items()):
        sent = hide(parts, f"n{number}")
        fate(sent)
        found.append(Hidden(name, sent))
    settle()
    for number, action in enumerate([Action.UNPUBLISH, Action.SPAM]):
        sent = hide(parts, f"t{number}")
        act(sent, Action.PUBLISH)
        settle()
        assert CANARY in client.get(f"/articles/{article}").text
        act(sent, action)
        found.append(Hidden(f"publication, {action}", sent))
    asked = hide(parts, "q")
    act(asked, Action.ASK)
    settle()
    said = {"revision": 2, "action": "answer", "text": f"{CANARY} answer"}
    assert client.post(f"/track/{asked.tracking}", data=said).status_code == 303
    found.append(Hidden("question, answered", asked))
    waits = hide(parts, "w")
    act(waits, Action.PUBLISH)
    return [*found, Hidden("publication, not yet due", waits)]


PATHS = [
    "/",
    "/articles/le-pont",
    "/articles/le-pont?page=1",
    "/articles/le-pont?page=2",
    "/articles/le-pont?page=0",
    "/articles/le-pont?page=x",
    "/articles/la-gare",
    "/articles/le-marche",
    "/articles/nowhere",
    "/articles/le-pont/comments",
    "/articles/%00",
    "/track",
    "/sign-in",
    "/sign-in/0000",
    "/desk",
    "/desk/log",
    "/desk?status=refused",
    "/feed.atom",
    "/articles/le-pont/feed.atom",
    "/articles/le-pont/fragment",
    "/articles.atom",
    "/sections/Ville/feed.atom",
    "/articles/le-pont/comments/1/feed.atom",
    "/articles/le-pont/comments/2/feed.atom",
    "/comments/1",
    "/comments/2",
    "/comments/1/reply",
    "/comments/2/reply",
    "/log",
    "/log.jsonl",
    "/transparency",
    "/transparency.csv",
    "/transparency.json",
    "/legal",
    "/contact",
    "/right-of-reply?place=/articles/le-pont%23comment2",
    "/notice/1",
    "/notice/2",
    "/your-data",
    "/api/v1/articles/le-pont/comments",
    "/healthz",
    "/robots.txt",
    "/sitemap.xml",
    "/openapi.json",
    "/docs",
    "/nowhere",
]


def public_answers(client: TestClient) -> dict[str, Response]:
    """Everything anybody may ask without knowing a secret, and what they are answered."""
    paths = [*PATHS, *(f"/static/{file.name}" for file in sorted(rendering.STATIC.iterdir()))]
    requests = [(method, path) for path in paths for method in ("GET", "HEAD")]
    answers = {f"{method} {path}": client.request(method, path) for method, path in requests}
    for path in ("/articles/le-pont", "/"):
        compressed = client.get(path, headers={"Accept-Encoding": "gzip"})
        answers[f"GET {path}, compressed"] = compressed
        known = {"If-None-Match": compressed.headers["ETag"]}
        answers[f"GET {path}, known"] = client.get(path, headers=known)
    form, words = "/articles/le-pont/comments", {"text": "Un texte tout autre.", "author": "Max"}
    return answers | {
        "POST, a preview": client.post(form, data=words),
        "POST, empty": client.post(form, data={"text": ""}),
        "POST, too long": client.post(form, data={"text": "a" * 10_001}),
        "POST, no token": client.post(form, data={**words, "step": "send"}),
        "POST, no step": client.post(form, data={**words, "step": "x"}),
        "POST, foreign": client.post(form, headers={"Sec-Fetch-Site": "cross-site"}),
        "POST, closed": client.post("/articles/le-marche/comments", data=words),
        "POST, nowhere": client.post("/articles/nowhere/comments", data=words),
        "POST to a page": client.post("/articles/le-pont"),
        "POST, undo": client.post("/desk/undo", data={"decision": 1}),
        "POST, sign in": client.post("/sign-in", data={"entry": "x", "code": "y"}),
        "PUT": client.put("/articles/le-pont"),
    }


def answers_about(client: TestClient, name: str) -> dict[str, Response]:
    """What is answered to who guesses the name of a contribution, wherever a name could stand."""
    return {
        "track": client.get(f"/track/{name}"),
        "withdraw": client.post(f"/track/{name}", data={"revision": 1}),
        "item": client.get(f"/desk/comments/{name}"),
        "decide": client.post(f"/desk/comments/{name}/publish", data={"revision": 1}),
        "delete": client.delete(f"/desk/comments/{name}"),
        "article": client.get(f"/articles/{name}"),
        "comment": client.get(f"/articles/le-pont/comments/{name}"),
        "page": client.get(f"/articles/le-pont?comment={name}"),
        "parent": client.post("/articles/le-pont/comments", data={"text": "", "parent": name}),
        "api": client.get(f"/api/v1/comments/{name}"),
    }


def everything(answer: Response) -> str:
    return "\n".join(f"{name}: {value}" for name, value in answer.headers.multi_items()) + "\n" + answer.text


@pytest.fixture
def elsewhere(parts: Parts) -> None:
    add_article(parts, "la-gare")
    add_article(parts, "le-marche", mode=Mode.CLOSED)


@pytest.mark.usefixtures("elsewhere")
def test_promise_01_the_canary_is_in_no_public_byte(client: TestClient, hidden: list[Hidden]) -> None:
    answers = public_answers(client)
    assert {answer.status_code for answer in answers.values()} >= {200, 303, 304, 403, 404, 405, 422}
    for what, answer in answers.items():
        said = everything(answer).lower()
        assert CANARY not in said, what
        assert not [one for one in hidden for secret in one.secrets if secret in said], what


@pytest.mark.usefixtures("elsewhere")
def test_promise_01_asking_for_a_hidden_text_is_as_asking_for_none(
    client: TestClient, hidden: list[Hidden]
) -> None:
    nobody = "zzzzzzzzzzzzzzzz"
    none = answers_about(client, nobody)
    for one in hidden:
        for what, answer in answers_about(client, one.sent.id).items():
            assert CANARY not in everything(answer), (one.after, what)
            assert answer.status_code == none[what].status_code, (one.after, what)
            assert everything(answer).replace(one.sent.id, nobody) == everything(none[what]), (
                one.after,
                what,
            )


@pytest.mark.usefixtures("elsewhere")
def test_promise_01_nothing_that_stays_hidden_changes_a_public_byte(
    parts: Parts, client: TestClient, act: Act, desk: TestClient, clock: FakeClock, settle: Callable[[], None]
) -> None:
    add_article(parts, "le-pont")
    act(send(parts, "le-pont", "Un texte public.", author="Zoé"), Action.PUBLISH)
    settle()
    before = bytes_of(public_answers(client))
    assert b"Un texte public." in before["GET /articles/le-pont"][2]
    with parts.reading() as session:
        revisions = [pages.home_revision(session), pages.article_revision(session, "le-pont")]
    one, two, three, four = [hide(parts, f"n{number}") for number in range(4)]
    act(one, Action.REFUSE)
    act(two, Action.SPAM)
    act(two, Action.REOPEN)
    desk.post("/desk/undo", data={"decision": act(three, Action.PUBLISH)})
    client.post(f"/track/{four.tracking}", data={"revision": 1})
    settle()
    clock.tick(hours=1)
    act(one, Action.PUBLISH)  # not yet due
    after = bytes_of(public_answers(client))
    # The log tells that something was refused, and nothing of it.
    told = {f"{how} /log{kind}" for how in ("GET", "HEAD") for kind in ("", ".jsonl")}
    assert {what for what in before if after[what] != before[what]} == told
    with parts.reading() as session:
        assert [pages.home_revision(session), pages.article_revision(session, "le-pont")] == revisions


def bytes_of(answers: dict[str, Response]) -> dict[str, tuple[int, list[tuple[str, str]], bytes]]:
    """Whole answers, but for what is told to one person alone: the token of their own preview."""
    found = {}
    for what, answer in answers.items():
        content = answer.content
        for value in form_fields(answer.text).values():
            content = content.replace(value.encode(), b"") if len(value) > 20 else content
        headers = [(name, value) for name, value in answer.headers.multi_items() if name not in RANDOM]
        found[what] = (answer.status_code, headers, content)
    return found


def test_promise_01_a_number_tells_nothing_of_what_was_refused(
    parts: Parts, article: str, act: Act, settle: Callable[[], None], client: TestClient
) -> None:
    for number in range(5):
        act(hide(parts, f"n{number}"), Action.REFUSE)
    act(send(parts, article, "Un texte public."), Action.PUBLISH)
    settle()
    assert 'id="comment1"' in client.get(f"/articles/{article}").text


@pytest.mark.usefixtures("article", "elsewhere")
def test_promise_01_a_preview_is_seen_by_who_wrote_it_alone(client: TestClient, clock: FakeClock) -> None:
    address = f"{CANARY}@b.example"
    reader = Reader(client, clock).preview("le-pont", f"{CANARY} un", author=CANARY, email=address)
    assert not [what for what, answer in public_answers(client).items() if CANARY in everything(answer)]
    stolen = {"token": reader.fields["token"], "step": "send", "text": "Un autre texte.", "author": "Max"}
    assert CANARY not in everything(client.post("/articles/le-pont/comments", data=stolen))


@pytest.mark.usefixtures("hidden")
def test_promise_01_public_pages_read_no_table_of_the_queue(parts: Parts, client: TestClient) -> None:
    statements: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    with listening(parts.public_engine, "before_cursor_execute", listen):
        for path in ("/", "/articles/le-pont", "/articles/le-pont?page=1", "/articles/nowhere"):
            assert client.get(path).status_code in {200, 404}
    tables = set(SQLModel.metadata.tables)
    named = {
        word for statement in statements for word in re.findall(r"(?i)(?:from|join)\s+(\w+)", statement)
    } & tables
    assert named == {"article", "thread", "publication", "site"}

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from anyio import to_thread
from conftest import BuildParts, Sent, add_article, add_person, listening, send, sign_in
from page import Page
from sqlalchemy import event
from sqlmodel import update
from starlette.testclient import TestClient

from moderation import accounts, database
from moderation.links import Opening
from moderation.models.people import Role
from moderation.models.queue import Comment, Version
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

ROUTES = """
GET /
GET /articles/{slug}
GET /articles/{slug}/fragment
GET /embed.js
GET /feed.atom
GET /articles.atom
GET /sections/{name:path}/feed.atom
GET /articles/{slug}/feed.atom
GET /articles/{slug}/comments/{number}/feed.atom
GET /comments/{number}
GET /robots.txt
GET /sitemap.xml
GET /comments/{number}/reply
POST /articles/{slug}/comments
POST /articles/{slug}/fragment
GET /track
POST /track
GET /track/{code}
GET /track/{code}/opening.json
GET /track/{code}/data.json
POST /track/{code}
GET /track/{code}/edit
POST /track/{code}/edit
POST /track/{code}/withdrawal
GET /review/{token}
POST /review/{token}
GET /desk/account/letters
POST /desk/account/letters
GET /bulletin/{token}
POST /bulletin/{token}
GET /notice/{number}
POST /notice/{number}
GET /right-of-reply
POST /right-of-reply
POST /sign-in/passkey/options
POST /sign-in/passkey
POST /desk/confirm/passkey/options
POST /desk/confirm/passkey
GET /desk/account/passkeys
POST /desk/account/passkeys/options
POST /desk/account/passkeys
POST /desk/account/passkeys/{passkey}/remove
GET /sign-in/password
POST /sign-in/password
GET /sign-in
POST /sign-in
POST /sign-in/second
GET /sign-in/{token}
POST /sign-in/{token}
POST /sign-out
GET /desk/changes
POST /desk/comments/{comment_id}/lease
POST /desk/comments/{comment_id}/reading
POST /desk/comments/{comment_id}/note
POST /desk/comments/{comment_id}/pass
POST /desk/comments/{comment_id}/take-up
POST /desk/comments/{comment_id}/stand-aside
POST /desk/comments/{comment_id}/come-back
POST /desk/comments/{comment_id}/veto
POST /desk/voices/{voice}/take-back
POST /desk/mentions/{note_id}/seen
GET /desk/comments/{comment_id}/correct
POST /desk/comments/{comment_id}/correct
GET /desk/comments/{comment_id}/redact
POST /desk/comments/{comment_id}/redact
POST /desk/comments/{comment_id}/reply
GET /desk
GET /desk/log
GET /desk/comments/{comment_id}
POST /desk/articles/{slug}/{move}
POST /desk/comments/{comment_id}/{action}
POST /desk/undo
GET /desk/feed/{token}.atom
POST /desk/account/feed/{move}
GET /log
GET /log.jsonl
GET /verify-log.py
GET /transparency
GET /transparency.csv
GET /transparency.json
GET /your-data
GET /mail/{token}
POST /mail/{token}
POST /mail/{token}/texts
GET /articles/{slug}/follow
POST /articles/{slug}/follow
POST /track/{code}/answers
GET /follow/{token}
POST /follow/{token}
GET /unfollow/{token}
POST /unfollow/{token}
GET /desk/account
GET /desk/account/password
POST /desk/account/password
POST /desk/account/password/remove
POST /desk/account/blur
POST /desk/account/sessions/end
POST /desk/account/sessions/{browser}/end
GET /desk/confirm
POST /desk/confirm
POST /desk/confirm/letter
GET /desk/account/email
POST /desk/account/email
POST /desk/account/email/cancel
GET /new-address/{token}
POST /new-address/{token}
GET /desk/account/codes
POST /desk/account/codes
POST /desk/account/codes/remove
POST /desk/account/recovery
GET /desk/account/shortcuts
POST /desk/account/shortcuts
GET /desk/account/tokens
POST /desk/account/tokens
POST /desk/account/tokens/{token}/revoke
GET /desk/bulk
POST /desk/bulk
GET /charter
GET /charter/{number}
GET /desk/settings/charter
POST /desk/settings/charter
GET /legal
GET /contact
GET /desk/settings/pages/{name}
POST /desk/settings/pages/{name}
GET /desk/settings
POST /desk/settings/log
POST /desk/settings/log/witnesses
GET /desk/settings/notice
POST /desk/settings/notice
GET /desk/settings/letters
POST /desk/settings/letters/{letter}/again
GET /desk/settings/words
POST /desk/settings/words/add
POST /desk/settings/words/remove
GET /desk/settings/policy
POST /desk/settings/policy
GET /desk/settings/reasons
POST /desk/settings/reasons
POST /desk/settings/reasons/{code}
POST /desk/settings/reasons/{code}/move
GET /desk/figures
GET /desk/figures.csv
GET /desk/team
POST /desk/team/duty
POST /desk/team/{account}/sign-out
POST /desk/team/{account}/sections
GET /desk/team/add
POST /desk/team/add
POST /desk/team/{account}/role
POST /desk/team/{account}/close
GET /desk/guide
POST /desk/guide
GET /healthz
GET /metrics
MOUNT /api/v1
MOUNT /static
"""


def routes(parts: Parts) -> list[tuple[str, str]]:
    front: Any = create_app(parts)
    app = front._app._app._app
    nested = [getattr(getattr(route, "original_router", None), "routes", [route]) for route in app.routes]
    return [
        (" ".join(sorted(getattr(route, "methods", None) or {"MOUNT"})), route.path)
        for routes in nested
        for route in routes
    ]


def test_the_program_answers_at_these_addresses_and_no_others(parts: Parts) -> None:
    assert [" ".join(route) for route in routes(parts)] == ROUTES.split("\n")[1:-1]


def test_every_address_of_the_desk_asks_who_is_there(parts: Parts, client: TestClient, pending: Sent) -> None:
    known = {"{comment_id}": pending.id, "{action}": "publish", "{name}": "legal"}
    known |= dict.fromkeys(
        ("{account}", "{browser}", "{passkey}", "{token}", "{letter}", "{voice}", "{note_id}", "{code}"), "1"
    )
    asked = [
        (method, path)
        for method, path in routes(parts)
        if path.startswith("/desk") and "feed/{token}" not in path
    ]
    assert len(asked) == 87
    for method, path in asked:
        for name, value in known.items():
            path = path.replace(name, value)  # noqa: PLW2901
        answer = client.request(method, path)
        assert answer.status_code == {"GET": 303, "POST": 401}[method], path
        assert answer.headers["cache-control"] == "no-store"
    with parts.reading() as session:
        assert session.get_one(Comment, pending.id).revision == 1


def test_what_is_not_allowed_says_what_is(client: TestClient) -> None:
    answer = client.delete("/track")
    assert (answer.status_code, Page(answer).heading) == (405, "Cela n’a pas marché")
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize("address", ["/desk/", "/track/", "/sign-in/", "/articles/le-pont/"])
def test_a_slash_too_many_leads_nowhere_else(client: TestClient, article: str, address: str) -> None:
    del article
    answer = client.get(address)
    assert answer.status_code == 404
    assert "location" not in answer.headers


# When the database does not answer, or something breaks


@contextmanager
def locked(parts: Parts, comment_id: str) -> Generator[None]:
    """Another process is writing, and does not end."""
    address = parts.settings.database_url
    sqlite = parts.engine.dialect.name == "sqlite"
    # Under another name: inside one process writers queue up before the database sees them.
    other = database.connect(f"{address}?timeout=1" if sqlite else address)
    with database.writing(other) as session:
        session.get_one(Comment, comment_id, with_for_update=True)
        yield
    other.dispose()


def impatient(parts: Parts) -> None:
    order = "PRAGMA busy_timeout = 1" if parts.engine.dialect.name == "sqlite" else "SET lock_timeout = 10"

    def hurry(connection: Any, _entry: Any) -> None:
        connection.cursor().execute(order)
        connection.commit()

    event.listen(parts.engine, "connect", hurry)
    parts.engine.dispose()


def test_a_locked_database_asks_to_come_back(parts: Parts, desk: TestClient, pending: Sent) -> None:
    impatient(parts)
    address = f"/desk/comments/{pending.id}/publish"
    with locked(parts, pending.id):
        answer = desk.post(address, data={"revision": "1"})
    assert (answer.status_code, Page(answer).heading) == (503, "Pas encore enregistré")
    assert answer.headers["retry-after"] == "5"
    assert "Rien n’est perdu" in Page(answer).main
    assert desk.post(address, data={"revision": "1"}).status_code == 303


@pytest.mark.parametrize("path", ["/notice/1", "/right-of-reply"])
def test_a_notice_or_a_right_of_reply_is_given_back_by_a_locked_database_and_sent_again(
    parts: Parts, desk: TestClient, pending: Sent, settle: Callable[[], None], path: str
) -> None:
    desk.post(f"/desk/comments/{pending.id}/publish", data={"revision": "1"})
    settle()
    impatient(parts)
    who = {"author": "Léa Martin", "email": "lea@example.net", "text": "Rien de cela n’est vrai."}
    notice = {"ground": "defamation", "good_faith": "true"}
    reply = {"place": "/articles/le-pont#comment1", "passage": "Ils savaient."}
    typed = who | (notice if path == "/notice/1" else reply)
    with locked(parts, pending.id):
        answer = desk.post(path, data=typed)
    assert answer.status_code == 503
    page = Page(answer)
    again = page.form("Réessayer")
    fields = again.fields | {name: page.value(name) for name in ("text", "passage") if name in typed}
    assert (again.action, fields) == (path, typed)
    assert desk.post(again.action, data=fields).status_code == 303


def test_an_absent_database_asks_to_come_back(build_parts: BuildParts) -> None:
    parts = build_parts(database_url="postgresql+psycopg://127.0.0.1:1/none?connect_timeout=1")
    answer = TestClient(create_app(parts)).get("/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "127.0.0.1" not in answer.text


def test_an_unexpected_error_says_nothing_of_the_program(
    parts: Parts, desk: TestClient, pending: Sent
) -> None:
    with parts.writing() as session:
        session.exec(update(Version).values(findings=[{}]))
    calm = TestClient(desk.app, raise_server_exceptions=False, cookies=desk.cookies)
    answer = calm.get(f"/desk/comments/{pending.id}")
    assert (answer.status_code, Page(answer).heading) == (500, "Cela n’a pas marché")
    for word in ("Traceback", "KeyError", "findings", pending.text):
        assert word not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_more_people_at_the_desk_than_there_are_connections_are_all_served(
    parts: Parts, desk: TestClient, pending: Sent
) -> None:
    async def many() -> set[int]:
        to_thread.current_default_thread_limiter().total_tokens = 1
        transport = httpx2.ASGITransport(app=create_app(parts))
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as browser:
            browser.cookies.set("session", desk.cookies["session"])
            answers = await asyncio.gather(
                *(browser.get(f"/desk/comments/{pending.id}", timeout=60) for _ in range(45))
            )
        return {answer.status_code for answer in answers}

    assert asyncio.run(many()) == {200}


def test_a_decision_holds_one_connection_at_a_time(parts: Parts, desk: TestClient, pending: Sent) -> None:
    held, most = 0, 0

    def out(*_: object) -> None:
        nonlocal held, most
        held += 1
        most = max(most, held)

    def back(*_: object) -> None:
        nonlocal held
        held -= 1

    with listening(parts.engine, "checkout", out), listening(parts.engine, "checkin", back):
        desk.post(f"/desk/comments/{pending.id}/publish", data={"revision": "1"})
    assert (held, most) == (0, 1)


# Under a path


@pytest.mark.parametrize(
    ("path", "base"),
    [("/avis", "/avis"), ("/a/b", "/a/b"), ("/desk", "/desk"), ("/articles", "/articles"), ("/avis", "")],
    ids=["a path", "two steps", "a path like ours", "another", "a proxy that takes it off"],
)
def test_a_site_under_a_path_never_leads_out_of_it(build_parts: BuildParts, path: str, base: str) -> None:
    parts = build_parts(site_url=f"http://testserver{path}", contact="avis@site.example")
    slug = add_article(parts, "le-pont")
    waiting = [send(parts, slug, f"Texte {n}.") for n in range(52)]
    ann = add_person(parts, "ann@example.org", "Ann", Role.ADMIN)
    browser = sign_in(parts, TestClient(create_app(parts), follow_redirects=False), ann)
    with parts.writing() as session:
        opening = accounts.ask(session, "ann@example.org", parts.clock(), mail=None)
        link = parts.links.sign(Opening(opening.id), parts.clock())
    one = f"/desk/comments/{waiting[0].id}"
    answers = [
        *(
            browser.get(base + address)
            for address in ("/", f"/articles/{slug}", "/nowhere", "/track", "/sign-in")
        ),
        browser.get(f"{base}/track/{waiting[0].tracking}"),
        browser.post(f"{base}/track", data={"code": waiting[0].tracking}),
        browser.post(f"{base}/track/{waiting[9].tracking}", data={"revision": "1"}),
        browser.post(f"{base}/articles/{slug}/comments", data={"text": "Un texte."}),
        browser.post(f"{base}/articles/{slug}/comments", data={"text": ""}),
        browser.post(f"{base}/articles/nowhere/comments", data={"text": "Un texte."}),
        browser.get(f"{base}/desk"),
        browser.get(base + one),
        browser.post(f"{base}{one}/refuse", data={"revision": "1"}),
        browser.post(f"{base}{one}/publish", data={"revision": "1"}),
        browser.post(f"{base}{one}/publish", data={"revision": "1"}),
        browser.post(f"{base}/desk/undo", data={"decision": "2"}),
        browser.get(f"{base}/desk/log"),
        browser.get(f"{base}/desk/comments/nothing"),
        browser.post(f"{base}/sign-in", data={"email": "ann@example.org"}),
        browser.get(f"{base}/sign-in/{link}"),
        browser.post(f"{base}/sign-in/{link}"),
        browser.post(f"{base}/sign-out"),
        TestClient(browser.app, follow_redirects=False).get(f"{base}/desk/log"),
    ]
    assert [answer.status_code for answer in answers] == [
        *[200, 200, 404, 200, 200],
        *[200, 303, 303, 200, 422, 404],
        *[200, 200, 422, 303, 409, 303, 200, 404],
        *[200, 200, 303, 303, 303],
    ]
    assert answers[-1].headers["location"] == f"{path}/sign-in?next=/desk/log"
    for answer in answers:
        if answer.status_code == 303:
            assert answer.headers["location"].startswith(f"{path}/")
        for address in Page(answer).addresses if answer.text else []:
            assert (
                address.startswith((f"{path}/", f"http://testserver{path}/", "#", "mailto:")) or address == ""
            ), address

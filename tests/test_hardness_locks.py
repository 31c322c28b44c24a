"""Somebody else holds the database: writers are told to come back, within seconds, and readers go on."""

import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from conftest import FakeClock, add_article, send, sign_in
from hammered import SLUG, Server, new_form
from page import Page
from sqlalchemy import text
from sqlmodel import select
from starlette.testclient import TestClient

from moderation import database
from moderation.accounts import Person
from moderation.models.queue import Comment, Decision
from moderation.web.dependencies import Parts

# More than there are places to write from and threads to run in, together.
WRITERS = 50
# What anyone may have to wait for an answer, whichever; and a reader for a page no memory holds.
SECONDS, READER_SECONDS = 20, 4


@contextmanager
def held(parts: Parts) -> Generator[None]:
    """Another process writes, and does not end: this one, which is not the server."""
    engine = database.connect(parts.settings.database_url)
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT 1 FROM thread FOR UPDATE"))
            connection.execute(text("SELECT 1 FROM comment FOR UPDATE"))
        else:
            connection.exec_driver_sql("SELECT 1")  # the engine begins as a writer does
        yield
        connection.rollback()
    engine.dispose()


def written(parts: Parts) -> tuple[int, int]:
    with parts.reading() as session:
        return len(session.exec(select(Comment.id)).all()), len(session.exec(select(Decision.id)).all())


def test_while_another_process_writes_nobody_waits_for_ever_and_readers_not_at_all(
    parts: Parts, client: TestClient, ann: Person, clock: FakeClock, tmp_path: Path
) -> None:
    clock.now = datetime.now(UTC)
    add_article(parts, SLUG)
    sent = [send(parts, SLUG, f"Texte {number}.") for number in range(2)]
    cookie = sign_in(parts, client, ann).cookies["session"]
    before = written(parts)
    requests = [
        (f"/desk/comments/{sent[0].id}/refuse", {"revision": "1", "reason": "other", "note": "Déjà dit."}),
        (f"/track/{sent[1].tracking}", {"revision": "1"}),
        *((f"/articles/{SLUG}/comments", new_form(f"Essai {number}.")) for number in range(WRITERS)),
    ]
    with (
        Server(parts.settings.database_url, tmp_path) as served,
        served.client(cookie, seconds=60) as http,
        ThreadPoolExecutor(len(requests) + 1) as pool,
    ):
        with held(parts):
            stuck = pool.map(lambda request: timed(http, *request), requests)
            told = pool.submit(a_program_is_told_too, http)
            reads_go_on(http)
            answers = list(stuck)
            told.result()
        assert written(parts) == before
        for seconds, answer in answers:
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert seconds < SECONDS
        pages = [Page(answer) for _, answer in answers]
        assert {page.heading for page in pages} == {"Pas encore enregistré"}
        assert all("Rien n’est perdu" in page.alert for page in pages)
        assert pages[0].value("note").strip() == "Déjà dit."
        assert pages[2].value("text").strip() == "Essai 0."
        for page in pages[:4]:
            again = page.form("Réessayer")
            fields = {**again.fields, **visible(page)}
            assert http.post(again.action, data={**fields, "step": "send"}).status_code == 303
    assert written(parts) == (before[0] + 2, before[1] + 2)
    assert "Traceback" not in served.said()


def visible(page: Page) -> dict[str, str]:
    return {str(node.attributes["name"]): node.text().strip() for node in page.nodes("main textarea")}


def timed(http: httpx2.Client, path: str, fields: dict[str, str]) -> tuple[float, Any]:
    began = time.monotonic()
    answer = http.post(path, data=fields)
    return time.monotonic() - began, answer


def reads_go_on(http: httpx2.Client) -> None:
    time.sleep(1)  # until every thread that can be taken is
    for _ in range(3):
        for path in (f"/articles/{SLUG}?page=1", "/sign-in", "/desk", "/"):
            began = time.monotonic()
            assert http.get(path).status_code == 200
            assert time.monotonic() - began < READER_SECONDS


def a_program_is_told_too(http: httpx2.Client) -> None:
    answer = http.post(f"/api/v1/articles/{SLUG}/comments", json={"text": "Un texte."})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 503

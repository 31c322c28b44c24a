import asyncio
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from conftest import BuildParts, FakeClock, add_article, listening, send
from starlette.testclient import TestClient

from moderation import decisions
from moderation.accounts import Person
from moderation.delivery import Loop
from moderation.lifecycle import Action
from moderation.web.app import create_app
from moderation.web.dependencies import Parts
from moderation.web.health import PATIENCE, Patient

Serve = Callable[[Parts], TestClient]


@pytest.fixture
def serving() -> Generator[Serve]:
    """As a server does, with its effects loop."""
    with ExitStack() as open_until_then:

        def serve(parts: Parts) -> TestClient:
            return open_until_then.enter_context(TestClient(create_app(parts)))

        yield serve


def test_a_server_that_works_says_so_and_nothing_else(parts: Parts, serving: Serve) -> None:
    client = serving(parts)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    head = client.head("/healthz")
    assert (head.status_code, head.content) == (200, b"")


def test_whoever_asks_without_a_pause_gets_an_answer_each_time() -> None:
    """As one question is answered and the next one put, nobody is given the wrong one."""

    async def ask(patient: Patient[int]) -> set[int]:
        return {await patient.answer() for _ in range(100)}

    async def crowd() -> list[set[int]]:
        patient = Patient(lambda: 1)
        return await asyncio.gather(*(ask(patient) for _ in range(20)))

    assert asyncio.run(crowd()) == [{1}] * 20


def test_it_is_found_under_the_path_of_the_site(build_parts: BuildParts, serving: Serve) -> None:
    client = serving(build_parts(site_url="http://testserver/avis"))
    assert {client.get(path).status_code for path in ("/avis/healthz", "/healthz")} == {200}


@pytest.mark.parametrize(("seconds", "overdue"), [(0, False), (79, False), (81, True)])
def test_an_effect_a_minute_overdue_is_a_failure(
    parts: Parts, ann: Person, clock: FakeClock, seconds: float, *, overdue: bool
) -> None:
    sent = send(parts, add_article(parts, "le-pont"), "Le pont est ouvert.")
    undo = timedelta(seconds=20)
    with parts.writing() as session:
        decisions.decide(session, sent.id, Action.PUBLISH, revision=1, by=ann.id, now=clock(), undo=undo)
    clock.tick(seconds=seconds)
    problems = TestClient(create_app(parts)).get("/healthz").json()["problems"]
    assert ("effects are overdue" in problems) is overdue


def test_a_loop_that_stopped_is_a_failure(parts: Parts, serving: Serve) -> None:
    client = serving(parts)
    assert client.get("/healthz").status_code == 200
    loop_of(client).stop()
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["problems"]) == (503, ["the effects loop has stopped"])


def loop_of(client: TestClient) -> Loop:
    front: Any = client.app
    loop: Loop = front._app._app._app.state.loop
    return loop


@pytest.fixture
def silent() -> Generator[str]:
    """The address of a database that takes a connection and then says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"postgresql+psycopg://127.0.0.1:{listening.getsockname()[1]}/none?connect_timeout=3"


@pytest.mark.parametrize("which", ["database_url", "public_database_url"])
def test_a_database_that_says_nothing_is_not_waited_for(
    build_parts: BuildParts, silent: str, which: str
) -> None:
    transport = httpx2.ASGITransport(app=create_app(build_parts(**{which: silent})))

    async def ask() -> tuple[list[httpx2.Response], float]:
        began = time.monotonic()
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
            answers = await asyncio.gather(*(client.get("/healthz") for _ in range(6)))
        return answers, time.monotonic() - began

    answers, seconds = asyncio.run(ask())
    assert seconds < 2 * PATIENCE
    assert {answer.status_code for answer in answers} == {503}
    assert "the database does not answer" in answers[0].json()["problems"]


def test_threads_that_are_all_taken_hold_it_up_for_nobody(parts: Parts, serving: Serve) -> None:
    client = serving(parts)
    add_article(parts, "le-pont")
    release, held = threading.Event(), threading.Semaphore(0)

    def hold(*_: object) -> None:
        if threading.current_thread() is not asking and not release.is_set():
            held.release()
            release.wait(60)

    asking = threading.current_thread()
    with listening(parts.engine, "checkout", hold):
        work = [threading.Thread(target=client.get, args=(f"/track/{n}",)) for n in range(45)]
        for one in work:
            one.start()
        for _ in range(40):
            assert held.acquire(timeout=60)
        began = time.monotonic()
        answer = client.get("/healthz")
        assert time.monotonic() - began < 2 * PATIENCE
        assert answer.status_code == 503
        release.set()
        for one in work:
            one.join(60)
    time.sleep(0.6)
    assert client.get("/healthz").status_code == 200


def test_a_file_that_is_no_database_is_a_failure(build_parts: BuildParts, tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"not a database " * 100)
    client = TestClient(create_app(build_parts(database_url=f"sqlite:///{tmp_path / 'x.db'}")))
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["problems"][0]) == (503, "the database does not answer")

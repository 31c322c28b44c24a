"""Promise 3: a real server is killed at any moment, and nothing it had acknowledged is lost or doubled."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import pytest
from conftest import KEY, FakeClock, add_article, sign_in
from sqlmodel import col, select
from starlette.testclient import TestClient

from moderation import delivery, drafts, identifiers, links
from moderation.accounts import Person
from moderation.lifecycle import Status
from moderation.links import Links
from moderation.markup import Dialect
from moderation.models.public import Publication, Thread
from moderation.models.queue import Comment, Decision, Version
from moderation.web.dependencies import Parts

SLUG = "le-pont"
UNDO_SECONDS = 0.2


def form(words: str, nonce: str) -> dict[str, str]:
    """The form of a preview that was read for five seconds."""
    draft = drafts.read("Zoé", "", words, dialect=Dialect.SPIP)
    seen = datetime.now(UTC) - timedelta(seconds=5)
    token = Links([KEY]).sign(links.Form(SLUG, draft.digest, nonce), seen)
    return {"author": "Zoé", "text": words, "token": token, "step": "send"}


@dataclass
class Clients:
    """Two readers and a moderator who note down, outside, what they were told and what they tried."""

    parts: Parts
    cookie: str
    tried: dict[str, str] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)
    decided: dict[int, str] = field(default_factory=dict)
    surprises: list[Any] = field(default_factory=list)
    told: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def write(self, address: str) -> None:
        with httpx2.Client(base_url=address) as client:
            while True:
                nonce = identifiers.new_code()
                self.tried[nonce] = f"Texte {nonce}."
                try:
                    answer = client.post(f"/articles/{SLUG}/comments", data=form(self.tried[nonce], nonce))
                except httpx2.HTTPError:
                    return
                self.note(answer)
                self.sent[nonce] = answer.headers.get("Location", "")

    def decide(self, address: str) -> None:
        with httpx2.Client(base_url=address, cookies={"session": self.cookie}) as client:
            while True:
                with self.parts.reading() as session:
                    waiting = select(Comment.id).where(Comment.status == Status.PENDING)
                    name = session.exec(waiting.order_by(col(Comment.id))).first()
                if name is None:
                    continue
                try:
                    answer = client.post(f"/desk/comments/{name}/publish", data={"revision": 1})
                except httpx2.HTTPError:
                    return
                self.note(answer)
                if answer.status_code == 303:
                    self.decided[int(answer.headers["Location"].rpartition("done=")[2])] = name

    def note(self, answer: httpx2.Response) -> None:
        if answer.status_code != 303:
            self.surprises.append((answer.status_code, answer.text))
        self.told.release()


class Server:
    """`moderation serve`, as an operator starts it."""

    def __init__(self, url: str, folder: Path) -> None:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        settings = {
            "MODERATION_DATABASE_URL": url,
            "MODERATION_SECRET_KEYS": KEY,
            "MODERATION_SITE_URL": self.address,
            "MODERATION_UNDO_SECONDS": str(UNDO_SECONDS),
        }
        command = [sys.executable, "-m", "moderation", "serve", "--port", str(port)]
        self.process = subprocess.Popen(  # noqa: S603 - our own words
            command, env={**os.environ, **settings}, cwd=folder, start_new_session=True
        )
        self._wait()

    def _wait(self) -> None:
        pause = threading.Event()
        for _ in range(1200):
            assert self.process.poll() is None, "the server did not start"
            try:
                assert httpx2.get(f"{self.address}/").status_code == 200
            except httpx2.TransportError:
                pause.wait(0.05)
            else:
                return
        pytest.fail("the server never answered")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.mark.parametrize("rounds", [40 if os.environ.get("TEST_THOROUGH") else 3])
def test_promise_03_what_was_acknowledged_is_there_once_after_every_kill(
    parts: Parts, client: TestClient, ann: Person, clock: FakeClock, url: str, tmp_path: Path, rounds: int
) -> None:
    clock.now = datetime.now(UTC)  # the server's clock is the real one
    chance = Random(3)  # noqa: S311 - the same moments every time
    add_article(parts, SLUG)
    cookie = sign_in(parts, client, ann).cookies["session"]
    clients = Clients(parts, cookie)
    for _ in range(rounds):
        server = Server(url, tmp_path)
        work = [clients.write, clients.write, clients.decide]
        threads = [threading.Thread(target=one, args=(server.address,), daemon=True) for one in work]
        for thread in threads:
            thread.start()
        for _ in range(chance.randrange(10, 40)):
            assert clients.told.acquire(timeout=60)
        server.kill()
        for thread in threads:
            thread.join(60)
        all_is_there_once(clients)
    assert clients.surprises == []
    assert len(clients.sent) > 5 * rounds
    assert clients.decided
    send_again_what_was_not_acknowledged(clients, url, tmp_path)
    delivery.effects(parts.engine, datetime.now(UTC) + timedelta(minutes=1))
    what_was_decided_is_public_once(parts)


def all_is_there_once(clients: Clients) -> None:
    parts = clients.parts
    with parts.reading() as session:
        stored = session.exec(select(Comment.nonce, Comment.tracking, Version.source).join(Version)).all()
        lines = session.exec(select(Decision)).all()
        comments = session.exec(select(Comment)).all()
    there = {nonce: (f"/track/{tracking}", source) for nonce, tracking, source in stored}
    assert len(there) == len(stored)
    for nonce, place in clients.sent.items():
        assert there[nonce] == (place, clients.tried[nonce])
    assert set(there) <= set(clients.tried)
    # A decision is there whole, with its line, or not at all; and never twice.
    assert {line.id: line.comment_id for line in lines}.items() >= clients.decided.items()
    made = Counter(line.comment_id for line in lines)
    assert set(made.values()) <= {1}
    for comment in comments:
        expected = (Status.PUBLISHED, 2) if made[comment.id] else (Status.PENDING, 1)
        assert (comment.status, comment.revision) == expected
    if parts.engine.dialect.name == "sqlite":
        with parts.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


def send_again_what_was_not_acknowledged(clients: Clients, url: str, folder: Path) -> None:
    """As a reader does who saw no answer: the same form, once more."""
    server = Server(url, folder)
    unsure = set(clients.tried) - set(clients.sent)
    for nonce in unsure:
        words = clients.tried[nonce]
        answer = httpx2.post(f"{server.address}/articles/{SLUG}/comments", data=form(words, nonce))
        assert answer.status_code == 303
        clients.sent[nonce] = answer.headers["Location"]
    server.kill()
    all_is_there_once(clients)


def what_was_decided_is_public_once(parts: Parts) -> None:
    with parts.reading() as session:
        decided = session.exec(select(Decision.comment_id)).all()
        copies = session.exec(select(Publication).order_by(col(Publication.number))).all()
        count = session.exec(select(Thread.count)).one()
    assert sorted(copy.comment_id for copy in copies) == sorted(decided)
    assert [copy.number for copy in copies] == list(range(1, len(decided) + 1))
    assert count == len(decided)

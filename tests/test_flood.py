"""A flood from as many addresses as one likes: it fills the room there is, and no reader notices."""

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from conftest import KEY, BuildParts, FakeClock, add_article, free_port, send, sign_in, statements
from page import Page
from sqlmodel import col, select
from starlette.testclient import TestClient

from moderation import drafts, identifiers, links
from moderation.accounts import Person
from moderation.links import Links
from moderation.markup import Dialect
from moderation.models.queue import Comment, Version
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

SLUG = "le-pont"
PAGE = f"/articles/{SLUG}"
THOROUGH = bool(os.environ.get("TEST_THOROUGH"))
MANY, ROOM = (10_000, 1000) if THOROUGH else (120, 40)
AT_ONCE = 6


@contextmanager
def served(url: str, folder: Path) -> Generator[str]:
    """`moderation serve` behind a proxy, which is us."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = {
        "MODERATION_DATABASE_URL": url,
        "MODERATION_SECRET_KEYS": KEY,
        "MODERATION_SITE_URL": address,
        "MODERATION_TRUSTED_PROXIES": "127.0.0.1",
        "MODERATION_WAITING_PER_THREAD": str(ROOM),
        "MODERATION_CACHE_FRESHNESS": "0",
    }
    command = [sys.executable, "-m", "moderation", "serve", "--port", str(port)]
    server = subprocess.Popen(command, env={**os.environ, **settings}, cwd=folder)  # noqa: S603 - our own words
    try:
        for _ in range(600):
            assert server.poll() is None, "the server did not start"
            try:
                httpx2.get(address)
                break
            except httpx2.TransportError:
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def form(words: str, nonce: str) -> dict[str, str]:
    """The form of a preview that was read for five seconds."""
    draft = drafts.read("", "", words, dialect=Dialect.SPIP)
    token = Links([KEY]).sign(links.Form(SLUG, draft.digest, nonce), datetime.now(UTC) - timedelta(seconds=5))
    return {"text": words, "token": token, "step": "send"}


@dataclass
class Flood:
    """What was answered to each contribution: where it may be followed, or the status."""

    client: httpx2.Client
    told: dict[str, str | int] = field(default_factory=dict)

    def post(self, number: int) -> None:
        words = f"Achetez, achetez, achetez : {number}."
        # The proxy writes down who calls it; what stands before is the caller's invention.
        caller = f"100.{64 + number // 65536}.{number // 256 % 256}.{number % 256}"
        headers = {"X-Forwarded-For": f"203.0.113.{number % 256}, {caller}"}
        if number % 2:
            answer = self.client.post(f"/api/v1{PAGE}/comments", json={"text": words}, headers=headers)
            place = answer.json().get("track_url", "").rpartition("/track/")[2]
        else:
            data = form(words, identifiers.new_code())
            answer = self.client.post(f"{PAGE}/comments", data=data, headers=headers)
            place = answer.headers.get("location", "").rpartition("/track/")[2]
        self.told[words] = place or answer.status_code
        if answer.status_code == 429:
            assert answer.headers["retry-after"] == "3600"


@dataclass
class Reader:
    """Reads the article for as long as the flood lasts."""

    address: str
    seen: set[bytes] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)

    def read(self) -> None:
        with httpx2.Client(base_url=self.address) as client:
            while not self.over.is_set():
                answer = client.get(PAGE)
                assert answer.status_code == 200
                self.seen.add(answer.content)


def test_a_flood_fills_the_room_there_is_and_one_act_ends_it(
    parts: Parts, client: TestClient, ann: Person, clock: FakeClock, url: str, tmp_path: Path
) -> None:
    clock.now = datetime.now(UTC)  # the server's clock is the real one
    add_article(parts, SLUG)
    send(parts, SLUG, "Le pont est aussi ouvert aux vélos.")
    cookie = sign_in(parts, client, ann).cookies["session"]
    with served(url, tmp_path) as address, httpx2.Client(base_url=address) as browser:
        before = browser.get(PAGE)
        flood, reader = Flood(browser), Reader(address)
        with ThreadPoolExecutor(AT_ONCE + 1) as pool:
            reading = pool.submit(reader.read)
            list(pool.map(flood.post, range(MANY)))
            reader.over.set()
            reading.result()
        # Readers saw nothing of it, and pages cost what they cost before.
        assert reader.seen == {before.content}
        assert uncached(parts, client) == 2
        what_was_acknowledged_waits_once(parts, flood)
        desk = httpx2.Client(base_url=address, cookies={"session": cookie})
        page = Page(desk.get("/desk"))
        assert "Trop de contributions attendent sous l’article Le pont rouvre" in page.main
        assert desk.post(page.form("Fermer ce forum").action).status_code == 303
        flood.told.clear()
        for number in range(MANY, MANY + 4):
            flood.post(number)
        assert set(flood.told.values()) == {403}
        assert "Forum fermé" in browser.get(PAGE).text
        desk.close()


def what_was_acknowledged_waits_once(parts: Parts, flood: Flood) -> None:
    acknowledged = {words: place for words, place in flood.told.items() if isinstance(place, str)}
    assert len(flood.told) == MANY
    assert Counter(told for told in flood.told.values() if told not in acknowledged.values()) == {
        429: MANY - ROOM + 1
    }
    with parts.reading() as session:
        rows = session.exec(select(Version.source, Comment.tracking).join(Comment).order_by(col(Comment.id)))
        stored = [(source, tracking) for source, tracking in rows if source.startswith("Achetez")]
    assert len(stored) == ROOM - 1
    assert dict(stored) == acknowledged


def uncached(parts: Parts, client: TestClient) -> int:
    """How many statements an uncached page takes."""
    with statements(parts.engine) as asked:
        assert client.get(f"{PAGE}?page=1").status_code == 200
    return len(asked)


@pytest.mark.parametrize(("caller", "most"), [("100.64.0.1", 20), ("127.0.0.1", ROOM)])
def test_what_comes_from_one_place_is_stopped_by_its_limit_or_else_by_the_room(
    build_parts: BuildParts, clock: FakeClock, caller: str, most: int
) -> None:
    parts = build_parts(trusted_proxies="127.0.0.1", waiting_per_thread=ROOM)
    add_article(parts, SLUG)
    client = TestClient(create_app(parts), client=("127.0.0.1", 50000))
    for number in range(most + 3):
        answer = client.post(
            f"/api/v1{PAGE}/comments",
            json={"text": f"Texte {number}."},
            headers={"X-Forwarded-For": f"203.0.113.{number % 256}, {caller}"},
        )
        assert answer.status_code == (202 if number < most else 429)
        clock.tick(seconds=0.2)  # three hundred a minute: fewer than all together may send
    assert (answer.headers["retry-after"] == "3600") is (most == ROOM)

"""The layout of the compose file without its containers: PostgreSQL, Redis, two servers, nginx in front."""

import ssl
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
import redis
from conftest import KEY, add_article, add_person, embedded_server, sign_in
from page import Page
from sqlalchemy import make_url
from starlette.testclient import TestClient

from deploy.started import free_port, needed, program, running
from deploy.test_roles import PASSWORD, psql
from deploy.web_servers import Ports, nginx
from moderation import database, migrations
from moderation.models.people import Role
from moderation.settings import Settings
from moderation.web.app import build, create_app
from moderation.web.dependencies import Parts

pytestmark = pytest.mark.packaging
COMMENTS = "/api/v1/articles/le-pont/comments"
CEILING = 20


@dataclass(frozen=True)
class Layout:
    one: str
    two: str
    front: str
    certificate: Path
    counts: int
    parts: Parts = field(repr=False)
    cookie: str = field(repr=False)
    stack: ExitStack = field(repr=False)


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Generator[Layout]:
    folder, ports, other, counts = (
        tmp_path_factory.mktemp("two"),
        Ports(*(free_port() for _ in range(4))),
        free_port(),
        free_port(),
    )
    with ExitStack() as stack:
        server = make_url(stack.enter_context(embedded_server(folder / "postgresql")).get_uri())
        psql(server, "forum")

        def address(role: str) -> str:
            known = server.set(drivername="postgresql+psycopg", username=f"forum_{role}", password=PASSWORD)
            return known.set(database="forum").render_as_string(hide_password=False)

        owner = database.connect(address("owner"))
        migrations.upgrade(owner)
        owner.dispose()
        psql(server, "forum")
        front = f"https://localhost:{ports.https}"
        parts = build(Settings(database_url=address("app"), secret_keys=KEY, site_url=front))
        stack.callback(parts.engine.dispose)
        add_article(parts, "le-pont")
        ann = add_person(parts, "ann@example.org", "Ann", Role.ADMIN)
        cookie = sign_in(parts, TestClient(create_app(parts)), ann).cookies["__Host-session"]
        for name in ("redis", "web", "one", "two"):
            (folder / name).mkdir()
        asked = (needed("redis-server"), "--port", str(counts), "--bind", "127.0.0.1", "--save", "")
        stack.enter_context(running(*asked, port=counts, folder=folder / "redis"))
        first, second = (f"server 127.0.0.1:{port};" for port in (ports.program, other))
        changes = {"forum.example.org": "localhost", first: f"{first} {second}"}
        logs = stack.enter_context(nginx(folder / "web", ports, "site", changes))
        servers = stack.enter_context(ExitStack())
        shared = {
            "url": address("app"),
            "public_database_url": address("reader"),
            "site_url": front,
            "limits_url": f"redis://127.0.0.1:{counts}/0",
            "submit_limit": "1/hour",
            "undo_seconds": "0",
        }
        for name, port, until in (("one", ports.program, servers), ("two", other, stack)):
            until.enter_context(program(folder / name, port, **shared))
        one, two = (f"http://127.0.0.1:{port}" for port in (ports.program, other))
        yield Layout(one, two, front, logs / "certificate.pem", counts, parts, cookie, servers)


def send(server: str, words: str, **headers: str) -> httpx2.Response:
    return httpx2.post(f"{server}{COMMENTS}", json={"text": words}, headers=headers)


def test_what_one_server_takes_the_other_decides_and_both_show(layout: Layout) -> None:
    taken = [send(layout.one, "Par le premier."), send(layout.two, "Par le second.")]
    assert [answer.status_code for answer in taken] == [202, 202]
    for server, answer in zip((layout.two, layout.one), taken, strict=True):
        decided = httpx2.post(
            f"{server}/desk/comments/{answer.json()['id']}/publish",
            data={"revision": "1"},
            headers={"Cookie": f"__Host-session={layout.cookie}"},
        )
        assert decided.status_code == 303, Page(decided).main
    texts = [httpx2.get(f"{server}{COMMENTS}").json() for server in (layout.one, layout.two)]
    assert texts[0] == texts[1]
    assert [item["id"] for item in texts[0]["comments"]] == [answer.json()["id"] for answer in taken]
    tags = {httpx2.get(f"{server}/articles/le-pont").headers["ETag"] for server in (layout.one, layout.two)}
    assert len(tags) == 1


def test_both_count_together_and_the_counts_name_nobody(layout: Layout) -> None:
    visitor = {"X-Forwarded-For": "198.51.100.7"}
    assert send(layout.one, "Une première fois.", **visitor).status_code == 202
    again = send(layout.two, "Une autre fois.", **visitor)
    assert again.status_code == 429
    assert int(again.headers["Retry-After"]) > 0
    others = [send((layout.one, layout.two)[number % 2], f"Texte {number}.") for number in range(CEILING + 1)]
    assert [answer.status_code for answer in others[-2:]] == [429, 429]
    with redis.Redis(port=layout.counts) as counts:
        kept = b" ".join(counts.keys("*"))
    assert kept
    assert b"198.51.100.7" not in kept


def test_readers_are_served_when_one_of_the_two_is_gone(layout: Layout) -> None:
    """Run last."""
    trusting = ssl.create_default_context(cafile=layout.certificate)
    with httpx2.Client(base_url=layout.front, verify=trusting) as browser:
        assert {browser.get("/articles/le-pont").status_code for _ in range(4)} == {200}
        layout.stack.close()
        assert {browser.get("/articles/le-pont").status_code for _ in range(6)} == {200}
        assert {browser.get("/desk").status_code for _ in range(4)} == {303}

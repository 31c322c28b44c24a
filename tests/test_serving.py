import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from select import select as select_
from typing import Any

import httpx2
import pytest
from conftest import KEY, add_article, add_person, empty, send, worker_database
from hammered import Server as Hammered
from prometheus_client.parser import text_string_to_metric_families
from served import Served, alive, serve, until
from sqlmodel import col, func, select
from typer.testing import CliRunner

from moderation import database, decisions, migrations, serving, sessions
from moderation.accounts import Person
from moderation.cli.main import app as command
from moderation.lifecycle import Action
from moderation.models.people import Role
from moderation.models.public import Publication, Thread
from moderation.models.queue import Effect
from moderation.settings import Settings
from moderation.web.app import build
from moderation.web.dependencies import Parts
from moderation.web.scrape import FOLDER

SLUG = "le-pont"
HALF = (
    f"POST /articles/{SLUG}/comments HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\n\r\n"
).encode()
THOROUGH = bool(os.environ.get("TEST_THOROUGH"))
# One process, and with several a parent.
WORKERS = [1, 2] if THOROUGH else [1]
# What does not depend on the database is not tried on both, unless there is time.
once = pytest.mark.skipif(
    bool(os.environ.get("TEST_DATABASE_URL")) and not THOROUGH, reason="the same on every database"
)


@pytest.fixture
def ready(parts: Parts) -> str:
    """The address of a database with an article."""
    add_article(parts, SLUG)
    return parts.settings.database_url


def get(address: str, path: str = f"/articles/{SLUG}") -> int:
    return httpx2.get(address + path).status_code


def begin(connection: socket.socket) -> None:
    """A request in hand: half of its body is there."""
    connection.sendall(HALF)
    assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
    connection.sendall(b"text=Un+te")


def answer(connection: socket.socket) -> bytes:
    found = b""
    while part := connection.recv(65536):
        found += part
    return found


# One process


@once
@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize("one", [signal.SIGTERM, signal.SIGINT] if THOROUGH else [signal.SIGTERM])
def test_a_signal_lets_requests_finish_and_ends_it_well(
    ready: str, tmp_path: Path, workers: int, one: signal.Signals
) -> None:
    with serve(ready, tmp_path, "--workers", str(workers)) as server:
        assert get(server.address) == 200  # it listened when it said so
        with server.connect() as writing, server.connect() as idle:
            begin(writing)
            server.signal(one)
            until(lambda: not _listens(server))
            assert idle.recv(1) == b""
            writing.sendall(b"xte+entier")
            assert answer(writing).startswith(b"HTTP/1.1 200 ")
        assert server.ended() == 0
        assert server.lines()[-1]["event"] == "stopped"
        assert not [line for line in server.lines() if line["level"] not in {"info", "debug"}]
        assert [file.name for file in tmp_path.iterdir() if file.name.startswith("moderation-")] == []
        assert server.out.read_text() == ""


def _listens(server: Served) -> bool:
    try:
        server.connect().close()
    except ConnectionError:
        return False
    return True


@pytest.fixture
def manager(tmp_path: Path) -> Generator[socket.socket]:
    """As systemd listens to a unit of `Type=notify`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(60)
        yield listening


@once
@pytest.mark.parametrize("workers", WORKERS)
def test_systemd_is_told_when_it_listens_and_a_second_signal_ends_it_at_once(
    ready: str, tmp_path: Path, manager: socket.socket, workers: int
) -> None:
    told = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
    with serve(ready, tmp_path, "--workers", str(workers), **told) as server:
        assert manager.recv(100) == b"READY=1"
        assert files(server.process.pid) >= min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], serving.FILES)
        with server.connect() as writing:
            begin(writing)
            server.signal(signal.SIGTERM)
            until(lambda: not _listens(server))
            began = time.monotonic()
            server.signal(signal.SIGTERM)
            assert server.ended() == 1
            assert time.monotonic() - began < serving.GRACE / 2
            assert not [process for process in server.workers().values() if alive(process)]


def files(process: int) -> int:
    """How many a process may have open."""
    lines = Path(f"/proc/{process}/limits").read_text().splitlines()
    return next(int(line.split()[3]) for line in lines if line.startswith("Max open files"))


@once
def test_no_answer_says_what_program_it_is_from(ready: str, tmp_path: Path) -> None:
    with serve(ready, tmp_path) as server:
        for path in (f"/articles/{SLUG}", "/sign-in", "/nowhere", "/api/v1/queue"):
            headers = httpx2.get(server.address + path).headers
            assert {"server", "x-powered-by", "via"}.isdisjoint(headers), path
        with server.connect() as connection:
            connection.sendall(b"nonsense\r\n\r\n")
            refused = answer(connection)
        assert refused.startswith(b"HTTP/1.1 400 ")
        assert b"server:" not in refused.lower()


# When it cannot start


def there(folder: Path) -> list[Path]:
    """Every file but the one that tells who has a database open."""
    return sorted(file for file in folder.rglob("*") if not file.name.endswith("-lock"))


def refused(folder: Path, *words: str, **settings: str) -> str:
    before = there(folder)
    given = {f"MODERATION_{name.upper()}": value for name, value in settings.items()}
    result = CliRunner().invoke(command, ["serve", *words], env=given)
    assert (result.exit_code, result.stdout) == (1, "")
    assert there(folder) == before
    assert "Traceback" not in result.stderr
    return result.stderr


def test_nothing_is_made_where_there_is_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "no database yet. Run: moderation upgrade" in refused(tmp_path)
    url = f"sqlite:///{tmp_path / 'folder' / 'x.db'}"
    assert "Run: moderation upgrade" in refused(tmp_path, database_url=url)


def test_a_database_that_is_behind_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").mkdir()
    engine = database.connect("sqlite:///var/moderation.db")
    database.answers(engine)
    engine.dispose()
    assert "behind this program. Run: moderation upgrade" in refused(tmp_path)


def test_a_database_of_an_older_program_is_not_served(parts: Parts, tmp_path: Path) -> None:
    folder = tmp_path / "started-here"
    folder.mkdir()
    migrations.downgrade(parts.engine, migrations.revisions()[-2])
    parts.engine.dispose()
    try:
        said = refused(folder, database_url=parts.settings.database_url, secret_keys=KEY)
        assert "behind this program. Run: moderation upgrade" in said
        assert migrations.revision(parts.engine) == migrations.revisions()[-2]
    finally:
        migrations.upgrade(parts.engine)


def test_a_database_for_readers_that_does_not_answer_is_said(url: str, tmp_path: Path) -> None:
    nowhere = "postgresql+psycopg://127.0.0.1:1/none?connect_timeout=1"
    assert "did not answer" in refused(tmp_path, database_url=url, public_database_url=nowhere)


@pytest.mark.parametrize(
    ("host", "why"),
    [("127.0.0.1", "already in use"), ("203.0.113.1", "assign"), ("no such host", "Name or service")],
)
def test_an_address_that_cannot_be_had_is_said(url: str, tmp_path: Path, host: str, why: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = refused(tmp_path, "--host", host, "--port", port, database_url=url, secret_keys="k" * 32)
    assert f"Cannot listen on {host}, port {port}: " in said
    assert why in said


@pytest.mark.skipif(not THOROUGH, reason="starts a server of its own")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_program_that_cannot_be_built_is_not_tried_again(url: str, tmp_path: Path, workers: int) -> None:
    (tmp_path / "var").touch()  # where the keys would be kept
    server = Served(url, tmp_path, "--workers", str(workers), secret_keys="")
    assert server.ended() == 1
    assert [line["error"]["code"] for line in server.told("stopped by an error")] == ["EEXIST"] * workers
    assert server.told("serving") == []


# Several processes


@dataclass
class Site:
    server: Served
    parts: Parts
    ann: Person
    cookie: str


@pytest.fixture(scope="module")
def site(migrated: Path | str, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """Three workers on a database of their own, which these tests share."""
    folder = tmp_path_factory.mktemp("workers")
    if isinstance(migrated, str):
        url = worker_database(migrated, f"{worker_id}_workers")
    else:
        url = empty(migrated, folder)
    settings = Settings(database_url=url, secret_keys="k" * 32)
    parts = build(settings)
    migrations.upgrade(parts.engine)
    ann = add_person(parts, "ann@example.org", "Ann", Role.ADMIN)
    with parts.writing() as session:
        cookie = sessions.start(session, ann.id, kept=False, now=parts.clock())
    add_article(parts, SLUG)
    with serve(url, folder, "--workers", "3", secret_keys="k" * 32, undo_seconds="0.5") as server:
        yield Site(server, parts, ann, cookie)
        processes = server.workers().values()
        assert server.stop() == 0
        assert not [process for process in processes if alive(process)]
        assert [file.name for file in folder.iterdir() if file.name.startswith("moderation-")] == []
    for engine in {parts.engine, parts.public_engine}:
        engine.dispose()


@pytest.fixture
def each(site: Site) -> Generator[dict[int, httpx2.Client]]:
    """A connection to each worker, kept open."""
    clients: dict[int, httpx2.Client] = {}
    others = []
    while len(clients) < 3:
        client = httpx2.Client(base_url=site.server.address, cookies={"session": site.cookie}, timeout=60)
        before = len(site.server.told("request"))
        assert client.get("/track").status_code == 200
        line = until(lambda: site.server.told("request")[before:])[-1]  # noqa: B023 - asked at once
        (others.append(client) if line["worker"] in clients else clients.update({line["worker"]: client}))
        assert len(others) < 200
    for client in others:
        client.close()
    yield clients
    for client in clients.values():
        client.close()


def test_a_decision_shows_on_every_worker_as_soon_as_a_page_may_be_old(
    site: Site, each: dict[int, httpx2.Client]
) -> None:
    path = f"/articles/{SLUG}"
    listed = f"/api/v1{path}/comments"
    sent = send(site.parts, SLUG, "Un texte que tous verront.")
    for client in each.values():
        assert sent.text not in client.get(path).text + client.get(listed).text  # each keeps both now
    decided = each[1].post(f"/desk/comments/{sent.id}/publish", data={"revision": 1})
    assert decided.status_code == 303
    until(lambda: _numbers(site.parts, sent.id))
    time.sleep(site.parts.settings.cache_freshness)
    seen = {worker: [client.get(address) for address in (path, listed)] for worker, client in each.items()}
    assert [worker for worker, pages in seen.items() if not all(sent.text in one.text for one in pages)] == []
    taken = each[2].post(f"/desk/comments/{sent.id}/unpublish", data={"revision": 2, "reason": "off_topic"})
    assert taken.status_code == 303
    time.sleep(site.parts.settings.cache_freshness)
    for worker, client in each.items():
        for address, before in zip((path, listed), seen[worker], strict=True):
            answer = client.get(address, headers={"If-None-Match": before.headers["etag"]})
            assert (answer.status_code, sent.text in answer.text) == (200, False)


def _numbers(parts: Parts, *names: str) -> list[int]:
    with parts.reading() as session:
        published = select(Publication.number).where(col(Publication.comment_id).in_(names))
        return list(session.exec(published.order_by(col(Publication.number))))


def test_each_worker_does_what_is_due(each: dict[int, httpx2.Client]) -> None:
    """One whose loop has stopped says so."""
    told = {worker: client.get("/healthz").json() for worker, client in each.items()}
    assert told == {worker: {"status": "ok"} for worker in each}
    assert len(told) == 3


def test_the_effects_of_many_decisions_are_done_once_by_all_workers_together(site: Site) -> None:
    many = 200

    def done() -> list[dict[str, Any]]:
        return [line for line in site.server.told("effect done") if line["kind"] == "sync"]

    before = len(done())
    with site.parts.reading() as session:
        count = session.exec(select(Thread.count)).one()
    sent = [send(site.parts, SLUG, f"Texte {number}.").id for number in range(many)]
    now = datetime.now(UTC)
    for name in sent:
        with site.parts.writing() as session:
            undo = timedelta(seconds=5) - (datetime.now(UTC) - now)  # all due at about the same time
            decisions.decide(
                session,
                name,
                Action.PUBLISH,
                revision=1,
                by=site.ann.id,
                now=now,
                undo=max(undo, timedelta(1e-5)),
            )
    until(lambda: not _left(site.parts))
    numbers = _numbers(site.parts, *sent)
    assert len(numbers) == many
    assert numbers == list(range(numbers[0], numbers[0] + many))
    with site.parts.reading() as session:
        assert session.exec(select(Thread.count)).one() == count + many
    until(lambda: len(done()) - before >= many)
    assert len(done()) - before == many


def _left(parts: Parts) -> int:
    with parts.reading() as session:
        return session.exec(select(func.count()).select_from(Effect)).one()


def told(client: httpx2.Client, name: str, **labels: str) -> float:
    """A figure of /metrics."""
    (found,) = (
        sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
        if sample.name == name and sample.labels.items() >= labels.items()
    )
    return found


def test_every_worker_tells_the_figures_of_all(site: Site, each: dict[int, httpx2.Client]) -> None:
    asked = {"route": "/track", "method": "GET", "status": "2xx"}
    each[1].get("/track")
    before = told(each[1], "moderation_requests_total", **asked)
    for client in each.values():
        for _ in range(4):
            client.get("/track")
    after = {told(client, "moderation_requests_total", **asked) for client in each.values()}
    assert after == {before + 12}
    took = {told(client, "moderation_request_seconds_count", route="/track") for client in each.values()}
    assert took == after
    sent = told(each[1], "moderation_front_bytes_total")
    page = len(each[2].get(f"/articles/{SLUG}", headers={"Accept-Encoding": "identity"}).content)
    # The page cache tells the others once a second what it counted.
    until(lambda: told(each[3], "moderation_front_bytes_total") == sent + page)
    for number, process in site.server.workers().items():
        started = told(each[1], "process_start_time_seconds", worker=str(number))
        assert abs(started - Path(f"/proc/{process}").stat().st_ctime) < 30


def test_a_worker_that_dies_is_replaced_and_nobody_is_sent_away(site: Site) -> None:
    asked = {"route": "/track", "method": "GET", "status": "2xx"}
    first = site.server.workers()
    with httpx2.Client(base_url=site.server.address) as client:
        client.get("/track")
        counted = told(client, "moderation_requests_total", **asked)
    os.kill(first[2], signal.SIGKILL)
    until(lambda: site.server.workers()[2] != first[2])
    (line,) = [line for line in site.server.told("worker died and is replaced") if line["worker"] == 2]
    assert (line["level"], line["code"]) == ("error", -signal.SIGKILL)
    assert {get(site.server.address) for _ in range(12)} == {200}
    with httpx2.Client(base_url=site.server.address) as client:
        assert told(client, "moderation_requests_total", **asked) >= counted
    assert {number: process for number, process in site.server.workers().items() if number != 2} == {
        number: process for number, process in first.items() if number != 2
    }


@pytest.mark.skipif(not THOROUGH, reason="starts a server of its own")
def test_workers_whose_parent_is_no_more_end_by_themselves(ready: str, tmp_path: Path) -> None:
    with serve(ready, tmp_path, "--workers", "2") as server:
        workers = server.workers().values()
        server.process.kill()
        until(lambda: not any(map(alive, workers)))
        assert not _listens(server)


def test_a_host_of_several_addresses_is_listened_on_at_all_of_them_or_none() -> None:
    sockets = serving.bind("localhost", 0)
    assert {one.getsockname()[0] for one in sockets} <= {"127.0.0.1", "::1"}
    serving.close(sockets)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        serving.bind("127.0.0.1", taken.getsockname()[1])


def test_nothing_in_the_folder_a_server_starts_in_is_taken_for_a_part_of_it(url: str, tmp_path: Path) -> None:
    for name in ("prometheus_client", "json", "moderation"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken from the folder')")
    with Hammered(url, tmp_path, workers=2, options=["-P"]) as server:
        assert httpx2.get(f"{server.address}/sign-in").status_code == 200
        assert "taken from the folder" not in server.said()


def test_a_worker_whose_parent_dies_before_it_heard_that_it_is_ready_ends_too(
    parts: Parts, tmp_path: Path
) -> None:
    listens = socket.create_server(("127.0.0.1", 0))
    ours, theirs = socket.socketpair()
    files = [theirs.fileno(), listens.fileno()]
    told = {
        "MODERATION_DATABASE_URL": parts.settings.database_url,
        "MODERATION_SECRET_KEYS": KEY,
        FOLDER: str(tmp_path),
    }
    worker = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", "-m", serving.__name__, "1", "0", *map(str, files)],
        pass_fds=files,
        env={**os.environ, **told},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        theirs.close()
        assert select_([ours], [], [], 60)[0] == [ours]  # it said so, and nobody reads it
        ours.close()
        assert worker.wait(30) == 0
    finally:
        worker.kill()
        listens.close()

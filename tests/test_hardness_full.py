"""No space left, or nothing may be written: it is said, nothing acknowledged is lost, and it passes."""

import os
import resource
import subprocess
from collections.abc import Callable, Generator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
import uvicorn
from conftest import FakeClock, add_article, add_person, send, sign_in
from hammered import SLUG, THOROUGH, Server, new_form
from page import Page
from sqlmodel import select
from starlette.testclient import TestClient
from typer.testing import CliRunner

from moderation.cli.main import app as command_line
from moderation.models.people import Role
from moderation.models.queue import Comment, Decision, Version
from moderation.settings import Settings
from moderation.web.app import build, create_app
from moderation.web.dependencies import Parts


@pytest.fixture(autouse=True)
def on_sqlite(postgresql: str | None) -> None:
    if postgresql is not None:
        pytest.skip("PostgreSQL has a disk of its own")


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not root_may("mount", "-t", "tmpfs", "-o", "size=2m", "moderation-test", str(folder)):
        pytest.skip("no file system may be mounted here")
    yield folder
    assert root_may("umount", str(folder))


def root_may(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603


def copied(parts: Parts, folder: Path, clock: FakeClock) -> Parts:
    """The same program on a database in another folder."""
    file = folder / "test.db"
    assert parts.engine.url.database is not None
    file.write_bytes(Path(parts.engine.url.database).read_bytes())
    return build(Settings(**{**parts.settings.model_dump(), "database_url": f"sqlite:///{file}"}), clock)


@pytest.mark.skipif(not THOROUGH, reason="the same as the next, with a real disk")
def test_on_a_full_disk_nothing_is_acknowledged_that_is_not_kept(
    parts: Parts, small_disk: Path, client: TestClient, clock: FakeClock, tmp_path: Path
) -> None:
    filler = small_disk / "filler"

    def fill() -> None:
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(16 * 1024))

    there = copied(parts, small_disk, clock)
    try:
        with Server(there.settings.database_url, tmp_path) as server:
            full_and_free_again(there, server, client, clock, fill, filler.unlink)
    finally:
        there.engine.dispose()


def test_a_process_that_may_write_no_longer_files_says_so(
    parts: Parts, client: TestClient, clock: FakeClock, tmp_path: Path
) -> None:
    with Server(parts.settings.database_url, tmp_path) as server:

        def allow(size: int) -> Callable[[], None]:
            limits = (size, resource.RLIM_INFINITY)
            return lambda: resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits) and None

        full_and_free_again(parts, server, client, clock, allow(8192), allow(resource.RLIM_INFINITY))


def full_and_free_again(
    parts: Parts,
    server: Server,
    client: TestClient,
    clock: FakeClock,
    fill: Callable[[], None],
    free: Callable[[], None],
) -> None:
    clock.now = datetime.now(UTC)
    ann = add_person(parts, "ann@example.org", "Ann", Role.ADMIN)
    add_article(parts, SLUG)
    waiting = send(parts, SLUG, "Un texte qui attend.")
    cookie = sign_in(parts, client, ann).cookies["session"]
    with server.client(cookie) as http:
        fill()
        acknowledged, unsent = until_full(http)
        page = Page(http.post(f"/articles/{SLUG}/comments", data=unsent))
        assert (page.status, page.heading) == (503, "Pas encore enregistré")
        assert page.value("text").strip() == unsent["text"].strip()
        decision = {"revision": "1", "reason": "other", "note": "Déjà dit."}
        undecided = http.post(f"/desk/comments/{waiting.id}/refuse", data=decision)
        assert (undecided.status_code, undecided.headers["retry-after"]) == (503, "5")
        assert Page(undecided).value("note").strip() == "Déjà dit."
        assert http.get(f"/articles/{SLUG}?page=1").status_code == 200
        all_there(parts, acknowledged, decisions=0)
        free()
        again = http.post(f"/articles/{SLUG}/comments", data=unsent)
        assert again.status_code == 303
        acknowledged[again.headers["location"]] = unsent["text"]
        assert http.post(f"/desk/comments/{waiting.id}/refuse", data=decision).status_code == 303
    all_there(parts, acknowledged, decisions=1)


def until_full(http: httpx2.Client) -> tuple[dict[str, str], dict[str, str]]:
    """What was acknowledged before the space in the files already there was used up; what was not."""
    told: dict[str, str] = {}
    for number in range(1000):
        fields = new_form(f"Texte {number}. " + "long " * 400)
        answer = http.post(f"/articles/{SLUG}/comments", data=fields)
        if answer.status_code != 303:
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            return told, fields
        told[answer.headers["location"]] = fields["text"]
    pytest.fail("it was never full")


def all_there(parts: Parts, acknowledged: dict[str, str], *, decisions: int) -> None:
    with parts.reading() as session:
        rows = session.exec(select(Comment.tracking, Version.source).join(Version)).all()
        lines = session.exec(select(Decision)).all()
        assert session.connection().exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
    there = {f"/track/{tracking}": source.strip() for tracking, source in rows}
    assert len(there) == len(rows) == len(acknowledged) + 1
    assert all(there[place] == words.strip() for place, words in acknowledged.items())
    assert len(lines) == decisions


def refusal_to_serve(address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MODERATION_DATABASE_URL", address)
    monkeypatch.setattr(uvicorn, "run", lambda *_, **__: pytest.fail("it serves"))
    done = CliRunner().invoke(command_line, ["serve", "--port", "1"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_folder_that_may_not_be_written_is_said_at_the_start(
    parts: Parts, small_disk: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = copied(parts, small_disk, clock)
    there.engine.dispose()
    assert root_may("mount", "-o", "remount,ro", str(small_disk))
    said = refusal_to_serve(there.settings.database_url, monkeypatch)
    assert str(small_disk / "test.db") in said
    assert "unable to open" in said
    assert "no database yet" in refusal_to_serve(f"sqlite:///{small_disk / 'new' / 'x.db'}", monkeypatch)


def test_a_file_that_may_not_be_written_is_said_at_the_start(
    parts: Parts, tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kept").mkdir()
    there = copied(parts, tmp_path / "kept", clock)
    there.engine.dispose()
    file = tmp_path / "kept" / "test.db"
    file.chmod(0o444)
    # Root may write what nobody may, except what is immutable.
    if os.access(file, os.W_OK) and not root_may("chattr", "+i", str(file)):
        pytest.skip("nothing can be forbidden here")
    try:
        said = refusal_to_serve(there.settings.database_url, monkeypatch)
        assert str(file) in said
        assert "may only be read" in said
        assert TestClient(create_app(there)).get("/").status_code == 200
    finally:
        root_may("chattr", "-i", str(file))
        there.engine.dispose()

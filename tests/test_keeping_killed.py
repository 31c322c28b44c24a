"""A migration, a backup and a restore are killed at any moment, or run out of disk: nothing is half done."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from conftest import KEY, Run, Sent, add_article, send, worker_database
from hammered import nothing_is_damaged
from sqlalchemy import Engine, insert, text
from sqlmodel import SQLModel, delete, update

from moderation import archive, audit, backup, database, identifiers, migrations, restore, scrubbing
from moderation.models.queue import Comment, Signature, SignatureKey, Version
from moderation.web.dependencies import Parts

ROUNDS = 50 if os.environ.get("TEST_THOROUGH") else 2
# So that the work itself lasts longer than the start of the program.
MANY = 2000
Rows = dict[str, list[Any]]


def rows(engine: Engine) -> Rows:
    """Everything, but what every restore changes."""
    with database.reading(engine) as session:
        found = {
            table.name: [
                tuple(row)
                for row in session.connection().execute(table.select().order_by(*table.primary_key))
            ]
            for table in SQLModel.metadata.sorted_tables
        }
    found["site"] = [row[2:] for row in found["site"]]
    return found


def whole(engine: Engine) -> None:
    with database.reading(engine) as session:
        assert list(audit.faults(session)) == []
        assert list(audit.disagreements(session)) == []
    nothing_is_damaged(engine)


def fill(parts: Parts, sent: Sent) -> None:
    """Copies of one contribution, so that there is something to carry."""
    with parts.writing() as session:
        comment, text_of = session.get_one(Comment, sent.id), session.get_one(Version, 1)
        names = [(identifiers.new_id(), identifiers.new_code(), identifiers.new_code()) for _ in range(MANY)]
        session.connection().execute(
            insert(Comment),
            [
                {**comment.model_dump(), "id": name, "nonce": nonce, "tracking": code}
                for name, nonce, code in names
            ],
        )
        like = text_of.model_dump(exclude={"id"})
        session.connection().execute(insert(Version), [{**like, "comment_id": name} for name, _, _ in names])


@pytest.fixture
def large(parts: Parts) -> Parts:
    fill(parts, send(parts, add_article(parts, "le-pont"), "Un texte. " * 40, author="Zoé"))
    parts.engine.dispose()
    return parts


@pytest.fixture
def chance() -> Random:
    return Random(7)  # noqa: S311 - the same moments every time


def silent(_table: str, _done: int, _count: int) -> None:
    """Nobody watches."""


def lasts(work: Callable[[], object]) -> float:
    """How long the work takes by itself, in seconds."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def cut_short(url: str, folder: Path, seconds: float, begun: Callable[[], bool], *words: str) -> bool:
    """Kills `moderation` that long after it has begun its work; whether it came in time."""
    settings = {"MODERATION_DATABASE_URL": url, "MODERATION_SECRET_KEYS": KEY}
    process = subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-m", "moderation", *words],
        env={**os.environ, **settings},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    pause = threading.Event()
    while not begun() and process.poll() is None:
        pause.wait(0.002)
    pause.wait(seconds)
    process.kill()
    return process.wait(120) == -signal.SIGKILL


@pytest.fixture
def elsewhere(postgresql: str | None, tmp_path: Path, worker_id: str) -> Generator[Engine]:
    """Another database, of the same kind."""
    address = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    if postgresql is not None:
        address = worker_database(postgresql, f"{worker_id}_killed")
    engine = database.connect(address)
    yield engine
    engine.dispose()


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def test_a_backup_that_is_killed_is_absent_or_whole(
    large: Parts, tmp_path: Path, url: str, chance: Random
) -> None:
    file, part = tmp_path / "site.backup", tmp_path / ".site.backup.part"
    before = rows(large.engine)
    takes = lasts(lambda: backup.make(large.engine, file, tell=silent))
    contents = archive.verify(file)
    cut = 0
    for _ in range(ROUNDS):
        file.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
        cut += cut_short(url, tmp_path, chance.uniform(0, takes), part.exists, "backup", str(file))
        if file.exists():
            assert archive.verify(file) == contents
    assert cut
    backup.make(large.engine, file, tell=silent, replace=True)
    assert archive.verify(file) == contents
    assert not part.exists()
    assert rows(large.engine) == before
    whole(large.engine)


def test_a_restore_that_is_killed_leaves_the_old_or_the_new(
    large: Parts, tmp_path: Path, elsewhere: Engine, chance: Random
) -> None:
    address = elsewhere.url.render_as_string(hide_password=False)
    new, old = tmp_path / "new.backup", tmp_path / "old.backup"
    migrations.upgrade(elsewhere)
    states = [rows(elsewhere), rows(large.engine)]
    backup.make(elsewhere, old, tell=silent)
    backup.make(large.engine, new, tell=silent)

    def restored(file: Path) -> None:
        elsewhere.dispose()
        restore.restore(address, file, datetime.now(UTC), tell=silent, replace=True)

    takes = lasts(lambda: restored(new))
    part = tmp_path / (".elsewhere.db.part" if elsewhere.dialect.name == "sqlite" else ".new.backup.part")
    cut = 0
    for _ in range(ROUNDS):
        restored(old)
        part.unlink(missing_ok=True)
        moment = chance.uniform(0, takes)
        cut += cut_short(address, tmp_path, moment, part.exists, "restore", str(new), "--replace")
        alone(elsewhere)
        assert rows(elsewhere) in states
        whole(elsewhere)
    assert cut
    restored(new)
    assert rows(elsewhere) == states[1]
    assert not part.exists()
    with database.writing(elsewhere) as session:
        assert session.connection().execute(text("UPDATE site SET activity = activity + 1")).rowcount == 1


def alone(engine: Engine) -> None:
    """PostgreSQL notices a while later that a client was killed."""
    engine.dispose()
    if engine.dialect.name != "postgresql":
        return
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'moderation'"
        " AND datname = current_database() AND pid <> pg_backend_pid()"
    )
    with engine.connect() as connection:
        while connection.execute(others).scalar_one():
            connection.rollback()
            threading.Event().wait(0.01)
    engine.dispose()


def test_a_migration_that_is_killed_is_done_or_not_and_goes_on(
    large: Parts, tmp_path: Path, url: str, chance: Random
) -> None:
    with large.writing() as session:  # what the first tables have no place for, and no migration fills
        session.exec(delete(SignatureKey))
        session.exec(delete(Signature))
        session.exec(update(Comment).values(kin=None))
    before = rows(large.engine)
    del before["token"]

    def copies() -> list[Path]:
        return [file for file in tmp_path.iterdir() if ".before-0001-" in file.name]

    def begun() -> bool:
        if large.engine.dialect.name == "sqlite":
            return bool(copies())
        held = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        with large.engine.connect() as connection:
            return bool(connection.execute(held).scalar_one())

    def left() -> None:
        for file in copies():
            file.unlink()
        migrations.downgrade(large.engine, "0001")
        large.engine.dispose()

    def upgrade() -> None:
        backup.before_upgrade(large.engine, datetime.now(UTC), tell=silent)
        migrations.upgrade(large.engine)

    left()
    takes = lasts(upgrade)
    cut = 0
    for _ in range(ROUNDS):
        left()
        cut += cut_short(url, tmp_path, chance.uniform(0, takes), begun, "upgrade")
        assert migrations.revision(large.engine) in migrations.revisions()
        for copy in copies():
            assert copy.name.endswith(".part") or archive.verify(copy).revision == "0001"
        upgrade()
        after = rows(large.engine)
        assert {name: after[name] for name in before} == before
        whole(large.engine)
    assert cut


# A full disk


@pytest.fixture
def little_room() -> Generator[None]:
    """No file may grow past a quarter of a megabyte: it is told as of a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**18, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def left_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir() if not file.name.endswith(("-shm", "-wal", "-lock"))}


@pytest.mark.parametrize("words", [["backup", "other.backup"], ["restore", "site.backup", "--replace"]])
def test_when_there_is_no_room_it_is_said_and_nothing_is_changed_or_left(
    large: Parts,
    tmp_path: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    words: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    backup.make(large.engine, Path("site.backup"), tell=silent)
    before, names = rows(large.engine), left_in(tmp_path)
    large.engine.dispose()
    request.getfixturevalue("little_room")
    result = run(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Is there room?" in result.stderr
    assert left_in(tmp_path) == names
    assert rows(large.engine) == before
    whole(large.engine)


def test_an_upgrade_for_which_there_is_no_room_says_so_and_changes_nothing(
    large: Parts, tmp_path: Path, run: Run, request: pytest.FixtureRequest
) -> None:
    if large.engine.dialect.name != "sqlite":
        pytest.skip("this is about SQLite")
    migrations.downgrade(large.engine, "0001")
    scrubbing.scrub(large.engine)
    names = left_in(tmp_path)
    large.engine.dispose()
    request.getfixturevalue("little_room")
    for words in (["upgrade"], ["upgrade", "--no-copy"]):
        result = run(*words)
        assert (result.exit_code, result.stdout) == (1, "")
        assert migrations.revision(large.engine) == "0001"
        assert left_in(tmp_path) == names
        large.engine.dispose()


def test_keys_for_which_there_is_no_room_stay_as_they_are(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").mkdir()
    file = tmp_path / "var" / "secret_keys"
    content = f"{KEY}\n" * (2**20 // (len(KEY) + 1))
    file.write_text(content)
    request.getfixturevalue("little_room")
    result = run("rotate-keys", secret_keys="")
    assert (result.exit_code, "Nothing was changed" in result.stderr) == (1, True)
    assert file.read_text() == content
    assert left_in(file.parent) == {"secret_keys"}

"""The commands that keep the database, as an operator types them."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import Run, Sent
from sqlalchemy import text
from sqlmodel import select

from moderation import database, decisions, migrations
from moderation.accounts import Person
from moderation.lifecycle import Action
from moderation.models.queue import Comment
from moderation.web.dependencies import Parts

# Upgrades


def test_an_upgrade_says_where_the_copy_is_and_what_it_did(run: Run, tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'old.db'}"
    for words, copies in ((["upgrade"], 1), (["upgrade", "--no-copy"], 0)):
        engine = database.connect(address)
        migrations.upgrade(engine)
        migrations.downgrade(engine, "0001")
        engine.dispose()
        result = run(*words, database_url=address)
        assert (result.exit_code, result.stdout) == (0, "")
        assert f"Brought from 0001 to {migrations.revisions()[-1]}." in result.stderr
        made = list(tmp_path.glob("old.db.before-0001-*Z"))
        assert [str(copy) in result.stderr for copy in made] == [True] * copies
        for copy in made:
            copy.unlink()


def test_an_upgrade_of_a_busy_database_says_so(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "busy.db"
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("PRAGMA journal_mode = wal")
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(migrations, "ALONE_WITHIN", 100)
    result = run("upgrade", database_url=f"sqlite:///{file}")
    other.close()
    assert (result.exit_code, result.stdout) == (1, "")
    assert "busy" in result.stderr


# Backups


def test_a_backup_is_printed_and_restored(run: Run, parts: Parts, pending: Sent, tmp_path: Path) -> None:
    file = tmp_path / "site.backup"
    made = run("backup", str(file))
    assert (made.exit_code, made.stdout) == (0, f"{file}\n")
    assert "whole" in made.stderr
    again = run("backup", str(file))
    assert (again.exit_code, again.stdout) == (1, "")
    assert "--replace" in again.stderr
    assert run("backup", str(file), "--replace").exit_code == 0
    parts.engine.dispose()
    refused = run("restore", str(file))
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "--replace" in refused.stderr
    with parts.engine.connect():
        running = run("restore", str(file), "--replace")
    assert (running.exit_code, "Stop it" in running.stderr) == (1, True)
    parts.engine.dispose()
    restored = run("restore", str(file), "--replace")
    assert restored.exit_code == 0, restored.stderr
    with parts.reading() as session:
        assert session.exec(select(Comment.id)).all() == [pending.id]


def test_a_restore_says_what_is_not_as_it_was_approved(
    run: Run, parts: Parts, ann: Person, pending: Sent, tmp_path: Path
) -> None:
    with parts.writing() as session:
        decisions.decide(
            session,
            pending.id,
            Action.PUBLISH,
            revision=1,
            by=ann.id,
            now=parts.clock(),
            undo=timedelta(),
        )
    with parts.writing() as session:
        session.connection().execute(text("UPDATE publication SET html = '<p>Autre chose.</p>'"))
    file = tmp_path / "site.backup"
    assert run("backup", str(file)).exit_code == 0
    parts.engine.dispose()
    restored = run("restore", str(file), "--replace")
    assert (restored.exit_code, restored.stdout) == (1, "")
    assert "to be read otherwise than it was approved" in restored.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["backup", "{there}/nowhere/site.backup"], "No such file"),
        (["backup", "{there}"], "something called"),
        (["backup", "/proc/site.backup"], "Nothing was changed"),
        (["restore", "{there}/nothing"], "it is no file"),
        (["restore", "{there}"], "it is no file"),
        (["restore", "{there}/mine.db"], "moderation backup"),
        (["restore", "/dev/zero"], "it is no file"),
    ],
)
def test_what_cannot_be_kept_or_brought_back_is_said_in_words(
    run: Run, tmp_path: Path, words: list[str], told: str
) -> None:
    engine = database.connect(f"sqlite:///{tmp_path / 'mine.db'}")
    migrations.upgrade(engine)
    engine.dispose()
    result = run(*(word.format(there=tmp_path) for word in words))
    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr

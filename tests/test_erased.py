"""What was erased after a backup is erased again when that is put back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import FakeClock, Run, Sent, add_article, send
from sqlalchemy import Engine, make_url
from sqlmodel import col, select
from test_backup import silent
from test_corrections import decide
from test_database import files

from moderation import (
    audit,
    authors,
    backup,
    database,
    delivery,
    erased,
    publication,
    restore,
    retention,
    submissions,
)
from moderation.accounts import Person
from moderation.lifecycle import Action, Status
from moderation.models.public import Publication
from moderation.models.queue import Comment, Effect, EffectKind, Version
from moderation.restore import Restored
from moderation.web.dependencies import Parts

ADDRESS = "canari@canarimel.example"
WORDS = ("canaritexte", "canarimel", "Canarinom")


@pytest.fixture
def sent(parts: Parts, ann: Person, settle: Callable[[], None]) -> dict[str, Sent]:
    """One that waits, one refused, one public and one to be kept."""
    found = {
        name: send(
            parts, add_article(parts, name), f"Un canaritexte {name}.", author="Canarinom", email=ADDRESS
        )
        for name in ("waits", "refused", "public")
    }
    found["kept"] = send(parts, "waits", "Celui de Sami.", author="Sami")
    for name, action in (("refused", Action.REFUSE), ("public", Action.PUBLISH), ("kept", Action.PUBLISH)):
        decide(parts, found[name], ann, action)
    settle()
    return found


@pytest.fixture
def file(parts: Parts, sent: dict[str, Sent], tmp_path: Path) -> Path:
    """A backup that has them all."""
    assert sent
    made = tmp_path / "kept" / "site.backup"
    made.parent.mkdir()
    backup.make(parts.engine, made, tell=silent)
    return made


@pytest.fixture
def _erased(parts: Parts, file: Path, settle: Callable[[], None]) -> None:
    """Everything of one address, after the backup was made."""
    assert file
    authors.erase(parts.engine, ADDRESS, parts.clock)
    settle()


def sources(engine: Engine) -> set[str]:
    with database.reading(engine) as session:
        return {*session.exec(select(Version.source))}


def sound(engine: Engine) -> bool:
    with database.reading(engine) as session:
        return [*audit.faults(session), *audit.disagreements(session)] == []


def left(url: str) -> list[str]:
    return [word for word in WORDS if word.encode() in files(url)]


@pytest.fixture
def on_sqlite(postgresql: str | None) -> None:
    if postgresql is not None:
        pytest.skip("this is about SQLite")


@pytest.mark.usefixtures("_erased")
def test_what_was_erased_since_is_erased_again_by_what_the_replaced_database_says(
    parts: Parts, url: str, file: Path, sent: dict[str, Sent], clock: FakeClock
) -> None:
    parts.engine.dispose()
    done = restore.restore(url, file, clock.tick(days=1), tell=silent, replace=True)
    assert done.erased == 3
    assert sources(parts.engine) == {"", "Celui de Sami."}
    with parts.reading() as session:
        statuses = {name: session.get_one(Comment, one.id).status for name, one in sent.items()}
        assert statuses == {
            "waits": Status.WITHDRAWN,
            "refused": Status.REFUSED,
            "public": Status.WITHDRAWN,
            "kept": Status.PUBLISHED,
        }
        assert session.get_one(Comment, sent["waits"].id).erased_at == clock() - timedelta(days=1, seconds=20)
        up = select(Publication.comment_id).where(col(Publication.taken_down_at).is_(None))
        assert session.exec(up).all() == [sent["kept"].id]
        assert session.exec(select(Effect).where(Effect.kind == EffectKind.ERASE)).all() == []
        assert not publication.is_up(session, sent["public"].id)
    assert sound(parts.engine)


@pytest.mark.usefixtures("on_sqlite", "_erased")
def test_promise_09_no_file_of_a_restored_database_has_the_words(
    parts: Parts, url: str, file: Path, clock: FakeClock
) -> None:
    assert left(url) == []
    parts.engine.dispose()
    restore.restore(url, file, clock(), tell=silent, replace=True)
    assert left(url) == []
    assert [word for word in WORDS if word.encode() in file.read_bytes()] == [*WORDS]
    delivery.effects(parts.engine, clock.tick(days=1))
    assert left(url) == []


@pytest.mark.usefixtures("on_sqlite", "_erased")
def test_a_database_that_is_lost_leaves_the_list_beside_it(
    parts: Parts, url: str, file: Path, clock: FakeClock
) -> None:
    parts.engine.dispose()
    lost = Path(make_url(url).database or "")
    for ending in ("", "-wal", "-shm"):
        lost.with_name(lost.name + ending).unlink(missing_ok=True)
    assert erased.beside(lost).stat().st_mode & 0o777 == 0o600
    assert restore.restore(url, file, clock(), tell=silent).erased == 3
    assert left(url) == []


@pytest.mark.usefixtures("on_sqlite", "_erased")
def test_elsewhere_it_takes_a_list_that_was_kept_elsewhere(
    parts: Parts, file: Path, tmp_path: Path, clock: FakeClock, run: Run
) -> None:
    kept = tmp_path / "erased.txt"
    kept.write_text(run("erased").stdout)
    parts.engine.dispose()
    elsewhere = f"sqlite:///{tmp_path / 'new' / 'site.db'}"
    assert restore.restore(elsewhere, file, clock(), tell=silent).erased == 0
    assert left(elsewhere) == [*WORDS]
    answer = run("restore", str(file), "--replace", "--erased", str(kept), database_url=elsewhere)
    assert "3 contributions that were erased since are erased again." in answer.stderr
    assert left(elsewhere) == []
    engine = database.connect(elsewhere)
    assert (sources(engine), sound(engine)) == ({"", "Celui de Sami."}, True)
    engine.dispose()


@pytest.mark.usefixtures("on_sqlite")
def test_what_is_withdrawn_or_kept_long_enough_is_on_the_list_too(
    parts: Parts, url: str, sent: dict[str, Sent], clock: FakeClock
) -> None:
    with parts.writing() as session:
        submissions.withdraw(session, sent["waits"].tracking, revision=1, now=clock())
    delivery.effects(parts.engine, clock())
    clock.tick(days=121)
    retention.sweep(parts.engine, clock(), parts.settings.periods, lambda: False)
    delivery.effects(parts.engine, clock())
    beside = erased.read(erased.beside(Path(make_url(url).database or "")))
    assert beside.keys() == {sent["waits"].id, sent["refused"].id}
    with parts.reading() as session:
        assert dict(erased.listed(session)).keys() == beside.keys()


@pytest.mark.usefixtures("_erased")
def test_what_is_restored_has_nothing_left_to_erase(
    parts: Parts, url: str, file: Path, clock: FakeClock
) -> None:
    parts.engine.dispose()
    restore.restore(url, file, clock(), tell=silent, replace=True)
    again = file.with_name("again.backup")
    backup.make(parts.engine, again, tell=silent)
    parts.engine.dispose()
    done = restore.restore(url, again, clock(), tell=silent, replace=True)
    assert done == Restored(rows=done.rows, erased=0)


def test_a_list_holds_names_and_times_and_is_read_as_it_was_written(tmp_path: Path) -> None:
    told = {"abc123": datetime(2026, 3, 1, 9, tzinfo=UTC), "def456": datetime(2026, 3, 2, tzinfo=UTC)}
    kept = tmp_path / "erased.txt"
    kept.write_text(erased.written(told))
    assert kept.read_text() == "abc123 2026-03-01T09:00:00Z\ndef456 2026-03-02T00:00:00Z\n"
    assert erased.read(kept) == told
    kept.write_text(erased.written(told) + "ghi789 2026-0")  # as a power cut leaves it
    assert erased.read(kept) == told


@pytest.mark.parametrize("line", ["nonsense", "abc 2026-13-01T00:00:00Z", "abc", "<b> 2026-03-01T00:00:00Z"])
@pytest.mark.usefixtures("on_sqlite")
def test_a_list_that_is_none_is_refused_and_nothing_is_changed(
    parts: Parts, url: str, file: Path, tmp_path: Path, run: Run, line: str
) -> None:
    wrong = tmp_path / "wrong.txt"
    wrong.write_text(f"{line}\n")
    parts.engine.dispose()
    before = files(url)
    answer = run("restore", str(file), "--replace", "--erased", str(wrong))
    assert (answer.exit_code, "line 1 of" in answer.stderr) == (1, True)
    assert files(url) == before

import re
from collections.abc import Generator
from enum import StrEnum
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from conftest import worker_database
from sqlalchemy import Engine, inspect, text
from sqlmodel import SQLModel

from moderation import database
from moderation.lifecycle import Action, Reason, Status
from moderation.markup import Dialect
from moderation.models.public import Mode
from moderation.models.queue import EffectKind, LetterKind, Role

# Every column that holds one of our words, and the words.
WORDS: dict[tuple[str, str], type[StrEnum]] = {
    ("account", "role"): Role,
    ("comment", "status"): Status,
    ("decision", "action"): Action,
    ("decision", "before"): Status,
    ("decision", "after"): Status,
    ("decision", "reason"): Reason,
    ("effect", "kind"): EffectKind,
    ("forum_change", "mode"): Mode,
    ("letter", "kind"): LetterKind,
    ("thread", "mode"): Mode,
    ("version", "dialect"): Dialect,
}


@pytest.fixture
def blank(postgresql: str | None, tmp_path: Path, worker_id: str) -> Generator[Engine]:
    """A database with nothing in it, that no other test uses."""
    address = f"sqlite:///{tmp_path / 'blank.db'}"
    if postgresql is not None:
        address = worker_database(postgresql, f"{worker_id}_blank")
    engine = database.connect(address)
    yield engine
    engine.dispose()


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, SQLModel.metadata))


def test_there_is_one_newest_revision(blank: Engine) -> None:
    assert len(ScriptDirectory.from_config(database._alembic(blank)).get_heads()) == 1


def test_the_schema_is_what_the_models_say(blank: Engine) -> None:
    assert not database.is_current(blank)
    database.upgrade(blank)
    assert database.is_current(blank)
    assert differences(blank) == []
    assert tables(blank) == set(SQLModel.metadata.tables)
    command.check(database._alembic(blank))


def test_down_and_up_again_gives_the_same_schema(blank: Engine) -> None:
    database.upgrade(blank)
    first = described(blank)
    database.downgrade(blank, "base")
    assert tables(blank) == set()
    assert not database.is_current(blank)
    database.upgrade(blank)
    assert described(blank) == first


def described(engine: Engine) -> dict[str, object]:
    """Every table, index, constraint and trigger, as the database tells them."""
    found = inspect(engine)
    return {
        table: (
            [
                (column["name"], str(column["type"]), column["nullable"])
                for column in found.get_columns(table)
            ],
            found.get_pk_constraint(table),
            sorted(found.get_indexes(table), key=repr),
            sorted(found.get_unique_constraints(table), key=repr),
            sorted(found.get_foreign_keys(table), key=repr),
            sorted(found.get_check_constraints(table), key=repr),
            triggers(engine, table),
        )
        for table in sorted(tables(engine))
    }


def triggers(engine: Engine, table: str) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :name ORDER BY name"
    if engine.dialect.name == "postgresql":
        ours = "tgrelid = CAST(:name AS regclass) AND NOT tgisinternal"
        query = f"SELECT tgname FROM pg_trigger WHERE {ours} ORDER BY tgname"  # noqa: S608 - our own words
    with engine.connect() as connection:
        return list(connection.execute(text(query), {"name": table}).scalars())


def test_upgrading_twice_is_harmless(blank: Engine) -> None:
    database.upgrade(blank)
    with database.writing(blank) as session:
        session.connection().execute(text("UPDATE site SET last_number = 12"))
    first = described(blank)
    database.upgrade(blank)
    assert described(blank) == first
    with database.reading(blank) as session:
        rows = (
            session.connection().execute(text("SELECT id, revision, activity, last_number FROM site")).all()
        )
    assert [tuple(row) for row in rows] == [(1, 1, 1, 12)]


def test_promise_05_triggers_keep_the_log(blank: Engine) -> None:
    database.upgrade(blank)
    assert triggers(blank, "decision") == ["decision_is_never_changed", "decision_is_never_deleted"]


def test_the_database_knows_the_same_words_as_the_program(blank: Engine) -> None:
    database.upgrade(blank)
    found = {}
    for table in tables(blank):
        for check in inspect(blank).get_check_constraints(table):
            column = re.search(r"\w+", check["sqltext"].replace("(", " ").replace('"', " "))
            assert column is not None
            found[table, column[0]] = set(re.findall(r"'(\w+)'", check["sqltext"]))
    assert found == {place: {word.value for word in words} for place, words in WORDS.items()}


def test_foreign_keys_are_watched_again_after_an_upgrade(blank: Engine) -> None:
    if blank.dialect.name != "sqlite":
        pytest.skip("this is about SQLite")
    database.upgrade(blank)
    with blank.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_an_upgrade_that_fails_half_way_leaves_nothing(blank: Engine) -> None:
    with blank.begin() as connection:
        connection.execute(text("CREATE TABLE effect (id INTEGER)"))  # the last table of the first revision
    with pytest.raises(Exception, match="already exists"):
        database.upgrade(blank)
    assert tables(blank) == {"effect"}
    with blank.begin() as connection:
        connection.execute(text("DROP TABLE effect"))
    database.upgrade(blank)
    assert differences(blank) == []
    if blank.dialect.name == "sqlite":
        with blank.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1

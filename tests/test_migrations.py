import os
import re
import subprocess
import sys
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from conftest import KEY, worker_database
from sqlalchemy import Engine, Inspector, MetaData, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel, col, select

from moderation import (
    accounts,
    archive,
    articles,
    audit,
    backup,
    database,
    decisions,
    drafts,
    erased,
    migrations,
    reasons,
    submissions,
)
from moderation.articles import Content
from moderation.lanes import Ground, Lane
from moderation.lifecycle import Action, Reason, Status
from moderation.markup import Dialect
from moderation.models.bulletins import How
from moderation.models.people import AccountSession, Passkey, Role
from moderation.models.public import Figure, Mode
from moderation.models.queue import Decision, Effect, EffectKind, Letter, LetterKind
from moderation.models.retention import Kept
from moderation.policy import Say

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
# Every column that holds one of our words, and the words.
WORDS: dict[tuple[str, str], type[StrEnum]] = {
    ("account", "role"): Role,
    ("bulletin", "how"): How,
    ("claim", "ground"): Ground,
    ("comment", "lane"): Lane,
    ("comment", "status"): Status,
    ("decision", "action"): Action,
    ("decision", "before"): Status,
    ("decision", "after"): Status,
    ("effect", "kind"): EffectKind,
    ("swept", "kind"): Kept,
    ("forum_change", "mode"): Mode,
    ("letter", "kind"): LetterKind,
    ("month_figure", "figure"): Figure,
    ("thread", "mode"): Mode,
    ("trait", "status"): Status,
    ("version", "dialect"): Dialect,
    ("voice", "say"): Say,
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
    return set(inspect(engine).get_table_names()) - {"alembic_version", *migrations.SEARCH}


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": migrations.is_compared}
        )
        return list(compare_metadata(context, SQLModel.metadata))


def test_there_is_one_newest_revision(blank: Engine) -> None:
    assert len(ScriptDirectory.from_config(migrations._alembic(blank)).get_heads()) == 1


def test_the_schema_is_what_the_models_say(blank: Engine) -> None:
    assert migrations.revision(blank) != migrations.revisions()[-1]
    migrations.upgrade(blank)
    assert migrations.revision(blank) == migrations.revisions()[-1]
    assert differences(blank) == []
    assert tables(blank) == set(SQLModel.metadata.tables)
    command.check(migrations._alembic(blank))


def test_down_and_up_again_gives_the_same_schema(blank: Engine) -> None:
    migrations.upgrade(blank)
    first = described(blank)
    migrations.downgrade(blank, "base")
    assert tables(blank) == set()
    assert migrations.revision(blank) != migrations.revisions()[-1]
    migrations.upgrade(blank)
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
            found.get_pk_constraint(table)["constrained_columns"],
            indexes(found, table),
            sorted(found.get_unique_constraints(table), key=repr),
            sorted(found.get_foreign_keys(table), key=repr),
            sorted(found.get_check_constraints(table), key=repr),
            triggers(engine, table),
        )
        for table in sorted(tables(engine))
    }


def indexes(found: Inspector, table: str) -> list[str]:
    """With what a partial one is limited to in words."""
    return sorted(
        str(
            {
                **index,
                "dialect_options": {
                    name: str(value) for name, value in index.get("dialect_options", {}).items()
                },
            }
        )
        for index in found.get_indexes(table)
    )


def triggers(engine: Engine, table: str) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :name ORDER BY name"
    if engine.dialect.name == "postgresql":
        ours = "tgrelid = CAST(:name AS regclass) AND NOT tgisinternal"
        query = f"SELECT tgname FROM pg_trigger WHERE {ours} ORDER BY tgname"  # noqa: S608 - our own words
    with engine.connect() as connection:
        return list(connection.execute(text(query), {"name": table}).scalars())


def test_upgrading_twice_is_harmless(blank: Engine) -> None:
    migrations.upgrade(blank)
    with database.writing(blank) as session:
        session.connection().execute(text("UPDATE site SET last_number = 12"))
    first = described(blank)
    migrations.upgrade(blank)
    assert described(blank) == first
    with database.reading(blank) as session:
        rows = (
            session.connection().execute(text("SELECT id, revision, activity, last_number FROM site")).all()
        )
    assert [tuple(row) for row in rows] == [(1, 1, 1, 12)]


def test_promise_05_triggers_keep_the_log(blank: Engine) -> None:
    migrations.upgrade(blank)
    assert triggers(blank, "decision") == [
        "decision_charter_is_never_changed",
        "decision_is_never_changed",
        "decision_is_never_deleted",
        "decision_lot_is_never_changed",
    ]


def test_the_database_knows_the_same_words_as_the_program(blank: Engine) -> None:
    migrations.upgrade(blank)
    found = {}
    for table in tables(blank):
        for check in inspect(blank).get_check_constraints(table):
            column = re.search(r"\w+", check["sqltext"].replace("(", " ").replace('"', " "))
            assert column is not None
            found[table, column[0]] = set(re.findall(r"'(\w+)'", check["sqltext"]))
    assert found == {place: {word.value for word in words} for place, words in WORDS.items()}


def test_the_numbers_that_are_given_once_are_those_the_models_say(blank: Engine) -> None:
    """Making a table anew, as SQLite changes one, easily forgets it."""
    if blank.dialect.name != "sqlite":
        pytest.skip("PostgreSQL gives every number once")
    migrations.upgrade(blank)
    query = text("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'")
    with blank.connect() as connection:
        found = set(connection.execute(query).scalars())
    said = SQLModel.metadata.tables.values()
    assert found == {table.name for table in said if table.dialect_options["sqlite"]["autoincrement"]}
    assert found == {"account_session", "passkey", "effect", "letter", "note", "question"}


def test_foreign_keys_are_watched_again_after_an_upgrade(blank: Engine) -> None:
    if blank.dialect.name != "sqlite":
        pytest.skip("this is about SQLite")
    migrations.upgrade(blank)
    with blank.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_an_upgrade_that_fails_half_way_leaves_nothing(blank: Engine) -> None:
    with blank.begin() as connection:
        connection.execute(text("CREATE TABLE effect (id INTEGER)"))  # the last table of the first revision
    with pytest.raises(Exception, match="already exists"):
        migrations.upgrade(blank)
    assert tables(blank) == {"effect"}
    with blank.begin() as connection:
        connection.execute(text("DROP TABLE effect"))
    migrations.upgrade(blank)
    assert differences(blank) == []
    if blank.dialect.name == "sqlite":
        with blank.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_sessions_and_letters_live_through_the_upgrade_and_back(blank: Engine) -> None:
    command.upgrade(migrations._alembic(blank), "0002")
    before = {
        "account": {"id": 7, "email": "ann@example.org", "name": "Ann", "role": "admin", "created_at": AT},
        "account_session": {
            "id": 1,
            "account_id": 7,
            "digest": "d",
            "kept": True,
            "renewed_at": AT,
            "expires_at": AT,
        },
        "sign_in": {"id": "s", "account_id": 7, "code": "", "tries": 0, "expires_at": AT},
        "letter": {
            "id": 1,
            "kind": "invitation",
            "sign_in_id": "s",
            "due_at": AT,
            "tries": 0,
            "failure": "",
        },
    }
    with blank.begin() as connection:
        for table, row in before.items():
            there = MetaData()
            there.reflect(connection, only=[table])
            connection.execute(there.tables[table].insert().values(row))
    migrations.upgrade(blank)
    with database.writing(blank) as session:
        kept = session.exec(select(AccountSession)).one()
        assert (kept.browser, kept.signed_in_at, kept.confirmed_at) == ("", kept.renewed_at, kept.renewed_at)
        letter = session.exec(select(Letter)).one()
        assert (letter.name, letter.sign_in_id, letter.written_at) == ("s", "s", letter.due_at)
        session.add(
            Letter(
                id=2,
                kind=LetterKind.CODES_ON,
                name="n",
                account_id=7,
                written_at=letter.due_at,
                due_at=letter.due_at,
            )
        )
    migrations.downgrade(blank, "0002")
    with blank.connect() as connection:
        assert connection.execute(text("SELECT kind FROM letter")).scalars().all() == ["invitation"]
        assert connection.execute(text("SELECT digest FROM account_session")).scalars().all() == ["d"]


def test_what_is_known_by_a_number_keeps_it_through_the_upgrade_and_back(blank: Engine) -> None:
    migrations.upgrade(blank, "0005")
    before = {
        "account": {"id": 7, "email": "ann@example.org", "name": "Ann", "role": "admin", "created_at": AT},
        "passkey": {
            "id": 5,
            "account_id": 7,
            "credential": "c",
            "public_key": "k",
            "handle": "h",
            "sign_count": 2**32 - 1,
            "name": "Téléphone",
            "created_at": AT,
        },
    }
    with blank.begin() as connection:
        for table, row in before.items():
            there = MetaData()
            there.reflect(connection, only=[table])
            connection.execute(there.tables[table].insert().values(row))
    first = described(blank)
    migrations.upgrade(blank)
    with database.reading(blank) as session:
        key = session.exec(select(Passkey)).one()
        assert (key.id, key.sign_count, key.created_at, key.used_at) == (5, 2**32 - 1, AT, None)
    migrations.downgrade(blank, "0005")
    assert described(blank) == first
    with blank.connect() as connection:
        assert connection.execute(text("SELECT id, name FROM passkey")).all() == [(5, "Téléphone")]


@pytest.mark.parametrize("table", ["effect", "letter"])
def test_a_number_is_not_given_again_after_an_upgrade(blank: Engine, table: str) -> None:
    if blank.dialect.name != "sqlite":
        pytest.skip("PostgreSQL gives every number once")
    migrations.upgrade(blank, "0013")
    with blank.begin() as connection:
        given = "INSERT INTO sqlite_sequence (name, seq) VALUES (:name, 57)"
        connection.execute(text(given), {"name": table})
    query = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    for step in (migrations.upgrade, lambda engine: migrations.downgrade(engine, "0013")):
        step(blank)
        with blank.connect() as connection:
            assert connection.execute(query, {"name": table}).scalars().all() == [57]


def test_what_was_asked_about_waits_for_a_program_that_knows_no_questions(blank: Engine) -> None:
    migrations.upgrade(blank)
    with database.writing(blank) as session:
        ann = accounts.add(session, "ann@example.org", "Ann", Role.ADMIN, AT)
        articles.put(session, "le-pont", Content(title="Le pont", body="<p>x</p>"), now=AT)
        for number, further in enumerate([[], [Action.PUBLISH], [Action.REOPEN, Action.SPAM]]):
            draft = drafts.read("", "zoe@example.org", f"Texte {number}.", dialect=Dialect.SPIP)
            sent = submissions.submit(session, "le-pont", draft, nonce=f"{number}", now=AT)
            for revision, action in enumerate([Action.ASK, *further], start=1):
                decisions.decide(
                    session,
                    sent.id,
                    action,
                    revision=revision,
                    by=ann.id or 0,
                    now=AT,
                    undo=timedelta(minutes=1),
                    note="D’où ?",
                )
    migrations.downgrade(blank, "0013")
    with blank.connect() as connection:
        statuses = connection.execute(text("SELECT status FROM comment ORDER BY nonce")).scalars().all()
        moves = connection.execute(text("SELECT action, before FROM decision ORDER BY id")).all()
        with pytest.raises(DBAPIError):
            connection.execute(text("UPDATE decision SET before = 'spam'"))
    assert statuses == ["pending", "published", "spam"]
    assert moves == [("publish", "pending"), ("spam", "pending")]
    migrations.upgrade(blank)
    with database.reading(blank) as session:
        assert list(audit.faults(session)) == []


def test_a_program_that_knows_the_shipped_reasons_alone_reads_other_for_the_site_s_own(blank: Engine) -> None:
    migrations.upgrade(blank)
    with database.writing(blank) as session:
        ann = accounts.add(session, "ann@example.org", "Ann", Role.ADMIN, AT)
        articles.put(session, "le-pont", Content(title="Le pont", body="<p>x</p>"), now=AT)
        own = reasons.add(session, "procès en cours", "", dict.fromkeys(map(str, Reason), ""))
        for reason in (own, Reason.PRIVACY):
            draft = drafts.read("", "", f"Texte {reason}.", dialect=Dialect.SPIP)
            sent = submissions.submit(session, "le-pont", draft, nonce=reason, now=AT)
            undo = timedelta(minutes=1)
            decisions.decide(
                session, sent.id, Action.REFUSE, revision=1, by=ann.id or 0, now=AT, undo=undo, reason=reason
            )
    migrations.downgrade(blank, "0018")
    query = text(
        "SELECT d.reason, c.reason FROM decision d JOIN comment c ON c.id = d.comment_id ORDER BY d.id"
    )
    with blank.connect() as connection:
        assert connection.execute(query).all() == [("other", "other"), ("privacy", "privacy")]
        with pytest.raises(DBAPIError):
            connection.execute(text("UPDATE decision SET reason = 'privacy'"))
    migrations.upgrade(blank)
    with blank.connect() as connection:
        assert connection.execute(query).all() == [("other", "other"), ("privacy", "privacy")]
        with pytest.raises(DBAPIError):
            connection.execute(text("UPDATE decision SET reason = 'privacy'"))
    with database.reading(blank) as session:
        assert list(audit.faults(session)) == []


def test_the_public_log_begins_with_what_could_still_be_undone_when_it_came(blank: Engine) -> None:
    migrations.upgrade(blank)
    now, hour = datetime.now(UTC), timedelta(hours=1)
    made = [
        (Action.REFUSE, now - 2 * hour, hour),  # long done
        (Action.REFUSE, now, hour),
        (Action.SPAM, now, hour),
        (Action.ASK, now, hour),
    ]
    with database.writing(blank) as session:
        ann = accounts.add(session, "ann@example.org", "Ann", Role.ADMIN, AT)
        articles.put(session, "le-pont", Content(title="Le pont", body="<p>x</p>"), now=AT)
        for number, (action, at, undo) in enumerate([*made, (Action.PUBLISH, now, hour)]):
            draft = drafts.read("", "", f"Texte {number}.", dialect=Dialect.SPIP)
            sent = submissions.submit(session, "le-pont", draft, nonce=f"{number}", now=AT)
            decided = decisions.decide(
                session,
                sent.id,
                action,
                revision=1,
                by=ann.id or 0,
                now=at,
                undo=undo,
                reason=Reason.PRIVACY if action is Action.REFUSE else None,
                note="D’où ?" if action is Action.ASK else "",
            )
        decisions.undo(session, decided.id or 0, by=ann.id or 0, now=now)
    migrations.downgrade(blank, "0024")
    migrations.upgrade(blank)
    with database.reading(blank) as session:
        found = session.exec(
            select(Decision.action, Effect.due_at)
            .join(Effect, col(Effect.decision_id) == Decision.id)
            .where(Effect.kind == EffectKind.LOG)
            .order_by(col(Effect.due_at))
        ).all()
    midnight = (now + hour).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert found == [("refuse", now + hour), ("spam", midnight)]


def test_what_was_withdrawn_before_says_when_it_was_erased(blank: Engine) -> None:
    migrations.upgrade(blank)
    now = datetime(2026, 3, 1, 9, tzinfo=UTC)
    with database.writing(blank) as session:
        articles.put(session, "le-pont", Content(title="Le pont", body="<p>x</p>"), now=now)
        sent = [
            submissions.submit(
                session, "le-pont", drafts.read("", "", words, dialect=Dialect.SPIP), nonce=words, now=now
            )
            for words in ("Un texte.", "Un autre.")
        ]
        later = now + timedelta(hours=1)
        submissions.withdraw(session, sent[0].tracking or "", revision=1, now=later)
    migrations.downgrade(blank, "0029")
    migrations.upgrade(blank)
    with database.reading(blank) as session:
        assert erased.listed(session) == {sent[0].id: later}


def test_an_upgrade_tells_what_it_went_through(blank: Engine) -> None:
    assert migrations.revision(blank) is None
    assert migrations.upgrade(blank, "0001") == ["0001"]
    assert migrations.revision(blank) == "0001"
    assert migrations.upgrade(blank) == migrations.revisions()[1:]
    assert migrations.upgrade(blank) == []


def test_each_migration_is_a_transaction_of_its_own(blank: Engine) -> None:
    with blank.begin() as connection:
        connection.execute(text("CREATE TABLE token (id INTEGER)"))  # the first table of the second revision
    with pytest.raises(Exception, match="already exists"):
        migrations.upgrade(blank)
    assert migrations.revision(blank) == "0001"
    with blank.begin() as connection:
        connection.execute(text("DROP TABLE token"))
    assert migrations.upgrade(blank) == migrations.revisions()[1:]
    assert differences(blank) == []


def test_of_two_upgrades_at_once_one_waits_and_finds_nothing_to_do(blank: Engine) -> None:
    address = blank.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "moderation", "upgrade"]
    settings = {**os.environ, "MODERATION_DATABASE_URL": address, "MODERATION_SECRET_KEYS": KEY}
    both = [
        subprocess.Popen(command, env=settings, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own words
        for _ in range(2)
    ]
    told = [one.communicate(timeout=120)[1] for one in both]
    assert [one.returncode for one in both] == [0, 0], told
    assert all(said.endswith("The database is up to date.\n") for said in told)
    assert differences(blank) == []


def test_a_database_of_a_newer_program_is_left_alone(blank: Engine) -> None:
    migrations.upgrade(blank)
    with blank.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    first = described(blank)
    with pytest.raises(migrations.UnknownRevision, match="9999"):
        migrations.upgrade(blank)
    assert described(blank) == first


def test_a_migration_gives_up_on_a_table_that_others_hold(
    blank: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    if blank.dialect.name != "postgresql":
        pytest.skip("this is about PostgreSQL")
    monkeypatch.setattr(migrations, "MIGRATION_WAITS", "100ms")
    migrations.upgrade(blank, "0001")
    with blank.begin() as connection:
        connection.execute(text("LOCK TABLE comment"))
        with pytest.raises(DBAPIError, match="lock timeout"):
            migrations.upgrade(blank)
    assert migrations.revision(blank) == "0001"
    with blank.connect() as connection:
        assert connection.execute(text("SHOW lock_timeout")).scalar_one() == "0"
    assert migrations.upgrade(blank) == migrations.revisions()[1:]


def test_a_migration_gives_up_on_another_that_does_not_end(
    blank: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    if blank.dialect.name != "postgresql":
        pytest.skip("this is about PostgreSQL")
    monkeypatch.setattr(migrations, "MIGRATION_LASTS", "100ms")
    with blank.begin() as connection:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({migrations.MIGRATION_LOCK})"))
        with pytest.raises(DBAPIError, match="timeout"):
            migrations.upgrade(blank)
    assert migrations.revision(blank) is None
    monkeypatch.undo()
    with migrations.migrating(blank) as connection:
        waits = ("statement_timeout", "lock_timeout")
        shown = [connection.execute(text(f"SHOW {name}")).scalar_one() for name in waits]
        held = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        assert (shown, connection.execute(held).scalar_one()) == (["15min", "10s"], 1)


# The copy that is made first

NOON = datetime(2026, 10, 3, 12, tzinfo=UTC)


def silent(_table: str, _done: int, _count: int) -> None:
    """Nobody watches."""


def test_a_database_is_copied_before_it_is_migrated(blank: Engine) -> None:
    migrations.upgrade(blank, "0001")
    with blank.begin() as connection:
        connection.execute(text("UPDATE site SET last_number = 12"))
    copy = backup.before_upgrade(blank, NOON, tell=silent)
    if blank.dialect.name == "postgresql":
        assert copy is None
        return
    assert copy is not None
    assert copy.name == "blank.db.before-0001-20261003T120000Z"
    assert archive.verify(copy).revision == "0001"
    with database.reading(database.scratch(copy)) as session:
        found = session.connection().execute(text("SELECT last_number FROM site")).scalar_one()
    assert found == 12


def test_there_is_no_copy_of_nothing(blank: Engine) -> None:
    assert backup.before_upgrade(blank, NOON, tell=silent) is None
    migrations.upgrade(blank)
    assert backup.before_upgrade(blank, NOON, tell=silent) is None


def test_the_newest_three_copies_are_kept(blank: Engine) -> None:
    if blank.dialect.name != "sqlite":
        pytest.skip("this is about SQLite")
    folder = Path(blank.url.database or "").parent
    migrations.upgrade(blank, "0001")
    (folder / "blank.db.before-0009-20200101T000000Z").write_text("older, of a later revision")
    (folder / "blank.db.mine").write_text("not a copy of ours")
    made = [backup.before_upgrade(blank, NOON + timedelta(days=day), tell=silent) for day in range(4)]
    left = {file for file in folder.iterdir() if ".before-" in file.name}
    assert left == set(made[1:])
    assert (folder / "blank.db.mine").exists()

import json
import os
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from aiosmtpd.controller import Controller
from conftest import KEY, FakeClock, Run, Sent, listening
from sqlalchemy import Connection, Engine, make_url, text
from sqlmodel import SQLModel, update

from moderation import decisions, doctor, erasing, migrations, scrubbing
from moderation.accounts import Person
from moderation.doctor import around, stored
from moderation.doctor.finding import Finding, State
from moderation.lifecycle import Action
from moderation.models.people import SignIn
from moderation.models.queue import Comment, Effect, EffectKind, Letter, LetterKind, Version
from moderation.settings import Settings
from moderation.web.dependencies import Parts

SOUND_KEY = "kR3vQx9TtYb2LmZ8WnJ5cHd7FgP4sUeA"


@pytest.fixture
def settings(url: str) -> Settings:
    return Settings(database_url=url, secret_keys=SOUND_KEY)


def examined(settings: Settings, clock: FakeClock, **changes: Any) -> dict[str, Finding]:
    given = Settings(**{**settings.model_dump(), **changes})
    return {finding.check: finding for finding in doctor.examine(given, clock)}


def test_a_sound_installation_fails_nowhere(settings: Settings, clock: FakeClock) -> None:
    clock.now = datetime.now(UTC)
    found = examined(settings, clock)
    assert [finding for finding in found.values() if finding.fails] == []
    assert {name for name, finding in found.items() if finding.state is State.WARNING} == {"mail"}
    assert {"database", "schema", "durability", "integrity", "log kept", "log", "publications"} < set(found)
    assert {"effects", "letters", "clock", "disk", "keys", "site", "packages"} < set(found)
    assert all(finding.advice for finding in found.values() if finding.state is not State.OK)


def test_a_database_others_can_read_is_told(settings: Settings, clock: FakeClock) -> None:
    file = make_url(settings.database_url).database
    if not settings.database_url.startswith("sqlite"):
        pytest.skip("this is about SQLite")
    assert file is not None
    Path(file).chmod(0o644)
    found = examined(settings, clock)["database"]
    assert (found.state, "can be read by others (644)" in found.said) == (State.WARNING, True)


def test_looking_changes_nothing(settings: Settings, clock: FakeClock, pending: Sent, parts: Parts) -> None:
    def rows() -> list[Any]:
        with parts.reading() as session:
            return [
                row
                for table in SQLModel.metadata.sorted_tables
                for row in session.connection().execute(table.select())
            ]

    before = rows()
    assert before
    examined(settings, clock)
    assert rows() == before
    assert pending.id in str(before)


def test_who_may_read_the_figures_is_told(settings: Settings, clock: FakeClock) -> None:
    def says(**changes: Any) -> str:
        return examined(settings, clock, **changes)["metrics"].said

    assert says() == "for this machine alone"
    assert "for nobody" in says(site_url="https://forum.example.org")
    assert "METRICS_TOKEN" in says(site_url="https://forum.example.org", metrics_token=SOUND_KEY)


# The command


def test_the_command_prints_a_line_each_and_ends_with_one_if_something_fails(run: Run, parts: Parts) -> None:
    well = run("doctor", secret_keys=SOUND_KEY)
    assert (well.exit_code, well.stderr) == (0, "")
    assert "ok       schema: revision" in well.stdout
    with parts.writing() as session:
        session.connection().execute(text("UPDATE thread SET count = 1"))
        session.connection().execute(text("UPDATE site SET last_number = -1"))
    ill = run("doctor", secret_keys=SOUND_KEY)
    assert ill.exit_code == 1
    assert "failure  publications: " in ill.stdout
    rows = json.loads(run("doctor", "--json", secret_keys=SOUND_KEY).stdout)
    assert {tuple(row) for row in rows} == {("check", "state", "said", "advice")}
    assert [row["check"] for row in rows if row["state"] == "failure"] == ["publications"]


def test_settings_that_are_wrong_are_a_finding(run: Run) -> None:
    result = run("doctor", site_url="nowhere", timezone="Mars/Olympus")
    assert result.exit_code == 1
    assert "failure  settings: MODERATION_SITE_URL" in result.stdout
    assert "failure  settings: MODERATION_TIMEZONE" in result.stdout


@pytest.mark.parametrize(
    "url", ["sqlite:////{}/nowhere/none.db", "postgresql+psycopg://127.0.0.1:1/none?connect_timeout=1"]
)
def test_a_database_that_is_not_there_is_a_finding(run: Run, tmp_path: Path, url: str) -> None:
    result = run("doctor", database_url=url.format(tmp_path), secret_keys=SOUND_KEY)
    assert result.exit_code == 1
    assert "failure  database: " in result.stdout
    assert "Traceback" not in result.stdout + result.stderr
    assert not list(tmp_path.glob("nowhere/*"))


# What is stored


def test_a_schema_that_is_behind_ahead_or_changed_is_told(
    settings: Settings, clock: FakeClock, engine: Engine
) -> None:
    def says(revision: str) -> Finding:
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
        return examined(settings, clock)["schema"]

    newest = migrations.revisions()[-1]
    try:
        assert (says("0001").state, says("0001").advice) == (State.FAILURE, "Run: moderation upgrade")
        assert "newer" in says("9999").said
    finally:
        says(newest)
    with engine.begin() as connection:
        connection.execute(text("CREATE INDEX mine ON comment (section)"))
    try:
        assert says(newest).state is State.WARNING
    finally:
        with engine.begin() as connection:
            connection.execute(text("DROP INDEX mine"))


def test_a_log_that_may_be_changed_is_told(settings: Settings, clock: FakeClock, engine: Engine) -> None:
    on_table = " ON decision" if engine.dialect.name == "postgresql" else ""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE decision DISABLE TRIGGER decision_is_never_deleted"))
        else:
            kept = connection.execute(
                text("SELECT sql FROM sqlite_master WHERE name = 'decision_is_never_deleted'")
            ).scalar_one()
            connection.execute(text(f"DROP TRIGGER decision_is_never_deleted{on_table}"))
    try:
        found = examined(settings, clock)["log kept"]
    finally:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("ALTER TABLE decision ENABLE TRIGGER decision_is_never_deleted"))
            else:
                connection.execute(text(kept))
    assert found.fails
    assert "decision_is_never_deleted on decision" in found.said


def test_a_trigger_that_does_nothing_is_told(
    settings: Settings, clock: FakeClock, engine: Engine, parts: Parts, pending: Sent, ann: Person
) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("this is about SQLite")
    with parts.writing() as session:
        decisions.decide(
            session, pending.id, Action.SPAM, revision=1, by=ann.id, now=clock(), undo=timedelta()
        )
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER decision_is_never_deleted"))
        connection.execute(
            text("CREATE TRIGGER decision_is_never_deleted BEFORE DELETE ON decision BEGIN SELECT 1; END")
        )
    found = examined(settings, clock)
    assert found["log kept"].fails
    assert found["log"].said.startswith("1 decisions")


def test_a_database_that_could_lose_what_it_acknowledged_is_told(
    settings: Settings, clock: FakeClock, engine: Engine
) -> None:
    if engine.dialect.name == "postgresql":
        address = f"{settings.database_url}&options=-c%20synchronous_commit%3Doff"
        found = examined(settings, clock, database_url=address)["durability"]
        assert (found.state, found.said) == (State.FAILURE, "synchronous_commit is off")
        return

    def careless(raw: Any, *_: object) -> None:
        raw.execute("PRAGMA synchronous = NORMAL")

    def told() -> Finding:
        (found,) = stored.LOOKS["durability"](engine, clock())
        return found

    engine.dispose()
    assert told().state is State.OK
    with listening(engine, "checkout", careless):
        assert (told().state, told().said) == (State.FAILURE, "synchronous is 1")
    engine.dispose()


def test_a_public_log_that_was_changed_is_told(
    settings: Settings,
    clock: FakeClock,
    engine: Engine,
    parts: Parts,
    pending: Sent,
    ann: Person,
    settle: Callable[[], None],
) -> None:
    with parts.writing() as session:
        decisions.decide(
            session, pending.id, Action.SPAM, revision=1, by=ann.id, now=clock(), undo=timedelta()
        )
    clock.tick(days=1)
    settle()
    assert examined(settings, clock)["public log"].said == "1 lines hold together"
    with engine.begin() as connection:
        unguarded(connection, "UPDATE log_line SET line = replace(line, 'spam', 'publish')")
    found = examined(settings, clock)["public log"]
    assert (found.state, "line 1 is not what was written there" in found.said) == (State.FAILURE, True)


def unguarded(connection: Connection, statement: str) -> None:
    """As somebody does who may do anything to the database: its triggers look away."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(statement))
        return
    guards = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
    for name, _ in guards:
        connection.execute(text(f"DROP TRIGGER {name}"))
    connection.execute(text(statement))
    for _, sql in guards:
        connection.exec_driver_sql(sql)


def test_a_damaged_file_is_told(settings: Settings, clock: FakeClock, engine: Engine, pending: Sent) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("this is about SQLite")
    assert pending.id
    scrubbing.scrub(engine)
    engine.dispose()
    file = Path(make_url(settings.database_url).database or "")
    connection = sqlite3.connect(file)
    (page,) = connection.execute(
        "SELECT rootpage FROM sqlite_master WHERE name = 'ix_comment_thread_id_status_submitted_at_id'"
    ).fetchone()
    connection.close()
    content = bytearray(file.read_bytes())
    content[(page - 1) * 4096 + 8 : page * 4096] = b"\xff" * 4088
    file.write_bytes(content)
    assert examined(settings, clock)["integrity"].fails


def test_an_orphan_is_told(settings: Settings, clock: FakeClock, engine: Engine, pending: Sent) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has none")
    other = sqlite3.connect(make_url(settings.database_url).database or "")
    other.execute("UPDATE comment SET thread_id = 99")
    other.commit()
    other.close()
    assert pending.id
    assert "comment refers to a row of thread" in examined(settings, clock)["integrity"].said


def test_effects_that_are_late_and_letters_that_fail_are_told(
    settings: Settings, clock: FakeClock, parts: Parts, pending: Sent, ann: Person
) -> None:
    with parts.writing() as session:
        made = decisions.decide(
            session,
            pending.id,
            Action.PUBLISH,
            revision=1,
            by=ann.id,
            now=clock(),
            undo=timedelta(seconds=20),
        )
        assert made.id is not None
        session.add(Effect(kind=EffectKind.ERASE, comment_id=pending.id, decision_id=made.id, due_at=clock()))
        session.add(SignIn(id="x", code="", expires_at=clock()))
        session.flush()
        letter = Letter(
            kind=LetterKind.SIGN_IN, name="x", sign_in_id="x", written_at=clock(), due_at=clock(), tries=2
        )
        letter.failure = "SMTPDataError"
        session.add(letter)
    assert examined(settings, clock)["effects"].state is State.OK
    clock.tick(seconds=61)
    found = examined(settings, clock)
    assert (found["effects"].state, found["effects"].said) == (State.FAILURE, "1 overdue")
    assert (found["letters"].state, "1 with SMTPDataError" in found["letters"].said) == (State.WARNING, True)


@pytest.mark.parametrize("action", [Action.WITHDRAW, Action.RETRACT])
def test_a_withdrawn_text_that_does_not_leave_the_files_is_told(
    settings: Settings,
    clock: FakeClock,
    parts: Parts,
    pending: Sent,
    action: Literal[Action.WITHDRAW, Action.RETRACT],
) -> None:
    with parts.writing() as session:
        erasing.take_away(session, session.get_one(Comment, pending.id), clock(), action=action)
    clock.tick(days=1)
    assert examined(settings, clock)["erased"].state is State.OK
    clock.tick(days=1, seconds=1)
    found = examined(settings, clock)["erased"]
    assert (found.state, found.said.partition(" ")[0]) == (State.WARNING, "1")


def test_a_clock_that_went_back_is_told(
    settings: Settings, clock: FakeClock, parts: Parts, pending: Sent
) -> None:
    with parts.writing() as session:
        later = max(clock(), datetime.now(UTC)) + timedelta(hours=1)
        session.exec(update(Version).values(written_at=later))
    if parts.engine.dialect.name == "postgresql":
        assert "off" in examined(settings, clock)["clock"].said  # the server has the real time
        clock.now = datetime.now(UTC)
    assert pending.id
    assert examined(settings, clock)["clock"].said == "something was written later than now"


def test_who_reads_for_the_public_is_asked_for_their_rights(
    settings: Settings, clock: FakeClock, engine: Engine
) -> None:
    if engine.dialect.name != "postgresql":
        found = examined(settings, clock, public_database_url=settings.database_url)
        assert found["public database"].state is State.WARNING
        return
    role = f"public_{os.getpid()}"
    address = make_url(settings.database_url).set(username=role).render_as_string(hide_password=False)

    def told() -> Finding:
        return examined(settings, clock, public_database_url=address)["public database"]

    def say(*statements: str) -> None:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    say(f"CREATE ROLE {role} LOGIN")
    try:
        assert "may not read" in told().said
        public = "article, thread, publication, site, charter_version, log_line, month_figure, site_page"
        say(f"GRANT SELECT ON {public} TO {role}")
        assert told().state is State.OK
        say(f"GRANT SELECT ON comment TO {role}")
        assert (told().state, "comment" in told().said) == (State.FAILURE, True)
        say(f"REVOKE ALL ON comment FROM {role}", f"GRANT UPDATE ON publication TO {role}")
        assert (told().state, "publication" in told().said) == (State.FAILURE, True)
    finally:
        say(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


# What is around


@pytest.mark.parametrize(
    ("address", "state"),
    [
        ("https://echo.example", State.OK),
        ("http://127.0.0.1:8000", State.OK),
        ("http://[::1]:8000", State.OK),
        ("http://localhost", State.OK),
        ("http://expyuzz4wqqyqhjn.onion", State.OK),
        ("http://echo.example", State.WARNING),
        ("http://127.example.org", State.WARNING),
        ("http://192.168.1.10", State.WARNING),
    ],
)
def test_a_site_is_encrypted_unless_nobody_could_listen(address: str, state: State) -> None:
    (found,) = around._site(Settings(site_url=address))
    assert found.state is state


@pytest.mark.parametrize(
    "key",
    [
        KEY.replace("tests", "example"),
        "change-me-change-me-change-me-change-me",
        "x" * 40,
        "abababababababababababababababababab",
        "0123456789012345678901234567890123456789",
        "please-replace-this-key-by-another-one",
        "MySecretMySecretMySecretMySecretMySec",
    ],
)
def test_a_key_that_can_be_guessed_is_told_and_not_shown(key: str) -> None:
    (found,) = around._keys(Settings(secret_keys=f"{SOUND_KEY},{key}"))
    assert found.fails
    assert key not in found.said + found.advice


def test_keys_that_others_can_read_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (before,) = around._keys(Settings())
    assert before.state is State.WARNING
    assert not (tmp_path / "var").exists()
    Settings().keys()
    assert around._keys(Settings())[0].state is State.OK
    (tmp_path / "var" / "secret_keys").chmod(0o640)
    assert around._keys(Settings())[0].fails
    (tmp_path / "var" / "secret_keys").write_text("short")
    (found,) = around._keys(Settings())
    assert (found.fails, "secret_keys" in found.said) == (True, True)


def test_a_package_that_is_missing_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert around._packages(settings)[0].state is State.OK
    there = around._is_installed
    monkeypatch.setattr(around, "_is_installed", lambda name: name not in {"redis", "bleach"} and there(name))
    (found,) = around._packages(Settings(limits_url="redis://127.0.0.1:1"))
    assert (found.fails, found.said) == (True, "missing: bleach, redis")


def test_where_servers_count_together_is_asked_to_answer() -> None:
    (own,) = around._limits(Settings(submit_limit="10 per minute"))
    assert "each process counts for itself" in own.said
    (found,) = around._limits(Settings(submit_limit="10 per minute", limits_url="redis://127.0.0.1:1"))
    assert found.fails


def test_a_full_disk_and_one_of_the_network_are_told(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = SimpleNamespace(free=10 * 2**20)
    assert {finding.state for finding in around._disk(settings)} == {State.OK}
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: free)
    assert around._room(tmp_path, 0).fails
    free.free = 80 * 2**20
    assert around._room(tmp_path, 0).state is State.WARNING
    free.free = 150 * 2**20
    assert around._room(tmp_path, 0).state is State.OK
    assert around._room(tmp_path, 100 * 2**20).state is State.WARNING
    assert around._kind(Path("/proc/self")) == "proc"
    if make_url(settings.database_url).get_backend_name() == "sqlite":
        monkeypatch.setattr(around, "_kind", lambda _folder: "nfs4")
        assert "nfs4" in around._disk(settings)[0].said


def test_a_folder_that_cannot_be_written_to_is_told(settings: Settings, clock: FakeClock) -> None:
    found = examined(settings, clock, database_url="sqlite:////proc/moderation.db", secret_keys=SOUND_KEY)
    assert found["disk"].fails


# Mail


class Silent:
    """Takes letters."""

    async def handle_DATA(self, _server: Any, _session: Any, _envelope: Any) -> str:  # noqa: N802
        raise AssertionError("nothing is sent")


@pytest.fixture
def post_office() -> Generator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    office = Controller(Silent(), hostname="127.0.0.1", port=port)
    office.start()
    yield f"smtp://127.0.0.1:{port}"
    office.stop()


def mail_of(url: str) -> Finding:
    (found,) = around._mail(Settings(smtp_url=url, mail_from="site@example.org"))
    return found


def test_a_mail_server_is_greeted_and_sent_nothing(post_office: str) -> None:
    assert mail_of(post_office) == Finding("mail", State.OK, "127.0.0.1 answers, in clear text")


def test_a_mail_server_that_does_not_answer_or_wants_a_password_in_clear_is_told(post_office: str) -> None:
    assert "ConnectionRefusedError" in mail_of("smtp://127.0.0.1:1").said
    refused = mail_of(post_office.replace("//", "//ann:hidden@"))
    assert (refused.fails, "NotEncrypted" in refused.said, "hidden" in refused.said) == (True, True, False)


def test_a_mail_server_that_says_nothing_holds_nothing_up(
    settings: Settings, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "ANSWERS", 0.5)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"smtp://127.0.0.1:{server.getsockname()[1]}"

        def dribble() -> None:
            connection, _ = server.accept()
            with connection:
                while not stop.wait(0.1):
                    connection.sendall(b"2")

        thread = threading.Thread(target=dribble)
        thread.start()
        began = time.monotonic()
        found = next(
            finding
            for finding in doctor.examine(
                Settings(**{**settings.model_dump(), "smtp_url": url, "mail_from": "a@b"}), clock
            )
            if finding.check == "mail"
        )
        took = time.monotonic() - began
        stop.set()
        thread.join()
    assert (found.fails, "no answer within" in found.said) == (True, True)
    assert took < 10

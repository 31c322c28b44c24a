import os
import re
import sqlite3
from collections.abc import Callable, Generator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from conftest import FEW, FakeClock, Reader, Sent, at_once, send, sign_in, statements
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel, col, select, update
from starlette.testclient import TestClient

from moderation import (
    answers,
    articles,
    database,
    deciders,
    decisions,
    delivery,
    identifiers,
    retention,
    scrubbing,
    submissions,
)
from moderation.accounts import Person
from moderation.lifecycle import Action, Reason
from moderation.models.public import Site
from moderation.models.queue import Comment, Decision, Effect, Version
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

ASKED_FOR = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "busy_timeout": 5000,
    "trusted_schema": 0,
    "secure_delete": 1,
    "temp_store": 2,
    "cell_size_check": 1,
}


@pytest.fixture
def on_sqlite(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("this is about SQLite")


@pytest.mark.usefixtures("on_sqlite")
def test_every_connection_is_set_as_the_promises_need(parts: Parts) -> None:
    def asked(_: int) -> dict[str, str | int]:
        with parts.engine.connect() as connection:
            return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ASKED_FOR}

    with parts.engine.connect(), parts.engine.connect(), parts.engine.connect():
        assert asked(0) == ASKED_FOR
    with parts.reading() as session:
        for name, value in ASKED_FOR.items():
            assert session.connection().exec_driver_sql(f"PRAGMA {name}").scalar_one() == value
    with parts.writing() as session:
        for name, value in ASKED_FOR.items():
            assert session.connection().exec_driver_sql(f"PRAGMA {name}").scalar_one() == value


def test_a_database_that_cannot_keep_its_promises_is_refused() -> None:
    for address in ("sqlite://", "sqlite:///:memory:"):
        with pytest.raises(database.NotDurable, match="memory"):
            database.connect(address)


@pytest.mark.usefixtures("on_sqlite")
def test_a_writer_has_the_slot_from_its_first_moment(parts: Parts, url: str) -> None:
    other = sqlite3.connect(make_url(url).database or "", timeout=0, isolation_level=None)
    with parts.writing() as session:
        session.connection()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.execute("ROLLBACK")
    other.close()


def test_four_hundred_increments_at_once_are_all_there(parts: Parts) -> None:
    def increment() -> None:
        for _ in range(50):
            with parts.writing() as session:
                site = session.get_one(Site, 1, with_for_update=True)
                site.last_number += 1
                session.add(site)

    assert at_once(*[increment] * 8) == [None] * 8
    with parts.reading() as session:
        assert session.get_one(Site, 1).last_number == 400


def test_promise_07_the_database_itself_refuses_to_write_while_reading(parts: Parts) -> None:
    for statement in ("UPDATE site SET revision = 9", "DELETE FROM site", "CREATE TABLE x (y INTEGER)"):
        with pytest.raises(DBAPIError, match=r"read.?only"), parts.reading() as session:
            session.connection().exec_driver_sql(statement)
    with parts.writing() as session:
        session.exec(update(Site).values(activity=7))
    with parts.reading() as session:
        site = session.get_one(Site, 1)
        assert (site.revision, site.activity) == (1, 7)


def test_a_reader_sees_one_moment(parts: Parts) -> None:
    with parts.reading() as session:
        before = session.exec(select(Site.activity)).one()
        with parts.writing() as writer:
            writer.exec(update(Site).values(activity=before + 1))
        assert session.exec(select(Site.activity)).one() == before
    with parts.reading() as session:
        assert session.exec(select(Site.activity)).one() == before + 1


def test_what_raises_writes_nothing(parts: Parts) -> None:
    def fail(session: Session) -> None:
        session.exec(update(Site).values(activity=9))
        raise LookupError

    with pytest.raises(LookupError), parts.writing() as session:
        fail(session)
    with parts.reading() as session:
        assert session.get_one(Site, 1).activity == 1


def test_what_refers_to_nothing_is_refused(parts: Parts, clock: FakeClock) -> None:
    orphan = Comment(id="a", thread_id=99, nonce="n", submitted_at=clock())
    with pytest.raises(DBAPIError), parts.writing() as session:
        session.add(orphan)


def test_a_word_that_is_no_status_is_refused(parts: Parts, pending: Sent) -> None:
    statement = text("UPDATE comment SET status = 'approved' WHERE id = :id").bindparams(id=pending.id)
    with pytest.raises(DBAPIError), parts.writing() as session:
        session.connection().execute(statement)


def test_a_decision_may_lose_its_note_and_nothing_else(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock
) -> None:
    with parts.writing() as session:
        decisions.decide(
            session,
            pending.id,
            Action.SPAM,
            revision=1,
            by=ann.id,
            now=clock(),
            undo=timedelta(),
            note="Zoé, 12 rue du Pont",
        )
    with parts.writing() as session:
        session.exec(update(Decision).values(note=""))
    for column in set(Decision.model_fields) - {"note"}:
        statement = text(f'UPDATE decision SET "{column}" = "{column}"')  # noqa: S608 - our own words
        with pytest.raises(DBAPIError, match="never changed"), parts.writing() as session:
            session.connection().execute(statement)


# What is erased is in no file


def files(url: str) -> bytes:
    path = Path(make_url(url).database or "")
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(path.name + "*")))


def withdraw(parts: Parts, sent: Sent) -> None:
    with parts.writing() as session:
        submissions.withdraw(session, sent.tracking, revision=1, now=parts.clock())


@pytest.mark.usefixtures("on_sqlite")
@FEW
@given(
    lengths=st.lists(st.sampled_from([1, 20, 120, 500, 1000]), min_size=2, max_size=12),
    gone=st.sets(st.integers(0, 11), min_size=1),
)
def test_promise_09_erased_words_are_in_no_file(
    parts: Parts, url: str, lengths: list[int], gone: set[int]
) -> None:
    with parts.writing() as session:
        content = articles.Content(title="Le pont", body="<p>x</p>")
        articles.put(session, "le-pont", content, now=parts.clock(), replace=True)
    parts.clock.tick(days=2)  # type: ignore[attr-defined] # what an earlier example sent may be sent again
    words = [f"canari{number}z" for number in range(len(lengths))]
    sent = [
        send(parts, "le-pont", f"{word} " * length, author=f"nom{word}", email=f"{word}@example.org")
        for word, length in zip(words, lengths, strict=True)
    ]
    erased = [number for number in gone if number < len(sent)]
    kept = [number for number in range(len(sent)) if number not in gone]
    assert all(words[number].encode() in files(url) for number in erased)
    for number in erased:
        withdraw(parts, sent[number])
    delivery.effects(parts.engine, parts.clock())
    left = files(url)
    assert [words[number] for number in erased if words[number].encode() in left] == []
    assert all(words[number].encode() in left for number in kept)
    for number in kept:
        withdraw(parts, sent[number])
    delivery.effects(parts.engine, parts.clock())


@pytest.mark.usefixtures("on_sqlite")
def test_promise_09_words_are_erased_from_the_files_once_slow_readers_have_gone(
    parts: Parts, url: str, article: str, clock: FakeClock
) -> None:
    sent = send(parts, article, "canari")
    reading, leave = Event(), Event()

    def read_slowly() -> None:
        with parts.reading() as session:
            session.exec(select(Version.source)).all()
            reading.set()
            leave.wait(60)

    reader = Thread(target=read_slowly)
    reader.start()
    reading.wait(60)
    withdraw(parts, sent)
    assert delivery.effects(parts.engine, clock()) == 0
    assert b"canari" in files(url)
    leave.set()
    reader.join()
    assert delivery.effects(parts.engine, clock.tick(minutes=1)) == 1
    assert b"canari" not in files(url)
    with parts.reading() as session:
        assert session.exec(select(Effect)).all() == []


@pytest.fixture
def keeper(engine: Engine) -> Generator[Connection]:
    """Who looks after the PostgreSQL server, on its own machine."""
    if engine.dialect.name != "postgresql":
        pytest.skip("this is about PostgreSQL")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not Path(connection.execute(text("SHOW data_directory")).scalar_one()).is_dir():
            pytest.skip("the server is on another machine")
        yield connection


def on_disk(keeper: Connection, *words: str, folder: str = "base") -> list[str]:
    """Those of the words that are in a file."""
    keeper.execute(text("CHECKPOINT"))
    found = set[str]()
    top = Path(keeper.execute(text("SHOW data_directory")).scalar_one(), folder)
    for place, _, names in os.walk(top):
        for file in (Path(place, name) for name in names):
            with suppress(OSError):  # a socket, or of another test, which has just dropped it
                content = file.read_bytes()
                found.update(word for word in words if word.encode() in content)
    return [word for word in words if word in found]


def tonight(clock: FakeClock) -> datetime:
    clock.now = clock.now.replace(hour=2) + timedelta(days=1)
    return clock()


def test_promise_09_erased_words_leave_the_files_of_postgresql_at_night(
    parts: Parts, article: str, clock: FakeClock, keeper: Connection
) -> None:
    words = [identifiers.new_id() for _ in range(4)]
    long = " ".join(identifiers.new_id() for _ in range(300))  # kept apart from its row
    gone = [send(parts, article, words[0], author=words[1]), send(parts, article, f"{words[2]} {long}")]
    send(parts, article, words[3])
    keeper.execute(text("ANALYZE"))
    assert on_disk(keeper, *words) == words
    for sent in gone:
        withdraw(parts, sent)
    assert delivery.effects(parts.engine, clock.tick(hours=10)) == 0
    assert on_disk(keeper, *words) == words
    assert delivery.effects(parts.engine, tonight(clock)) == 2
    assert on_disk(keeper, *words) == words[3:]


@pytest.fixture
def look(engine: Engine, url: str, request: pytest.FixtureRequest) -> Callable[..., list[str]]:
    """Those of some words that are in the files of the database."""
    if engine.dialect.name == "sqlite":
        return lambda *words: [word for word in words if word.encode() in files(url)]
    return partial(on_disk, request.getfixturevalue("keeper"))


def exchange(parts: Parts, sent: Sent, by: Person, question: str, answer: str) -> None:
    """A question, undone; another; and its answer."""
    now = parts.clock()
    with parts.writing() as session:
        ask = partial(decisions.decide, session, sent.id, Action.ASK, by=by.id, now=now)
        undone = ask(revision=1, undo=timedelta(seconds=20), note=question)
        assert undone.id is not None
        decisions.undo(session, undone.id, by=by.id, now=now)
        ask(revision=3, undo=timedelta(), note=question)
        answers.answer(session, sent.tracking, answer, revision=2, now=now)


def test_promise_09_a_question_and_its_answer_leave_the_files_with_the_text(
    parts: Parts, article: str, ann: Person, clock: FakeClock, look: Callable[..., list[str]]
) -> None:
    words = [identifiers.new_id() for _ in range(4)]
    gone, kept = send(parts, article, "Un.", email="zoe@example.org"), send(parts, article, "Deux.")
    exchange(parts, gone, ann, words[0], words[1])
    exchange(parts, kept, ann, words[2], words[3])
    assert look(*words) == words
    with parts.writing() as session:
        submissions.withdraw(session, gone.tracking, revision=3, now=clock())
    delivery.effects(parts.engine, tonight(clock))
    assert look(*words) == words[2:]


def test_promise_09_what_was_noted_of_a_decision_leaves_the_files_with_the_text(
    parts: Parts, article: str, ann: Person, clock: FakeClock, look: Callable[..., list[str]]
) -> None:
    words = [identifiers.new_id() for _ in range(2)]
    gone, kept = send(parts, article, "Un."), send(parts, article, "Deux.")
    with parts.writing() as session:
        for sent, note in zip((gone, kept), words, strict=True):
            move = partial(decisions.decide, session, sent.id, by=ann.id, now=clock(), undo=timedelta())
            move(Action.REFUSE, revision=1, reason=Reason.OTHER, note=f"Vous écrivez « {note} ».")
            move(Action.REOPEN, revision=2)
        deciders.stand_aside(session, gone.id, by=ann.id, now=clock())
    assert look(*words) == words
    with parts.writing() as session:
        submissions.withdraw(session, gone.tracking, revision=3, now=clock())
    delivery.effects(parts.engine, tonight(clock))
    assert look(*words) == words[1:]
    with parts.reading() as session:
        assert not deciders.stands_aside(session, gone.id, ann.id)
        noted = select(Decision.comment_id).where(Decision.note != "")
        assert session.exec(noted).all() == [kept.id]


def test_promise_09_what_was_kept_long_enough_leaves_the_files_of_either_database(
    parts: Parts, article: str, ann: Person, clock: FakeClock, look: Callable[..., list[str]]
) -> None:
    words = [identifiers.new_id() for _ in range(4)]
    refused = send(parts, article, words[0], author=words[1], email=f"{words[2]}@example.org")
    with parts.writing() as session:
        decisions.decide(
            session,
            refused.id,
            Action.REFUSE,
            revision=1,
            by=ann.id,
            now=clock(),
            undo=timedelta(),
            reason=Reason.OTHER,
            note=words[3],
        )
    assert look(*words) == words
    clock.tick(days=121)
    assert retention.sweep(parts.engine, clock(), parts.settings.periods, lambda: False) == 1
    delivery.effects(parts.engine, tonight(clock))
    assert look(*words) == []


def test_every_table_a_withdrawal_takes_words_from_is_written_anew(
    parts: Parts, engine: Engine, article: str, ann: Person
) -> None:
    sent = send(parts, article, "Le pont.", author="Zoé", email="zoe@example.org")
    exchange(parts, sent, ann, "D’où ?", "De Zoé.")
    with statements(engine) as asked, parts.writing() as session:
        submissions.withdraw(session, sent.tracking, revision=3, now=parts.clock())
    taken = {found[1] for one in asked if (found := re.match(r'(?:UPDATE|DELETE FROM) "?(\w+)', one))}
    # These hold names of rows and of people of the team, and what is still to be done.
    names = {"lease", "pass", "mention", "put_forward", "recusal", "letter", "effect"}
    assert taken - names <= set(scrubbing.TABLES)
    assert {"version", "comment", "decision", "note", "voice", "question", "claim"} <= taken


def test_erased_words_leave_the_log_of_postgresql_as_its_keeper_is_told(
    parts: Parts, article: str, clock: FakeClock, keeper: Connection
) -> None:
    """As deploy/README.md says."""
    for _ in range(3):
        word, name = identifiers.new_id(), identifiers.new_id()
        sent = send(parts, article, word, author=name, email=f"{name}@example.org")
        keeper.execute(text("ANALYZE"))
        withdraw(parts, sent)
        assert delivery.effects(parts.engine, tonight(clock)) == 1
        if on_disk(keeper, word, folder="pg_wal"):
            break
    else:  # once it may just have gone on to its next file, or have a page end within the word
        pytest.fail("the log does not hold what was written")
    if keeper.execute(text("SHOW wal_recycle")).scalar_one() != "off":
        pytest.skip("the server keeps old files for its log")

    def moved_on() -> bool:
        keeper.execute(text("SELECT pg_switch_wal()"))
        return on_disk(keeper, word, name, folder=".") == []

    # Of those who test beside this one, somebody may hold the log back at that moment.
    assert any(moved_on() for _ in range(5))


@pytest.mark.parametrize("looked_at", [Version.source, Site.id], ids=["the texts", "anything"])
def test_erased_words_are_not_said_to_be_gone_while_somebody_may_still_read_them(
    parts: Parts, article: str, clock: FakeClock, keeper: Connection, looked_at: Any
) -> None:
    word = identifiers.new_id()
    sent = send(parts, article, word)
    with parts.reading() as session:
        session.exec(select(looked_at)).all()
        withdraw(parts, sent)
        assert delivery.effects(parts.engine, tonight(clock)) == 0
        assert session.exec(select(Version.source)).all() == [word]
        assert on_disk(keeper, word) == [word]
    # PostgreSQL’s own housekeeping may be reading at that moment; then it is done the next time.
    assert any(delivery.effects(parts.engine, clock.tick(hours=1)) for _ in range(5))
    assert on_disk(keeper, word) == []


def test_scrubbing_while_others_write_loses_nothing(parts: Parts) -> None:
    def increment() -> None:
        for _ in range(20):
            with parts.writing() as session:
                session.exec(update(Site).values(last_number=col(Site.last_number) + 1))

    told = at_once(increment, increment, *[partial(scrubbing.scrub, parts.engine)] * 4)
    assert not [one for one in told if isinstance(one, Exception)]
    with parts.reading() as session:
        assert session.get_one(Site, 1).last_number == 40


def test_promise_09_no_address_is_kept_or_logged(
    parts: Parts, article: str, clock: FakeClock, ann: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    client = TestClient(create_app(parts), follow_redirects=False, client=("203.0.113.7", 50000))
    client.headers |= {
        "X-Forwarded-For": "203.0.113.8",
        "Forwarded": "for=203.0.113.8",
        "User-Agent": "Netscape",
    }
    reader = Reader(client, clock).preview(article, "Le pont est ouvert.")
    answer = reader.send(article)
    assert answer.status_code == 303
    client.get(answer.headers["Location"])
    client.post("/sign-in", data={"email": ann.email})
    client.get("/nowhere")
    sign_in(parts, client, ann)
    assert client.get("/desk").status_code == 200
    with parts.reading() as session:
        rows = [
            str(row)
            for table in SQLModel.metadata.sorted_tables
            for row in session.connection().execute(table.select())
        ]
    assert rows
    for word in ("203.0.113", "Netscape"):
        assert not [row for row in rows if word in row]
        assert word not in caplog.text

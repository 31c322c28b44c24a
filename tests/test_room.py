"""No more waits than may, under one article and on the whole site."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from conftest import add_article as add
from conftest import at_once, listening, send
from sqlalchemy import Engine, text
from sqlmodel import col, func, select

from moderation import articles, decisions, drafts, identifiers, submissions
from moderation.accounts import Person
from moderation.duplicates import Duplicate
from moderation.lifecycle import Action, Status
from moderation.markup import Dialect
from moderation.models.public import Mode, Thread
from moderation.models.queue import Comment, ForumChange
from moderation.pages import desk, queue
from moderation.pages.filters import Filter
from moderation.settings import ANY_NUMBER, Room, Settings
from moderation.submissions import Closed, Full
from moderation.web.dependencies import Parts


def submit(parts: Parts, slug: str, words: str, room: Room, nonce: str = "") -> str:
    draft = drafts.read("", "", words, dialect=Dialect.SPIP)
    nonce = nonce or identifiers.new_code()
    with parts.writing() as session:
        return submissions.submit(session, slug, draft, nonce=nonce, now=parts.clock(), room=room).id


def waiting(parts: Parts) -> int:
    with parts.reading() as session:
        return session.exec(select(func.count()).where(col(Comment.status) == Status.PENDING)).one()


def fill(parts: Parts, slug: str, number: int) -> list[str]:
    return [submit(parts, slug, f"Texte {slug} {n}.", ANY_NUMBER) for n in range(number)]


def publish(parts: Parts, comment_id: str, by: Person) -> None:
    now = parts.clock()
    with parts.writing() as session:
        decisions.decide(session, comment_id, Action.PUBLISH, revision=1, by=by.id, now=now, undo=timedelta())


def test_an_article_takes_as_many_as_may_wait_under_it(parts: Parts, article: str, ann: Person) -> None:
    other, room = add(parts, "autre"), Room(thread=3)
    first, *_ = fill(parts, article, 3)
    with pytest.raises(Full) as full:
        submit(parts, article, "De trop.", room)
    assert not full.value.everywhere
    assert waiting(parts) == 3
    submit(parts, other, "Ailleurs.", room)
    publish(parts, first, ann)
    submit(parts, article, "De trop.", room)
    with pytest.raises(Full):
        submit(parts, article, "Encore.", room)


def test_a_site_takes_as_many_as_may_wait_on_it(parts: Parts, article: str, ann: Person) -> None:
    other, room = add(parts, "autre"), Room(site=4)
    first, *_ = fill(parts, article, 2) + fill(parts, other, 2)
    for slug in (article, other):
        with pytest.raises(Full) as full:
            submit(parts, slug, "De trop.", room)
        assert full.value.everywhere
    publish(parts, first, ann)
    submit(parts, other, "De trop.", room)
    assert waiting(parts) == 4


def test_only_what_waits_takes_room(parts: Parts, article: str, ann: Person) -> None:
    for comment_id in fill(parts, article, 3):
        publish(parts, comment_id, ann)
    submit(parts, article, "Un.", Room(thread=2, site=2))


def test_without_a_number_any_may_wait(parts: Parts, article: str) -> None:
    fill(parts, article, 5)
    assert waiting(parts) == 5
    default = Settings().room
    assert (default.thread, default.site) == (1000, 10_000)


def test_a_form_sent_again_is_acknowledged_though_there_is_no_room(parts: Parts, article: str) -> None:
    room = Room(thread=1, site=1)
    sent = submit(parts, article, "Un.", room, nonce="n")
    assert submit(parts, article, "Un.", room, nonce="n") == sent
    with pytest.raises(Duplicate):
        submit(parts, article, "Un.", room)
    with parts.writing() as session:
        articles.set_mode(session, article, Mode.CLOSED)
    with pytest.raises(Closed):
        submit(parts, article, "Deux.", room)


def test_of_many_at_once_only_those_are_stored_for_which_there_is_room(parts: Parts, article: str) -> None:
    fill(parts, article, 2)
    deeds = [partial(submit, parts, article, f"Ensemble {n}.", Room(thread=5)) for n in range(12)]
    answers = at_once(*deeds)
    assert sum(isinstance(answer, str) for answer in answers) == 3
    assert sum(isinstance(answer, Full) for answer in answers) == 9
    assert waiting(parts) == 5


def test_of_many_under_many_articles_only_those_are_stored_for_which_there_is_room(parts: Parts) -> None:
    slugs = [add(parts, f"article-{n}") for n in range(8)]
    room = Room(site=24)
    fill(parts, slugs[0], 12)
    at_once(*[partial(submit, parts, slug, f"{slug} {n}.", room) for n in range(2) for slug in slugs])
    assert waiting(parts) == 24
    with pytest.raises(Full):
        submit(parts, slugs[0], "De trop.", room)


# However much the table holds


def plan(engine: Engine, statement: str, values: Any) -> str:
    """How the database goes about it."""
    explain = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
    with engine.connect() as connection:
        return "\n".join(str(row) for row in connection.exec_driver_sql(explain + statement, values))


@pytest.fixture
def large(parts: Parts, article: str) -> None:
    """Twenty thousand decided, and those that wait after them: the table read from its start is no help."""
    send(parts, article, "Un.")
    columns = "title, lead, body, postscript, section, place, themes, proposer, featured, published_at"
    forums = f"""INSERT INTO article (slug, {columns})
        WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 2000)
        SELECT slug || n, {columns} FROM article, number"""  # noqa: S608 - our own words
    threads = """INSERT INTO thread (article_id, mode, revision, count)
        SELECT id, 'apriori', 1, 0 FROM article WHERE id NOT IN (SELECT article_id FROM thread)"""
    columns = "thread_id, section, revision, version, submitted_at"
    copies = f"""INSERT INTO comment (id, nonce, tracking, status, {columns})
        WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 22000)
        SELECT 'c' || n, 'n' || n, 't' || n, CASE WHEN n > 20000 THEN 'pending' ELSE 'refused' END, {columns}
        FROM comment, number"""  # noqa: S608 - our own words
    columns = "number, author, email, source, html, findings, dialect, renderer, written_at"
    versions = f"""INSERT INTO version (comment_id, fingerprint, {columns})
        SELECT comment.id, comment.id, {columns} FROM version, comment
        WHERE comment.id <> version.comment_id"""  # noqa: S608
    with parts.engine.begin() as connection:
        for statement in (forums, threads, copies, versions):
            connection.execute(text(statement))
    with parts.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


@pytest.mark.usefixtures("large")
def test_what_waits_is_counted_along_an_index(parts: Parts, article: str, ann: Person) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if "count(" in statement:
            asked.append((statement, values))

    with listening(parts.engine, "before_cursor_execute", note):
        with pytest.raises(Full):
            submit(parts, article, "De trop.", Room(thread=5000, site=1000))
        with parts.reading() as session:
            queue.count(session, ann, Filter())
    plans = [plan(parts.engine, *one) for one in asked]
    # All that may stand against a text, the room it found full, and the desk.
    assert ["ix_comment_" in one for one in plans] == [True] * 3
    # What waits for a moderator and what waits for its author, here and on the whole site.
    assert plans[0].count("ix_comment_") == 4
    assert "ix_version_fingerprint" in plans[0]
    whole = [f"{scan} {table}" for scan in ("SCAN", "Seq Scan on") for table in ("comment", "version")]
    assert [scan for scan in whole if scan in "".join(plans)] == []


# Closing a forum


def changes(parts: Parts) -> list[tuple[str, int]]:
    with parts.reading() as session:
        lines = session.exec(select(ForumChange).order_by(col(ForumChange.id))).all()
        return [(line.mode.value, line.account_id) for line in lines]


def test_closing_and_opening_a_forum_is_logged_and_seen_by_readers(
    parts: Parts, article: str, ann: Person, sami: Person
) -> None:
    def revision() -> int:
        with parts.reading() as session:
            return session.exec(select(Thread.revision)).one()

    before = revision()
    for mode, by in ((Mode.CLOSED, ann), (Mode.APRIORI, sami)):
        with parts.writing() as session:
            articles.move(session, article, mode, by=by.id, now=parts.clock())
    assert changes(parts) == [("closed", ann.id), ("apriori", sami.id)]
    assert revision() == before + 2


def test_closing_what_is_closed_changes_nothing(parts: Parts, article: str, ann: Person) -> None:
    def close() -> None:
        with parts.writing() as session:
            articles.move(session, article, Mode.CLOSED, by=ann.id, now=parts.clock())

    assert at_once(*[close] * 6) == [None] * 6
    assert changes(parts) == [("closed", ann.id)]


def test_there_is_no_forum_to_close_under_an_unknown_article(parts: Parts, ann: Person) -> None:
    with pytest.raises(articles.NotFound), parts.writing() as session:
        articles.move(session, "inconnu", Mode.CLOSED, by=ann.id, now=parts.clock())
    assert changes(parts) == []


def test_the_desk_knows_what_is_full(parts: Parts, ann: Person) -> None:
    slugs = [add(parts, f"article-{n}", title=f"Titre {n}") for n in range(3)]
    for slug, number in zip(slugs, (3, 2, 3), strict=True):
        fill(parts, slug, number)

    def crowd(**room: int) -> tuple[bool, list[str]]:
        with parts.reading() as session:
            found = desk.first(session, ann, Filter(), after=None, room=Room(**room)).crowd
            return found.everywhere, [forum.title for forum in found.forums]

    assert crowd() == crowd(thread=4) == crowd(thread=9, site=9) == (False, [])
    assert crowd(thread=3) == crowd(thread=3, site=9) == (False, ["Titre 0", "Titre 2"])
    assert crowd(site=8) == crowd(thread=3, site=8) == (True, [])


def test_what_waits_for_its_author_takes_room(parts: Parts, article: str, ann: Person) -> None:
    first, *_ = fill(parts, article, 2)
    with parts.writing() as session:
        decisions.decide(
            session,
            first,
            Action.ASK,
            revision=1,
            by=ann.id,
            now=parts.clock(),
            undo=timedelta(),
            note="D’où ?",
        )
    assert waiting(parts) == 1
    for room, everywhere in ((Room(thread=2), False), (Room(site=2), True)):
        with pytest.raises(Full) as full:
            submit(parts, article, "De trop.", room)
        assert full.value.everywhere is everywhere
        with parts.reading() as session:
            crowd = desk.first(session, ann, Filter(), after=None, room=room).crowd
        assert (crowd.everywhere, len(crowd.forums)) == (everywhere, 0 if everywhere else 1)

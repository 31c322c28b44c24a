"""Lists narrowed: by each thing, by several, each read from an index in the list’s order."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import FakeClock, Sent, add_article, listening, send, statements
from sqlalchemy import text
from sqlmodel import Session

from moderation import articles, decisions, search
from moderation.accounts import Person
from moderation.articles import Content
from moderation.lifecycle import Action, Reason, Status
from moderation.models.queue import Comment
from moderation.pages import judging, log, narrowing, queue
from moderation.pages.cards import Card, cards, visible_to
from moderation.pages.filters import Filter, Place
from moderation.web.dependencies import Parts

Listed = Callable[..., list[str]]


@pytest.fixture
def listed(parts: Parts, ann: Person) -> Listed:
    def read(**narrowed: Any) -> list[str]:
        which = Filter(**narrowed)
        with parts.reading() as session:
            page = queue.listing(session, ann, which, after=None)
            assert queue.count(session, ann, which).number == len(page.cards)
            return [card.source for card in page.cards]

    return read


def decide(
    parts: Parts, person: Person, sent: Sent, action: Action, reason: Reason | None = None, revision: int = 1
) -> int:
    with parts.writing() as session:
        made = decisions.decide(
            session,
            sent.id,
            action,
            revision=revision,
            by=person.id,
            now=parts.clock(),
            undo=timedelta(seconds=20),
            reason=reason,
        )
        return made.id or 0


@pytest.fixture
def some(parts: Parts, clock: FakeClock, article: str) -> list[Sent]:
    with parts.writing() as session:
        articles.put(session, "le-vote", Content(title="Le vote", body="", section="Politique"), now=clock())
    told = [
        (
            article,
            "Voir https://www.exemple.org/a et https://autre.example/",
            "Zoé Martin",
            "zoe@exemple.org",
        ),
        (article, "Un mot.", "zoe martin", "Zoe@Exemple.org"),
        ("le-vote", "Voir https://exemple.org/b ici.", "Max", ""),
        ("le-vote", "Caché\u200bici, et <b>gras</b>.", "", ""),
    ]
    sent = []
    for slug, words, author, email in told:
        sent.append(send(parts, slug, words, author=author, email=email))
        clock.tick(hours=1)
    return sent


def test_each_filter_finds_its_own(listed: Listed, some: list[Sent], clock: FakeClock) -> None:
    one, two, three, four = (sent.text for sent in some)
    assert listed() == [one, two, three, four]
    assert listed(newest=True) == [four, three, two, one]
    assert listed(article="le-vote") == [three, four]
    assert listed(article="nowhere") == []
    assert listed(section="Ville") == [one, two]
    assert listed(author="ZOE MARTIN") == [one, two]
    assert listed(email="zoe@exemple.org") == [one, two]
    assert listed(link=True) == [one, three]
    assert listed(host="exemple.org") == listed(host="https://www.exemple.org/x") == [one, three]
    assert listed(host="autre.example", newest=True) == [one]
    assert listed(finding="invisible") == [four]
    assert listed(sent_before=clock() - timedelta(hours=3)) == [one]


def test_filters_combine(listed: Listed, some: list[Sent]) -> None:
    one, two, three, _ = (sent.text for sent in some)
    assert listed(host="exemple.org", section="Politique") == [three]
    assert listed(host="exemple.org", author="Max") == [three]
    assert listed(link=True, host="autre.example", email="zoe@exemple.org") == [one]
    assert listed(q="mot", author="Zoé Martin") == [two]
    assert listed(q="mot", section="Politique") == []
    assert listed(q="voir", host="exemple.org", article="le-vote", newest=True) == [three]
    assert listed(q="voir", by=7) == []


@pytest.mark.parametrize("few", [0, 2000])
def test_a_search_combines_either_way(
    listed: Listed, some: list[Sent], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "FEW", few)
    one, _, three, _ = (sent.text for sent in some)
    assert listed(q="voir") == [one, three]
    assert listed(q="voir", newest=True) == [three, one]
    assert listed(q="voir", link=True, host="autre.example") == [one]
    assert listed(q="voir", status=Status.REFUSED) == []


def test_lists_know_who_decided_and_why_until_it_is_undone(
    parts: Parts, listed: Listed, some: list[Sent], ann: Person, sami: Person
) -> None:
    refused = {"status": Status.REFUSED}
    decide(parts, ann, some[0], Action.REFUSE, Reason.OFF_TOPIC)
    last = decide(parts, sami, some[2], Action.REFUSE, Reason.PRIVACY)
    assert listed(**refused, by=sami.id) == listed(**refused, reason=Reason.PRIVACY) == [some[2].text]
    assert listed(**refused, host="exemple.org") == [some[0].text, some[2].text]
    with parts.writing() as session:
        decisions.undo(session, last, by=ann.id, now=parts.clock())
    assert listed(**refused, by=sami.id) == listed(by=sami.id) == listed(by=ann.id) == []
    assert listed(host="exemple.org") == [some[2].text]
    with parts.reading() as session:
        comment = session.get_one(Comment, some[2].id)
        assert (comment.decided_by, comment.reason) == (None, None)


def test_an_undo_brings_back_whose_decision_stood_before(
    parts: Parts, listed: Listed, some: list[Sent], ann: Person, sami: Person
) -> None:
    decide(parts, ann, some[0], Action.REFUSE, Reason.OFF_TOPIC)
    reopened = decide(parts, sami, some[0], Action.REOPEN, revision=2)
    assert listed(by=sami.id) == [some[0].text]
    with parts.writing() as session:
        decisions.undo(session, reopened, by=sami.id, now=parts.clock())
    assert listed(status=Status.REFUSED, by=ann.id, reason=Reason.OFF_TOPIC) == [some[0].text]


def test_pages_of_a_narrowed_list_follow_one_another(
    parts: Parts, ann: Person, clock: FakeClock, article: str
) -> None:
    sent = []
    for number in range(7):
        sent.append(send(parts, article, f"Voir https://exemple.org/{number}").id)
        clock.tick(minutes=1)
    for which in (Filter(host="exemple.org"), Filter(q="exemple"), Filter(host="exemple.org", newest=True)):
        order = sent[::-1] if which.newest else sent
        with parts.reading() as session:
            page = queue.listing(session, ann, which, after=None, limit=3)
            again = queue.listing(session, ann, which, after=page.next, limit=3)
            assert [card.id for card in (*page.cards, *again.cards)] == order[:6]
            beside = queue.around(session, ann, which, page.cards[1])
            assert (beside.previous_id, beside.next_id) == (order[0], order[2])


@pytest.mark.parametrize("newest", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
def test_what_waits_for_so_long_is_read_from_any_place_on_either_way(
    parts: Parts, ann: Person, clock: FakeClock, article: str, newest: bool, backwards: bool
) -> None:
    """From one that waits for less, too, as an open one may."""
    places = []
    for number in range(6):
        sent = send(parts, article, f"Le texte numéro {number}.")
        places.append(Place(clock(), sent.id))
        clock.tick(hours=1)
    which = Filter(newest=newest, longer=3, sent_before=clock() - timedelta(hours=3))
    down = newest is not backwards
    with parts.reading() as session:
        mine = narrowing.narrowed(session, visible_to(ann), which)
        for place in places:
            old = [one for one in places[:3] if (one < place if down else one > place)]
            found = session.execute(mine.ids(9, beyond=place, backwards=backwards)).scalars().all()
            assert list(found) == [one.id for one in (old[::-1] if down else old)]


# How they are read


def plan(session: Session, statement: str, given: Any) -> str:
    words = "EXPLAIN QUERY PLAN " if session.get_bind().dialect.name == "sqlite" else "EXPLAIN "
    rows = session.connection().exec_driver_sql(words + statement, given).all()
    return "\n".join(str(row[-1]) for row in rows)


SINGLE: dict[str, tuple[dict[str, Any], str]] = {
    "article": ({"article": "le-pont"}, "ix_comment_thread_id_status_submitted_at_id"),
    "section": ({"section": "Ville"}, "ix_comment_section_status_submitted_at_id"),
    "author": ({"author": "Zoé"}, "ix_comment_author_key_status_submitted_at_id"),
    "email": ({"email": "a@b.example"}, "ix_comment_email_key_status_submitted_at_id"),
    "by": ({"by": 1}, "ix_comment_decided_by_status_submitted_at_id"),
    "reason": ({"reason": Reason.PRIVACY}, "ix_comment_reason_status_submitted_at_id"),
    "link": ({"link": True}, "trait"),
    "host": ({"host": "exemple.org"}, "trait"),
    "finding": ({"finding": "bidi"}, "trait"),
    "nothing": ({}, "ix_comment_status_submitted_at_id"),
}


@pytest.fixture
def crowd(parts: Parts, some: list[Sent]) -> list[Sent]:
    """Two thousand of others beside them: of four rows all indexes are the same to PostgreSQL."""
    if parts.engine.dialect.name == "postgresql":
        columns = "thread_id, revision, version, submitted_at, official"
        statuses = ", ".join(f"'{status}'" for status in Status)
        own = "id || n, 'n' || id || n, 't' || id || n, 'Section ' || n, 'Nom ' || n, n || '@b.example'"
        copies = f"""
            INSERT INTO comment (id, nonce, tracking, section, author_key, email_key, status, {columns})
            SELECT {own}, (ARRAY[{statuses}])[1 + n % {len(Status)}], {columns}
            FROM comment, generate_series(1, 500) AS n"""  # noqa: S608 - our own words
        with parts.engine.begin() as connection:
            connection.execute(text(copies))
        with parts.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE comment")
    return some


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("newest", [False, True])
@pytest.mark.parametrize("name", SINGLE)
def test_each_filter_alone_is_read_from_its_index_in_order(
    parts: Parts, ann: Person, name: str, newest: bool
) -> None:
    narrowed, index = SINGLE[name]
    with parts.reading() as session:
        if parts.engine.dialect.name == "postgresql":
            for off in ("seqscan", "bitmapscan", "sort"):  # of four rows it would read them all
                session.connection().execute(text(f"SET LOCAL enable_{off} = off"))
        query = queue._mine(session, ann, Filter(**narrowed, newest=newest)).ids(18)
        compiled = query.compile(
            parts.engine, compile_kwargs={"render_postcompile": True, "literal_binds": True}
        )
        read = plan(session, str(compiled), ())
    assert index in read, read
    assert "TEMP B-TREE" not in read, read
    assert "Sort" not in read, read


@pytest.mark.parametrize("newest", [False, True])
@pytest.mark.parametrize(
    "narrowed",
    [
        *(narrowed for narrowed, _ in SINGLE.values()),
        {"q": "voir"},
        {"q": "voir", "link": True, "section": "Politique"},
        {"author": "Zoé Martin", "link": True},
    ],
    ids=repr,
)
def test_whatever_their_status_a_list_holds_what_each_holds_in_one_order(
    parts: Parts, ann: Person, some: list[Sent], narrowed: dict[str, Any], newest: bool
) -> None:
    decide(parts, ann, some[0], Action.PUBLISH)
    decide(parts, ann, some[2], Action.REFUSE, Reason.PRIVACY)
    with parts.reading() as session:

        def read(status: Status | None, after: str | None = None, limit: int = 50) -> queue.Listing:
            which = Filter(status, newest=newest, **narrowed)
            return queue.listing(session, ann, which, after=after, limit=limit)

        each = [card for status in Status for card in read(status).cards]
        together = list(read(None).cards)
        assert together == sorted(each, key=lambda card: card.place, reverse=newest)
        assert queue.count(session, ann, Filter(None, **narrowed)).number == len(together)
        paged: list[Card] = []
        after = None
        while len(paged) < len(together):
            page = read(None, after, 1)
            paged += page.cards
            after = page.next
        assert (paged, after) == (together, None)


@pytest.mark.parametrize("name", SINGLE)
def test_whatever_their_status_each_filter_is_read_from_its_index(
    parts: Parts, ann: Person, crowd: list[Sent], name: str
) -> None:
    assert len(crowd) == 4
    narrowed, index = SINGLE[name]
    with parts.reading() as session:
        if parts.engine.dialect.name == "postgresql":
            for off in ("seqscan", "bitmapscan"):
                session.connection().execute(text(f"SET LOCAL enable_{off} = off"))
        query = queue._mine(session, ann, Filter(None, **narrowed)).ids(18)
        compiled = query.compile(
            parts.engine, compile_kwargs={"render_postcompile": True, "literal_binds": True}
        )
        read = plan(session, str(compiled), ())
    assert read.count(index) >= len(Status), read


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("narrowed", [{"q": "voir"}, {"email": "a@b.example"}, {"author": "Zoé"}], ids=repr)
def test_what_may_be_far_more_than_it_seems_is_walked_and_not_sorted(
    parts: Parts, ann: Person, monkeypatch: pytest.MonkeyPatch, narrowed: dict[str, Any]
) -> None:
    monkeypatch.setattr(search, "FEW", 0)
    with parts.reading() as session:
        mine = queue._mine(session, ann, Filter(**narrowed))
        query = mine.ids(18).compile(
            parts.engine, compile_kwargs={"render_postcompile": True, "literal_binds": True}
        )
        with queue._in_order(session, mine):
            read = plan(session, str(query), ())
    assert "Sort" not in read, read
    assert "TEMP B-TREE" not in read, read


@pytest.mark.parametrize("key", ["author_key", "email_key"])
def test_what_became_of_others_of_a_name_is_read_along_its_index(
    parts: Parts, ann: Person, some: list[Sent], key: str
) -> None:
    with statements(parts.engine) as seen, parts.reading() as session:
        (card,) = cards(session, [some[0].id])
        judging.judging(session, ann, card, "")
    (asked,) = {one for one in seen if f"comment.{key} = " in one}
    with parts.reading() as session:
        if parts.engine.dialect.name == "postgresql":
            for off in ("seqscan", "bitmapscan", "sort"):
                session.connection().execute(text(f"SET LOCAL enable_{off} = off"))
        marks = re.sub(r"%\(\w+\)s|\?", "'x'", re.sub("LIMIT .*", "LIMIT 1001", asked))
        read = plan(session, marks, ())
    assert f"ix_comment_{key}_status_submitted_at_id" in read, read
    assert "TEMP B-TREE" not in read, read
    assert "Sort" not in read, read


def test_a_list_is_read_in_as_many_statements_however_it_is_narrowed(
    parts: Parts, ann: Person, some: list[Sent]
) -> None:
    asked = {}
    for name, (narrowed, _) in SINGLE.items():
        with statements(parts.engine) as seen, parts.reading() as session:
            queue.listing(session, ann, Filter(**narrowed), after=None)
        asked[name] = len([one for one in seen if "comment" in one])
    assert len(some) == 4
    assert set(asked.values()) <= {1, 2}, asked


def test_the_section_of_an_article_is_that_of_its_contributions(
    parts: Parts, listed: Listed, some: list[Sent], clock: FakeClock
) -> None:
    with parts.writing() as session:
        content = Content(title="Le vote", body="", section="Ville")
        articles.put(session, "le-vote", content, now=clock(), replace=True)
    assert listed(section="Ville") == [sent.text for sent in some]
    assert listed(section="Politique") == []
    add_article(parts, "la-gare")


def test_one_s_last_decision_is_looked_for_in_the_order_of_time_whoever_decided_how_much(
    parts: Parts, ann: Person, pending: Sent
) -> None:
    decide(parts, ann, pending, Action.SPAM)
    asked: list[tuple[str, Any]] = []

    def listen(_connection: object, _cursor: object, statement: str, given: Any, *_: object) -> None:
        asked.append((statement, given))

    with parts.reading() as session, listening(parts.engine, "before_cursor_execute", listen):
        assert log.last(session, ann, parts.clock(), timedelta(hours=1)) is not None
    first = next(one for one in asked if "FROM decision" in one[0])
    with parts.reading() as session:
        if parts.engine.dialect.name == "postgresql":
            session.connection().execute(text("SET LOCAL enable_seqscan = off"))
        assert "ix_decision_at" in plan(session, *first)
        assert "account_id =" not in first[0]

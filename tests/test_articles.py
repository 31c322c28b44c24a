from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from conftest import FakeClock, Sent, add_article, at_once, send
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from moderation import articles, decisions
from moderation.accounts import Person
from moderation.articles import BadSlug, Content, Exists, NotFound
from moderation.lifecycle import Action
from moderation.markup import Refused
from moderation.models.public import Article, Mode, Site, Thread
from moderation.models.queue import Comment
from moderation.web.dependencies import Parts

CONTENT = Content(title="Le pont rouvre", body="<p>Lundi.</p>")


def put(parts: Parts, slug: str, content: Content = CONTENT, *, replace: bool = False) -> None:
    with parts.writing() as session:
        articles.put(session, slug, content, now=parts.clock(), replace=replace)


def stored(parts: Parts) -> tuple[Article, Thread]:
    with parts.reading() as session:
        return session.exec(select(Article, Thread).join(Thread)).one()


def revisions(parts: Parts) -> tuple[int, int]:
    with parts.reading() as session:
        return session.exec(select(Site.revision)).one(), session.exec(select(Thread.revision)).one()


@pytest.mark.parametrize("slug", ["a", "le-pont", "2026-03-01-le-pont", "a" * 200])
def test_small_letters_digits_and_single_dashes_make_a_slug(parts: Parts, slug: str) -> None:
    put(parts, slug)
    assert stored(parts)[0].slug == slug


@pytest.mark.parametrize(
    "slug",
    ["", "-", "-a", "a-", "a--b", "A", "é", "a b", "a/b", "a.b", "../a", "a\n", "a\0", "a" * 201, "٣", "a_b"],
)
def test_nothing_else_makes_a_slug(parts: Parts, slug: str) -> None:
    with pytest.raises(BadSlug):
        put(parts, slug)


def test_an_article_comes_with_an_open_thread_and_no_contribution(parts: Parts) -> None:
    put(parts, "le-pont")
    article, thread = stored(parts)
    assert (article.published_at, article.updated_at) == (parts.clock(), None)
    assert (thread.mode, thread.count) == (Mode.APRIORI, 0)


def test_an_article_is_not_added_twice_but_replaced_when_asked(parts: Parts, clock: FakeClock) -> None:
    published = clock()
    put(parts, "le-pont")
    with pytest.raises(Exists):
        put(parts, "le-pont", Content(title="Autre", body="<p>x</p>"))
    clock.tick(days=1)
    put(parts, "le-pont", Content(title="Le pont ferme", body="<p>Mardi.</p>"), replace=True)
    article, _ = stored(parts)
    assert (article.title, article.body) == ("Le pont ferme", "<p>Mardi.</p>")
    assert (article.published_at, article.updated_at) == (published, clock())


def test_the_same_article_added_in_many_places_at_once_is_added_once(parts: Parts) -> None:
    told = at_once(*[partial(put, parts, "le-pont")] * 4)
    assert sorted(type(one).__name__ for one in told) == ["Exists", "Exists", "Exists", "NoneType"]
    assert stored(parts)[0].slug == "le-pont"


def test_every_public_page_is_made_anew_when_an_article_changes(parts: Parts) -> None:
    put(parts, "le-pont")
    before = revisions(parts)
    put(parts, "le-pont", replace=True)
    after = revisions(parts)
    assert (after[0] > before[0], after[1] > before[1]) == (True, True)


def test_a_forum_is_closed_and_opened_again(parts: Parts, article: str) -> None:
    before = revisions(parts)
    for mode in (Mode.CLOSED, Mode.APRIORI):
        with parts.writing() as session:
            articles.set_mode(session, article, mode)
        assert stored(parts)[1].mode is mode
    assert revisions(parts) == (before[0] + 2, before[1] + 2)


def test_the_forum_of_no_article_is_not_closed(parts: Parts) -> None:
    with pytest.raises(NotFound), parts.writing() as session:
        articles.set_mode(session, "nowhere", Mode.CLOSED)


def test_titles_and_names_are_lines_and_bodies_are_made_safe(parts: Parts) -> None:
    content = Content(
        title=" Le\npont \u202e<b> ",
        body='<h3>Bien</h3><script>x()</script><p onclick="x()">Lundi.</p>',
        postscript="<p>Merci <img src=x onerror=x()></p>",
        lead="En\x00 bref\u202e.",
        section="Ville\r\n",
        place="\u200bLyon",
        themes=("Eau\n", " Air"),
        proposer="Zoé\t",
    )
    put(parts, "le-pont", content)
    article, _ = stored(parts)
    assert (article.title, article.section, article.place) == ("Le pont <b>", "Ville", "Lyon")
    assert (article.lead, article.proposer, article.themes) == ("En bref.", "Zoé", ["Eau", "Air"])
    for html in (article.body, article.postscript):
        assert not [bad for bad in ("<script", "onclick", "onerror") if bad in html]


def test_a_title_has_an_end(parts: Parts) -> None:
    with pytest.raises(Refused):
        put(parts, "le-pont", Content(title="a" * 301, body="<p>x</p>"))


def until_done(deed: Callable[[], object]) -> object:
    """As whoever is told to try again: PostgreSQL ends one of those who wait in a ring."""
    for _ in range(20):
        try:
            return deed()
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != "40P01":
                raise
    raise AssertionError("it is never done")


def test_an_article_changes_its_section_while_others_send_and_decide(
    parts: Parts, article: str, ann: Person, clock: FakeClock
) -> None:
    sent = [send(parts, article, f"Le texte numéro {number}.") for number in range(10)]

    def file(section: str) -> object:
        with parts.writing() as session:
            content = Content(title="Le pont", body="<p>Oui.</p>", section=section)
            return articles.put(session, article, content, now=clock(), replace=True).id

    def publish(one: Sent) -> object:
        with parts.writing() as session:
            return decisions.decide(
                session, one.id, Action.PUBLISH, revision=1, by=ann.id, now=clock(), undo=timedelta()
            )

    deeds: list[Callable[[], object]] = []
    for number, one in enumerate(sent):
        deeds += [partial(publish, one), partial(file, f"Rubrique {number % 3}")]
        deeds += [partial(send, parts, article, f"Un autre, le {number}.")]
    outcomes = at_once(*[partial(until_done, deed) for deed in deeds])
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    with parts.reading() as session:
        (filed,) = session.exec(select(Article.section)).all()
        assert set(session.exec(select(Comment.section))) == {filed}
        assert session.exec(select(Thread.count)).one() == 10


def test_articles_have_threads_of_their_own(parts: Parts) -> None:
    for slug in ("le-pont", "la-gare"):
        add_article(parts, slug)
    with parts.reading() as session:
        assert len(set(session.exec(select(Thread.article_id)))) == 2


def test_replacing_an_article_leaves_its_forum_as_it_was(parts: Parts) -> None:
    put(parts, "le-pont", Content(title="Le pont", body="<p>x</p>", mode=Mode.CLOSED))
    put(parts, "le-pont", replace=True)
    assert stored(parts)[1].mode is Mode.CLOSED
    put(parts, "le-pont", Content(title="Le pont", body="<p>x</p>", mode=Mode.APRIORI), replace=True)
    assert stored(parts)[1].mode is Mode.APRIORI

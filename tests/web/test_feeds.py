"""Public feeds, as a feed reader has them."""

from collections.abc import Callable
from typing import Any

import feedparser
import pytest
from conftest import BuildParts, FakeClock, add_article, send, statements
from page import Page
from sqlmodel import select
from starlette.testclient import TestClient
from test_corrections import correct
from web.test_public import FULL, decide, publish, put

from moderation import claims, drafts
from moderation.accounts import Person
from moderation.articles import Content
from moderation.lifecycle import Action
from moderation.markup import Dialect
from moderation.models.queue import Comment
from moderation.pages import feeds as pages
from moderation.web import public
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

SITE, FORUM = "/feed.atom", "/articles/le-pont/feed.atom"
CONVERSATION = "/articles/le-pont/comments/1/feed.atom"
# What RFC 4287 asks of every feed and entry (4.1.1 and 4.1.2), and what feedparser calls it.
OF_A_FEED, OF_AN_ENTRY = (
    {"id", "title", "updated", "authors"},
    {"id", "title", "updated", "published", "links"},
)


def read(client: TestClient, address: str) -> Any:
    """As a feed reader understands it: well-formed, and with all that a feed must have."""
    answer = client.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (
        200,
        "application/atom+xml; charset=utf-8",
    )
    found = feedparser.parse(answer.content, resolve_relative_uris=False, sanitize_html=False)
    assert not found.bozo, found.bozo_exception
    assert (found.version, OF_A_FEED - {*found.feed}) == ("atom10", set())
    (own,) = [link.href for link in found.feed.links if link.rel == "self"]
    assert own == found.feed.id == f"http://testserver{address}"
    for entry in found.entries:
        assert OF_AN_ENTRY - {*entry} == set()
        assert [link.type for link in entry.links if link.rel == "alternate"] == ["text/html"]
    assert len({entry.id for entry in found.entries}) == len(found.entries)
    return found


def titles(client: TestClient, address: str) -> list[str]:
    return [entry.title for entry in read(client, address).entries]


def said(client: TestClient, address: str) -> list[str]:
    return [entry.content[0].value for entry in read(client, address).entries if "content" in entry]


@pytest.fixture
def answered(parts: Parts, article: str, ann: Person, desk: TestClient, settle: Callable[[], None]) -> str:
    """A contribution the moderation has answered, number 1; its name."""
    sent = send(parts, article, "Et le pont ?", author="Zoé")
    fields = {"revision": "1", "text": "Il rouvre."}
    assert desk.post(f"/desk/comments/{sent.id}/reply", data=fields).status_code == 303
    settle()
    publish(parts, article, "Tout autre chose.", ann, author="Max")
    return sent.id


def test_the_site_s_feed_has_what_is_new_articles_and_contributions(
    parts: Parts, client: TestClient, clock: FakeClock, ann: Person
) -> None:
    put(parts, "bus", FULL)
    clock.tick(hours=1)
    publish(parts, "bus", "Un <ajout> & tout.", ann, author="Zoé & cie")
    clock.tick(hours=1)
    add_article(parts, "la-gare", title="La gare")
    feed = read(client, SITE)
    contribution = "Zoé & cie, à propos de «\u00a0Les bus & les « petits » trajets\u00a0»"
    assert [entry.title for entry in feed.entries] == ["La gare", contribution, FULL.title]
    gare, ajout, bus = feed.entries
    assert feed.feed.updated == gare.updated
    assert (ajout.content[0].value, ajout.content[0].type) == (
        "<p>Un &lt;ajout&gt; &amp; tout.</p>",
        "text/html",
    )
    assert (ajout.author, bus.author, bus.summary) == ("Zoé & cie", FULL.proposer, FULL.lead)
    assert [tag.term for tag in bus.tags] == [FULL.section]
    assert ajout.published == "2026-03-01T10:00:00+00:00"


def test_who_wants_the_articles_alone_has_a_feed_of_those(
    parts: Parts, client: TestClient, ann: Person, article: str
) -> None:
    publish(parts, article, "Un ajout.", ann)
    assert titles(client, "/articles.atom") == ["Le pont rouvre"]


def test_a_section_s_feed_has_what_is_new_there(parts: Parts, client: TestClient, ann: Person) -> None:
    put(parts, "bus", FULL)
    add_article(parts, "ailleurs", title="Ailleurs")
    put(parts, "eau", Content(title="L’eau", body="", section="Eau & forêts / pêche"))
    publish(parts, "eau", "Un ajout.", ann)
    publish(parts, "bus", "Un autre.", ann)
    assert titles(client, "/sections/Transports/feed.atom") == [
        "Anonyme, à propos de «\u00a0Les bus & les « petits » trajets\u00a0»",
        FULL.title,
    ]
    address = "/sections/Eau%20%26%20for%C3%AAts%20/%20p%C3%AAche/feed.atom"
    assert len(titles(client, address)) == 2
    assert client.get("/sections/Nulle part/feed.atom").status_code == 404


def test_a_forum_s_feed_says_what_answers_which(client: TestClient, answered: str) -> None:
    del answered
    feed = read(client, FORUM)
    other, answer, question = feed.entries
    assert answer.title == "Réponse de la modération, à propos de «\u00a0Le pont rouvre\u00a0»"
    assert [entry["thr_in-reply-to"]["ref"] for entry in feed.entries] == [
        "http://testserver/#article1",
        question.id,
        "http://testserver/#article1",
    ]
    assert answer["thr_in-reply-to"]["href"] == "http://testserver/comments/1"
    (replies,) = [link.href for link in question.links if link.rel == "replies"]
    assert replies == f"http://testserver{CONVERSATION}"
    assert [entry.id for entry in read(client, CONVERSATION).entries] == [answer.id, question.id]
    assert titles(client, "/articles/le-pont/comments/3/feed.atom") == [other.title]


def test_the_site_s_feed_leads_to_the_forum_s_and_counts_it(
    client: TestClient, answered: str, parts: Parts
) -> None:
    del answered
    add_article(parts, "la-gare")
    counted = {
        link.href: link["thr:count"]
        for entry in read(client, "/articles.atom").entries
        for link in entry.links
        if link.rel == "replies"
    }
    assert counted == {
        f"http://testserver{FORUM}": "3",
        "http://testserver/articles/la-gare/feed.atom": "0",
    }


def test_a_right_of_reply_is_said_to_be_one(
    parts: Parts, client: TestClient, article: str, ann: Person
) -> None:
    words = drafts.read("Mme Roy", "roy@example.org", "C’est faux.", dialect=Dialect.SPIP)
    with parts.writing() as session:
        code = claims.reply(session, article, words, "Un passage.", now=parts.clock())
    with parts.reading() as session:
        name = session.exec(select(Comment.id).where(Comment.tracking == code)).one()
    decide(parts, name, Action.PUBLISH, ann, revision=1)
    title = "Droit de réponse\u00a0: Mme Roy, à propos de «\u00a0Le pont rouvre\u00a0»"
    assert titles(client, FORUM) == [title]


@pytest.mark.parametrize("address", [SITE, FORUM, CONVERSATION])
def test_what_is_taken_down_is_gone_from_every_feed(
    parts: Parts, client: TestClient, ann: Person, answered: str, address: str
) -> None:
    assert "<p>Et le pont\u202f?</p>" in said(client, address)
    tag = client.get(address).headers["ETag"]
    decide(parts, answered, Action.UNPUBLISH, ann, revision=2)
    answer = client.get(address, headers={"If-None-Match": tag})
    assert answer.status_code == 200
    # With what the moderation had answered to it.
    assert said(client, address) == ([] if address == CONVERSATION else ["<p>Tout autre chose.</p>"])


@pytest.mark.parametrize("address", [SITE, FORUM, CONVERSATION])
def test_what_waits_is_in_no_feed_until_it_is_published(
    parts: Parts, client: TestClient, ann: Person, article: str, address: str
) -> None:
    sent = send(parts, article, "Canaritexte.")
    assert "Canaritexte" not in client.get(address).text
    decide(parts, sent.id, Action.PUBLISH, ann, revision=1)
    assert said(client, address) == ["<p>Canaritexte.</p>"]


def test_no_address_is_in_a_feed(parts: Parts, client: TestClient, ann: Person, article: str) -> None:
    sent = send(parts, article, "Un ajout.", author="Zoé", email="zoe@canari.example")
    decide(parts, sent.id, Action.PUBLISH, ann, revision=1)
    for address in (SITE, FORUM, CONVERSATION):
        answer = client.get(address).text
        assert ("Zoé" in answer, "canari" in answer) == (True, False)


def test_a_changed_text_says_when_and_keeps_its_name(
    parts: Parts, client: TestClient, clock: FakeClock, article: str, ann: Person, settle: Callable[[], None]
) -> None:
    sent = send(parts, article, "Une fote.", author="Zoé")
    decide(parts, sent.id, Action.PUBLISH, ann, revision=1)
    (before,) = read(client, FORUM).entries
    clock.tick(days=1)
    correct(parts, sent, ann, "Une faute.", revision=2)
    settle()
    (after,) = read(client, FORUM).entries
    assert (after.id, after.published) == (before.id, before.published)
    assert (before.updated, after.updated[:10]) == (before.published, "2026-03-02")
    assert after.content[0].value == "<p>Une faute.</p>"


@pytest.mark.parametrize(
    "address", [SITE, FORUM, CONVERSATION, "/articles.atom", "/sections/Ville/feed.atom"]
)
def test_who_has_a_feed_already_is_told_so_by_one_statement(
    parts: Parts, article: str, ann: Person, address: str
) -> None:
    publish(parts, article, "Un ajout.", ann)
    client = TestClient(create_app(parts))
    tag = client.get(address).headers["ETag"]
    with statements(parts.public_engine) as asked:
        answer = client.get(address, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content, len(asked)) == (304, b"", 1)


def test_a_feed_is_kept_as_a_page_is_and_whatever_its_query(
    build_parts: BuildParts, article: str, ann: Person
) -> None:
    parts = build_parts(cache_freshness=60)
    publish(parts, article, "Un ajout.", ann)
    client = TestClient(create_app(parts))
    first = client.get(FORUM)
    with statements(parts.public_engine) as asked:
        assert client.get(f"{FORUM}?utm_source=x").content == first.content
    assert asked == []
    assert public.is_kept(FORUM)


def test_a_feed_ends_at_its_newest_entries(
    parts: Parts, client: TestClient, article: str, ann: Person
) -> None:
    for number in range(pages.MOST + 2):
        publish(parts, article, f"Ajout {number}.", ann)
    assert said(client, FORUM) == [f"<p>Ajout {number}.</p>" for number in range(pages.MOST + 1, 1, -1)]
    assert len(read(client, SITE).entries) == pages.MOST
    assert said(client, CONVERSATION) == ["<p>Ajout 0.</p>"]


def test_a_site_and_a_forum_without_anything_have_feeds_all_the_same(
    parts: Parts, client: TestClient, clock: FakeClock
) -> None:
    assert read(client, SITE).feed.updated == clock().isoformat()
    add_article(parts, "le-pont")
    feed = read(client, FORUM)
    assert (feed.entries, feed.feed.updated) == ([], clock().isoformat())
    clock.tick(days=1)
    assert read(client, FORUM).feed.updated == feed.feed.updated


@pytest.mark.usefixtures("article")
@pytest.mark.parametrize(
    "address",
    [
        "/articles/nowhere/feed.atom",
        "/articles/le-pont/comments/1/feed.atom",
        "/articles/le-pont/comments/0/feed.atom",
        "/articles/nowhere/comments/1/feed.atom",
        "/articles/le-pont/comments/9999999999/feed.atom",
        "/articles/%00/feed.atom",
        "/sections/%00/feed.atom",
        "/sections//feed.atom",
        "/comments/1",
        "/comments/0",
        "/comments/99999999999",
    ],
)
def test_what_is_not_there_is_a_404_or_no_address(client: TestClient, address: str) -> None:
    assert client.get(address).status_code in {404, 422}


def test_a_conversation_is_read_under_its_own_article_alone(
    parts: Parts, client: TestClient, answered: str
) -> None:
    del answered
    add_article(parts, "la-gare")
    assert client.get("/articles/la-gare/comments/1/feed.atom").status_code == 404


def test_a_contribution_has_an_address_for_ever(
    parts: Parts, client: TestClient, article: str, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moderation.pages.public.PER_PAGE", 1)
    first = publish(parts, article, "Un.", ann)
    publish(parts, article, "Deux.", ann)
    assert where(client, 2) == "/articles/le-pont?page=2#comment2"
    decide(parts, first, Action.UNPUBLISH, ann, revision=2)
    assert where(client, 2) == "/articles/le-pont#comment2"
    assert client.get("/comments/1").status_code == 404


def where(client: TestClient, number: int) -> str:
    answer = client.get(f"/comments/{number}")
    assert (answer.status_code, answer.headers["cache-control"]) == (302, "public, no-cache")
    return answer.headers["location"]


def test_the_pages_lead_to_their_feeds(client: TestClient, article: str) -> None:
    home, page = (Page(client.get(address)) for address in ("/", f"/articles/{article}"))
    assert home.hrefs["tout ce qui paraît"] == SITE
    assert home.hrefs["les articles"] == "/articles.atom"
    assert page.hrefs["Suivre ce forum par un flux Atom"] == FORUM
    for shown, feeds in ((home, ["/articles.atom", SITE]), (page, [FORUM])):
        links = shown.nodes('link[rel="alternate"][type="application/atom+xml"]')
        assert [link.attributes["href"] for link in links] == feeds

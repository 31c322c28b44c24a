"""What search engines are told: where they may look, what there is, and what is whose."""

from datetime import datetime
from xml.etree import ElementTree as ET

from conftest import FakeClock, add_article
from page import Page
from starlette.testclient import TestClient
from web.test_public import FULL, publish, put

from moderation.accounts import Person
from moderation.pages import sitemap
from moderation.web.dependencies import Parts

LOC, LASTMOD = (f"{{http://www.sitemaps.org/schemas/sitemap/0.9}}{name}" for name in ("loc", "lastmod"))


def listed(client: TestClient) -> list[tuple[str, str]]:
    answer = client.get("/sitemap.xml")
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    urls = ET.fromstring(answer.content)  # noqa: S314 - our own
    return [(url.findtext(LOC) or "", url.findtext(LASTMOD) or "") for url in urls]


def test_the_sitemap_lists_the_articles_and_when_they_were_changed(
    parts: Parts, client: TestClient, clock: FakeClock
) -> None:
    add_article(parts, "le-pont")
    clock.tick(days=1)
    put(parts, "bus", FULL)
    clock.tick(days=1)
    put(parts, "bus", FULL, replace=True)
    home, bus, pont = listed(client)
    assert home == ("http://testserver/", "")
    assert [bus[0], pont[0]] == ["http://testserver/articles/bus", "http://testserver/articles/le-pont"]
    assert [datetime.fromisoformat(one[1]).day for one in (bus, pont)] == [3, 1]


def test_the_sitemap_is_bounded(client: TestClient) -> None:
    assert sitemap.MOST <= 50_000  # as the protocol allows
    assert listed(client) == [("http://testserver/", "")]


def test_engines_are_led_to_it_and_kept_from_what_says_nothing(client: TestClient) -> None:
    answer = client.get("/robots.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    lines = answer.text.splitlines()
    assert lines[0] == "User-agent: *"
    assert "Disallow: /desk" in lines
    assert lines[-1] == "Sitemap: http://testserver/sitemap.xml"


def test_a_page_says_which_one_it_is_and_what_may_be_shown_of_it(parts: Parts, client: TestClient) -> None:
    put(parts, "bus", FULL)
    page = Page(client.get("/articles/bus?page=1&utm_source=x"))
    (canonical,) = page.nodes("link[rel=canonical]")
    assert canonical.attributes["href"] == "/articles/bus"
    told = {
        str(node.attributes["property"]): node.attributes["content"] for node in page.nodes("meta[property]")
    }
    assert told == {
        "og:type": "article",
        "og:title": FULL.title,
        "og:description": FULL.lead,
        "og:site_name": "Le Passe-Muraille",
        "article:published_time": "2026-03-01T09:00:00+00:00",
    }


def test_what_readers_wrote_is_told_from_the_article(parts: Parts, client: TestClient, ann: Person) -> None:
    put(parts, "bus", FULL)
    publish(parts, "bus", "Un ajout.", ann, author="Zoé")
    page = Page(client.get("/articles/bus"))
    (article,) = page.nodes("[itemtype='https://schema.org/Article']")
    assert article.attributes["itemref"] == "contributions"
    (comment,) = page.nodes("#contributions [itemprop=comment][itemtype='https://schema.org/Comment']")
    said = {name: page.texts(f"#comment1 [itemprop={name}]") for name in ("text", "author", "datePublished")}
    assert said == {"text": ["Un ajout."], "author": ["Zoé"], "datePublished": ["1er mars 2026 à 10 h 00"]}
    assert page.texts("h1[itemprop=headline]") == [FULL.title]
    assert comment.attributes["class"] == "contribution"


def test_an_old_link_of_another_forum_finds_its_contribution(
    parts: Parts, client: TestClient, article: str, ann: Person
) -> None:
    publish(parts, article, "Un ajout.", ann)
    assert Page(client.get(f"/articles/{article}")).nodes("li#comment1 > #forum1")

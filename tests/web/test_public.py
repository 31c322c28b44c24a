from collections.abc import Callable
from datetime import timedelta

import pytest
from conftest import BuildParts, FakeClock, add_article, send, statements
from fastapi.routing import APIRoute
from page import Page
from starlette.testclient import TestClient

from moderation import articles, decisions
from moderation.accounts import Person
from moderation.articles import Content
from moderation.lifecycle import Action, Reason
from moderation.models.public import Mode
from moderation.pages import public as pages
from moderation.web import api_public, public
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

NOTICE = (
    "Ce forum est modéré a priori : votre contribution n’apparaîtra qu’après avoir été validée par un "
    "administrateur du site."
)
EMAIL = "Votre adresse électronique (facultative, jamais publiée : pour vous dire ce que devient votre texte)"
FULL = Content(
    title="Les bus & les « petits » trajets",
    lead="Un plan <neuf>.",
    body="<p>Le corps.</p><h2>Un intertitre</h2>",
    postscript="<p>La réunion est à 19 h.</p>",
    section="Transports",
    place="Sainte-Aubierge",
    themes=("bus", "budget"),
    proposer="Collectif des usagers",
    featured=True,
)


def put(parts: Parts, slug: str, content: Content, *, replace: bool = False) -> None:
    with parts.writing() as session:
        articles.put(session, slug, content, now=parts.clock(), replace=replace)


def publish(parts: Parts, slug: str, words: str, by: Person, *, author: str = "") -> str:
    """A contribution that has been public from the start; its name in the queue."""
    sent = send(parts, slug, words, author=author)
    decide(parts, sent.id, Action.PUBLISH, by, revision=1)
    return sent.id


def decide(parts: Parts, comment_id: str, action: Action, by: Person, *, revision: int) -> None:
    with parts.writing() as session:
        decisions.decide(
            session,
            comment_id,
            action,
            revision=revision,
            by=by.id,
            now=parts.clock(),
            undo=timedelta(),
            reason=Reason.PRIVACY if action is Action.UNPUBLISH else None,
        )


# The home page


def test_the_home_page_tells_the_featured_from_the_latest(
    parts: Parts, client: TestClient, clock: FakeClock
) -> None:
    add_article(parts, "ancien", title="Ancien")
    clock.tick(days=1)
    put(parts, "une", FULL)
    clock.tick(days=1)
    add_article(parts, "recent", title="Récent")
    page = Page(client.get("/"))
    assert page.texts("h2") == ["À la une", "Derniers articles"]
    assert page.texts("h3") == ["Les bus & les « petits » trajets", "Récent", "Ancien"]
    assert page.hrefs["Récent"] == "/articles/recent"


def test_a_teaser_says_what_the_article_is_about_and_how_many_have_written(
    parts: Parts, client: TestClient, ann: Person
) -> None:
    put(parts, "bus", FULL)
    publish(parts, "bus", "Un ajout.", ann)
    teaser = Page(client.get("/")).text("main article")
    for words in (
        "Transports",
        "Sainte-Aubierge",
        "Un plan <neuf>.",
        "Publié le 1er mars 2026",
        "1 complément",
    ):
        assert words in teaser


def test_a_site_without_articles_says_so(client: TestClient) -> None:
    assert "Aucun article pour le moment." in Page(client.get("/")).main


def test_the_home_page_is_bounded_and_leads_to_every_older_article(
    parts: Parts, client: TestClient, clock: FakeClock
) -> None:
    featured = [f"une-{number}" for number in range(pages.FEATURED + 2)]
    others = [f"article-{number:02}" for number in range(2 * pages.LATEST + 5)]
    for slug in (*featured, *others):
        clock.tick(hours=1)
        put(parts, slug, Content(title=slug, body="<p>Le corps.</p>", featured=slug in featured))
    page = Page(client.get("/"))
    assert page.texts("h2") == ["À la une", "Derniers articles"]
    assert page.texts("h3") == [*featured[: -pages.FEATURED - 1 : -1], *others[: -pages.LATEST - 1 : -1]]
    read = set(page.texts("h3"))
    while "Articles plus anciens" in page.hrefs:
        page = Page(client.get(page.hrefs["Articles plus anciens"]))
        assert page.texts("h2") == ["Articles plus anciens"]
        assert len(page.texts("h3")) <= pages.LATEST
        assert page.hrefs["Derniers articles"] == "/"
        read |= set(page.texts("h3"))
    assert read == {*featured, *others}


def test_articles_of_one_moment_are_all_led_to(parts: Parts, client: TestClient) -> None:
    """As an import may bring them."""
    slugs = [f"article-{number}" for number in range(pages.LATEST + 3)]
    for slug in slugs:
        add_article(parts, slug, title=slug)
    first = Page(client.get("/"))
    older = Page(client.get(first.hrefs["Articles plus anciens"]))
    assert [*first.texts("h3"), *older.texts("h3")] == slugs[::-1]


def test_nothing_is_older_than_an_article_that_is_not_there(client: TestClient) -> None:
    assert client.get("/?before=nowhere").status_code == 404


def test_the_home_page_reads_no_article_through(parts: Parts, client: TestClient, article: str) -> None:
    add_article(parts, "la-gare")
    for address in ("/", f"/?before={article}"):
        with statements(parts.public_engine) as asked:
            assert client.get(address).status_code == 200
        assert not [one for one in asked if "article.body" in one or "article.postscript" in one]


@pytest.mark.usefixtures("article")
@pytest.mark.parametrize(
    "address",
    ["/?x", "/?page=2", "/?%62efor", "/articles/le-pont?x=<i>", "/api/v1/articles/le-pont/comments?page=2"],
)
def test_a_query_nobody_reads_gets_the_page_that_is_kept(build_parts: BuildParts, address: str) -> None:
    parts = build_parts(cache_freshness=60)
    client = TestClient(create_app(parts))
    plain = client.get(address.partition("?")[0])
    with statements(parts.public_engine) as asked:
        answer = client.get(address)
    assert (asked, answer.content) == ([], plain.content)
    assert answer.headers == plain.headers


@pytest.mark.parametrize("path", ["/", "/articles/{slug}", "/api/v1/articles/{slug}/comments"])
def test_what_a_page_reads_of_a_query_is_known_where_pages_are_kept(path: str) -> None:
    routes = [*public.router.routes, *api_public.router.routes]
    (route,) = [
        one
        for one in routes
        if isinstance(one, APIRoute)
        and one.path == path.removeprefix("/api/v1")
        and "GET" in (one.methods or ())
    ]
    read = {field.alias for field in route.dependant.query_params}
    assert read
    assert all(public.reads(path.format(slug="le-pont"), f"{name}=1".encode()) for name in read)


@pytest.mark.usefixtures("article")
@pytest.mark.parametrize(
    "address", ["/?%62efore=le-pont", "/?x&before=le-pont", "/articles/le-pont?p%61ge=1"]
)
def test_a_query_that_is_read_is_asked_for_anew(build_parts: BuildParts, address: str) -> None:
    parts = build_parts(cache_freshness=60)
    client = TestClient(create_app(parts))
    assert client.get(address.partition("?")[0]).status_code == 200
    with statements(parts.public_engine) as asked:
        assert client.get(address).status_code == 200
    assert asked


# An article


def test_an_article_shows_its_parts_in_order(
    parts: Parts, client: TestClient, clock: FakeClock, ann: Person
) -> None:
    put(parts, "bus", FULL)
    publish(parts, "bus", "Le premier ajout.", ann, author="Zoé")
    publish(parts, "bus", "Le second.", ann)
    clock.tick(days=3)
    put(parts, "bus", FULL, replace=True)
    main = Page(client.get("/articles/bus")).main
    expected = [
        "Transports",
        "Sainte-Aubierge",
        "bus",
        "budget",
        "Les bus & les « petits » trajets",
        "Publié le 1er mars 2026",
        "Maj le 4 mars 2026",
        "2 compléments",
        "Proposer un complément d’info",
        "Un plan <neuf>.",
        "Le corps.",
        "Un intertitre",
        "P.-S.",
        "La réunion est à 19 h.",
        "Proposé par Collectif des usagers",
        "Proposer un complément d’info",
        "modération a priori",
        NOTICE,
        "Qui êtes-vous ?",
        "Se connecter",
        "Votre nom ou pseudonyme (facultatif)",
        EMAIL,
        "Votre message",
        "Pour créer des paragraphes, laissez simplement des lignes vides.",
        "Prévisualiser",
        "2 compléments",
        "Le premier ajout.",
        "Zoé",
        "Le second.",
        "Anonyme",
    ]
    place = 0
    for words in expected:
        found = main.find(words, place)
        assert found >= 0, f"« {words} » is not after « {main[:place][-60:]} »"
        place = found + len(words)


def test_the_head_of_an_article_leads_to_its_form(client: TestClient, article: str) -> None:
    page = Page(client.get(f"/articles/{article}"))
    target = page.hrefs["Proposer un complément d’info"].removeprefix("#")
    assert page.nodes(f"#{target} form textarea")


def test_the_form_posts_to_the_article_and_every_field_has_a_label(client: TestClient, article: str) -> None:
    page = Page(client.get(f"/articles/{article}"))
    form = page.form("Prévisualiser")
    assert (form.method, form.action, form.fields) == ("post", f"/articles/{article}/comments", {})
    labels = [page.label(name) for name in ("author", "email", "text", "nobot")]
    assert labels == [
        "Votre nom ou pseudonyme (facultatif)",
        EMAIL,
        "Texte de votre message",
        "Veuillez laisser ce champ vide :",
    ]


def test_a_site_may_replace_the_notice(build_parts: BuildParts) -> None:
    parts = build_parts(notice="Ici, tout est <lu> d’abord.")
    slug = add_article(parts, "le-pont")
    page = Page(TestClient(create_app(parts)).get(f"/articles/{slug}"))
    assert "Ici, tout est <lu> d’abord." in page.main
    assert "administrateur du site" not in page.main


@pytest.mark.parametrize(("number", "words"), [(0, ""), (1, "1 complément"), (2, "2 compléments")])
def test_the_count_is_absent_at_zero_and_plural_from_two(
    parts: Parts, client: TestClient, article: str, ann: Person, number: int, words: str
) -> None:
    for step in range(number):
        publish(parts, article, f"Ajout {step}.", ann)
    for address in ("/", f"/articles/{article}"):
        main = Page(client.get(address)).main
        said = main.replace("Proposer un complément d’info", "").partition("Publié le 1er mars 2026")[2]
        assert words in said
        assert ("complément" in said) is bool(words)


def test_what_waits_is_not_counted(parts: Parts, client: TestClient, article: str, ann: Person) -> None:
    publish(parts, article, "Public.", ann)
    send(parts, article, "En attente.")
    assert "1 complément" in Page(client.get(f"/articles/{article}")).main


def test_updated_is_said_only_of_what_was(
    parts: Parts, client: TestClient, article: str, clock: FakeClock
) -> None:
    assert "Maj le" not in Page(client.get(f"/articles/{article}")).main
    clock.now = clock.now.replace(month=7, day=1)
    put(parts, article, FULL, replace=True)
    assert "Maj le 1er juillet 2026" in Page(client.get(f"/articles/{article}")).main


def test_dates_are_of_the_site_s_time_zone(parts: Parts, client: TestClient, clock: FakeClock) -> None:
    clock.now = clock.now.replace(month=5, day=6, hour=23)
    slug = add_article(parts, "nuit")
    page = Page(client.get(f"/articles/{slug}"))
    assert "Publié le 7 mai 2026" in page.main
    assert page.node("time").attributes["datetime"] == "2026-05-06T23:00:00+00:00"


def test_a_closed_forum_says_so_and_has_no_form(parts: Parts, client: TestClient) -> None:
    slug = add_article(parts, "ferme", mode=Mode.CLOSED)
    page = Page(client.get(f"/articles/{slug}"))
    assert "Ce forum n’accepte plus de contributions." in page.main
    assert page.forms == []
    assert "Proposer un complément d’info" not in page.hrefs


def test_hard_spaces_stand_where_french_puts_them(client: TestClient, article: str) -> None:
    html = client.get(f"/articles/{article}").text
    assert "est modéré a priori\u00a0: votre" in html
    assert "Qui êtes-vous\u202f?" in html


def test_contributions_past_a_hundred_are_on_further_pages(
    parts: Parts, client: TestClient, article: str, ann: Person
) -> None:
    for number in range(1, 102):
        publish(parts, article, f"Ajout n{number}.", ann)
    first, second = (Page(client.get(f"/articles/{article}{query}")) for query in ("", "?page=2"))
    assert len(first.nodes("[id^=comment]")) == 100
    assert first.hrefs["Suivantes"] == f"/articles/{article}?page=2#contributions"
    assert "Page 1 sur 2" in first.main
    assert second.texts("[id^=comment]") == [
        "Ajout n101. Anonyme, 1er mars 2026 à 10 h 00 · Répondre · Signaler"
    ]
    assert second.hrefs["Précédentes"] == f"/articles/{article}#contributions"
    assert "101 compléments" in second.main


@pytest.mark.parametrize(
    "address", ["/articles/absent", "/articles/le-pont?page=2", "/articles/", "/articles", "/x"]
)
def test_what_is_not_there_is_a_404_nobody_keeps(client: TestClient, article: str, address: str) -> None:
    del article
    answer = client.get(address)
    assert (answer.status_code, Page(answer).heading) == (404, "Page introuvable")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=deux", "page=10001", "page=99999999999999999999999"]
)
def test_a_page_number_that_is_none_is_refused(client: TestClient, article: str, query: str) -> None:
    assert client.get(f"/articles/{article}?{query}").status_code == 422


def test_public_pages_set_no_cookie_and_are_for_everybody(client: TestClient, article: str) -> None:
    for address in ("/", f"/articles/{article}", f"/articles/{article}?page=1", "/articles/absent"):
        assert "set-cookie" not in client.get(address).headers
    assert client.get(f"/articles/{article}").headers["cache-control"] == "public, no-cache"


def test_a_signed_in_person_sees_what_everybody_sees(
    desk: TestClient, client: TestClient, article: str
) -> None:
    for address in ("/", f"/articles/{article}"):
        assert desk.get(address).text == client.get(address).text


# What it costs


def test_an_article_page_is_made_in_two_statements(parts: Parts, article: str, ann: Person) -> None:
    publish(parts, article, "Public.", ann)
    client = TestClient(create_app(parts))
    with statements(parts.public_engine) as seen:
        client.get(f"/articles/{article}?page=1")  # the front keeps no page with a query
    assert len(seen) == 2, seen


@pytest.mark.parametrize(
    "address", ["/", "/articles/le-pont", "/articles/absent", "/articles/le-pont/fragment"]
)
def test_the_tag_of_a_public_page_takes_one_statement(parts: Parts, article: str, address: str) -> None:
    del article
    with statements(parts.public_engine) as seen:
        public.etag_of(parts, address)
    assert len(seen) == 1, seen


@pytest.mark.parametrize(
    "address", ["/desk", "/track/ABC", "/articles/", "/articles/a/b", "/static/style.css"]
)
def test_what_is_no_public_page_is_not_looked_up(parts: Parts, address: str) -> None:
    with statements(parts.public_engine) as seen:
        assert public.etag_of(parts, address) is None
    assert seen == []


# Kept pages


def test_a_reader_who_has_the_page_is_told_so(
    parts: Parts, client: TestClient, article: str, ann: Person
) -> None:
    for address in ("/", f"/articles/{article}"):
        etag = client.get(address).headers["etag"]
        again = client.get(address, headers={"If-None-Match": etag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    publish(parts, article, "Du neuf.", ann)
    for address in ("/", f"/articles/{article}"):
        assert client.get(address, headers={"If-None-Match": etag}).status_code == 200


def test_a_page_and_its_compressed_form_say_the_same(client: TestClient, article: str) -> None:
    plainly, packed = (
        client.get(f"/articles/{article}", headers={"Accept-Encoding": coding})
        for coding in ("identity", "gzip")
    )
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plainly.headers
    assert packed.text == plainly.text


@pytest.mark.parametrize(
    "address", ["/", "/articles/le-pont", "/articles/absent", "/articles/le-pont/fragment"]
)
def test_head_answers_as_get_without_the_page(client: TestClient, article: str, address: str) -> None:
    del article
    got, asked = client.get(address), client.head(address)
    assert (asked.status_code, asked.content) == (got.status_code, b"")
    assert {**asked.headers} == {**got.headers}


def test_an_article_that_changes_changes_every_page(parts: Parts, client: TestClient, article: str) -> None:
    other = add_article(parts, "autre")
    before = client.get(f"/articles/{other}").headers["etag"]
    put(parts, article, FULL, replace=True)
    assert client.get(f"/articles/{other}").headers["etag"] != before


def test_a_publication_and_its_taking_down_reach_the_kept_page(
    parts: Parts, client: TestClient, article: str, ann: Person
) -> None:
    address = f"/articles/{article}"
    assert "Du neuf." not in client.get(address).text
    published = publish(parts, article, "Du neuf.", ann)
    assert "Du neuf." in client.get(address).text
    decide(parts, published, Action.UNPUBLISH, ann, revision=2)
    assert "Du neuf." not in client.get(address).text


def test_a_decision_shows_when_its_window_has_closed(
    parts: Parts, client: TestClient, desk: TestClient, article: str, settle: Callable[[], None]
) -> None:
    sent = send(parts, article, "Bientôt public.")
    desk.post(f"/desk/comments/{sent.id}/publish", data={"revision": "1"})
    assert "Bientôt public." not in client.get(f"/articles/{article}").text
    settle()
    assert "Bientôt public." in client.get(f"/articles/{article}").text


# In the page of another site

FRAGMENT = "/articles/le-pont/fragment"


def test_a_forum_is_given_as_finished_html_whose_addresses_say_whose_they_are(
    parts: Parts, client: TestClient, article: str, ann: Person
) -> None:
    publish(parts, article, "Un ajout <b>vu</b>.", ann, author="Zoé")
    answer = client.get(FRAGMENT)
    page = Page(answer)
    assert answer.text.lstrip().startswith('<div class="moderation"')
    assert page.texts("h2") == ["1 complément", "Proposer un complément d’info"]
    assert page.texts("#comment1 .text") == ["Un ajout vu."]
    (form,) = page.nodes("form")
    assert form.attributes["method"] == "post"
    assert form.attributes["action"] == f"http://testserver/articles/{article}/comments"
    assert set(page.hrefs.values()) == {
        "#comment1",
        "http://testserver/notice/1",
        "http://testserver/comments/1/reply",
        "http://testserver/sign-in",
    }
    assert NOTICE in page.text(".notice")
    assert "<script" not in answer.text


def test_its_form_takes_no_name_the_page_around_it_may_have(client: TestClient, article: str) -> None:
    page = Page(client.get(f"/articles/{article}/fragment"))
    names = {str(node.attributes["id"]) for node in page.nodes("[id]")}
    assert {name for name in names if not name.startswith("moderation")} == set()
    assert {str(node.attributes["for"]) for node in page.nodes("label")} <= names
    assert [node.attributes["id"] for node in page.nodes(".trap[hidden] input")] == ["moderation-nobot"]


def test_its_form_is_taken_from_the_sites_that_are_named_alone(build_parts: BuildParts, article: str) -> None:
    client = TestClient(create_app(build_parts(public_origins="https://journal.example")))
    typed = {"text": "Un ajout.", "step": "preview"}
    for origin, status in {"https://journal.example": 200, "https://else.example": 403}.items():
        headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
        assert client.post(f"/articles/{article}/comments", data=typed, headers=headers).status_code == status


def test_any_site_may_read_it_and_no_engine_lists_it(client: TestClient, article: str) -> None:
    answer = client.get(f"/articles/{article}/fragment", headers={"Origin": "https://journal.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert "set-cookie" not in answer.headers


def test_it_is_kept_loses_what_is_taken_down_and_says_when_it_has_not_changed(
    parts: Parts, client: TestClient, article: str, ann: Person
) -> None:
    name = publish(parts, article, "Un ajout.", ann)
    before = client.get(f"/articles/{article}/fragment")
    known = {"If-None-Match": before.headers["ETag"]}
    with statements(parts.public_engine) as asked:
        assert client.get(f"/articles/{article}/fragment", headers=known).status_code == 304
    assert len(asked) == 1
    decide(parts, name, Action.UNPUBLISH, ann, revision=2)
    after = client.get(f"/articles/{article}/fragment", headers=known)
    assert ("Un ajout." in before.text, after.status_code, "Un ajout." in after.text) == (True, 200, False)


def test_a_closed_forum_is_read_there_and_takes_nothing(parts: Parts, client: TestClient) -> None:
    add_article(parts, "le-marche", mode=Mode.CLOSED)
    page = Page(client.get("/articles/le-marche/fragment"))
    assert (page.texts("h2"), page.nodes("form")) == (["Forum fermé"], [])
    assert client.get("/articles/nowhere/fragment").status_code == 404

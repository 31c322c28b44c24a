import asyncio
import html
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from itertools import islice
from typing import Any

import httpx2
import pytest
from conftest import KEY, BuildParts, FakeClock, Reader, Sent, add_article, form_fields, send
from growth import assert_grows_gently
from page import Page
from sqlmodel import col, select
from starlette.testclient import TestClient

from moderation import articles, identifiers
from moderation.links import Form, Links, Opening
from moderation.markup import MAX_CHARACTERS
from moderation.models.public import Mode
from moderation.models.queue import Comment, Version
from moderation.web.app import HANDED_OVER, PREVIEWS, create_app
from moderation.web.dependencies import Parts
from moderation.web.line import TOGETHER

PREVIEW = "Aperçu : votre message n’est pas encore envoyé"
NOT_SENT = "Votre message n’est pas encore envoyé"
RICH = (
    "{{Gras}} et {italique} : l’<em>essentiel</em> & <b>plus</b>…\r\n\r\n- un\r\n- deux\r\n\r\n> cité\r\n\r\n"
    "[ici->https://exemple.example/a?b=1&c=2] <script>alert(1)</script> a < b « oui »"
)
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onfocus=alert(1) autofocus x='",
    "</textarea><script>alert(1)</script>",
    "</title><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt; &amp;amp; &#x3c;",
    "＜script＞alert(1)＜/script＞",
    "%(name)s %s %",
]


def stored(parts: Parts) -> list[str]:
    with parts.reading() as session:
        return list(session.exec(select(Version.source).order_by(Version.written_at)))  # type: ignore[arg-type]


def post(client: TestClient, slug: str, **fields: str) -> Any:
    return client.post(f"/articles/{slug}/comments", data=fields)


# From the form to the tracking page


def test_a_preview_says_that_nothing_is_sent(parts: Parts, client: TestClient, article: str) -> None:
    answer = post(client, article, text="Un texte.", author="Zoé", step="preview")
    page = Page(answer)
    assert (answer.status_code, page.heading) == (200, PREVIEW)
    assert page.texts("main article") == ["Un texte. Zoé"]
    form = page.form("Envoyer à la modération")
    assert (form.method, form.action, set(form.fields)) == (
        "post",
        f"/articles/{article}/comments",
        {"token"},
    )
    assert "Votre texte attendra ensuite d’être lu par la modération." in page.main
    assert answer.headers["cache-control"] == "no-store"
    assert stored(parts) == []


def test_sending_leads_to_the_page_that_follows_the_text(parts: Parts, reader: Reader, article: str) -> None:
    answer = reader.preview(article, "Un texte.", author="Zoé", email="zoe@example.org").send(article)
    assert answer.status_code == 303
    assert answer.headers["cache-control"] == "no-store"
    with parts.reading() as session:
        comment, version = session.exec(select(Comment, Version).join(Version)).one()
        assert answer.headers["location"] == f"/track/{comment.tracking}"
        assert (comment.status, version.author, version.email) == ("pending", "Zoé", "zoe@example.org")
    page = Page(reader.client.get(answer.headers["location"]))
    assert page.heading == "Votre contribution attend d’être lue"
    assert Page(reader.client.get(f"/articles/{article}")).nodes("[id^=comment]") == []


def test_nothing_need_be_said_of_oneself(reader: Reader, article: str) -> None:
    page = Page(post(reader.client, article, text="Un texte."))
    assert page.texts("main article") == ["Un texte. Anonyme"]


def test_promise_02_what_was_previewed_is_what_the_desk_sees_and_what_is_published(
    parts: Parts, reader: Reader, desk: TestClient, article: str, settle: Callable[[], None]
) -> None:
    def text_of(answer: Any) -> str:
        return Page(answer).node("main article .text").html or ""

    previewed = reader.preview(article, RICH)
    preview = text_of(post(reader.client, article, text=RICH))
    tracked = text_of(reader.client.get(previewed.send(article).headers["location"]))
    with parts.reading() as session:
        comment, version = session.exec(select(Comment, Version).join(Version)).one()
    queued, judged = text_of(desk.get("/desk")), text_of(desk.get(f"/desk/comments/{comment.id}"))
    desk.post(f"/desk/comments/{comment.id}/publish", data={"revision": "1"})
    settle()
    answer = reader.client.get(f"/articles/{article}")
    published = Page(answer).node("[id^=comment] .text").html
    assert {preview, tracked, queued, judged, published} == {published}
    assert version.html in answer.text
    assert "<strong>Gras</strong>" in version.html
    assert "&lt;script&gt;" in version.html


# What was previewed is what is sent


@pytest.mark.parametrize("field", ["text", "author", "email"])
def test_another_text_than_previewed_is_shown_anew(
    parts: Parts, reader: Reader, article: str, field: str
) -> None:
    previewed = reader.preview(article, "Un texte.", author="Zoé", email="zoe@example.org")
    answer = previewed.send(article, **{field: "autre@example.org"})
    page = Page(answer)
    assert (answer.status_code, page.heading) == (200, PREVIEW)
    assert "n’avait pas encore été prévisualisé tel quel" in page.alert
    assert stored(parts) == []
    clock_moved = Reader(reader.client, reader.clock, {**previewed.fields, field: "autre@example.org"})
    again = clock_moved.send(article, token=form_fields(answer.text)["token"])
    assert again.status_code == 303


def test_newlines_and_outer_spaces_make_no_other_text(reader: Reader, article: str) -> None:
    previewed = reader.preview(article, "Un\n\ntexte.", author="Zoé")
    assert previewed.send(article, text="Un\r\n\r\ntexte.", author=" Zoé ").status_code == 303


def forged(parts: Parts, clock: FakeClock, kind: str) -> str:
    seen = Form("le-pont", "0" * 32, identifiers.new_code())
    match kind:
        case "another key":
            return Links([KEY[::-1]]).sign(seen, clock())
        case "another purpose":
            return parts.links.sign(Opening("x"), clock())
        case "another text":
            return parts.links.sign(seen, clock())
        case _:
            return kind


@pytest.mark.parametrize(
    "kind", ["", "x", "a.b.c", "é", "\0", "a" * 10_000, "another key", "another purpose", "another text"]
)
def test_a_token_that_is_not_of_this_preview_sends_nothing(
    parts: Parts, client: TestClient, clock: FakeClock, article: str, kind: str
) -> None:
    answer = post(client, article, text="Un texte.", step="send", token=forged(parts, clock, kind))
    assert (answer.status_code, Page(answer).heading) == (200, PREVIEW)
    assert stored(parts) == []


def test_a_token_of_another_article_sends_nothing(parts: Parts, reader: Reader, article: str) -> None:
    other = add_article(parts, "autre")
    answer = reader.preview(article, "Un texte.").send(other)
    assert (answer.status_code, Page(answer).heading) == (200, PREVIEW)
    assert stored(parts) == []


@pytest.mark.parametrize(
    ("seconds", "status", "told"),
    [
        (0, 200, "C’était très rapide"),
        (1.9, 200, "C’était très rapide"),
        (2, 303, ""),
        (24 * 3600, 303, ""),
        (24 * 3600 + 1, 200, "plus d’un jour"),
    ],
)
def test_a_preview_is_good_from_two_seconds_to_a_day(
    parts: Parts, client: TestClient, clock: FakeClock, article: str, seconds: float, status: int, told: str
) -> None:
    token = form_fields(post(client, article, text="Un texte.").text)["token"]
    clock.tick(seconds=seconds)
    answer = post(client, article, text="Un texte.", step="send", token=token)
    assert answer.status_code == status
    if told:
        assert told in Page(answer).alert
        assert stored(parts) == []
        clock.tick(seconds=5)
        again = post(client, article, text="Un texte.", step="send", token=form_fields(answer.text)["token"])
        assert again.status_code == 303


# Once


def test_promise_03_the_same_form_twice_is_one_contribution(
    parts: Parts, reader: Reader, article: str
) -> None:
    previewed = reader.preview(article, "Un texte.")
    first, again = previewed.send(article), previewed.send(article)
    assert (first.status_code, again.status_code) == (303, 303)
    assert again.headers["location"] == first.headers["location"]
    assert len(stored(parts)) == 1


def test_promise_03_the_same_form_from_eight_windows_at_once_is_one_contribution(
    parts: Parts, reader: Reader, clock: FakeClock, article: str
) -> None:
    fields = {**reader.preview(article, "Un texte.").fields, "step": "send"}
    clock.tick(seconds=5)
    browsers = [TestClient(reader.client.app, follow_redirects=False) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda browser: post(browser, article, **fields), browsers))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert len(stored(parts)) == 1


def test_a_text_that_waits_already_is_not_taken_twice(parts: Parts, reader: Reader, article: str) -> None:
    send(parts, article, "Un  TEXTE.")
    answer = reader.preview(article, "Un texte.", author="Zoé").send(article)
    page = Page(answer)
    assert answer.status_code == 409
    assert page.error("text") == "Ce même texte a déjà été envoyé ici aujourd’hui : inutile de le renvoyer."
    assert (page.value("text"), page.value("author")) == ("Un texte.", "Zoé")
    assert len(stored(parts)) == 1


def test_eight_forms_with_one_text_at_once_are_one_contribution(
    parts: Parts, reader: Reader, clock: FakeClock, article: str
) -> None:
    forms = [{**reader.preview(article, "Un texte.").fields, "step": "send"} for _ in range(8)]
    clock.tick(seconds=5)
    browsers = [TestClient(reader.client.app, follow_redirects=False) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda pair: post(pair[0], article, **pair[1]), zip(browsers, forms, strict=True))
        )
    assert sorted(answer.status_code for answer in answers) == [303] + [409] * 7
    assert len(stored(parts)) == 1


# What is wrong is said beside its field, and nothing typed is lost


@pytest.mark.parametrize("step", ["preview", "send"])
@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("text", "", "Écrivez votre message avant de continuer."),
        ("text", " \r\n\u00a0\u200b ", "Écrivez votre message avant de continuer."),
        (
            "text",
            "a" * (MAX_CHARACTERS + 1),
            "C’est trop long : 10 001 caractères, pour 10 000 au plus. Raccourcissez un peu.",
        ),
        ("text", "<" * 401, "Il y a trop de signes « < » : 401, pour 400 au plus. Retirez-en."),
        ("author", "a" * 81, "C’est trop long : 81 caractères, pour 80 au plus. Raccourcissez un peu."),
        (
            "email",
            f"a@{'b' * 253}.fr",
            "C’est trop long : 258 caractères, pour 254 au plus. Raccourcissez un peu.",
        ),
        *(
            (
                "email",
                address,
                "Cette adresse ne ressemble pas à une adresse électronique, comme nom@domaine.fr.",
            )
            for address in ("zoé", "@", "a@", "a b@c.fr", "a@b@c.fr", "<a@b.fr>", "a,b@c.fr")
        ),
        ("nobot", "http://spam.example", "Ce champ doit rester vide : effacez ce qui s’y trouve."),
    ],
    ids=lambda value: value[:20],
)
def test_what_is_wrong_is_said_beside_its_field(
    parts: Parts, client: TestClient, article: str, field: str, value: str, told: str, step: str
) -> None:
    fields = {"author": "Zoé", "email": "zoe@example.org", "text": "\nUn <texte> & « deux »", field: value}
    answer = post(client, article, **fields, step=step)
    page = Page(answer)
    assert (answer.status_code, page.heading) == (422, NOT_SENT)
    assert page.error(field) == told
    assert told in page.alert
    assert page.hrefs[told] == f"#{page.node(f'[name={field}]').attributes['id']}"
    fields.pop("nobot", None)
    assert {name: page.value(name).replace("\r\n", "\n") for name in fields} == {
        name: typed.replace("\r\n", "\n") for name, typed in fields.items()
    }
    assert "Envoyer à la modération" not in page.main
    assert stored(parts) == []


def test_everything_wrong_is_said_at_once(client: TestClient, article: str) -> None:
    page = Page(post(client, article, text="", author="a" * 81, email="x", nobot="x"))
    assert [bool(page.error(name)) for name in ("author", "email", "text", "nobot")] == [True] * 4
    assert "4 points à corriger avant d’envoyer" in page.alert


@pytest.mark.parametrize("required", ["author", "email", "author,email"])
def test_a_site_may_require_a_name_or_an_address(
    build_parts: BuildParts, clock: FakeClock, required: str
) -> None:
    parts = build_parts(required=required)
    slug = add_article(parts, "le-pont")
    client = TestClient(create_app(parts), follow_redirects=False)
    form = Page(client.get(f"/articles/{slug}"))
    page = Page(post(client, slug, text="Un texte."))
    for name in ("author", "email"):
        asked = name in required
        assert page.error(name) == ("Ce site demande de remplir ce champ." if asked else "")
        assert ("required" in form.node(f"[name={name}]").attributes) is asked
        assert ("facultati" in form.label(name)) is not asked
    given = dict.fromkeys(required.split(","), "zoe@example.org")
    assert Reader(client, clock).preview(slug, "Un texte.", **given).send(slug).status_code == 303


@pytest.mark.parametrize("kind", ["closed", "absent"])
@pytest.mark.parametrize("typed", [RICH, '\n\nAvec <b> & "guillemets"</textarea>', ""])
def test_where_nothing_can_be_sent_the_text_is_given_back(
    parts: Parts, client: TestClient, kind: str, typed: str
) -> None:
    add_article(parts, "closed", mode=Mode.CLOSED)
    answer = post(client, kind, text=typed, author="Zoé")
    page = Page(answer)
    assert page.heading == "Votre message n’a pas été envoyé"
    if kind == "closed":
        assert answer.status_code == 403
        assert "Ce forum est fermé" in page.alert
        assert page.hrefs["Revenir à l’article"] == "/articles/closed"
    else:
        assert answer.status_code == 404
        assert "Cet article n’existe pas" in page.alert
    assert [node.text() for node in page.nodes("textarea")] == [typed.replace("\r\n", "\n")] * bool(typed)
    assert stored(parts) == []


def test_a_forum_closed_meanwhile_takes_nothing_more(parts: Parts, reader: Reader, article: str) -> None:
    previewed = reader.preview(article, "Un texte.")
    with parts.writing() as session:
        articles.set_mode(session, article, Mode.CLOSED)
    answer = previewed.send(article)
    assert (answer.status_code, Page(answer).node("textarea").text()) == (403, "Un texte.")
    assert stored(parts) == []


@pytest.mark.parametrize(
    "typed", ["\nUne ligne vide d’abord", "\r\n\r\nDeux", "a < b && c > d \"e\" 'f' &lt;", *HOSTILE]
)
def test_the_text_comes_back_as_it_was_typed(client: TestClient, article: str, typed: str) -> None:
    page = Page(post(client, article, text=typed, author=f"a{typed}"[:80]))
    assert page.value("text") == typed.replace("\r\n", "\n")


# Hostile strings


def test_hostile_strings_are_only_text_wherever_they_are_shown(
    parts: Parts, reader: Reader, desk: TestClient, article: str, settle: Callable[[], None]
) -> None:
    for number, string in enumerate(HOSTILE):
        assert reader.preview(article, f"{string} {number}", author=string).send(article).status_code == 303
    with parts.reading() as session:
        rows = session.exec(select(Comment.id, Comment.tracking).order_by(col(Comment.submitted_at))).all()
    pages = [reader.client.get(f"/track/{tracking}") for _, tracking in rows]
    pages += [desk.get(f"/desk/comments/{comment}") for comment, _ in rows]
    pages += [post(reader.client, article, text=string, author=string, email=string) for string in HOSTILE]
    pages += [post(reader.client, "absent", text=string) for string in HOSTILE]
    pages += [reader.client.get(f"/sign-in?next={string}") for string in HOSTILE]
    pages += [reader.client.post("/sign-in", data={"email": string, "next": string}) for string in HOSTILE]
    pages += [desk.get("/desk")]
    for comment, _ in rows:
        hostile = {"revision": "1", "reason": "off_topic", "note": HOSTILE[1]}
        pages += [desk.post(f"/desk/comments/{comment}/refuse", data=hostile) for _ in range(2)]
    settle()
    pages += [desk.get("/desk/log"), reader.client.get(f"/track/{rows[0][1]}")]
    for comment, _ in rows:
        desk.post(f"/desk/comments/{comment}/publish", data={"revision": "2"})
    settle()
    published = reader.client.get(f"/articles/{article}")
    for answer in [*pages, published]:
        assert answer.status_code < 500
        page = Page(answer)
        for node in page.nodes("*"):
            assert node.tag not in {"img", "svg"}
            assert not [name for name in node.attributes if name.startswith("on") or name == "autofocus"]
        assert all(node.attributes.get("src") for node in page.nodes("script"))
        assert "49" not in " ".join(page.texts("title"))
    names = Page(published).texts("[id^=comment] bdi")
    assert names == HOSTILE


def test_a_name_is_escaped_in_attributes_and_titles(client: TestClient, article: str) -> None:
    name = "\"'<&"
    answer = post(client, article, text="x", author=name)
    assert f'value="{html.escape(name, quote=True)}"' in answer.text.replace("&#34;", "&quot;").replace(
        "&#39;", "&#x27;"
    )


@pytest.mark.parametrize("step", ["publish", "SEND"])
def test_there_are_two_steps_and_no_others(parts: Parts, client: TestClient, article: str, step: str) -> None:
    assert post(client, article, text="Un texte.", step=step).status_code == 422
    assert stored(parts) == []


@pytest.mark.parametrize("name", ["status", "id", "submitted_at", "html", "tracking", "revision"])
def test_nothing_else_can_be_sent_along(parts: Parts, reader: Reader, article: str, name: str) -> None:
    reader.preview(article, "Un texte.").send(article, **{name: "published"})
    with parts.reading() as session:
        comment, version = session.exec(select(Comment, Version).join(Version)).one()
    assert (comment.status, comment.revision, version.html) == ("pending", 1, "<p>Un texte.</p>")
    assert comment.submitted_at == parts.clock()
    assert "published" not in {comment.id, comment.tracking}


def test_a_form_sent_again_leads_to_its_text_even_once_the_forum_is_closed(
    parts: Parts, reader: Reader, article: str
) -> None:
    previewed = reader.preview(article, "Avant la fermeture.")
    first = previewed.send(article)
    with parts.writing() as session:
        articles.set_mode(session, article, Mode.CLOSED)
    again = previewed.send(article)
    assert (again.status_code, again.headers["location"]) == (303, first.headers["location"])


def test_who_sends_too_much_keeps_the_text_and_is_told_when_to_come_back(
    build_parts: BuildParts, clock: FakeClock
) -> None:
    parts = build_parts(submit_limit="1 per hour")
    add_article(parts, "le-pont")
    client = TestClient(create_app(parts), follow_redirects=False, client=("203.0.113.7", 50000))
    reader = Reader(client, clock)
    assert reader.preview("le-pont", "Un premier texte.").send("le-pont").status_code == 303
    second = reader.preview("le-pont", "Un second texte.")
    answer = second.send("le-pont")
    assert (answer.status_code, "Un second texte." in answer.text) == (429, True)
    assert 1 <= int(answer.headers["retry-after"]) <= 3601
    assert "réessayez dans quelques minutes" in answer.text
    assert form_fields(answer.text)["token"] == second.fields["token"]


def asked(answer: Any) -> set[str]:
    """What a page of the form wants filled in; the field for robots is the one no person sees."""
    fields = Page(answer).nodes("main form[action$='/comments'] :is(input, textarea, select)")
    return {str(one.attributes["name"]) for one in fields if one.attributes.get("type") != "hidden"}


def test_no_riddle_is_put_to_anybody_whatever_they_sent_before(
    build_parts: BuildParts, clock: FakeClock
) -> None:
    parts = build_parts(submit_limit="1 per hour", waiting_per_thread=2)
    add_article(parts, "le-pont")
    one, other = (
        TestClient(create_app(parts), follow_redirects=False, client=(address, 50000))
        for address in ("203.0.113.7", "203.0.113.8")
    )
    reader, comments = Reader(one, clock), "/articles/le-pont/comments"
    first = reader.preview("le-pont", "Un premier texte.")
    too_fast = one.post(comments, data={**first.fields, "step": "send"})
    robot = one.post(comments, data={"text": "Un texte.", "nobot": "x"})
    assert first.send("le-pont").status_code == 303
    second = reader.preview("le-pont", "Un deuxième texte.")
    limited = second.send("le-pont")
    send(parts, "le-pont", "Un autre qui attend.")
    full = Reader(other, clock).preview("le-pont", "Un troisième texte.").send("le-pont")
    pages = [one.get("/articles/le-pont"), one.post(comments, data={"text": "Un."}), too_fast, robot]
    assert [answer.status_code for answer in (too_fast, robot, limited, full)] == [200, 422, 429, 429]
    assert [asked(page) for page in (*pages, limited, full)] == [{"author", "email", "text", "nobot"}] * 6


@pytest.mark.parametrize("form", [{"data": {"text": "w " * 2000}}, {"json": {"text": "w " * 2000}}])
def test_long_texts_wait_for_one_another_and_nobody_waits_for_them(
    parts: Parts, article: str, form: dict[str, Any]
) -> None:
    address = f"/articles/{article}/comments"

    async def meanwhile() -> int:
        transport = httpx2.ASGITransport(create_app(parts))
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
            async with parts.long_texts.turn([]):  # another long text is being rendered
                long = asyncio.create_task(client.post("/api/v1" * ("json" in form) + address, **form))
                assert (await client.post(address, data={"text": "Court."})).status_code == 200
                assert (await asyncio.wait({long}, timeout=0.3)) == (set(), {long})
            return (await long).status_code

    assert asyncio.run(meanwhile()) == (202 if "json" in form else 200)


# What takes long


def test_long_texts_that_wait_to_be_rendered_hold_up_no_reader_and_no_decision(
    parts: Parts, desk: TestClient, pending: Sent, article: str
) -> None:
    """Each of another sender: they wait in a line of their own, and in none of the threads that answer."""

    async def meanwhile() -> tuple[list[int], list[int]]:
        application = create_app(parts)
        async with browser_at(application, "203.0.113.1") as moderator, AsyncExitStack() as stack:
            moderator.cookies.set("session", str(desk.cookies["session"]))
            async with parts.long_texts.turn([]):  # another is being rendered
                previews = []
                for number in range(60):
                    reader = await stack.enter_async_context(browser_at(application, f"203.0.113.{number}"))
                    previews.append(preview_long(reader, article, number))
                await asyncio.sleep(0.1)
                others = [
                    await moderator.get(f"/articles/{article}?page=1"),
                    await moderator.post(f"/desk/comments/{pending.id}/publish", data={"revision": "1"}),
                ]
                assert not any(preview.done() for preview in previews)
            return [answer.status_code for answer in others], [
                (await preview).status_code for preview in previews
            ]

    others, previews = asyncio.run(meanwhile())
    assert others == [200, 303]
    assert previews == [200] * 60


def browser_at(application: Any, address: str) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(application, client=(address, 50000))
    return httpx2.AsyncClient(transport=transport, base_url="http://testserver", timeout=60)


def preview_long(reader: httpx2.AsyncClient, article: str, number: int, api: str = "") -> asyncio.Task[Any]:
    text = {"text": f"Texte {number}. " * 300}
    address = f"{api}/articles/{article}/comments"
    return asyncio.create_task(reader.post(address, json=text) if api else reader.post(address, data=text))


async def answered(requests: list[asyncio.Task[Any]], many: int) -> list[Any]:
    """Once there are so many answers, what they are; the others are still waiting."""
    answers = [await one for one in islice(asyncio.as_completed(requests, timeout=60), many)]
    assert sum(request.done() for request in requests) == many
    return answers


@pytest.mark.parametrize("api", ["", "/api/v1"])
@pytest.mark.parametrize(
    ("address", "wait"), [("203.0.113.7", 1), ("2001:db8::7", 1), ("127.0.0.1", TOGETHER)]
)
def test_one_sender_fills_the_line_of_long_texts_for_nobody_else(
    build_parts: BuildParts, api: str, address: str, wait: int
) -> None:
    parts = build_parts(submit_limit="30 per minute")
    article = add_article(parts, "le-pont")

    async def flood() -> tuple[list[Any], Any]:
        application = create_app(parts)
        async with browser_at(application, address) as one, browser_at(application, "203.0.113.8") as other:
            async with parts.long_texts.turn([]):
                sent = [preview_long(one, article, number, api) for number in range(20)]
                refused = await answered(sent, 20 - wait)
                last = preview_long(other, article, 20, api)
            return refused, await last

    refused, last = asyncio.run(flood())
    assert last.status_code == (202 if api else 200)
    assert [answer.status_code for answer in refused] == [429] * (20 - wait)
    assert {answer.headers["retry-after"] for answer in refused} == {"5"}
    assert api or all("Texte" in Page(answer).value("text") for answer in refused)


@pytest.mark.parametrize("api", ["", "/api/v1"])
def test_a_long_text_is_counted_before_it_waits(build_parts: BuildParts, api: str) -> None:
    parts = build_parts(submit_limit="1 per hour")
    article = add_article(parts, "le-pont")

    async def flood() -> list[Any]:
        async with browser_at(create_app(parts), "203.0.113.7") as one, parts.long_texts.turn([]):
            sent = [preview_long(one, article, number, api) for number in range(PREVIEWS + 5)]
            refused = await answered(sent, PREVIEWS + 4)
            return [answer.headers["retry-after"] for answer in refused]

    waits = asyncio.run(flood())
    assert sorted(int(seconds) > 60 for seconds in waits) == [False] * (PREVIEWS - 1) + [True] * 5


def test_a_thread_that_computes_hands_over_soon(parts: Parts) -> None:
    with TestClient(create_app(parts)):
        assert sys.getswitchinterval() == pytest.approx(HANDED_OVER)


def test_previews_have_a_limit_too_and_lose_no_text(build_parts: BuildParts) -> None:
    parts = build_parts(submit_limit="1 per hour")
    add_article(parts, "le-pont")
    client = TestClient(create_app(parts), client=("203.0.113.7", 50000))
    shown = [post(client, "le-pont", text=f"Essai {number}.") for number in range(PREVIEWS + 1)]
    assert [answer.status_code for answer in shown] == [200] * PREVIEWS + [429]
    last = shown[-1]
    assert f"Essai {PREVIEWS}." in Page(last).value("text")
    assert "réessayez dans quelques minutes" in last.text
    assert 1 <= int(last.headers["retry-after"]) <= 3601
    assert client.post("/api/v1/articles/le-pont/comments", json={"text": "x" * 20_000}).status_code == 429


@pytest.mark.parametrize("field", ["author", "email"])
def test_a_name_of_many_marks_holds_nobody_up(client: TestClient, article: str, field: str) -> None:
    hostile = "\U0001d16d\u302e" * 6_000
    assert post(client, article, text="Bonjour.", **{field: hostile}).status_code == 422

    def attempt(name: str) -> None:
        post(client, article, text="Bonjour.", **{field: name})

    assert_grows_gently(hostile[:5_000], hostile[:10_000], attempt)


# By the script of a page of another site

ELSEWHERE = {"Origin": "https://journal.example", "Sec-Fetch-Site": "cross-site"}


@pytest.fixture
def elsewhere(build_parts: BuildParts, article: str) -> TestClient:
    del article
    parts = build_parts(public_origins="https://journal.example")
    return TestClient(create_app(parts), headers=ELSEWHERE)


def part(client: TestClient, **typed: str) -> httpx2.Response:
    answer = client.post("/articles/le-pont/fragment", data={"step": "preview", **typed})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-store"
    assert "<html" not in answer.text
    return answer


def test_a_script_elsewhere_gets_each_step_as_a_part_of_a_page(
    elsewhere: TestClient, parts: Parts, clock: FakeClock
) -> None:
    first = part(elsewhere, text="Un <b>ajout</b>.", author="Zoé")
    page = Page(first)
    assert page.texts("h2")[:2] == [
        "Aperçu : votre message n’est pas encore envoyé",
        "Tel qu’il serait publié",
    ]
    assert page.texts(".sheet .text") == ["Un ajout."]
    assert {str(node.attributes["id"]).partition("-")[0] for node in page.nodes("[id]")} == {"moderation"}
    clock.tick(seconds=3)
    token = form_fields(first.text)["token"]
    sent = Page(part(elsewhere, text="Un <b>ajout</b>.", author="Zoé", token=token, step="send"))
    assert sent.texts("h2") == ["Votre contribution attend d’être lue"]
    with parts.reading() as session:
        code = session.exec(select(Comment.tracking)).one()
    assert list(sent.hrefs.values()) == [f"http://testserver/track/{code}"]


def test_what_is_wrong_is_said_there_beside_its_field_and_keeps_what_was_typed(elsewhere: TestClient) -> None:
    answer = part(elsewhere, text="Un ajout.", email="pas une adresse")
    page = Page(answer)
    assert answer.status_code == 422
    assert "#moderation-email" in page.hrefs.values()
    assert page.nodes("#moderation-email[aria-describedby=moderation-email-error]")
    assert page.texts("#moderation-text") == ["Un ajout."]


def test_a_forum_that_is_closed_gives_the_text_back_there(elsewhere: TestClient, parts: Parts) -> None:
    add_article(parts, "le-marche", mode=Mode.CLOSED)
    answer = elsewhere.post("/articles/le-marche/fragment", data={"text": "Un ajout.", "step": "preview"})
    assert answer.status_code == 403
    assert Page(answer).texts("#moderation-text") == ["Un ajout."]
    assert elsewhere.post("/articles/nowhere/fragment", data={"text": "Un ajout."}).status_code == 404


def test_it_takes_nothing_from_a_site_that_is_not_named(elsewhere: TestClient) -> None:
    answer = elsewhere.post(
        "/articles/le-pont/fragment",
        data={"text": "Un ajout.", "step": "preview"},
        headers={"Origin": "https://else.example"},
    )
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_the_script_for_other_sites_is_small_and_may_be_loaded_by_any(client: TestClient) -> None:
    answer = client.get("/embed.js")
    assert (answer.status_code, len(answer.content) <= 6000) == (200, True)
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["cache-control"] == "public, max-age=300"

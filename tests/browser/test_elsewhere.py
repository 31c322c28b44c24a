"""A forum in the pages of another site, on its server or by one line, under a policy that lets little run."""

import threading
import time
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest
from conftest import Sent, add_article, free_port
from conftest import send as put_in
from playwright.sync_api import Browser, Locator, Page, expect
from sqlmodel import select

from browser.conftest import PLAIN_HOST
from browser.serving import PATIENCE, Site, serve
from browser.steps import PREVIEW, WAITS, button, heading, message, read_preview, reload_until, send
from browser.test_every_page import NARROW, TOO_WIDE, axe
from moderation.lifecycle import Action, Status
from moderation.models.queue import Comment

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("scripted", [True, False], ids=["with-javascript", "without-javascript"]),
]
PORT = free_port()
HOST = f"http://{PLAIN_HOST}:{PORT}"
SLUG = "le-pont"
NOTHING = "default-src 'none'; img-src data:"
TRUSTED = "require-trusted-types-for 'script'; trusted-types moderation"
AROUND = """<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Le Journal</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"></head>
<body><main><h1>Le pont rouvre</h1>{}</main></body></html>"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    with serve(tmp_path_factory.mktemp("embedded"), public_origins=HOST) as served:
        add_article(served.parts, SLUG)
        yield served


@pytest.fixture(scope="module")
def host(site: Site) -> Generator[str]:
    """Another site, with a page that includes the forum on its server, and one that has its script do it."""
    base = site.url
    script = f'<script src="{base}/embed.js" data-thread="{SLUG}" async></script>'
    otherwise = f'<noscript><a href="{base}/articles/{SLUG}">Lire le forum</a></noscript>'
    pages: dict[str, tuple[Callable[[], str], str]] = {
        "/included": (
            lambda: httpx2.get(f"{base}/articles/{SLUG}/fragment").text,
            f"{NOTHING}; form-action {base}",
        ),
        "/embedded": (
            lambda: script + otherwise,
            f"{NOTHING}; script-src {base}; connect-src {base}; form-action 'none'; {TRUSTED}",
        ),
    }

    class Host(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body, policy = pages.get(self.path, (str, NOTHING))
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(AROUND.format(body()).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name for it
            pass

    with ThreadingHTTPServer(("127.0.0.1", PORT), Host) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield HOST
        server.shutdown()


@pytest.fixture
def page(chromium: Browser, *, scripted: bool) -> Generator[Page]:
    context = chromium.new_context(java_script_enabled=scripted, locale="fr-FR", viewport=NARROW)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda one: said.append(one.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    # Of an answer that was a 422, as it should, and of those a test cut off.
    assert [one for one in said if not one.startswith("Failed to load resource")] == []


def test_a_forum_that_is_included_is_read_and_written_to(
    site: Site, host: str, page: Page, *, scripted: bool
) -> None:
    before, text = f"Publié {scripted}.", f"Écrit d’ailleurs {scripted}."
    site.decide(put_in(site.parts, SLUG, before), Action.PUBLISH)
    page.goto(f"{host}/included")
    reload_until(page, page.get_by_role("article").get_by_text(before))
    assert page.evaluate(TOO_WIDE) == []
    message(page).fill(text)
    button(page, "Prévisualiser").click()
    expect(heading(page)).to_have_text(PREVIEW)
    expect(page.get_by_role("article").get_by_text(text)).to_be_visible()
    assert page.url.startswith(site.url)
    send(site, page)
    page.goto(f"{host}/included")
    expect(page.get_by_text(text)).to_have_count(0)
    publish(site)
    reload_until(page, page.get_by_text(text))


def test_what_is_included_is_there_for_everybody(host: str, page: Page, *, scripted: bool) -> None:
    page.goto(f"{host}/included")
    if scripted:  # axe is a script itself
        assert axe(page) == []
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_be_visible()
    expect(page.get_by_label("Veuillez laisser ce champ vide")).to_be_hidden()


def test_one_line_puts_a_forum_into_a_page_that_lets_nothing_else_run(
    site: Site, host: str, page: Page, *, scripted: bool
) -> None:
    page.goto(f"{host}/embedded")
    if not scripted:
        expect(page.get_by_role("link", name="Lire le forum")).to_be_visible()
        return
    text = "Écrit sans quitter le Journal."
    message(page).fill("")
    message(page).evaluate("field => field.required = false")
    button(page, "Prévisualiser").click()
    expect(page.locator(".problems")).to_be_focused()
    assert axe(page) == []
    message(page).fill(text)
    button(page, "Prévisualiser").click()
    expect(part(page)).to_have_text(PREVIEW)
    expect(part(page)).to_be_focused()
    expect(page.get_by_role("article").get_by_text(text)).to_be_visible()
    assert (page.evaluate(TOO_WIDE), axe(page)) == ([], [])
    read_preview(site, page)
    button(page, "Envoyer à la modération").click()
    expect(part(page)).to_have_text(WAITS)
    expect(page.get_by_role("link", name=f"{site.url}/track/")).to_be_visible()
    assert (page.url, page.evaluate(TOO_WIDE), axe(page)) == (f"{host}/embedded", [], [])
    page.reload()
    expect(message(page)).to_be_visible()
    expect(page.get_by_text(text)).to_have_count(0)
    publish(site)
    deadline = time.monotonic() + PATIENCE
    while not page.get_by_text(text).count():
        assert time.monotonic() < deadline
        page.reload()
        expect(message(page)).to_be_visible()


def test_what_was_typed_outlives_a_server_that_does_not_answer(
    site: Site, host: str, page: Page, *, scripted: bool
) -> None:
    page.goto(f"{host}/embedded")
    if not scripted:
        return
    message(page).fill("Un texte qui reste.")
    page.route(f"{site.url}/articles/**", lambda route: route.abort())
    button(page, "Prévisualiser").click()
    expect(page.get_by_role("alert")).to_contain_text("Votre texte est toujours là")
    expect(message(page)).to_have_value("Un texte qui reste.")
    page.unroute(f"{site.url}/articles/**")
    button(page, "Prévisualiser").click()
    expect(part(page)).to_have_text(PREVIEW)


def test_a_forum_that_does_not_come_is_led_to(site: Site, host: str, page: Page, *, scripted: bool) -> None:
    page.route(f"{site.url}/articles/**", lambda route: route.abort())
    page.goto(f"{host}/embedded")
    name = f"{site.url}/articles/{SLUG}" if scripted else "Lire le forum"
    expect(page.get_by_role("link", name=name)).to_be_visible()


def part(page: Page) -> Locator:
    """The heading of the step that is shown."""
    return page.locator("#moderation-contribute")


def publish(site: Site) -> None:
    """The one that waits."""
    with site.parts.reading() as session:
        waiting = select(Comment.id, Comment.tracking).where(Comment.status == Status.PENDING)
        name, code = session.exec(waiting).one()
    site.decide(Sent(name, code or "", ""), Action.PUBLISH)

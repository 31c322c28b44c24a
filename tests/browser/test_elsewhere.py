"""A page of another site that includes a forum on its server, under a policy that lets nothing run."""

import threading
import urllib.request
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import Sent, add_article, free_port
from conftest import send as put_in
from playwright.sync_api import Browser, Page, expect
from sqlmodel import select

from browser.conftest import PLAIN_HOST
from browser.serving import Site, serve
from browser.steps import PREVIEW, button, heading, message, reload_until, send
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


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    with serve(tmp_path_factory.mktemp("embedded"), public_origins=HOST) as served:
        add_article(served.parts, SLUG)
        yield served


@pytest.fixture(scope="module")
def host(site: Site) -> Generator[str]:
    """The address of the page around it."""

    class Host(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with urllib.request.urlopen(f"{site.url}/articles/{SLUG}/fragment", timeout=5) as answer:
                fragment = answer.read().decode()
            head = (
                '<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Le Journal</title></head>'
            )
            body = f"<body><main><h1>Le pont rouvre</h1>{fragment}</main></body></html>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            policy = f"default-src 'none'; form-action {site.url}"
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write((head + body).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name for it
            pass

    with ThreadingHTTPServer(("127.0.0.1", PORT), Host) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"{HOST}/"
        server.shutdown()


@pytest.fixture
def page(chromium: Browser, *, scripted: bool) -> Generator[Page]:
    context = chromium.new_context(java_script_enabled=scripted, locale="fr-FR")
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    yield page
    context.close()
    assert [one for one in said if "favicon" not in one] == []


def test_a_forum_in_the_page_of_another_site_is_read_and_written_to(
    site: Site, host: str, page: Page, *, scripted: bool
) -> None:
    before, text = f"Publié {scripted}.", f"Écrit d’ailleurs {scripted}."
    site.decide(put_in(site.parts, SLUG, before), Action.PUBLISH)
    page.set_viewport_size(NARROW)
    page.goto(host)
    reload_until(page, page.get_by_role("article").get_by_text(before))
    assert page.evaluate(TOO_WIDE) == []
    message(page).fill(text)
    button(page, "Prévisualiser").click()
    expect(heading(page)).to_have_text(PREVIEW)
    expect(page.get_by_role("article").get_by_text(text)).to_be_visible()
    assert page.url.startswith(site.url)
    send(site, page)
    page.goto(host)
    expect(page.get_by_text(text)).to_have_count(0)
    with site.parts.reading() as session:
        waiting = select(Comment.id, Comment.tracking).where(Comment.status == Status.PENDING)
        name, code = session.exec(waiting).one()
    site.decide(Sent(name, code or "", text), Action.PUBLISH)
    reload_until(page, page.get_by_text(text))


def test_what_is_included_is_there_for_everybody(host: str, page: Page, *, scripted: bool) -> None:
    page.goto(host)
    if scripted:  # axe is a script itself
        assert axe(page) == []
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_be_visible()
    expect(page.get_by_label("Veuillez laisser ce champ vide")).to_be_hidden()

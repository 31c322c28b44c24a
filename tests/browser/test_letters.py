"""What a robot does that opens every link of every letter, as mail servers and programs have them opened."""

import re
from collections.abc import Generator
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from conftest import add_article, send
from page import mail_text
from playwright.sync_api import expect
from sqlmodel import select
from test_letters import arrived

from browser.conftest import Visit
from browser.serving import Site, serve, until
from browser.steps import button
from moderation import bulletins
from moderation.lifecycle import Action
from moderation.models.bulletins import Bulletin, How
from moderation.models.follows import Follow
from moderation.models.people import SignIn
from moderation.models.queue import Comment, Decision, Letter, Mailbox, Question, Version
from moderation.web.dependencies import Parts

pytestmark = pytest.mark.browser


@pytest.fixture
def site(tmp_path: Path) -> Generator[Site]:
    """One of its own, which sends no letters: they are written out here."""
    with serve(tmp_path) as served:
        yield served


@pytest.mark.parametrize("scripted", [True, False])
def test_a_robot_that_opens_every_link_of_a_letter_changes_nothing(
    site: Site, visit: Visit, *, scripted: bool
) -> None:
    slug = add_article(site.parts, "le-pont")
    with site.parts.writing() as session:
        bulletins.choose(session, site.ann, How.EACH, 8, "", ZoneInfo("UTC"), site.parts.clock())
    sent = send(site.parts, slug, "À décider depuis un courriel.", author="Zoé", email="zoe@example.org")
    asked = send(site.parts, slug, "À qui l’on demande.", author="Max", email="max@example.org")
    site.decide(asked, Action.ASK, note="D’où le tenez-vous ?")
    letters = {letter["To"]: letter for letter in arrived(site.parts)}
    assert letters.keys() == {site.ann.email, "max@example.org"}
    before = kept(site.parts)
    page = visit(java_script_enabled=scripted)
    links = {address for letter in letters.values() for address in addresses(letter)}
    assert {address.split("/")[3] for address in links} >= {"review", "bulletin", "desk", "track", "mail"}
    opened = set[str]()
    for address in sorted(links):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        onward = page.locator("a[href^='http'], a[href^='/']").evaluate_all("all => all.map(a => a.href)")
        for one in {address, *onward} - opened:
            opened.add(one)
            page.request.head(one)
            page.request.get(one, headers={"Sec-Purpose": "prefetch;prerender"})
            page.request.get(one, headers={"Purpose": "prefetch", "X-Moz": "prefetch"})
        page.goto(address)
        page.wait_for_load_state("networkidle")
    assert kept(site.parts) == before
    (link,) = [one for one in links if "/review/" in one]
    page.goto(link)
    button(page, "Valider").click()
    expect(page.get_by_text("Contribution validée.")).to_be_visible()
    until(lambda: page.goto(f"{site.url}/articles/{slug}") is not None and sent.text in page.content())


def addresses(letter: EmailMessage) -> list[str]:
    """All there are in it, wherever they stand."""
    html = letter.get_body(("html",))
    assert html is not None
    whole = f"{mail_text(letter)} {html.get_content()} {letter['List-Unsubscribe']}"
    return re.findall(r'http://[^\s<>"]+', whole)


def kept(parts: Parts) -> list[object]:
    """What people said and chose; a browser that looks at the desk is led to signing in, and no more."""
    tables = (Comment, Decision, Version, Question, Mailbox, Bulletin, Follow, Letter, SignIn)
    with parts.reading() as session:
        return [session.exec(select(table)).all() for table in tables]

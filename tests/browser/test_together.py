"""Two people at the desk, their scripts on: each learns what the other does, and nothing moves by itself."""

import re

import pytest
from conftest import Sent, add_article, send
from playwright.sync_api import Page, expect

from browser.conftest import Visit
from browser.serving import Site
from browser.test_every_page import NARROW, TOO_SMALL, TOO_WIDE, WIDE, axe
from moderation import leases, notes, passes, vetoes, voices
from moderation.lifecycle import Action
from moderation.models.queue import Comment
from moderation.policy import Policy

pytestmark = pytest.mark.browser
# What a closed dialog holds has no size.
SEEN_TOO_SMALL = TOO_SMALL.replace("element.tabIndex >= 0", "element.checkVisibility()")
WORD = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"


@pytest.fixture
def page(visit: Visit, site: Site) -> Page:
    """Ann’s desk; she does not wait fifteen seconds for what is asked every fifteen."""
    found = visit()
    site.sign_in(found.context, site.ann)
    found.clock.install()
    return found


MOVES_NOT = ("#title", ".judged", ".rows li:first-child", ".rows li:last-child", ".decide button")


def places(page: Page, what: str) -> object:
    return page.locator(what).first.bounding_box()


@pytest.mark.parametrize("width", [320, 1440])
def test_what_came_and_what_moved_is_told_and_shown_when_asked_for(
    page: Page, site: Site, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    slug = add_article(site.parts, f"ensemble-{width}", title="Ensemble")
    opened = send(site.parts, slug, "Celle que je lis.")
    page.goto(f"/desk/comments/{opened.id}")
    expect(page.locator(".live")).to_be_empty()
    expect(page.locator(".live")).to_have_attribute("aria-live", "polite")
    before = [places(page, one) for one in MOVES_NOT]
    send(site.parts, slug, "Celle qui arrive.")
    page.clock.run_for(16_000)
    button = page.locator(".live").get_by_role("button")
    expect(button).to_have_text(re.compile(r"1 nouvelle contribution\s: l’afficher"))
    # Nothing moves under the finger.
    assert [places(page, one) for one in MOVES_NOT] == before
    expect(page.locator(".judged")).to_contain_text("Celle que je lis.")
    site.decide(opened, Action.SPAM, by=site.sami)
    page.clock.run_for(16_000)
    expect(button).to_contain_text("classée comme spam par Sami")
    button.click()
    expect(page.locator(".item .state").first).to_have_text("spam")
    expect(page.locator(".live")).to_be_empty()


def test_to_open_is_to_read_and_others_see_it(page: Page, visit: Visit, site: Site) -> None:
    add_article(site.parts, "lire", title="Lire")
    sent = send(site.parts, "lire", "À lire.")
    with page.expect_response(re.compile("/reading$")) as told:
        page.goto(f"/desk/comments/{sent.id}")
    assert told.value.status == 204
    other = visit()
    site.sign_in(other.context, site.sami)
    other.goto(f"/desk/comments/{sent.id}")
    expect(other.locator(".standing")).to_contain_text("commence à la lire")
    other.get_by_role("button", name="La prendre").click()
    expect(other.locator(".standing")).to_have_count(0)


def test_n_begins_a_note_and_the_button_passes_it_on(page: Page, site: Site) -> None:
    add_article(site.parts, "noter", title="Noter")
    sent = send(site.parts, "noter", "À noter.")
    page.goto(f"/desk/comments/{sent.id}")
    page.keyboard.press("n")
    expect(page.get_by_label("Note pour l’équipe")).to_be_focused()
    page.keyboard.type("@Sami, qu’en dis-tu ? njp")
    page.get_by_role("button", name="Enregistrer la note").click()
    expect(page.locator(".notes mark")).to_have_text("@Sami")
    page.get_by_role("button", name="Je ne sais pas").click()
    expect(page.locator(f"[data-item='{sent.id}']")).to_have_count(0)


@pytest.mark.parametrize("path", ["/desk/guide", "/desk/settings/policy", "/desk/team", "item"])
def test_each_page_is_one_for_everybody(visit: Visit, site: Site, path: str) -> None:
    phone = visit(viewport=NARROW, has_touch=True, is_mobile=True)
    site.sign_in(phone.context, site.ann)
    if path == "item":
        sent = shared(site)
        path = f"/desk/comments/{sent.id}"
    phone.goto(path)
    assert phone.evaluate(TOO_WIDE) == []
    assert phone.evaluate(SEEN_TOO_SMALL) == []
    phone.emulate_media(color_scheme="dark")
    assert axe(phone) == []
    phone.emulate_media(color_scheme="light")
    phone.set_viewport_size(WIDE)
    assert axe(phone) == []
    with site.parts.writing() as session:
        voices.set_policy(session, "Ville", None)


def shared(site: Site) -> Sent:
    """Read, noted on, spoken about and objected to by Sami, and passed by Ann."""
    add_article(site.parts, "partage", title="Partage")
    sent = send(site.parts, "partage", "À voir à plusieurs.")
    now = site.parts.clock()
    with site.parts.writing() as session:
        section = session.get_one(Comment, sent.id).section
        voices.set_policy(session, section, Policy(2, 2, veto=True))
        leases.take(session, sent.id, by=site.sami.id, now=now)
        notes.write(session, sent.id, f"@Ann, {WORD * 5}", by=site.sami.id, now=now)
        vetoes.object_to(session, sent.id, revision=1, by=site.sami.id, now=now, note=WORD * 5)
        passes.leave(session, sent.id, by=site.ann.id, now=now)
    return sent

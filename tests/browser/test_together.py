"""Two people at the desk, their scripts on: each learns what the other does, and nothing moves by itself."""

import re

import pytest
from conftest import add_article, send
from playwright.sync_api import Page, expect

from browser.conftest import Visit
from browser.serving import Site
from moderation.lifecycle import Action

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visit: Visit, site: Site) -> Page:
    """Ann’s desk; she does not wait fifteen seconds for what is asked every fifteen."""
    found = visit()
    site.sign_in(found.context, site.ann)
    found.clock.install()
    return found


def test_what_came_and_what_moved_is_told_and_shown_when_asked_for(page: Page, site: Site) -> None:
    add_article(site.parts, "ensemble", title="Ensemble")
    opened = send(site.parts, "ensemble", "Celle que je lis.")
    page.goto(f"/desk/comments/{opened.id}")
    expect(page.locator(".live")).to_be_empty()
    send(site.parts, "ensemble", "Celle qui arrive.")
    page.clock.run_for(16_000)
    button = page.locator(".live").get_by_role("button")
    expect(button).to_have_text(re.compile(r"1 nouvelle contribution\s: l’afficher"))
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
    expect(page.locator(".open")).not_to_have_attribute("data-item", sent.id)

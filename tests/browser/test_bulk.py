"""Several at once: with the keyboard and a script, and without either script or key."""

from datetime import timedelta

import pytest
from conftest import add_article
from playwright.sync_api import Page, expect
from sqlmodel import col, select

from browser.conftest import Visit
from browser.serving import Site
from moderation import drafts, identifiers, likeness, submissions
from moderation.lifecycle import Status
from moderation.likeness import Known
from moderation.markup import Dialect
from moderation.models.queue import Comment

pytestmark = pytest.mark.browser
MANY = 24


def many(site: Site, name: str) -> list[str]:
    """More than a list shows, the oldest of all that wait."""
    slug, sent = add_article(site.parts, name), []
    for number in range(MANY):
        draft = drafts.read(f"{name} {number}", "", f"{name}, la {number}e chose.", dialect=Dialect.SPIP)
        at = site.parts.clock() - timedelta(days=900, minutes=MANY - number)
        alike = likeness.of(draft.text.html, Known())
        with site.parts.writing() as session:
            nonce = identifiers.new_code()
            kept = submissions.submit(session, slug, draft, nonce=nonce, now=at, likeness=alike)
        sent.append(kept.id)
    return sent


def refused(site: Site, sent: list[str]) -> int:
    with site.parts.reading() as session:
        found = select(Comment.id).where(col(Comment.id).in_(sent), Comment.status == Status.REFUSED)
        return len(session.exec(found).all())


def tidy(site: Site, page: Page, sent: list[str]) -> None:
    """The next test finds nothing of these."""
    with site.parts.reading() as session:
        left = session.exec(select(Comment).where(col(Comment.id).in_(sent))).all()
        words = [f"{one.id}:{one.revision}" for one in left if one.status is Status.PENDING]
    if words:
        form = "&".join(f"selected={word}" for word in words)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        page.request.post("/desk/bulk", data=f"{form}&action=spam", headers=headers, max_redirects=0)


def test_a_selection_made_with_keys_is_kept_from_page_to_page_and_refused_at_once(
    site: Site, visit: Visit
) -> None:
    page = visit()
    site.sign_in(page.context, site.ann)
    sent = many(site, "touches")
    page.goto("/desk?article=touches")
    expect(page.locator("#title")).to_have_text("touches 0")
    page.keyboard.press("x")
    page.keyboard.press("j")
    expect(page.locator("#title")).to_have_text("touches 1")
    expect(page.locator(".listed .picked")).to_have_text("1 choisie")
    page.keyboard.press("x")
    expect(page.locator(".listed .picked")).to_have_text("2 choisies")
    page.get_by_role("button", name="Suivantes").click()
    expect(page.locator("#title")).not_to_have_text("touches 1")
    expect(page.locator(".listed .picked")).to_have_text("2 choisies")
    page.keyboard.press("x")
    expect(page.locator(".listed .picked")).to_have_text("3 choisies")
    page.reload()
    expect(page.locator(".listed .picked")).to_have_text("3 choisies")
    page.locator(".listed .many > summary").click()
    page.get_by_role("button", name="hors sujet pour toutes").click()
    status = page.locator(".told [role=status]")
    expect(status).to_contain_text("3 contributions refusées.")
    assert refused(site, sent) == 3
    expect(page.locator(".listed input[name=selected]:checked")).to_have_count(0)
    page.keyboard.press("u")
    expect(status).to_contain_text("3 décisions annulées.")
    assert refused(site, sent) == 0
    tidy(site, page, sent)


def test_a_selection_is_made_and_kept_without_a_script(site: Site, visit: Visit) -> None:
    page = visit(java_script_enabled=False, viewport={"width": 320, "height": 640})
    site.sign_in(page.context, site.ann)
    sent = many(site, "simple")
    page.goto("/desk?article=simple")
    page.get_by_label("Choisir la contribution de simple 0").check()
    page.get_by_label("Choisir la contribution de simple 2").check()
    page.get_by_role("button", name="Suivantes").click()
    expect(page.locator(".listed .picked")).to_have_text("2 choisies")
    page.get_by_label(f"Choisir la contribution de simple {MANY - 1}").check()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.locator(".listed .many > summary").click()
    page.get_by_role("button", name="doublon pour toutes").click()
    expect(page.locator(".told [role=status]")).to_contain_text("3 contributions refusées.")
    assert refused(site, sent) == 3
    tidy(site, page, sent)

"""Deciding, thinking better of it, explaining, and meeting somebody else."""

import pytest
from conftest import add_article, send
from playwright.sync_api import Page, expect

from browser.conftest import Visit
from browser.serving import Site
from browser.steps import WAITS, button, heading, refuse, reload_until
from moderation.lifecycle import Action

pytestmark = pytest.mark.browser


@pytest.fixture
def ann(visit: Visit, site: Site) -> Page:
    page = visit(java_script_enabled=False)
    site.sign_in(page.context, site.ann)
    return page


@pytest.fixture
def sami(visit: Visit, site: Site) -> Page:
    page = visit(java_script_enabled=False)
    site.sign_in(page.context, site.sami)
    return page


@pytest.fixture
def reader(visit: Visit) -> Page:
    return visit(java_script_enabled=False)


def test_promise_10_an_undone_decision_never_shows(site: Site, ann: Page, reader: Page) -> None:
    slug = add_article(site.parts, "annulee")
    undone, kept = send(site.parts, slug, "Un texte repris."), send(site.parts, slug, "Un texte gardé.")
    ann.goto(f"/desk/comments/{undone.id}")
    button(ann, "Valider").click()
    button(ann, "Annuler cette décision").click()
    expect(ann.get_by_role("status")).to_contain_text("Décision annulée.")
    expect(ann.locator(".item").get_by_text("en attente de validation")).to_be_visible()
    # What is decided later shows later: once the second is there, the first would be.
    ann.goto(f"/desk/comments/{kept.id}")
    button(ann, "Valider").click()
    reader.goto(f"/articles/{slug}")
    reload_until(reader, reader.get_by_text("Un texte gardé."))
    expect(reader.get_by_text("Un texte repris.")).to_have_count(0)
    reader.goto(f"/track/{undone.tracking}")
    expect(heading(reader)).to_have_text(WAITS)


def test_refusing_needs_a_reason_and_the_author_reads_it(site: Site, ann: Page, reader: Page) -> None:
    sent = send(site.parts, add_article(site.parts, "refusee"), "Un texte hors sujet.")
    ann.goto(f"/desk/comments/{sent.id}")
    refuse(ann, "autre (à préciser)")
    expect(ann.get_by_label("Quelques mots")).to_have_accessible_description(
        "Avec « autre », dites pourquoi en quelques mots."
    )
    refuse(ann, "hors sujet", "Le sujet était le pont.")
    expect(ann.get_by_role("status")).to_contain_text("Contribution refusée.")
    reader.goto(f"/track/{sent.tracking}")
    reload_until(reader, reader.get_by_text("Motif : hors sujet."))
    expect(reader.get_by_text("refusée", exact=True)).to_be_visible()
    expect(reader.get_by_text("Le sujet était le pont.")).to_be_visible()


def test_promise_04_the_second_tab_is_told_by_whom_and_keeps_its_note(
    site: Site, ann: Page, sami: Page
) -> None:
    sent = send(site.parts, add_article(site.parts, "a-deux"), "Un texte lu à deux.")
    ann.goto(f"/desk/comments/{sent.id}")
    sami.goto(f"/desk/comments/{sent.id}")
    button(sami, "Valider").click()
    refuse(ann, "doublon", "Déjà dit plus haut.")
    told = ann.get_by_role("alert")
    expect(told).to_contain_text("Rien n’a été fait.")
    expect(told).to_contain_text("validée par Sami")
    expect(ann.get_by_label("Quelques mots")).to_have_value("Déjà dit plus haut.")
    ann.locator("details.refuse summary").click()
    expect(button(ann, "doublon")).to_have_class("chosen")


def test_undoing_too_late_says_what_can_be_done_instead(site: Site, ann: Page, reader: Page) -> None:
    slug = add_article(site.parts, "trop-tard")
    sent = send(site.parts, slug, "Un texte paru.")
    ann.goto(f"/desk/comments/{sent.id}")
    button(ann, "Valider").click()
    reader.goto(f"/articles/{slug}")
    reload_until(reader, reader.get_by_text("Un texte paru."))
    button(ann, "Annuler cette décision").click()
    expect(ann.get_by_role("alert")).to_contain_text("Rien n’a été fait.")
    refuse(ann, "doublon")
    reader.reload()
    expect(reader.get_by_text("Un texte paru.")).to_have_count(0)


def test_signing_out_closes_the_desk(site: Site, ann: Page) -> None:
    ann.goto("/desk")
    button(ann, "Se déconnecter").click()
    expect(ann).to_have_url(f"{site.url}/")
    ann.goto("/desk")
    expect(heading(ann)).to_have_text("Se connecter")


def test_a_withdrawn_text_cannot_be_decided(site: Site, ann: Page, reader: Page) -> None:
    sent = send(site.parts, add_article(site.parts, "retiree-avant"), "Un texte retiré à temps.")
    ann.goto(f"/desk/comments/{sent.id}")
    reader.goto(f"/track/{sent.tracking}")
    button(reader, "Retirer mon texte").click()
    button(ann, "Valider").click()
    expect(ann.get_by_role("alert")).to_contain_text("retirée par son auteur·ice")
    expect(ann.get_by_text("Un texte retiré à temps.")).to_have_count(0)


def test_an_author_who_withdraws_too_late_is_told(site: Site, reader: Page) -> None:
    sent = send(site.parts, add_article(site.parts, "retiree-apres"), "Un texte déjà lu.")
    reader.goto(f"/track/{sent.tracking}")
    site.decide(sent, Action.PUBLISH)
    button(reader, "Retirer mon texte").click()
    expect(reader.get_by_role("alert")).to_contain_text("rien n’a été retiré")
    expect(reader.get_by_role("link", name="La lire sous l’article")).to_be_visible()


def test_the_guide_is_on_one_screen_of_a_small_phone(site: Site, visit: Visit) -> None:
    page = visit(viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True)
    site.sign_in(page.context, site.ann)
    page.goto("/desk/guide")
    last = button(page, "J’ai compris")
    expect(last).to_be_in_viewport(ratio=1)

"""Every journey with JavaScript switched off."""

import re
import time

import pytest
from conftest import add_article
from conftest import send as put_in
from playwright.sync_api import Page, expect

from browser.conftest import Visit
from browser.serving import UNDO_SECONDS, Site, until
from browser.steps import WAITS, button, heading, message, preview, refuse, reload_until, send, write

pytestmark = pytest.mark.browser


@pytest.fixture
def reader(visit: Visit) -> Page:
    return visit(java_script_enabled=False)


def test_promise_08_a_text_goes_from_the_form_through_a_decision_to_the_page(
    site: Site, visit: Visit, reader: Page
) -> None:
    slug = add_article(site.parts, "du-formulaire", title="Du formulaire à la page")
    put_in(site.parts, slug, "Un texte plus ancien.", author="Paule, la première")
    reader.goto("/")
    reader.get_by_role("link", name="Du formulaire à la page").click()
    write(reader, "Le pont rouvrira aux vélos mardi.", author="Zoé, à vélo")
    preview(reader)
    expect(reader.get_by_role("article").get_by_text("Le pont rouvrira aux vélos mardi.")).to_be_visible()
    message(reader).fill("Le pont rouvrira aux vélos mercredi.")
    preview(reader, "Prévisualiser à nouveau")
    expect(reader.get_by_role("article").get_by_text("aux vélos mercredi.")).to_be_visible()
    send(site, reader)
    expect(reader.get_by_text("en attente de validation")).to_be_visible()
    reader.reload()
    expect(heading(reader)).to_have_text(WAITS)

    ann = visit(java_script_enabled=False)
    ann.goto(site.command("sign-in-link", site.ann.email))
    button(ann, "Se connecter").click()
    ann.goto(f"/desk?article={slug}")
    authors = ann.locator(".rows .author").all_inner_texts()
    assert authors.index("Paule, la première") < authors.index("Zoé, à vélo")
    ann.get_by_role("link", name=re.compile("^Zoé, à vélo")).first.click()
    expect(ann.get_by_role("paragraph").filter(has_text="aux vélos mercredi.")).to_be_visible()
    pressed = time.monotonic()
    button(ann, "Valider").click()
    expect(ann.get_by_role("status")).to_contain_text("Contribution validée.")

    other = visit(java_script_enabled=False)
    other.goto(f"/articles/{slug}")
    published = other.get_by_text("Le pont rouvrira aux vélos mercredi.")
    expect(published).to_have_count(0)
    reload_until(other, published)
    assert time.monotonic() - pressed >= UNDO_SECONDS
    expect(other.get_by_role("heading", name="1 complément")).to_be_visible()
    expect(other.get_by_text("mardi")).to_have_count(0)

    there = reader.get_by_role("link", name="La lire sous l’article")
    reload_until(reader, there)
    expect(reader.get_by_text("publiée", exact=True)).to_be_visible()
    there.click()
    assert "#comment" in reader.url
    expect(reader.get_by_text("aux vélos mercredi.")).to_be_in_viewport()


def test_sending_something_else_than_was_previewed_shows_a_new_preview(site: Site, reader: Page) -> None:
    slug = add_article(site.parts, "autre-chose")
    reader.goto(f"/articles/{slug}")
    write(reader, "Ce que j’ai relu.")
    preview(reader)
    message(reader).fill("Ce que je n’ai pas relu.")
    button(reader, "Envoyer à la modération").click()
    expect(reader.get_by_role("status")).to_contain_text("n’avait pas encore été prévisualisé")
    expect(reader.get_by_role("article").get_by_text("Ce que je n’ai pas relu.")).to_be_visible()


def test_what_is_wrong_is_said_beside_the_field_and_the_text_is_kept(site: Site, reader: Page) -> None:
    slug = add_article(site.parts, "champ-fautif")
    reader.goto(f"/articles/{slug}")
    long = "a" * 10_001
    write(reader, long)
    button(reader, "Prévisualiser").click()
    expect(reader.get_by_role("alert")).to_contain_text("C’est trop long")
    expect(message(reader)).to_have_accessible_description(re.compile("C’est trop long"))
    assert message(reader).input_value() == long
    reader.get_by_role("alert").get_by_role("link").click()
    expect(message(reader)).to_be_focused()


def test_an_author_withdraws_and_the_text_is_gone(site: Site, visit: Visit, reader: Page) -> None:
    slug = add_article(site.parts, "retirer")
    words = "Ma tante Ysengrine habite au numéro douze."
    sent = put_in(site.parts, slug, words, author="Nièce d’Ysengrine")
    reader.goto("/track")
    reader.get_by_label("Le code noté après l’envoi").fill(sent.tracking.lower())
    button(reader, "Voir où elle en est").click()
    expect(reader.get_by_text(words)).to_be_visible()
    button(reader, "Retirer mon texte").click()
    expect(reader.get_by_text("Vous l’avez retirée : son texte a été effacé.")).to_be_visible()
    expect(reader.get_by_text("Ysengrine")).to_have_count(0)
    ann = visit(java_script_enabled=False)
    site.sign_in(ann.context, site.ann)
    ann.goto(f"/desk/comments/{sent.id}")
    expect(ann.locator(".item .state").first).to_have_text("retirée par son auteur·ice")
    expect(ann.get_by_text("Ysengrine")).to_have_count(0)
    files = [site.file, site.file.with_name(site.file.name + "-wal")]
    until(lambda: all(b"Ysengrine" not in file.read_bytes() for file in files if file.exists()))


def test_a_decision_is_contested_and_read_again_by_somebody_else(
    site: Site, visit: Visit, reader: Page
) -> None:
    slug = add_article(site.parts, "contestee", title="Contestée")
    sent = put_in(site.parts, slug, "Un texte refusé trop vite.", author="Zoé")
    ann, sami = (visit(java_script_enabled=False) for _ in range(2))
    for page, person in ((ann, site.ann), (sami, site.sami)):
        site.sign_in(page.context, person)
    ann.goto(f"/desk/comments/{sent.id}")
    refuse(ann, "hors sujet")
    reader.goto(f"/track/{sent.tracking}")
    contest = button(reader, "Contester la décision")
    reload_until(reader, contest)
    reader.get_by_label("Pourquoi il faudrait la revoir").fill("Il parle bien du pont.")
    contest.click()
    expect(heading(reader)).to_have_text("Votre contestation attend d’être lue")
    ann.goto(f"/desk/comments/{sent.id}")
    expect(ann.get_by_text("C’est votre décision qui est contestée")).to_be_visible()
    expect(button(ann, "Valider")).to_have_count(0)
    sami.goto(f"/desk/comments/{sent.id}")
    expect(sami.get_by_text("Il parle bien du pont.").first).to_be_visible()
    button(sami, "Valider").click()
    reload_until(reader, reader.get_by_role("link", name="La lire sous l’article"))
    expect(reader.get_by_text("C’est une autre personne qui l’a relue.")).to_be_visible()

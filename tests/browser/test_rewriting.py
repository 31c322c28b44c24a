"""What a script adds where the moderation takes words out: selecting them in place of typing."""

import pytest
from conftest import add_article, send
from playwright.sync_api import expect

from browser.conftest import Visit
from browser.serving import Site
from browser.steps import button, heading

pytestmark = pytest.mark.browser
TEXT = "Demandez à Jean Dupont, qui saura."


def test_words_are_selected_by_keys_alone_and_added_by_a_button(site: Site, visit: Visit) -> None:
    add_article(site.parts, "retirer")
    sent = send(site.parts, "retirer", TEXT)
    page = visit()
    site.sign_in(page.context, site.ann)
    page.goto(f"/desk/comments/{sent.id}/redact")
    button(page, "Ajouter les mots sélectionnés").click()
    expect(page.get_by_role("status")).to_have_text("Sélectionnez d’abord des mots dans le texte.")
    source = page.get_by_label("Texte, tel que saisi")
    expect(source).to_be_focused()
    page.keyboard.press("Control+Home")
    for _ in range(len("Demandez à ")):
        page.keyboard.press("ArrowRight")
    for _ in range(len("Jean Dupont")):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Ajouté : Jean Dupont")
    expect(page.get_by_label("Passages à retirer, un par ligne")).to_have_value("Jean Dupont\n")
    button(page, "Prévisualiser").click()
    expect(page.locator(".sheet .text")).to_have_text(
        "Demandez à [passage retiré par la modération], qui saura."
    )
    button(page, "Retirer ces mots").click()
    expect(page.get_by_role("status")).to_contain_text("Passage retiré.")


def test_without_a_script_the_passages_are_typed(site: Site, visit: Visit) -> None:
    add_article(site.parts, "retirer-a-la-main")
    sent = send(site.parts, "retirer-a-la-main", TEXT)
    page = visit(java_script_enabled=False)
    site.sign_in(page.context, site.ann)
    page.goto(f"/desk/comments/{sent.id}/redact")
    expect(heading(page)).to_have_text("Retirer un passage")
    expect(button(page, "Ajouter les mots sélectionnés")).to_be_hidden()
    page.get_by_label("Passages à retirer, un par ligne").fill("Jean Dupont")
    button(page, "Prévisualiser").click()
    button(page, "Retirer ces mots").click()
    expect(page.locator(".judged")).to_contain_text("[passage retiré par la modération], qui saura.")


@pytest.mark.parametrize("scripted", [True, False])
def test_publishing_and_answering_is_one_press_and_one_undo_gives_the_words_back(
    site: Site, visit: Visit, scripted: bool
) -> None:
    slug = f"repondre-{scripted}".lower()
    add_article(site.parts, slug)
    sent = send(site.parts, slug, TEXT)
    page = visit(java_script_enabled=scripted)
    site.sign_in(page.context, site.ann)
    page.goto(f"/desk/comments/{sent.id}")
    page.locator("details.answer > summary").click()
    page.get_by_label("Votre réponse, au nom de la modération").fill("Merci, p r s : c’est noté.")
    button(page, "Publier et répondre").click()
    expect(page.locator(".done")).to_contain_text("Contribution validée, avec votre réponse.")
    button(page, "Annuler les deux").click()
    expect(page.locator(".done")).to_contain_text("Décision annulée.")
    expect(page.get_by_label("Votre réponse, au nom de la modération")).to_have_value(
        "Merci, p r s : c’est noté."
    )
    expect(page.locator(".judged")).to_contain_text("Jean Dupont")

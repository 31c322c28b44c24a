"""From « Signaler » to the text being gone: who reports, who decides, and who reads."""

import pytest
from conftest import add_article, send
from playwright.sync_api import expect

from browser.conftest import Visit
from browser.serving import Site
from browser.steps import button, heading, reload_until
from moderation.lifecycle import Action

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scripted", [True, False], ids=["with-javascript", "without-javascript"])
def test_a_text_is_reported_taken_down_and_gone(site: Site, visit: Visit, *, scripted: bool) -> None:
    slug = add_article(site.parts, f"signale-{scripted}".lower())
    text = send(site.parts, slug, f"Ce qui est signalé, {scripted}.", author="Zoé")
    site.decide(text, Action.PUBLISH)
    reader = visit(java_script_enabled=scripted)
    reader.goto(f"/articles/{slug}")
    reload_until(reader, reader.get_by_text(text.text))
    reader.get_by_role("link", name="Signaler la contribution de Zoé").click()
    button(reader, "Envoyer le signalement").click()
    expect(reader.get_by_role("alert")).to_contain_text("5 points à corriger")
    reader.get_by_label("Vous tenez ce texte pour").select_option(label="injure ou diffamation")
    reader.get_by_label("En quoi il est illicite").fill(f"Ces mots me diffament, {scripted}.")
    reader.get_by_label("Votre nom", exact=True).fill("Léa Martin")
    reader.get_by_label("Votre adresse électronique").fill("lea@example.net")
    reader.get_by_label("Je suis de bonne foi").check()
    button(reader, "Envoyer le signalement").click()
    expect(heading(reader)).to_have_text("Votre signalement")
    expect(reader.get_by_text("reçu, pas encore examiné")).to_be_visible()
    followed = reader.url

    desk = visit(java_script_enabled=scripted)
    site.sign_in(desk.context, site.ann)
    desk.goto("/desk")
    desk.locator("summary", has_text="À traiter d’abord").click()
    desk.locator(".calls").get_by_role("link", name="Léa Martin").first.click()
    expect(desk.locator("article.item").get_by_text("Signalé comme : injure ou diffamation")).to_be_visible()
    if scripted:
        desk.keyboard.press("t")
    else:
        desk.locator("summary", has_text="Dépublier").click()
        desk.get_by_role("button", name="contenu illicite").click()
    expect(desk.get_by_role("status").first).to_contain_text("Contribution dépubliée.")

    reader.goto(f"/articles/{slug}")
    expect(reader.get_by_text(text.text)).to_have_count(0)
    reader.goto(followed)
    reload_until(reader, reader.get_by_text("texte retiré", exact=True))
    expect(reader.get_by_text("Motif : contenu illicite.")).to_be_visible()

"""Plain HTTP on a host that is not localhost, as an onion or a local network has it: every form works."""

from collections.abc import Generator

import pytest
from conftest import add_article
from conftest import send as put_in
from playwright.sync_api import expect

from browser.conftest import PLAIN_HOST, Visit
from browser.serving import Site, serve
from browser.steps import WAITS, button, heading, preview, send, write

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    with serve(tmp_path_factory.mktemp("plain"), host=PLAIN_HOST) as served:
        yield served


@pytest.mark.parametrize("scripted", [True, False], ids=["with-javascript", "without-javascript"])
def test_every_form_of_a_reader_works(site: Site, visit: Visit, *, scripted: bool) -> None:
    slug = add_article(site.parts, f"sans-secret-{scripted}".lower())
    page = visit(java_script_enabled=scripted)
    page.goto(f"/articles/{slug}")
    assert page.evaluate("isSecureContext") is False
    write(page, "Lu sans chiffrement.")
    preview(page)
    send(site, page)
    code = page.url.rpartition("/")[2]
    page.goto("/track")
    page.get_by_label("Le code noté").fill(code)
    button(page, "Voir où elle en est").click()
    expect(heading(page)).to_have_text(WAITS)
    button(page, "Retirer mon texte").click()
    expect(page.get_by_text("Vous l’avez retirée")).to_be_visible()


def test_every_form_of_a_moderator_works(site: Site, visit: Visit) -> None:
    sent = put_in(site.parts, add_article(site.parts, "sans-secret"), "À lire.")
    page = visit()
    page.goto("/sign-in")
    page.get_by_label("Votre adresse électronique").fill(site.sami.email)
    button(page, "Recevoir un lien").click()
    expect(heading(page)).to_have_text("Demandez votre lien")
    page.goto(site.sign_in_link(site.sami))
    button(page, "Se connecter").click()
    expect(heading(page)).to_have_text("File d’attente")
    page.goto(f"/desk/comments/{sent.id}")
    button(page, "Spam").click()
    expect(page.get_by_role("status")).to_contain_text("Contribution classée comme spam.")
    button(page, "Annuler cette décision").click()
    expect(page.get_by_role("status")).to_contain_text("Décision annulée.")
    button(page, "Se déconnecter").click()
    expect(page).to_have_url(f"{site.url}/")

"""Plain HTTP on a host that is not localhost, as an onion or a local network has it: every form works."""

from collections.abc import Generator

import pytest
from conftest import Sent, add_article
from conftest import send as put_in
from playwright.sync_api import Page, expect
from sqlmodel import col, select

from browser.conftest import PLAIN_HOST, Visit
from browser.serving import MAILING, Site, serve, until
from browser.steps import WAITS, button, heading, message, preview, refuse, send, write
from moderation import accounts
from moderation.models.people import SignIn
from moderation.models.queue import Letter

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("scripted", [True, False], ids=["with-javascript", "without-javascript"]),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    with serve(
        tmp_path_factory.mktemp("plain"), host=PLAIN_HOST, waiting_per_thread="3", **MAILING
    ) as served:
        yield served


def test_every_form_of_a_reader_works(site: Site, visit: Visit, *, scripted: bool) -> None:
    slug = add_article(site.parts, f"sans-secret-{scripted}".lower())
    page = visit(java_script_enabled=scripted)
    page.goto(f"/articles/{slug}")
    assert page.evaluate("isSecureContext") is False
    write(page, "Lu sans chiffrement.")
    preview(page)
    message(page).fill("Relu sans chiffrement.")
    preview(page, "Prévisualiser à nouveau")
    expect(page.get_by_role("article").get_by_text("Relu sans chiffrement.")).to_be_visible()
    send(site, page)
    code = page.url.rpartition("/")[2]
    page.goto("/track")
    page.get_by_label("Le code noté").fill(code)
    button(page, "Voir où elle en est").click()
    expect(heading(page)).to_have_text(WAITS)
    button(page, "Retirer mon texte").click()
    expect(page.get_by_text("Vous l’avez retirée")).to_be_visible()


def _code_for(site: Site) -> str:
    """The code of the last letter, as delivery would write it; made once delivery failed with its own."""
    until(lambda: _tried(site))
    with site.parts.writing() as session:
        letter = session.exec(select(SignIn).order_by(col(SignIn.expires_at).desc())).first()
        assert letter is not None
        session.add(letter)
        return accounts.new_code(letter)


def _tried(site: Site) -> bool:
    with site.parts.reading() as session:
        waiting = select(Letter).where(col(Letter.sign_in_id).is_not(None), col(Letter.failure) == "")
        return session.exec(waiting).first() is None


def _sign_in_by_code(site: Site, page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("Votre adresse électronique").fill(site.sami.email)
    button(page, "Demander un lien").click()
    expect(page.get_by_label("Code reçu")).to_be_visible()
    page.get_by_label("Code reçu").fill(_code_for(site))
    button(page, "Se connecter").click()
    expect(heading(page)).to_have_text("File d’attente")


def _sign_in_by_link(site: Site, page: Page) -> None:
    page.goto(site.sign_in_link(site.ann))
    button(page, "Se connecter").click()
    expect(heading(page)).to_have_text("File d’attente")


def _sent(site: Site, slug: str) -> list[Sent]:
    add_article(site.parts, slug)
    return [put_in(site.parts, slug, f"{slug}, texte {number}.") for number in range(3)]


def test_every_form_of_a_moderator_works(site: Site, visit: Visit, *, scripted: bool) -> None:
    spam, fine, refused = _sent(site, f"a-moderer-{scripted}".lower())
    page = visit(java_script_enabled=scripted)
    _sign_in_by_code(site, page)
    page.goto(f"/desk/comments/{spam.id}")
    button(page, "Spam").click()
    expect(page.get_by_role("status")).to_contain_text("Contribution classée comme spam.")
    button(page, "Annuler cette décision").click()
    expect(page.get_by_role("status")).to_contain_text("Décision annulée.")
    page.goto(f"/desk/comments/{fine.id}")
    button(page, "Valider").click()
    expect(page.get_by_role("status")).to_contain_text("Contribution validée.")
    page.goto(f"/desk/comments/{refused.id}")
    refuse(page, "hors sujet")
    expect(page.get_by_role("status")).to_contain_text("Contribution refusée.")
    page.goto(f"/desk/comments/{refused.id}")
    button(page, "Remettre en attente").click()
    expect(page.get_by_role("status")).to_contain_text("Contribution remise en attente.")
    button(page, "Se déconnecter").click()
    expect(page).to_have_url(f"{site.url}/")


def test_every_form_of_an_admin_works(site: Site, visit: Visit, *, scripted: bool) -> None:
    _sent(site, f"a-fermer-{scripted}".lower())
    page = visit(java_script_enabled=scripted)
    _sign_in_by_link(site, page)
    button(page, "Fermer ce forum").first.click()
    expect(page.get_by_role("status")).to_contain_text("Forum fermé par Ann")
    page.goto("/desk/log")
    button(page, "Rouvrir ce forum").first.click()
    expect(page.get_by_role("status")).to_contain_text("Forum rouvert par Ann")
    button(page, "Se déconnecter").click()
    expect(page).to_have_url(f"{site.url}/")

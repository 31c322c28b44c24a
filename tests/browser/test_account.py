"""« Mon compte » in Chromium: without JavaScript all of it but passkeys, and passkeys with it."""

import re
from collections.abc import Generator
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from conftest import add_person
from playwright.sync_api import CDPSession, Page, expect
from sqlmodel import select

from browser.conftest import Visit
from browser.serving import Site, serve
from browser.steps import button, guarded, heading
from browser.test_every_page import NARROW, TOO_SMALL, TOO_WIDE, axe
from moderation.accounts import Person
from moderation.models.people import AccountSession, Role

pytestmark = pytest.mark.browser
PASSWORD = "quatre mots sans lien"


def link(page: Page, name: str) -> Any:
    return page.get_by_role("link", name=name)


@pytest.fixture
def page(visit: Visit) -> Page:
    return visit(java_script_enabled=False)


def age(site: Site, person: Person) -> None:
    """Lets ten minutes go by since the person last proved who they are."""
    with site.parts.writing() as session:
        for row in session.exec(select(AccountSession).where(AccountSession.account_id == person.id)):
            row.confirmed_at -= timedelta(minutes=10)
            session.add(row)


def test_a_password_and_an_application_are_set_up_and_used(site: Site, page: Page) -> None:
    lea = add_person(site.parts, "lea@example.org", "Léa", Role.MODERATOR)
    page.goto(site.sign_in_link(lea))
    button(page, "Se connecter").click()
    link(page, "Mon compte").click()
    link(page, "Choisir un mot de passe").click()
    page.get_by_label("Nouveau mot de passe").fill("lea@example.org")
    button(page, "Enregistrer").click()
    expect(page.get_by_label("Nouveau mot de passe")).to_have_accessible_description(
        re.compile("Ce mot de passe ressemble trop à votre nom, à votre adresse ou au nom du site.")
    )
    page.get_by_label("Nouveau mot de passe").fill(PASSWORD)
    button(page, "Enregistrer").click()
    expect(page.get_by_role("status")).to_contain_text("Mot de passe enregistré.")

    link(page, "Mettre en service une application d’authentification").click()
    expect(page.get_by_role("img", name="Code QR à scanner.")).to_be_visible()
    application = pyotp.parse_uri(str(link(page, "Ouvrir l’application").get_attribute("href")))
    assert isinstance(application, pyotp.TOTP)
    page.get_by_label("Le code que l’application affiche").fill(application.at(site.parts.clock()))
    button(page, "Mettre en service").click()
    expect(heading(page)).to_have_text("Vos codes de secours")
    recovery = page.get_by_role("listitem").locator("code").all_inner_texts()
    assert len(recovery) == 10
    link(page, "Je les ai notés").click()
    expect(page.get_by_text("Il reste 10 codes de secours.")).to_be_visible()
    button(page, "Se déconnecter").click()

    page.goto("/desk/log")
    link(page, "Se connecter avec un mot de passe").click()
    page.get_by_label("Votre adresse électronique").fill("lea@example.org")
    page.get_by_label("Votre mot de passe").fill(PASSWORD)
    button(page, "Se connecter").click()
    expect(heading(page)).to_have_text("Encore une étape")
    page.get_by_label("Le code de votre application").fill(
        application.at(site.parts.clock() + timedelta(seconds=30))
    )
    button(page, "Se connecter").click()
    expect(heading(page)).to_have_text("Journal des décisions")
    button(page, "Se déconnecter").click()

    page.goto(site.sign_in_link(lea))
    button(page, "Se connecter").click()
    page.get_by_text("Je n’ai plus l’application").click()
    page.get_by_label("Un de vos codes de secours").fill(recovery[0])
    button(page, "Se connecter").click()
    expect(heading(page)).to_have_text("File d’attente")
    link(page, "Mon compte").click()
    expect(page.get_by_text("Il reste 9 codes de secours.")).to_be_visible()


def test_what_was_typed_is_there_after_proving_who_one_is(site: Site, page: Page) -> None:
    noe = guarded(site, "noe@example.org", "Noé")
    site.sign_in(page.context, noe.person)
    page.goto("/desk/account/tokens")
    page.get_by_label("À quoi il sert").fill("Statistiques du mois")
    page.get_by_label("décider").uncheck()
    age(site, noe.person)
    button(page, "Créer le jeton").click()
    expect(heading(page)).to_have_text("Confirmez que c’est vous")
    page.get_by_label("Le code de votre application").fill(noe.code(site.parts.clock()))
    button(page, "Confirmer").click()
    expect(page.get_by_label("À quoi il sert")).to_have_value("Statistiques du mois")
    expect(page.get_by_label("décider")).not_to_be_checked()
    button(page, "Créer le jeton").click()
    expect(page.get_by_role("status")).to_contain_text("mod_")
    button(page, "Révoquer Statistiques du mois").click()
    expect(page.get_by_role("status")).to_contain_text("Jeton révoqué")


def test_another_browser_is_signed_out_from_here(site: Site, visit: Visit, page: Page) -> None:
    mia = add_person(site.parts, "mia@example.org", "Mia", Role.MODERATOR)
    phone = "Mozilla/5.0 (Android 16; Mobile; rv:150.0) Gecko/150.0 Firefox/150.0"
    other = visit(java_script_enabled=False, user_agent=phone)
    for browser in (page, other):
        browser.goto(site.sign_in_link(mia))
        button(browser, "Se connecter").click()
    page.goto("/desk/account")
    listed = page.get_by_role("listitem").filter(has_text="dernière action")
    expect(listed.filter(has_text="Firefox, Android")).not_to_contain_text("celui-ci")
    expect(listed).to_have_count(2)
    expect(listed.filter(has_text="celui-ci")).to_have_count(1)
    button(page, "Déconnecter tous les autres").click()
    expect(listed).to_have_count(1)
    other.goto("/desk")
    expect(heading(other)).to_have_text("Se connecter")
    expect(heading(page)).to_have_text("Mon compte")


# Passkeys: browsers have none at a bare address


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    with serve(tmp_path_factory.mktemp("named"), host="localhost") as served:
        yield served


class Authenticator:
    """A device of the person's own, as Chromium's developer tools lend it."""

    def __init__(self, page: Page, *, verifies: bool = True) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": verifies,
            "automaticPresenceSimulation": True,
        }
        added = self._session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.id = added["authenticatorId"]

    def keys(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._session.send(
            "WebAuthn.getCredentials", {"authenticatorId": self.id}
        )["credentials"]
        return found

    def take(self, key: dict[str, Any]) -> None:
        self._session.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": key})

    def verify(self, verified: bool) -> None:
        self._session.send(
            "WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": verified}
        )


def enter(named: Site, visit: Visit, person: Person, **options: Any) -> Page:
    page = visit(base_url=named.url, **options)
    page.goto(named.sign_in_link(person))
    button(page, "Se connecter").click()
    return page


@pytest.fixture
def watched(watch: Any, named: Site) -> None:
    watch.url = named.url


@pytest.mark.usefixtures("watched")
def test_a_passkey_is_made_used_for_everything_and_removed(named: Site, visit: Visit) -> None:
    page = enter(named, visit, named.ann)
    device = Authenticator(page)
    link(page, "Mon compte").click()
    link(page, "Ajouter une clé d’accès").click()
    page.get_by_label("Un nom pour la reconnaître").fill("mon téléphone")
    button(page, "Créer la clé d’accès").click()
    expect(page.get_by_role("status")).to_contain_text("Clé d’accès ajoutée.")
    expect(page.get_by_text("mon téléphone").first).to_be_visible()
    (key,) = device.keys()
    assert (key["rpId"], key["isResidentCredential"]) == ("localhost", True)

    link(page, "Ajouter une clé d’accès").click()
    button(page, "Créer la clé d’accès").click()
    expect(page.get_by_role("alert")).to_have_text("Cet appareil a déjà une clé d’accès pour votre compte.")

    button(page, "Se déconnecter").click()
    page.goto("/desk/log")
    button(page, "Se connecter avec une clé d’accès").click()
    expect(heading(page)).to_have_text("Journal des décisions")

    age(named, named.ann)
    page.goto("/desk/account/password")
    button(page, "Confirmer avec une clé d’accès").click()
    expect(heading(page)).to_have_text("Choisir un mot de passe")

    page.goto("/desk/account")
    button(page, "Supprimer mon téléphone").click()
    expect(page.get_by_role("status")).to_contain_text("Clé d’accès supprimée.")
    button(page, "Se déconnecter").click()
    page.goto("/sign-in")
    button(page, "Se connecter avec une clé d’accès").click()
    expect(page.get_by_role("alert").first).to_contain_text("Cette clé d’accès n’a pas été reconnue.")


@pytest.mark.usefixtures("watched")
def test_a_device_that_does_not_know_its_owner_opens_nothing(named: Site, visit: Visit) -> None:
    page = enter(named, visit, named.sami)
    device = Authenticator(page)
    page.goto("/desk/account/passkeys")
    button(page, "Créer la clé d’accès").click()
    expect(page.get_by_role("status")).to_contain_text("Clé d’accès ajoutée.")
    button(page, "Se déconnecter").click()
    page.goto("/sign-in")
    device.verify(False)
    button(page, "Se connecter avec une clé d’accès").click()
    expect(page.get_by_role("alert").last).to_contain_text("La clé d’accès n’a pas servi")
    device.verify(True)
    button(page, "Se connecter avec une clé d’accès").click()
    expect(heading(page)).to_have_text("File d’attente")


@pytest.mark.usefixtures("watched")
def test_a_copied_key_is_noticed_by_its_count(named: Site, visit: Visit) -> None:
    tom = add_person(named.parts, "tom@example.org", "Tom", Role.MODERATOR)
    page = enter(named, visit, tom)
    device = Authenticator(page)
    page.goto("/desk/account/passkeys")
    button(page, "Créer la clé d’accès").click()
    expect(page.get_by_role("status")).to_contain_text("Clé d’accès ajoutée.")
    (stolen,) = device.keys()
    page.goto("/sign-in")
    button(page, "Se connecter avec une clé d’accès").click()
    expect(heading(page)).to_have_text("File d’attente")
    thief = visit(base_url=named.url)
    thief.goto("/sign-in")
    copy = Authenticator(thief)
    copy.take(stolen)
    button(thief, "Se connecter avec une clé d’accès").click()
    expect(thief.get_by_role("alert").first).to_contain_text("Cette clé d’accès n’a pas été reconnue.")


@pytest.mark.usefixtures("watched")
def test_a_browser_without_passkeys_says_so(named: Site, visit: Visit) -> None:
    page = visit(base_url=named.url)
    page.add_init_script("delete window.PublicKeyCredential")
    page.goto("/sign-in")
    button(page, "Se connecter avec une clé d’accès").click()
    expect(page.get_by_role("alert")).to_contain_text("Ce navigateur n’accepte pas les clés d’accès")
    still = visit(base_url=named.url, java_script_enabled=False)
    still.goto("/sign-in")
    expect(button(still, "Demander un lien")).to_be_visible()
    expect(button(still, "Se connecter avec une clé d’accès")).to_have_count(0)
    named.sign_in(still.context, named.ann)
    still.goto("/desk/account/passkeys")
    expect(still.get_by_text("la seule chose ici qui demande JavaScript")).to_be_visible()
    expect(button(still, "Créer la clé d’accès")).to_have_count(0)


@pytest.mark.usefixtures("watched")
def test_who_asked_for_a_passkey_too_often_is_told_to_wait(named: Site, visit: Visit) -> None:
    page = visit(base_url=named.url)
    page.route("**/sign-in/passkey/options", lambda asked: asked.fulfill(status=429, body="{}"))
    page.goto("/sign-in")
    button(page, "Se connecter avec une clé d’accès").click()
    expect(page.get_by_role("alert")).to_have_text(
        "Trop d’essais : attendez quelques minutes, ou servez-vous d’un autre moyen."
    )


@pytest.mark.usefixtures("watched")
def test_the_pages_of_passkeys_are_as_good_as_the_others(named: Site, visit: Visit) -> None:
    page = visit(base_url=named.url, viewport=NARROW, has_touch=True, is_mobile=True)
    zoe = add_person(named.parts, "zoe@example.org", "Zoé", Role.MODERATOR)
    named.sign_in(page.context, zoe)
    device = Authenticator(page)
    page.goto("/desk/account/passkeys")
    page.get_by_label("Un nom pour la reconnaître").fill("W" * 80)
    button(page, "Créer la clé d’accès").click()
    expect(page.get_by_role("status")).to_be_visible()
    assert device.keys()
    for path in ("/desk/account", "/desk/account/passkeys", "/desk/confirm", "/sign-in"):
        page.goto(path)
        assert (axe(page), page.evaluate(TOO_WIDE), page.evaluate(TOO_SMALL)) == ([], [], []), path

"""What readers and moderators do on a page, by the words they read there."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
from conftest import add_person
from playwright.sync_api import Locator, Page, expect

from browser.serving import PATIENCE, Site, until
from moderation import factors, links, passwords, totp
from moderation.accounts import Person
from moderation.models.people import Role
from moderation.web.attempt import TOO_FAST

PREVIEW = "Aperçu : votre message n’est pas encore envoyé"
WAITS = "Votre contribution attend d’être lue"


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def message(page: Page) -> Locator:
    return page.get_by_label("Texte de votre message")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def refuse(page: Page, reason: str, note: str = "") -> None:
    """Refuses the open contribution, or takes it down."""
    if page.locator("details.refuse[open]").count() == 0:
        page.locator("details.refuse > summary").click()
    if note:
        page.get_by_label("Quelques mots pour l’auteur·ice").fill(note)
    button(page, reason).click()


def write(page: Page, text: str, *, author: str = "") -> None:
    page.get_by_label("Votre nom ou pseudonyme").fill(author)
    message(page).fill(text)


def preview(page: Page, name: str = "Prévisualiser") -> None:
    button(page, name).click()
    expect(heading(page)).to_have_text(PREVIEW)


def read_preview(site: Site, page: Page) -> None:
    """Takes as long as the program thinks a person needs."""
    token = page.locator("input[name=token]").input_value()
    until(lambda: site.parts.links.read(links.Form, token, site.parts.clock())[1] > TOO_FAST)


def send(site: Site, page: Page) -> None:
    read_preview(site, page)
    button(page, "Envoyer à la modération").click()
    expect(heading(page)).to_have_text(WAITS)


def reload_until(page: Page, there: Locator) -> None:
    """Asks again and again, as somebody impatient would."""
    deadline = time.monotonic() + PATIENCE
    while not there.count():
        assert time.monotonic() < deadline, f"it never came: {there}"
        page.reload()


@dataclass(frozen=True)
class Guarded:
    """Somebody with a password, an application that makes codes, and the paper with the recovery codes."""

    person: Person
    password: str
    secret: str
    recovery: list[str]

    def code(self, at: datetime) -> str:
        return pyotp.TOTP(self.secret).at(at)


def guarded(site: Site, email: str, name: str) -> Guarded:
    parts, before = site.parts, site.parts.clock() - timedelta(minutes=5)
    person = add_person(parts, email, name, Role.MODERATOR)
    password, secret = "quatre mots sans lien", totp.new_secret()
    hashed, typed = passwords.hashed(password), pyotp.TOTP(secret).at(before)
    with parts.writing() as session:
        factors.set_password(session, person, hashed, before)
        codes = factors.turn_codes_on(session, parts.vault, person, secret, typed, before)
    assert codes is not None
    return Guarded(person, password, secret, codes)

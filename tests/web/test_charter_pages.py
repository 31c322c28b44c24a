"""The charter as everybody reads it, and as who administers writes it."""

import pytest
from conftest import Sent, sign_in
from page import Page
from starlette.testclient import TestClient

from moderation import charter
from moderation.accounts import Person
from moderation.web.dependencies import Parts

NEW = "## Courtoisie\n\nSoyez **brefs**."
SETTINGS = "/desk/settings/charter"


def test_the_charter_is_public_without_a_cookie_and_linked_from_every_page(client: TestClient) -> None:
    answer = client.get(Page(client.get("/")).hrefs["Charte"])
    page = Page(answer)
    assert (answer.status_code, page.heading) == (200, "Charte")
    assert "set-cookie" not in answer.headers
    assert "Version 1." in page.main
    assert page.node("#charter-privacy").text() == "Vie privée"


def test_who_waits_is_told_of_it(client: TestClient, pending: Sent) -> None:
    page = Page(client.get(f"/track/{pending.tracking}"))
    assert page.hrefs["La charte dit ce qui est publié et ce qui ne l’est pas."] == "/charter"


def test_a_new_version_holds_and_the_old_one_can_still_be_read(client: TestClient, desk: TestClient) -> None:
    page = Page(desk.get(SETTINGS))
    assert page.value("text").strip() == charter.starting("fr").strip()
    form = page.form("Enregistrer")
    answer = desk.post(form.action, data={**form.fields, "text": NEW})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{SETTINGS}?done=charter_saved")
    saved = Page(desk.get(answer.headers["location"]))
    assert "La nouvelle version est enregistrée" in saved.alert
    assert {"Version 2", "Version 1"} <= saved.hrefs.keys()
    newest = Page(client.get("/charter"))
    assert newest.texts("article h2") == ["Courtoisie"]
    assert newest.text("article strong") == "brefs"
    assert "Version 2, depuis le 1er mars 2026." in newest.main
    old = Page(client.get(newest.hrefs["La version d’avant"]))
    assert "Vous lisez une ancienne version." in old.main
    assert "Vie privée" in old.main
    assert Page(client.get("/charter/2")).texts(".warning") == []
    assert client.get("/charter/3").status_code == 404


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (" ", "Écrivez la charte avant de l’enregistrer."),
        ("Des mots.", "Il faut au moins un article"),
        ("## \n\n## Un", "est vide ou trop long"),
        (f"## Un\n\n{'x' * charter.LONGEST}", "C’est trop long"),
    ],
)
def test_what_is_no_charter_is_said_beside_its_field_and_kept(desk: TestClient, text: str, said: str) -> None:
    answer = desk.post(SETTINGS, data={"seen": "1", "text": text})
    page = Page(answer)
    assert answer.status_code == 422
    assert said in page.error("text")
    assert page.value("text").strip() == text.strip()


def test_who_writes_after_somebody_else_is_told_and_keeps_the_text(desk: TestClient) -> None:
    desk.post(SETTINGS, data={"seen": "1", "text": NEW})
    answer = desk.post(SETTINGS, data={"seen": "1", "text": "## Autre"})
    page = Page(answer)
    assert answer.status_code == 409
    assert "Quelqu’un en a écrit une autre entre-temps" in page.alert
    assert page.value("text").strip() == "## Autre"
    assert (
        desk.post(SETTINGS, data={**page.form("Enregistrer").fields, "text": "## Autre"}).status_code == 303
    )


def test_only_who_administers_writes_it(parts: Parts, client: TestClient, sami: Person) -> None:
    theirs = sign_in(parts, client, sami)
    assert theirs.get(SETTINGS).status_code == 403
    assert theirs.post(SETTINGS, data={"seen": "1", "text": NEW}).status_code == 403

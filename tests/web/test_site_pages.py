"""« Mentions légales » and « Contact »: there from the first day, and written by who administers."""

import pytest
from conftest import BuildParts, add_person, sign_in
from page import Page
from starlette.testclient import TestClient

from moderation.models.people import Role
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

NAMES = {"legal": "Mentions légales", "contact": "Contact"}


@pytest.mark.parametrize("address", ["/", "/legal", "/track", "/right-of-reply", "/nulle-part"])
def test_every_foot_leads_to_them(client: TestClient, address: str) -> None:
    foot = Page(client.get(address)).hrefs
    assert {name: foot[title] for name, title in NAMES.items()} == {"legal": "/legal", "contact": "/contact"}


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_a_site_begins_with_its_points_of_contact_and_says_what_is_to_be_filled_in(
    build_parts: BuildParts, name: str, language: str
) -> None:
    parts = build_parts(language=language, contact="bonjour@example.org", site_url="http://testserver/forum")
    page = Page(TestClient(create_app(parts)).get(f"/{name}"))
    assert "bonjour@example.org" in page.main
    assert "2022/2065" in page.main
    assert "[" in page.main
    assert "{" not in page.main
    assert any(address == "/forum/right-of-reply" for address in page.addresses)


@pytest.mark.parametrize("name", NAMES)
def test_who_administers_writes_them(client: TestClient, desk: TestClient, name: str) -> None:
    address = f"/desk/settings/pages/{name}"
    form = Page(desk.get(address))
    assert "celui d’origine" in form.main
    assert form.heading == NAMES[name]
    written = "## Nous\n\nUn <b>collectif</b>, *ici*. [Écrire](mailto:nous@example.org)"
    assert desk.post(address, data={"text": written}).status_code == 303
    public = Page(client.get(f"/{name}"))
    assert public.text("h2") == "Nous"
    assert (public.text("em"), public.nodes("main b")) == ("ici", [])
    assert public.hrefs["Écrire"] == "mailto:nous@example.org"
    assert "Mise à jour le 1er mars 2026" in public.main
    again = Page(desk.get(address))
    assert again.node("#text").text().strip() == written
    assert "celui d’origine" not in again.main


@pytest.mark.parametrize(("words", "said"), [("  \n", "Écrivez la page"), ("a" * 20_001, "C’est trop long")])
def test_what_cannot_be_kept_is_given_back(
    client: TestClient, desk: TestClient, words: str, said: str
) -> None:
    answer = desk.post("/desk/settings/pages/legal", data={"text": words})
    assert answer.status_code == 422
    assert said in Page(answer).text("#text-error")
    assert "2022/2065" in Page(client.get("/legal")).main


def test_a_moderator_does_not_write_them(parts: Parts) -> None:
    sami = add_person(parts, "sami@example.org", "Sami", Role.MODERATOR)
    theirs = sign_in(parts, TestClient(create_app(parts), follow_redirects=False), sami)
    assert theirs.post("/desk/settings/pages/legal", data={"text": "Ici."}).status_code == 403


def test_there_are_no_others(desk: TestClient) -> None:
    assert desk.get("/desk/settings/pages/autre").status_code == 422

"""What JavaScript adds for the reader: in place, kept, warned."""

import pytest
from conftest import add_article
from conftest import send as put_in
from playwright.sync_api import Page, expect

from browser.conftest import Visit
from browser.serving import Site
from browser.steps import (
    PREVIEW,
    WAITS,
    button,
    heading,
    message,
    preview,
    read_preview,
    reload_until,
    send,
    write,
)
from browser.watching import Watch
from moderation.lifecycle import Action

pytestmark = pytest.mark.browser


@pytest.fixture
def reader(visit: Visit) -> Page:
    return visit()


def mark(page: Page) -> None:
    page.evaluate("window.marked = true")


def is_marked(page: Page) -> bool:
    """Whether no page was loaded since."""
    return bool(page.evaluate("window.marked === true"))


def test_previewing_and_sending_happen_in_place(site: Site, reader: Page) -> None:
    slug = add_article(site.parts, "sur-place", title="Écrit sur place")
    reader.goto("/")
    reader.goto(f"/articles/{slug}")
    mark(reader)
    write(reader, "Un premier jet.", author="Zoé")
    preview(reader)
    expect(heading(reader)).to_be_focused()
    expect(reader).to_have_title(f"{PREVIEW} – {site.parts.settings.site_name}")
    message(reader).fill("Un second jet.")
    preview(reader, "Prévisualiser à nouveau")
    expect(heading(reader)).to_be_focused()
    expect(reader.get_by_role("article").get_by_text("Un second jet.")).to_be_visible()
    send(site, reader)
    expect(heading(reader)).to_be_focused()
    assert is_marked(reader)
    assert reader.url.startswith(f"{site.url}/track/")
    expect(reader.get_by_role("link", name=reader.url, exact=True)).to_be_visible()
    reader.reload()
    expect(heading(reader)).to_have_text(WAITS)
    reader.go_back()
    expect(heading(reader)).to_have_text("Écrit sur place")
    expect(message(reader)).to_have_value("")
    reader.go_back()
    expect(reader).to_have_url(f"{site.url}/")


def test_one_step_back_from_the_preview_is_the_article_with_the_text(site: Site, reader: Page) -> None:
    slug = add_article(site.parts, "en-arriere-aussi", title="Un autre pas en arrière")
    reader.goto(f"/articles/{slug}")
    write(reader, "Un texte relu.", author="Zoé")
    preview(reader)
    reader.go_back()
    expect(heading(reader)).to_have_text("Un autre pas en arrière")
    expect(message(reader)).to_have_value("Un texte relu.")
    expect(reader.get_by_label("Votre nom ou pseudonyme")).to_have_value("Zoé")


def test_unsent_text_survives_a_reload_and_another_tab(site: Site, reader: Page) -> None:
    slug = add_article(site.parts, "rechargee")
    reader.goto(f"/articles/{slug}")
    write(reader, "Un texte long à taper.", author="Zoé")
    reader.reload()
    expect(message(reader)).to_have_value("Un texte long à taper.")
    other = reader.context.new_page()
    other.goto(f"/articles/{slug}")
    expect(message(other)).to_have_value("Un texte long à taper.")
    expect(other.get_by_label("Votre nom ou pseudonyme")).to_have_value("Zoé")


def test_leaving_a_preview_warns_and_leaving_afterwards_does_not(
    site: Site, reader: Page, watch: Watch
) -> None:
    slug = add_article(site.parts, "prevenue")
    reader.goto(f"/articles/{slug}")
    write(reader, "Un texte presque envoyé.")
    preview(reader)
    reader.goto("/")
    assert watch.dialogs == ["beforeunload"]
    watch.dialogs.clear()
    reader.goto(f"/articles/{slug}")
    expect(message(reader)).to_have_value("Un texte presque envoyé.")
    preview(reader)
    send(site, reader)
    reader.goto("/")
    assert not watch.dialogs
    reader.goto(f"/articles/{slug}")
    expect(message(reader)).to_have_value("")


def test_a_network_failure_keeps_the_text_and_trying_again_sends_it_once(
    site: Site, reader: Page, watch: Watch
) -> None:
    slug = add_article(site.parts, "en-panne")
    reader.goto(f"/articles/{slug}")
    mark(reader)
    write(reader, "Un texte dans un tunnel.")
    preview(reader)
    read_preview(site, reader)
    reader.context.set_offline(True)
    button(reader, "Envoyer à la modération").click()
    expect(reader.get_by_role("alert")).to_contain_text("Votre texte est toujours là")
    expect(button(reader, "Envoyer à la modération")).to_be_focused()
    expect(message(reader)).to_have_value("Un texte dans un tunnel.")
    assert [fault for fault in watch.faults if "ERR_INTERNET_DISCONNECTED" not in fault] == []
    watch.faults.clear()
    reader.context.set_offline(False)
    send(site, reader)
    assert is_marked(reader)


def test_errors_are_summed_up_in_place_and_lead_to_their_fields(site: Site, reader: Page) -> None:
    slug = add_article(site.parts, "en-defaut")
    reader.goto(f"/articles/{slug}")
    mark(reader)
    write(reader, "a" * 10_001)
    button(reader, "Prévisualiser").click()
    summary = reader.get_by_role("alert")
    expect(summary).to_be_focused()
    summary.get_by_role("link").click()
    expect(message(reader)).to_be_focused()
    assert is_marked(reader)


def test_an_answer_is_kept_apart_from_what_else_was_typed_under_the_article(site: Site, reader: Page) -> None:
    slug = add_article(site.parts, "repondre-sur-place")
    site.decide(put_in(site.parts, slug, "À quoi l’on répond.", author="Zoé"), Action.PUBLISH)
    reader.goto(f"/articles/{slug}")
    message(reader).fill("Pour l’article.")
    reload_until(reader, reader.get_by_role("link", name="Répondre à la contribution de Zoé"))
    reader.get_by_role("link", name="Répondre à la contribution de Zoé").click()
    expect(message(reader)).to_have_value("")
    message(reader).fill("Pour Zoé.")
    reader.reload()
    expect(message(reader)).to_have_value("Pour Zoé.")
    preview(reader)
    expect(reader.get_by_role("heading", name="Vous répondez à Zoé")).to_be_visible()
    send(site, reader)
    reader.goto(f"/articles/{slug}")
    expect(message(reader)).to_have_value("Pour l’article.")
    reader.get_by_role("link", name="Répondre à la contribution de Zoé").click()
    expect(message(reader)).to_have_value("")

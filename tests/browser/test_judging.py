"""Reading a text that hides something: words covered until they are asked for, and all of it by keyboard."""

from collections.abc import Generator

import pytest
from conftest import add_article, send
from playwright.sync_api import Page, expect

from browser.conftest import Visit
from browser.serving import Site
from browser.test_every_page import TOO_WIDE, axe
from moderation import identifiers, preferences, watched

pytestmark = pytest.mark.browser
TEXT = (
    "Un {{escroc}} \u202enotoire\u202c : [lemonde.fr->https://evil.example/x], https://été.example/.\n\n"
    "<img src=x onerror=alert(1)>"
)


@pytest.fixture
def reading(site: Site, visit: Visit) -> Generator[Page]:
    """Ann’s phone, with that text open, and its words covered."""
    slug = add_article(site.parts, identifiers.new_id(), title="À juger")
    with site.parts.writing() as session:
        watched.add(session, ["escro*"])
        preferences.set_blurs(session, site.ann.id, on=True)
    sent = send(site.parts, slug, f"{TEXT} {slug}", author="Zoé", email="zoe@example.org")
    page = visit(viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True)
    site.sign_in(page.context, site.ann)
    page.goto(f"/desk/comments/{sent.id}")
    yield page
    with site.parts.writing() as session:
        watched.remove(session, [word.id or 0 for word in watched.words(session)])
        preferences.set_blurs(session, site.ann.id, on=False)


def test_a_covered_word_is_uncovered_by_key_and_by_touch(reading: Page) -> None:
    word = reading.locator(".judged mark")
    expect(word).to_have_css("filter", "blur(7px)")
    word.focus()
    expect(word).to_have_css("filter", "none")
    word.blur()
    expect(word).to_have_css("filter", "blur(7px)")
    word.tap()
    expect(word).to_have_css("filter", "none")


def test_what_a_text_hides_fits_a_narrow_screen_and_axe_finds_nothing(reading: Page) -> None:
    assert reading.evaluate(TOO_WIDE) == []
    assert axe(reading) == []


def test_typed_and_published_stand_side_by_side_where_there_is_room(reading: Page) -> None:
    reading.set_viewport_size({"width": 1440, "height": 900})
    published = reading.locator(".judged").bounding_box()
    typed = reading.locator(".typed").bounding_box()
    assert published is not None
    assert typed is not None
    assert published["x"] + published["width"] < typed["x"]
    assert published["width"] > typed["width"]


def test_a_screen_reader_hears_what_no_eye_can_see(reading: Page) -> None:
    heard = reading.get_by_role("article").aria_snapshot()
    assert "U+202E (change le sens de lecture) notoireU+202C (change le sens de lecture)" in heard
    (noticed,) = [part for part in heard.split("- region ") if part.startswith('"À remarquer"')]
    for words in (
        "un lien annonce",
        "evil.example",
        "attribut non admis, montré comme du texte",
        "balise non admise",
    ):
        assert words in noticed

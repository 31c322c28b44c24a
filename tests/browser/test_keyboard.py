"""No mouse: every journey by Tab, Enter and Space, with the focus always to be seen."""

import re

import pytest
from conftest import add_article, send
from playwright.sync_api import Locator, Page, expect

from browser.conftest import Visit
from browser.serving import Site
from browser.steps import PREVIEW, WAITS, heading, message, read_preview

pytestmark = pytest.mark.browser
LONGEST_WAY = 150
# Whether the focus is somewhere, on the screen, unclipped, and drawn around.
SEEN = """() => {
  const focused = document.activeElement;
  if (!focused || focused === document.body) return "nowhere";
  const styles = ["", "::before", "::after"].map(part => getComputedStyle(focused, part));
  const style = styles.find(({ outlineStyle }) => outlineStyle !== "none");
  const box = focused.getBoundingClientRect();
  const name = focused.outerHTML.slice(0, 120);
  if (!style || parseFloat(style.outlineWidth) < 2) return `no outline: ${name}`;
  if (style.outlineColor === "rgba(0, 0, 0, 0)") return `a transparent outline: ${name}`;
  if (box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth)
    return `off the screen: ${name}`;
  if (box.width < 4 || box.height < 4) return `too small to see: ${name}`;
  return "";
}"""


def tab_to(page: Page, wanted: Locator) -> None:
    """Presses Tab until there; the focus is looked at on every stop."""
    target = wanted.element_handle()
    for _ in range(LONGEST_WAY):
        page.keyboard.press("Tab")
        assert page.evaluate(SEEN) == ""
        if page.evaluate("wanted => document.activeElement === wanted", target):
            return
    pytest.fail(f"Tab never came to {wanted}")


def press_enter_on(page: Page, role: str, name: str | re.Pattern[str]) -> None:
    tab_to(page, page.get_by_role(role, name=name, exact=isinstance(name, str)))  # type: ignore[arg-type]
    page.keyboard.press("Enter")


@pytest.mark.parametrize("scripted", [True, False], ids=["with-javascript", "without-javascript"])
def test_promise_08_a_reader_writes_and_sends_by_keyboard(
    site: Site, visit: Visit, *, scripted: bool
) -> None:
    slug = add_article(site.parts, f"au-clavier-{scripted}".lower())
    page = visit(java_script_enabled=scripted)
    page.goto(f"/articles/{slug}")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Aller au contenu")).to_be_focused()
    assert page.evaluate(SEEN) == ""
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    press_enter_on(page, "link", "Proposer un complément d’info")
    tab_to(page, page.get_by_label("Votre nom ou pseudonyme"))
    page.keyboard.type("Zoé")
    tab_to(page, message(page))
    page.keyboard.type("Écrit sans souris.")
    press_enter_on(page, "button", "Prévisualiser")
    expect(heading(page)).to_have_text(PREVIEW)
    read_preview(site, page)
    press_enter_on(page, "button", "Envoyer à la modération")
    expect(heading(page)).to_have_text(WAITS)
    expect(page.get_by_text("Écrit sans souris.")).to_be_visible()


def test_a_reader_goes_from_the_summary_of_errors_to_the_field(site: Site, visit: Visit) -> None:
    slug = add_article(site.parts, "au-clavier-corrige")
    page = visit()
    page.goto(f"/articles/{slug}")
    page.get_by_label("Votre adresse électronique").fill("zoe@@")
    message(page).fill("Bonjour.")
    page.evaluate("document.querySelector('main form').noValidate = true")
    press_enter_on(page, "button", "Prévisualiser")
    expect(page.get_by_role("alert")).to_be_focused()
    press_enter_on(page, "link", re.compile("Cette adresse ne ressemble pas"))
    expect(page.get_by_label("Votre adresse électronique")).to_be_focused()
    assert page.evaluate(SEEN) == ""


@pytest.mark.parametrize("scripted", [True, False], ids=["with-javascript", "without-javascript"])
def test_promise_08_a_moderator_signs_in_and_decides_by_keyboard(
    site: Site, visit: Visit, *, scripted: bool
) -> None:
    author = f"Clavier {scripted}"
    sent = send(site.parts, add_article(site.parts, f"decide-{scripted}".lower()), "À lire.", author=author)
    page = visit(java_script_enabled=scripted)
    page.goto(site.sign_in_link(site.ann))
    tab_to(page, page.get_by_role("checkbox"))
    page.keyboard.press("Space")
    expect(page.get_by_role("checkbox")).to_be_checked()
    press_enter_on(page, "button", "Se connecter")
    expect(heading(page)).to_have_text("File d’attente")
    page.goto(f"/desk?article=decide-{scripted}".lower())  # others wait too, and the list begins with them
    press_enter_on(page, "link", re.compile(f"^{author}"))
    expect(page).to_have_url(re.compile(f"/desk/comments/{sent.id}"))
    press_enter_on(page, "button", "Valider")
    expect(page.get_by_role("status")).to_contain_text("Contribution validée.")
    if scripted:
        page.keyboard.press("u")  # the focus is past the button, on the next to decide
    else:
        press_enter_on(page, "button", "Annuler cette décision")
    expect(page.get_by_role("status")).to_contain_text("Décision annulée.")
    tab_to(page, page.locator(".decide > .refuse > summary"))
    page.keyboard.press("Enter")
    press_enter_on(page, "button", "hors sujet")
    expect(page.get_by_role("status")).to_contain_text("Contribution refusée.")


@pytest.mark.parametrize("robot", [False, True], ids=["person", "robot"])
def test_what_is_there_for_robots_is_there_for_no_person(site: Site, visit: Visit, *, robot: bool) -> None:
    page = visit(java_script_enabled=True)
    page.goto(f"/articles/{add_article(site.parts, f'pour-robots-{robot}'.lower())}")
    trap = page.locator("#nobot")
    assert trap.get_attribute("autocomplete") == "off"
    message(page).fill("Un texte.")
    if robot:
        trap.evaluate("field => { field.value = 'https://example.org' }")
        page.get_by_role("button", name="Prévisualiser").click()
        expect(page.get_by_role("alert")).to_contain_text("Ce champ doit rester vide")
        expect(message(page)).to_have_value("Un texte.")
        expect(page.get_by_role("textbox", name="Veuillez laisser ce champ vide")).to_be_visible()
    else:
        expect(page.get_by_role("textbox", name="Votre nom")).to_have_count(1)
        expect(page.get_by_role("textbox", name="Veuillez laisser ce champ vide")).to_have_count(0)
        box = trap.bounding_box()
        assert (
            box is None
            or box["width"] * box["height"] <= 4
            or not page.evaluate(
                "([x, y]) => document.elementFromPoint(x, y)?.id === 'nobot'", [box["x"] + 2, box["y"] + 2]
            )
        )
        stops = []
        for _ in range(LONGEST_WAY):
            page.keyboard.press("Tab")
            stops.append(page.evaluate("document.activeElement.id"))
        assert {"author", "email", "text"} <= set(stops)
        assert "nobot" not in stops
    # Whoever presses again is a person.
    page.get_by_role("button", name="Prévisualiser").first.click()
    expect(heading(page)).to_have_text(PREVIEW)

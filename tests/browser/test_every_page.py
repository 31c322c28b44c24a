"""What every page of the program owes everybody: each is opened once and looked at from all sides."""

from collections.abc import Generator
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, ViewportSize, expect

from browser.conftest import MILLISECONDS
from browser.scenes import SCENES, Gallery, furnish
from browser.serving import Site
from browser.watching import Watch

pytestmark = pytest.mark.browser
WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 320, "height": 640}
TABLET: ViewportSize = {"width": 768, "height": 1024}
# 1280 × 1024 at 400 %.
ZOOMED: ViewportSize = {"width": 320, "height": 256}

AXE = """async () => {
  const options = { resultTypes: ["violations"], rules: { "target-size": { enabled: true } } };
  const { violations } = await axe.run(document, options);
  return violations.flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html.slice(0, 200)}`));
}"""
TOO_WIDE = """() => {
  const { scrollWidth, clientWidth } = document.scrollingElement;
  if ([320, 768].includes(clientWidth) && scrollWidth <= clientWidth) return [];
  const wide = [...document.querySelectorAll("body *")]
    .filter(element => element.getBoundingClientRect().right > clientWidth + .5);
  return [`${scrollWidth} in ${clientWidth}`, ...wide.map(({ outerHTML }) => outerHTML.slice(0, 120))];
}"""
# What is folded away too, but not what is not there yet, as the bar of a selection.
TOO_SMALL = """() => {
  document.querySelectorAll("details").forEach(details => { details.open = true });
  return [...document.querySelectorAll("button, select, textarea, input:not([type=hidden])")]
    .filter(element => element.tabIndex >= 0 && element.checkVisibility())
    .map(element => element.type === "checkbox" ? element.parentElement : element)
    .filter(element => element.getBoundingClientRect().height < 44)
    .map(({ outerHTML }) => outerHTML.slice(0, 120));
}"""
MOVING = """() => {
  const seconds = durations => Math.max(...durations.split(",").map(parseFloat));
  const moves = style => seconds(style.transitionDuration) > 0
    || (style.animationName !== "none" && seconds(style.animationDuration) > 0)
    || style.scrollBehavior === "smooth";
  return [...document.querySelectorAll("*")]
    .filter(element => ["", "::before", "::after"].some(part => moves(getComputedStyle(element, part))))
    .map(({ outerHTML }) => outerHTML.slice(0, 120));
}"""
# A control is known by its border, or like a link by its line.
UNMARKED = """() => [...document.querySelectorAll("button, select, textarea, input:not([type=hidden])")]
  .filter(element => element.tabIndex >= 0 && !["checkbox", "radio"].includes(element.type))
  .filter(element => {
    const style = getComputedStyle(element);
    const bordered = style.borderTopStyle !== "none" && parseFloat(style.borderTopWidth) >= 1;
    return !bordered && !style.textDecorationLine.includes("underline");
  })
  .map(({ outerHTML }) => outerHTML.slice(0, 120))"""


@pytest.fixture(scope="session")
def gallery(site: Site) -> Gallery:
    return furnish(site)


@pytest.fixture(scope="module")
def watch(site: Site) -> Watch:
    return Watch(site.url)


@pytest.fixture(scope="module")
def phone(chromium: Browser, site: Site, watch: Watch) -> Generator[Page]:
    """One for all pages: to start a profile costs more than to look at a page."""
    context = chromium.new_context(
        base_url=site.url, locale="fr-FR", viewport=NARROW, has_touch=True, is_mobile=True
    )
    context.set_default_timeout(MILLISECONDS)
    context.on("page", watch.over)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module", params=SCENES)
def page(
    request: pytest.FixtureRequest, site: Site, gallery: Gallery, phone: Page, watch: Watch
) -> Generator[Page]:
    """A page as Ann sees it on her phone; what it does behind her back is held against it."""
    site.sign_in(phone.context, site.ann)
    SCENES[request.param](gallery, phone)
    yield phone
    # One of the pages is about a database that does not answer; to meet it elsewhere is another page.
    happened = [fault for fault in watch.faults if "503" not in fault] + watch.dialogs
    phone.evaluate("localStorage.clear()")
    phone.goto("/track")
    watch.faults.clear()
    watch.dialogs.clear()
    assert not happened


@pytest.fixture(autouse=True)
def as_first_shown(page: Page) -> Generator[None]:
    yield
    page.emulate_media(media="null", color_scheme="null", reduced_motion="null", forced_colors="null")
    page.set_viewport_size(NARROW)


def axe(page: Page) -> Any:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return page.evaluate(AXE)


def test_nothing_scrolls_sideways_at_400_percent(page: Page) -> None:
    page.set_viewport_size(ZOOMED)
    assert page.evaluate(TOO_WIDE) == []


def test_nothing_scrolls_sideways_on_a_tablet(page: Page) -> None:
    page.set_viewport_size(TABLET)
    assert page.evaluate(TOO_WIDE) == []


def test_what_is_touched_is_44_pixels_high(page: Page) -> None:
    assert page.evaluate("matchMedia('(pointer: coarse)').matches")
    assert page.evaluate(TOO_SMALL) == []


def test_nothing_moves_for_who_asked_for_less_motion(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(MOVING) == []


def test_forced_colours_leave_every_control_marked(page: Page) -> None:
    page.emulate_media(forced_colors="active")
    assert page.evaluate(UNMARKED) == []


def test_paper_shows_the_page_without_its_buttons(page: Page) -> None:
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)


def test_axe_finds_nothing_on_a_wide_light_screen(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(WIDE)
    assert axe(page) == []


def test_axe_finds_nothing_on_a_narrow_dark_screen(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    assert axe(page) == []

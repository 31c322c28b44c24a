"""What attackers type, published: nothing of it runs, asks elsewhere or needs the policy to stop it."""

import re

import pytest
from conftest import Sent, add_article, send
from playwright.sync_api import Page, expect

from browser.conftest import Visit
from browser.serving import Site
from browser.steps import button, heading, preview, write
from moderation.lifecycle import Action

pytestmark = pytest.mark.browser
RUN = "window.ran=1"
ELSEWHERE = "//elsewhere.invalid"
PAYLOADS = {
    "script": f"<script>{RUN}</script>",
    "script-src": f"<script src={ELSEWHERE}/a.js></script>",
    "script-in-script": f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    "image": f"<img src=x onerror={RUN}>",
    "image-slashes": f"<img/src/onerror={RUN}>",
    "image-elsewhere": f"<img src='{ELSEWHERE}/pixel.gif'>",
    "svg": f"<svg onload={RUN}>",
    "svg-animate": f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    "svg-in-style": f'<svg></p><style><a id="</style><img src=1 onerror={RUN}>">',
    "math": f'<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror={RUN}">',
    "math-annotation": f"<math><annotation-xml encoding='text/html'><style><img src=x onerror={RUN}></style>",
    "noscript": f'<noscript><p title="</noscript><img src=x onerror={RUN}>"></noscript>',
    "textarea": f"</textarea><img src=x onerror={RUN}>",
    "title": f"</title><script>{RUN}</script>",
    "template": f"<template><img src=x onerror={RUN}></template>",
    "comment": f"<!--><img src=x onerror={RUN}>-->",
    "cdata": f"<![CDATA[><img src=x onerror={RUN}>]]>",
    "iframe": f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    "object": f"<object data='{ELSEWHERE}/a'></object><embed src='{ELSEWHERE}/b'>",
    "meta": f"<meta http-equiv=refresh content='0;url={ELSEWHERE}'>",
    "base": f"<base href='{ELSEWHERE}/'>",
    "style": f"<style>@import '{ELSEWHERE}/a.css'; body {{ display: none }}</style>",
    "style-attribute": f"<p style=\"background:url('{ELSEWHERE}/x')\">fond</p>",
    "stylesheet": f"<link rel=stylesheet href='{ELSEWHERE}/a.css'>",
    "form": f"<form action='{ELSEWHERE}'><input autofocus onfocus={RUN}><button>Envoyer</button></form>",
    "details": f"<details open ontoggle={RUN}>",
    "javascript-link": f"<a href='javascript:{RUN}'>cliquez</a>",
    "javascript-link-split": f"<a href='java\tscript:{RUN}'>cliquez</a>",
    "javascript-link-entity": f"<a href='&#106;avascript&colon;{RUN}'>cliquez</a>",
    "data-link": f"<a href='data:text/html,<script>{RUN}</script>'>cliquez</a>",
    "spip-link": f"[cliquez->javascript:{RUN}]",
    "quote-in-link": f'https://example.org/"onmouseover={RUN}//',
    "event-on-allowed": f"<em onmouseover={RUN} onpointerenter={RUN} tabindex=1 accesskey=x>ici</em>",
    "clobbering": "<a id=main name=forms href='https://example.org/'>x</a><p id=contribute>y</p>",
}
# Elements and attributes no contribution may bring; of links, where they lead.
FOREIGN = """texts => {
  const elements = "a, abbr, b, blockquote, br, cite, code, del, em, i, ins, li, ol, p, pre, q, strong, ul";
  const attributes = ["cite", "datetime", "dir", "href", "lang", "rel", "title"];
  return texts.flatMap(text => [...text.querySelectorAll("*")]).filter(element =>
    !element.matches(elements)
    || [...element.attributes].some(({ name }) => !attributes.includes(name))
    || (element.href && !/^https?:/.test(element.href))
  ).map(({ outerHTML }) => outerHTML);
}"""


@pytest.fixture(scope="module")
def attacks(site: Site) -> list[Sent]:
    slug = add_article(site.parts, "attaques")
    return [
        send(site.parts, slug, f"{name} : {payload}", author=f'"><img src=x onerror={RUN}>')
        for name, payload in PAYLOADS.items()
    ]


def assert_nothing_ran(page: Page) -> None:
    """Once all is loaded and everything was hovered over and focused; the watch holds the rest."""
    page.wait_for_load_state("networkidle")
    texts = page.locator("main article .text")
    assert texts.evaluate_all(FOREIGN) == []
    for link in texts.get_by_role("link").all():
        link.hover()
        link.focus()
    assert page.evaluate("window.ran") is None
    assert page.evaluate("document.querySelectorAll('[id=main], [id=contribute]').length") <= 2


def test_published_attacks_run_nothing(site: Site, visit: Visit, attacks: list[Sent]) -> None:
    for sent in attacks:
        site.decide(sent, Action.PUBLISH)
    page = visit()
    page.goto("/articles/attaques")
    expect(page.get_by_role("heading", name=f"{len(PAYLOADS)} compléments")).to_be_visible()
    for name in PAYLOADS:
        expect(page.get_by_text(re.compile(rf"^{name}\s:")).first).to_be_visible()
    assert_nothing_ran(page)


def test_attacks_in_the_queue_run_nothing(site: Site, visit: Visit) -> None:
    slug = add_article(site.parts, "attaques-en-attente")
    sent = send(site.parts, slug, "\n\n".join(PAYLOADS.values()), author=PAYLOADS["svg"])
    page = visit()
    site.sign_in(page.context, site.ann)
    for address in ("/desk", f"/desk/comments/{sent.id}", f"/track/{sent.tracking}"):
        page.goto(address)
        assert_nothing_ran(page)


@pytest.mark.parametrize("scripted", [True, False], ids=["in-place", "as-a-page"])
def test_previewed_attacks_run_nothing(site: Site, visit: Visit, *, scripted: bool) -> None:
    slug = add_article(site.parts, f"apercu-{scripted}".lower())
    page = visit(java_script_enabled=scripted)
    page.goto(f"/articles/{slug}")
    write(page, "\n\n".join(PAYLOADS.values()), author=PAYLOADS["image"][:80])
    preview(page)
    assert_nothing_ran(page)


def test_an_attack_typed_as_an_address_or_a_code_runs_nothing(visit: Visit) -> None:
    page = visit()
    page.goto("/track")
    page.get_by_label("Le code noté").fill(PAYLOADS["image"])
    button(page, "Voir où elle en est").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.goto("/sign-in?next=" + PAYLOADS["textarea"])
    page.goto("/articles/" + PAYLOADS["image"].replace("/", "%2F"))
    expect(heading(page)).to_have_text("Page introuvable")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.ran") is None

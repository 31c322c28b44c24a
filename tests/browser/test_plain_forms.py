"""Every form there is, pressed over plain HTTP on a host that is not localhost: no press is lost for that."""

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from hammered import THOROUGH
from playwright.sync_api import Page, Response
from web.test_app import routes

from browser.conftest import PLAIN_HOST, ROOM, Visit
from browser.scenes import SCENES, Gallery, Scene, furnish
from browser.serving import MAILING, Site, serve
from browser.watching import Watch
from moderation import email_changes, sessions, watched

pytestmark = pytest.mark.browser

# A browser has passkeys over HTTPS alone: elsewhere these forms are not shown.
ONLY_ENCRYPTED = {
    "/sign-in/passkey",
    "/sign-in/passkey/options",
    "/desk/confirm/passkey",
    "/desk/confirm/passkey/options",
    "/desk/account/passkeys",
    "/desk/account/passkeys/options",
    "/desk/account/passkeys/{passkey}/remove",
}
# By the script of a page of another site, over plain HTTP too: see test_elsewhere.
BY_A_SCRIPT = {"/articles/{slug}/fragment"}
# What a form that was taken is answered; 404 where no code was typed.
TAKEN = {200, 204, 303, 409, 410, 422}
UNTYPED = {"/track": {404}}
# With them each address is met; all pages, and each of their buttons, are for whoever has the time.
ENOUGH = (
    *("item-contested", "account", "team", "tracking-published", "account-guarded", "settings-reasons"),
    *("item-read", "settings", "article-without-contributions", "notice", "right-of-reply"),
    *("settings-page", "edit", "track-code", "sign-in", "sign-in-link", "bulk", "item-vetoed"),
    *("item-aside", "item-left", "item-after-a-decision", "correct", "redact", "account-shortcuts"),
    *("sign-in-password", "second-step", "account-letters", "account-password", "account-codes"),
    *("account-email", "account-tokens", "account-token-made", "confirm", "confirm-by-code", "team-add"),
    *("settings-notice", "settings-letters", "mailing", "review", "bulletin", "mailing-texts", "follow"),
    *("follow-to-confirm", "unfollow", "settings-charter", "settings-policy", "settings-words"),
    "new-address",
)
# These sign somebody else in than Ann, or nobody.
OWN_SESSION = re.compile("guarded|second|recovery|confirm-by-code|signed-out")

BUTTONS = """() => [...document.forms].flatMap((form, at) => [...form.elements]
  .map((button, number) => ({ button, number }))
  .filter(({ button }) => button.type === "submit"
    && (button.getAttribute("formmethod") ?? form.getAttribute("method")) === "post")
  .map(({ button, number }) => ({ at, number, name: button.name, value: button.value,
    action: button.getAttribute("formaction") ?? form.getAttribute("action") ?? "" }))
  .map(one => ({ ...one, path: new URL(one.action, location).pathname })))"""
# As a browser without a script does it, and in a window of its own: the page stays for its other buttons.
PRESS = """({ at, number }) => {
  addEventListener("submit", event => event.stopImmediatePropagation(), true);
  const form = document.forms[at];
  form.noValidate = true;
  form.target = "_blank";
  form.requestSubmit(form.elements[number]);
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    folder = tmp_path_factory.mktemp("forms")
    with serve(folder, host=PLAIN_HOST, waiting_per_thread=str(ROOM), **MAILING) as served:
        yield served


def word_watched(gallery: Gallery, page: Page) -> None:
    with gallery.site.parts.writing() as session:
        watched.add(session, ["pont"])
    page.goto("/desk/settings/words")


def address_waiting(gallery: Gallery, page: Page) -> None:
    with gallery.site.parts.writing() as session:
        email_changes.ask(session, gallery.site.ann, "ann@autre.example", gallery.site.parts.clock())
    page.goto("/desk/account")


def colleague_at_work(gallery: Gallery, page: Page) -> None:
    with gallery.site.parts.writing() as session:
        sessions.start(session, gallery.site.sami.id, kept=False, now=gallery.site.parts.clock())
    page.goto("/desk/team")


# What other pages are not looked at with.
MORE: dict[str, Scene] = {
    "word-watched": word_watched,
    "address-waiting": address_waiting,
    "colleague-at-work": colleague_at_work,
}


def posted(site: Site) -> dict[str, re.Pattern[str]]:
    """The addresses the program takes forms at, and what they look like."""
    found = [path for method, path in routes(site.parts) if method == "POST"]
    return {path: re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))) for path in found}


def told(site: Site) -> list[dict[str, Any]]:
    lines = (site.file.parent / "log").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


@contextmanager
def undone(site: Site) -> Generator[None]:
    """Whatever is done meanwhile: the database is then as it was."""
    with closing(sqlite3.connect(":memory:")) as before:
        with closing(sqlite3.connect(site.file)) as live:
            live.backup(before)
        yield
        with closing(sqlite3.connect(site.file, timeout=30)) as live:
            before.backup(live)


def press(page: Page, one: dict[str, Any]) -> tuple[int, str]:
    """The status of the answer, and where it led."""

    def is_answer(response: Response) -> bool:
        return response.request.method == "POST" and response.request.is_navigation_request()

    context = page.context
    with context.expect_page() as opened, context.expect_event("response", is_answer) as answered:
        page.evaluate(PRESS, one)
    window = opened.value
    window.wait_for_load_state()
    led = window.url
    window.close()
    return answered.value.status, led


def test_every_form_of_every_page_is_taken(site: Site, visit: Visit, watch: Watch) -> None:
    gallery, addresses, known = furnish(site), posted(site), set[object]()
    page, scenes = visit(), SCENES | MORE
    for name in scenes if THOROUGH else [*ENOUGH, *MORE]:
        with undone(site):
            site.sign_in(page.context, site.ann)
            scenes[name](gallery, page)
            assert page.evaluate("isSecureContext") is False
            for one in page.evaluate(BUTTONS):
                where = next(path for path, looks in addresses.items() if looks.fullmatch(one["path"]))
                this = (where, one["name"], one["value"]) if THOROUGH and one["name"] != "reason" else where
                if where not in ONLY_ENCRYPTED and this not in known:
                    known.add(this)
                    is_taken(site, page, name, where, one)
        page.evaluate("localStorage.clear()")
    each_was_taken(site, set(addresses))
    # One of all the pages is about a database that does not answer.
    watch.faults[:] = [fault for fault in watch.faults if "503" not in fault]
    # Leaving a preview is warned of.
    watch.dialogs[:] = [kind for kind in watch.dialogs if kind != "beforeunload"]


def is_taken(site: Site, page: Page, name: str, where: str, one: dict[str, Any]) -> None:
    with undone(site):
        if not OWN_SESSION.search(name):
            site.sign_in(page.context, site.ann)
        status, led = press(page, one)
    # A closed forum, or what is for somebody else to decide: what the guard refuses is seen in the log.
    assert status in {403, *TAKEN, *UNTYPED.get(where, ())}, (name, one, status)
    # Whose cookie was lost would be asked to sign in.
    assert not (where.startswith("/desk") and "/sign-in" in led) or one["value"] == "all", (name, one)


def each_was_taken(site: Site, addresses: set[str]) -> None:
    lines = told(site)
    assert [line for line in lines if line["event"] == "refused as foreign"] == []
    answered = defaultdict[str, set[int]](set)
    for line in lines:
        if line["event"] == "request" and line["method"] == "POST":
            answered[line["route"]].add(line["status"])
    taken = {route for route, statuses in answered.items() if statuses & {*TAKEN, *UNTYPED.get(route, ())}}
    assert addresses - taken == ONLY_ENCRYPTED | BY_A_SCRIPT

"""One Chromium and one served site for all; a fresh, watched profile for each person of each test."""

import os
import shutil
from collections.abc import Generator
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from browser.serving import MAILING, Site, serve
from browser.watching import Watch

NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL = "The browser tests need Chromium: apt install chromium, or CHROMIUM=/path/to/chromium."
# A host that is not localhost, where plain HTTP is not a secure context.
PLAIN_HOST = "forum.test"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {PLAIN_HOST} 127.0.0.1",
]
MILLISECONDS = 15_000
# How many may wait under an article: more than any test but the one for it sends.
ROOM = 12


def find_chromium() -> str:
    given = os.environ.get("CHROMIUM")
    found = [path for name in ([given] if given else NAMES) if (path := shutil.which(name))]
    if not found:
        pytest.fail(INSTALL, pytrace=False)
    return found[0]


@pytest.fixture(scope="session")
def chromium() -> Generator[Browser]:
    path = find_chromium()
    expect.set_options(timeout=MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    with serve(tmp_path_factory.mktemp("site"), waiting_per_thread=str(ROOM), **MAILING) as served:
        yield served


@pytest.fixture
def watch(site: Site) -> Watch:
    return Watch(site.url)


class Visit(Protocol):
    def __call__(self, **options: Any) -> Page: ...


@pytest.fixture
def visit(chromium: Browser, site: Site, watch: Watch) -> Generator[Visit]:
    """Opens a browser of somebody's own, on an empty page; afterwards nothing must be left to explain."""
    contexts = []

    def open_page(**options: Any) -> Page:
        context = chromium.new_context(**{"base_url": site.url, "locale": "fr-FR", **options})
        context.set_default_timeout(MILLISECONDS)
        contexts.append(context)
        context.on("page", watch.over)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert not watch.faults
    assert not watch.dialogs

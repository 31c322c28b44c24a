"""The nginx and Caddy examples, run in front of the program: every journey through them, and their logs."""

import os
import re
import socket
import ssl
import time
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import httpx2
import pytest
from conftest import KEY, add_article, add_person, form_fields
from page import Page

from deploy.started import free_port, program, until
from deploy.web_servers import SERVERS, Ports
from moderation import accounts, migrations
from moderation.links import Opening
from moderation.models.people import Role
from moderation.settings import Settings
from moderation.web.app import build
from moderation.web.dependencies import Parts

pytestmark = pytest.mark.packaging
FORGED = "203.0.113.9"
# At loopback nobody can be told apart: everybody together may send twenty times this.
CEILING = 20
EVERY = tuple(product(SERVERS, ("site", "prefix")))
# Each web server and each example once; all of them in the thorough run.
LAYOUTS = EVERY if os.environ.get("TEST_THOROUGH") else (("nginx", "site"), ("caddy", "prefix"))


@dataclass(frozen=True)
class Site:
    """The program behind a web server, as a browser that trusts its certificate reaches it."""

    address: str
    ports: Ports
    logs: Path
    parts: Parts = field(repr=False)
    person: accounts.Person
    certificate: Path

    def browser(self) -> httpx2.Client:
        trusting = ssl.create_default_context(cafile=self.certificate)
        return httpx2.Client(base_url=self.address, verify=trusting, headers={"X-Forwarded-For": FORGED})


@pytest.fixture(scope="module", params=LAYOUTS, ids=" ".join)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    server, example = request.param
    folder = tmp_path_factory.mktemp(f"{server}-{example}")
    ports = Ports(*(free_port() for _ in range(4)))
    name = "forum.example.org" if example == "site" else "www.example.org"
    address = f"https://localhost:{ports.https}" + ("" if example == "site" else "/forum")
    url = f"sqlite:///{folder / 'site.db'}"
    parts = build(Settings(database_url=url, secret_keys=KEY, site_url=address))
    migrations.upgrade(parts.engine)
    add_article(parts, "le-pont")
    ann = add_person(parts, "ann@example.org", "Ann", Role.ADMIN)
    (folder / "web").mkdir()
    with ExitStack() as stack:
        stack.callback(parts.engine.dispose)
        logs = stack.enter_context(SERVERS[server](folder / "web", ports, example, {name: "localhost"}))
        stack.enter_context(
            program(folder, ports.program, url=url, site_url=address, undo_seconds="0", submit_limit="1/hour")
        )
        yield Site(address, ports, logs, parts, ann, logs / "certificate.pem")


def test_a_page_is_read_with_its_assets_and_not_sent_twice(site: Site) -> None:
    with site.browser() as browser:
        page = browser.get("/articles/le-pont")
        assert (page.status_code, page.headers["Content-Encoding"]) == (200, "gzip")
        assert "max-age" in page.headers["Strict-Transport-Security"]
        assert "set-cookie" not in page.headers
        again = browser.get("/articles/le-pont", headers={"If-None-Match": page.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        (style,) = [str(n.attributes["href"]) for n in Page(page).nodes("link[rel=stylesheet]")]
        asset = browser.get(f"https://localhost:{site.ports.https}{style}")
        assert asset.status_code == 200
        assert "immutable" in asset.headers["Cache-Control"]
        assert asset.headers["Content-Type"].startswith("text/css")
        assert browser.get("/").status_code == 200
        assert browser.get("/articles/nowhere").status_code == 404


@dataclass(frozen=True)
class Journey:
    """What a reader and a moderator did through the web server, and what they alone know of it."""

    text: str
    waited: str
    decided: int
    secrets: tuple[str, ...]


@pytest.fixture(scope="module")
def journey(site: Site) -> Journey:
    host = f"https://localhost:{site.ports.https}"
    origin = {"Origin": host}
    words = {"text": "Le pont est ouvert aux vélos.", "email": "zoe@example.org"}
    with site.browser() as browser:
        answer = browser.post("/articles/le-pont/comments", data=words, headers=origin)
        sent = {**words, **form_fields(answer.text), "step": "send"}
        while answer.status_code == 200:  # until the preview has been looked at for long enough
            time.sleep(0.5)
            answer = browser.post("/articles/le-pont/comments", data=sent, headers=origin)
        assert answer.status_code == 303
        tracking = answer.headers["Location"]
        waited = Page(browser.get(host + tracking)).main
    with site.browser() as desk:
        token = sign_in_token(site)
        assert "set-cookie" not in desk.get(f"/sign-in/{token}").headers
        assert desk.post(f"/sign-in/{token}", headers=origin).status_code == 303
        publish = Page(desk.get("/desk")).form("Valider").action
        decided = desk.post(f"{host}{publish}", data={"revision": "1"}, headers=origin)
    secrets = (tracking.rpartition("/")[2], words["email"], token)
    return Journey(words["text"], waited, decided.status_code, secrets)


def test_a_text_goes_from_its_preview_to_the_page_through_a_signed_in_moderator(
    site: Site, journey: Journey
) -> None:
    assert "en attente" in journey.waited
    assert journey.decided == 303
    with site.browser() as browser:
        assert journey.text in browser.get("/articles/le-pont").text


def sign_in_token(site: Site) -> str:
    now = site.parts.clock()
    with site.parts.writing() as session:
        opening = Opening(accounts.ask(session, site.person.email, now, mail=None).id)
    return site.parts.links.sign(opening, now)


def test_what_a_visitor_claims_to_be_chooses_no_limit(site: Site) -> None:
    api = "/api/v1/articles/le-pont/comments"

    def send(browser: httpx2.Client, number: int) -> int:
        claimed = dict.fromkeys(("X-Forwarded-For", "X-Real-IP"), f"198.51.100.{number}")
        claimed["Forwarded"] = f"for=198.51.100.{number}"
        return browser.post(api, json={"text": f"Texte {number}."}, headers=claimed).status_code

    with site.browser() as browser:
        statuses = [send(browser, number) for number in range(CEILING + 1)]
        assert statuses[0] == 202
        assert statuses[-1] == 429
    # Without a web server in between, the same claims are believed, and each is somebody else.
    with httpx2.Client(base_url=f"http://127.0.0.1:{site.ports.program}") as direct:
        assert {send(direct, number) for number in range(100, 105)} == {202}


def test_plain_http_leads_to_https_and_figures_stay_inside(site: Site) -> None:
    if site.address.endswith("/forum"):
        with site.browser() as browser:
            assert (
                browser.get(f"https://localhost:{site.ports.https}/forum")
                .headers["Location"]
                .endswith("/forum/")
            )
    else:
        plain = httpx2.get(f"http://localhost:{site.ports.http}/articles/le-pont?page=1")
        assert plain.status_code in {301, 308}
        assert plain.headers["Location"].startswith("https://localhost")
        assert plain.headers["Location"].endswith("/articles/le-pont?page=1")
    with site.browser() as browser:
        assert browser.get("/metrics").status_code == 404


def test_an_onion_service_is_the_same_site_and_says_nothing_of_the_other_name(site: Site) -> None:
    if site.address.endswith("/forum"):
        pytest.skip("one example is enough")
    onion = {"Host": "abcdefgh.onion", "Origin": "http://abcdefgh.onion"}
    with httpx2.Client(base_url=f"http://127.0.0.1:{site.ports.onion}", headers=onion) as tor:
        page = tor.get("/articles/le-pont")
        assert page.status_code == 200
        assert "localhost" not in page.text
        preview = tor.post("/articles/le-pont/comments", data={"text": "Vu de Tor."})
        assert preview.status_code == 200
        assert "Vu de Tor." in preview.text
        elsewhere = tor.post("/articles/le-pont/comments", headers={"Origin": "http://evil.onion"})
        assert elsewhere.status_code == 403


def test_a_body_too_large_is_refused_by_the_program_itself(site: Site) -> None:
    with site.browser() as browser:
        answer = browser.post("/articles/le-pont/comments", data={"text": "e" * 300_000})
        assert answer.status_code == 413
        assert "Content-Security-Policy" in answer.headers
        assert browser.post("/articles/le-pont/comments", data={"text": "e" * 2**22}).status_code == 413


def test_a_hundred_who_dawdle_keep_nobody_from_reading(site: Site) -> None:
    with ExitStack() as stack:
        trusting = ssl.create_default_context(cafile=site.certificate)
        for _ in range(100):
            bare = stack.enter_context(socket.create_connection(("127.0.0.1", site.ports.https)))
            slow = stack.enter_context(trusting.wrap_socket(bare, server_hostname="localhost"))
            slow.sendall(
                b"POST /articles/le-pont/comments HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nt"
            )
        with site.browser() as browser:
            assert browser.get("/articles/le-pont").status_code == 200
            assert browser.get("/desk").status_code == 303


def test_promise_09_logs_hold_no_address_no_token_and_no_query(site: Site, journey: Journey) -> None:
    with site.browser() as browser:
        for secret in journey.secrets:
            claimed = {"Referer": f"{site.address}/track/{secret}", "User-Agent": secret}
            for path in (
                f"/track/{secret}",
                f"/%74rack/{secret}",
                f"/x/{secret}",
                f"/articles/{secret}/x?{secret}",
            ):
                browser.get(path, headers=claimed)
    until(lambda: "/articles/le-pont/comments" in logged(site.logs))
    found = logged(site.logs)
    assert re.search(r"\b303\b", found), "what was sent is not there"
    assert "/track" in found
    assert_names_nobody(found, site.ports, *journey.secrets)


def logged(logs: Path) -> str:
    """All a web server wrote down: its logs, and what it said to whoever started it."""
    return "".join(
        file.read_text() for file in logs.iterdir() if file.suffix == ".log" or file.name == "said"
    )


def assert_names_nobody(found: str, ports: Ports, *secrets: str) -> None:
    found = found.replace(f"127.0.0.1:{ports.program}", "")
    for word in (*secrets, "127.0.0.1:", FORGED, "198.51.100", "?", "ann@", "python-httpx"):
        assert word not in found, word


@pytest.mark.parametrize("server", SERVERS)
def test_each_of_many_sites_is_led_to_its_own_program(server: str, tmp_path: Path) -> None:
    ports = Ports(*(free_port() for _ in range(4)))
    changes = {"8101": str(ports.program), "8102": str(free_port())}
    site_url, url = "https://ville.example.org", f"sqlite:///{tmp_path / 'site.db'}"
    parts = build(Settings(database_url=url, secret_keys=KEY, site_url=site_url))
    migrations.upgrade(parts.engine)
    add_article(parts, "le-pont")
    parts.engine.dispose()
    (tmp_path / "web").mkdir()
    with (
        SERVERS[server](tmp_path / "web", ports, "sites", changes) as logs,
        program(tmp_path, ports.program, url=url, site_url=site_url),
    ):
        trusting = ssl.create_default_context(cafile=logs / "certificate.pem")

        def ask(name: str, path: str) -> httpx2.Response:
            with httpx2.Client(base_url=f"https://127.0.0.1:{ports.https}", verify=trusting) as browser:
                asked = browser.build_request("GET", path, headers={"Host": name})
                asked.extensions["sni_hostname"] = name
                return browser.send(asked)

        assert "Le pont rouvre" in ask("ville.example.org", "/articles/le-pont").text
        assert ask("quartier.example.org", "/track/a-secret-code?and=more").status_code == 502
        assert_names_nobody(logged(logs), ports, "a-secret-code")
        assert ask("ville.example.org", "/metrics").status_code == 404
        nobody = ask("nobody.example.org", "/")
        assert nobody.status_code == 404 or nobody.content == b""

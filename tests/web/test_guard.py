import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from itertools import cycle, product
from typing import Any

import pytest
from conftest import BuildParts, FakeClock, Reader, Sent, add_article
from fastapi import FastAPI
from page import Page, mail_text
from pydantic import SecretStr
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from moderation import delivery, resources
from moderation.accounts import Person
from moderation.drafts import LONGEST_NAME
from moderation.letters import Post
from moderation.markup import MAX_CHARACTERS
from moderation.rendering import STATIC
from moderation.settings import Settings
from moderation.watched import MOST_WORDS
from moderation.web.app import create_app
from moderation.web.dependencies import Parts
from moderation.web.guard import LARGEST_BODY, MOST_FIELDS

pytestmark = pytest.mark.wire

ALWAYS = {
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
}
POLICY = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
]
# The one page whose pictures may be elsewhere.
ARTICLE = [rule.replace("img-src 'self'", "img-src 'self' https:") for rule in POLICY]


# Who may post from where


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": ""}, 403),
        ({"Sec-Fetch-Site": "SAME-ORIGIN"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),
        ({"Origin": "http://testserver"}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://testserver.evil.example"}, 403),
        ({"Origin": "http://eviltestserver"}, 403),
        ({"Origin": "http://testserver:8080"}, 403),
        ({"Origin": "http://testserver@evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "null", "Host": ""}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "", "Host": ""}, 403),
        ({"Origin": "http://[evil"}, 403),
    ],
    ids=str,
)
def test_only_our_own_pages_and_no_browser_at_all_may_post(
    client: TestClient, headers: dict[str, str], status: int
) -> None:
    answer = client.post("/track", data={"code": "ABC"}, headers=headers)
    assert answer.status_code == status


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
]
UNSAFE = ["PUT", "PATCH", "DELETE", "TRACE"]


def routes(app: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every method and address the program answers, found in the program itself."""
    for route in app.routes:
        if isinstance(route, Mount):
            yield from routes(route, prefix + route.path)
        elif hasattr(route, "original_router"):  # how FastAPI keeps what it includes
            yield from routes(route.original_router, prefix)
        elif isinstance(route, Route):
            path = re.sub(r"{\w+(:\w+)?}", "1", prefix + route.path)
            yield from ((method, path) for method in route.methods or ())


def every_address(parts: Parts) -> list[str]:
    inner: Any = create_app(parts)
    while not isinstance(inner, FastAPI):
        inner = inner._app
    found = list(routes(inner))
    assert {("POST", "/sign-out"), ("POST", "/api/v1/comments/1/decisions")} < set(found), found
    return sorted({path for _, path in found})


def test_on_every_address_there_is_every_unsafe_method_is_guarded(
    parts: Parts, desk: TestClient, pending: Sent
) -> None:
    others = cycle(UNSAFE)
    for path, headers in product(every_address(parts), FOREIGN):
        for method in ("POST", next(others)):
            answer = desk.request(method, path, headers=headers, data={"revision": "1"})
            assert (answer.status_code, method, path) == (403, method, path)
            is_api = path.startswith("/api/v1")
            assert ("of another site" if is_api else "autre site") in answer.text
            kind = "application/problem+json" if is_api else "text/html"
            assert answer.headers["content-type"].startswith(kind)
    assert "en attente" in Page(desk.get(f"/desk/comments/{pending.id}")).text("article header")
    assert desk.get("/desk").status_code == 200


def test_no_address_but_a_form_does_anything_and_forms_are_only_posted_to(parts: Parts) -> None:
    inner: Any = create_app(parts)
    while not isinstance(inner, FastAPI):
        inner = inner._app
    for method, path in routes(inner):
        assert method in {"GET", "HEAD", "POST"}, path


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}], ids=str)
def test_anyone_may_link_to_us(client: TestClient, headers: dict[str, str]) -> None:
    assert client.get("/", headers=headers).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_every_unsafe_method_is_guarded(client: TestClient, method: str) -> None:
    assert client.request(method, "/", headers={"Origin": "https://evil.example"}).status_code == 403


def test_another_site_can_decide_nothing(desk: TestClient, pending: Sent) -> None:
    address = f"/desk/comments/{pending.id}/publish"
    assert (
        desk.post(address, data={"revision": "1"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code
        == 403
    )
    assert "en attente" in Page(desk.get(f"/desk/comments/{pending.id}")).text("article header")


@pytest.mark.parametrize(
    ("origin", "host", "status"),
    [
        ("https://site.example", "site.example", 303),
        # A proxy may speak to us under a name of its own.
        ("https://site.example", "127.0.0.1:8000", 303),
        ("https://evil.example", "127.0.0.1:8000", 403),
        # Plain HTTP is anybody's, on the way.
        ("http://site.example", "site.example", 403),
        ("http://site.example:443", "site.example", 403),
        ("https://site.example:8443", "site.example", 403),
        # The same program, by an onion service.
        ("http://abcdefgh.onion", "abcdefgh.onion", 303),
        ("http://other.onion", "abcdefgh.onion", 403),
        ("https://", "", 403),
        ("http://", "", 403),
    ],
)
def test_the_origin_of_a_site_under_a_path_has_no_path(
    build_parts: BuildParts, origin: str, host: str, status: int
) -> None:
    client = TestClient(create_app(build_parts(site_url="https://site.example/avis")), follow_redirects=False)
    answer = client.post("/avis/track", data={"code": "ABC"}, headers={"Origin": origin, "Host": host})
    assert answer.status_code == status


@pytest.mark.parametrize("site_url", ["https://Site.Example", "https://site.example:443/avis"])
def test_an_origin_is_compared_as_browsers_write_it(build_parts: BuildParts, site_url: str) -> None:
    client = TestClient(create_app(build_parts(site_url=site_url)), follow_redirects=False)
    headers = {"Origin": "https://site.example", "Host": "127.0.0.1:8000"}
    assert client.post("/track", data={"code": "ABC"}, headers=headers).status_code in {303, 404}
    assert client.post("/track", headers={**headers, "Origin": "https://site.example:443"}).status_code == 403


# What every answer carries


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "/articles/le-pont", 200),
        ("GET", "/articles/le-pont?page=1", 200),
        ("GET", "/articles/absent", 404),
        ("GET", "/nowhere", 404),
        ("GET", "/track", 200),
        ("GET", "/track/ABC", 404),
        ("POST", "/sign-out", 303),
        ("GET", "/sign-in", 200),
        ("GET", "/sign-in/forged", 410),
        ("GET", "/desk", 303),
        ("POST", "/desk/undo", 401),
        ("DELETE", "/", 405),
        ("OPTIONS", "/", 405),
        ("GET", "/articles/le-pont?page=none", 422),
        ("GET", "/static/style.css", 200),
        ("GET", "/static/absent.css", 404),
        ("POST", "/static/style.css", 405),
        ("TRACE", "/", 405),
        ("PROPFIND", "/desk", 405),
        ("POST", "/articles/le-pont/comments", 422),
        ("GET", "/api/v1/docs", 200),
    ],
)
def test_every_answer_carries_the_headers_that_protect(
    client: TestClient, article: str, method: str, address: str, status: int
) -> None:
    del article
    answer = client.request(method, address)
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
    is_article = (method, status) == ("GET", 200) and address.startswith("/articles/")
    assert answer.headers["content-security-policy"].split("; ") == (ARTICLE if is_article else POLICY)
    assert answer.headers["referrer-policy"] in {"strict-origin-when-cross-origin", "same-origin"}
    kind = answer.headers.get("content-type", "text/plain; charset=utf-8")
    assert kind.endswith("; charset=utf-8")
    assert "server" not in answer.headers


DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
DATA = [
    ("GET", "/api/v1/articles/le-pont/comments", 200),
    ("GET", "/api/v1/articles/le-pont/comments?limit=2", 200),
    ("HEAD", "/api/v1/articles/le-pont/comments", 200),
    ("GET", "/api/v1/openapi.json", 200),
    ("GET", "/log.jsonl", 200),
    ("GET", "/transparency.json", 200),
    ("GET", "/healthz", 503),
    ("GET", "/api/v1/queue", 401),
    ("GET", "/api/v1/nowhere", 404),
    ("DELETE", "/api/v1/queue", 405),
    ("OPTIONS", "/api/v1/queue", 405),
    ("POST", "/api/v1/articles/le-pont/comments", 415),
]


@pytest.mark.usefixtures("article")
def test_what_is_no_page_may_do_nothing_at_all_in_a_browser(client: TestClient) -> None:
    for method, address, status in DATA:
        answer = client.request(method, address)
        assert (method, address, answer.status_code) == (method, address, status)
        assert answer.headers["content-security-policy"] == DATA_POLICY
        assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
        assert "access-control-allow-origin" not in answer.headers


def test_a_feed_may_do_nothing_at_all_either(desk: TestClient, pending: Sent) -> None:
    made = Page(desk.post("/desk/account/feed/make"))
    (address,) = re.findall(r"/desk/feed/[^\"]+\.atom", made.html)
    answer = desk.get(address)
    assert (answer.status_code, pending.id in answer.text) == (200, True)
    assert answer.headers["content-type"].startswith("application/atom+xml")
    assert answer.headers["content-security-policy"] == DATA_POLICY
    assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")


def test_what_has_not_changed_takes_nothing_back_of_what_was_said(client: TestClient, article: str) -> None:
    """A 304 renews a kept answer, whose own headers stand (RFC 9111 §3.2): it may be silent."""
    for address in ("/", f"/articles/{article}", f"/api/v1/articles/{article}/comments", "/static/style.css"):
        first = client.get(address)
        answer = client.get(address, headers={"If-None-Match": first.headers["etag"]})
        assert answer.status_code == 304
        for name in {*ALWAYS, "content-security-policy", "referrer-policy", "cache-control"}:
            assert answer.headers.get(name, first.headers[name]) == first.headers[name]


def test_a_refusal_carries_them_too(client: TestClient) -> None:
    answer = client.post("/track", headers={"Origin": "null"})
    assert answer.status_code == 403
    assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
    assert "autre site" in answer.text


@pytest.mark.parametrize(
    ("site_url", "told"), [("http://testserver", None), ("https://testserver", "max-age=31536000")]
)
def test_a_site_on_https_says_to_stay_there(build_parts: BuildParts, site_url: str, told: str | None) -> None:
    client = TestClient(create_app(build_parts(site_url=site_url)))
    for address in ("/", "/nowhere", "/static/style.css"):
        headers = client.get(address).headers
        assert headers.get("strict-transport-security") == told
        assert headers.get("cross-origin-opener-policy") == (told and "same-origin")


@pytest.mark.parametrize(
    "address", ["/desk", "/desk/log", "/sign-in", "/track", "/track/ABC", "/sign-in/forged"]
)
def test_what_is_somebody_s_own_is_kept_nowhere(desk: TestClient, address: str) -> None:
    headers = desk.get(address).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-robots-tag"].startswith("noindex")
    assert headers["referrer-policy"] == "same-origin"


PUBLIC = (
    *("/", "/articles/le-pont", "/charter", "/charter/1", "/contact", "/legal", "/log", "/log.jsonl"),
    *("/transparency", "/transparency.csv", "/transparency.json", "/your-data"),
    *("/api/v1/articles/le-pont/comments", "/api/v1/docs"),
    *("/feed.atom", "/articles.atom", "/articles/le-pont/feed.atom", "/articles/le-pont/fragment"),
    *("/robots.txt", "/sitemap.xml"),
)
# Public, too, and the same for some minutes.
EMBED = "/embed.js"


# Where what follows opens something, or did.
SECRET = ("/track", "/sign-in", "/review", "/bulletin", "/mail", "/follow", "/unfollow", "/new-address")


@pytest.mark.usefixtures("article")
def test_what_is_not_plainly_public_is_kept_nowhere_and_tells_no_other_site_its_address(
    parts: Parts, desk: TestClient, pending: Sent
) -> None:
    addresses = {path.replace("/articles/1", "/articles/le-pont") for path in every_address(parts)}
    assert addresses >= set(PUBLIC)
    for path in [*sorted(addresses - {*PUBLIC, EMBED}), f"/track/{pending.tracking}"]:
        for asked in (desk, TestClient(desk.app, follow_redirects=False)):
            headers = asked.get(path).headers
            assert (path, headers["cache-control"]) == (path, "no-store")
    for start in SECRET:
        headers = desk.get(f"{start}/x").headers
        assert (start, headers["referrer-policy"]) == (start, "same-origin")
    for path in PUBLIC:
        assert (path, desk.get(path).headers["cache-control"]) == (path, "public, no-cache")


def test_no_public_answer_sets_a_cookie(parts: Parts, desk: TestClient, pending: Sent, article: str) -> None:
    for path in every_address(parts):
        if not path.startswith(("/desk", "/sign-")):
            for client in (desk, TestClient(desk.app, follow_redirects=False)):
                assert "set-cookie" not in client.get(path).headers
                assert "set-cookie" not in client.post(path, data={"text": "Un texte."}).headers
    for path in ("/", f"/articles/{article}", f"/track/{pending.tracking}"):
        answer = desk.get(path)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers


EVIL_HOSTS = ["evil.example:443", "evil@testserver/a?b#c", '[evil"><script>', ""]


@pytest.mark.parametrize("host", EVIL_HOSTS, ids=lambda host: host[:20])
def test_a_host_that_is_not_ours_is_named_in_no_answer(
    parts: Parts, desk: TestClient, article: str, host: str
) -> None:
    headers = {"Host": host, "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    for path in [
        *every_address(parts),
        f"/articles/{article}",
        f"/api/v1/articles/{article}/comments",
        "//evil",
    ]:
        for method in ("GET", "POST"):
            answer = desk.request(method, path, headers=headers)
            assert answer.status_code < 500 or path == "/healthz"  # nothing does the effects here
            assert "evil" not in answer.text.replace("//evil", "").replace("Libreville", "")
            assert "evil" not in str(answer.headers)
    body = {"text": "Un texte."}
    sent = desk.post(f"/api/v1/articles/{article}/comments", json=body, headers=headers)
    assert sent.json()["track_url"].startswith("http://testserver/track/")


def test_a_host_that_is_not_ours_is_named_in_no_letter(
    parts: Parts, client: TestClient, ann: Person, clock: FakeClock
) -> None:
    letters: list[EmailMessage] = []
    settings = Settings(
        **{
            **parts.settings.model_dump(),
            "smtp_url": SecretStr("smtp://localhost"),
            "mail_from": "a@example.org",
        }
    )
    client = TestClient(create_app(replace(parts, settings=settings)), follow_redirects=False)
    client.post("/sign-in", data={"email": ann.email}, headers={"Host": "evil.example"})
    delivery.letters(parts.engine, Post(settings, parts.links, parts.templates, letters.append), clock)
    (letter,) = letters
    assert "http://testserver/sign-in/" in mail_text(letter)
    assert "evil" not in letter.as_string()


def test_a_file_is_kept_for_ever_and_its_absence_is_not(parts: Parts, client: TestClient) -> None:
    for address in parts.templates.globals["asset"].values():  # type: ignore[attr-defined]
        assert client.get(address).headers["cache-control"] == "public, max-age=31536000, immutable"
    assert client.get("/static/absent.css").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "address", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/%00"]
)
def test_only_files_meant_for_it_are_served(client: TestClient, address: str) -> None:
    assert client.get(address).status_code == 404


# How much may be sent


def test_a_body_over_the_limit_is_a_413(client: TestClient, article: str) -> None:
    answer = client.post(f"/articles/{article}/comments", data={"text": "a" * LARGEST_BODY})
    assert (answer.status_code, Page(answer).heading) == (413, "Cela n’a pas marché")
    assert "bien trop long" in Page(answer).main
    assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS


def test_a_body_of_unsaid_length_is_counted_too(client: TestClient, article: str) -> None:
    def drops() -> Iterator[bytes]:
        yield b"text="
        for _ in range(LARGEST_BODY // 1024):
            yield b"a" * 1024

    answer = client.post(
        f"/articles/{article}/comments",
        content=drops(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 413


def test_the_longest_text_that_is_taken_fits(reader: Reader, article: str) -> None:
    """Four bytes a character, three to write each of them, and a line end takes six."""
    longest = "\U0001f600" * (MAX_CHARACTERS - 200) + "\r\n" * 200
    name, email = "\U0001f600" * LONGEST_NAME, "+" * 64 + "@" + ".".join(["e" * 46] * 4)
    answer = reader.preview(article, longest, author=name, email=email).send(article)
    assert answer.status_code == 303


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("body", ["&" * 120_000, "a&" * 60_000, "&".join(["text=Oui"] * (MOST_FIELDS + 1))])
def test_a_form_of_too_many_fields_is_a_413(client: TestClient, article: str, body: str) -> None:
    answer = client.post(f"/articles/{article}/comments", content=body, headers={"Content-Type": FORM})
    assert answer.status_code == 413
    assert (
        client.post(f"/api/v1/articles/{article}/comments", json={"text": "&" * MOST_FIELDS}).status_code
        == 202
    )


def test_all_watched_words_are_removed_at_once(desk: TestClient) -> None:
    every = list(map(str, range(1, MOST_WORDS + 1)))
    assert desk.post("/desk/settings/words/remove", data={"word": every}).status_code == 303


# In what form it may be sent

READ = ["", FORM, f"{FORM};charset=utf-8", FORM.upper() + ' ; charset="UTF-8"']
NOT_READ = [
    "multipart/form-data; boundary=X",
    "multipart/form-data; boundary=X; charset=punycode",
    "multipart/form-data; boundary=X; charset=unicode_escape",
    "Multipart/Form-Data;boundary=X",
    " multipart/form-data ; boundary=X",
    "multipart/mixed; boundary=X",
    "multipart/form-data",
    f"{FORM}; charset=iso-8859-1",
    f"{FORM}; charset=punycode",
    f"{FORM}; boundary=X",
    f"{FORM}, multipart/form-data; boundary=X",
    "text/plain",
    "x",
    "\u00a0multipart/form-data; boundary=X",
]
PART = b'--X\r\nContent-Disposition: form-data; name="text"\r\n\r\nOui\r\n--X--\r\n'


@pytest.mark.parametrize("kind", READ)
def test_a_form_is_read_as_browsers_send_it(client: TestClient, kind: str) -> None:
    answer = client.post("/track", content="code=ABC", headers={"Content-Type": kind})
    assert answer.status_code == (303 if kind else 404)


@pytest.mark.parametrize("kind", NOT_READ)
def test_what_is_no_form_of_ours_is_not_read(client: TestClient, article: str, kind: str) -> None:
    headers = {"Content-Type": kind.encode()}
    answer = client.post(f"/articles/{article}/comments", content=PART, headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, Page(answer).heading) == (415, "Cela n’a pas marché")
    assert "dans un format que ce site sait lire" in Page(answer).main
    assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
    told = client.post(f"/api/v1/articles/{article}/comments", content=PART, headers=headers)  # type: ignore[arg-type]
    assert (told.status_code, told.headers["content-type"]) == (415, "application/problem+json")


def test_of_two_kinds_named_for_one_body_both_count(client: TestClient) -> None:
    headers = [("Content-Type", FORM), ("Content-Type", "multipart/form-data; boundary=X")]
    for both in (headers, headers[::-1]):
        assert client.post("/track", content=PART, headers=both).status_code == 415


def test_no_page_of_ours_sends_what_is_not_read() -> None:
    for file in (*resources.folder("templates").rglob("*.html"), *STATIC.glob("*.js")):
        assert not re.search(r"enctype|multipart|text/plain", file.read_text()), file


@pytest.mark.parametrize("address", ["/", "/track", "/sign-in", "/sign-in/forged", "/desk"])
def test_a_head_is_answered_like_a_get_without_its_body(desk: TestClient, address: str) -> None:
    got, asked = desk.get(address), desk.head(address)
    assert (asked.status_code, asked.content) == (got.status_code, b"")
    assert asked.headers["cache-control"] == got.headers["cache-control"]


ELSEWHERE = [
    ("/articles/le-pont/comments", "https://www.example.org", False),
    ("/api/v1/articles/le-pont/comments", "https://www.example.org", False),
    ("/articles/le-pont/comments", "https://evil-www.example.org", True),
    ("/articles/le-pont/comments", "https://www.example.org.evil.example", True),
    ("/articles/le-pont/comments", "https://wwwxexample.org", True),
    ("/articles/le-pont/comments", "http://www.example.org", True),
    ("/articles/le-pont/comments", "https://www.example.org:8443", True),
    ("/articles/le-pont/comments", "https://WWW.EXAMPLE.ORG", True),
    ("/articles/le-pont/comments", "https://www.example.org/", True),
    ("/articles/le-pont/comments", "https://www.example.org, https://evil.example", True),
    ("/articles/le-pont/comments/", "https://www.example.org", True),
    ("/articles/le-pont/../../desk/undo", "https://www.example.org", True),
    ("/articles/a%2Fb/comments", "https://www.example.org", True),
    ("/articles/le-pont/comments/x", "https://www.example.org", True),
    ("/api/v1/queue", "https://www.example.org", True),
    ("/articles/le-pont/comments", "null", True),
    ("/sign-in", "https://www.example.org", True),
    ("/desk/undo", "https://www.example.org", True),
    ("/track", "https://www.example.org", True),
]


def test_a_public_origin_may_post_the_public_form_and_nothing_else(build_parts: BuildParts) -> None:
    parts = build_parts(public_origins="https://www.example.org")
    add_article(parts, "le-pont")
    client = TestClient(create_app(parts), follow_redirects=False)
    for path, origin, refused in ELSEWHERE:
        answer = client.post(path, headers={"Origin": origin, "Sec-Fetch-Site": "cross-site"})
        assert (path, origin, answer.status_code == 403) == (path, origin, refused)
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/", "/desk", "/charter", "/metrics", "/healthz", "/track", "/api/v1/queue", "/log"]
)
@pytest.mark.parametrize("control", ["%0a", "%0d%0a", "%00", "%7f", "%1f"])
def test_no_address_holds_what_a_server_in_front_would_read_otherwise(
    desk: TestClient, path: str, control: str
) -> None:
    for method in ("GET", "HEAD", "POST"):
        answer = desk.request(method, f"{path}{control}")
        assert answer.status_code == 404
        assert answer.headers["content-security-policy"]

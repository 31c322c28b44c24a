import asyncio
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx2
import pytest
from conftest import (
    KEY,
    BuildParts,
    FakeClock,
    add_article,
    add_person,
    form_fields,
    send,
    sign_in,
    statements,
)
from page import Page
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select
from starlette.testclient import TestClient

from moderation import accounts, members, sessions
from moderation.accounts import Person
from moderation.lifecycle import Status
from moderation.links import CodeEntry, Form, Links, Opening
from moderation.models.people import AccountSession, Role, SignIn
from moderation.models.queue import Comment, Letter
from moderation.web.app import create_app
from moderation.web.dependencies import Parts


def link_for(parts: Parts, email: str) -> str:
    with parts.writing() as session:
        opening = accounts.ask(session, email, parts.clock(), mail=None)
        return f"/sign-in/{parts.links.sign(Opening(opening.id), parts.clock())}"


def code_for(parts: Parts) -> str:
    """The code of the last letter, as delivery would write it."""
    with parts.writing() as session:
        letter = session.exec(select(SignIn).order_by(col(SignIn.expires_at).desc())).first()
        assert letter is not None
        code = accounts.new_code(letter)
        session.add(letter)
        return code


def cookie_of(answer: Any) -> Any:
    (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return morsel


def is_in(client: TestClient) -> bool:
    return client.get("/desk").status_code == 200


@pytest.fixture
def mailing(build_parts: BuildParts) -> Parts:
    return build_parts(smtp_url="smtp://mail.example", mail_from="site@example.org")


@pytest.fixture
def browser(mailing: Parts) -> TestClient:
    return TestClient(create_app(mailing), follow_redirects=False)


# By the link


def test_a_link_signs_in_once_by_its_button(parts: Parts, client: TestClient, ann: Person) -> None:
    address = link_for(parts, ann.email)
    shown = client.get(address)
    page = Page(shown)
    assert (shown.status_code, page.form("Se connecter").method) == (200, "post")
    assert "set-cookie" not in shown.headers
    answer = client.post(urljoin(address, page.form("Se connecter").action))
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
    assert "Ann" in Page(client.get("/desk")).text("header")
    for again in (client.get(address), client.post(address)):
        assert again.status_code == 410
        assert "Ce lien ou ce code ne sert plus" in Page(again).alert
        assert "Demander un lien" in Page(again).main


def test_promise_11_looking_at_a_link_uses_nothing_up(parts: Parts, client: TestClient, ann: Person) -> None:
    address = link_for(parts, ann.email)
    for _ in range(3):
        assert client.get(address).status_code == 200
    with parts.reading() as session:
        assert session.exec(select(SignIn.used_at)).one() is None
    assert client.post(address).status_code == 303


@pytest.mark.parametrize(("minutes", "status"), [(14.9, 303), (15, 410)])
def test_a_link_is_good_for_a_quarter_of_an_hour(
    parts: Parts, client: TestClient, ann: Person, clock: FakeClock, minutes: float, status: int
) -> None:
    address = link_for(parts, ann.email)
    clock.tick(minutes=minutes)
    assert client.get(address).status_code == (200 if status == 303 else 410)
    assert client.post(address).status_code == status


@pytest.mark.parametrize("kind", ["another key", "another purpose", "cut", "nonsense", "é", "a" * 5000])
def test_a_link_that_is_not_ours_opens_nothing(
    parts: Parts, client: TestClient, ann: Person, kind: str
) -> None:
    address = link_for(parts, ann.email)
    token = {
        "another key": Links([KEY[::-1]]).sign(Opening("x"), parts.clock()),
        "another purpose": parts.links.sign(Form("a", "b", "c"), parts.clock()),
        "cut": address.rpartition("/")[2][:-4],
    }.get(kind, kind)
    for answer in (client.get(f"/sign-in/{token}"), client.post(f"/sign-in/{token}")):
        assert answer.status_code == 410
        assert "set-cookie" not in answer.headers


def test_a_link_of_nobody_opens_nothing(parts: Parts, client: TestClient) -> None:
    address = link_for(parts, "nobody@example.org")
    assert client.post(address).status_code == 410


# By the code


def test_a_code_signs_in_the_browser_that_asked(mailing: Parts, browser: TestClient) -> None:
    add_person(mailing, "ann@example.org", "Ann", Role.ADMIN)
    asked = browser.post("/sign-in", data={"email": " Ann@Example.org ", "next": "/desk/log"})
    page = Page(asked)
    assert (asked.status_code, page.heading) == (200, "Consultez votre messagerie")
    form = page.form("Se connecter")
    assert form.fields["next"] == "/desk/log"
    code = code_for(mailing)
    answer = browser.post(form.action, data={**form.fields, "code": f" {code[:4]}-{code[4:].lower()} "})
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/log")
    assert is_in(browser)
    assert browser.post(form.action, data={**form.fields, "code": code}).status_code == 410


def test_five_codes_may_be_tried(mailing: Parts, browser: TestClient) -> None:
    add_person(mailing, "ann@example.org", "Ann", Role.ADMIN)
    fields = form_fields(browser.post("/sign-in", data={"email": "ann@example.org"}).text)
    code = code_for(mailing)
    for _ in range(5):
        answer = browser.post("/sign-in", data={**fields, "code": "00000000"})
        assert answer.status_code == 422
        assert "Ce n’est pas le bon code." in Page(answer).error("code")
        assert form_fields(answer.text) == fields
    assert browser.post("/sign-in", data={**fields, "code": code}).status_code == 410


def test_a_code_is_of_no_use_to_another_browser(mailing: Parts, browser: TestClient) -> None:
    add_person(mailing, "ann@example.org", "Ann", Role.ADMIN)
    browser.post("/sign-in", data={"email": "ann@example.org"})
    code = code_for(mailing)
    for entry in ("x", mailing.links.sign(CodeEntry("x"), mailing.clock()), "é\0"):
        answer = browser.post("/sign-in", data={"entry": entry, "code": code})
        assert answer.status_code == 410
        assert not is_in(browser)


def test_a_code_grows_old(mailing: Parts, browser: TestClient, clock: FakeClock) -> None:
    add_person(mailing, "ann@example.org", "Ann", Role.ADMIN)
    fields = form_fields(browser.post("/sign-in", data={"email": "ann@example.org"}).text)
    code = code_for(mailing)
    clock.tick(minutes=15)
    assert browser.post("/sign-in", data={**fields, "code": code}).status_code == 410


def test_an_unknown_address_is_answered_alike(mailing: Parts, browser: TestClient) -> None:
    add_person(mailing, "ann@example.org", "Ann", Role.ADMIN)
    bodies, wrong = [], []
    for email in ("ann@example.org", "nobody@example.org"):
        answer = browser.post("/sign-in", data={"email": email})
        entry = form_fields(answer.text)["entry"]
        bodies.append((answer.status_code, sorted(answer.headers), answer.text.replace(entry, "")))
        tried = browser.post("/sign-in", data={"entry": entry, "code": "00000000"})
        wrong.append((tried.status_code, tried.text.replace(entry, "")))
    assert bodies[0] == bodies[1]
    assert wrong[0] == wrong[1]
    with mailing.reading() as session:
        assert len(session.exec(select(Letter)).all()) == 2


def test_without_mail_the_page_says_so(client: TestClient, ann: Person) -> None:
    page = Page(client.post("/sign-in", data={"email": ann.email}))
    assert page.heading == "Demandez votre lien"
    assert "Ce site n’envoie pas de courriel." in page.main
    assert (page.forms, page.texts("label")) == ([], [])


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("email", ["ann@example.org", "nobody@example.org"])
def test_nobody_s_mailbox_is_filled_by_others(mailing: Parts, browser: TestClient, email: str) -> None:
    for _ in range(3):
        answer = browser.post("/sign-in", data={"email": email})
        assert (answer.status_code, "code" in form_fields(answer.text)) == (200, False)
    browser.post("/sign-in", data={"email": "somebody@example.org"})
    with mailing.reading() as session:
        assert len(session.exec(select(Letter)).all()) == 2


@pytest.mark.parametrize("letter", [True, False])
def test_no_letter_is_promised_where_none_leaves(build_parts: BuildParts, ann: Person, letter: bool) -> None:
    parts = build_parts(smtp_url="smtp://mail.example" if letter else None, mail_from="site@example.org")
    client = TestClient(create_app(parts), follow_redirects=False)
    assert ("sera envoyé" in Page(client.get("/sign-in")).main) == letter
    client.post(link_for(parts, ann.email))
    for path in ("/desk/account", "/desk/team"):
        main = Page(client.get(path)).main
        assert ("envoyé à votre adresse" in main or "lien par courriel" in main) == letter
        assert ("à la personne qui l’administre" in main or "donné par l’administration" in main) != letter


@pytest.mark.parametrize("email", ["", "ann", "ann\0@example.org", "a" * 300 + "@example.org"])
def test_what_is_no_address_is_said_beside_the_field(client: TestClient, email: str) -> None:
    answer = client.post("/sign-in", data={"email": email, "next": "/desk/log"})
    page = Page(answer)
    assert answer.status_code == 422
    assert (
        page.error("email")
        == "Cette adresse ne ressemble pas à une adresse électronique, comme nom@domaine.fr."
    )
    assert form_fields(answer.text) == {"next": "/desk/log"}


# Where one is led afterwards


@pytest.mark.parametrize(
    "onward",
    [
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/%09/evil.example",
        "/%5cevil.example",
        "/%2f%2fevil.example",
        "/.//evil.example",
        "/..//evil.example",
        "/%2e%2e//evil.example",
        "https:evil.example",
        "http:/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "@evil.example",
        "/@evil.example",
        " //evil.example",
        "\u3000//evil.example",
        "/\u2028/evil.example",
        "//evil.example/@testserver",
        "//testserver@evil.example",
        "/" + "a" * 3000,
        "",
        "\r\nSet-Cookie: a=b",
        "/desk\r\nSet-Cookie: a=b",
    ],
)
def test_one_is_never_led_to_another_site(build_parts: BuildParts, onward: str) -> None:
    path = "/avis"  # nor to what else is on the same host
    parts = build_parts(
        site_url=f"http://testserver{path}", smtp_url="smtp://mail.example", mail_from="site@example.org"
    )
    add_person(parts, "ann@example.org", "Ann", Role.ADMIN)
    client = TestClient(create_app(parts), follow_redirects=False)
    asked = client.get(f"{path}/sign-in?next={quote(onward)}")
    kept = form_fields(asked.text)["next"]
    fields = form_fields(
        client.post(f"{path}/sign-in", data={"email": "ann@example.org", "next": onward}).text
    )
    assert fields["next"] == kept
    answer = client.post(f"{path}/sign-in", data={**fields, "code": code_for(parts), "next": onward})
    assert answer.status_code == 303
    target = urlsplit(urljoin("http://testserver/sign-in", answer.headers["location"].replace("\\", "/")))
    assert target.netloc == "testserver"
    assert f"{target.path}/".startswith(f"{path}/")
    assert "evil.example" not in target.netloc
    assert SimpleCookie(answer.headers["set-cookie"]).keys() == {"session-avis"}


@pytest.mark.parametrize("onward", ["/desk", "/desk/log?before=3", "/desk?status=refused&after=QQ%3D%3D"])
def test_one_is_led_back_to_where_one_was(mailing: Parts, browser: TestClient, onward: str) -> None:
    add_person(mailing, "ann@example.org", "Ann", Role.ADMIN)
    fields = form_fields(browser.post("/sign-in", data={"email": "ann@example.org", "next": onward}).text)
    answer = browser.post("/sign-in", data={**fields, "code": code_for(mailing)})
    assert answer.headers["location"] == onward


# The cookie


@pytest.mark.parametrize(
    ("site_url", "name", "secure"),
    [("http://testserver", "session", ""), ("https://testserver", "__Host-session", True)],
)
@pytest.mark.parametrize(("stay", "lasts"), [({}, ""), ({"stay": "true"}, str(30 * 24 * 3600))])
def test_the_cookie_is_for_this_site_alone(
    build_parts: BuildParts, site_url: str, name: str, secure: str | bool, stay: dict[str, str], lasts: str
) -> None:
    parts = build_parts(site_url=site_url)
    add_person(parts, "ann@example.org", "Ann", Role.ADMIN)
    client = TestClient(create_app(parts), base_url=site_url, follow_redirects=False)
    morsel = cookie_of(client.post(link_for(parts, "ann@example.org"), data=stay))
    assert (morsel.key, morsel["secure"], morsel["max-age"]) == (name, secure, lasts)
    assert (morsel["httponly"], morsel["samesite"], morsel["path"], morsel["domain"]) == (
        True,
        "lax",
        "/",
        "",
    )
    assert len(morsel.value) >= 43
    assert is_in(client)
    with parts.reading() as session:
        assert morsel.value != session.exec(select(AccountSession.digest)).one()


@pytest.mark.parametrize(("stay", "days"), [({}, 0.5), ({"stay": "true"}, 30)])
def test_a_session_ends_when_it_is_not_used(
    parts: Parts, client: TestClient, ann: Person, clock: FakeClock, stay: dict[str, str], days: float
) -> None:
    client.post(link_for(parts, ann.email), data=stay)
    clock.tick(days=days, seconds=-1)
    assert is_in(client)
    clock.tick(seconds=1)
    assert not is_in(client)


def test_a_cookie_in_use_is_changed_every_day(
    parts: Parts, client: TestClient, ann: Person, clock: FakeClock
) -> None:
    old = cookie_of(client.post(link_for(parts, ann.email), data={"stay": "true"})).value
    clock.tick(days=1)
    answer = client.post("/desk/undo", data={"decision": "1"})
    assert "set-cookie" not in answer.headers  # nothing was done
    sent = send(parts, add_article(parts, "le-pont"), "Un texte.")
    renewed = cookie_of(client.post(f"/desk/comments/{sent.id}/spam", data={"revision": "1"}))
    assert renewed.value != old
    assert renewed["max-age"] == str(30 * 24 * 3600)
    clock.tick(seconds=60)
    assert is_in(client)
    thief = TestClient(client.app, follow_redirects=False, cookies={"session": old})
    assert not is_in(thief)


def test_a_decision_writes_nothing_about_a_browser_that_was_renewed_lately(
    parts: Parts, client: TestClient, ann: Person
) -> None:
    client.post(link_for(parts, ann.email))
    sent = send(parts, add_article(parts, "le-pont"), "Un texte.")
    with statements(parts.engine) as sent_to_it:
        client.post(f"/desk/comments/{sent.id}/spam", data={"revision": "1"})
    assert not [one for one in sent_to_it if one.startswith("UPDATE account_session")]


def test_a_decision_that_is_kept_is_not_answered_with_an_error_of_the_cookie_s(
    parts: Parts, client: TestClient, ann: Person, clock: FakeClock
) -> None:
    old = cookie_of(client.post(link_for(parts, ann.email), data={"stay": "true"})).value
    clock.tick(days=1)
    sent = send(parts, add_article(parts, "le-pont"), "Un texte.")

    @event.listens_for(parts.engine, "before_cursor_execute")
    def refuse(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("UPDATE account_session"):
            raise OperationalError(statement, None, Exception("disk full"))

    answer = client.post(f"/desk/comments/{sent.id}/spam", data={"revision": "1"})
    assert (answer.status_code, "set-cookie" in answer.headers) == (303, False)
    event.remove(parts.engine, "before_cursor_execute", refuse)
    assert is_in(TestClient(client.app, follow_redirects=False, cookies={"session": old}))
    with parts.reading() as session:
        assert session.get_one(Comment, sent.id).status is Status.SPAM


@pytest.mark.parametrize("cookie", ["", "x", "é", "a" * 5000])
def test_a_cookie_that_is_nobody_s_opens_nothing(client: TestClient, cookie: str) -> None:
    answer = client.get("/desk", headers={b"Cookie": f"session={cookie}".encode()})
    assert answer.status_code == 303


def test_on_https_a_cookie_without_its_prefix_opens_nothing(build_parts: BuildParts) -> None:
    parts = build_parts(site_url="https://testserver")
    ann = add_person(parts, "ann@example.org", "Ann", Role.ADMIN)
    signed_in = sign_in(parts, TestClient(create_app(parts), base_url="https://testserver"), ann)
    client = TestClient(create_app(parts), follow_redirects=False, base_url="https://testserver")
    client.cookies.set("session", signed_in.cookies["__Host-session"])
    assert not is_in(client)


@pytest.fixture
def strict(build_parts: BuildParts) -> Parts:
    return build_parts(site_url="https://testserver")


def asks(parts: Parts, cookies: bytes) -> Any:
    """The desk, for a browser that sends just these bytes as its cookies."""

    async def ask() -> httpx2.Response:
        transport = httpx2.ASGITransport(create_app(parts))
        async with httpx2.AsyncClient(transport=transport, base_url="https://testserver") as client:
            return await client.get("/desk", headers=[(b"Cookie", cookies)])

    return asyncio.run(ask())


def session_of(parts: Parts, person: Person) -> bytes:
    with parts.writing() as session:
        return sessions.start(session, person.id, kept=False, now=parts.clock()).encode()


@pytest.mark.parametrize(
    "sent", [b"__Host-session=%s", b"a=b; __Host-session=%s;c", b"=;;\t__Host-session=%s\t ;"]
)
def test_a_cookie_is_found_among_others(strict: Parts, ann: Person, sent: bytes) -> None:
    assert asks(strict, sent % session_of(strict, ann)).status_code == 200


SPACES = [bytes([code]) for code in (*range(0x0A, 0x0E), *range(0x1C, 0x20), 0x85, 0xA0)]
ALMOST = [b"__host-session", b'"__Host-session"', b"__Host-session ", b"$__Host-session"]
ALMOST += [name for space in SPACES for name in (space + b"__Host-session", b"__Host-session" + space)]


@pytest.mark.parametrize("name", ALMOST, ids=repr)
def test_a_cookie_almost_of_that_name_opens_nothing_and_hides_nothing(
    strict: Parts, ann: Person, sami: Person, name: bytes
) -> None:
    """A page of a neighbouring host may set such a name; the prefix keeps it from setting ours."""
    planted = name + b"=" + session_of(strict, sami)
    own = b"__Host-session=" + session_of(strict, ann)
    assert asks(strict, planted).status_code == 303
    for both in (own + b"; " + planted, planted + b"; " + own):
        assert "Ann" in Page(asks(strict, both)).html


def test_of_two_cookies_of_one_name_the_one_that_is_somebody_s_opens(strict: Parts, ann: Person) -> None:
    own, junk = b"__Host-session=" + session_of(strict, ann), b"__Host-session=x"
    assert [asks(strict, b"; ".join(both)).status_code for both in ((own, junk), (junk, own))] == [200, 200]


def test_two_sessions_in_one_browser_open_nothing_until_it_signs_in_anew(
    strict: Parts, ann: Person, sami: Person
) -> None:
    both = b"; ".join(b"__Host-session=" + session_of(strict, person) for person in (sami, ann))
    assert asks(strict, both).status_code == 303
    client = TestClient(create_app(strict), follow_redirects=False, base_url="https://testserver")
    opened = client.post(link_for(strict, ann.email), headers={b"Cookie": both})
    fresh = b"__Host-session=" + cookie_of(opened).value.encode()
    assert "Ann" in Page(asks(strict, both + b"; " + fresh)).html


# Going


def test_signing_out_ends_this_session_and_no_other(parts: Parts, client: TestClient, ann: Person) -> None:
    other = sign_in(parts, TestClient(client.app, follow_redirects=False), ann)
    value = cookie_of(client.post(link_for(parts, ann.email))).value
    answer = client.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert cookie_of(answer)["max-age"] == "0"
    assert not is_in(client)
    copied = TestClient(client.app, follow_redirects=False, cookies={"session": value})
    assert not is_in(copied)
    assert is_in(other)


def test_signing_out_twice_is_no_error(client: TestClient) -> None:
    assert client.post("/sign-out").status_code == 303
    assert client.get("/sign-out").status_code == 405


def test_who_is_removed_is_out_at_once(parts: Parts, client: TestClient, sami: Person) -> None:
    inside = sign_in(parts, TestClient(client.app, follow_redirects=False), sami)
    address = link_for(parts, sami.email)
    assert is_in(inside)
    with parts.writing() as session:
        members.remove(session, sami.email, parts.clock())
    assert not is_in(inside)
    assert client.post(address).status_code == 410


def test_an_invitation_is_good_for_a_week(
    parts: Parts, client: TestClient, ann: Person, clock: FakeClock
) -> None:
    with parts.writing() as session:
        opening = accounts.ask(session, ann.email, clock(), mail=None, lasts=timedelta(days=7))
        token = parts.links.sign(Opening(opening.id), clock())
    clock.tick(days=7, seconds=-1)
    assert client.post(f"/sign-in/{token}").status_code == 303


def test_sites_under_two_paths_of_one_host_sign_nobody_out_of_each_other(
    build_parts: BuildParts, ann: Person
) -> None:
    names = []
    for path in ("/ville", "/vallee"):
        site = build_parts(site_url=f"https://testserver{path}")
        browser = TestClient(create_app(site), base_url="https://testserver", follow_redirects=False)
        names.append(cookie_of(browser.post(path + link_for(site, ann.email))).key)
    assert names == ["__Host-session-ville", "__Host-session-vallee"]

"""The password door and the second step, as a browser without script meets them."""

import re
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from conftest import BuildParts, FakeClock, add_person, form_fields, sign_in
from page import Page
from sqlmodel import select
from starlette.testclient import TestClient

from moderation import accounts, factors, passwords, sessions
from moderation.accounts import Person
from moderation.links import CodeEntry, Opening, SecondStep
from moderation.models.people import AccountSession, Role, SignIn
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

GOOD = "cheval agrafe pile correct"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
HASH = passwords.hashed(GOOD)


@pytest.fixture
def known(parts: Parts, ann: Person) -> Person:
    """Ann, who chose a password."""
    with parts.writing() as session:
        factors.set_password(session, ann, HASH, parts.clock())
    return ann


@pytest.fixture
def codes(parts: Parts, known: Person, clock: FakeClock) -> list[str]:
    """Her recovery codes; the code that turned her application on is long past."""
    with parts.writing() as session:
        found = factors.turn_codes_on(session, parts.vault, known, SECRET, code(clock), parts.clock())
    clock.tick(minutes=5)
    assert found is not None
    return found


def code(clock: FakeClock, *, steps: int = 0) -> str:
    return pyotp.TOTP(SECRET).at(clock() + timedelta(seconds=30 * steps))


def give(client: TestClient, password: str, email: str = "ann@example.org", **more: str) -> Any:
    return client.post("/sign-in/password", data={"email": email, "password": password, **more})


def is_in(client: TestClient) -> bool:
    return client.get("/desk").status_code == 200


def link(parts: Parts, onward: str = "") -> str:
    with parts.writing() as session:
        opening = accounts.ask(session, "ann@example.org", parts.clock(), mail=None, onward=onward)
        return f"/sign-in/{parts.links.sign(Opening(opening.id), parts.clock())}"


# The password


@pytest.mark.usefixtures("known")
def test_a_password_signs_in_and_leads_where_one_was_going(client: TestClient) -> None:
    shown = Page(client.get("/sign-in?next=/desk/log"))
    asked = client.get(shown.hrefs["Se connecter avec un mot de passe"])
    page = Page(asked)
    form = page.form("Se connecter")
    assert form.fields == {"next": "/desk/log"}
    answer = client.post(form.action, data={**form.fields, "email": " Ann@example.org", "password": GOOD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/log")
    assert answer.headers["cache-control"] == "no-store"
    assert is_in(client)


def test_password_managers_know_the_fields(client: TestClient) -> None:
    page = Page(client.get("/sign-in/password"))
    found = {
        name: page.node(f"input[name={name}]").attributes["autocomplete"] for name in ("email", "password")
    }
    assert found == {"email": "username", "password": "current-password"}
    assert "onpaste" not in page.html


@pytest.mark.usefixtures("known")
def test_a_wrong_password_an_unknown_person_and_one_without_are_answered_alike(
    parts: Parts, client: TestClient
) -> None:
    add_person(parts, "sami@example.org", "Sami", Role.MODERATOR)
    told = set()
    for email in ("ann@example.org", "sami@example.org", "nobody@example.org"):
        answer = give(client, "pas le bon mot de passe", email)
        page = Page(answer)
        assert page.value("email") == email
        assert page.error("password").startswith("L’adresse ou le mot de passe n’est pas le bon.")
        assert "Demander plutôt un lien" in page.hrefs
        assert "pas le bon mot de passe" not in answer.text
        told.add((answer.status_code, answer.text.replace(email, ""), "set-cookie" in answer.headers))
    assert len(told) == 1
    assert told.pop()[0] == 422


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("email", ["", "ann", "a" * 250])
def test_what_is_no_address_is_said_beside_the_field(client: TestClient, email: str) -> None:
    answer = give(client, GOOD, email)
    assert answer.status_code == 422
    assert Page(answer).error("email").startswith("Cette adresse ne ressemble pas")


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("password", ["\0" * 8, "a" * 2000, "é" * 600, ""])
def test_an_odd_password_is_only_wrong(client: TestClient, password: str) -> None:
    assert give(client, password).status_code == 422


@pytest.mark.usefixtures("known")
def test_too_many_tries_close_this_door_for_a_while_and_leave_the_link_open(
    parts: Parts, client: TestClient, clock: FakeClock
) -> None:
    answers = [give(client, f"faux numéro {n}").status_code for n in range(5)]
    closed = give(client, GOOD)
    page = Page(closed)
    assert answers == [422] * 5
    assert closed.status_code == 429
    assert 1 <= int(closed.headers["retry-after"]) <= 61
    assert "cette entrée est fermée pour un moment" in page.alert
    form = page.form("Demander un lien")
    assert (form.action, form.fields["email"]) == ("/sign-in", "ann@example.org")
    assert client.post(form.action, data=form.fields).status_code == 200
    assert client.post(link(parts)).status_code == 303
    assert is_in(client)
    # Nobody else is kept out.
    add_person(parts, "sami@example.org", "Sami", Role.MODERATOR)
    assert give(client, "faux", "sami@example.org").status_code == 422
    clock.tick(seconds=int(closed.headers["retry-after"]))
    assert give(client, GOOD).status_code == 303


def test_somebody_unknown_is_tried_as_seldom(client: TestClient) -> None:
    answers = [give(client, "faux numéro", "nobody@example.org").status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]


@pytest.mark.usefixtures("known")
def test_a_full_line_is_told_to_come_back(client: TestClient) -> None:
    for _ in range(passwords.IN_LINE):
        passwords._line.acquire()
    try:
        answer = give(client, GOOD)
    finally:
        for _ in range(passwords.IN_LINE):
            passwords._line.release()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


@pytest.mark.usefixtures("known")
def test_a_browser_is_kept_as_asked_and_known_by_a_short_name(parts: Parts, client: TestClient) -> None:
    client.headers["User-Agent"] = "Mozilla/5.0 (Android 16; Mobile; rv:150.0) Gecko/150.0 Firefox/150.0 zq7"
    answer = give(client, GOOD, stay="true")
    assert "Max-Age=2592000" in answer.headers["set-cookie"]
    with parts.reading() as session:
        row = session.exec(select(AccountSession)).one()
    assert (row.kept, row.browser) == (True, "Firefox, Android")


@pytest.mark.usefixtures("known")
def test_signing_in_again_ends_the_session_this_browser_had(parts: Parts, client: TestClient) -> None:
    for _ in range(3):
        give(client, GOOD)
    with parts.reading() as session:
        assert len(session.exec(select(AccountSession)).all()) == 1


@pytest.mark.usefixtures("known")
def test_another_site_s_page_cannot_sign_anybody_in(client: TestClient) -> None:
    for path in ("/sign-in/password", "/sign-in/second", "/sign-in/passkey", "/sign-in/passkey/options"):
        answer = client.post(path, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403


# The second step


def half_way(client: TestClient, answer: Any) -> dict[str, str]:
    page = Page(answer)
    assert (answer.status_code, page.heading) == (200, "Encore une étape")
    assert "set-cookie" not in answer.headers
    assert not is_in(client)
    form = page.form("Se connecter")
    assert form.action == "/sign-in/second"
    return form.fields


@pytest.mark.usefixtures("codes")
@pytest.mark.parametrize("door", ["password", "link", "code"])
def test_every_door_asks_for_the_second_step(
    parts: Parts, client: TestClient, clock: FakeClock, door: str
) -> None:
    if door == "password":
        answer = give(client, GOOD, next="/desk/log", stay="true")
    elif door == "link":
        answer = client.post(link(parts, "/desk/log"), data={"stay": "true"})
    else:
        with parts.writing() as session:
            row = accounts.ask(session, "ann@example.org", clock(), mail=None)
            short = accounts.new_code(row)
            entry = parts.links.sign(CodeEntry(row.id), clock())
        fields = {"entry": entry, "next": "/desk/log", "code": short}
        answer = client.post("/sign-in", data={**fields, "stay": "true"})
    fields = half_way(client, answer)
    opened = client.post("/sign-in/second", data={**fields, "code": code(clock)})
    assert (opened.status_code, opened.headers["location"]) == (303, "/desk/log")
    assert "Max-Age=2592000" in opened.headers["set-cookie"]
    assert is_in(client)


def test_a_recovery_code_takes_the_application_s_place(client: TestClient, codes: list[str]) -> None:
    fields = half_way(client, give(client, GOOD))
    wrong = client.post("/sign-in/second", data={**fields, "recovery": codes[0][:-1]})
    assert wrong.status_code == 422
    assert (
        Page(wrong).error("recovery")
        == "Ce code de secours n’est pas le bon, ou il a déjà servi : essayez-en un autre."
    )
    assert form_fields(wrong.text) == fields
    assert client.post("/sign-in/second", data={**fields, "recovery": codes[0]}).status_code == 303
    client.cookies.clear()
    again = half_way(client, give(client, GOOD))
    assert client.post("/sign-in/second", data={**again, "recovery": codes[0]}).status_code == 422


@pytest.mark.usefixtures("codes")
def test_a_ticket_is_used_once_and_a_code_too(client: TestClient, clock: FakeClock) -> None:
    one, other = [half_way(client, give(client, GOOD)) for _ in range(2)]
    wrong = client.post("/sign-in/second", data={**one, "code": "000000"})
    assert "Ce n’est pas le bon code, ou il a déjà servi." in Page(wrong).error("code")
    assert client.post("/sign-in/second", data={**one, "code": code(clock)}).status_code == 303
    client.cookies.clear()
    assert client.post("/sign-in/second", data={**other, "code": code(clock)}).status_code == 422
    answer = client.post("/sign-in/second", data={**one, "code": code(clock, steps=1)})
    assert (answer.status_code, is_in(client)) == (410, False)
    assert "reprenez depuis le début" in Page(answer).alert


@pytest.mark.usefixtures("codes")
def test_who_has_the_password_keeps_nobody_who_is_signed_in_from_proving_it(
    parts: Parts, client: TestClient, ann: Person, clock: FakeClock
) -> None:
    desk = sign_in(parts, TestClient(client.app, follow_redirects=False), ann)
    fields = half_way(client, give(client, GOOD))
    wrong = [client.post("/sign-in/second", data={**fields, "code": "000000"}) for _ in range(6)]
    assert [answer.status_code for answer in wrong] == [422] * 5 + [429]
    clock.tick(minutes=0.5)
    confirmed = desk.post("/desk/confirm", data={"code": code(clock), "next": "/desk/account/password"})
    assert (confirmed.status_code, confirmed.headers["location"]) == (303, "/desk/account/password")


@pytest.mark.usefixtures("codes")
def test_a_ticket_grows_old(client: TestClient, clock: FakeClock) -> None:
    fields = half_way(client, give(client, GOOD))
    clock.tick(minutes=10, seconds=1)
    assert client.post("/sign-in/second", data={**fields, "code": code(clock)}).status_code == 410


@pytest.mark.usefixtures("codes")
def test_no_other_token_is_a_ticket(parts: Parts, client: TestClient, clock: FakeClock) -> None:
    with parts.writing() as session:
        row = accounts.ask(session, "ann@example.org", clock(), mail=None).id
        half = accounts.half_way(session, 1, clock()).id
    for token in (
        "",
        "x",
        parts.links.sign(Opening(row), clock()),
        parts.links.sign(CodeEntry(row), clock()),
        parts.links.sign(SecondStep("nobody"), clock()),
    ):
        answer = client.post("/sign-in/second", data={"entry": token, "code": code(clock)})
        assert (answer.status_code, is_in(client)) == (410, False)
    ticket = parts.links.sign(SecondStep(half), clock())
    assert client.post(f"/sign-in/{ticket}").status_code == 410
    assert client.post("/sign-in", data={"entry": ticket, "code": code(clock)}).status_code == 410


def test_codes_tried_too_often_leave_recovery_codes_open(
    client: TestClient, codes: list[str], clock: FakeClock
) -> None:
    fields = half_way(client, give(client, GOOD))
    tried = [client.post("/sign-in/second", data={**fields, "code": "000000"}).status_code for _ in range(5)]
    assert tried == [422] * 5
    # Another ticket gives no more tries.
    fields = half_way(client, give(client, GOOD))
    closed = client.post("/sign-in/second", data={**fields, "code": code(clock)})
    assert closed.status_code == 429
    assert int(closed.headers["retry-after"]) >= 1
    assert "Trop de codes essayés" in Page(closed).alert
    assert form_fields(closed.text) == fields
    assert client.post("/sign-in/second", data={**fields, "recovery": codes[0]}).status_code == 303


# The link that carries where one was going


@pytest.mark.usefixtures("known")
def test_a_mailed_link_leads_where_one_was_going(build_parts: BuildParts, client: TestClient) -> None:
    parts = build_parts(smtp_url="smtp://mail.example", mail_from="site@example.org")
    asking = TestClient(create_app(parts), follow_redirects=False)
    asking.post("/sign-in", data={"email": "ann@example.org", "next": "/desk/log?before=3"})
    with parts.reading() as session:
        row = session.exec(select(SignIn)).one()
    address = f"/sign-in/{parts.links.sign(Opening(row.id), parts.clock())}"
    # On another device, too.
    assert client.post(address).headers["location"] == "/desk/log?before=3"


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("onward", ["https://evil.example", "//evil.example", "/\\evil.example", "x"])
def test_a_mailed_link_leads_to_no_other_site(parts: Parts, client: TestClient, onward: str) -> None:
    client.post("/sign-in", data={"email": "ann@example.org", "next": onward})
    with parts.reading() as session:
        assert session.exec(select(SignIn.onward)).one() == "/desk"
    assert client.post(link(parts, onward)).headers["location"] == "/desk"


# Who asks for many letters


def test_a_sender_who_asks_for_many_letters_is_told_to_wait(build_parts: BuildParts) -> None:
    parts = build_parts(trusted_proxies="127.0.0.1,::1")
    client = TestClient(create_app(parts), follow_redirects=False, client=("127.0.0.1", 4000))
    here, there = [{"X-Forwarded-For": address} for address in ("203.0.113.7", "203.0.113.8")]
    answers = [
        client.post("/sign-in", data={"email": "a@example.org"}, headers=here).status_code for _ in range(21)
    ]
    assert answers == [200] * 20 + [429]
    assert client.post("/sign-in", data={"email": "a@example.org"}, headers=there).status_code == 200
    told = client.post("/sign-in", data={"email": "a@example.org"}, headers=here)
    assert "Beaucoup de liens ont été demandés depuis votre connexion." in Page(told).alert
    assert "203" not in re.sub(r"\d{4}-", "", told.text)


def test_a_session_row_says_nothing_of_the_machine(parts: Parts, ann: Person) -> None:
    with parts.writing() as session:
        sessions.start(session, ann.id, kept=False, now=parts.clock(), browser="Firefox, Android")
        row = session.exec(select(AccountSession)).one()
        kept = row.model_dump()
    columns = {"id", "account_id", "digest", "previous", "kept", "browser"}
    times = {"signed_in_at", "seen_at", "confirmed_at", "renewed_at", "expires_at"}
    assert set(kept) == columns | times

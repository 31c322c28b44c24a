"""« Mon compte » and what may be changed there, and what must be proved before."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from authenticator import Device
from conftest import BuildParts, FakeClock, add_person, form_fields, sign_in
from page import Page, mail_text
from sqlmodel import select
from starlette.testclient import TestClient

from moderation import (
    account_words,
    accounts,
    delivery,
    factors,
    mail,
    mailboxes,
    passwords,
    sessions,
    tokens,
)
from moderation.accounts import Person
from moderation.letters import Post
from moderation.links import CodeEntry, NewAddress, Opening
from moderation.mail import Send
from moderation.models.people import Account, AccountSession, EmailChange, Passkey, Role, SignIn, Token
from moderation.models.queue import Letter, LetterKind
from moderation.tokens import Scope
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

GOOD = "cheval agrafe pile correct"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
HASH = passwords.hashed(GOOD)
SITE = "https://testserver"


def code(clock: FakeClock, secret: str = SECRET, *, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(clock() + timedelta(seconds=30 * steps))


def with_password(parts: Parts, person: Person) -> None:
    with parts.writing() as session:
        here = session.exec(select(AccountSession.id).where(AccountSession.account_id == person.id)).first()
        known = Person(person.id, person.name, person.email, person.role, here)
        factors.set_password(session, known, HASH, parts.clock())


def with_codes(parts: Parts, person: Person, clock: FakeClock) -> list[str]:
    with parts.writing() as session:
        found = factors.turn_codes_on(session, parts.vault, person, SECRET, code(clock), clock())
    assert found is not None
    return found


def browser(parts: Parts, person: Person) -> TestClient:
    return sign_in(parts, TestClient(create_app(parts), follow_redirects=False), person)


def account(parts: Parts, person: Person) -> dict[str, Any]:
    with parts.reading() as session:
        return session.get_one(Account, person.id).model_dump()


@pytest.fixture
def mailing(build_parts: BuildParts) -> Parts:
    return build_parts(smtp_url="smtp://mail.example", mail_from="site@example.org")


def letters(parts: Parts) -> list[str]:
    with parts.reading() as session:
        return [letter.kind for letter in session.exec(select(Letter).order_by(Letter.id))]  # type: ignore[arg-type]


def read_letters(parts: Parts) -> list[tuple[str, str]]:
    """What arrives, and where."""
    arrived = []
    send: Send = lambda message: arrived.append((str(message["To"]), mail_text(message)))  # noqa: E731
    post = Post(parts.settings, parts.links, parts.templates, send)
    delivery.letters(parts.engine, post, parts.clock)
    return arrived


# Proving again

CHANGES: dict[str, tuple[str, dict[str, str]]] = {
    "a password": ("/desk/account/password", {"password": "un autre mot de passe"}),
    "no password": ("/desk/account/password/remove", {}),
    "codes": ("/desk/account/codes", {"entry": "x", "code": "000000"}),
    "no codes": ("/desk/account/codes/remove", {}),
    "recovery codes": ("/desk/account/recovery", {}),
    "a passkey asked for": ("/desk/account/passkeys/options", {}),
    "a passkey": ("/desk/account/passkeys", {"answer": "{}"}),
    "no passkey": ("/desk/account/passkeys/1/remove", {}),
    "an address": ("/desk/account/email", {"email": "ann@autre.example"}),
    "a token": ("/desk/account/tokens", {"name": "essai", "scope": "read"}),
    "one session": ("/desk/account/sessions/1/end", {}),
    "all sessions": ("/desk/account/sessions/end", {"which": "all"}),
    "another's sessions": ("/desk/team/1/sign-out", {}),
    "a new account": ("/desk/team/add", {"email": "zoe@example.org", "name": "Zoé"}),
    "a role": ("/desk/team/1/role", {"role": "moderator"}),
    "the end of an account": ("/desk/team/2/close", {}),
}
PAGES = ["password", "codes", "passkeys", "email"]


def everything(parts: Parts) -> list[Any]:
    with parts.reading() as session:
        kinds = (Account, AccountSession, Passkey, EmailChange, Token, Letter, SignIn)
        return [row.model_dump(exclude={"seen_at"}) for kind in kinds for row in session.exec(select(kind))]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_nothing_about_signing_in_changes_without_proof(
    mailing: Parts, ann: Person, clock: FakeClock, change: tuple[str, dict[str, str]]
) -> None:
    desk = browser(mailing, ann)
    with_password(mailing, ann)
    with_codes(mailing, ann, clock)
    clock.tick(minutes=10)
    before = everything(mailing)
    path, fields = change
    answer = desk.post(path, data=fields)
    assert answer.status_code == 303
    page = "/desk/team" if path.startswith("/desk/team") else "/desk/account"
    assert answer.headers["location"].startswith(f"/desk/confirm?next={page}")
    assert everything(mailing) == before


@pytest.mark.parametrize("page", PAGES)
def test_a_page_to_change_something_is_reached_after_the_proof(
    parts: Parts, ann: Person, clock: FakeClock, page: str
) -> None:
    desk = browser(parts, ann)
    with_password(parts, ann)
    assert desk.get(f"/desk/account/{page}").status_code == 200
    clock.tick(minutes=10)
    led = desk.get(f"/desk/account/{page}").headers["location"]
    asked = Page(desk.get(led))
    assert asked.heading == "Confirmez que c’est vous"
    form = asked.form("Confirmer")
    wrong = desk.post(form.action, data={**form.fields, "password": "pas celui-là"})
    assert (wrong.status_code, Page(wrong).error("password")) == (422, "Ce n’est pas votre mot de passe.")
    assert desk.get(f"/desk/account/{page}").status_code == 303
    answer = desk.post(form.action, data={**form.fields, "password": GOOD})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/desk/account/{page}")
    assert desk.get(f"/desk/account/{page}").status_code == 200
    clock.tick(minutes=10, seconds=-1)
    assert desk.get(f"/desk/account/{page}").status_code == 200
    clock.tick(seconds=1)
    assert desk.get(f"/desk/account/{page}").status_code == 303


def test_with_codes_neither_the_password_nor_the_mailbox_proves_anything(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    desk = browser(mailing, ann)
    with_password(mailing, ann)
    recovery = with_codes(mailing, ann, clock)
    clock.tick(minutes=10)
    page = Page(desk.get("/desk/confirm"))
    assert "Recevoir un code par courriel" not in page.main
    assert page.nodes("input[name=password]") == []
    sent = desk.post("/desk/confirm/letter")
    assert "Le code de votre application" in Page(sent).main
    with mailing.writing() as session:
        row = session.exec(select(SignIn)).one()
        short = accounts.new_code(row)
        ticket = mailing.links.sign(CodeEntry(row.id), clock())
    for fields in ({"password": GOOD}, {"entry": ticket, "code": short}):
        assert desk.post("/desk/confirm", data=fields).status_code == 422
        assert desk.get("/desk/account/codes").status_code == 303
    assert desk.post("/desk/confirm", data={"recovery": recovery[0]}).status_code == 303
    assert desk.get("/desk/account/email").status_code == 200


def test_an_application_s_code_proves_once(parts: Parts, ann: Person, clock: FakeClock) -> None:
    desk = browser(parts, ann)
    with_codes(parts, ann, clock)
    assert desk.post("/desk/confirm", data={"code": code(clock)}).status_code == 422
    clock.tick(minutes=10)
    assert desk.post("/desk/confirm", data={"code": code(clock)}).status_code == 303
    clock.tick(seconds=1)
    assert desk.post("/desk/confirm", data={"code": code(clock)}).status_code == 422
    tried = [desk.post("/desk/confirm", data={"code": "000000"}).status_code for _ in range(4)]
    assert tried == [422, 422, 422, 429]


def test_a_letter_s_code_proves_and_another_person_s_does_not(
    mailing: Parts, ann: Person, sami: Person, clock: FakeClock
) -> None:
    mine, theirs = browser(mailing, ann), browser(mailing, sami)
    clock.tick(minutes=10)
    fields = {}
    for person, client in ((ann, mine), (sami, theirs)):
        page = Page(client.get("/desk/confirm?next=/desk/account/password"))
        sent = Page(
            client.post("/desk/confirm/letter", data=page.form("Recevoir un code par courriel").fields)
        )
        fields[person.id] = sent.form("Confirmer").fields
    codes = {
        to: re.findall(r"^([0-9A-Z]{4}-[0-9A-Z]{4})\r?$", text, re.MULTILINE)[0]
        for to, text in read_letters(mailing)
    }
    stolen = mine.post("/desk/confirm", data={**fields[sami.id], "code": codes[sami.email]})
    assert stolen.status_code == 410
    assert mine.get("/desk/account/password").status_code == 303
    wrong = mine.post("/desk/confirm", data={**fields[ann.id], "code": "0000-0000"})
    assert wrong.status_code == 422
    assert Page(wrong).error("code").startswith("Ce n’est pas le bon code.")
    answer = mine.post("/desk/confirm", data={**fields[ann.id], "code": codes[ann.email]})
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/account/password")
    assert (
        theirs.post("/desk/confirm", data={**fields[sami.id], "code": codes[sami.email]}).status_code == 303
    )


def test_a_letter_s_link_proves_too_and_leads_to_the_page(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    desk = browser(mailing, ann)
    clock.tick(minutes=10)
    desk.post("/desk/confirm/letter", data={"next": "/desk/account/password"})
    ((_, text),) = read_letters(mailing)
    (link,) = re.findall(r"http://testserver(/sign-in/[\w.-]+)", text)
    assert desk.post(link).headers["location"] == "/desk/account/password"
    assert desk.get("/desk/account/password").status_code == 200


def test_a_password_is_tried_a_few_times_and_other_ways_stay_open(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    desk = browser(mailing, ann)
    with_password(mailing, ann)
    clock.tick(minutes=10)
    tried = [desk.post("/desk/confirm", data={"password": "non"}).status_code for _ in range(6)]
    assert tried == [422] * 5 + [429]
    closed = desk.post("/desk/confirm", data={"password": GOOD})
    assert int(closed.headers["retry-after"]) >= 1
    assert "Trop d’essais" in Page(closed).alert
    assert "Recevoir un code par courriel" in Page(closed).main


def test_where_no_letter_leaves_and_nothing_else_is_known_one_is_told_whom_to_ask(
    parts: Parts, ann: Person, clock: FakeClock
) -> None:
    desk = browser(parts, ann)
    clock.tick(minutes=10)
    assert "moderation sign-in-link" in Page(desk.get("/desk/confirm")).main
    assert desk.post("/desk/confirm", data={}).status_code == 422
    assert desk.post("/desk/confirm", data={"password": ""}).status_code == 422


@pytest.mark.parametrize("onward", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_proving_leads_to_no_other_site(parts: Parts, ann: Person, onward: str) -> None:
    desk = browser(parts, ann)
    with_password(parts, ann)
    answer = desk.post("/desk/confirm", data={"password": GOOD, "next": onward})
    assert answer.headers["location"] == "/desk"


@pytest.mark.parametrize(
    "path", ["/desk/account/password", "/desk/confirm", "/new-address/x", "/desk/team/1/sign-out"]
)
def test_another_site_s_page_changes_nothing(desk: TestClient, path: str) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert desk.post(path, headers=headers).status_code == 403


# The password


@pytest.mark.parametrize("letter", [True, False])
def test_a_password_is_chosen_and_the_other_browsers_are_signed_out(
    build_parts: BuildParts, ann: Person, letter: bool
) -> None:
    parts = build_parts(smtp_url="smtp://mail.example" if letter else None, mail_from="site@example.org")
    desk, other = browser(parts, ann), browser(parts, ann)
    page = Page(desk.get("/desk/account/password"))
    assert page.heading == "Choisir un mot de passe"
    field = page.node("input[name=password]").attributes
    assert (field["autocomplete"], field["minlength"]) == ("new-password", "8")
    answer = desk.post("/desk/account/password", data={"password": GOOD})
    assert answer.headers["location"] == "/desk/account?done=password_set"
    shown = Page(desk.get(answer.headers["location"]))
    assert "Vos autres navigateurs sont déconnectés." in shown.alert
    assert "Changer de mot de passe" in shown.hrefs
    assert [client.get("/desk").status_code for client in (desk, other)] == [200, 303]
    assert letters(parts) == ["password_set"]
    assert desk.post("/sign-in/password", data={"email": ann.email, "password": GOOD}).status_code == 303


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("court", "C’est trop court"),
        ("a" * 200, "C’est trop long"),
        ("motdepasse", "parmi les plus courants"),
        ("Password1", "parmi les plus courants"),
        ("ann@example.org", "ressemble trop"),
        ("Le Passe-Muraille", "ressemble trop"),
    ],
)
def test_a_password_that_is_refused_is_explained_and_not_repeated(
    parts: Parts, desk: TestClient, ann: Person, password: str, said: str
) -> None:
    answer = desk.post("/desk/account/password", data={"password": password})
    page = Page(answer)
    assert (answer.status_code, page.value("password")) == (422, "")
    assert said in page.error("password")
    assert account(parts, ann)["password"] is None


def test_a_password_is_removed(parts: Parts, desk: TestClient, ann: Person) -> None:
    with_password(parts, ann)
    form = Page(desk.get("/desk/account")).form("Supprimer mon mot de passe")
    assert desk.post(form.action).status_code == 303
    assert account(parts, ann)["password"] is None
    assert desk.post(form.action).status_code == 404


# Codes


def test_an_application_is_set_up_by_its_code_and_codes_are_shown_once(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    desk = browser(mailing, ann)
    page = Page(desk.get("/desk/account/codes"))
    secret = page.text("code").replace(" ", "")
    assert re.fullmatch(r"[A-Z2-7]{32}", secret)
    assert f"secret={secret}" in page.hrefs["Ouvrir l’application sur cet appareil"]
    assert page.node("svg[role=img]").attributes["aria-label"]
    fields = page.form("Mettre en service").fields
    assert secret not in fields["entry"]
    wrong = desk.post("/desk/account/codes", data={**fields, "code": "000000"})
    assert wrong.status_code == 422
    assert Page(wrong).text("code").replace(" ", "") == secret
    assert Page(wrong).error("code").startswith("Ce n’est pas le bon code.")
    assert account(mailing, ann)["totp"] is None
    on = desk.post("/desk/account/codes", data={**form_fields(wrong.text), "code": code(clock, secret)})
    codes = Page(on).texts("ol code")
    assert (on.status_code, on.headers["cache-control"], len(set(codes))) == (200, "no-store", 10)
    assert letters(mailing) == ["codes_on"]
    shown = Page(desk.get("/desk/account"))
    assert "Il reste 10 codes de secours." in shown.main
    assert not [one for one in codes if one in shown.html]
    again = desk.post("/desk/account/codes", data={**fields, "code": code(clock, secret, steps=1)})
    assert again.headers["location"] == "/desk/account?done=codes_already"


def test_a_secret_shown_to_one_sets_nothing_up_for_another(
    parts: Parts, ann: Person, sami: Person, clock: FakeClock
) -> None:
    page = Page(browser(parts, ann).get("/desk/account/codes"))
    secret = page.text("code").replace(" ", "")
    other = browser(parts, sami)
    for entry in (page.form("Mettre en service").fields["entry"], "", "x", "é"):
        answer = other.post("/desk/account/codes", data={"entry": entry, "code": code(clock, secret)})
        assert answer.headers["location"] == "/desk/account/codes"
    assert account(parts, sami)["totp"] is None


def test_recovery_codes_are_made_anew_and_codes_turned_off(
    parts: Parts, ann: Person, clock: FakeClock
) -> None:
    desk = browser(parts, ann)
    old = with_codes(parts, ann, clock)
    page = Page(desk.get("/desk/account"))
    new = Page(desk.post(page.form("Créer de nouveaux codes de secours").action)).texts("ol code")
    assert len(new) == 10
    assert not {one.replace("-", "") for one in new} & set(old)
    assert desk.post(page.form("Ne plus demander de code").action).status_code == 303
    assert account(parts, ann)["totp"] is None
    assert desk.post("/desk/account/recovery").status_code == 404


# Browsers


def test_browsers_are_listed_and_one_is_ended(parts: Parts, ann: Person, clock: FakeClock) -> None:
    desk = browser(parts, ann)
    with parts.writing() as session:
        there = sessions.start(session, ann.id, kept=True, now=clock(), browser="Firefox, Android")
    page = Page(desk.get("/desk/account"))
    listed = page.texts("section[aria-labelledby=browsers-title] li")
    assert len(listed) == 2
    assert "Navigateur inconnu celui-ci" in listed[1] or "Navigateur inconnu celui-ci" in listed[0]
    assert sum("celui-ci" in one for one in listed) == 1
    (form,) = [form for form in page.forms if any("Firefox, Android" in name for name in form.buttons)]
    answer = desk.post(form.action)
    assert answer.headers["location"] == "/desk/account?done=one_ended"
    stolen = TestClient(desk.app, follow_redirects=False, cookies={"session": there})
    assert stolen.get("/desk").status_code == 303
    assert desk.get("/desk").status_code == 200
    assert desk.post(form.action).status_code == 404


def test_the_button_of_an_old_page_ends_no_other_browser_than_the_one_shown(
    parts: Parts, ann: Person, clock: FakeClock
) -> None:
    desk, now = browser(parts, ann), clock()
    with parts.writing() as session:
        sessions.start(session, ann.id, kept=True, now=now, browser="Firefox, Android")
    page = Page(desk.get("/desk/account"))
    (form,) = [form for form in page.forms if any("Firefox, Android" in name for name in form.buttons)]
    assert desk.post(form.action).status_code == 303
    with parts.writing() as session:
        cookie = sessions.start(session, ann.id, kept=True, now=now, browser="Safari, iPhone")
    assert desk.post(form.action).status_code == 404
    other = TestClient(desk.app, follow_redirects=False, cookies={"session": cookie})
    assert other.get("/desk").status_code == 200


def test_this_browser_or_all_of_them_end_at_the_sign_in_page(parts: Parts, ann: Person) -> None:
    one, other = browser(parts, ann), browser(parts, ann)
    here = next(
        node.parent.css_first("form").attributes["action"]  # type: ignore[union-attr]
        for node in Page(one.get("/desk/account")).nodes("section li p")
        if "celui-ci" in node.text()
    )
    answer = one.post(str(here))
    assert answer.headers["location"] == "/sign-in"
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert [client.get("/desk").status_code for client in (one, other)] == [303, 200]
    answer = other.post("/desk/account/sessions/end", data={"which": "all"})
    assert answer.headers["location"] == "/sign-in"
    with parts.reading() as session:
        assert session.exec(select(AccountSession)).all() == []


def test_all_other_browsers_are_ended(parts: Parts, ann: Person, sami: Person) -> None:
    desk, other, theirs = browser(parts, ann), browser(parts, ann), browser(parts, sami)
    assert desk.post("/desk/account/sessions/end", data={"which": "others"}).status_code == 303
    assert [client.get("/desk").status_code for client in (desk, other, theirs)] == [200, 303, 200]
    assert desk.post("/desk/account/sessions/end", data={"which": "x"}).status_code == 422


# What is another's


def test_what_is_another_s_is_not_there(parts: Parts, ann: Person, sami: Person, clock: FakeClock) -> None:
    browser(parts, ann)
    theirs = browser(parts, sami)
    with parts.writing() as session:
        row = session.get_one(Account, ann.id)
        tokens.create(session, row, "à Ann", frozenset({Scope.READ}), clock())
        session.add(
            Passkey(
                account_id=ann.id,
                credential="c",
                public_key="k",
                handle="h",
                sign_count=0,
                name="à Ann",
                created_at=clock(),
            )
        )
        hers = session.exec(select(AccountSession.id).where(AccountSession.account_id == ann.id)).one()
    for path in (
        f"/desk/account/sessions/{hers}/end",
        "/desk/account/passkeys/1/remove",
        "/desk/account/tokens/1/revoke",
        "/desk/account/sessions/99/end",
    ):
        assert theirs.post(path).status_code == 404, path
    for answer in (theirs.get("/desk/team"), theirs.post(f"/desk/team/{ann.id}/sign-out")):
        assert answer.status_code == 403
    assert "à Ann" not in theirs.get("/desk/account/tokens").text + theirs.get("/desk/account").text
    with parts.reading() as session:
        assert session.exec(select(Passkey)).all() != []
        assert session.exec(select(Token.revoked_at)).one() is None


# The address


def test_an_address_is_changed_by_a_link_sent_to_it(mailing: Parts, ann: Person, client: TestClient) -> None:
    desk = browser(mailing, ann)
    form = Page(desk.get("/desk/account/email")).form("Envoyer le lien")
    wrong = desk.post(form.action, data={"email": "ann"})
    assert (wrong.status_code, Page(wrong).value("email")) == (422, "ann")
    assert desk.post(form.action, data={"email": "ann@autre.example"}).status_code == 303
    (to, text), (warned, warning) = read_letters(mailing)
    (link,) = re.findall(r"http://testserver(/new-address/[\w.-]+)", text)
    assert (to, warned) == ("ann@autre.example", "ann@example.org")
    assert "Une autre adresse électronique a été demandée" in warning.replace("\u00a0", " ")
    assert "/new-address/" not in warning
    shown = client.get(link)
    assert "ann@autre.example" in Page(shown).main
    assert account(mailing, ann)["email"] == "ann@example.org"
    done = client.post(link)
    assert (done.status_code, "set-cookie" in done.headers) == (200, False)
    assert account(mailing, ann)["email"] == "ann@autre.example"
    ((to, text),) = read_letters(mailing)
    assert to == "ann@example.org"
    assert "L’adresse électronique de votre compte a été remplacée." in text.replace("\u00a0", " ")
    for again in (client.get(link), client.post(link)):
        assert again.status_code == 410
        assert "Ce lien ne sert plus" in Page(again).alert
    assert client.get(f"/sign-in/{link.rpartition('/')[2]}").status_code == 410


def test_a_link_to_an_address_that_is_taken_changes_nothing(
    mailing: Parts, ann: Person, sami: Person, client: TestClient
) -> None:
    desk = browser(mailing, ann)
    answer = desk.post("/desk/account/email", data={"email": sami.email})
    assert answer.headers["location"] == "/desk/account?done=email_asked"
    with mailing.reading() as session:
        change = session.exec(select(EmailChange.id)).one()
    link = f"/new-address/{mailing.links.sign(NewAddress(change), mailing.clock())}"
    taken = client.post(link)
    assert (taken.status_code, account(mailing, ann)["email"]) == (409, ann.email)
    assert "déjà celle d’un autre compte" in Page(taken).alert


def test_where_no_letter_leaves_no_address_is_changed(parts: Parts, desk: TestClient) -> None:
    assert "Ce site n’envoie pas de courriel" in Page(desk.get("/desk/account/email")).main
    assert desk.post("/desk/account/email", data={"email": "ann@autre.example"}).status_code == 409
    with parts.reading() as session:
        assert session.exec(select(EmailChange)).all() == []


# What was typed is kept


def test_an_address_typed_before_the_proof_is_there_after_it(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    desk = browser(mailing, ann)
    with_password(mailing, ann)
    clock.tick(minutes=10)
    led = desk.post("/desk/account/email", data={"email": "Ann.Mercier@autre.example"}).headers["location"]
    assert "autre" not in led
    fields = Page(desk.get(led)).form("Confirmer").fields
    onward = desk.post("/desk/confirm", data={**fields, "password": GOOD}).headers["location"]
    assert Page(desk.get(onward)).value("email") == "Ann.Mercier@autre.example"


def test_a_token_described_before_the_proof_is_described_after_it(
    parts: Parts, ann: Person, sami: Person, clock: FakeClock
) -> None:
    desk = browser(parts, ann)
    with_password(parts, ann)
    clock.tick(minutes=10)
    name = "É" * 80
    led = desk.post("/desk/account/tokens", data={"name": name, "scope": "submit"}).headers["location"]
    fields = Page(desk.get(led)).form("Confirmer").fields
    onward = desk.post("/desk/confirm", data={**fields, "password": GOOD}).headers["location"]
    page = Page(desk.get(onward))
    assert page.value("name") == name
    assert [node.attributes["value"] for node in page.nodes("input[checked]")] == ["submit"]
    # Sealed for her alone.
    assert Page(browser(parts, sami).get(onward)).value("name") == ""


# Tokens


def test_a_token_is_made_shown_once_listed_and_revoked(parts: Parts, desk: TestClient) -> None:
    page = Page(desk.get("/desk/account/tokens"))
    ticked = [node.attributes["value"] for node in page.nodes("input[checked]")]
    assert ticked == ["read", "moderate"]
    made = Page(desk.post("/desk/account/tokens", data={"name": "Statistiques", "scope": ["read", "submit"]}))
    secret = made.text("code")
    assert secret.startswith("mod_")
    with parts.reading() as session:
        bearer = tokens.bearer(session, secret)
    assert bearer is not None
    assert (bearer.person.name, sorted(bearer.scopes)) == ("Ann", [Scope.READ, Scope.SUBMIT])
    shown = Page(desk.get("/desk/account/tokens"))
    assert secret not in shown.html
    assert "Statistiques" in shown.main
    assert "envoyer des contributions sans limite" in shown.texts("li")[0] + shown.main
    (form,) = [form for form in shown.forms if form.action.endswith("/revoke")]
    assert desk.post(form.action).headers["location"] == "/desk/account/tokens?done=token_revoked"
    with parts.reading() as session:
        assert tokens.bearer(session, secret) is None
    assert desk.post(form.action).status_code == 404


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "a"}, "Cochez au moins une case"),
        ({"name": "a" * 81, "scope": "read"}, "Ce nom est trop long"),
    ],
)
def test_a_token_that_is_not_made_says_why_and_keeps_what_was_typed(
    parts: Parts, desk: TestClient, fields: dict[str, str], said: str
) -> None:
    answer = desk.post("/desk/account/tokens", data=fields)
    page = Page(answer)
    assert (answer.status_code, page.value("name")) == (422, fields["name"])
    assert said in page.alert
    with parts.reading() as session:
        assert session.exec(select(Token)).all() == []
    assert desk.post("/desk/account/tokens", data={"scope": "everything"}).status_code == 422


def test_who_administers_sees_everybody_s_tokens_and_revokes_them(
    parts: Parts, desk: TestClient, sami: Person, clock: FakeClock
) -> None:
    theirs = browser(parts, sami)
    theirs.post("/desk/account/tokens", data={"name": "le mien", "scope": "read"})
    assert "compte : Sami" in Page(desk.get("/desk/account/tokens")).main
    assert "de Sami" not in Page(theirs.get("/desk/account/tokens")).main
    clock.tick(minutes=30)
    assert desk.post("/desk/account/tokens/1/revoke").status_code == 303
    assert "le mien" not in Page(theirs.get("/desk/account/tokens")).main


# The team


def test_who_administers_sees_the_team_and_signs_somebody_out(
    parts: Parts, desk: TestClient, ann: Person, sami: Person
) -> None:
    with_password(parts, sami)
    with parts.writing() as session:
        account = session.get_one(Account, sami.id)
        made = tokens.create(session, account, "un programme", frozenset(Scope), parts.clock())
    theirs, also = browser(parts, sami), browser(parts, sami)
    page = Page(desk.get("/desk/team"))
    assert "sami@example.org" in page.main
    assert "Se connecte par : mot de passe ; 2 navigateurs connectés" in page.main
    assert "L’équipe" in page.hrefs
    (form,) = [form for form in page.forms if form.action.endswith("/sign-out")]
    assert form.action == f"/desk/team/{sami.id}/sign-out"
    assert desk.post(form.action).status_code == 303
    assert [client.get("/desk").status_code for client in (theirs, also, desk)] == [303, 303, 200]
    assert "L’équipe" not in Page(browser(parts, sami).get("/desk")).hrefs
    with parts.reading() as session:
        assert tokens.bearer(session, made) is None
    desk.post(f"/desk/team/{ann.id}/sign-out")
    assert desk.get("/desk").status_code == 200


# Passkeys


@pytest.fixture
def secure(build_parts: BuildParts) -> Parts:
    return build_parts(site_url=SITE, smtp_url="smtp://mail.example", mail_from="site@example.org")


def secure_browser(parts: Parts, person: Person | None = None) -> TestClient:
    client = TestClient(create_app(parts), base_url=SITE, follow_redirects=False)
    if person is not None:
        with parts.writing() as session:
            value = sessions.start(session, person.id, kept=False, now=parts.clock())
        client.cookies.set("__Host-session", value)
    return client


def make_key(client: TestClient, name: str = "mon téléphone", **bent: Any) -> tuple[Device, Any]:
    device = Device(SITE)
    options = client.post("/desk/account/passkeys/options")
    assert (options.status_code, options.headers["content-type"]) == (200, "application/json")
    answer = device.create(options.text, **bent)
    return device, client.post("/desk/account/passkeys", data={"answer": answer, "name": name})


def test_a_passkey_is_made_and_signs_in_alone(secure: Parts, ann: Person, clock: FakeClock) -> None:
    desk = secure_browser(secure, ann)
    assert desk.get("/desk/account/passkeys").status_code == 200
    device, made = make_key(desk)
    assert made.headers["location"] == "/desk/account?done=passkey_added"
    assert "mon téléphone" in Page(desk.get("/desk/account")).main
    assert letters(secure) == ["passkey_added"]
    with_codes(secure, ann, clock)
    fresh = secure_browser(secure)
    asked = fresh.post("/sign-in/passkey/options")
    fields = {"answer": device.get(asked.text), "next": "/desk/log", "stay": "true"}
    opened = fresh.post("/sign-in/passkey", data=fields)
    assert (opened.status_code, opened.headers["location"]) == (303, "/desk/log")
    assert fresh.get("/desk").status_code == 200
    again = secure_browser(secure).post("/sign-in/passkey", data=fields)
    assert (again.status_code, "set-cookie" in again.headers) == (422, False)
    assert "Cette clé d’accès n’a pas été reconnue." in Page(again).alert


@pytest.mark.parametrize(
    "bent", [{"origin": "https://evil.example"}, {"site": "evil.example"}, {"flags": 1}], ids=str
)
def test_a_passkey_of_another_site_does_nothing_here(
    secure: Parts, ann: Person, bent: dict[str, Any]
) -> None:
    desk = secure_browser(secure, ann)
    _, refused = make_key(desk, **bent)
    assert (refused.status_code, Page(refused).value("name")) == (422, "mon téléphone")
    assert "rien n’a été ajouté" in Page(refused).alert
    device, _ = make_key(desk)
    fresh = secure_browser(secure)
    answer = device.get(fresh.post("/sign-in/passkey/options").text, **bent)
    assert fresh.post("/sign-in/passkey", data={"answer": answer}).status_code == 422
    for odd in ("", "{}", "x" * 1000, "[" * 5000):
        assert fresh.post("/sign-in/passkey", data={"answer": odd}).status_code == 422


def test_a_passkey_proves_again_for_its_own_person_alone(
    secure: Parts, ann: Person, sami: Person, clock: FakeClock
) -> None:
    mine, theirs = secure_browser(secure, ann), secure_browser(secure, sami)
    device, _ = make_key(mine)
    make_key(theirs)
    with_codes(secure, ann, clock)
    clock.tick(minutes=10)
    page = Page(mine.get("/desk/confirm?next=/desk/account/email"))
    (form,) = [form for form in page.forms if form.action == "/desk/confirm/passkey"]
    stolen = device.get(theirs.post("/desk/confirm/passkey/options").text)
    assert theirs.post("/desk/confirm/passkey", data={"answer": stolen}).status_code == 422
    signing_in = device.get(mine.post("/sign-in/passkey/options").text)
    assert mine.post("/desk/confirm/passkey", data={"answer": signing_in}).status_code == 422
    answer = device.get(mine.post("/desk/confirm/passkey/options").text)
    led = mine.post("/desk/confirm/passkey", data={**form.fields, "answer": answer})
    assert (led.status_code, led.headers["location"]) == (303, "/desk/account/email")
    assert mine.get("/desk/account/email").status_code == 200
    assert theirs.get("/desk/account/email").status_code == 303


def test_a_passkey_is_removed(secure: Parts, ann: Person) -> None:
    desk = secure_browser(secure, ann)
    device, _ = make_key(desk)
    (form,) = [form for form in Page(desk.get("/desk/account")).forms if "/passkeys/" in form.action]
    assert desk.post(form.action).headers["location"] == "/desk/account?done=passkey_removed"
    assert letters(secure) == ["passkey_added", "passkey_removed"]
    answer = device.get(desk.post("/sign-in/passkey/options").text)
    assert desk.post("/sign-in/passkey", data={"answer": answer}).status_code == 422


@pytest.mark.parametrize("site_url", ["http://127.0.0.1:8000", "http://forum.example.org"])
def test_where_browsers_have_no_passkeys_none_is_offered(
    build_parts: BuildParts, ann: Person, site_url: str
) -> None:
    parts = build_parts(site_url=site_url)
    desk = browser(parts, ann)
    for path in ("/desk/account", "/desk/account/passkeys"):
        assert (
            "Les navigateurs n’en créent pas pour une adresse comme celle de ce site"
            in Page(desk.get(path)).main
        )
    assert "passkeys.js" not in desk.get("/sign-in").text
    for path in ("/sign-in/passkey/options", "/sign-in/passkey", "/desk/account/passkeys/options"):
        assert desk.post(path).status_code == 404


def test_the_script_is_on_the_pages_that_need_it_alone(secure: Parts, ann: Person) -> None:
    desk = secure_browser(secure, ann)
    make_key(desk)
    paths = ["/sign-in", "/desk/confirm", "/desk/account/passkeys", "/", "/desk", "/desk/account", "/track"]
    assert [path for path in paths if "passkeys.js" in desk.get(path).text] == paths[:3]


# All of it


def test_every_letter_says_what_changed_and_where_to_look(mailing: Parts, ann: Person) -> None:
    with mailing.writing() as session:
        for kind in account_words.CHANGED:
            mail.write(session, LetterKind(kind), mailing.clock(), account_id=ann.id)
    arrived = read_letters(mailing)
    others = {LetterKind.SIGN_IN, LetterKind.INVITATION, LetterKind.CONFIRM_EMAIL}
    others |= {LetterKind.RECEIVED, LetterKind.WAITING, LetterKind.LOG_HEAD, *mailboxes.KINDS}
    others |= {LetterKind.FOLLOW_ASKED, LetterKind.FOLLOWED}
    assert {LetterKind(kind) for kind in account_words.CHANGED} == set(LetterKind) - others
    assert len(arrived) == len(account_words.CHANGED)
    for (to, text), said in zip(arrived, account_words.CHANGED.values(), strict=True):
        flat = text.replace("\u00a0", " ").replace("\u202f", " ")
        assert to == ann.email
        assert said in flat
        assert "1er mars 2026 à 10 h 00" in flat
        assert "http://testserver/desk/account" in flat
        assert "/sign-in/" not in flat


def test_nothing_here_is_kept_by_any_cache(secure: Parts, ann: Person) -> None:
    desk = secure_browser(secure, ann)
    paths = ["", "/password", "/codes", "/passkeys", "/email", "/tokens", "/letters"]
    for path in [
        *(f"/desk/account{path}" for path in paths),
        "/desk/confirm",
        "/desk/team",
        "/sign-in/password",
    ]:
        answer = desk.get(path)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store"), path


def test_english_pages_are_in_english(build_parts: BuildParts, ann: Person) -> None:
    parts = build_parts(language="en")
    desk = browser(parts, ann)
    assert Page(desk.get("/desk/account")).heading == "My account"
    assert Page(desk.get("/desk/confirm")).heading == "Confirm that it is you"
    add_person(parts, "eve@example.org", "Ève", Role.MODERATOR)
    assert "Signs in by: link given by the administrators" in Page(desk.get("/desk/team")).main
    unexpected: Callable[[str], bool] = lambda text: "é" in text.replace("Ève", "")  # noqa: E731
    assert not unexpected(Page(desk.get("/desk/account/tokens")).main)


def test_a_change_of_address_that_waits_is_shown_and_can_be_cancelled(mailing: Parts, ann: Person) -> None:
    desk = browser(mailing, ann)
    assert desk.post("/desk/account/email", data={"email": "ann@autre.example"}).status_code == 303
    page = Page(desk.get("/desk/account"))
    assert "ann@autre.example" in page.main
    form = page.form("Annuler ce changement")
    done = Page(desk.get(desk.post(form.action).headers["location"]))
    assert "La demande de changement d’adresse est annulée." in done.alert
    assert "ann@autre.example" not in done.main


def test_what_was_pressed_before_the_proof_is_said_not_to_be_done(
    mailing: Parts, ann: Person, sami: Person, clock: FakeClock
) -> None:
    desk = browser(mailing, ann)
    with_password(mailing, ann)
    clock.tick(minutes=10)
    led = desk.post(f"/desk/team/{sami.id}/sign-out").headers["location"]
    form = Page(desk.get(led)).form("Confirmer")
    back = desk.post(form.action, data={**form.fields, "password": GOOD}).headers["location"]
    page = Page(desk.get(back))
    assert back.startswith("/desk/team")
    assert "Rien n’est encore fait" in page.alert
    assert desk.post(f"/desk/team/{sami.id}/sign-out").headers["location"] == "/desk/team?done=member_ended"


def test_who_is_not_of_the_team_is_signed_out_of_nothing(desk: TestClient) -> None:
    assert desk.post("/desk/team/999/sign-out").status_code == 404


def test_nobody_outside_can_use_up_the_tries_of_who_confirms(
    parts: Parts, ann: Person, clock: FakeClock, client: TestClient
) -> None:
    desk = browser(parts, ann)
    with_password(parts, ann)
    clock.tick(minutes=10)
    tried = [
        client.post("/sign-in/password", data={"email": ann.email, "password": "faux"}).status_code
        for _ in range(7)
    ]
    assert tried[-1] == 429
    form = Page(desk.get("/desk/confirm?next=/desk/account/password")).form("Confirmer")
    assert desk.post(form.action, data={**form.fields, "password": GOOD}).status_code == 303


def test_a_second_factor_whose_key_is_gone_says_so(
    build_parts: BuildParts, ann: Person, clock: FakeClock
) -> None:
    before = build_parts()
    recovery = with_codes(before, ann, clock)
    parts = build_parts(secret_keys="another-key-of-the-tests-which-is-long")
    with parts.writing() as session:
        opening = accounts.ask(session, ann.email, clock(), mail=None).id
    client = TestClient(create_app(parts), follow_redirects=False)
    second = client.post(f"/sign-in/{parts.links.sign(Opening(opening), clock())}")
    form = Page(second).form("Se connecter")
    clock.tick(minutes=1)
    told = client.post(form.action, data={**form.fields, "code": code(clock)})
    assert told.status_code == 422
    assert "ne peut plus être vérifiée ici" in Page(told).alert
    assert client.post(form.action, data={**form.fields, "recovery": recovery[0]}).status_code == 303

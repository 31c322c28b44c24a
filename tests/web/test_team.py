"""The team’s page: who joins, who leaves, who administers."""

import pytest
from conftest import BuildParts, FakeClock, add_article, sign_in
from page import Page
from sqlmodel import select
from starlette.testclient import TestClient

from moderation import accounts, passwords
from moderation.accounts import Person
from moderation.models.people import Account, Role
from moderation.models.queue import Letter, LetterKind
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

# What was typed into the form, and what is chosen in it.
TYPED = "#email, #name, input:checked"
ZOE = {"email": "zoe@example.org", "name": "Zoé", "role": "moderator", "section": "Ville"}


def roles(parts: Parts) -> dict[str, Role]:
    with parts.reading() as session:
        return {account.name: account.role for account in accounts.present(session)}


def browser(parts: Parts, person: Person) -> TestClient:
    return sign_in(parts, TestClient(create_app(parts), follow_redirects=False), person)


@pytest.fixture
def mailing(build_parts: BuildParts) -> Parts:
    return build_parts(smtp_url="smtp://mail.example", mail_from="site@example.org")


@pytest.mark.parametrize("address", ["/desk/team/2/sections", "/desk/team/add"])
def test_a_section_is_words_on_a_line(desk: TestClient, sami: Person, address: str) -> None:
    answer = desk.post(address, data={"section": "a\0b", "email": "zoe@example.org"})
    assert answer.status_code == 422
    assert sami.sections == ()


def test_who_is_invited_gets_the_letter_and_sees_their_sections_only(mailing: Parts, ann: Person) -> None:
    add_article(mailing, "le-pont")
    desk = browser(mailing, ann)
    page = Page(desk.get("/desk/team/add"))
    answer = desk.post(page.form("Inviter").action, data=ZOE)
    assert answer.headers["location"] == "/desk/team?done=member_invited"
    assert "l’invitation part par courriel" in Page(desk.get(answer.headers["location"])).alert
    with mailing.reading() as session:
        zoe = session.exec(select(Account).where(Account.email == "zoe@example.org")).one()
        (letter,) = session.exec(select(Letter)).all()
        assert (zoe.name, zoe.role, zoe.sections) == ("Zoé", Role.MODERATOR, ["Ville"])
        assert letter.kind is LetterKind.INVITATION


def typed(page: Page) -> dict[str, str | None]:
    return {str(node.attributes["name"]): node.attributes["value"] for node in page.nodes(TYPED)}


def test_where_no_mail_leaves_the_link_is_shown_once_and_signs_in_once(
    parts: Parts, desk: TestClient
) -> None:
    answer = desk.post("/desk/team/add", data=ZOE)
    (link,) = Page(answer).texts("code.secret")
    assert answer.headers["cache-control"] == "no-store"
    assert link not in desk.get("/desk/team/add").text
    theirs = TestClient(create_app(parts), follow_redirects=False)
    assert theirs.post(link.removeprefix(parts.settings.site_url)).status_code == 303
    assert theirs.get("/desk").status_code == 200
    assert theirs.post(link.removeprefix(parts.settings.site_url)).status_code == 410


@pytest.mark.usefixtures("article")
@pytest.mark.parametrize(
    ("wrong", "said", "status"),
    [
        ({"email": "zoe"}, "ne ressemble pas à une adresse", 422),
        ({"email": "ANN@example.org"}, "a déjà un compte", 409),
        ({"name": "Z" * 81}, "trop long", 422),
    ],
)
def test_what_cannot_be_taken_is_said_and_stays_typed(
    parts: Parts, desk: TestClient, wrong: dict[str, str], said: str, status: int
) -> None:
    before = roles(parts)
    answer = desk.post("/desk/team/add", data={**ZOE, "role": "admin", **wrong})
    assert answer.status_code == status
    assert said in Page(answer).alert
    assert typed(Page(answer)) == {**ZOE, "role": "admin", **wrong}
    assert roles(parts) == before


@pytest.mark.usefixtures("article")
def test_what_was_typed_is_there_again_after_the_proof(parts: Parts, ann: Person, clock: FakeClock) -> None:
    with parts.writing() as session:
        session.get_one(Account, ann.id).password = passwords.hashed("Un pont de pierre grise")
    desk = browser(parts, ann)
    clock.tick(minutes=11)
    form = Page(desk.get(desk.post("/desk/team/add", data=ZOE).headers["location"])).form("Confirmer")
    known = {**form.fields, "password": "Un pont de pierre grise"}
    back = desk.post(form.action, data=known).headers["location"]
    assert typed(Page(desk.get(back))) == ZOE


def test_a_role_is_given_and_taken_back(parts: Parts, desk: TestClient, sami: Person) -> None:
    theirs = browser(parts, sami)
    assert theirs.get("/desk/team").status_code == 403
    path = f"/desk/team/{sami.id}/role"
    for role, status in ((Role.ADMIN, 200), (Role.MODERATOR, 403)):
        form = next(form for form in Page(desk.get("/desk/team")).forms if form.action == path)
        assert form.fields == {"role": role.value}
        assert desk.post(path, data=form.fields).headers["location"] == "/desk/team?done=role_set"
        assert theirs.get("/desk/team").status_code == status


def test_there_is_always_somebody_to_administer(
    parts: Parts, desk: TestClient, ann: Person, sami: Person
) -> None:
    path = f"/desk/team/{ann.id}/role"
    led = desk.post(path, data={"role": "moderator"}).headers["location"]
    assert "Rien n’a changé" in Page(desk.get(led)).alert
    desk.post(f"/desk/team/{sami.id}/role", data={"role": "admin"})
    assert desk.post(path, data={"role": "moderator"}).headers["location"] == "/desk?done=role_set"
    assert roles(parts) == {"Ann": Role.MODERATOR, "Sami": Role.ADMIN}


def test_an_account_that_is_closed_opens_nothing_and_its_name_stays(
    parts: Parts, desk: TestClient, sami: Person
) -> None:
    theirs = browser(parts, sami)
    answer = desk.post(f"/desk/team/{sami.id}/close")
    assert answer.headers["location"] == "/desk/team?done=member_closed"
    assert theirs.get("/desk").status_code == 303
    with parts.reading() as session:
        account = session.get_one(Account, sami.id)
        assert (account.email, account.name) == (None, "Sami")
    assert desk.post(f"/desk/team/{sami.id}/close").status_code == 404
    assert desk.post(f"/desk/team/{sami.id}/role", data={"role": "admin"}).status_code == 404


def test_nobody_closes_their_own_account(desk: TestClient, ann: Person) -> None:
    assert f"/desk/team/{ann.id}/close" not in [form.action for form in Page(desk.get("/desk/team")).forms]
    assert desk.post(f"/desk/team/{ann.id}/close").status_code == 403
    assert desk.get("/desk").status_code == 200


def test_only_who_administers_opens_these_doors(parts: Parts, ann: Person, sami: Person) -> None:
    theirs = browser(parts, sami)
    assert theirs.get("/desk/team/add").status_code == 403
    for path in ("/desk/team/add", f"/desk/team/{ann.id}/close", f"/desk/team/{sami.id}/role"):
        assert theirs.post(path, data={**ZOE, "role": "admin"}).status_code == 403
    assert roles(parts) == {"Ann": Role.ADMIN, "Sami": Role.MODERATOR}


def test_a_number_no_database_holds_is_on_no_duty(desk: TestClient) -> None:
    form = {"week": "2026-W10", "who": "99999999999999999999"}
    assert desk.post("/desk/team/duty", data=form).status_code == 422

"""Letters that could not be sent: shown to who administers, and tried again when they say so."""

from datetime import timedelta

from conftest import FakeClock, add_person, sign_in
from page import Page
from sqlmodel import select
from starlette.testclient import TestClient

from moderation import delivery, mail
from moderation.accounts import Person
from moderation.letters import Post
from moderation.models.people import Role
from moderation.models.queue import Letter, LetterKind
from moderation.web.dependencies import Parts

LETTERS = "/desk/settings/letters"


def fail(parts: Parts, clock: FakeClock, person: Person, times: int) -> None:
    def refuse(_message: object) -> None:
        raise mail.NotSent("ConnectionRefusedError")

    with parts.writing() as session:
        mail.write(session, LetterKind.PASSWORD_SET, clock(), account_id=person.id)
    for _ in range(times):
        delivery.letters(parts.engine, Post(parts.settings, parts.links, parts.templates, refuse), clock)
        clock.tick(hours=13)


def test_what_could_not_be_sent_is_shown_and_can_be_tried_again(
    desk: TestClient, parts: Parts, ann: Person, clock: FakeClock
) -> None:
    assert "Aucun" in Page(desk.get(LETTERS)).main
    fail(parts, clock, ann, 1)
    clock.now -= timedelta(hours=13)
    overview = Page(desk.get("/desk/settings"))
    assert "1 courriel n’a pas pu partir." in overview.main
    page = Page(desk.get(overview.hrefs["Voir lesquels, et réessayer"]))
    assert "Changement d’un compte Ann" in page.main
    assert "1 essai : ConnectionRefusedError. Prochain essai le 1er mars 2026 à 10 h 01." in page.main
    assert "ann@example.org" not in page.main
    again = desk.post(page.form("Réessayer maintenant").action)
    assert "Un nouvel essai part tout de suite." in Page(desk.get(again.headers["location"])).alert
    with parts.reading() as session:
        (letter,) = session.exec(select(Letter))
    assert (letter.tries, letter.due_at, letter.failure) == (0, clock(), "")


def test_what_was_given_up_is_said_and_can_be_tried_again(
    desk: TestClient, parts: Parts, ann: Person, clock: FakeClock
) -> None:
    fail(parts, clock, ann, 7)
    sign_in(parts, desk, ann)
    page = Page(desk.get(LETTERS))
    assert "Abandonné." in page.main
    desk.post(page.form("Réessayer maintenant").action)
    with parts.reading() as session:
        assert session.exec(select(Letter)).one().due_at == clock()


def test_what_was_sent_meanwhile_is_not_sent_again(desk: TestClient, parts: Parts, ann: Person) -> None:
    with parts.writing() as session:
        mail.write(session, LetterKind.PASSWORD_SET, parts.clock() + timedelta(days=1), account_id=ann.id)
    for number in (1, 999):
        assert desk.post(f"{LETTERS}/{number}/again").status_code == 303
    with parts.reading() as session:
        assert session.exec(select(Letter)).one().due_at > parts.clock()


def test_who_does_not_administer_does_not_see_them(client: TestClient, parts: Parts) -> None:
    luc = sign_in(parts, client, add_person(parts, "luc@example.org", "Luc", Role.MODERATOR))
    assert luc.get(LETTERS).status_code == 403
    assert luc.post(f"{LETTERS}/1/again").status_code == 403

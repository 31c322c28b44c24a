"""Deciding from a letter: the link shows, its buttons decide once, and nobody else’s or older link does."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from conftest import FakeClock, Sent, add_person, at_once, sign_in
from page import Page
from sqlmodel import select
from starlette.testclient import TestClient
from test_corrections import decide
from test_edits import edit
from test_voices import TWO, rule

from moderation import bulletins, claims, contesting, deciders, drafts, proposals, sessions
from moderation.accounts import Person
from moderation.lifecycle import Action, Status
from moderation.links import Bulletins, Links, Review
from moderation.markup import Dialect
from moderation.models.bulletins import Bulletin, How
from moderation.models.people import Account, Role
from moderation.models.queue import Comment, Decision
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

ALL = "publish refuse spam"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def link(parts: Parts, ann: Person, pending: Sent) -> str:
    return made(parts, ann, pending)


def seal(parts: Parts, person: Person) -> str:
    with parts.writing() as session:
        if bulletins.of(session, person.id) is None:
            zone = ZoneInfo("Europe/Paris")
            bulletins.choose(session, person, How.DAILY, 8, "", zone, parts.clock())
        return session.get_one(Bulletin, person.id).seal


def made(parts: Parts, person: Person, sent: Sent, **changes: Any) -> str:
    """Where a letter to that person would lead."""
    told = {
        "comment": sent.id,
        "revision": 1,
        "account": person.id,
        "actions": ALL,
        "seal": seal(parts, person),
    }
    return f"/review/{parts.links.sign(Review(**{**told, **changes}), parts.clock())}"


def state(parts: Parts, sent: Sent) -> tuple[Status, int]:
    with parts.reading() as session:
        comment = session.get_one(Comment, sent.id)
        return comment.status, comment.revision


def test_a_get_shows_it_with_real_buttons_and_changes_nothing(
    client: TestClient, parts: Parts, link: str, pending: Sent
) -> None:
    answer = client.get(link)
    page = Page(answer)
    assert answer.status_code == 200
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "same-origin")
    assert "set-cookie" not in answer.headers
    assert page.text("article .text") == pending.text
    assert [button for form in page.forms for button in form.buttons] == ["Valider", "Spam", "Refuser"]
    for method in ("GET", "HEAD"):
        for headers in ({}, {"Sec-Purpose": "prefetch"}, {"Purpose": "prefetch", "X-Moz": "prefetch"}):
            assert client.request(method, link, headers=headers).status_code == 200
    assert state(parts, pending) == (Status.PENDING, 1)


def test_what_a_right_of_reply_answers_and_whose_name_a_correction_changes_is_seen_before_it_is_decided(
    client: TestClient, parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    decide(parts, pending, ann, Action.PUBLISH)
    settle()
    who, said = ("Léa Martin", "lea@example.net"), drafts.rewritten
    words = said("La rédaction", "", "D’autres mots.", dialect=Dialect.SPIP)
    with parts.writing() as session:
        now = parts.clock()
        theirs = said(*who, "Je n’en savais rien.", dialect=Dialect.SPIP)
        codes = [
            claims.reply(session, "le-pont", theirs, "Ils savaient.", now=now, to=pending.id),
            proposals.correct(session, pending.tracking, words, revision=2, now=now),
        ]
        waiting = [session.exec(select(Comment).where(Comment.tracking == code)).one().id for code in codes]
    reply, correction = (Page(client.get(made(parts, ann, replace(pending, id=name)))) for name in waiting)
    assert "Ils savaient." in reply.main
    assert "Le nom a changé : Zoé auparavant." in correction.main


def test_one_press_decides_and_can_be_taken_back(
    client: TestClient, parts: Parts, ann: Person, link: str, pending: Sent, settle: Callable[[], None]
) -> None:
    answer = client.post(link, data={"action": "publish"})
    assert answer.status_code == 303
    page = Page(client.get(answer.headers["location"]))
    assert "Contribution validée." in page.main
    with parts.reading() as session:
        assert session.exec(select(Decision.account_id)).one() == ann.id
    assert client.post(link, data={"action": "undo"}).status_code == 303
    assert state(parts, pending) == (Status.PENDING, 3)
    settle()
    assert client.get("/articles/le-pont").text.count(pending.text) == 0
    assert client.post(link, data={"action": "publish"}).status_code == 409


def test_what_was_answered_with_it_at_the_desk_is_taken_back_there(
    client: TestClient, desk: TestClient, link: str, pending: Sent
) -> None:
    told = {"revision": "1", "text": "Une longue réponse."}
    assert desk.post(f"/desk/comments/{pending.id}/reply", data=told).status_code == 303
    assert "Annuler" not in Page(client.get(link)).main
    assert client.post(link, data={"action": "undo"}).status_code == 404


def test_after_its_window_it_stands_and_the_link_does_nothing_more(
    client: TestClient, parts: Parts, link: str, pending: Sent, settle: Callable[[], None]
) -> None:
    client.post(link, data={"action": "publish"})
    settle()
    assert client.post(link, data={"action": "undo"}).status_code == 404
    page = Page(client.get(link))
    assert "validée par Ann" in page.main
    assert page.forms == []
    assert state(parts, pending) == (Status.PUBLISHED, 2)


def test_a_refusal_asks_for_a_reason_and_keeps_what_was_typed(
    client: TestClient, parts: Parts, link: str, pending: Sent
) -> None:
    answer = client.post(link, data={"action": "refuse", "note": "Parce que."})
    page = Page(answer)
    assert (answer.status_code, page.text("#note")) == (422, "Parce que.")
    assert "Choisissez un motif" in page.main
    answer = client.post(link, data={"action": "refuse", "reason": "other"})
    assert (answer.status_code, "dites pourquoi" in Page(answer).main) == (422, True)
    answer = client.post(link, data={"action": "refuse", "reason": "off_topic", "note": "a" * 2001})
    assert (answer.status_code, Page(answer).text("#note")) == (422, "a" * 2001)
    assert client.post(link, data={"action": "refuse", "reason": "off_topic"}).status_code == 303
    assert state(parts, pending) == (Status.REFUSED, 2)


def test_what_changed_since_the_letter_is_shown_and_not_decided(
    client: TestClient, parts: Parts, link: str, pending: Sent
) -> None:
    edit(parts, pending, "Un tout autre texte.")
    page = Page(client.get(link))
    assert page.text("article .text") == "Un tout autre texte."
    assert "a changé depuis le courriel" in page.main
    assert page.forms == []
    answer = client.post(link, data={"action": "refuse", "reason": "off_topic", "note": "Mes mots."})
    assert (answer.status_code, "Mes mots." in Page(answer).alert) == (409, True)
    assert state(parts, pending)[0] is Status.PENDING


def test_what_somebody_else_decided_is_said(
    client: TestClient, parts: Parts, sami: Person, link: str, pending: Sent
) -> None:
    decide(parts, pending, sami, Action.PUBLISH)
    answer = client.post(link, data={"action": "refuse", "reason": "off_topic"})
    assert answer.status_code == 409
    assert "validée par Sami" in Page(answer).alert
    assert client.post(link, data={"action": "undo"}).status_code == 404


def test_pressed_by_twenty_at_once_it_decides_once(parts: Parts, link: str, client: TestClient) -> None:
    deeds = [lambda: client.post(link, data={"action": "publish"}).status_code for _ in range(20)]
    assert sorted(at_once(*deeds)) == [303] + [409] * 19
    with parts.reading() as session:
        assert len(session.exec(select(Decision)).all()) == 1


def test_after_three_days_it_is_over(
    client: TestClient, parts: Parts, link: str, pending: Sent, clock: FakeClock
) -> None:
    clock.tick(hours=72)
    assert client.get(link).status_code == 200
    clock.tick(seconds=1)
    assert client.get(link).status_code == 410
    answer = client.post(link, data={"action": "publish"})
    assert (answer.status_code, Page(answer).heading) == (410, "Ce lien ne décide plus")
    assert state(parts, pending) == (Status.PENDING, 1)


def test_no_changed_bit_and_no_other_purpose_opens(
    client: TestClient, parts: Parts, ann: Person, link: str, pending: Sent
) -> None:
    token = link.removeprefix("/review/")
    for at in range(0, len(token), 7):
        other = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        assert client.get(f"/review/{other}").status_code == 404
        assert client.post(f"/review/{other}", data={"action": "publish"}).status_code == 404
    stop = parts.links.sign(Bulletins(ann.id), parts.clock())
    assert client.post(f"/review/{stop}", data={"action": "publish"}).status_code == 404
    assert client.post(f"/bulletin/{token}").status_code == 404
    assert state(parts, pending) == (Status.PENDING, 1)


def test_a_link_of_one_person_is_no_other_person_s_nor_another_site_s(
    client: TestClient, parts: Parts, ann: Person, sami: Person, pending: Sent
) -> None:
    for link in (
        made(parts, ann, pending, account=sami.id),
        made(parts, ann, pending, seal=seal(parts, sami)),
        made(parts, ann, pending, seal=""),
        made(parts, ann, pending, account=999),
        made(parts, ann, pending, comment="0" * 16),
    ):
        assert client.get(link).status_code == 404
        assert client.post(link, data={"action": "publish"}).status_code == 404
    other = Links(["another-key-" * 4]).sign(
        Review(pending.id, 1, ann.id, ALL, seal(parts, ann)), parts.clock()
    )
    assert client.post(f"/review/{other}", data={"action": "publish"}).status_code == 404
    assert state(parts, pending) == (Status.PENDING, 1)


def test_who_is_signed_in_as_somebody_else_decides_by_it_for_nobody_but_whom_it_is_for(
    parts: Parts, sami: Person, ann: Person, pending: Sent
) -> None:
    browser = sign_in(parts, TestClient(create_app(parts), follow_redirects=False), sami)
    assert browser.post(made(parts, ann, pending), data={"action": "publish"}).status_code == 303
    with parts.reading() as session:
        assert session.exec(select(Decision.account_id)).one() == ann.id


def test_it_does_only_what_it_grants(client: TestClient, parts: Parts, ann: Person, pending: Sent) -> None:
    link = made(parts, ann, pending, actions="refuse")
    assert [button for form in Page(client.get(link)).forms for button in form.buttons] == ["Refuser"]
    assert client.post(link, data={"action": "publish"}).status_code == 404
    assert client.post(link, data={"action": "unpublish"}).status_code == 422
    assert state(parts, pending) == (Status.PENDING, 1)


def _removed(parts: Parts, person: Person) -> None:
    with parts.writing() as session:
        session.get_one(Account, person.id).removed_at = parts.clock()


def _signed_out(parts: Parts, person: Person) -> None:
    with parts.writing() as session:
        sessions.end_all(session, person.id, parts.clock())


def _second_factor(parts: Parts, person: Person) -> None:
    with parts.writing() as session:
        session.get_one(Account, person.id).totp = "sealed"


def _other_section(parts: Parts, person: Person) -> None:
    with parts.writing() as session:
        session.get_one(Account, person.id).sections = ["Sport"]


@pytest.mark.parametrize("change", [_removed, _signed_out, _second_factor, _other_section])
def test_rights_are_looked_at_when_it_is_used(
    client: TestClient, parts: Parts, pending: Sent, change: Callable[[Parts, Person], None]
) -> None:
    zoe = add_person(parts, "zoe@example.org", "Zoé", Role.MODERATOR)
    link = made(parts, zoe, pending)
    assert client.get(link).status_code == 200
    change(parts, zoe)
    assert client.get(link).status_code == 404
    assert client.post(link, data={"action": "publish"}).status_code == 404
    assert state(parts, pending) == (Status.PENDING, 1)


def test_who_stands_aside_decides_nothing_by_it(
    client: TestClient, parts: Parts, ann: Person, link: str, pending: Sent, sami: Person
) -> None:
    assert sami
    with parts.writing() as session:
        deciders.stand_aside(session, pending.id, by=ann.id, now=parts.clock())
    page = Page(client.get(link))
    assert "Quelqu’un d’autre en décide." in page.main
    assert page.forms == []
    assert client.post(link, data={"action": "publish"}).status_code == 403


def test_who_decided_reads_no_appeal_by_it(
    client: TestClient, parts: Parts, ann: Person, sami: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    decide(parts, pending, ann, Action.REFUSE)
    settle()
    with parts.writing() as session:
        contesting.appeal(session, pending.tracking, "Relisez.", revision=2, now=parts.clock())
    link = made(parts, ann, pending, revision=3)
    assert Page(client.get(link)).forms == []
    assert client.post(link, data={"action": "publish"}).status_code == 403
    theirs = made(parts, sami, pending, revision=3)
    assert client.post(theirs, data={"action": "publish"}).status_code == 303


def test_where_several_voices_are_needed_it_gives_one(
    client: TestClient, parts: Parts, sami: Person, link: str, pending: Sent
) -> None:
    add_person(parts, "kim@example.org", "Kim", Role.MODERATOR)
    rule(parts, TWO)
    answer = client.post(link, data={"action": "publish"})
    assert "Votre voix est enregistrée." in Page(client.get(answer.headers["location"])).main
    assert state(parts, pending) == (Status.PENDING, 1)
    client.post(made(parts, sami, pending), data={"action": "publish"})
    assert state(parts, pending) == (Status.PUBLISHED, 2)


def test_another_page_cannot_press_its_buttons(
    client: TestClient, parts: Parts, link: str, pending: Sent
) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert client.post(link, data={"action": "publish"}, headers=headers).status_code == 403
    assert state(parts, pending) == (Status.PENDING, 1)


# Choosing the letters


def chosen(parts: Parts, person: Person) -> tuple[How, int, str]:
    with parts.reading() as session:
        row = session.get_one(Bulletin, person.id)
        return row.how, row.hour, row.zone


def test_each_person_chooses_their_letters(desk: TestClient, parts: Parts, ann: Person) -> None:
    page = Page(desk.get("/desk/account/letters"))
    assert page.node("input[checked]").attributes["value"] == "daily"
    assert page.node("#zone").attributes["value"] == "Europe/Paris"
    told = {"how": "each", "hour": "18", "zone": "Pacific/Noumea"}
    answer = desk.post("/desk/account/letters", data=told)
    assert chosen(parts, ann) == (How.EACH, 18, "Pacific/Noumea")
    assert "Vos courriels sont réglés." in Page(desk.get(answer.headers["location"])).main
    desk.post("/desk/account/letters", data={**told, "zone": "Europe/Paris"})
    assert chosen(parts, ann) == (How.EACH, 18, "")
    wrong = desk.post("/desk/account/letters", data={**told, "zone": "Europe/Lutèce"})
    page = Page(wrong)
    assert (wrong.status_code, page.node("#zone").attributes["value"]) == (422, "Europe/Lutèce")
    assert "pas connu" in page.text("#zone-error")
    assert desk.post("/desk/account/letters", data={**told, "hour": "24"}).status_code == 422


def test_one_press_ends_the_letters_without_signing_in(client: TestClient, parts: Parts, ann: Person) -> None:
    address = f"/bulletin/{parts.links.sign(Bulletins(ann.id), parts.clock())}"
    assert "Ne plus en recevoir" in Page(client.get(address)).main
    for form in ({"data": ONE_CLICK}, {"files": {name: (None, said) for name, said in ONE_CLICK.items()}}):
        with parts.writing() as session:
            zone = ZoneInfo("Europe/Paris")
            bulletins.choose(session, ann, How.EACH, 8, "", zone, parts.clock())
        client.get(address)
        assert chosen(parts, ann)[0] is How.EACH
        answer = client.post(address, **form)
        assert answer.status_code == 200
        assert chosen(parts, ann)[0] is How.NEVER
    assert "ne recevez plus" in Page(client.get(address)).main
    assert client.post("/bulletin/nothing").status_code == 404

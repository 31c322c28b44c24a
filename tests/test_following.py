"""What is done by itself for who follows: through a real mail server, whatever dies meanwhile."""

import re
from collections.abc import Callable, Generator
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import partial

import pytest
from conftest import FakeClock, add_article, at_once, statements
from page import Page, mail_text
from sqlalchemy import Engine
from sqlmodel import Session, select
from starlette.testclient import TestClient
from test_database import files, on_disk, tonight
from test_delivery import Postman, PowerCut, Server, deliver
from test_follows import READER, ask, confirm, followed, publish, rows
from test_letters import arrived, left

from moderation import delivery, following, follows, mail
from moderation.accounts import Person
from moderation.models.follows import Follow, FollowMark
from moderation.models.queue import Letter
from moderation.web.app import create_app, post
from moderation.web.dependencies import Parts

LINK = re.compile(r"http://testserver(/(?:follow|unfollow)/[\w.-]+)")


@pytest.fixture
def postman() -> Postman:
    return Postman()


@pytest.fixture
def mailing(build_parts: Callable[..., Parts], postman: Postman) -> Generator[Parts]:
    """Whose mail server takes what it is told to."""
    server = Server(postman, hostname="127.0.0.1", port=0)
    server.start()
    parts = build_parts(smtp_url=f"smtp://127.0.0.1:{server.port}", mail_from="Le Site <site@example.org>")
    add_article(parts, "le-pont")
    yield parts
    server.stop()


def due(parts: Parts, clock: FakeClock) -> None:
    """The window of what was decided closes."""
    delivery.effects(parts.engine, clock.tick(seconds=20))


def told(letter: EmailMessage) -> list[str]:
    return re.findall(r"#comment(\d+)", mail_text(letter))


def test_from_the_article_to_the_letter_and_out_by_one_click(
    mailing: Parts, postman: Postman, ann: Person, clock: FakeClock
) -> None:
    reader = TestClient(create_app(mailing), follow_redirects=False)
    form = Page(reader.get("/articles/le-pont/follow")).form("Suivre ce forum")
    reader.post(form.action, data={"email": READER})
    assert deliver(mailing) == 1
    (asking,) = postman.received
    (address,) = set(LINK.findall(mail_text(asking)))
    box = Page(reader.get(address)).node("input[name=follow]")
    reader.post(address, data={"follow": str(box.attributes["value"])})
    publish(mailing, ann, "Le pont rouvre.")
    due(mailing, clock)
    assert deliver(mailing) == 1
    telling = postman.received[1]
    assert (telling["To"], told(telling)) == (READER, ["1"])
    assert {part.get_content_type() for part in telling.walk()} == {
        "multipart/alternative",
        "text/plain",
        "text/html",
    }
    stop = telling["List-Unsubscribe"].removeprefix("<http://testserver").removesuffix(">")
    assert reader.post(stop, files={"List-Unsubscribe": (None, "One-Click")}).status_code == 200
    publish(mailing, ann, "Et ferme.")
    due(mailing, clock)
    assert (deliver(mailing), left(mailing)) == (0, 0)


def test_a_letter_waits_for_a_server_that_refuses_and_then_tells_of_all_there_is(
    mailing: Parts, postman: Postman, ann: Person, clock: FakeClock
) -> None:
    ask(mailing)
    deliver(mailing)
    confirm(mailing)
    publish(mailing, ann, "Un.")
    due(mailing, clock)
    postman.answer = "451 Later"
    for pause in (timedelta(), *mail.PAUSES[:3]):
        clock.now += pause
        assert deliver(mailing) == 0
    publish(mailing, ann, "Deux.")
    due(mailing, clock)
    postman.answer = "250 OK"
    clock.now += mail.PAUSES[3]
    assert deliver(mailing) == 1
    assert told(postman.received[-1]) == ["1", "2"]
    clock.tick(days=2)
    delivery.effects(mailing.engine, clock())
    assert (deliver(mailing), left(mailing)) == (0, 0)


def test_dying_right_after_sending_repeats_that_letter_once_and_what_it_told_never_again(
    mailing: Parts, postman: Postman, ann: Person, clock: FakeClock
) -> None:
    ask(mailing)
    deliver(mailing)
    confirm(mailing)
    publish(mailing, ann, "Un.")
    due(mailing, clock)
    sending = post(mailing)
    assert sending is not None
    send = sending.send

    def send_and_die(message: EmailMessage) -> None:
        send(message)
        raise PowerCut

    with pytest.raises(PowerCut):
        delivery.letters(mailing.engine, replace(sending, send=send_and_die), clock)
    clock.now += mail.LEASE
    assert deliver(mailing) == 1
    first, second = postman.received[1:]
    assert (first["Message-ID"], told(first)) == (second["Message-ID"], told(second))
    clock.tick(days=1)
    publish(mailing, ann, "Deux.")
    due(mailing, clock)
    assert deliver(mailing) == 1
    assert told(postman.received[-1]) == ["2"]


def test_what_comes_while_a_letter_is_on_its_way_is_told_by_the_next(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    followed(mailing)
    publish(mailing, ann, "Un.")
    due(mailing, clock)
    sending = post(mailing)
    assert sending is not None
    taken: list[EmailMessage] = []

    def take_and_publish(message: EmailMessage) -> None:
        taken.append(message)
        publish(mailing, ann, "Deux.")
        due(mailing, clock)

    delivery.letters(mailing.engine, replace(sending, send=take_and_publish), clock)
    assert [told(letter) for letter in taken] == [["1"]]
    assert left(mailing) == 1
    clock.tick(hours=23)
    assert arrived(mailing) == []
    clock.tick(hours=1)
    assert [told(letter) for letter in arrived(mailing)] == [["2"]]
    assert left(mailing) == 0


def test_two_processes_at_once_write_one_letter_to_each(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    for number in range(12):
        followed(mailing, f"lea{number}@example.org")
    publish(mailing, ann, "Un.")
    due_at = clock.tick(seconds=20)
    outcome = at_once(*[partial(delivery.effects, mailing.engine, due_at)] * 4)
    assert not [error for error in outcome if isinstance(error, Exception)]
    delivery.effects(mailing.engine, clock())
    with mailing.reading() as session:
        letters = session.exec(select(Letter.follow_id)).all()
    assert len(letters) == len(set(letters)) == 12


def test_dying_between_two_lots_of_letters_leaves_nobody_out_and_tells_nobody_twice(
    mailing: Parts, ann: Person, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        followed(mailing, f"lea{number}@example.org")
    publish(mailing, ann, "Un.")
    monkeypatch.setattr(following, "SOME", 2)
    lots = iter([False, True])

    def dying(session: Session, mark: int, after: str, now: datetime) -> list[Follow]:
        if next(lots, False):
            raise PowerCut
        return to_tell(session, mark, after, now)

    to_tell = following._to_tell
    monkeypatch.setattr(following, "_to_tell", dying)
    with pytest.raises(PowerCut):
        due(mailing, clock)
    assert left(mailing) == 2
    delivery.effects(mailing.engine, clock())
    assert sorted(letter["To"] for letter in arrived(mailing)) == [f"lea{n}@example.org" for n in range(5)]
    delivery.effects(mailing.engine, clock())
    assert left(mailing) == 0


def test_where_nobody_follows_nothing_is_written(mailing: Parts, ann: Person, clock: FakeClock) -> None:
    publish(mailing, ann, "Un.")
    due(mailing, clock)
    with statements(mailing.engine) as asked:
        assert following.work(mailing.engine, clock()) == 0
    assert not [one for one in asked if not one.startswith("SELECT")]
    with mailing.reading() as session:
        assert session.exec(select(FollowMark)).all() == []


def test_the_mark_moves_and_what_is_behind_it_is_not_looked_at_again(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    followed(mailing)
    publish(mailing, ann, "Un.")
    due(mailing, clock)
    arrived(mailing)
    with mailing.reading() as session:
        assert session.exec(select(FollowMark.number)).all() == [1]
        assert not following.is_due(session, clock())


@pytest.fixture
def look(engine: Engine, url: str) -> Generator[Callable[..., list[str]]]:
    """Those of some words that are in the files of the database."""
    if engine.dialect.name == "sqlite":
        yield lambda *words: [word for word in words if word.encode() in files(url)]
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield partial(on_disk, connection)


@pytest.mark.parametrize("end", ["stopped", "never confirmed"])
def test_promise_09_the_address_of_who_follows_no_more_leaves_the_files(
    mailing: Parts, clock: FakeClock, look: Callable[..., list[str]], end: str
) -> None:
    gone, stays = "canari7@example.org", "moineau8@example.org"
    followed(mailing, stays)
    ask(mailing, gone)
    arrived(mailing)
    assert sorted(look(gone, stays)) == [gone, stays]
    if end == "stopped":
        confirm(mailing, gone)
        name = next(follow.id for follow in rows(mailing) if follow.address == gone)
        with mailing.writing() as session:
            follows.end_one(session, name, clock(), others=False)
    else:
        delivery.effects(mailing.engine, clock.tick(days=3))
    delivery.effects(mailing.engine, tonight(clock))
    assert look(gone, stays) == [stays]
    assert [follow.address for follow in rows(mailing)] == [stays]


def test_a_mail_server_that_was_down_for_long_ends_no_letters_for_good(
    mailing: Parts, postman: Postman, ann: Person, clock: FakeClock
) -> None:
    ask(mailing)
    deliver(mailing)
    confirm(mailing)
    publish(mailing, ann, "Pendant la panne.")
    due(mailing, clock)
    postman.answer = "451 Later"
    for _ in range(100):
        clock.tick(hours=1)
        deliver(mailing)
    postman.answer = "250 OK"
    publish(mailing, ann, "Après la panne.")
    due(mailing, clock)
    clock.tick(days=1)
    deliver(mailing)
    assert [told(letter) for letter in postman.received if letter["To"] == READER][-1] == ["1", "2"]

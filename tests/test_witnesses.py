"""Witnesses of the public log: its last hash is sent to them, once each day it has grown."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from conftest import BuildParts, FakeClock, Sent, add_article, send
from page import Page, mail_text
from starlette.testclient import TestClient
from test_corrections import decide
from test_letters import arrived

from moderation import bulletins, delivery, witnesses
from moderation.accounts import Person
from moderation.lifecycle import Action
from moderation.models.bulletins import How
from moderation.web.dependencies import Parts
from moderation.witnesses import NotAddresses

MAX = "max@example.org"


@pytest.fixture
def mailing(build_parts: BuildParts, ann: Person, clock: FakeClock) -> Parts:
    parts = build_parts(smtp_url="smtp://mail.example", mail_from="site@example.org")
    with parts.writing() as session:
        bulletins.choose(session, ann, How.NEVER, 8, "", ZoneInfo("UTC"), clock())
        witnesses.choose(session, [f" {MAX.upper()} ", ""], clock())
    return parts


def published(parts: Parts, person: Person, clock: FakeClock, words: str) -> Sent:
    sent = send(parts, "le-pont", words)
    decide(parts, sent, person, Action.PUBLISH)
    clock.tick(minutes=1)
    delivery.effects(parts.engine, clock())
    return sent


def test_each_day_the_log_has_grown_they_get_its_last_hash(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    add_article(mailing, "le-pont")
    published(mailing, ann, clock, "Une chose.")
    assert arrived(mailing) == []
    clock.now = datetime(2026, 3, 2, 0, 0, 1, tzinfo=UTC)
    (letter,) = arrived(mailing)
    with mailing.reading() as session:
        line = witnesses.last(session)
        assert line is not None
        assert letter["To"] == MAX
        assert json.loads(line.line)["hash"] in mail_text(letter)
    assert arrived(mailing) == []
    clock.tick(days=1)
    assert arrived(mailing) == []  # nothing was added
    published(mailing, ann, clock, "Une autre.")
    clock.tick(days=1)
    (letter,) = arrived(mailing)
    assert "ligne 2" in letter["Subject"]


def test_who_is_a_witness_no_more_gets_nothing(mailing: Parts, ann: Person, clock: FakeClock) -> None:
    add_article(mailing, "le-pont")
    published(mailing, ann, clock, "Une chose.")
    clock.tick(days=1)
    with mailing.writing() as session:
        witnesses.write(session, clock())
        witnesses.choose(session, [], clock())
    assert arrived(mailing) == []


@pytest.mark.parametrize(
    "typed", [["a@example.org", "pas une adresse"], [f"{n}@example.org" for n in range(11)]]
)
def test_what_is_no_address_or_one_too_many_changes_nothing(
    mailing: Parts, clock: FakeClock, typed: list[str]
) -> None:
    with mailing.writing() as session, pytest.raises(NotAddresses):
        witnesses.choose(session, typed, clock())
    with mailing.reading() as session:
        assert witnesses.listed(session) == [MAX]


def test_who_administers_names_them(desk: TestClient, parts: Parts, settle: Callable[[], None]) -> None:
    assert (
        desk.post("/desk/settings/log/witnesses", data={"addresses": f"{MAX}\r\nx@example.org"}).status_code
        == 303
    )
    page = Page(desk.get("/desk/settings"))
    assert page.text("#witnesses").split() == [MAX, "x@example.org"]
    wrong = desk.post("/desk/settings/log/witnesses", data={"addresses": "chez moi"})
    page = Page(wrong)
    assert (wrong.status_code, page.text("#witnesses")) == (422, "chez moi")
    assert "chez moi" in page.text("#witnesses-error")
    settle()
    with parts.reading() as session:
        assert len(witnesses.listed(session)) == 2

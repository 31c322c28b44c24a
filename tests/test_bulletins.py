"""Letters to the team of what waits: when they leave, what they tell, and that they are calm."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from conftest import BuildParts, FakeClock, add_article, add_person, send
from hypothesis import given
from hypothesis import strategies as st
from page import mail_text
from sqlmodel import select
from test_corrections import decide
from test_letters import arrived
from test_questions import ask

from moderation import answers, bulletins, preferences, sessions, submissions
from moderation.accounts import Person
from moderation.lifecycle import Action
from moderation.links import Review
from moderation.models.bulletins import Bulletin, How
from moderation.models.people import Account, Role
from moderation.models.queue import Letter, LetterKind
from moderation.web.dependencies import Parts

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def mailing(build_parts: BuildParts) -> Parts:
    return build_parts(smtp_url="smtp://mail.example", mail_from="site@example.org")


@pytest.fixture
def slug(mailing: Parts) -> str:
    return add_article(mailing, "le-pont", title="Le pont rouvre")


def choose(parts: Parts, person: Person, how: How, hour: int = 8, zone: str = "") -> None:
    with parts.writing() as session:
        bulletins.choose(session, person, how, hour, zone, PARIS, parts.clock())


def at(clock: FakeClock, day: int, hour: int, minute: int = 0) -> None:
    """In March, in Paris."""
    clock.now = datetime(2026, 3, day, hour, minute, tzinfo=PARIS).astimezone(UTC)


# When


@given(
    st.integers(0, 366 * 24 * 60 - 1).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n)),
    st.integers(0, 23),
    st.sampled_from(["Europe/Paris", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "UTC"]),
)
def test_it_is_that_hour_once_each_day_whatever_the_clocks_do(after: datetime, hour: int, name: str) -> None:
    zone = ZoneInfo(name)
    days: list[date] = []
    moment = after
    for _ in range(4):
        later = bulletins.next_at(moment, hour, zone)
        assert timedelta() < later - moment <= timedelta(hours=25, minutes=30)
        local = later.astimezone(zone)
        assert local.hour == hour or not _exists(local.date(), hour, zone)
        days.append(local.date())
        moment = later
    assert days == [days[0] + timedelta(days=n) for n in range(4)]


def _exists(day: date, hour: int, zone: ZoneInfo) -> bool:
    local = datetime(day.year, day.month, day.day, hour, tzinfo=zone)
    return local.astimezone(UTC).astimezone(zone).hour == hour


def test_on_the_night_the_clocks_go_forward_it_is_an_hour_later_and_once() -> None:
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    first = bulletins.next_at(before, 2, PARIS)
    assert (first, first.astimezone(PARIS).hour) == (datetime(2026, 3, 29, 1, tzinfo=UTC), 3)
    assert bulletins.next_at(first, 2, PARIS) == datetime(2026, 3, 30, 0, tzinfo=UTC)


def test_on_the_night_they_go_back_it_is_the_first_of_the_two() -> None:
    first = bulletins.next_at(datetime(2026, 10, 24, 12, tzinfo=UTC), 2, PARIS)
    assert first == datetime(2026, 10, 25, 0, tzinfo=UTC)
    assert bulletins.next_at(first, 2, PARIS) == datetime(2026, 10, 26, 1, tzinfo=UTC)


def test_whoever_chooses_nothing_gets_one_letter_a_day_of_what_is_new(
    mailing: Parts, ann: Person, clock: FakeClock, slug: str
) -> None:
    at(clock, 2, 9)
    assert arrived(mailing) == []
    clock.tick(seconds=1)
    send(mailing, slug, "Une première chose.", author="Zoé")
    assert arrived(mailing) == []
    at(clock, 3, 7, 59)
    assert arrived(mailing) == []
    at(clock, 3, 8)
    (letter,) = arrived(mailing)
    assert letter["To"] == ann.email
    assert "des contributions attendent d’être lues" in letter["Subject"]
    assert "1 contribution attend d’être lue" in mail_text(letter)
    at(clock, 4, 8)
    assert arrived(mailing) == []  # it waits still, and is no news
    send(mailing, slug, "Une seconde chose.")
    at(clock, 5, 8)
    (letter,) = arrived(mailing)
    assert "2 contributions attendent d’être lues" in mail_text(letter)
    assert len(re.findall(r"/review/", mail_text(letter))) == 1


def test_who_wants_each_gets_it_at_once_and_a_crowd_in_one(
    mailing: Parts, ann: Person, clock: FakeClock, slug: str
) -> None:
    at(clock, 2, 9)
    choose(mailing, ann, How.EACH)
    assert arrived(mailing) == []
    clock.tick(seconds=1)
    send(mailing, slug, "La première.")
    clock.tick(seconds=1)
    assert len(arrived(mailing)) == 1
    for number in range(bulletins.LISTED + 2):
        clock.tick(seconds=1)
        send(mailing, slug, f"La suivante, la {number}e.")
    assert arrived(mailing) == []
    clock.tick(minutes=10)
    (letter,) = arrived(mailing)
    said = mail_text(letter)
    assert said.count("/review/") == bulletins.LISTED
    assert "Et d’autres encore." in said
    clock.tick(minutes=10)
    assert arrived(mailing) == []


def test_who_wants_none_gets_none(mailing: Parts, ann: Person, clock: FakeClock, slug: str) -> None:
    choose(mailing, ann, How.NEVER)
    send(mailing, slug, "Une chose.")
    for _ in range(3):
        clock.tick(days=1)
        assert arrived(mailing) == []


def test_each_is_told_at_their_own_hour_of_their_own_sections(
    mailing: Parts, ann: Person, sami: Person, clock: FakeClock, slug: str
) -> None:
    at(clock, 2, 9)
    choose(mailing, ann, How.DAILY, 18)
    choose(mailing, sami, How.DAILY, 18, "Pacific/Noumea")
    with mailing.writing() as session:
        preferences.set_sections(session, sami.id, ["Sport"], clock())
    clock.tick(seconds=1)
    send(mailing, slug, "Une chose de la ville.")
    at(clock, 2, 18)
    assert [letter["To"] for letter in arrived(mailing)] == [ann.email]
    with mailing.writing() as session:
        preferences.set_sections(session, sami.id, [], clock())
    clock.tick(seconds=1)
    send(mailing, slug, "Une autre.")
    clock.now = datetime(2026, 3, 3, 18, tzinfo=ZoneInfo("Pacific/Noumea")).astimezone(UTC)
    assert [letter["To"] for letter in arrived(mailing)] == [sami.email]


def test_what_was_decided_meanwhile_is_not_told_of(
    mailing: Parts, ann: Person, clock: FakeClock, slug: str
) -> None:
    choose(mailing, ann, How.EACH)
    clock.tick(seconds=1)
    sent = send(mailing, slug, "Une chose.")
    with mailing.writing() as session:
        bulletins.write(session, ann.id, PARIS, clock())
    decide(mailing, sent, ann, Action.PUBLISH)
    assert arrived(mailing) == []
    with mailing.reading() as session:
        assert session.exec(select(Letter).where(Letter.kind == LetterKind.WAITING)).all() == []


def test_what_comes_back_is_news(mailing: Parts, ann: Person, clock: FakeClock, slug: str) -> None:
    sent = send(mailing, slug, "Une chose.")
    choose(mailing, ann, How.EACH)
    ask(mailing, sent, ann)
    clock.tick(minutes=1)
    arrived(mailing)
    with mailing.writing() as session:
        answers.answer(session, sent.tracking, "Oui.", revision=2, now=clock())
    clock.tick(minutes=10)
    assert [letter["To"] for letter in arrived(mailing)] == [ann.email]


def test_a_letter_that_fails_tells_the_same_when_it_leaves(
    mailing: Parts, ann: Person, clock: FakeClock, slug: str
) -> None:
    choose(mailing, ann, How.EACH)
    clock.tick(seconds=1)
    send(mailing, slug, "La première.")
    clock.tick(seconds=1)
    assert arrived(mailing, fails=True) == []
    clock.tick(minutes=10)
    send(mailing, slug, "La seconde, arrivée pendant la panne.")
    clock.tick(seconds=1)
    (letter,) = arrived(mailing)
    assert mail_text(letter).count("/review/") == 1
    clock.tick(minutes=10)
    (letter,) = arrived(mailing)
    assert mail_text(letter).count("/review/") == 1


def test_two_servers_write_one_letter(mailing: Parts, ann: Person, clock: FakeClock, slug: str) -> None:
    choose(mailing, ann, How.EACH)
    clock.tick(seconds=1)
    send(mailing, slug, "Une chose.")
    clock.tick(seconds=1)
    for _ in range(2):
        with mailing.writing() as session:
            bulletins.write(session, ann.id, PARIS, clock())
    with mailing.reading() as session:
        assert len(session.exec(select(Letter).where(Letter.kind == LetterKind.WAITING)).all()) == 1


# What


def test_it_holds_no_word_of_a_reader_and_says_how_to_get_no_more(
    mailing: Parts, ann: Person, clock: FakeClock, slug: str
) -> None:
    choose(mailing, ann, How.EACH)
    clock.tick(seconds=1)
    words, name = "Voir https://evil.example/piège", "Bcc: <x@evil.example>"
    send(mailing, slug, words, author=name, email="m@evil.example")
    clock.tick(seconds=1)
    (letter,) = arrived(mailing)
    whole = letter.as_string() + mail_text(letter)
    assert "evil" not in whole
    assert "<img" not in whole
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(r"<\S+/bulletin/\S+>", letter["List-Unsubscribe"])


def test_who_has_a_second_factor_is_led_to_the_desk(
    mailing: Parts, ann: Person, clock: FakeClock, slug: str
) -> None:
    choose(mailing, ann, How.EACH)
    with mailing.writing() as session:
        session.get_one(Account, ann.id).totp = "sealed"
    clock.tick(seconds=1)
    sent = send(mailing, slug, "Une chose.")
    clock.tick(seconds=1)
    (letter,) = arrived(mailing)
    said = mail_text(letter)
    assert f"/desk/comments/{sent.id}" in said
    assert "/review/" not in said


def test_a_link_is_bound_to_text_revision_person_and_what_it_grants(
    mailing: Parts, ann: Person, clock: FakeClock, slug: str
) -> None:
    choose(mailing, ann, How.EACH)
    clock.tick(seconds=1)
    sent = send(mailing, slug, "Une chose.")
    clock.tick(seconds=1)
    (letter,) = arrived(mailing)
    found = re.search(r"/review/(\S+)", mail_text(letter))
    assert found is not None
    link, _ = mailing.links.read(Review, found[1], clock())
    assert (link.comment, link.revision, link.account) == (sent.id, 1, ann.id)
    assert link.actions.split() == ["publish", "refuse", "spam"]


def test_whoever_is_signed_out_everywhere_has_other_links_from_then_on(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    choose(mailing, ann, How.EACH)

    def seal() -> str:
        with mailing.reading() as session:
            return session.get_one(Bulletin, ann.id).seal

    before = seal()
    with mailing.writing() as session:
        sessions.end_all(session, ann.id, clock())
    assert seal() != before


def test_no_letter_follows_who_left_the_team(
    mailing: Parts, ann: Person, clock: FakeClock, slug: str
) -> None:
    zoe = add_person(mailing, "zoe@example.org", "Zoé", Role.MODERATOR)
    choose(mailing, zoe, How.EACH)
    choose(mailing, ann, How.NEVER)
    with mailing.writing() as session:
        session.get_one(Account, zoe.id).removed_at = clock()
    clock.tick(seconds=1)
    send(mailing, slug, "Une chose.")
    clock.tick(minutes=1)
    assert arrived(mailing) == []


def test_a_withdrawn_text_is_not_told_of(mailing: Parts, ann: Person, clock: FakeClock, slug: str) -> None:
    choose(mailing, ann, How.EACH)
    clock.tick(seconds=1)
    sent = send(mailing, slug, "Une chose.")
    with mailing.writing() as session:
        submissions.withdraw(session, sent.tracking, revision=1, now=clock())
    clock.tick(seconds=1)
    assert arrived(mailing) == []


@pytest.mark.parametrize("how", [How.DAILY, How.EACH])
def test_a_mail_server_that_was_down_for_long_ends_no_letters_for_good(
    mailing: Parts, ann: Person, clock: FakeClock, slug: str, how: How
) -> None:
    choose(mailing, ann, how)
    clock.tick(minutes=1)
    send(mailing, slug, "Avant la panne.")
    for _ in range(120):
        clock.tick(hours=1)
        assert arrived(mailing, fails=True) == []
    send(mailing, slug, "Après la panne.")
    clock.tick(days=1)
    (letter,) = arrived(mailing)
    assert mail_text(letter).count("/review/") == 2

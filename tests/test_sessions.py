from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import pytest
from conftest import FakeClock, at_once
from sqlmodel import Session, select

from moderation import accounts, email_changes, factors, feeds, members, passkeys, sessions, tokens
from moderation.accounts import Person, SignedOut
from moderation.decisions import NotFound
from moderation.models.people import AccountSession
from moderation.models.queue import Letter
from moderation.web.dependencies import Parts


def start(parts: Parts, person: Person, *, kept: bool = False, browser: str = "") -> str:
    with parts.writing() as session:
        return sessions.start(session, person.id, kept=kept, now=parts.clock(), browser=browser)


def here(parts: Parts, cookie: str) -> Person | None:
    with parts.reading() as session:
        return sessions.holder(session, cookie, parts.clock())


def holder(parts: Parts, cookie: str) -> str | None:
    person = here(parts, cookie)
    return person.name if person is not None else None


def renew(parts: Parts, cookie: str) -> tuple[str, bool] | None:
    with parts.writing() as session:
        return sessions.renew(session, cookie, parts.clock())


def browsers(parts: Parts, person: Person) -> list[AccountSession]:
    with parts.reading() as session:
        return list(sessions.open_ones(session, person.id, parts.clock()))


def end(parts: Parts, browser: int | None, person: Person) -> None:
    assert browser is not None
    with parts.writing() as session:
        sessions.end(session, browser, account_id=person.id)


# Lasting


@pytest.mark.parametrize(("kept", "lasts"), [(False, timedelta(hours=12)), (True, timedelta(days=30))])
def test_a_browser_stays_signed_in_for_its_time(
    parts: Parts, ann: Person, clock: FakeClock, kept: bool, lasts: timedelta
) -> None:
    cookie = start(parts, ann, kept=kept)
    clock.now += lasts - timedelta(seconds=1)
    assert holder(parts, cookie) == "Ann"
    clock.tick(seconds=1)
    assert holder(parts, cookie) is None


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("cookie", ["", "x", "a" * 5000, "é\0"])
def test_a_cookie_that_is_not_ours_is_nobodys(parts: Parts, cookie: str) -> None:
    assert holder(parts, cookie) is None
    assert renew(parts, cookie) is None


def test_a_cookie_changes_once_a_day_and_the_old_one_opens_a_minute_more(
    parts: Parts, ann: Person, clock: FakeClock
) -> None:
    old = start(parts, ann, kept=True)
    clock.tick(days=1, seconds=-1)
    assert renew(parts, old) is None
    clock.tick(seconds=1)
    renewed = renew(parts, old)
    assert renewed is not None
    new, kept = renewed
    assert (kept, new != old) == (True, True)
    assert renew(parts, old) is None
    assert renew(parts, new) is None
    clock.tick(seconds=59)
    assert (holder(parts, old), holder(parts, new)) == ("Ann", "Ann")
    clock.tick(seconds=1)
    assert (holder(parts, old), holder(parts, new)) == (None, "Ann")
    clock.tick(days=30, seconds=-61)
    assert holder(parts, new) == "Ann"
    clock.tick(seconds=1)
    assert holder(parts, new) is None


def test_a_cookie_renewed_in_many_tabs_at_once_is_renewed_once(
    parts: Parts, ann: Person, clock: FakeClock
) -> None:
    old = start(parts, ann, kept=True)
    clock.tick(days=2)
    told = at_once(*[partial(renew, parts, old)] * 6)
    assert sum(one is not None for one in told) == 1


def test_signing_out_is_of_this_browser_alone(parts: Parts, ann: Person) -> None:
    here, there = start(parts, ann), start(parts, ann)
    with parts.writing() as session:
        sessions.sign_out(session, here)
    assert (holder(parts, here), holder(parts, there)) == (None, "Ann")


def test_a_browser_that_is_not_kept_stays_signed_in_for_as_long_as_it_is_used(
    parts: Parts, ann: Person, clock: FakeClock
) -> None:
    cookie = start(parts, ann, kept=False)
    clock.tick(minutes=59)
    assert renew(parts, cookie) is None
    for _ in range(3):
        clock.tick(hours=10)
        renewed = renew(parts, cookie)
        assert renewed is not None
        cookie = renewed[0]
    assert holder(parts, cookie) == "Ann"


@pytest.mark.parametrize(("kept", "days", "hours"), [(False, 7, 11), (True, 90, 29 * 24)])
def test_a_session_ends_at_last_however_much_it_is_used(
    parts: Parts, ann: Person, clock: FakeClock, kept: bool, days: int, hours: int
) -> None:
    cookie, until = start(parts, ann, kept=kept), clock() + timedelta(days=days)
    while clock.tick(hours=hours) < until:
        renewed = renew(parts, cookie)
        cookie = renewed[0] if renewed else cookie
        assert holder(parts, cookie) == "Ann"
    clock.now = until
    assert holder(parts, cookie) is None
    assert renew(parts, cookie) is None


def test_a_cookie_that_expired_is_not_renewed(parts: Parts, ann: Person, clock: FakeClock) -> None:
    cookie = start(parts, ann)
    clock.tick(hours=12)
    assert renew(parts, cookie) is None


# Listing and ending


def test_browsers_are_listed_the_last_used_first(
    parts: Parts, ann: Person, sami: Person, clock: FakeClock
) -> None:
    first, began = start(parts, ann, browser="Firefox, Android"), clock()
    clock.tick(minutes=90)
    start(parts, ann, browser="Safari, iPhone")
    start(parts, sami, browser="Chrome, Windows")
    assert [row.browser for row in browsers(parts, ann)] == ["Safari, iPhone", "Firefox, Android"]
    clock.tick(hours=2, minutes=17)
    renew(parts, first)
    last = browsers(parts, ann)[0]
    assert (last.browser, last.signed_in_at) == ("Firefox, Android", began)


def test_when_a_browser_was_used_is_known_to_the_hour(parts: Parts, ann: Person, clock: FakeClock) -> None:
    clock.tick(minutes=42, seconds=7)
    cookie = start(parts, ann)
    clock.tick(minutes=40)
    renew(parts, cookie)
    (row,) = browsers(parts, ann)
    assert row.seen_at == clock().replace(minute=0, second=0, microsecond=0)


def test_a_browser_whose_cookie_was_renewed_is_still_one_browser(
    parts: Parts, ann: Person, clock: FakeClock
) -> None:
    cookie = start(parts, ann, kept=True)
    clock.tick(days=2)
    renew(parts, cookie)
    assert len(browsers(parts, ann)) == 1


def test_signing_out_with_the_cookie_just_replaced_ends_the_browser(
    parts: Parts, ann: Person, clock: FakeClock
) -> None:
    old = start(parts, ann, kept=True)
    clock.tick(days=2)
    renewed = renew(parts, old)
    assert renewed is not None
    with parts.writing() as session:
        sessions.sign_out(session, old)
    assert holder(parts, renewed[0]) is None


def test_one_browser_is_ended_and_no_other(parts: Parts, ann: Person) -> None:
    here, there = start(parts, ann, browser="a"), start(parts, ann, browser="b")
    (row,) = [row for row in browsers(parts, ann) if row.browser == "b"]
    end(parts, row.id, ann)
    assert (holder(parts, here), holder(parts, there)) == ("Ann", None)
    with pytest.raises(NotFound):
        end(parts, row.id, ann)


def test_nobody_ends_somebody_else_s_browser(parts: Parts, ann: Person, sami: Person) -> None:
    cookie = start(parts, ann)
    (row,) = browsers(parts, ann)
    with pytest.raises(NotFound):
        end(parts, row.id, sami)
    assert holder(parts, cookie) == "Ann"


def test_a_browser_that_signed_in_meanwhile_is_not_the_one_to_leave_alone(
    parts: Parts, ann: Person, clock: FakeClock
) -> None:
    thief, mine = start(parts, ann), start(parts, ann)
    person = here(parts, mine)
    assert person is not None
    asked = clock()
    clock.tick(seconds=0.1)
    end(parts, person.browser, ann)
    again = start(parts, ann)
    with parts.writing() as session:
        sessions.end_all(session, ann.id, asked, but=person.browser)
    assert [holder(parts, cookie) for cookie in (thief, mine, again)] == [None] * 3


CHANGES: dict[str, Callable[[Session, Person, datetime], object]] = {
    "password": lambda session, person, now: factors.set_password(session, person, "hash", now),
    "password removed": factors.remove_password,
    "codes": factors.turn_codes_off,
    "passkey removed": lambda session, person, now: passkeys.remove(session, person, 1, now),
    "address": lambda session, person, now: email_changes.ask(session, person, "ann@example.net", now),
    "feed": feeds.make,
    "feed revoked": lambda session, person, _now: feeds.revoke(session, person),
    "token": lambda session, person, now: tokens.create(
        session, accounts.hold_own(session, person), "", frozenset(), now
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("closed", [True, False])
def test_who_was_signed_out_meanwhile_changes_nothing_about_signing_in(
    parts: Parts,
    sami: Person,
    change: Callable[[Session, Person, datetime], object],
    closed: bool,
) -> None:
    thief, _mine = here(parts, start(parts, sami)), start(parts, sami)
    assert thief is not None
    with parts.writing() as session:
        if closed:
            members.remove(session, sami.email, parts.clock())
        else:
            sessions.end_all(session, sami.id, parts.clock())
    with pytest.raises(SignedOut), parts.writing() as session:
        change(session, thief, parts.clock())
    with parts.reading() as session:
        assert session.exec(select(Letter)).all() == []


@pytest.mark.parametrize("everywhere", [True, False])
def test_all_browsers_are_ended_or_all_the_others(
    parts: Parts, ann: Person, sami: Person, everywhere: bool
) -> None:
    cookies = [start(parts, ann) for _ in range(3)]
    other = start(parts, sami)
    person = here(parts, cookies[0])
    assert person is not None
    with parts.writing() as session:
        sessions.end_all(session, ann.id, parts.clock(), but=None if everywhere else person.browser)
    assert [holder(parts, cookie) for cookie in cookies] == [None if everywhere else "Ann", None, None]
    assert holder(parts, other) == "Sami"


def test_whoever_is_on_the_way_in_is_turned_back(parts: Parts, ann: Person, sami: Person) -> None:
    with parts.writing() as session:
        ways = [accounts.half_way(session, person.id, parts.clock()).id for person in (ann, sami)]
        sessions.end_all(session, ann.id, parts.clock())
    with parts.reading() as session:
        assert [accounts.is_open(session, way, parts.clock()) for way in ways] == [False, True]


# Having proved who one is


def test_a_person_is_confirmed_for_ten_minutes_in_that_browser_alone(
    parts: Parts, ann: Person, clock: FakeClock
) -> None:
    one, other = start(parts, ann), start(parts, ann)

    def confirmed() -> list[bool]:
        people = [here(parts, cookie) for cookie in (one, other)]
        return [person is not None and person.is_confirmed(clock()) for person in people]

    assert confirmed() == [True, True]
    clock.tick(minutes=10)
    assert confirmed() == [False, False]
    person = here(parts, one)
    assert person is not None
    with parts.writing() as session:
        sessions.confirm(session, person, clock())
    assert confirmed() == [True, False]
    clock.tick(minutes=10, seconds=-1)
    assert confirmed() == [True, False]
    clock.tick(seconds=1)
    assert confirmed() == [False, False]


def test_renewing_a_cookie_confirms_nobody(parts: Parts, ann: Person, clock: FakeClock) -> None:
    cookie = start(parts, ann)
    clock.tick(hours=1)
    renewed = renew(parts, cookie)
    assert renewed is not None
    person = here(parts, renewed[0])
    assert person is not None
    assert not person.is_confirmed(clock())


def test_a_person_without_a_browser_is_never_confirmed(ann: Person, clock: FakeClock) -> None:
    assert not ann.is_confirmed(clock())


def test_only_hashes_of_cookies_are_kept(parts: Parts, ann: Person, clock: FakeClock) -> None:
    old = start(parts, ann)
    clock.tick(hours=2)
    renewed = renew(parts, old)
    assert renewed is not None
    with parts.reading() as session:
        row = session.exec(select(AccountSession)).one()
    assert (len(row.digest), len(row.previous or "")) == (64, 64)
    assert not {old, renewed[0]} & {row.digest, row.previous}

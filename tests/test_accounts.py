from datetime import datetime, timedelta
from functools import partial

import pytest
from conftest import FakeClock, add_person, at_once
from sqlmodel import col, select

from moderation import accounts, members, sessions
from moderation.accounts import CannotSignIn, Exists, NotAnAddress, Person
from moderation.models.people import Account, AccountSession, Role, SignIn
from moderation.models.queue import Letter, LetterKind
from moderation.web.dependencies import Parts


def start(parts: Parts, person: Person, *, kept: bool = False) -> str:
    with parts.writing() as session:
        return sessions.start(session, person.id, kept=kept, now=parts.clock())


def holder(parts: Parts, cookie: str) -> str | None:
    with parts.reading() as session:
        person = sessions.holder(session, cookie, parts.clock())
        return person.name if person is not None else None


def renew(parts: Parts, cookie: str) -> tuple[str, bool] | None:
    with parts.writing() as session:
        return sessions.renew(session, cookie, parts.clock())


def ask(parts: Parts, email: str = "ann@example.org") -> str:
    with parts.writing() as session:
        return accounts.ask(session, email, parts.clock(), mail=None).id


def code(parts: Parts, sign_in: str) -> str:
    """As delivery does when it writes the letter."""
    with parts.writing() as session:
        row = session.get_one(SignIn, sign_in)
        session.add(row)
        return accounts.new_code(row)


def open_by_link(parts: Parts, sign_in: str, now: datetime | None = None) -> int:
    with parts.writing() as session:
        return accounts.open_by_link(session, sign_in, now or parts.clock())


def open_by_code(parts: Parts, sign_in: str, typed: str) -> int | None:
    with parts.writing() as session:
        return accounts.open_by_code(session, sign_in, typed, parts.clock())


def wrong(right: str) -> str:
    return ("1" if right[0] == "0" else "0") + right[1:]


# Addresses


@pytest.mark.parametrize("email", ["ann@example.org", " Ann@Example.ORG ", "ANN@EXAMPLE.ORG\n"])
def test_case_and_spaces_around_an_address_make_no_difference(parts: Parts, email: str) -> None:
    person = add_person(parts, "  aNn@example.Org ", "Ann", Role.ADMIN)
    with parts.reading() as session:
        found = accounts.by_email(session, email)
        assert found is not None
        assert (found.id, found.email) == (person.id, "ann@example.org")
    with pytest.raises(Exists):
        add_person(parts, email, "Ann", Role.MODERATOR)


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ann",
        "@",
        "ann@",
        "a b@example.org",
        "ann@example.org, eve@example.org",
        "ann@example.org\nBcc: eve@example.org",
        "ann\0@example.org",
        f"{'a' * 64}@{'b' * 190}",
    ],
)
def test_what_is_no_address_gets_no_account(parts: Parts, email: str) -> None:
    with pytest.raises(NotAnAddress):
        add_person(parts, email, "Ann", Role.ADMIN)


@pytest.mark.parametrize("email", ["", "@", "nobody", "ann\0@example.org", "a" * 300])
def test_nobody_is_found_under_what_is_no_address(parts: Parts, ann: Person, email: str) -> None:
    with parts.writing() as session:
        assert accounts.by_email(session, email) is None
        assert accounts.ask(session, email, parts.clock(), mail=LetterKind.SIGN_IN).account_id is None
    assert holder(parts, start(parts, ann)) == "Ann"


def test_two_accounts_for_one_address_at_once_make_one(parts: Parts) -> None:
    add = partial(add_person, parts, "ann@example.org", "Ann", Role.ADMIN)
    told = at_once(add, add, add, add)
    assert sorted(type(one).__name__ for one in told) == ["Exists", "Exists", "Exists", "Person"]


def test_the_team_is_listed_by_name_without_who_has_left(parts: Parts, ann: Person, sami: Person) -> None:
    add_person(parts, "bea@example.org", "Béa", Role.MODERATOR)
    with parts.writing() as session:
        members.remove(session, sami.email, parts.clock())
    with parts.reading() as session:
        assert [account.name for account in accounts.present(session)] == [ann.name, "Béa"]


# Links and codes


@pytest.mark.usefixtures("ann")
def test_promise_11_a_link_is_used_once(parts: Parts, ann: Person) -> None:
    sign_in = ask(parts)
    assert open_by_link(parts, sign_in) == ann.id
    with pytest.raises(CannotSignIn):
        open_by_link(parts, sign_in)
    with pytest.raises(CannotSignIn):
        open_by_code(parts, sign_in, "00000000")


def test_promise_11_a_link_opened_in_many_places_at_once_opens_in_one(parts: Parts, ann: Person) -> None:
    sign_in = ask(parts)
    told = at_once(*[partial(open_by_link, parts, sign_in)] * 6)
    assert [one for one in told if not isinstance(one, CannotSignIn)] == [ann.id]


def test_promise_11_a_link_and_its_code_at_once_open_one(parts: Parts, ann: Person) -> None:
    for _ in range(5):
        sign_in = ask(parts)
        typed = code(parts, sign_in)
        told = at_once(partial(open_by_link, parts, sign_in), partial(open_by_code, parts, sign_in, typed))
        assert [one for one in told if not isinstance(one, CannotSignIn)] == [ann.id]


@pytest.mark.usefixtures("ann")
def test_a_link_is_good_for_a_quarter_of_an_hour(parts: Parts, clock: FakeClock) -> None:
    sign_in = ask(parts)
    clock.tick(minutes=15, seconds=-1)
    with parts.reading() as session:
        assert accounts.is_open(session, sign_in, clock())
        assert not accounts.is_open(session, sign_in, clock() + timedelta(seconds=1))
    clock.tick(seconds=1)
    with pytest.raises(CannotSignIn):
        open_by_link(parts, sign_in)


def test_an_unknown_link_opens_nothing(parts: Parts) -> None:
    with pytest.raises(CannotSignIn):
        open_by_link(parts, "nobody")
    with parts.reading() as session:
        assert not accounts.is_open(session, "nobody", parts.clock())


def test_the_sign_in_of_an_unknown_address_opens_nothing(parts: Parts) -> None:
    sign_in = ask(parts, "eve@example.org")
    with pytest.raises(CannotSignIn):
        open_by_link(parts, sign_in)
    for typed in ("", "00000000"):
        assert open_by_code(parts, sign_in, typed) is None


def test_a_code_opens_what_it_was_made_for_and_nothing_else(parts: Parts, ann: Person) -> None:
    one, other = ask(parts), ask(parts)
    typed = code(parts, one)
    code(parts, other)
    assert open_by_code(parts, other, typed) is None
    assert open_by_code(parts, one, f" {typed[:4].lower()}-{typed[4:]}") == ann.id


@pytest.mark.usefixtures("ann")
def test_no_code_opens_before_its_letter_was_written(parts: Parts) -> None:
    sign_in = ask(parts)
    assert open_by_code(parts, sign_in, "") is None


def test_a_code_may_be_tried_five_times(parts: Parts, ann: Person) -> None:
    sign_in = ask(parts)
    right = code(parts, sign_in)
    assert [open_by_code(parts, sign_in, wrong(right)) for _ in range(4)] == [None] * 4
    assert open_by_code(parts, sign_in, right) == ann.id


@pytest.mark.usefixtures("ann")
def test_after_five_wrong_codes_the_right_one_opens_nothing(parts: Parts) -> None:
    sign_in = ask(parts)
    right = code(parts, sign_in)
    assert at_once(*[partial(open_by_code, parts, sign_in, wrong(right))] * 5) == [None] * 5
    with pytest.raises(CannotSignIn):
        open_by_code(parts, sign_in, right)
    assert open_by_link(parts, sign_in)


def test_only_the_hash_of_a_code_and_of_a_cookie_is_kept(parts: Parts, ann: Person) -> None:
    sign_in = ask(parts)
    typed, cookie = code(parts, sign_in), start(parts, ann)
    with parts.reading() as session:
        kept = [session.get_one(SignIn, sign_in).code, session.exec(select(AccountSession.digest)).one()]
    assert [len(one) for one in kept] == [64, 64]
    assert typed not in kept
    assert cookie not in kept


# Leaving


def test_who_is_removed_is_signed_out_everywhere_and_forgotten_but_for_the_name(
    parts: Parts, ann: Person, sami: Person
) -> None:
    cookies = [start(parts, sami), start(parts, sami, kept=True)]
    asked = ask(parts, sami.email)
    with parts.writing() as session:
        members.remove(session, f" {sami.email.upper()}", parts.clock())
    assert [holder(parts, cookie) for cookie in cookies] == [None, None]
    assert renew(parts, cookies[1]) is None
    with pytest.raises(CannotSignIn):
        open_by_link(parts, asked)
    with parts.reading() as session:
        row = session.get_one(Account, sami.id)
        assert (row.name, row.email, row.removed_at) == ("Sami", None, parts.clock())
        assert session.exec(select(AccountSession)).all() == []
    assert holder(parts, start(parts, ann)) == "Ann"


def test_a_session_started_for_who_was_just_removed_opens_nothing(parts: Parts, sami: Person) -> None:
    with parts.writing() as session:
        members.remove(session, sami.email, parts.clock())
    assert holder(parts, start(parts, sami)) is None


def test_what_has_expired_is_forgotten(parts: Parts, ann: Person, clock: FakeClock) -> None:
    start(parts, ann)
    with parts.writing() as session:
        accounts.ask(session, "ann@example.org", clock(), mail=LetterKind.SIGN_IN)
        accounts.ask(session, "eve@example.org", clock(), mail=None)
    clock.tick(days=8)
    start(parts, ann)
    with parts.writing() as session:
        kept = accounts.ask(session, "ann@example.org", clock(), mail=None).id
    with parts.reading() as session:
        assert len(session.exec(select(AccountSession)).all()) == 1
        waiting = session.exec(select(Letter.sign_in_id)).all()
        # A letter still to be sent keeps its sign-in.
        assert set(session.exec(select(SignIn.id).order_by(col(SignIn.id)))) == {kept, *waiting}


# The page that was asked for


@pytest.mark.usefixtures("ann")
def test_a_way_to_sign_in_remembers_where_it_leads(parts: Parts) -> None:
    with parts.writing() as session:
        sign_in = accounts.ask(session, "ann@example.org", parts.clock(), mail=None, onward="/desk/log").id
    with parts.reading() as session:
        assert accounts.onward(session, sign_in) == "/desk/log"
        assert accounts.onward(session, "nobody") == ""


# Half-way


def test_what_is_half_way_lasts_ten_minutes_and_is_used_once(
    parts: Parts, ann: Person, clock: FakeClock
) -> None:
    with parts.writing() as session:
        late, good = [accounts.half_way(session, ann.id, clock()).id for _ in range(2)]
    clock.tick(minutes=10, seconds=-1)
    assert open_by_link(parts, good) == ann.id
    with pytest.raises(CannotSignIn):
        open_by_link(parts, good)
    clock.tick(seconds=1)
    with pytest.raises(CannotSignIn):
        open_by_link(parts, late)


def test_no_code_opens_what_is_half_way(parts: Parts, ann: Person) -> None:
    with parts.writing() as session:
        half = accounts.half_way(session, ann.id, parts.clock()).id
    assert open_by_code(parts, half, "") is None

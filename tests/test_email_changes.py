from functools import partial

import pytest
from conftest import FakeClock, at_once
from sqlmodel import col, select

from moderation import accounts, email_changes, factors, members, sessions
from moderation.accounts import CannotSignIn, Exists, NotAnAddress, Person
from moderation.decisions import NotFound
from moderation.models.people import Account, EmailChange
from moderation.models.queue import Letter
from moderation.web.dependencies import Parts


def ask(parts: Parts, person: Person, email: str) -> str:
    with parts.writing() as session:
        return email_changes.ask(session, person, email, parts.clock())


def confirm(parts: Parts, change: str) -> None:
    with parts.writing() as session:
        email_changes.confirm(session, change, parts.clock())


def email(parts: Parts, person: Person) -> str | None:
    with parts.reading() as session:
        return session.get_one(Account, person.id).email


def letters(parts: Parts) -> list[tuple[str, str | None]]:
    with parts.reading() as session:
        return [
            (letter.kind, letter.address) for letter in session.exec(select(Letter).order_by(col(Letter.id)))
        ]


def test_nothing_changes_before_the_new_mailbox_answers_and_the_old_one_is_told(
    parts: Parts, ann: Person
) -> None:
    change = ask(parts, ann, " Ann@Autre.example ")
    assert email(parts, ann) == "ann@example.org"
    assert letters(parts) == [("confirm_email", "ann@autre.example"), ("email_asked", None)]
    confirm(parts, change)
    assert email(parts, ann) == "ann@autre.example"
    assert letters(parts)[2:] == [("email_changed", "ann@example.org")]


def test_a_change_is_confirmed_once_even_from_many_places(parts: Parts, ann: Person) -> None:
    change = ask(parts, ann, "ann@autre.example")
    told = at_once(*[partial(confirm, parts, change)] * 5)
    assert sorted(type(one).__name__ for one in told) == ["NoneType"] + ["NotFound"] * 4
    assert len(letters(parts)) == 3


def test_the_last_address_asked_for_counts(parts: Parts, ann: Person) -> None:
    first, last = ask(parts, ann, "ann@faute.example"), ask(parts, ann, "ann@autre.example")
    with pytest.raises(NotFound):
        confirm(parts, first)
    confirm(parts, last)
    assert email(parts, ann) == "ann@autre.example"


def test_a_change_may_wait_a_day(parts: Parts, ann: Person, clock: FakeClock) -> None:
    change = ask(parts, ann, "ann@autre.example")
    clock.tick(days=1, seconds=-1)
    with parts.reading() as session:
        assert email_changes.waiting(session, change, clock()) is not None
        assert email_changes.waiting(session, "nobody", clock()) is None
    clock.tick(seconds=1)
    with parts.reading() as session:
        assert email_changes.waiting(session, change, clock()) is None
    with pytest.raises(NotFound):
        confirm(parts, change)


def test_an_address_that_is_somebody_s_by_then_changes_nothing(
    parts: Parts, ann: Person, sami: Person
) -> None:
    change = ask(parts, ann, sami.email)
    with pytest.raises(Exists):
        confirm(parts, change)
    assert (email(parts, ann), email(parts, sami)) == (ann.email, sami.email)
    assert [kind for kind, _ in letters(parts)] == ["confirm_email", "email_asked"]


@pytest.mark.parametrize(
    "typed", ["", "ann", "a b@example.org", "ann@example.org\nBcc: eve@example.org", "a\0@b"]
)
def test_what_is_no_address_is_refused(parts: Parts, ann: Person, typed: str) -> None:
    with pytest.raises(NotAnAddress):
        ask(parts, ann, typed)


def test_a_link_on_its_way_to_the_old_address_opens_nothing_any_more(parts: Parts, ann: Person) -> None:
    with parts.writing() as session:
        sign_in = accounts.ask(session, ann.email, parts.clock(), mail=None).id
        cookie = sessions.start(session, ann.id, kept=False, now=parts.clock())
    confirm(parts, ask(parts, ann, "ann@autre.example"))
    with pytest.raises(CannotSignIn), parts.writing() as session:
        accounts.open_by_link(session, sign_in, parts.clock())
    with parts.reading() as session:
        assert sessions.holder(session, cookie, parts.clock()) is not None


def test_who_has_left_changes_nothing_and_leaves_no_address(parts: Parts, sami: Person) -> None:
    change = ask(parts, sami, "sami@autre.example")
    with parts.writing() as session:
        members.remove(session, sami.email, parts.clock())
    with pytest.raises(NotFound):
        confirm(parts, change)
    with parts.reading() as session:
        assert session.exec(select(EmailChange)).all() == []


@pytest.mark.parametrize("thrown_out", ["a new password", "signed out everywhere", "a reset", "cancelled"])
def test_a_thief_s_new_address_is_thrown_out_with_the_thief(
    parts: Parts, ann: Person, thrown_out: str
) -> None:
    change = ask(parts, ann, "thief@autre.example")
    now = parts.clock()
    with parts.writing() as session:
        match thrown_out:
            case "a new password":
                factors.set_password(session, ann, "hash", now)
            case "signed out everywhere":
                sessions.end_all(session, ann.id, now)
            case "a reset":
                factors.reset(session, ann.email, now)
            case _:
                email_changes.cancel(session, ann.id)
    with pytest.raises(NotFound):
        confirm(parts, change)
    assert email(parts, ann) == ann.email


def test_of_two_changes_asked_at_once_one_stands(parts: Parts, ann: Person) -> None:
    deeds = [partial(ask, parts, ann, f"ann{number}@autre.example") for number in range(6)]
    assert not [told for told in at_once(*deeds) if isinstance(told, Exception)]
    with parts.reading() as session:
        assert email_changes.asked(session, ann.id, parts.clock()).endswith("@autre.example")

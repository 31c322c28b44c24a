"""Who leaves the team, and who administers it."""

from functools import partial

import pytest
from conftest import add_person, at_once

from moderation import accounts, members
from moderation.accounts import Person
from moderation.decisions import NotFound
from moderation.members import LastAdmin
from moderation.models.people import Account, Role
from moderation.web.dependencies import Parts


def test_who_is_removed_may_come_back_as_somebody_new(parts: Parts, sami: Person) -> None:
    with parts.writing() as session:
        members.remove(session, sami.email, parts.clock())
    assert add_person(parts, sami.email, "Sami", Role.MODERATOR).id != sami.id


def test_nobody_is_removed_twice(parts: Parts, sami: Person) -> None:
    for _ in range(2):
        try:
            with parts.writing() as session:
                members.remove(session, sami.email, parts.clock())
        except NotFound:
            break
    else:
        pytest.fail("removed twice")
    with pytest.raises(NotFound), parts.writing() as session:
        members.remove(session, "", parts.clock())


def test_the_last_admin_stays_unless_forced(parts: Parts, ann: Person, sami: Person) -> None:
    with pytest.raises(LastAdmin), parts.writing() as session:
        members.remove(session, ann.email, parts.clock())
    with parts.writing() as session:
        members.remove(session, sami.email, parts.clock())
    with parts.writing() as session:
        members.remove(session, ann.email, parts.clock(), force=True)
        assert accounts.present(session) == []


@pytest.mark.usefixtures("ann")
def test_of_two_admins_who_leave_at_once_one_stays(parts: Parts) -> None:
    add_person(parts, "eve@example.org", "Ève", Role.ADMIN)

    def leave(email: str) -> None:
        with parts.writing() as session:
            members.remove(session, email, parts.clock())

    told = at_once(partial(leave, "ann@example.org"), partial(leave, "eve@example.org"))
    assert sorted(type(one).__name__ for one in told) == ["LastAdmin", "NoneType"]


def test_the_account_of_the_command_line_is_no_admin_who_could_stay(parts: Parts, ann: Person) -> None:
    with parts.writing() as session:
        accounts.operator(session, parts.clock())
    with pytest.raises(LastAdmin), parts.writing() as session:
        members.remove(session, ann.email, parts.clock())


# Roles


def set_role(parts: Parts, account: int, role: Role) -> None:
    with parts.writing() as session:
        members.set_role(session, account, role, parts.clock())


@pytest.mark.usefixtures("ann")
def test_of_two_admins_who_give_it_up_at_once_one_stays(parts: Parts) -> None:
    eve = add_person(parts, "eve@example.org", "Ève", Role.ADMIN)
    told = at_once(*(partial(set_role, parts, account, Role.MODERATOR) for account in (1, eve.id)))
    assert sorted(type(one).__name__ for one in told) == ["LastAdmin", "NoneType"]


def test_an_admin_who_leaves_while_the_other_gives_it_up_leaves_one(parts: Parts, ann: Person) -> None:
    eve = add_person(parts, "eve@example.org", "Ève", Role.ADMIN)

    def leave() -> None:
        with parts.writing() as session:
            members.remove(session, ann.email, parts.clock())

    told = at_once(leave, partial(set_role, parts, eve.id, Role.MODERATOR))
    assert sorted(type(one).__name__ for one in told) == ["LastAdmin", "NoneType"]


def test_nobody_who_has_left_is_given_a_role(parts: Parts, sami: Person) -> None:
    with parts.writing() as session:
        members.remove(session, sami.email, parts.clock())
    for account in (sami.id, 999):
        with pytest.raises(NotFound):
            set_role(parts, account, Role.ADMIN)
    with parts.reading() as session:
        assert session.get_one(Account, sami.id).role is Role.MODERATOR

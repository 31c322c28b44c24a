from datetime import timedelta

import pytest
from conftest import Sent, add_person
from sqlmodel import select

from moderation import deciders, decisions, members, passes
from moderation.accounts import Person
from moderation.lifecycle import Action
from moderation.models.people import Role
from moderation.models.together import Pass, PutForward
from moderation.web.dependencies import Parts


@pytest.fixture
def zoe(parts: Parts) -> Person:
    return add_person(parts, "zoe@example.org", "Zoé", Role.MODERATOR)


def leave(parts: Parts, sent: Sent, *people: Person) -> None:
    for person in people:
        with parts.writing() as session:
            passes.leave(session, sent.id, by=person.id, now=parts.clock())


def state(parts: Parts) -> tuple[set[int], bool]:
    """Who passes it, and whether it was put forward."""
    with parts.reading() as session:
        who = set(session.exec(select(Pass.account_id)))
        return who, session.exec(select(PutForward)).first() is not None


def test_what_all_have_passed_comes_back_to_all_once(
    parts: Parts, ann: Person, sami: Person, pending: Sent
) -> None:
    leave(parts, pending, ann, ann)
    assert state(parts) == ({ann.id}, False)
    leave(parts, pending, sami)
    assert state(parts) == (set(), True)
    leave(parts, pending, ann, sami)
    assert state(parts) == ({ann.id, sami.id}, True)


def test_it_may_be_taken_up_again(parts: Parts, ann: Person, sami: Person, pending: Sent) -> None:
    leave(parts, pending, ann)
    with parts.writing() as session:
        passes.take_up(session, pending.id, by=ann.id)
    leave(parts, pending, sami)
    assert state(parts) == ({sami.id}, False)


def test_who_stands_aside_is_not_waited_for(
    parts: Parts, ann: Person, sami: Person, zoe: Person, pending: Sent
) -> None:
    with parts.writing() as session:
        deciders.stand_aside(session, pending.id, by=zoe.id, now=parts.clock())
    leave(parts, pending, ann, sami)
    assert state(parts) == (set(), True)


def test_nor_is_who_has_left(parts: Parts, ann: Person, sami: Person, zoe: Person, pending: Sent) -> None:
    leave(parts, pending, ann, sami)
    with parts.writing() as session:
        members.remove(session, zoe.email, parts.clock())
    assert state(parts) == (set(), True)


def test_a_decision_forgets_who_passed(parts: Parts, ann: Person, sami: Person, pending: Sent) -> None:
    leave(parts, pending, ann, sami, ann)
    with parts.writing() as session:
        decisions.decide(
            session,
            pending.id,
            Action.SPAM,
            revision=1,
            by=sami.id,
            now=parts.clock(),
            undo=timedelta(),
        )
    assert state(parts) == (set(), False)
    leave(parts, pending, ann)
    assert state(parts) == (set(), False)

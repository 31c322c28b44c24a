from datetime import timedelta

import pytest
from conftest import FakeClock, Sent, at_once

from moderation import decisions, drafts, edits, leases, submissions
from moderation.accounts import Person
from moderation.lifecycle import Action
from moderation.markup import Dialect
from moderation.web.dependencies import Parts


def take(parts: Parts, sent: Sent, person: Person, *, over: bool = False) -> int | None:
    with parts.writing() as session:
        return leases.take(session, sent.id, by=person.id, now=parts.clock(), over=over)


def reader_of(parts: Parts, sent: Sent) -> int | None:
    with parts.reading() as session:
        lease = leases.current(session, [sent.id], parts.clock()).get(sent.id)
        return lease.account_id if lease is not None else None


def test_the_first_who_reads_is_said_to(parts: Parts, ann: Person, sami: Person, pending: Sent) -> None:
    assert reader_of(parts, pending) is None
    assert take(parts, pending, ann) == ann.id
    assert take(parts, pending, sami) == ann.id
    assert reader_of(parts, pending) == ann.id


def test_it_is_over_by_itself(
    parts: Parts, clock: FakeClock, ann: Person, sami: Person, pending: Sent
) -> None:
    take(parts, pending, ann)
    clock.now += leases.LASTS - timedelta(seconds=1)
    assert reader_of(parts, pending) == ann.id
    clock.tick(seconds=1)
    assert reader_of(parts, pending) is None
    assert take(parts, pending, sami) == sami.id


def test_who_goes_on_reading_began_when_they_began(
    parts: Parts, clock: FakeClock, ann: Person, pending: Sent
) -> None:
    begun = clock()
    for _ in range(5):
        take(parts, pending, ann)
        clock.tick(minutes=2)
    with parts.reading() as session:
        assert leases.current(session, [pending.id], clock())[pending.id].since == begun


def test_it_is_taken_over_with_one_press(parts: Parts, ann: Person, sami: Person, pending: Sent) -> None:
    take(parts, pending, ann)
    assert take(parts, pending, sami, over=True) == sami.id
    assert take(parts, pending, ann) == sami.id


def test_it_blocks_nobody_and_ends_with_the_decision(
    parts: Parts, ann: Person, sami: Person, pending: Sent
) -> None:
    take(parts, pending, ann)
    with parts.writing() as session:
        decisions.decide(
            session,
            pending.id,
            Action.SPAM,
            revision=1,
            by=sami.id,
            now=parts.clock(),
            undo=timedelta(seconds=20),
        )
    assert reader_of(parts, pending) is None
    assert take(parts, pending, ann) is None


def test_it_ends_with_a_withdrawal(parts: Parts, ann: Person, pending: Sent) -> None:
    take(parts, pending, ann)
    with parts.writing() as session:
        submissions.withdraw(session, pending.tracking, revision=1, now=parts.clock())
    assert reader_of(parts, pending) is None


def test_it_ends_with_other_words(parts: Parts, ann: Person, sami: Person, pending: Sent) -> None:
    take(parts, pending, ann)
    words = drafts.rewritten("Zoé", "", "De tout autres mots.", dialect=Dialect.SPIP)
    with parts.writing() as session:
        edits.edit(session, pending.tracking, words, revision=1, now=parts.clock())
    assert reader_of(parts, pending) is None
    assert take(parts, pending, sami) == sami.id


def test_what_is_not_there_is_read_by_nobody(parts: Parts, ann: Person) -> None:
    with parts.writing() as session:
        assert leases.take(session, "absent", by=ann.id, now=parts.clock()) is None


@pytest.mark.parametrize("rounds", [10])
def test_two_hundred_who_take_it_at_once_make_one_reader(
    parts: Parts, ann: Person, sami: Person, pending: Sent, rounds: int
) -> None:
    for _ in range(rounds):
        said = at_once(*(lambda person=person: take(parts, pending, person) for person in [ann, sami] * 10))
        assert len(set(said)) == 1
        assert said[0] in {ann.id, sami.id}
        assert reader_of(parts, pending) == said[0]

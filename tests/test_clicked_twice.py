"""What is sent twice at once, as a double click does, is done once and no error."""

from collections.abc import Callable
from functools import partial

import pytest
from conftest import Sent, at_once
from sqlmodel import Session, func, select

from moderation import deciders, duty, notes, voices, watched
from moderation.accounts import Person
from moderation.models.judging import WatchedWord
from moderation.models.together import Duty, Note, Recusal, SectionPolicy
from moderation.policy import Policy
from moderation.web.dependencies import Parts


@pytest.mark.parametrize("what", [Recusal, Note, SectionPolicy, Duty, WatchedWord])
def test_what_is_sent_many_times_at_once_is_done_once(
    parts: Parts, ann: Person, pending: Sent, what: type[Recusal | Note | SectionPolicy | Duty | WatchedWord]
) -> None:
    now = parts.clock()

    def aside(session: Session) -> None:
        deciders.stand_aside(session, pending.id, by=ann.id, now=now)
        voices.end(session, pending.id, by=ann.id, now=now)

    deeds: dict[type, Callable[[Session], object]] = {
        Recusal: aside,
        Note: lambda session: notes.write(session, pending.id, "Un mot.", by=ann.id, now=now),
        SectionPolicy: lambda session: voices.set_policy(session, "Ville", Policy(2, 2, veto=False)),
        Duty: lambda session: duty.assign(session, "2026-W10", [ann.id]),
        WatchedWord: lambda session: watched.add(session, ["mot"]),
    }

    def write(deed: Callable[[Session], object]) -> None:
        with parts.writing() as session:
            deed(session)

    assert at_once(*[partial(write, deeds[what])] * 8) == [None] * 8
    with parts.reading() as session:
        assert session.exec(select(func.count()).select_from(what)).one() == 1


def test_taking_it_back_many_times_at_once_is_no_error(parts: Parts, ann: Person, pending: Sent) -> None:
    def come_back() -> None:
        with parts.writing() as session:
            deciders.come_back(session, pending.id, by=ann.id)

    with parts.writing() as session:
        deciders.stand_aside(session, pending.id, by=ann.id, now=parts.clock())
    assert at_once(*[come_back] * 4) == [None] * 4

from collections.abc import Callable
from datetime import timedelta

import pytest
from conftest import FEW, FakeClock, Sent, send
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import col, update

from moderation import audit, decisions, lifecycle, submissions
from moderation.accounts import Person
from moderation.audit import Move
from moderation.lifecycle import Action, Reason, Status
from moderation.models.public import Site, Thread
from moderation.models.queue import Comment
from moderation.web.dependencies import Parts

Settle = Callable[[], None]


def found(parts: Parts) -> tuple[list[str], list[str]]:
    with parts.reading() as session:
        return list(audit.faults(session)), list(audit.disagreements(session))


@pytest.fixture
def lived(parts: Parts, article: str, ann: Person, clock: FakeClock) -> list[Sent]:
    """Contributions that have been everywhere a contribution can be; the first is published."""
    sent = [send(parts, article, f"Un texte {number}.", author="Zoé") for number in range(7)]

    def decide(number: int, *actions: Action, undo: timedelta = timedelta()) -> int | None:
        for action in actions:
            with parts.writing() as session:
                comment = session.get_one(Comment, sent[number].id)
                reason = Reason.OFF_TOPIC if action in lifecycle.NEEDS_REASON else None
                made = decisions.decide(
                    session,
                    comment.id,
                    action,
                    revision=comment.revision,
                    by=ann.id,
                    now=clock(),
                    undo=undo,
                    reason=reason,
                )
                last = made.id
        return last

    decide(0, Action.PUBLISH)
    decide(1, Action.REFUSE, Action.PUBLISH, Action.UNPUBLISH, Action.REOPEN, Action.SPAM)
    undone = decide(2, Action.PUBLISH, undo=timedelta(minutes=1))
    assert undone is not None
    with parts.writing() as session:
        decisions.undo(session, undone, by=ann.id, now=clock())
    decide(2, Action.PUBLISH)
    with parts.writing() as session:
        submissions.withdraw(session, sent[3].tracking, revision=1, now=clock())
    decide(4, Action.PUBLISH, undo=timedelta(hours=1))  # waits
    taken = decide(5, Action.PUBLISH, Action.UNPUBLISH, undo=timedelta())
    assert taken is not None
    return sent


def test_a_log_that_was_lived_has_no_fault(parts: Parts, lived: list[Sent]) -> None:
    assert len(lived) == 7
    assert found(parts) == ([], [])


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (update(Comment).values(status=Status.REFUSED), "its log says"),
        (update(Comment).values(revision=1), "its log at 2"),
    ],
)
def test_a_contribution_that_is_not_where_its_log_leads_is_told(
    parts: Parts, lived: list[Sent], harm: object, told: str
) -> None:
    with parts.writing() as session:
        session.connection().execute(harm.where(col(Comment.id) == lived[0].id))  # type: ignore[attr-defined]
    faults, _ = found(parts)
    assert [fault for fault in faults if fault.startswith(lived[0].id) and told in fault]


HARMS = {
    "published, and not to be read": "DELETE FROM publication WHERE comment_id = '{0}'",
    "otherwise than it was approved": "UPDATE publication SET html = '<p>x</p>' WHERE comment_id = '{0}'",
    "to be read otherwise": "UPDATE publication SET author = 'Quelqu’un' WHERE comment_id = '{0}'",
    "to be read otherwise than": "UPDATE publication SET parent_id = 'x' WHERE comment_id = '{0}'",
    "to be read, and not published": "UPDATE comment SET status = 'spam' WHERE id = '{0}'",
    "its words are still there": "UPDATE publication SET html = 'x' WHERE taken_down_at IS NOT NULL",
    "of no contribution": "UPDATE publication SET comment_id = 'nobody' WHERE comment_id = '{0}'",
    "counts otherwise": "UPDATE thread SET count = 7",
    "the last number given": "UPDATE site SET last_number = 0",
}


@pytest.mark.parametrize("told", HARMS)
def test_a_public_copy_that_is_not_the_queues_is_told(parts: Parts, lived: list[Sent], told: str) -> None:
    with parts.writing() as session:
        session.connection().execute(text(HARMS[told].format(lived[0].id)))
    _, disagreements = found(parts)
    assert [words for words in disagreements if told in words]


def test_what_waits_for_its_window_is_no_disagreement(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock, settle: Settle
) -> None:
    with parts.writing() as session:
        undo = timedelta(seconds=parts.settings.undo_seconds)
        decisions.decide(session, pending.id, Action.PUBLISH, revision=1, by=ann.id, now=clock(), undo=undo)
    assert found(parts) == ([], [])
    settle()
    assert found(parts) == ([], [])
    with parts.reading() as session:
        assert session.get_one(Site, 1).last_number == 1
        assert session.get_one(Thread, 1).count == 1


def test_nothing_is_wrong_with_nothing(parts: Parts) -> None:
    assert found(parts) == ([], [])


# The replay, without a database

STEPS = st.lists(st.tuples(st.booleans(), st.sampled_from(Action), st.integers(1, 3)), max_size=12)


def lived_by(steps: list[tuple[bool, Action, int]]) -> tuple[Status, int, list[Move]]:
    """A log as the program would have written it."""
    status, revision, moves = Status.PENDING, 1, list[Move]()
    undone: set[int] = set()
    for number, (undo, action, gap) in enumerate(steps, start=1):
        last = moves[-1] if moves else None
        may_undo = last is not None and last.undoes is None and last.action is not Action.WITHDRAW
        if undo and may_undo and last is not None and last.id not in undone:
            move = Move(number, revision + gap, last.action, last.after, last.before, last.id)
            undone.add(last.id)
        elif (status, action) in lifecycle.MOVES:
            move = Move(number, revision + gap, action, status, lifecycle.MOVES[status, action], None)
        else:
            continue
        moves.append(move)
        status, revision = move.after, move.revision
    return status, revision, moves


@given(steps=STEPS)
def test_every_log_the_program_can_write_is_without_fault(steps: list[tuple[bool, Action, int]]) -> None:
    status, revision, moves = lived_by(steps)
    assert audit.fault(status, revision, moves) == ""
    assert audit.fault(status, revision + 5, moves) == ""


@FEW
@given(steps=STEPS, which=st.integers(0, 11), to=st.sampled_from(Status))
def test_a_line_that_says_something_else_is_a_fault(
    steps: list[tuple[bool, Action, int]], which: int, to: Status
) -> None:
    status, revision, moves = lived_by(steps)
    if which >= len(moves) or moves[which].after is to:
        return
    move = moves[which]
    moves[which] = Move(move.id, move.revision, move.action, move.before, to, move.undoes)
    assert audit.fault(status, revision, moves)
    moves[which] = Move(move.id, move.revision, move.action, to, move.after, move.undoes)
    assert audit.fault(status, revision, moves) or move.before is to


@FEW
@given(steps=STEPS)
def test_a_line_that_is_missing_or_twice_is_a_fault(steps: list[tuple[bool, Action, int]]) -> None:
    status, revision, moves = lived_by(steps)
    if moves:
        assert audit.fault(status, revision, moves[:-1]) or moves[-1].before is moves[-1].after
        assert audit.fault(status, revision, [*moves, moves[-1]])


def test_an_undo_of_nothing_or_of_an_undo_is_a_fault() -> None:
    published = Move(1, 2, Action.PUBLISH, Status.PENDING, Status.PUBLISHED, None)
    back = Move(2, 3, Action.PUBLISH, Status.PUBLISHED, Status.PENDING, 1)
    again = Move(3, 4, Action.PUBLISH, Status.PENDING, Status.PUBLISHED, 2)
    nothing = Move(2, 3, Action.PUBLISH, Status.PUBLISHED, Status.PENDING, 9)
    assert audit.fault(Status.PENDING, 3, [published, back]) == ""
    assert "no move" in audit.fault(Status.PUBLISHED, 4, [published, back, again])
    assert "no move" in audit.fault(Status.PENDING, 3, [published, nothing])

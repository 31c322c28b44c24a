from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from conftest import FakeClock, Sent, add_person, send
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select, update
from starlette.testclient import TestClient

from moderation import decisions
from moderation.accounts import Person
from moderation.decisions import Stale, TooLate
from moderation.lifecycle import Action, IllegalMove, Reason, Status
from moderation.models.people import Role
from moderation.models.queue import Comment, Decision
from moderation.remarks import ReasonNeeded
from moderation.web.dependencies import Parts

WINDOW = timedelta(seconds=20)


def decide(parts: Parts, sent: Sent, action: Action, by: Person, revision: int = 1, **more: object) -> int:
    with parts.writing() as session:
        decision = decisions.decide(
            session,
            sent.id,
            action,
            revision=revision,
            by=by.id,
            now=parts.clock(),
            undo=WINDOW,
            **more,  # type: ignore[arg-type]
        )
        assert decision.id is not None
        return decision.id


def status(parts: Parts, sent: Sent) -> tuple[Status, int]:
    with parts.reading() as session:
        comment = session.get_one(Comment, sent.id)
        return comment.status, comment.revision


def test_a_decision_moves_the_comment_and_writes_one_line(parts: Parts, pending: Sent, ann: Person) -> None:
    decide(parts, pending, Action.PUBLISH, ann)
    assert status(parts, pending) == (Status.PUBLISHED, 2)
    with parts.reading() as session:
        (line,) = session.exec(select(Decision)).all()
    assert (line.action, line.before, line.after, line.account_id) == (
        Action.PUBLISH,
        Status.PENDING,
        Status.PUBLISHED,
        ann.id,
    )


def test_a_changed_comment_cannot_be_decided(parts: Parts, pending: Sent, ann: Person, sami: Person) -> None:
    decide(parts, pending, Action.REFUSE, sami, reason=Reason.OFF_TOPIC)
    with pytest.raises(Stale) as stale:
        decide(parts, pending, Action.PUBLISH, ann)
    assert stale.value.last is not None
    assert (stale.value.last.by, stale.value.last.action) == ("Sami", Action.REFUSE)
    assert status(parts, pending) == (Status.REFUSED, 2)


def test_a_move_outside_the_table_is_refused(parts: Parts, pending: Sent, ann: Person) -> None:
    with pytest.raises(IllegalMove):
        decide(parts, pending, Action.REOPEN, ann)
    with pytest.raises(IllegalMove):
        decide(parts, pending, Action.WITHDRAW, ann)
    assert status(parts, pending) == (Status.PENDING, 1)


def test_a_refusal_needs_a_reason_and_other_needs_words(parts: Parts, pending: Sent, ann: Person) -> None:
    with pytest.raises(ReasonNeeded):
        decide(parts, pending, Action.REFUSE, ann)
    with pytest.raises(ReasonNeeded):
        decide(parts, pending, Action.REFUSE, ann, reason=Reason.OTHER)
    with pytest.raises(ReasonNeeded):
        decide(parts, pending, Action.REFUSE, ann, reason=Reason.OTHER, note="\u200b\u2060")
    decide(parts, pending, Action.REFUSE, ann, reason=Reason.OTHER, note="Déjà dit dans l’article.")
    assert status(parts, pending) == (Status.REFUSED, 2)


def test_promise_04_forty_moderators_make_one_move(parts: Parts, pending: Sent) -> None:
    people = [add_person(parts, f"m{n}@example.org", f"M{n}", Role.MODERATOR) for n in range(40)]

    def attempt(person: Person) -> str | None:
        action = Action.PUBLISH if person.id % 2 else Action.SPAM
        try:
            decide(parts, pending, action, person)
        except Stale as stale:
            return stale.last.by if stale.last else "nobody"
        return None

    with ThreadPoolExecutor(20) as pool:
        told = list(pool.map(attempt, people))
    with parts.reading() as session:
        (line,) = session.exec(select(Decision)).all()
    winner = next(person.name for person, by in zip(people, told, strict=True) if by is None)
    assert told.count(None) == 1
    assert {by for by in told if by} == {winner}
    assert line.account_id in {person.id for person in people if person.name == winner}


def test_promise_05_the_log_cannot_be_rewritten(parts: Parts, pending: Sent, ann: Person) -> None:
    decide(parts, pending, Action.SPAM, ann)
    with pytest.raises(DBAPIError, match="never changed"), parts.writing() as session:
        session.exec(update(Decision).values(reason=Reason.OTHER))
    with pytest.raises(DBAPIError, match="never"), parts.writing() as session:
        session.delete(session.exec(select(Decision)).one())


def test_undoing_within_the_window_puts_the_comment_back(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock
) -> None:
    decision = decide(parts, pending, Action.PUBLISH, ann)
    clock.tick(seconds=19)
    with parts.writing() as session:
        decisions.undo(session, decision, by=ann.id, now=clock())
    assert status(parts, pending) == (Status.PENDING, 3)
    with parts.reading() as session:
        lines = session.exec(select(Decision).order_by(col(Decision.id))).all()
    assert [line.undoes for line in lines] == [None, decision]


def test_undoing_after_the_window_is_too_late(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock
) -> None:
    decision = decide(parts, pending, Action.PUBLISH, ann)
    clock.tick(seconds=20)
    with pytest.raises(TooLate), parts.writing() as session:
        decisions.undo(session, decision, by=ann.id, now=clock())


def test_only_the_newest_decision_can_be_undone(parts: Parts, pending: Sent, ann: Person) -> None:
    first = decide(parts, pending, Action.SPAM, ann)
    decide(parts, pending, Action.REOPEN, ann, revision=2)
    with pytest.raises(TooLate), parts.writing() as session:
        decisions.undo(session, first, by=ann.id, now=parts.clock())


def test_promise_07_a_get_changes_nothing(
    parts: Parts, desk: TestClient, pending: Sent, article: str
) -> None:
    addresses = ["/", f"/articles/{article}", "/desk", f"/desk/comments/{pending.id}", "/desk/log"]
    for address in [*addresses, f"/track/{pending.tracking}", "/sign-in", "/track"]:
        assert desk.get(address).status_code == 200
    with parts.reading() as session, pytest.raises(DBAPIError, match=r"read.?only"):
        session.exec(update(Comment).values(revision=9))
    assert status(parts, pending) == (Status.PENDING, 1)


def test_two_texts_are_decided_apart(parts: Parts, article: str, ann: Person) -> None:
    one, other = send(parts, article, "Un texte."), send(parts, article, "Un autre.")
    decide(parts, one, Action.PUBLISH, ann)
    assert status(parts, other) == (Status.PENDING, 1)

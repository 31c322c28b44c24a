"""Many decisions in one go, on both databases."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import pytest
from conftest import FakeClock, Sent, add_article, add_person, at_once, send
from sqlmodel import col, func, select

from moderation import bulk, deciders, delivery, preferences, publication, submissions, voices
from moderation.accounts import Person
from moderation.bulk import Outcome, Seen
from moderation.deciders import MayNotDecide
from moderation.decisions import NotFound, Stale, TooLate
from moderation.lifecycle import Action, IllegalMove, Reason, Status
from moderation.models.people import Role
from moderation.models.public import LogLine, Publication
from moderation.models.queue import Comment, Decision, Letter, LetterKind
from moderation.policy import Policy
from moderation.remarks import NoteTooLong, ReasonNeeded
from moderation.turn import Busy
from moderation.web.dependencies import Parts

WINDOW = timedelta(seconds=20)


@pytest.fixture
def twenty(parts: Parts, article: str) -> list[Sent]:
    return [send(parts, article, f"La contribution numéro {number} parle du pont.") for number in range(20)]


def seen(sent: Sequence[Sent], revision: int = 1) -> list[Seen]:
    return [Seen(one.id, revision) for one in sent]


def decide(
    parts: Parts,
    selection: Sequence[Seen],
    action: Action,
    by: Person,
    reason: Reason | None = None,
    note: str = "",
    undo: timedelta = WINDOW,
) -> Outcome:
    with parts.writing() as session:
        outcome = bulk.decide(
            session, selection, action, by=by.id, now=parts.clock(), undo=undo, reason=reason, note=note
        )
        session.flush()
        session.expunge_all()
        return outcome


def decide_until_told(
    parts: Parts, selection: Sequence[Seen], action: Action, by: Person, undo: timedelta
) -> Outcome:
    """On a machine with too much to do, somebody is asked to press again, and does."""
    while True:
        try:
            return decide(parts, selection, action, by, undo=undo)
        except Busy:
            continue


def undo(parts: Parts, lot: str, by: Person) -> Outcome:
    with parts.writing() as session:
        outcome = bulk.undo(session, lot, by=by.id, now=parts.clock())
        session.expunge_all()
        return outcome


def states(parts: Parts) -> dict[Status, int]:
    with parts.reading() as session:
        rows = session.exec(select(Comment.status, func.count()).group_by(Comment.status))
        return {Status(status): number for status, number in rows}


def public(parts: Parts) -> int:
    with parts.reading() as session:
        shown = select(func.count()).select_from(Publication).where(col(Publication.taken_down_at).is_(None))
        return session.exec(shown).one()


def test_of_twenty_with_three_stale_seventeen_are_done_and_three_told(
    parts: Parts, twenty: list[Sent], ann: Person, sami: Person
) -> None:
    for one in twenty[:3]:
        decide(parts, seen([one]), Action.PUBLISH, sami)
    outcome = decide(parts, seen(twenty), Action.REFUSE, ann, Reason.DUPLICATE, "Déjà dit.")
    assert len(outcome.done) == 17
    assert {decision.reason for decision in outcome.done} == {Reason.DUPLICATE}
    assert [left.comment_id for left in outcome.left] == [one.id for one in twenty[:3]]
    for left in outcome.left:
        assert isinstance(left.why, Stale)
        assert left.why.last is not None
        assert (left.why.last.by, left.why.last.action) == ("Sami", Action.PUBLISH)
    assert states(parts) == {Status.PUBLISHED: 3, Status.REFUSED: 17}


def test_one_that_cannot_be_moved_so_or_is_not_there_is_told(
    parts: Parts, pending: Sent, ann: Person
) -> None:
    decide(parts, seen([pending]), Action.PUBLISH, ann)
    outcome = decide(parts, [Seen(pending.id, 2), Seen("nobody", 1)], Action.PUBLISH, ann)
    assert [type(left.why) for left in outcome.left] == [IllegalMove, NotFound]
    assert outcome.done == ()


def test_a_refusal_needs_its_reason_once_and_nothing_is_done_without(
    parts: Parts, twenty: list[Sent], ann: Person
) -> None:
    with pytest.raises(ReasonNeeded):
        decide(parts, seen(twenty), Action.REFUSE, ann)
    with pytest.raises(ReasonNeeded):
        decide(parts, seen(twenty), Action.REFUSE, ann, Reason.OTHER)
    with pytest.raises(NoteTooLong):
        decide(parts, seen(twenty), Action.SPAM, ann, note="x" * 2001)
    assert states(parts) == {Status.PENDING: 20}


def test_there_is_a_limit_to_one_go(parts: Parts, pending: Sent, ann: Person) -> None:
    with pytest.raises(bulk.TooMany):
        decide(parts, [Seen(pending.id, 1)] * (bulk.MOST + 1), Action.SPAM, ann)
    assert states(parts) == {Status.PENDING: 1}


def test_a_lot_is_undone_as_one_without_trace(
    parts: Parts, twenty: list[Sent], ann: Person, clock: FakeClock
) -> None:
    outcome = decide(parts, seen(twenty), Action.PUBLISH, ann)
    undone = undo(parts, outcome.lot, ann)
    assert (len(undone.done), undone.left) == (20, ())
    assert undone.lot != outcome.lot
    clock.tick(minutes=1)
    delivery.effects(parts.engine, parts.clock())
    assert (states(parts), public(parts)) == ({Status.PENDING: 20}, 0)


def test_of_a_lot_those_that_moved_on_stay_where_they_are(
    parts: Parts, twenty: list[Sent], ann: Person, sami: Person
) -> None:
    outcome = decide(parts, seen(twenty), Action.REFUSE, ann, Reason.OFF_TOPIC)
    decide(parts, seen(twenty[:2], 2), Action.REOPEN, sami)
    undone = undo(parts, outcome.lot, ann)
    assert len(undone.done) == 18
    assert {left.comment_id for left in undone.left} == {one.id for one in twenty[:2]}
    assert all(isinstance(left.why, TooLate) for left in undone.left)
    assert states(parts) == {Status.PENDING: 20}


def test_a_lot_whose_window_has_closed_is_left_as_it_is(
    parts: Parts, twenty: list[Sent], ann: Person, clock: FakeClock
) -> None:
    outcome = decide(parts, seen(twenty), Action.SPAM, ann)
    clock.tick(seconds=20)
    undone = undo(parts, outcome.lot, ann)
    assert (undone.done, len(undone.left)) == ((), 20)
    with pytest.raises(NotFound):
        undo(parts, "nothing", ann)


def test_taking_down_a_lot_and_undoing_it_puts_it_up_again(parts: Parts, ann: Person) -> None:
    sent = [
        send(parts, add_article(parts, f"article-{number}"), f"Une chose à dire, la {number}e.")
        for number in range(4)
    ]
    decide(parts, seen(sent), Action.PUBLISH, ann, undo=timedelta())
    assert public(parts) == 4
    outcome = decide(parts, seen(sent, 2), Action.UNPUBLISH, ann, Reason.PRIVACY)
    assert public(parts) == 0
    undo(parts, outcome.lot, ann)
    assert public(parts) == 4


def test_a_lot_is_written_down_as_so_many_lines(parts: Parts, twenty: list[Sent], ann: Person) -> None:
    outcome = decide(parts, seen(twenty), Action.SPAM, ann)
    with parts.reading() as session:
        lines = session.exec(select(Decision).where(Decision.lot == outcome.lot)).all()
    assert {line.comment_id for line in lines} == {one.id for one in twenty}
    assert {line.account_id for line in lines} == {ann.id}


def test_many_who_decide_the_same_at_once_make_one_move_each_and_know_of_one_another(parts: Parts) -> None:
    """Forty moderators, two hundred contributions under several articles, in as many orders."""
    articles = [add_article(parts, f"article-{number}") for number in range(5)]
    sent = [send(parts, articles[number % 5], f"Le texte numéro {number}.") for number in range(200)]
    people = [
        add_person(parts, f"m{number}@example.org", f"M{number}", Role.MODERATOR) for number in range(40)
    ]
    deeds = []
    for number, person in enumerate(people):
        mine = sent[number * 5 :] + sent[: number * 5]
        action = (Action.PUBLISH, Action.SPAM)[number % 2]
        undo = timedelta() if number % 4 == 0 else WINDOW
        deeds.append(partial(decide_until_told, parts, seen(mine), action, person, undo))
    outcomes = at_once(*deeds)
    assert [outcome for outcome in outcomes if not isinstance(outcome, Outcome)] == []
    assert sum(len(outcome.done) for outcome in outcomes) == 200
    left = [left for outcome in outcomes for left in outcome.left]
    assert len(left) == 40 * 200 - 200
    assert all(isinstance(one.why, Stale) and one.why.last and one.why.last.by for one in left)
    with parts.reading() as session:
        assert session.exec(select(func.count()).select_from(Decision)).one() == 200
        assert set(session.exec(select(Comment.revision)).all()) == {2}


def test_lots_that_share_contributions_and_threads_do_not_wait_for_each_other(
    parts: Parts, ann: Person, sami: Person
) -> None:
    """What is taken down touches its thread and the site too, and one by one others do the same."""
    articles = [add_article(parts, f"article-{number}") for number in range(3)]
    sent = [send(parts, articles[number % 3], f"Le texte numéro {number}.") for number in range(30)]
    decide(parts, seen(sent), Action.PUBLISH, ann, undo=timedelta())
    lots = [partial(decide, parts, seen(part, 2), Action.SPAM, ann) for part in (sent[:20], sent[10:][::-1])]
    alone = [partial(decide, parts, seen([one], 2), Action.SPAM, sami) for one in sent[::4]]
    outcomes = at_once(*lots, *alone)
    assert [outcome for outcome in outcomes if not isinstance(outcome, Outcome)] == []
    assert public(parts) == 0


def test_a_withdrawn_one_is_told_as_moved_by_its_author(parts: Parts, pending: Sent, ann: Person) -> None:
    with parts.writing() as session:
        submissions.withdraw(session, pending.tracking, revision=1, now=parts.clock())
    (left,) = decide(parts, seen([pending]), Action.PUBLISH, ann).left
    assert isinstance(left.why, Stale)
    assert left.why.last is not None
    assert (left.why.last.by, left.why.last.action) == (None, Action.WITHDRAW)


@pytest.mark.parametrize("word", ["", "a", "a:", "a:0", "a:b", "A:1", ":1", "a:1:2", "a:1234567890", "é:1"])
def test_what_names_no_revision_is_not_read(word: str) -> None:
    assert Seen.read(word) is None


def test_a_selection_is_read_from_its_words() -> None:
    assert Seen.read("k7qf3m2d9xwt41hb:12") == Seen("k7qf3m2d9xwt41hb", 12)


def test_where_two_voices_are_needed_a_lot_is_heard_and_then_done(
    parts: Parts, twenty: list[Sent], ann: Person, sami: Person
) -> None:
    with parts.writing() as session:
        voices.set_policy(session, "", Policy(2, 2, veto=False))
    first = decide(parts, seen(twenty), Action.PUBLISH, ann)
    assert (first.done, first.left, len(first.heard)) == ((), (), 20)
    assert {voice.missing for voice in first.heard} == {1}
    assert (states(parts), public(parts)) == ({Status.PENDING: 20}, 0)
    second = decide(parts, seen(twenty), Action.PUBLISH, sami)
    assert (len(second.done), second.left, second.heard) == (20, (), ())
    assert {line.lot for line in second.done} == {second.lot}
    assert states(parts) == {Status.PUBLISHED: 20}


def test_a_lot_leaves_those_a_person_stood_aside_from_and_those_of_other_sections(
    parts: Parts, twenty: list[Sent], ann: Person, sami: Person
) -> None:
    aside, unseen, *others = twenty
    with parts.writing() as session:
        preferences.set_sections(session, sami.id, ["Ville"], parts.clock())
        for one in (aside, unseen):
            deciders.stand_aside(session, one.id, by=sami.id, now=parts.clock())
        session.get_one(Comment, unseen.id).section = "Sport"
    outcome = decide(parts, seen(twenty), Action.PUBLISH, sami)
    assert [line.comment_id for line in outcome.done] == [one.id for one in others]
    kinds = {left.comment_id: type(left.why) for left in outcome.left}
    assert kinds == {aside.id: MayNotDecide, unseen.id: NotFound}
    assert decide(parts, seen([aside, unseen]), Action.PUBLISH, ann).left == ()


def test_who_stood_aside_undoes_none_of_a_lot_of_another(
    parts: Parts, twenty: list[Sent], ann: Person, sami: Person
) -> None:
    made = decide(parts, seen(twenty), Action.SPAM, ann)
    with parts.writing() as session:
        deciders.stand_aside(session, twenty[0].id, by=sami.id, now=parts.clock())
    outcome = undo(parts, made.lot, sami)
    assert len(outcome.done) == 19
    assert [(left.comment_id, type(left.why)) for left in outcome.left] == [(twenty[0].id, MayNotDecide)]


def test_what_just_took_effect_of_a_lot_is_left_as_it_is_told_and_written_to_as_it_would_have_been(
    parts: Parts, article: str, ann: Person, clock: FakeClock
) -> None:
    """Who takes it back asked in time, and waited too long for the database."""
    sent = send(parts, article, "Le pont rouvre.", email="zoe@example.org")
    lot = decide(parts, seen([sent]), Action.PUBLISH, ann).lot
    asked = clock() + WINDOW - timedelta(seconds=1)
    clock.tick(seconds=20)
    with parts.writing() as session:
        assert publication.perform(session, clock())  # and the log is not yet written
    with parts.writing() as session:
        (left,) = bulk.undo(session, lot, by=ann.id, now=asked).left
    assert isinstance(left.why, TooLate)
    delivery.effects(parts.engine, clock())
    with parts.reading() as session:
        assert session.exec(select(func.count()).select_from(LogLine)).one() == 1
        assert [letter.kind for letter in session.exec(select(Letter))] == [LetterKind.PUBLISHED]

"""How a question ends: by its author, once; or by itself, once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from conftest import FakeClock, Sent, at_once, send
from sqlmodel import col, delete, select
from test_questions import ASKED, ask, decide, lapses, status, undo

from moderation import answers, audit, decisions, delivery
from moderation.accounts import Person
from moderation.answers import Empty, TooLong
from moderation.decisions import NotFound, Stale
from moderation.lifecycle import Action, Status
from moderation.models.queue import Comment, Decision, Question
from moderation.pages.cards import cards
from moderation.pages.filters import Filter
from moderation.pages.queue import listing
from moderation.pages.tracking import tracking
from moderation.web.dependencies import Parts

SAID = "Du bulletin municipal."
FORTNIGHT = timedelta(days=14)


def answer(parts: Parts, sent: Sent, words: str = SAID, revision: int = 2) -> None:
    with parts.writing() as session:
        answers.answer(session, sent.tracking, words, revision=revision, now=parts.clock())


def question(parts: Parts) -> Question:
    """The newest."""
    with parts.reading() as session:
        return session.exec(select(Question).order_by(col(Question.id).desc()).limit(1)).one()


def lines(parts: Parts) -> list[tuple[str, str, int | None]]:
    with parts.reading() as session:
        rows = session.exec(select(Decision).order_by(col(Decision.id)))
        return [(line.action, line.after, line.account_id) for line in rows]


@pytest.fixture
def asked(parts: Parts, ann: Person, clock: FakeClock, pending: Sent) -> Sent:
    """One whose author knows of the question."""
    ask(parts, pending, ann)
    clock.tick(minutes=1)
    return pending


def test_an_answer_brings_it_back_to_its_place(
    parts: Parts, ann: Person, clock: FakeClock, asked: Sent, article: str
) -> None:
    clock.tick(hours=1)
    later = send(parts, article, "Venu après.")
    answer(parts, asked, f" {SAID}\r\n")
    with parts.reading() as session:
        waiting = listing(session, ann, Filter(), after=None).cards
    assert [(card.id, card.answered) for card in waiting] == [(asked.id, True), (later.id, False)]
    assert (question(parts).answer, question(parts).answered_at) == (SAID, clock())
    assert lines(parts) == [("ask", "asked", ann.id), ("answer", "pending", None)]
    assert lapses(parts) == []


@pytest.mark.parametrize(
    ("words", "error"), [(" \n", Empty), ("\u200b\u2060", Empty), ("a" * (answers.LONGEST + 1), TooLong)]
)
def test_an_answer_has_words_and_an_end(
    parts: Parts, asked: Sent, words: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        answer(parts, asked, words)
    assert status(parts, asked) is Status.ASKED


def test_nobody_answers_what_is_not_theirs(parts: Parts, asked: Sent) -> None:
    with pytest.raises(NotFound):
        answer(parts, replace(asked, tracking="zzzz"))
    assert status(parts, asked) is Status.ASKED


def test_a_question_that_is_not_shown_yet_is_not_answered(parts: Parts, ann: Person, pending: Sent) -> None:
    ask(parts, pending, ann)
    for revision in (1, 2):
        with pytest.raises(Stale):
            answer(parts, pending, revision=revision)
    assert status(parts, pending) is Status.ASKED


def test_the_same_answer_twice_is_one(parts: Parts, asked: Sent) -> None:
    answer(parts, asked)
    answer(parts, asked)
    with pytest.raises(Stale):
        answer(parts, asked, "Autre chose.")
    assert [action for action, _, _ in lines(parts)] == ["ask", "answer"]
    assert question(parts).answer == SAID


def test_of_two_answers_at_once_one_is_taken(parts: Parts, asked: Sent) -> None:
    told = at_once(*(lambda words=words: answer(parts, asked, words) for words in ("Un.", "Deux.")))
    assert sorted(type(one).__name__ for one in told) == ["NoneType", "Stale"]
    assert [action for action, _, _ in lines(parts)] == ["ask", "answer"]


def test_a_question_taken_back_is_not_answered(
    parts: Parts, ann: Person, clock: FakeClock, asked: Sent
) -> None:
    decide(parts, asked, ann, Action.REOPEN)
    clock.tick(minutes=1)
    with pytest.raises(Stale):
        answer(parts, asked)
    assert question(parts).answered_at is None


def test_an_answer_sets_aside_what_could_still_be_undone(
    parts: Parts, ann: Person, clock: FakeClock, asked: Sent
) -> None:
    decide(parts, asked, ann, Action.PUBLISH)
    clock.tick(seconds=5)
    answer(parts, asked)
    assert status(parts, asked) is Status.PENDING
    clock.tick(minutes=1)
    delivery.effects(parts.engine, clock())
    assert status(parts, asked) is Status.PENDING
    with parts.reading() as session:
        assert list(audit.faults(session)) == []
        assert list(audit.disagreements(session)) == []


def test_an_answered_question_may_be_followed_by_another(
    parts: Parts, ann: Person, clock: FakeClock, asked: Sent
) -> None:
    answer(parts, asked)
    ask(parts, asked, ann, "Et le lieu ?")
    clock.tick(minutes=1)
    answer(parts, asked, "Rue de la Butte.", revision=4)
    with parts.reading() as session:
        rows = session.exec(select(Question).order_by(col(Question.id))).all()
        assert [(one.text, one.answer) for one in rows] == [
            (ASKED, SAID),
            ("Et le lieu ?", "Rue de la Butte."),
        ]


def test_an_answer_is_nobodys_to_undo(parts: Parts, ann: Person, asked: Sent) -> None:
    answer(parts, asked)
    with parts.reading() as session:
        line = session.exec(select(Decision.id).where(Decision.action == Action.ANSWER)).one()
    assert line is not None
    with pytest.raises(NotFound):
        undo(parts, line, ann)


# Nobody answers


def test_left_unanswered_it_comes_back_by_itself_once(
    parts: Parts, ann: Person, clock: FakeClock, pending: Sent
) -> None:
    ask(parts, pending, ann)
    shown = clock() + timedelta(seconds=20)
    clock.now = shown + FORTNIGHT - timedelta(seconds=1)
    assert delivery.effects(parts.engine, clock()) == 0
    assert status(parts, pending) is Status.ASKED
    clock.tick(seconds=1)
    assert delivery.effects(parts.engine, clock()) == 1
    assert delivery.effects(parts.engine, clock()) == 0
    assert lines(parts) == [("ask", "asked", ann.id), ("lapse", "pending", None)]
    with parts.reading() as session:
        (card,) = cards(session, [pending.id])
        page = tracking(session, pending.tracking, clock())
    assert (card.status, card.answered, card.unanswered) == ("pending", False, True)
    assert page is not None
    assert (page.status, page.asked, page.exchange[0].lapsed_at) == ("pending", None, clock())
    with pytest.raises(Stale):
        answer(parts, pending)


def test_two_servers_bring_it_back_once(parts: Parts, clock: FakeClock, asked: Sent) -> None:
    clock.tick(days=15)
    at_once(*[lambda: delivery.effects(parts.engine, clock())] * 2)
    delivery.effects(parts.engine, clock())
    assert [action for action, _, _ in lines(parts)] == ["ask", "lapse"]
    assert status(parts, asked) is Status.PENDING


def test_an_answer_and_the_end_of_its_time_at_once_are_one_move(
    parts: Parts, clock: FakeClock, asked: Sent
) -> None:
    clock.tick(days=15)
    at_once(lambda: answer(parts, asked), lambda: delivery.effects(parts.engine, clock()))
    delivery.effects(parts.engine, clock())
    moves = [action for action, _, _ in lines(parts)]
    assert moves in (["ask", "answer"], ["ask", "lapse"])
    assert lapses(parts) == []


def test_what_was_decided_meanwhile_does_not_come_back(
    parts: Parts, ann: Person, clock: FakeClock, asked: Sent
) -> None:
    decide(parts, asked, ann, Action.SPAM)
    clock.tick(days=15)
    delivery.effects(parts.engine, clock())
    assert status(parts, asked) is Status.SPAM


def test_a_decision_undone_after_the_time_for_an_answer_lets_it_come_back(
    parts: Parts, ann: Person, clock: FakeClock, asked: Sent
) -> None:
    clock.tick(days=13, hours=23, minutes=59)
    decision = decide(parts, asked, ann, Action.PUBLISH, undo=timedelta(hours=1))
    clock.tick(minutes=30)
    delivery.effects(parts.engine, clock())
    undo(parts, decision, ann)
    assert status(parts, asked) is Status.ASKED
    delivery.effects(parts.engine, clock())
    assert status(parts, asked) is Status.PENDING


def test_one_whose_question_is_gone_comes_back_too_and_keeps_nothing_else_from_its_time(
    parts: Parts, ann: Person, clock: FakeClock, pending: Sent, article: str
) -> None:
    other = send(parts, article, "Une autre.")
    for sent in (pending, other):
        ask(parts, sent, ann)
    with parts.writing() as session:
        session.exec(delete(Question).where(col(Question.comment_id) == pending.id))
    clock.tick(days=15)
    delivery.effects(parts.engine, clock())
    assert [status(parts, sent) for sent in (pending, other)] == [Status.PENDING] * 2


def test_a_site_may_give_less_time(parts: Parts, ann: Person, clock: FakeClock, pending: Sent) -> None:
    with parts.writing() as session:
        decisions.speak(
            session,
            pending.id,
            Action.ASK,
            revision=1,
            by=ann.id,
            now=clock(),
            undo=timedelta(),
            note=ASKED,
            answer_within=timedelta(days=2),
        )
    clock.tick(days=2)
    delivery.effects(parts.engine, clock())
    assert status(parts, pending) is Status.PENDING


def test_the_log_of_every_end_is_whole(
    parts: Parts, ann: Person, clock: FakeClock, asked: Sent, article: str
) -> None:
    others = [send(parts, article, words) for words in ("Un.", "Deux.", "Trois.")]
    for other in others:
        ask(parts, other, ann)
    clock.tick(minutes=1)
    answer(parts, others[0])
    undo(parts, decide(parts, others[1], ann, Action.REOPEN), ann)
    decide(parts, others[2], ann, Action.PUBLISH, undo=timedelta())
    clock.tick(days=15)
    delivery.effects(parts.engine, clock())
    with parts.reading() as session:
        assert list(audit.faults(session)) == []
        assert list(audit.disagreements(session)) == []
        statuses = dict(session.exec(select(Comment.id, Comment.status)).all())
    assert statuses == {
        asked.id: Status.PENDING,
        others[0].id: Status.PENDING,
        others[1].id: Status.PENDING,
        others[2].id: Status.PUBLISHED,
    }

"""What authors are asked: how a question is kept, taken back, erased, and what stands beside it."""

from datetime import timedelta

import pytest
from conftest import FakeClock, Sent, send
from sqlmodel import col, select

from moderation import decisions, questions, submissions, vetoes, voices
from moderation.accounts import Person
from moderation.decisions import Undecided
from moderation.lifecycle import Action, IllegalMove, Reason, Status
from moderation.models.queue import Comment, Decision, Effect, EffectKind, Letter, LetterKind, Question
from moderation.pages.cards import cards
from moderation.pages.filters import Filter
from moderation.pages.item import item
from moderation.pages.queue import listing
from moderation.policy import Policy
from moderation.remarks import LONGEST_NOTE, NoteTooLong, QuestionNeeded
from moderation.web.dependencies import Parts

WINDOW = timedelta(seconds=20)
ASKED = "D’où vient la date ?"


def decide(
    parts: Parts,
    sent: Sent,
    person: Person,
    action: Action,
    note: str = "",
    reason: Reason | None = None,
    undo: timedelta = WINDOW,
) -> int:
    """On the revision it has; the decision’s number."""
    with parts.writing() as session:
        made = decisions.decide(
            session,
            sent.id,
            action,
            revision=session.get_one(Comment, sent.id).revision,
            by=person.id,
            now=parts.clock(),
            undo=undo,
            reason=reason,
            note=note,
        )
        assert made.id is not None
        return made.id


def ask(parts: Parts, sent: Sent, person: Person, words: str = ASKED) -> int:
    return decide(parts, sent, person, Action.ASK, words)


def undo(parts: Parts, decision: int, person: Person) -> None:
    with parts.writing() as session:
        decisions.undo(session, decision, by=person.id, now=parts.clock())


def status(parts: Parts, sent: Sent) -> Status:
    with parts.reading() as session:
        return session.get_one(Comment, sent.id).status


def asked(parts: Parts) -> list[str]:
    with parts.reading() as session:
        return [question.text for question in session.exec(select(Question).order_by(col(Question.id)))]


def lapses(parts: Parts) -> list[int]:
    """The decisions whose questions are still waited for."""
    with parts.reading() as session:
        return list(session.exec(select(Effect.decision_id).where(Effect.kind == EffectKind.LAPSE)))


def letters(parts: Parts) -> int:
    with parts.reading() as session:
        return len(session.exec(select(Letter).where(Letter.kind == LetterKind.QUESTION)).all())


@pytest.fixture
def addressed(parts: Parts, article: str) -> Sent:
    """One that came with an address."""
    return send(parts, article, "Le pont rouvre mardi.", author="Zoé", email="Zoe@example.org")


def test_what_was_asked_waits_for_its_author_and_its_words_are_not_in_the_log(
    parts: Parts, ann: Person, pending: Sent
) -> None:
    decision = ask(parts, pending, ann, f"  {ASKED}\r\n\x07")
    assert status(parts, pending) is Status.ASKED
    assert asked(parts) == [ASKED]
    with parts.reading() as session:
        line = session.get_one(Decision, decision)
    assert (line.action, line.before, line.after, line.note) == ("ask", "pending", "asked", "")


@pytest.mark.parametrize("words", ["", " \n\t", "\x00", "\u200b\u2060"])
def test_a_question_has_words(parts: Parts, ann: Person, pending: Sent, words: str) -> None:
    with pytest.raises(QuestionNeeded):
        ask(parts, pending, ann, words)
    assert status(parts, pending) is Status.PENDING


def test_a_question_has_an_end(parts: Parts, ann: Person, pending: Sent) -> None:
    with pytest.raises(NoteTooLong):
        ask(parts, pending, ann, "a" * (LONGEST_NOTE + 1))
    ask(parts, pending, ann, "a" * LONGEST_NOTE)
    assert status(parts, pending) is Status.ASKED


def test_nobody_is_asked_about_what_was_decided(parts: Parts, ann: Person, pending: Sent) -> None:
    decide(parts, pending, ann, Action.SPAM)
    with pytest.raises(IllegalMove):
        ask(parts, pending, ann)


@pytest.mark.parametrize("action", [Action.ANSWER, Action.LAPSE])
def test_a_moderator_neither_answers_nor_lets_time_pass(
    parts: Parts, ann: Person, pending: Sent, action: Action
) -> None:
    ask(parts, pending, ann)
    with pytest.raises(IllegalMove):
        decide(parts, pending, ann, action)


def test_undone_a_question_leaves_nothing(parts: Parts, ann: Person, addressed: Sent) -> None:
    decision = ask(parts, addressed, ann)
    assert (lapses(parts), letters(parts)) == ([decision], 1)
    undo(parts, decision, ann)
    assert status(parts, addressed) is Status.PENDING
    assert (asked(parts), lapses(parts), letters(parts)) == ([], [], 0)


@pytest.mark.parametrize(
    ("action", "after"),
    [
        (Action.PUBLISH, Status.PUBLISHED),
        (Action.REFUSE, Status.REFUSED),
        (Action.SPAM, Status.SPAM),
        (Action.REOPEN, Status.PENDING),
    ],
)
def test_a_moderator_need_not_wait_for_the_answer(
    parts: Parts, ann: Person, clock: FakeClock, pending: Sent, action: Action, after: Status
) -> None:
    first = ask(parts, pending, ann)
    clock.tick(hours=1)
    decision = decide(parts, pending, ann, action, reason=Reason.PRIVACY)
    assert status(parts, pending) is after
    assert lapses(parts) == []
    undo(parts, decision, ann)
    assert status(parts, pending) is Status.ASKED
    assert lapses(parts) == [first]


def test_nobody_is_written_to_without_an_address(parts: Parts, ann: Person, pending: Sent) -> None:
    ask(parts, pending, ann)
    assert letters(parts) == 0


def test_another_question_follows_the_first(
    parts: Parts, ann: Person, clock: FakeClock, pending: Sent
) -> None:
    ask(parts, pending, ann)
    clock.tick(hours=1)
    decide(parts, pending, ann, Action.REOPEN)
    ask(parts, pending, ann, "Et le lieu ?")
    assert asked(parts) == [ASKED, "Et le lieu ?"]


def test_withdrawing_erases_what_was_asked_and_answered(
    parts: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    ask(parts, addressed, ann)
    clock.tick(minutes=1)
    with parts.writing() as session:
        submissions.withdraw(session, addressed.tracking, revision=2, now=clock())
    assert status(parts, addressed) is Status.WITHDRAWN
    assert (asked(parts), lapses(parts), letters(parts)) == ([], [], 0)


def test_what_waits_for_its_author_is_in_a_list_of_its_own(
    parts: Parts, ann: Person, pending: Sent, article: str
) -> None:
    other = send(parts, article, "Un autre texte.")
    ask(parts, pending, ann)
    with parts.reading() as session:
        waiting = listing(session, ann, Filter(), after=None).cards
        for_answers = listing(session, ann, Filter(Status.ASKED), after=None).cards
    assert [card.id for card in waiting] == [other.id]
    assert [card.id for card in for_answers] == [pending.id]


def test_a_card_says_nothing_of_a_question_that_is_still_open(
    parts: Parts, ann: Person, pending: Sent
) -> None:
    ask(parts, pending, ann)
    with parts.reading() as session:
        (card,) = cards(session, [pending.id])
    assert (card.answered, card.unanswered) == (False, False)


# Several voices


def test_one_person_asks_however_many_decide(
    parts: Parts, ann: Person, sami: Person, clock: FakeClock, pending: Sent
) -> None:
    with parts.writing() as session:
        voices.set_policy(session, "", Policy(publish=2, refuse=2, veto=True))
        decisions.speak(session, pending.id, Action.PUBLISH, revision=1, by=ann.id, now=clock(), undo=WINDOW)
    ask(parts, pending, sami)
    assert status(parts, pending) is Status.ASKED
    with parts.reading() as session:
        assert voices.counting(session, session.get_one(Comment, pending.id)) == []


def test_to_ask_lifts_no_veto(
    parts: Parts, ann: Person, sami: Person, clock: FakeClock, pending: Sent
) -> None:
    with parts.writing() as session:
        voices.set_policy(session, "", Policy(publish=1, refuse=1, veto=True))
        vetoes.object_to(session, pending.id, revision=1, by=ann.id, now=clock())
    decision = ask(parts, pending, sami)
    with pytest.raises(Undecided):
        decide(parts, pending, sami, Action.PUBLISH)
    undo(parts, decision, sami)
    with pytest.raises(Undecided):
        decide(parts, pending, sami, Action.PUBLISH)
    ask(parts, pending, sami)
    clock.tick(minutes=1)
    decide(parts, pending, sami, Action.REOPEN)
    with pytest.raises(Undecided):
        decide(parts, pending, sami, Action.PUBLISH)
    assert status(parts, pending) is Status.PENDING


def test_an_author_knows_of_a_question_once_its_window_has_closed(
    parts: Parts, ann: Person, clock: FakeClock, pending: Sent
) -> None:
    ask(parts, pending, ann)
    for seconds, shown in ((0, False), (19, False), (1, True)):
        clock.tick(seconds=seconds)
        with parts.reading() as session:
            question = session.exec(select(Question)).one()
            assert questions.is_shown(session, question, clock()) is shown


def test_a_question_overtaken_before_it_was_shown_never_is(
    parts: Parts, ann: Person, clock: FakeClock, pending: Sent
) -> None:
    ask(parts, pending, ann)
    clock.tick(seconds=10)
    decision = decide(parts, pending, ann, Action.PUBLISH)
    clock.tick(seconds=15)
    with parts.reading() as session:
        assert not questions.is_shown(session, session.exec(select(Question)).one(), clock())
    undo(parts, decision, ann)
    with parts.reading() as session:
        assert questions.is_shown(session, session.exec(select(Question)).one(), clock())


def test_nobody_is_asked_who_could_not_read_it(parts: Parts, ann: Person, pending: Sent) -> None:
    with parts.writing() as session:
        submissions.revoke(session, pending.tracking)
    with pytest.raises(IllegalMove):
        ask(parts, pending, ann)
    with parts.reading() as session:
        page = item(session, ann, pending.id)
    assert page is not None
    assert Action.ASK not in page.actions

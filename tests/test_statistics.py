from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from conftest import FakeClock, Sent, add_article, send, statements
from sqlalchemy import Engine

from moderation import answers, articles, contesting, decisions, submissions
from moderation.accounts import Person
from moderation.appeals import Outcome
from moderation.articles import Content
from moderation.lifecycle import Action, Reason
from moderation.pages import statistics
from moderation.pages.statistics import Statistics, Wait
from moderation.web.dependencies import Parts

# The clock begins on Sunday the 1st of March 2026, at ten in Paris.
PARIS = ZoneInfo("Europe/Paris")
Decide = Callable[..., int]


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


@pytest.fixture
def decide(parts: Parts, ann: Person) -> Decide:
    def made(
        sent: Sent, action: Action = Action.PUBLISH, *, revision: int = 1, reason: Reason | None = None
    ) -> int:
        with parts.writing() as session:
            line = decisions.decide(
                session,
                sent.id,
                action,
                revision=revision,
                by=ann.id,
                now=parts.clock(),
                undo=timedelta(hours=1),
                reason=reason,
                note="Pourquoi.",
            )
            assert line.id is not None
            return line.id

    return made


def looked_at(parts: Parts, person: Person) -> Statistics:
    with parts.reading() as session:
        return statistics.statistics(session, person, PARIS, parts.clock())


def test_what_was_received_and_decided_is_counted_week_by_week(
    parts: Parts, ann: Person, clock: FakeClock, article: str, decide: Decide
) -> None:
    first, second = send(parts, article, "Un."), send(parts, article, "Deux.")
    clock.tick(hours=13)  # eleven in the evening in Paris
    send(parts, article, "Trois, dimanche encore.")
    clock.tick(hours=1)  # Monday
    send(parts, article, "Quatre, lundi.")
    decide(first)
    decide(second, Action.SPAM)
    page = looked_at(parts, ann)
    assert [(line.week.name, line.arrivals, line.decisions) for line in page.lines[-3:]] == [
        ("2026-W08", 0, 0),
        ("2026-W09", 3, 0),
        ("2026-W10", 1, 2),
    ]
    assert len(page.lines) == 26


def test_what_is_older_than_the_weeks_shown_is_not_counted(
    parts: Parts, ann: Person, clock: FakeClock, article: str, decide: Decide
) -> None:
    decide(send(parts, article, "Un."))
    clock.tick(weeks=25)
    assert (looked_at(parts, ann).lines[0].arrivals, looked_at(parts, ann).lines[0].decisions) == (1, 1)
    clock.tick(weeks=1)
    page = looked_at(parts, ann)
    assert sum(line.arrivals for line in page.lines) == sum(line.decisions or 0 for line in page.lines) == 0
    assert (page.reasons, page.sections) == ((), ())


def test_what_was_undone_was_never_decided(
    parts: Parts, ann: Person, clock: FakeClock, pending: Sent, decide: Decide
) -> None:
    clock.tick(hours=2)
    line = decide(pending, Action.REFUSE, reason=Reason.OFF_TOPIC)
    with parts.writing() as session:
        decisions.undo(session, line, by=ann.id, now=clock.tick(minutes=1))
    page = looked_at(parts, ann)
    assert (page.lines[-1].decisions, page.lines[-1].wait) == (0, None)
    assert (page.reasons, page.sections) == ((), ())
    clock.tick(minutes=59)
    decide(pending, revision=3)
    page = looked_at(parts, ann)
    assert (page.lines[-1].decisions, page.lines[-1].wait) == (1, Wait(hours(3), hours(3)))


def test_a_text_its_author_took_back_was_decided_by_nobody(parts: Parts, ann: Person, pending: Sent) -> None:
    with parts.writing() as session:
        submissions.withdraw(session, pending.tracking, revision=1, now=parts.clock())
    page = looked_at(parts, ann)
    assert (page.lines[-1].arrivals, page.lines[-1].decisions, page.oldest) == (1, 0, None)


def test_the_wait_ends_with_the_first_decision(
    parts: Parts, ann: Person, clock: FakeClock, pending: Sent, decide: Decide
) -> None:
    clock.tick(hours=2)
    decide(pending)
    clock.tick(hours=5)
    decide(pending, Action.UNPUBLISH, revision=2, reason=Reason.PRIVACY)
    decide(pending, Action.REOPEN, revision=3)
    clock.tick(hours=5)
    decide(pending, revision=4)
    page = looked_at(parts, ann)
    assert (page.lines[-1].decisions, page.lines[-1].wait) == (4, Wait(hours(2), hours(2)))


@pytest.mark.parametrize(
    ("number", "half", "most"), [(1, 1, 1), (2, 1, 2), (3, 2, 3), (9, 5, 9), (10, 5, 9), (11, 6, 10)]
)
def test_half_and_nine_in_ten_had_waited_no_longer(
    parts: Parts,
    ann: Person,
    clock: FakeClock,
    article: str,
    decide: Decide,
    number: int,
    half: int,
    most: int,
) -> None:
    clock.tick(days=1)
    for sent in [send(parts, article, f"Texte {n}.") for n in range(number)]:
        clock.tick(hours=1)
        decide(sent)
    assert looked_at(parts, ann).lines[-1].wait == Wait(hours(half), hours(most))


def test_the_oldest_is_the_one_that_waits_longest(
    parts: Parts, ann: Person, clock: FakeClock, article: str, decide: Decide
) -> None:
    assert looked_at(parts, ann).oldest is None
    decided = send(parts, article, "Un.")
    clock.tick(days=1)
    send(parts, article, "Deux.")
    clock.tick(days=3)
    decide(decided)
    assert looked_at(parts, ann).oldest == timedelta(days=3)


def test_reasons_and_sections_are_counted_the_most_frequent_first(
    parts: Parts, ann: Person, article: str, decide: Decide
) -> None:
    with parts.writing() as session:
        articles.put(session, "pre", Content(title="Le pré", body="", section="Campagne"), now=parts.clock())
        articles.put(session, "nulle-part", Content(title="Où ?", body="", section=""), now=parts.clock())
    for number in range(2):
        decide(send(parts, "pre", f"Le pré {number}."), Action.REFUSE, reason=Reason.PRIVACY)
    decide(send(parts, article, "En ville."), Action.REFUSE, reason=Reason.OTHER)
    decide(send(parts, "nulle-part", "Nulle part."))
    page = looked_at(parts, ann)
    assert page.reasons == ((Reason.PRIVACY, 2), (Reason.OTHER, 1))
    assert page.sections == (("Campagne", 2), ("", 1), ("Ville", 1))


def test_where_decisions_are_too_many_fewer_weeks_are_told_and_those_exactly(
    parts: Parts,
    ann: Person,
    clock: FakeClock,
    article: str,
    decide: Decide,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(statistics, "LOOKED_AT", 4)
    for number in range(6):
        decide(send(parts, article, f"Texte {number}."))
        clock.tick(days=4)
    clock.tick(days=-4)
    lines = looked_at(parts, ann).lines
    told = [(line.arrivals, line.decisions) for line in lines[-4:]]
    assert told == [(1, None), (1, None), (2, 2), (2, 2)]
    monkeypatch.setattr(statistics, "LOOKED_AT", 1000)
    assert sum(line.decisions or 0 for line in looked_at(parts, ann).lines) == 6


def test_however_much_there_is_the_same_few_questions_are_asked(
    parts: Parts, engine: Engine, ann: Person, clock: FakeClock, decide: Decide
) -> None:
    slug = add_article(parts, "le-lac")
    for number in range(30):
        decide(send(parts, slug, f"Texte {number}."))
        clock.tick(days=3)
    with statements(engine) as asked:
        looked_at(parts, ann)
    assert len(asked) == 5


def test_to_ask_decides_nothing_and_what_was_sent_waits_all_along(
    parts: Parts, ann: Person, clock: FakeClock, article: str, decide: Decide
) -> None:
    one, two = send(parts, article, "Un."), send(parts, article, "Deux.")
    for sent in (one, two):
        decide(sent, Action.ASK)
    clock.tick(hours=2)
    with parts.writing() as session:
        answers.answer(session, one.tracking, "Oui.", revision=2, now=clock())
    decide(two, Action.REOPEN, revision=2)
    assert looked_at(parts, ann).lines[-1].decisions == 0
    clock.tick(hours=1)
    decide(one, revision=3)
    line = looked_at(parts, ann).lines[-1]
    assert (line.decisions, line.wait) == (1, Wait(hours(3), hours(3)))


def test_what_was_contested_is_counted_with_what_came_of_it(
    parts: Parts, ann: Person, sami: Person, clock: FakeClock, article: str, decide: Decide
) -> None:
    texts = ("Confirmée.", "Modifiée.", "Attendue.", "Retirée.", "Annulée.")
    sent = [send(parts, article, text) for text in texts]
    for one in sent:
        decide(one, Action.REFUSE, reason=Reason.OFF_TOPIC)
    clock.tick(hours=1)
    for one in sent:
        with parts.writing() as session:
            contesting.appeal(session, one.tracking, "Pourtant.", revision=2, now=clock())
    made = {}
    for one, action in ((sent[0], Action.REFUSE), (sent[1], Action.PUBLISH), (sent[4], Action.PUBLISH)):
        with parts.writing() as session:
            line = decisions.decide(
                session,
                one.id,
                action,
                revision=3,
                by=sami.id,
                now=clock(),
                undo=hours(1),
                reason=Reason.OFF_TOPIC if action is Action.REFUSE else None,
                note="Relue.",
            )
            made[one.id] = line.id
    with parts.writing() as session:
        submissions.withdraw(session, sent[3].tracking, revision=3, now=clock())
        undone = made[sent[4].id]
        assert undone is not None
        decisions.undo(session, undone, by=sami.id, now=clock())
    assert dict(looked_at(parts, ann).appeals) == {
        Outcome.WAITS: 2,
        Outcome.UPHELD: 1,
        Outcome.CHANGED: 1,
        Outcome.WITHDRAWN: 1,
    }

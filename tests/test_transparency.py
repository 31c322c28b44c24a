"""The figures of a month that is over: what they count, when they are told, and what they leave out."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from conftest import FakeClock, Sent, at_once, send, statements
from pydantic import ValidationError
from sqlmodel import Session, select
from test_public_log import UNDO, decide

from moderation import (
    answers,
    contesting,
    decisions,
    delivery,
    drafts,
    replies,
    sparing,
    submissions,
    transparency,
)
from moderation.accounts import Person
from moderation.lifecycle import Action, Reason
from moderation.markup import Dialect
from moderation.models.public import Figure, MonthFigure
from moderation.models.queue import Comment
from moderation.months import Month
from moderation.settings import Settings
from moderation.sparing import FEWEST, OTHERS
from moderation.web.dependencies import Parts

MARCH = Month(2026, 3)
HOUR = timedelta(hours=1)
TOLD = ("restricted", "appealed", "answered")
Cells = dict[tuple[str, str], int | None]


def cells(session: Session, month: Month) -> Cells:
    rows = session.exec(select(MonthFigure).where(MonthFigure.month == month.name))
    return {(row.figure.value, row.part): row.count for row in rows}


def told(parts: Parts, month: Month = MARCH) -> Cells:
    """What is published of a month, once it is."""
    with parts.reading() as session:
        return cells(session, month)


def counted(parts: Parts, month: Month = MARCH) -> transparency.Tally:
    """Everything, as of when it is told."""
    with parts.reading() as session:
        return transparency.count(session, month, month.ends + transparency.SETTLES)


def over(parts: Parts, clock: FakeClock, month: Month = MARCH) -> None:
    clock.now = max(clock.now, month.ends + transparency.SETTLES)
    delivery.effects(parts.engine, clock())


def several(parts: Parts, article: str, number: int) -> list[Sent]:
    return [send(parts, article, f"Le texte {parts.clock():%d%H%M}, le {n}e.") for n in range(number)]


def appeal(parts: Parts, sent: Sent, revision: int = 2) -> None:
    with parts.writing() as session:
        contesting.appeal(session, sent.tracking, "Pourtant.", revision=revision, now=parts.clock())


def answer(parts: Parts, sent: Sent, by: Person, action: Action) -> None:
    with parts.writing() as session:
        decisions.decide(
            session,
            sent.id,
            action,
            revision=3,
            by=by.id,
            now=parts.clock(),
            undo=UNDO,
            reason=Reason.OTHER if action is Action.REFUSE else None,
            note="Relue.",
        )


def test_a_month_is_told_a_day_after_its_end_and_once(
    parts: Parts, clock: FakeClock, article: str, ann: Person
) -> None:
    for one in several(parts, article, 6):
        decide(parts, one, ann, Action.PUBLISH)
    clock.now = MARCH.ends + transparency.SETTLES - timedelta(seconds=1)
    delivery.effects(parts.engine, clock())
    assert told(parts) == {}
    clock.tick(seconds=1)
    assert delivery.effects(parts.engine, clock()) == 1
    first = told(parts)
    assert first["received", ""] == first["published", ""] == 6
    assert (first["restricted", ""], first["withdrawn", ""], first["answered", ""]) == (0, 0, 0)
    assert delivery.effects(parts.engine, clock()) == 0


def test_no_window_is_as_long_as_a_month_waits_to_be_told() -> None:
    longest = min(transparency.SETTLES, transparency.WINDOW)
    with pytest.raises(ValidationError):
        Settings(undo_seconds=longest.total_seconds())


def test_before_anything_was_sent_there_is_no_month_to_tell(parts: Parts, clock: FakeClock) -> None:
    clock.tick(days=400)
    assert delivery.effects(parts.engine, clock()) == 0


def test_a_site_that_has_been_there_for_long_tells_every_month(
    parts: Parts, clock: FakeClock, article: str
) -> None:
    send(parts, article, "En mars.")
    over(parts, clock, Month(2027, 2))
    with parts.reading() as session:
        months = sorted({*session.exec(select(MonthFigure.month))})
    assert months == [f"2026-{n:02}" for n in range(3, 13)] + ["2027-01", "2027-02"]


def test_what_happens_later_changes_no_month_that_was_told(
    parts: Parts, clock: FakeClock, article: str, ann: Person
) -> None:
    sent = several(parts, article, 6)
    for one in sent:
        decide(parts, one, ann, Action.PUBLISH)
    over(parts, clock)
    first = told(parts)
    for one in sent:
        decide(parts, one, ann, Action.UNPUBLISH, 2, reason=Reason.PRIVACY)
    over(parts, clock, Month(2026, 4))
    assert told(parts) == first
    april = told(parts, Month(2026, 4))
    assert (april["received", ""], april["published", ""], april["restricted", ""]) == (0, 0, 6)


def test_a_decision_counts_in_the_month_in_which_it_takes_effect(
    parts: Parts, clock: FakeClock, article: str, ann: Person
) -> None:
    sent = several(parts, article, 5)
    clock.now = MARCH.ends - timedelta(seconds=10)
    for one in sent:
        decide(parts, one, ann, Action.REFUSE, reason=Reason.OFF_TOPIC)
    assert counted(parts).wholes[Figure.RESTRICTED] == 0
    assert counted(parts, Month(2026, 4)).wholes[Figure.RESTRICTED] == 5


def test_what_was_undone_or_overtaken_is_counted_nowhere(
    parts: Parts, clock: FakeClock, article: str, ann: Person
) -> None:
    one, two = several(parts, article, 2)
    with parts.writing() as session:
        line = decisions.decide(
            session,
            one.id,
            Action.SPAM,
            revision=1,
            by=ann.id,
            now=clock(),
            undo=HOUR,
        )
        decisions.undo(session, line.id or 0, by=ann.id, now=clock())
    decide(parts, two, ann, Action.REFUSE, reason=Reason.DUPLICATE)
    decide(parts, two, ann, Action.PUBLISH, 2)
    tally = counted(parts)
    assert tally.wholes == Counter({Figure.PUBLISHED: 1})
    assert (tally.reasons, len(tally.waits)) == (Counter(), 1)


def test_what_the_moderation_wrote_itself_is_not_counted(
    parts: Parts, clock: FakeClock, pending: Sent, ann: Person
) -> None:
    with parts.writing() as session:
        words = drafts.read("", "", "La modération répond.", dialect=Dialect.SPIP)
        replies.publish(session, pending.id, words, revision=1, by=ann.id, now=clock(), undo=UNDO)
    tally = counted(parts)
    assert (tally.received, tally.wholes) == (1, Counter({Figure.PUBLISHED: 1}))


def test_what_is_contested_is_counted_when_it_is_and_its_answer_when_it_comes(
    parts: Parts, clock: FakeClock, article: str, ann: Person, sami: Person, settle: Callable[[], None]
) -> None:
    upheld, changed, withdrawn, waiting = several(parts, article, 4)
    decide(parts, upheld, ann, Action.SPAM)
    for one in (changed, withdrawn, waiting):
        decide(parts, one, ann, Action.REFUSE, reason=Reason.OFF_TOPIC)
    settle()
    for one in (upheld, changed, withdrawn, waiting):
        appeal(parts, one)
    clock.now = MARCH.ends + HOUR
    answer(parts, upheld, sami, Action.SPAM)
    answer(parts, changed, sami, Action.PUBLISH)
    with parts.writing() as session:
        submissions.withdraw(session, withdrawn.tracking, revision=3, now=clock())
    march, april = counted(parts), counted(parts, Month(2026, 4))
    assert march.appealed == Counter(spam=1, restricted=3)
    assert march.answered == april.appealed == Counter()
    assert april.answered == Counter(upheld=1, changed=1, withdrawn=1)
    assert april.wholes[Figure.WITHDRAWN] == 1


def test_the_wait_is_that_of_the_first_decision_in_hours_begun_and_of_five_at_least(
    parts: Parts, clock: FakeClock, article: str, ann: Person, settle: Callable[[], None]
) -> None:
    sent = several(parts, article, 5)
    for place, one in enumerate(sent):
        clock.tick(minutes=50)
        if place < 4:
            decide(parts, one, ann, Action.REFUSE, reason=Reason.OFF_TOPIC)
    settle()
    decide(parts, sent[0], ann, Action.REOPEN, 2)
    settle()
    clock.tick(days=3)
    decide(parts, sent[0], ann, Action.PUBLISH, 3)
    tally = counted(parts)
    assert sorted(tally.waits) == [timedelta(minutes=50 * n) for n in (1, 2, 3, 4)]
    assert transparency._median(tally.waits) is None
    assert transparency._median([*tally.waits, timedelta(days=3)]) == 3  # of two hours and a half


def test_to_ask_the_author_decides_nothing(
    parts: Parts, clock: FakeClock, pending: Sent, ann: Person, settle: Callable[[], None]
) -> None:
    with parts.writing() as session:
        decisions.decide(
            session,
            pending.id,
            Action.ASK,
            revision=1,
            by=ann.id,
            now=clock(),
            undo=UNDO,
            note="Où ?",
        )
    settle()
    with parts.writing() as session:
        answers.answer(session, pending.tracking, "Là.", revision=2, now=clock())
    assert counted(parts) == transparency.Tally(received=1)


# What a text comes to: an action, its reason, and what its author’s appeal ends with, if there is one.
Life = tuple[Action, Reason | None, Action | None]
LIVES: tuple[Life, ...] = (
    (Action.PUBLISH, None, None),
    (Action.WITHDRAW, None, None),
    (Action.SPAM, None, Action.PUBLISH),
    (Action.REFUSE, Reason.OFF_TOPIC, Action.REFUSE),
    (Action.REFUSE, Reason.PRIVACY, Action.REFUSE),
)


class Recount:
    """Has texts come to something, and notes each thing as it happens."""

    def __init__(self, parts: Parts, clock: FakeClock, ann: Person, sami: Person) -> None:
        self.parts, self.clock, self.ann, self.sami = parts, clock, ann, sami
        self.wholes: Counter[str] = Counter()
        self.of: dict[str, Counter[str]] = {name: Counter() for name in TOLD}

    def note(self, figure: str, part: str | None = None) -> None:
        self.wholes[figure] += 1
        if part is not None:
            self.of[figure][part] += 1
        self.clock.tick(minutes=1)

    def live(self, sent: Sent, action: Action, reason: Reason | None, ends: Action | None) -> None:
        self.note("received")
        if action is Action.WITHDRAW:
            with self.parts.writing() as session:
                submissions.withdraw(session, sent.tracking, revision=1, now=self.clock())
            self.note("withdrawn")
            return
        decide(self.parts, sent, self.ann, action, reason=reason)
        about = {Action.PUBLISH: "published", Action.SPAM: "spam", Action.REFUSE: "restricted"}[action]
        self.note(about, reason)
        if ends is None:
            return
        appeal(self.parts, sent)
        self.note("appealed", about)
        answer(self.parts, sent, self.sami, ends)
        self.note("answered", "changed" if ends is Action.PUBLISH else "upheld")
        self.note("published" if ends is Action.PUBLISH else about, Reason.OTHER if ends is action else None)


@pytest.fixture
def recount(parts: Parts, clock: FakeClock, ann: Person, sami: Person) -> Recount:
    return Recount(parts, clock, ann, sami)


def test_where_nothing_is_too_small_what_is_published_is_a_plain_recount(
    parts: Parts, clock: FakeClock, article: str, recount: Recount
) -> None:
    for sent, life in zip(several(parts, article, 5 * len(LIVES)), LIVES * 5, strict=True):
        recount.live(sent, *life)
    over(parts, clock)
    cell = told(parts)
    assert cell.pop(("wait", "")) == 1
    assert cell == {
        **{(figure.value, ""): recount.wholes[figure] for figure in Figure if figure is not Figure.WAIT},
        **{(figure, part): count for figure, some in recount.of.items() for part, count in some.items()},
    }


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happened_nothing_that_is_too_small_is_published_or_follows_from_what_is(
    parts: Parts, clock: FakeClock, article: str, recount: Recount, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    why = [reason for reason in Reason if reason is not Reason.OTHER]
    lives = [(action, reason and chance.choice(why), ends) for action, reason, ends in LIVES * 5]
    some = chance.sample(lives, chance.randint(4, 25))
    for sent, life in zip(several(parts, article, len(some)), some, strict=True):
        recount.live(sent, *life)
    over(parts, clock)
    cell = told(parts)
    for figure in set(Figure) - {Figure.WAIT}:
        assert cell[figure, ""] == sparing.told(recount.wholes[figure])
    no_subtraction({place: count for place, count in cell.items() if place[1]}, recount.of)


def no_subtraction(cell: Cells, of: dict[str, Counter[str]]) -> None:
    """No part that is too small is there, nor is what the others leave of the whole."""
    for figure, some in of.items():
        shown = {part: count or 0 for (name, part), count in cell.items() if name == figure}
        assert all(count >= FEWEST for count in shown.values())
        if shown:
            assert sum(shown.values()) == some.total()
            hidden = [part for part, count in some.items() if count and part not in shown]
            assert len(hidden) != 1
            assert (OTHERS in shown) == bool(hidden)


def test_two_servers_tell_it_once(parts: Parts, clock: FakeClock, article: str) -> None:
    several(parts, article, 5)
    clock.now = MARCH.ends + transparency.SETTLES
    done = at_once(*[lambda: delivery.effects(parts.engine, clock())] * 3)
    assert sorted(done) == [0, 0, 1]
    assert told(parts)["received", ""] == 5


def test_a_reason_keeps_the_category_it_had(
    parts: Parts, clock: FakeClock, article: str, ann: Person
) -> None:
    for reason in (Reason.PRIVACY, Reason.OFF_TOPIC):
        for one in several(parts, article, 5):
            decide(parts, one, ann, Action.REFUSE, reason=reason)
        clock.tick(minutes=1)
    over(parts, clock)
    with parts.reading() as session:
        rows = session.exec(select(MonthFigure).where(MonthFigure.part != "")).all()
        assert {row.part: row.category for row in rows} == {
            "privacy": "STATEMENT_CATEGORY_DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
            "off_topic": "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
        }


def test_erasing_changes_no_figure_and_no_figure_keeps_what_is_erased(
    parts: Parts, clock: FakeClock, article: str
) -> None:
    sent = several(parts, article, 5)
    over(parts, clock)
    first = told(parts)
    for one in sent:
        with parts.writing() as session:
            submissions.withdraw(session, one.tracking, revision=1, now=clock())
    delivery.effects(parts.engine, clock())
    assert told(parts) == first
    with parts.reading() as session:
        rows = [row.model_dump() for row in session.exec(select(MonthFigure))]
        names = session.exec(select(Comment.id)).all()
    assert [one for one in names if one in str(rows)] == []


def test_looking_for_a_month_that_is_over_takes_one_statement(
    parts: Parts, clock: FakeClock, pending: Sent
) -> None:
    over(parts, clock)
    with statements(parts.engine) as asked:
        delivery.effects(parts.engine, clock())
    of_months = [one for one in asked if "month_figure" in one]
    assert (len(of_months), "max" in of_months[0]) == (1, True)
    assert pending.id not in str(told(parts))


def test_months_are_those_of_greenwich(parts: Parts, clock: FakeClock, article: str) -> None:
    clock.now = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)  # already April in Paris
    several(parts, article, 5)
    assert (counted(parts).received, counted(parts, Month(2026, 4)).received) == (5, 0)

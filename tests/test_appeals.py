"""Appeals: once, in time, with words, and read by somebody else than who decided."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from conftest import FakeClock, Run, Sent, add_person, at_once, send

from moderation import (
    appeals,
    bulk,
    contesting,
    corrections,
    deciders,
    decisions,
    delivery,
    drafts,
    edits,
    members,
    standing,
    submissions,
    voices,
)
from moderation.accounts import Person
from moderation.answers import Empty, TooLong
from moderation.appeals import Unanswered
from moderation.bulk import Seen
from moderation.deciders import MayNotDecide, Why
from moderation.decisions import Stale
from moderation.lifecycle import Action, IllegalMove, Reason, Status
from moderation.markup import Dialect
from moderation.models.people import Role
from moderation.models.queue import Comment, Decision
from moderation.pages import tracking as pages
from moderation.pages.tracking import TrackingPage
from moderation.policy import Policy
from moderation.voices import Heard
from moderation.web.dependencies import Parts

UNDO = timedelta(seconds=20)
WORDS = "J’y étais, et une source le dit."


def tracked(parts: Parts, sent: Sent) -> TrackingPage:
    with parts.reading() as session:
        page = pages.tracking(session, sent.tracking, parts.clock())
        assert page is not None
        return page


def comment_of(parts: Parts, sent: Sent) -> Comment:
    with parts.reading() as session:
        return session.get_one(Comment, sent.id)


def decide(
    parts: Parts,
    sent: Sent,
    person: Person,
    action: Action,
    *,
    note: str = "",
) -> int:
    with parts.writing() as session:
        made = decisions.decide(
            session,
            sent.id,
            action,
            revision=session.get_one(Comment, sent.id).revision,
            by=person.id,
            now=parts.clock(),
            undo=UNDO,
            reason=Reason.OFF_TOPIC if action in {Action.REFUSE, Action.UNPUBLISH} else None,
            note=note,
        )
        assert made.id is not None
        return made.id


def speak(parts: Parts, sent: Sent, person: Person, action: Action) -> None:
    with parts.writing() as session:
        said = decisions.speak(
            session,
            sent.id,
            action,
            revision=1,
            by=person.id,
            now=parts.clock(),
            undo=UNDO,
            reason=Reason.OFF_TOPIC if action is Action.REFUSE else None,
        )
        assert isinstance(said, Heard)


def appeal(parts: Parts, sent: Sent, words: str = WORDS, revision: int | None = None) -> int:
    revision = revision or tracked(parts, sent).revision
    with parts.writing() as session:
        made = contesting.appeal(session, sent.tracking, words, revision=revision, now=parts.clock())
        assert made.id is not None
        return made.id


@pytest.fixture
def refused(parts: Parts, pending: Sent, ann: Person, sami: Person, settle: Callable[[], None]) -> Sent:
    """Refused by Ann, for good; Sami is there, too."""
    assert sami.id
    decide(parts, pending, ann, Action.REFUSE, note="Pas ici.")
    settle()
    return pending


def test_what_is_appealed_waits_again_with_the_words_of_its_author(parts: Parts, refused: Sent) -> None:
    made = appeal(parts, refused, f"  {WORDS}\r\n")
    comment = comment_of(parts, refused)
    assert (comment.status, comment.appealed, comment.revision) == (Status.PENDING, True, 3)
    with parts.reading() as session:
        line = session.get_one(Decision, made)
    assert (line.action, line.note, line.account_id) == (Action.APPEAL, WORDS, None)
    page = tracked(parts, refused)
    assert page.contested
    assert page.appealable is None
    assert not page.may_edit


@pytest.mark.parametrize("action", [Action.SPAM, Action.UNPUBLISH])
def test_what_was_taken_for_spam_or_taken_down_is_appealed_likewise(
    parts: Parts, pending: Sent, ann: Person, settle: Callable[[], None], action: Action
) -> None:
    if action is Action.UNPUBLISH:
        decide(parts, pending, ann, Action.PUBLISH)
        settle()
    decide(parts, pending, ann, action)
    settle()
    appeal(parts, pending)
    assert comment_of(parts, pending).appealed


def test_who_decided_does_not_read_the_appeal_where_somebody_else_can(
    parts: Parts, refused: Sent, ann: Person, sami: Person
) -> None:
    appeal(parts, refused)
    for action in (Action.PUBLISH, Action.REFUSE, Action.ASK):
        with pytest.raises(MayNotDecide) as raised:
            decide(parts, refused, ann, action, note="Non.")
        assert raised.value.why is Why.APPEALED
    with parts.reading() as session:
        assert deciders.able(session, session.get_one(Comment, refused.id)) == {sami.id}
    decide(parts, refused, sami, Action.PUBLISH)


def test_nor_by_the_command_line(parts: Parts, run: Run, refused: Sent, ann: Person) -> None:
    appeal(parts, refused)
    told = run("decide", refused.id, "publish", "--as", ann.email)
    assert (told.exit_code, "somebody else" in told.stderr or "someone else" in told.stderr) == (1, True)
    assert comment_of(parts, refused).status is Status.PENDING


def test_nor_do_those_whose_voices_refused_it(
    parts: Parts, pending: Sent, ann: Person, sami: Person, settle: Callable[[], None]
) -> None:
    third = add_person(parts, "lou@example.org", "Lou", Role.MODERATOR)
    with parts.writing() as session:
        voices.set_policy(session, "", Policy(1, 2))
    speak(parts, pending, ann, Action.REFUSE)
    decide(parts, pending, sami, Action.REFUSE)
    settle()
    appeal(parts, pending)
    with parts.reading() as session:
        assert deciders.able(session, session.get_one(Comment, pending.id)) == {third.id}


def test_who_is_alone_reads_it_and_its_author_is_told(
    parts: Parts, refused: Sent, ann: Person, sami: Person, settle: Callable[[], None]
) -> None:
    with parts.writing() as session:
        members.remove(session, sami.email, parts.clock())
    appeal(parts, refused)
    decide(parts, refused, ann, Action.REFUSE, note="Relu.")
    settle()
    found = tracked(parts, refused).appeal
    assert found is not None
    assert (found.answered, found.same) == (True, True)
    assert logged_alone(parts, refused) == [(Action.REFUSE, 4)]


def logged_alone(parts: Parts, sent: Sent) -> list[tuple[Action, int]]:
    with parts.reading() as session:
        names = appeals.answered_alone(session, sent.id)
        lines = [session.get_one(Decision, name) for name in names]
    return [(line.action, line.revision) for line in lines]


def test_the_log_says_so_of_nobody_else(parts: Parts, refused: Sent, sami: Person) -> None:
    assert logged_alone(parts, refused) == []
    appeal(parts, refused)
    assert logged_alone(parts, refused) == []
    decide(parts, refused, sami, Action.REFUSE, note="Relu.")
    assert logged_alone(parts, refused) == []


@pytest.mark.parametrize(
    ("action", "note"), [(Action.REFUSE, ""), (Action.REFUSE, "\u200b\u2060"), (Action.SPAM, "Spam.")]
)
def test_an_appeal_is_answered_in_words(
    parts: Parts, refused: Sent, sami: Person, action: Action, note: str
) -> None:
    appeal(parts, refused)
    with pytest.raises(Unanswered):
        decide(parts, refused, sami, action, note=note)
    assert comment_of(parts, refused).appealed


def test_a_flood_of_spam_that_is_contested_is_ended_by_one_act(
    parts: Parts, article: str, ann: Person, sami: Person, settle: Callable[[], None]
) -> None:
    flood = [send(parts, article, f"Achetez {number}.") for number in range(5)]
    for one in flood:
        decide(parts, one, ann, Action.SPAM)
    settle()
    for one in flood:
        appeal(parts, one)
    with parts.writing() as session:
        seen = [Seen(one.id, 3) for one in flood]
        made = bulk.decide(session, seen, Action.SPAM, by=sami.id, now=parts.clock(), undo=UNDO)
        assert len(made.done) == 5
    settle()
    found = tracked(parts, flood[0]).appeal
    assert found is not None
    assert (found.answered, found.same) == (True, False)


@pytest.mark.parametrize("answer", [Action.PUBLISH, Action.REFUSE])
@pytest.mark.parametrize("act", [Action.UNPUBLISH, Action.SPAM, Action.REOPEN, Action.PUBLISH])
def test_who_decided_does_not_replace_the_answer_before_its_author_reads_it(
    parts: Parts, refused: Sent, ann: Person, sami: Person, answer: Action, act: Action
) -> None:
    appeal(parts, refused)
    decide(parts, refused, sami, answer, note="Relu." if answer is Action.REFUSE else "")
    with pytest.raises(MayNotDecide):
        decide(parts, refused, ann, act)


@pytest.mark.parametrize("answer", [Action.PUBLISH, Action.REFUSE])
def test_nor_undoes_it(parts: Parts, refused: Sent, ann: Person, sami: Person, answer: Action) -> None:
    appeal(parts, refused)
    made = decide(parts, refused, sami, answer, note="Relu." if answer is Action.REFUSE else "")
    with pytest.raises(MayNotDecide), parts.writing() as session:
        decisions.undo(session, made, by=ann.id, now=parts.clock())


def test_standing_aside_and_coming_back_changes_nothing(
    parts: Parts, pending: Sent, ann: Person, sami: Person, settle: Callable[[], None]
) -> None:
    third = add_person(parts, "lou@example.org", "Lou", Role.MODERATOR)
    with parts.writing() as session:
        voices.set_policy(session, "", Policy(1, 2))
    speak(parts, pending, ann, Action.REFUSE)
    decide(parts, pending, sami, Action.REFUSE)
    settle()
    appeal(parts, pending)
    with parts.writing() as session:
        deciders.stand_aside(session, pending.id, by=ann.id, now=parts.clock())
        voices.end(session, pending.id, by=ann.id, now=parts.clock())
        deciders.come_back(session, pending.id, by=ann.id)
    with pytest.raises(MayNotDecide):
        decide(parts, pending, ann, Action.PUBLISH)
    decide(parts, pending, third, Action.PUBLISH)


def test_who_wanted_it_published_may_read_the_appeal(
    parts: Parts, pending: Sent, ann: Person, sami: Person, settle: Callable[[], None]
) -> None:
    with parts.writing() as session:
        voices.set_policy(session, "", Policy(2, 1))
    speak(parts, pending, sami, Action.PUBLISH)
    decide(parts, pending, ann, Action.REFUSE)
    settle()
    appeal(parts, pending)
    with pytest.raises(MayNotDecide):
        decide(parts, pending, ann, Action.REFUSE, note="Non.")
    # Two voices are asked for, and one person is left to give any.
    decide(parts, pending, sami, Action.PUBLISH)


def test_what_only_the_command_line_decides_it_reads_again(
    parts: Parts, run: Run, pending: Sent, clock: FakeClock
) -> None:
    clock.now = datetime.now(UTC)  # as the command line has it
    assert run("decide", pending.id, "refuse", "--reason", "off_topic").exit_code == 0
    clock.tick(minutes=1)
    appeal(parts, pending)
    told = run("decide", pending.id, "publish")
    assert (told.exit_code, told.stderr) == (0, "")


def test_words_of_an_appeal_nobody_has_read_outlive_what_is_forgotten(
    parts: Parts, pending: Sent, ann: Person, sami: Person, clock: FakeClock, settle: Callable[[], None]
) -> None:
    assert sami.id
    with parts.writing() as session:
        new = drafts.read("Zoé", "", "Le pont [...] vélos.", dialect=Dialect.SPIP)
        corrections.redact(
            session, pending.id, new, revision=1, by=ann.id, now=clock(), undo=UNDO, appeal=timedelta(days=10)
        )
    settle()
    decide(parts, pending, ann, Action.REFUSE, note="Non.")
    settle()
    clock.tick(days=9)
    appeal(parts, pending)
    clock.tick(days=2)
    settle()
    with parts.reading() as session:
        notes = [line.note for line in standing.lines(session, pending.id)]
    assert notes == [WORDS, "", ""]


def test_a_contested_text_that_is_withdrawn_was_answered_by_nobody(
    parts: Parts, refused: Sent, clock: FakeClock
) -> None:
    appeal(parts, refused)
    with parts.writing() as session:
        revision = len(standing.in_effect(session, refused.id, clock())) + 1
        submissions.withdraw(session, refused.tracking, revision=revision, now=clock())
    assert tracked(parts, refused).appeal is None


def test_it_is_left_by_a_lot_that_says_nothing(
    parts: Parts, refused: Sent, sami: Person, article: str
) -> None:
    appeal(parts, refused)
    other = send(parts, article, "Une autre.")
    with parts.writing() as session:
        made = bulk.decide(
            session,
            [Seen(refused.id, 3), Seen(other.id, 1)],
            Action.REFUSE,
            by=sami.id,
            now=parts.clock(),
            undo=UNDO,
            reason=Reason.OFF_TOPIC,
        )
        assert [one.comment_id for one in made.done] == [other.id]
    assert [one.comment_id for one in made.left] == [refused.id]


@pytest.mark.parametrize(("action", "status"), [(Action.REFUSE, "refused"), (Action.PUBLISH, "published")])
def test_the_answer_is_told_and_is_the_last(
    parts: Parts, refused: Sent, sami: Person, settle: Callable[[], None], action: Action, status: str
) -> None:
    appeal(parts, refused)
    decide(parts, refused, sami, action, note="Relu." if action is Action.REFUSE else "")
    settle()
    page = tracked(parts, refused)
    assert page.status == status
    assert page.appeal is not None
    assert (page.appeal.answered, page.appeal.same, page.appealable) == (True, False, None)
    assert not comment_of(parts, refused).appealed
    with pytest.raises(IllegalMove):
        appeal(parts, refused)


def test_a_later_decision_can_be_appealed_again(
    parts: Parts, refused: Sent, ann: Person, sami: Person, settle: Callable[[], None]
) -> None:
    appeal(parts, refused)
    decide(parts, refused, sami, Action.PUBLISH)
    settle()
    decide(parts, refused, ann, Action.UNPUBLISH)
    settle()
    appeal(parts, refused, "Encore.")
    with parts.reading() as session:
        assert appeals.decided_by(session, session.get_one(Comment, refused.id)) == {ann.id}


def test_nothing_of_an_answer_shows_that_is_undone(
    parts: Parts, refused: Sent, sami: Person, settle: Callable[[], None]
) -> None:
    appeal(parts, refused)
    made = decide(parts, refused, sami, Action.REFUSE, note="Relu.")
    assert tracked(parts, refused).contested
    with parts.writing() as session:
        decisions.undo(session, made, by=sami.id, now=parts.clock())
    assert comment_of(parts, refused).appealed
    settle()
    assert tracked(parts, refused).contested


def test_a_question_on_an_appeal_comes_back_to_it(
    parts: Parts, refused: Sent, ann: Person, sami: Person, settle: Callable[[], None]
) -> None:
    appeal(parts, refused)
    decide(parts, refused, sami, Action.ASK, note="Laquelle ?")
    settle()
    assert comment_of(parts, refused).appealed
    with pytest.raises(MayNotDecide):
        decide(parts, refused, ann, Action.REOPEN)
    decide(parts, refused, sami, Action.REOPEN)
    assert comment_of(parts, refused).appealed


def test_its_period_is_over_after_three_months(parts: Parts, refused: Sent, clock: FakeClock) -> None:
    clock.tick(days=90, seconds=-30)
    assert tracked(parts, refused).appealable is not None
    clock.tick(seconds=30)
    assert tracked(parts, refused).appealable is None
    with pytest.raises(IllegalMove):
        appeal(parts, refused)


@pytest.mark.parametrize(
    ("words", "error"), [(" \r\n ", Empty), ("\u200b\u2060", Empty), ("x" * 2001, TooLong)]
)
def test_it_needs_words_and_not_too_many(
    parts: Parts, refused: Sent, words: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        appeal(parts, refused, words)
    assert not comment_of(parts, refused).appealed


def test_sent_twice_it_is_one_and_other_words_are_too_late(parts: Parts, refused: Sent) -> None:
    revision = tracked(parts, refused).revision
    first = appeal(parts, refused, revision=revision)
    assert appeal(parts, refused, revision=revision) == first
    with pytest.raises(Stale):
        appeal(parts, refused, "Autre chose.", revision=revision)


def test_of_two_at_once_one_is_made(parts: Parts, refused: Sent) -> None:
    revision = tracked(parts, refused).revision
    made = at_once(*[lambda: appeal(parts, refused, revision=revision)] * 3)
    assert len({*made}) == 1


@pytest.mark.parametrize("action", [None, Action.PUBLISH, Action.ASK])
def test_there_is_nothing_to_appeal_where_nothing_was_refused(
    parts: Parts, pending: Sent, ann: Person, settle: Callable[[], None], action: Action | None
) -> None:
    if action is not None:
        decide(parts, pending, ann, action, note="Où ?" if action is Action.ASK else "")
        settle()
    assert tracked(parts, pending).appealable is None
    with pytest.raises(IllegalMove):
        appeal(parts, pending)


def test_a_decision_that_may_still_be_undone_does_not_show_in_an_appeal(
    parts: Parts, refused: Sent, sami: Person
) -> None:
    decide(parts, refused, sami, Action.REOPEN)
    appeal(parts, refused)
    with parts.reading() as session:
        lines = standing.lines(session, refused.id)
    assert [line.action for line in lines] == [Action.APPEAL, Action.REFUSE]
    assert comment_of(parts, refused).appealed


def test_what_is_appealed_is_not_written_anew_but_can_be_withdrawn(
    parts: Parts, refused: Sent, clock: FakeClock
) -> None:
    appeal(parts, refused)
    with parts.writing() as session:
        assert not edits.is_open(session, refused.id)
        revision = len(standing.in_effect(session, refused.id, clock())) + 1
        submissions.withdraw(session, refused.tracking, revision=revision, now=clock())
    comment = comment_of(parts, refused)
    assert (comment.status, comment.appealed) == (Status.WITHDRAWN, False)
    with parts.reading() as session:
        assert [line.note for line in standing.lines(session, refused.id)] == ["", "", ""]


# An answer that another came after before its author could read it never was one


def test_a_change_of_mind_lets_who_decided_in_no_more_than_before(
    parts: Parts, refused: Sent, ann: Person, sami: Person
) -> None:
    appeal(parts, refused)
    decide(parts, refused, sami, Action.REFUSE, note="Relu.")
    decide(parts, refused, sami, Action.PUBLISH)
    for action in (Action.UNPUBLISH, Action.SPAM):
        with pytest.raises(MayNotDecide):
            decide(parts, refused, ann, action, note="Non.")


def test_an_answer_that_is_looked_at_again_at_once_leaves_the_appeal_waiting(
    parts: Parts, refused: Sent, ann: Person, sami: Person, settle: Callable[[], None]
) -> None:
    appeal(parts, refused)
    decide(parts, refused, sami, Action.REFUSE, note="Relu.")
    decide(parts, refused, sami, Action.REOPEN)
    assert comment_of(parts, refused).appealed
    settle()
    assert tracked(parts, refused).contested
    with pytest.raises(MayNotDecide):
        decide(parts, refused, ann, Action.REFUSE, note="Non.")
    with pytest.raises(Unanswered):
        decide(parts, refused, sami, Action.REFUSE)


@pytest.mark.parametrize("action", [Action.UNPUBLISH, Action.SPAM])
def test_what_replaces_an_answer_nobody_has_read_is_an_answer_too(
    parts: Parts, refused: Sent, sami: Person, action: Action
) -> None:
    appeal(parts, refused)
    decide(parts, refused, sami, Action.PUBLISH)
    with pytest.raises(Unanswered):
        decide(parts, refused, sami, action)


def test_sending_it_again_tells_nothing_of_an_answer_on_its_way(
    parts: Parts, refused: Sent, sami: Person
) -> None:
    revision = tracked(parts, refused).revision
    first = appeal(parts, refused, revision=revision)
    decide(parts, refused, sami, Action.REFUSE, note="Relu.")
    assert appeal(parts, refused, revision=revision) == first


def test_what_is_forgotten_takes_no_answer_that_is_on_its_way(
    parts: Parts, pending: Sent, ann: Person, sami: Person, clock: FakeClock, settle: Callable[[], None]
) -> None:
    with parts.writing() as session:
        new = drafts.read("Zoé", "", "Le pont [...] vélos.", dialect=Dialect.SPIP)
        corrections.redact(
            session, pending.id, new, revision=1, by=ann.id, now=clock(), undo=UNDO, appeal=timedelta(days=10)
        )
    settle()
    decide(parts, pending, ann, Action.REFUSE, note="Non.")
    settle()
    clock.tick(days=9, hours=23)
    appeal(parts, pending)
    clock.tick(minutes=59, seconds=10)
    made = decide(parts, pending, sami, Action.REFUSE, note="Relu.")
    clock.tick(seconds=15)
    while delivery.effects(parts.engine, clock()):
        pass
    with parts.reading() as session:
        assert [line.note for line in standing.lines(session, pending.id)] == ["Relu.", WORDS, "", ""]
    with parts.writing() as session:
        decisions.undo(session, made, by=sami.id, now=clock())
    assert comment_of(parts, pending).appealed


def test_no_voice_is_asked_for_of_who_may_give_none_after_an_answer_either(
    parts: Parts, refused: Sent, sami: Person, settle: Callable[[], None]
) -> None:
    appeal(parts, refused)
    decide(parts, refused, sami, Action.REFUSE, note="Relu.")
    settle()
    with parts.writing() as session:
        voices.set_policy(session, "", Policy(2, 2))
    decide(parts, refused, sami, Action.PUBLISH)
    assert comment_of(parts, refused).status is Status.PUBLISHED


@pytest.mark.parametrize("how", ["correct", "redact"])
def test_an_answer_whose_text_is_changed_before_it_is_public_is_an_answer_all_the_same(
    parts: Parts, refused: Sent, ann: Person, sami: Person, clock: FakeClock, how: str
) -> None:
    appeal(parts, refused)
    decide(parts, refused, sami, Action.PUBLISH)
    clock.tick(seconds=5)
    rewrite(parts, refused, sami, how)
    clock.tick(seconds=17)  # the decision alone would be due, and what is public is not yet
    delivery.effects(parts.engine, clock())
    assert tracked(parts, refused).contested
    assert tracked(parts, refused).number is None
    clock.tick(seconds=10)
    delivery.effects(parts.engine, clock())
    page = tracked(parts, refused)
    assert (page.status, page.contested, page.number) == (Status.PUBLISHED, False, 1)
    assert page.appeal is not None
    assert page.appeal.answered
    assert not comment_of(parts, refused).appealed
    decide(parts, refused, ann, Action.UNPUBLISH)
    clock.tick(minutes=1)
    page = tracked(parts, refused)
    assert (page.status, page.contested) == (Status.UNPUBLISHED, False)
    assert page.appealable is not None
    appeal(parts, refused, revision=page.revision)


def test_what_is_looked_at_again_and_changed_is_not_contested_meanwhile(
    parts: Parts, refused: Sent, sami: Person, clock: FakeClock
) -> None:
    decide(parts, refused, sami, Action.REOPEN)
    clock.tick(seconds=5)
    rewrite(parts, refused, sami, "correct")
    clock.tick(minutes=1)
    page = tracked(parts, refused)
    assert (page.status, page.appealable) == (Status.PENDING, None)
    with pytest.raises(IllegalMove):
        appeal(parts, refused, revision=page.revision)


def rewrite(parts: Parts, sent: Sent, person: Person, how: str) -> None:
    words = drafts.rewritten("Zoé", "", "D’autres mots.", dialect=Dialect.SPIP)
    rewritten = (
        corrections.correct if how == "correct" else partial(corrections.redact, appeal=timedelta(days=90))
    )
    revision = comment_of(parts, sent).revision
    with parts.writing() as session:
        rewritten(session, sent.id, words, revision=revision, by=person.id, now=parts.clock(), undo=UNDO)

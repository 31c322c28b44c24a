"""Authors write anew what waits: it keeps its place, and nobody decides about words they did not see."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from conftest import FakeClock, Sent, send
from sqlmodel import col, select
from test_corrections import correct, decide, html, newest, public, sound, tracked
from test_forgetting import everything, redact
from test_questions import ask, lapses
from test_search import found
from test_voices import TWO, object_to, rule, speak

from moderation import answers, decisions, delivery, drafts, edits, likeness, questions, submissions, voices
from moderation.accounts import Person
from moderation.decisions import NotFound, Stale, TooLate
from moderation.duplicates import Duplicate
from moderation.edits import Unchanged
from moderation.lifecycle import Action, IllegalMove, Status
from moderation.likeness import Known
from moderation.markup import Dialect
from moderation.models.queue import Comment, Decision, Signature, Version
from moderation.pages.changed import Edited
from moderation.pages.item import item
from moderation.policy import Policy
from moderation.web.dependencies import Parts

NEW = "Les vélos y passent aussi, et les piétons."


def edit(
    parts: Parts, sent: Sent, words: str = NEW, author: str = "Zoé", revision: int | None = None
) -> None:
    draft = drafts.read(author, "zoe@example.org", words, dialect=Dialect.SPIP)
    shown = tracked(parts, sent).revision if revision is None else revision
    mine = likeness.of(draft.text.html, Known())
    with parts.writing() as session:
        edits.edit(session, sent.tracking, draft, revision=shown, now=parts.clock(), likeness=mine)


def comment_of(parts: Parts, sent: Sent) -> Comment:
    with parts.reading() as session:
        found = session.get_one(Comment, sent.id)
        session.expunge(found)
        return found


def test_the_new_text_waits_where_the_old_one_stood(
    parts: Parts, ann: Person, pending: Sent, clock: FakeClock
) -> None:
    before = comment_of(parts, pending)
    clock.tick(hours=1)
    edit(parts, pending, author="Zoé B.")
    after = comment_of(parts, pending)
    assert (after.status, after.revision, after.version) == (Status.PENDING, 2, 2)
    assert after.submitted_at == before.submitted_at
    assert (newest(parts, pending).source, newest(parts, pending).author) == (NEW, "Zoé B.")
    assert (found(parts, ann, "pietons"), found(parts, ann, "zoe b")) == ([NEW], [NEW])
    page = tracked(parts, pending)
    assert (page.html, page.edited_at, page.status) == (html(NEW), clock(), Status.PENDING)
    with parts.reading() as session:
        (line,) = session.exec(select(Decision)).all()
        assert (line.action, line.account_id, line.after) == (Action.EDIT, None, Status.PENDING)
    assert sound(parts)


def test_promise_02_who_saw_the_old_text_cannot_decide_about_the_new_one(
    parts: Parts, ann: Person, pending: Sent
) -> None:
    edit(parts, pending)
    with pytest.raises(Stale):
        decide(parts, pending, ann, Action.PUBLISH, revision=1)


def test_moderators_see_what_changed(parts: Parts, ann: Person, pending: Sent, clock: FakeClock) -> None:
    edit(parts, pending, f"{pending.text} Et les piétons.")
    with parts.reading() as session:
        page = item(session, ann, pending.id)
    assert page is not None
    assert page.edited is not None
    assert page.edited.at == clock()
    assert "Et les piétons." in "".join(one.words for one in page.edited.changes if one.kind == "added")
    assert [line.action for line in page.history] == [Action.EDIT]


def test_nothing_of_it_is_public_until_it_is_approved(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    edit(parts, pending)
    settle()
    assert public(parts) == []
    decide(parts, pending, ann, Action.PUBLISH, revision=2)
    settle()
    assert public(parts) == [(html(NEW), False)]
    assert sound(parts)


def test_promise_10_what_could_still_be_undone_is_set_aside_without_a_sign(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    decide(parts, pending, ann, Action.PUBLISH)
    edit(parts, pending, revision=1)
    settle()
    assert (comment_of(parts, pending).status, public(parts)) == (Status.PENDING, [])
    assert tracked(parts, pending).html == html(NEW)
    assert sound(parts)


def test_a_correction_that_could_be_undone_gives_way(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    correct(parts, pending, ann, "Autrement dit.")
    edit(parts, pending, revision=1)
    settle()
    assert (newest(parts, pending).source, newest(parts, pending).corrected_at) == (NEW, None)
    assert sound(parts)


@pytest.mark.parametrize("action", [Action.PUBLISH, Action.REFUSE, Action.SPAM])
def test_what_is_decided_is_not_written_anew(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None], action: Action
) -> None:
    decide(parts, pending, ann, action)
    settle()
    with pytest.raises(IllegalMove):
        edit(parts, pending)
    with pytest.raises(Stale):
        edit(parts, pending, revision=1)
    assert newest(parts, pending).source == pending.text


def test_whoever_was_asked_has_answered_by_it(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    ask(parts, pending, ann)
    settle()
    edit(parts, pending)
    assert (comment_of(parts, pending).status, lapses(parts)) == (Status.PENDING, [])
    assert tracked(parts, pending).asked is None
    assert sound(parts)


def test_voices_are_dropped_and_an_objection_stays(
    parts: Parts, ann: Person, sami: Person, pending: Sent
) -> None:
    rule(parts, TWO)
    speak(parts, pending, ann, Action.PUBLISH)
    object_to(parts, pending, sami)
    edit(parts, pending)
    with parts.reading() as session:
        (veto,) = voices.counting(session, session.get_one(Comment, pending.id))
    assert (veto.say, veto.revision) == ("veto", 2)
    rule(parts, Policy())
    assert sound(parts)


def test_the_same_text_or_one_that_was_sent_there_already_is_told(
    parts: Parts, article: str, pending: Sent
) -> None:
    with pytest.raises(Unchanged):
        edit(parts, pending, pending.text)
    edit(parts, pending, pending.text.upper())
    send(parts, article, "Un autre texte, déjà là.")
    with pytest.raises(Duplicate):
        edit(parts, pending, "Un autre texte,  déjà là.")


def test_it_stands_with_those_it_is_alike_now(parts: Parts, article: str, pending: Sent) -> None:
    words = " ".join(f"mot{number}" for number in range(30))
    other = send(parts, article, words)
    edit(parts, other, f"{words} et la suite")
    edit(parts, pending, f"{words} et puis autre chose")
    assert comment_of(parts, pending).kin == comment_of(parts, other).kin
    edit(parts, pending, "Rien de semblable dans ce texte, ni un mot ni deux, ni davantage.")
    assert comment_of(parts, pending).kin == pending.id
    with parts.reading() as session:
        assert len(session.exec(select(Signature)).all()) == 2


def test_words_taken_out_before_are_erased_on_time_and_the_new_text_is_its_author_s(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    redact(parts, pending, ann, words="vélos")
    settle()
    edit(parts, pending, "Rien que cela.")
    assert newest(parts, pending).redacted_at is None
    clock.tick(days=90)
    settle()
    with parts.reading() as session:
        page = item(session, ann, pending.id)
    assert page is not None
    assert page.edited is not None
    assert page.edited.changes
    assert sound(parts)


def test_nobody_edits_by_a_code_that_is_not_theirs(parts: Parts, pending: Sent) -> None:
    with pytest.raises(NotFound):
        edit(parts, Sent(pending.id, "K7QF3M2D9XWT41HB", ""), revision=1)


# What an attacker found


def edited(parts: Parts, person: Person, sent: Sent) -> Edited:
    with parts.reading() as session:
        page = item(session, person, sent.id)
    assert page is not None
    assert page.edited is not None
    return page.edited


def test_what_is_shown_as_changed_is_all_since_a_moderator_did_anything(
    parts: Parts, ann: Person, pending: Sent
) -> None:
    edit(parts, pending, "Des injures.")
    edit(parts, pending, "Des injures !")
    words = "".join(one.words for one in edited(parts, ann, pending).changes if one.kind == "gone")
    assert "vélos" in words
    with parts.reading() as session:
        kept = session.exec(select(Version.source).order_by(col(Version.number))).all()
    assert kept == [pending.text, "", "Des injures !"]


def test_a_name_that_changed_is_told(parts: Parts, ann: Person, pending: Sent) -> None:
    edit(parts, pending, pending.text, author="Le maire")
    told = edited(parts, ann, pending)
    assert (told.signed, told.erased) == ("Zoé", False)
    assert {one.kind for one in told.changes} <= {"same"}


def test_who_began_a_group_leaves_it_to_the_others(parts: Parts, article: str) -> None:
    words = " ".join(f"mot{number}" for number in range(30))
    first, other = (send(parts, article, f"{words} {number}") for number in ("un", "deux"))
    edit(parts, first, f"{words} et un")
    edit(parts, other, f"{words} et deux")
    assert comment_of(parts, other).kin == comment_of(parts, first).kin == first.id
    edit(parts, first, "Rien de semblable dans ce texte, ni un mot ni deux, ni davantage.")
    assert comment_of(parts, other).kin == first.id
    assert comment_of(parts, first).kin not in {None, first.id}


def test_what_was_public_once_keeps_its_words(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    for revision, action in enumerate((Action.PUBLISH, Action.UNPUBLISH, Action.REOPEN), 1):
        decide(parts, pending, ann, action, revision=revision)
        settle()
    assert not tracked(parts, pending).may_edit
    with pytest.raises(IllegalMove):
        edit(parts, pending)


def test_a_decision_gives_way_to_its_author_once_and_then_stands(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    decide(parts, pending, ann, Action.REFUSE)
    edit(parts, pending, revision=1)
    assert not tracked(parts, pending).may_edit
    decide(parts, pending, ann, Action.REFUSE, revision=comment_of(parts, pending).revision)
    with pytest.raises(IllegalMove):
        edit(parts, pending, "Encore autre chose.")
    settle()
    assert comment_of(parts, pending).status is Status.REFUSED
    assert sound(parts)


def test_a_text_is_not_written_anew_without_end(
    parts: Parts, ann: Person, pending: Sent, clock: FakeClock
) -> None:
    for number in range(edits.MOST):
        clock.tick(minutes=1)
        edit(parts, pending, f"Texte {number}.")
    assert not tracked(parts, pending).may_edit
    with pytest.raises(IllegalMove):
        edit(parts, pending, "Une fois de trop.")
    decide(parts, pending, ann, Action.PUBLISH, revision=comment_of(parts, pending).revision)
    assert sound(parts)


def test_words_just_taken_out_are_erased_on_time_though_its_author_wrote_it_anew(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    redact(parts, pending, ann, words="vélos")
    edit(parts, pending, "Rien que cela.", revision=1)
    settle()
    assert "vélos" in everything(parts)
    clock.tick(days=91)
    settle()
    assert "vélos" not in everything(parts)
    assert newest(parts, pending).source == "Rien que cela."
    assert sound(parts)


def test_a_question_that_was_answered_by_it_goes_with_the_words_it_quoted(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    ask(parts, pending, ann, "Pourquoi les vélos ?")
    settle()
    edit(parts, pending, "Les vélos, et rien d’autre.")
    redact(parts, pending, ann, revision=comment_of(parts, pending).revision, words="vélos")
    clock.tick(days=85)
    ask(parts, pending, ann, "Et alors ?")
    settle()
    clock.tick(days=6)
    settle()
    assert "vélos" not in everything(parts)
    assert "Et alors" in everything(parts)


@pytest.mark.parametrize("what", ["correct", "ask", "answer"])
def test_what_is_no_decision_closes_no_text_to_its_author(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None], what: str
) -> None:
    if what == "correct":
        correct(parts, pending, ann, "Autrement dit.")
        edit(parts, pending, revision=1)
    elif what == "ask":
        ask(parts, pending, ann)
        edit(parts, pending, revision=1)
    else:
        ask(parts, pending, ann)
        settle()
        decide(parts, pending, ann, Action.REFUSE, revision=2)
        with parts.writing() as session:
            answers.answer(session, pending.tracking, "Voici.", revision=2, now=parts.clock())
    assert tracked(parts, pending).may_edit
    edit(parts, pending, "Encore autre chose.")
    assert sound(parts)


def test_a_question_its_author_still_sees_is_not_erased_with_the_words_it_quotes(
    parts: Parts, ann: Person, sami: Person, pending: Sent, clock: FakeClock
) -> None:
    redact(parts, pending, ann, words="vélos")
    clock.tick(days=85)
    delivery.effects(parts.engine, clock())
    ask(parts, pending, ann)
    clock.now += timedelta(days=5) - timedelta(seconds=1)
    decide(parts, pending, ann, Action.REFUSE, revision=3)
    clock.tick(seconds=12)
    decide(parts, pending, sami, Action.REOPEN, revision=4)
    clock.tick(seconds=9)
    delivery.effects(parts.engine, clock())
    shown = tracked(parts, pending)
    assert (shown.status, shown.asked is not None) == (Status.ASKED, True)
    with parts.writing() as session:
        answers.answer(session, pending.tracking, "Voici.", revision=shown.revision, now=clock())
    assert comment_of(parts, pending).status is Status.PENDING


def test_whoever_comes_after_a_question_was_erased_is_told_that_it_is_over(
    parts: Parts, ann: Person, pending: Sent, clock: FakeClock, settle: Callable[[], None]
) -> None:
    ask(parts, pending, ann)
    settle()
    decide(parts, pending, ann, Action.REFUSE, revision=2)
    with parts.writing() as session:  # by a clock that is ahead
        questions.erase(session, pending.id)
    shown = tracked(parts, pending)
    assert (shown.status, shown.asked) == (Status.ASKED, None)
    with parts.reading() as session:
        line = session.exec(select(Decision.id).where(Decision.action == Action.REFUSE)).one()
    with pytest.raises(TooLate), parts.writing() as session:
        decisions.undo(session, line or 0, by=ann.id, now=clock())
    with pytest.raises(IllegalMove), parts.writing() as session:
        submissions.withdraw(session, pending.tracking, revision=shown.revision, now=clock())

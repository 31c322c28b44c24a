"""A text put right by the moderation: seen by all as what it is, bound to what was seen, taken back whole."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from conftest import FakeClock, Sent, add_person, send
from sqlmodel import col, select
from test_search import found
from test_voices import TWO, object_to, rule, speak

from moderation import audit, corrections, deciders, decisions, drafts, search, submissions, voices
from moderation.accounts import Person
from moderation.corrections import TakesVoices, Unchanged
from moderation.deciders import MayNotDecide
from moderation.decisions import NotFound, Stale, TooLate
from moderation.lifecycle import Action, IllegalMove, Reason, Status
from moderation.markup import Dialect
from moderation.models.people import Account, Role
from moderation.models.public import Publication, Thread
from moderation.models.queue import Comment, Decision, Version
from moderation.pages import tracking
from moderation.pages.tracking import TrackingPage
from moderation.web.dependencies import Parts

UNDO = timedelta(seconds=20)
RIGHT = "Le pont est aussi ouvert aux piétons."


def correct(parts: Parts, sent: Sent, person: Person, text: str = RIGHT, revision: int = 1) -> int:
    with parts.writing() as session:
        new = drafts.rewritten("Zoé", "", text, dialect=Dialect.SPIP)
        made = corrections.correct(
            session, sent.id, new, revision=revision, by=person.id, now=parts.clock(), undo=UNDO
        )
        assert made.id is not None
        return made.id


def decide(
    parts: Parts, sent: Sent, person: Person, action: Action, revision: int = 1, note: str = ""
) -> None:
    with parts.writing() as session:
        decisions.decide(
            session,
            sent.id,
            action,
            revision=revision,
            by=person.id,
            now=parts.clock(),
            undo=UNDO,
            reason=Reason.OFF_TOPIC,
            note=note,
        )


def undo(parts: Parts, decision: int, person: Person) -> None:
    with parts.writing() as session:
        decisions.undo(session, decision, by=person.id, now=parts.clock())


def newest(parts: Parts, sent: Sent) -> Version:
    with parts.reading() as session:
        comment = session.get_one(Comment, sent.id)
        text = session.exec(
            select(Version).where(Version.comment_id == sent.id, Version.number == comment.version)
        ).one()
        session.expunge(text)
        return text


def public(parts: Parts) -> list[tuple[str, bool]]:
    """The words readers have, and whether they are said to be corrected."""
    with parts.reading() as session:
        copies = session.exec(select(Publication).where(col(Publication.taken_down_at).is_(None)))
        return [(copy.html, copy.corrected_at is not None) for copy in copies]


def tracked(parts: Parts, sent: Sent) -> TrackingPage:
    with parts.reading() as session:
        page = tracking.tracking(session, sent.tracking, parts.clock())
        assert page is not None
        return page


def sound(parts: Parts) -> bool:
    with parts.reading() as session:
        return [*audit.faults(session), *audit.disagreements(session)] == []


def html(text: str) -> str:
    return f"<p>{text}</p>"


# What waits


def test_one_corrected_before_and_again_while_its_publication_waited_is_told_as_published(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    correct(parts, pending, ann)
    settle()
    decide(parts, pending, ann, Action.PUBLISH, revision=2)
    correct(parts, pending, ann, f"{RIGHT} Oui.", revision=3)
    settle()
    assert tracked(parts, pending).status is Status.PUBLISHED


def test_a_corrected_text_is_a_new_version_and_a_new_revision(
    parts: Parts, ann: Person, pending: Sent
) -> None:
    before = newest(parts, pending)
    line = correct(parts, pending, ann)
    after = newest(parts, pending)
    assert (before.number, after.number) == (1, 2)
    assert (after.source, after.html, after.author) == (RIGHT, html(RIGHT), "Zoé")
    assert (before.corrected_at, after.corrected_at) == (None, parts.clock())
    assert after.written_at == before.written_at
    with parts.reading() as session:
        comment, made = session.get_one(Comment, pending.id), session.get_one(Decision, line)
        assert (comment.status, comment.revision, comment.version) == (Status.PENDING, 2, 2)
        assert (made.action, made.before, made.after) == (Action.CORRECT, Status.PENDING, Status.PENDING)
        assert (made.account_id, made.at, made.version, made.revision) == (ann.id, parts.clock(), 2, 2)
        assert comment.decided_by is None
    assert sound(parts)


def test_promise_02_who_looked_at_the_old_text_cannot_decide_about_it(
    parts: Parts, ann: Person, sami: Person, pending: Sent
) -> None:
    correct(parts, pending, ann)
    with pytest.raises(Stale) as refused:
        decide(parts, pending, sami, Action.PUBLISH, revision=1)
    assert refused.value.last is not None
    assert (refused.value.last.by, refused.value.last.action) == ("Ann", Action.CORRECT)
    with pytest.raises(Stale):
        correct(parts, pending, sami, "Autre chose.", revision=1)


def test_what_was_corrected_and_published_is_public_with_its_mark(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    correct(parts, pending, ann)
    settle()
    assert public(parts) == []
    decide(parts, pending, ann, Action.PUBLISH, revision=2)
    settle()
    assert public(parts) == [(html(RIGHT), True)]
    assert sound(parts)


def test_the_newest_words_are_found_and_the_old_ones_are_not(
    parts: Parts, ann: Person, pending: Sent
) -> None:
    assert found(parts, ann, "vélos") == [pending.text]
    correct(parts, pending, ann)
    assert found(parts, ann, "vélos") == []
    assert found(parts, ann, "piétons") == [RIGHT]


def test_links_are_found_by_where_they_lead_now(parts: Parts, ann: Person, article: str) -> None:
    sent = send(parts, article, "Voir [la mairie->http://vieux.example.org/].")
    correct(parts, sent, ann, "Voir [la mairie->http://neuf.example.org/].")
    assert 'href="http://neuf.example.org/"' in newest(parts, sent).html
    assert [one["detail"] for one in newest(parts, sent).findings] == ["neuf.example.org"]


def test_withdrawing_erases_every_word_of_every_version(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    undo(parts, correct(parts, pending, ann), ann)
    correct(parts, pending, ann, revision=3)
    settle()
    with parts.writing() as session:
        submissions.withdraw(
            session, pending.tracking, revision=tracked(parts, pending).revision, now=parts.clock()
        )
    with parts.reading() as session:
        texts = session.exec(select(Version).where(Version.comment_id == pending.id)).all()
    assert len(texts) == 4
    assert {(text.source, text.html, text.folded, text.author, text.fingerprint) for text in texts} == {
        ("",) * 5
    }
    assert sound(parts)


# What is public


def test_a_public_text_changes_once_the_window_has_closed(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    decide(parts, pending, ann, Action.PUBLISH)
    settle()
    correct(parts, pending, ann, revision=2)
    clock.tick(seconds=19)
    assert public(parts) == [(html(pending.text), False)]
    assert (tracked(parts, pending).html, tracked(parts, pending).changes) == (html(pending.text), ())
    settle()
    assert public(parts) == [(html(RIGHT), True)]
    with parts.reading() as session:
        comment = session.get_one(Comment, pending.id)
        assert (comment.status, comment.decided_by) == (Status.PUBLISHED, ann.id)
    assert sound(parts)


def test_promise_10_a_correction_undone_in_its_window_changed_no_public_byte(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    decide(parts, pending, ann, Action.PUBLISH)
    settle()
    with parts.reading() as session:
        before = session.exec(select(Thread.revision)).all()
    undo(parts, correct(parts, pending, ann, revision=2), ann)
    settle()
    assert public(parts) == [(html(pending.text), False)]
    with parts.reading() as session:
        assert session.exec(select(Thread.revision)).all() == before
    assert tracked(parts, pending).changes == ()
    assert sound(parts)


def test_a_correction_of_what_is_not_yet_out_goes_out_with_it(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    decide(parts, pending, ann, Action.PUBLISH)
    clock.tick(seconds=10)
    correct(parts, pending, ann, revision=2)
    clock.tick(seconds=15)
    assert tracked(parts, pending).status is Status.PENDING
    settle()
    assert public(parts) == [(html(RIGHT), True)]
    assert tracked(parts, pending).status is Status.PUBLISHED
    assert sound(parts)


def test_what_is_taken_down_right_after_a_correction_is_taken_down_for_its_author_too(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    decide(parts, pending, ann, Action.PUBLISH)
    settle()
    correct(parts, pending, ann, revision=2)
    decide(parts, pending, ann, Action.UNPUBLISH, revision=3)
    assert public(parts) == []
    assert tracked(parts, pending).status is Status.UNPUBLISHED
    settle()
    assert public(parts) == []
    assert sound(parts)


# Taking it back


def test_undoing_gives_back_the_text_byte_for_byte_as_a_new_revision(
    parts: Parts, ann: Person, pending: Sent
) -> None:
    before = newest(parts, pending)
    undo(parts, correct(parts, pending, ann), ann)
    after = newest(parts, pending)
    kept = {
        "source",
        "html",
        "author",
        "findings",
        "struck",
        "folded",
        "fingerprint",
        "renderer",
        "corrected_at",
    }
    assert after.model_dump(include=kept) == before.model_dump(include=kept)
    assert after.number == 3
    with parts.reading() as session:
        assert session.get_one(Comment, pending.id).revision == 3
    assert found(parts, ann, "vélos") == [pending.text]
    assert found(parts, ann, "piétons") == []
    assert sound(parts)


def test_it_is_too_late_once_the_window_has_closed_or_something_came_after(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    first = correct(parts, pending, ann)
    second = correct(parts, pending, ann, "Encore autre chose.", revision=2)
    with pytest.raises(TooLate):
        undo(parts, first, ann)
    settle()
    with pytest.raises(TooLate):
        undo(parts, second, ann)


# The author


def test_promise_06_the_author_sees_what_was_changed_once_it_is_done(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    sent_at = clock()
    correct(parts, pending, ann)
    corrected_at = clock()
    assert (tracked(parts, pending).html, tracked(parts, pending).corrected_at) == (html(pending.text), None)
    settle()
    page = tracked(parts, pending)
    assert (page.html, page.corrected_at) == (html(RIGHT), corrected_at)
    assert [(change.kind, change.words) for change in page.changes] == [
        ("same", "Le pont est aussi ouvert aux "),
        ("gone", "vélos."),
        ("added", "piétons."),
    ]
    assert (page.status, page.since) == (Status.PENDING, sent_at)


def test_of_several_corrections_the_author_sees_all_that_differs_from_their_own_words(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    correct(parts, pending, ann)
    correct(parts, pending, ann, "Ce pont est aussi ouvert aux piétons.", revision=2)
    settle()
    assert [change.words for change in tracked(parts, pending).changes if change.kind == "gone"] == [
        "Le",
        "vélos.",
    ]


def test_promise_04_an_author_withdraws_what_they_were_shown(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    shown = tracked(parts, pending).revision
    correct(parts, pending, ann)
    settle()
    with pytest.raises(Stale), parts.writing() as session:
        submissions.withdraw(session, pending.tracking, revision=shown, now=parts.clock())


# Who may, and when


@pytest.mark.parametrize("action", [Action.REFUSE, Action.SPAM])
def test_what_was_put_away_is_not_corrected(parts: Parts, ann: Person, pending: Sent, action: Action) -> None:
    decide(parts, pending, ann, action)
    with pytest.raises(IllegalMove):
        correct(parts, pending, ann, revision=2)


def test_no_decision_of_any_door_is_a_correction(parts: Parts, ann: Person, pending: Sent) -> None:
    for action in (Action.CORRECT, Action.REDACT):
        with pytest.raises(IllegalMove):
            decide(parts, pending, ann, action)


def test_the_same_words_are_no_correction(parts: Parts, ann: Person, pending: Sent) -> None:
    with pytest.raises(Unchanged):
        correct(parts, pending, ann, f"{pending.text}\r\n")
    assert newest(parts, pending).number == 1


def test_who_may_not_decide_may_not_correct(parts: Parts, ann: Person, sami: Person, article: str) -> None:
    own = send(parts, article, "De Sami lui-même.", email=sami.email)
    with pytest.raises(MayNotDecide):
        correct(parts, own, sami)
    with parts.writing() as session:
        deciders.stand_aside(session, own.id, by=ann.id, now=parts.clock())
    with pytest.raises(MayNotDecide):
        correct(parts, own, ann)


def test_of_another_section_there_is_nothing_to_correct(parts: Parts, pending: Sent) -> None:
    other = add_person(parts, "lea@example.org", "Léa", Role.MODERATOR)
    with parts.writing() as session:
        account = session.get_one(Account, other.id)
        account.sections = ["Montagne"]
        session.add(account)
    with pytest.raises(NotFound):
        correct(parts, pending, other)


# Several voices


def test_voices_were_given_on_other_words_and_count_no_more(
    parts: Parts, ann: Person, sami: Person, pending: Sent
) -> None:
    rule(parts, TWO)
    speak(parts, pending, sami, Action.PUBLISH)
    correct(parts, pending, ann)
    with parts.reading() as session:
        assert voices.counting(session, session.get_one(Comment, pending.id)) == []
    speak(parts, pending, sami, Action.PUBLISH, revision=2)
    assert speak(parts, pending, ann, Action.PUBLISH, revision=2) is Status.PUBLISHED


def test_a_veto_stands_whatever_is_rewritten_and_taken_back(
    parts: Parts, ann: Person, sami: Person, pending: Sent
) -> None:
    rule(parts, TWO)
    object_to(parts, pending, sami)
    undo(parts, correct(parts, pending, ann), ann)
    correct(parts, pending, ann, revision=3)
    speak(parts, pending, ann, Action.PUBLISH, revision=4)
    other = add_person(parts, "lea@example.org", "Léa", Role.MODERATOR)
    heard = speak(parts, pending, other, Action.PUBLISH, revision=4)
    assert isinstance(heard, voices.Heard)
    assert heard.paused


def test_where_publishing_takes_several_voices_one_alone_changes_nothing_public(
    parts: Parts, ann: Person, sami: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    rule(parts, TWO)
    speak(parts, pending, sami, Action.PUBLISH)
    speak(parts, pending, ann, Action.PUBLISH)
    settle()
    with pytest.raises(TakesVoices):
        correct(parts, pending, ann, revision=2)


def test_the_index_holds_no_more_than_the_newest_words(parts: Parts, ann: Person, pending: Sent) -> None:
    correct(parts, pending, ann)
    with parts.reading() as session:
        assert search.condition(session, ["velos"])[1]
        texts = session.exec(select(Version).order_by(col(Version.number))).all()
        assert [bool(text.folded) for text in texts] == [False, True]


def test_promise_10_taking_a_text_down_tells_nothing_of_a_correction_that_could_be_undone(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    decide(parts, pending, ann, Action.PUBLISH)
    settle()
    correct(parts, pending, ann, revision=2)
    decide(parts, pending, ann, Action.UNPUBLISH, revision=3)
    assert tracked(parts, pending).html == html(pending.text)
    settle()
    assert tracked(parts, pending).html == html(RIGHT)


def test_what_was_taken_down_is_public_again_at_once_though_a_correction_waits(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    decide(parts, pending, ann, Action.PUBLISH)
    settle()
    correct(parts, pending, ann, revision=2)
    clock.tick(seconds=5)
    decide(parts, pending, ann, Action.UNPUBLISH, revision=3)
    with parts.reading() as session:
        line = session.exec(select(Decision.id).where(Decision.action == Action.UNPUBLISH)).one() or 0
    undo(parts, line, ann)
    assert public(parts) == [(html(pending.text), False)]
    assert sound(parts)
    settle()
    assert public(parts) == [(html(RIGHT), True)]
    assert sound(parts)


def test_what_was_to_be_published_once_more_waits_for_its_window_though_a_later_move_is_undone(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    decide(parts, pending, ann, Action.PUBLISH)
    settle()
    decide(parts, pending, ann, Action.UNPUBLISH, revision=2)
    settle()
    decide(parts, pending, ann, Action.PUBLISH, revision=3)
    clock.tick(seconds=5)
    decide(parts, pending, ann, Action.SPAM, revision=4)
    with parts.reading() as session:
        line = session.exec(select(Decision.id).where(Decision.action == Action.SPAM)).one() or 0
    undo(parts, line, ann)
    assert public(parts) == []
    settle()
    assert public(parts) == [(html(pending.text), False)]

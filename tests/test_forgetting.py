"""Words taken out of a text: gone from all that is public, then from everywhere."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from conftest import FakeClock, Sent, send
from sqlmodel import SQLModel, col, select
from test_corrections import UNDO, correct, decide, html, newest, public, sound, tracked, undo
from test_database import files
from test_search import found
from test_voices import TWO, object_to, rule, speak

from moderation import (
    answers,
    corrections,
    decisions,
    delivery,
    drafts,
    duplicates,
    notes,
    redaction,
    submissions,
    voices,
)
from moderation.accounts import Person
from moderation.corrections import Unchanged, Unsettled
from moderation.decisions import Stale, TooLate
from moderation.lifecycle import Action, IllegalMove, Reason, Status
from moderation.markup import Dialect
from moderation.models.public import Publication
from moderation.models.queue import Comment, Decision, Effect, EffectKind, Question, Signature, Version
from moderation.models.together import Note, Voice
from moderation.voices import Heard
from moderation.web.dependencies import Parts

APPEAL = timedelta(days=90)
MARK = "[passage retiré par la modération]"
SECRET = "Xaviérine Quatrebarbes"
TEXT = f"Le chantier est dirigé par {SECRET}, qui habite au 12 rue des Lilas."
LEFT = f"Le chantier est dirigé par {MARK}, qui habite au 12 rue des Lilas."


@pytest.fixture
def named(parts: Parts, article: str) -> Sent:
    return send(parts, article, TEXT, author="Zoé", email="zoe@example.org")


def redact(parts: Parts, sent: Sent, person: Person, revision: int = 1, words: str = SECRET) -> int:
    with parts.writing() as session:
        text = corrections.draft(session, session.get_one(Comment, sent.id))
        source = redaction.redact(text.text.source, [words], MARK).source
        made = corrections.redact(
            session,
            sent.id,
            drafts.rewritten(text.author, text.email, source, dialect=Dialect.SPIP),
            revision=revision,
            by=person.id,
            now=parts.clock(),
            undo=UNDO,
            appeal=APPEAL,
        )
        assert made.id is not None
        return made.id


def redacted(parts: Parts) -> list[bool]:
    with parts.reading() as session:
        copies = session.exec(select(Publication).where(col(Publication.taken_down_at).is_(None)))
        return [copy.redacted_at is not None for copy in copies]


def everything(parts: Parts) -> str:
    """All there is in the tables."""
    with parts.reading() as session:
        tables = SQLModel.metadata.sorted_tables
        return repr([session.connection().execute(table.select()).all() for table in tables])


# What waits


def test_of_what_waits_the_words_are_gone_and_what_was_taken_is_marked(
    parts: Parts, ann: Person, named: Sent, settle: Callable[[], None]
) -> None:
    line = redact(parts, named, ann)
    text = newest(parts, named)
    assert (text.source, text.html, text.number) == (LEFT, html(LEFT), 2)
    assert (text.redacted_at, text.corrected_at) == (parts.clock(), None)
    with parts.reading() as session:
        made, comment = session.get_one(Decision, line), session.get_one(Comment, named.id)
        assert (made.action, made.after, made.account_id) == (Action.REDACT, Status.PENDING, ann.id)
        assert (comment.status, comment.revision) == (Status.PENDING, 2)
    settle()
    assert public(parts) == []
    decide(parts, named, ann, Action.PUBLISH, revision=2)
    settle()
    assert public(parts) == [(html(LEFT), False)]
    assert redacted(parts) == [True]
    assert sound(parts)


def test_promise_02_who_saw_the_words_cannot_decide_about_the_text_without_them(
    parts: Parts, ann: Person, named: Sent
) -> None:
    redact(parts, named, ann)
    with pytest.raises(Stale):
        decide(parts, named, ann, Action.PUBLISH, revision=1)
    with pytest.raises(Stale):
        redact(parts, named, ann, revision=1, words="Lilas")


def test_nobody_finds_the_words_any_more(parts: Parts, ann: Person, named: Sent) -> None:
    assert found(parts, ann, "quatrebarbes") == [TEXT]
    redact(parts, named, ann)
    assert found(parts, ann, "quatrebarbes") == []
    assert found(parts, ann, "retiré") == [LEFT]


def test_undone_all_of_it_is_back(parts: Parts, ann: Person, named: Sent) -> None:
    undo(parts, redact(parts, named, ann), ann)
    assert (newest(parts, named).source, newest(parts, named).redacted_at) == (TEXT, None)
    assert found(parts, ann, "quatrebarbes") == [TEXT]
    with parts.reading() as session:
        assert session.exec(select(Effect)).all() == []
    assert sound(parts)


# What is public


def test_what_is_public_is_gone_at_once_for_its_author_too(
    parts: Parts, ann: Person, named: Sent, settle: Callable[[], None]
) -> None:
    decide(parts, named, ann, Action.PUBLISH)
    settle()
    redact(parts, named, ann, revision=2)
    assert public(parts) == [(html(LEFT), False)]
    assert redacted(parts) == [True]
    page = tracked(parts, named)
    assert (page.html, page.status, page.redacted_at) == (html(LEFT), Status.PUBLISHED, parts.clock())
    assert SECRET in "".join(change.words for change in page.changes if change.kind == "gone")
    assert sound(parts)


def test_undoing_it_publishes_the_words_again(
    parts: Parts, ann: Person, named: Sent, settle: Callable[[], None]
) -> None:
    decide(parts, named, ann, Action.PUBLISH)
    settle()
    undo(parts, redact(parts, named, ann, revision=2), ann)
    assert public(parts) == [(html(TEXT), False)]
    assert redacted(parts) == [False]
    assert sound(parts)


def test_what_is_about_to_be_public_goes_out_without_the_words(
    parts: Parts, ann: Person, named: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    decide(parts, named, ann, Action.PUBLISH)
    clock.tick(seconds=10)
    redact(parts, named, ann, revision=2)
    assert public(parts) == []
    clock.tick(seconds=15)
    delivery.effects(parts.engine, clock())
    assert all(SECRET not in words for words, _ in public(parts))
    settle()
    assert public(parts) == [(html(LEFT), False)]
    assert sound(parts)


def test_promise_10_words_are_taken_out_once_the_correction_before_is_public_or_undone(
    parts: Parts, ann: Person, sami: Person, named: Sent, settle: Callable[[], None]
) -> None:
    decide(parts, named, ann, Action.PUBLISH)
    settle()
    line = correct(parts, named, ann, f"{TEXT} Faux.", revision=2)
    with pytest.raises(Unsettled):
        redact(parts, named, sami, revision=3)
    assert public(parts) == [(html(TEXT), False)]
    undo(parts, line, ann)
    redact(parts, named, sami, revision=4)
    assert public(parts) == [(html(LEFT), False)]
    correct(parts, named, ann, f"{LEFT} Fin.", revision=5)
    settle()
    redact(parts, named, sami, revision=6, words="Lilas")
    assert public(parts) == [(html(f"{LEFT} Fin.".replace("Lilas", MARK)), True)]
    assert sound(parts)


@pytest.mark.parametrize("after", [Action.REOPEN, Action.PUBLISH])
def test_no_answer_of_the_author_brings_back_words_taken_out_meanwhile(
    parts: Parts, ann: Person, named: Sent, settle: Callable[[], None], after: Action
) -> None:
    decide(parts, named, ann, Action.ASK, note="D’où ?")
    settle()
    decide(parts, named, ann, after, revision=2)
    with pytest.raises(Unsettled):
        redact(parts, named, ann, revision=3)
    with pytest.raises(Unsettled):
        correct(parts, named, ann, revision=3)
    with parts.writing() as session:
        answers.answer(session, named.tracking, "De Zoé.", revision=2, now=parts.clock())
    redact(parts, named, ann, revision=5)
    assert newest(parts, named).source == LEFT
    assert sound(parts)


def test_a_correction_afterwards_keeps_the_mark(
    parts: Parts, ann: Person, named: Sent, settle: Callable[[], None]
) -> None:
    redact(parts, named, ann)
    correct(parts, named, ann, LEFT.replace("chantier", "Chantier"), revision=2)
    settle()
    page = tracked(parts, named)
    assert None not in {page.redacted_at, page.corrected_at}


# Several voices


def test_it_takes_one_person_as_taking_down_does(
    parts: Parts, ann: Person, sami: Person, named: Sent, settle: Callable[[], None]
) -> None:
    rule(parts, TWO)
    speak(parts, named, sami, Action.PUBLISH)
    speak(parts, named, ann, Action.PUBLISH)
    settle()
    redact(parts, named, ann, revision=2)
    assert public(parts) == [(html(LEFT), False)]


def test_a_veto_stands_though_words_were_taken_out(
    parts: Parts, ann: Person, sami: Person, named: Sent
) -> None:
    rule(parts, TWO)
    object_to(parts, named, sami)
    redact(parts, named, ann)
    with parts.reading() as session:
        (veto,) = voices.counting(session, session.get_one(Comment, named.id))
    assert (veto.say, veto.revision) == ("veto", 2)


@pytest.mark.parametrize("action", [Action.REFUSE, Action.SPAM])
def test_what_was_put_away_is_left_as_it_is(parts: Parts, ann: Person, named: Sent, action: Action) -> None:
    decide(parts, named, ann, action)
    with pytest.raises(IllegalMove):
        redact(parts, named, ann, revision=2)


def test_to_take_out_nothing_is_nothing(parts: Parts, ann: Person, named: Sent) -> None:
    with pytest.raises(Unchanged):
        redact(parts, named, ann, words="absent")


# After the appeal


def test_until_the_appeal_is_over_only_what_was_replaced_holds_the_words(
    parts: Parts, ann: Person, named: Sent, clock: FakeClock
) -> None:
    redact(parts, named, ann)
    clock.tick(days=90, seconds=-1)
    delivery.effects(parts.engine, clock())
    assert tracked(parts, named).changes
    with parts.reading() as session:
        holding = [text.number for text in session.exec(select(Version)) if SECRET in text.source]
    assert holding == [1]


def test_then_they_are_erased_from_every_table(
    parts: Parts, ann: Person, named: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    undo(parts, redact(parts, named, ann), ann)
    decide(parts, named, ann, Action.PUBLISH, revision=3)
    settle()
    line = redact(parts, named, ann, revision=4)
    clock.tick(days=90)
    assert delivery.effects(parts.engine, clock()) >= 1
    kept = everything(parts)
    assert "Quatrebarbes" not in kept
    assert "quatrebarbes" not in kept
    with parts.reading() as session:
        assert session.exec(select(Signature)).all() == []
        texts = session.exec(select(Version).order_by(col(Version.number))).all()
        assert [bool(text.source) for text in texts] == [False, False, False, True]
        assert {text.author for text in texts} == {"Zoé"}
    assert public(parts) == [(html(LEFT), False)]
    page = tracked(parts, named)
    assert (page.changes, page.redacted_at is not None) == ((), True)
    with pytest.raises(TooLate):
        undo(parts, line, ann)
    assert sound(parts)


def test_promise_09_erased_means_gone_from_the_files_too(
    parts: Parts, ann: Person, named: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    decide(parts, named, ann, Action.PUBLISH)
    settle()
    redact(parts, named, ann, revision=2)
    clock.tick(days=91)
    delivery.effects(parts.engine, clock())
    clock.tick(days=1)
    delivery.effects(parts.engine, clock())
    with parts.reading() as session:
        assert session.exec(select(Effect)).all() == []
    if parts.engine.dialect.name == "sqlite":
        parts.engine.dispose()
        kept = files(parts.settings.database_url)
        assert b"Quatrebarbes" not in kept
        assert b"quatrebarbes" not in kept


def test_one_server_forgets_and_the_other_finds_it_done(
    parts: Parts, ann: Person, named: Sent, clock: FakeClock
) -> None:
    line = redact(parts, named, ann)
    clock.tick(days=90)
    with parts.writing() as session:
        assert corrections.forget(session, line, clock())
    with parts.writing() as session:
        assert not corrections.forget(session, line, clock())
        kinds = session.exec(select(Effect.kind)).all()
    assert set(kinds) == {EffectKind.LOG, EffectKind.ERASE}


def test_what_was_withdrawn_before_the_appeal_was_over_stays_erased(
    parts: Parts, ann: Person, named: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    redact(parts, named, ann)
    settle()
    with parts.writing() as session:
        revision = tracked(parts, named).revision
        submissions.withdraw(session, named.tracking, revision=revision, now=clock())
    assert "Quatrebarbes" not in everything(parts)
    clock.tick(days=91)
    delivery.effects(parts.engine, clock())
    assert "Lilas" not in everything(parts)
    assert sound(parts)


# What an attacker found


def is_known(parts: Parts, article: str, words: str) -> bool:
    """Whether somebody who sends those words is told that they were said."""
    try:
        send(parts, article, words)
    except duplicates.Duplicate:
        return True
    return False


def test_promise_01_whoever_guesses_the_words_is_not_told_that_they_are_right(
    parts: Parts, ann: Person, named: Sent, article: str, settle: Callable[[], None]
) -> None:
    decide(parts, named, ann, Action.PUBLISH)
    settle()
    assert is_known(parts, article, TEXT)
    redact(parts, named, ann, revision=2)
    assert is_known(parts, article, LEFT)
    assert not is_known(parts, article, TEXT)


def test_promise_10_sending_a_text_again_tells_nothing_of_words_taken_out_until_it_is_done(
    parts: Parts, ann: Person, named: Sent, article: str, settle: Callable[[], None]
) -> None:
    redact(parts, named, ann)
    assert is_known(parts, article, TEXT)
    assert not is_known(parts, article, LEFT)
    settle()
    assert not is_known(parts, article, TEXT)


def test_promise_10_sending_a_text_again_tells_nothing_of_a_correction_until_it_is_done(
    parts: Parts, ann: Person, named: Sent, article: str, settle: Callable[[], None]
) -> None:
    decide(parts, named, ann, Action.PUBLISH)
    settle()
    line = correct(parts, named, ann, "Autre chose.", revision=2)
    assert is_known(parts, article, TEXT)
    undo(parts, line, ann)
    assert is_known(parts, article, TEXT)
    correct(parts, named, ann, "Autre chose.", revision=4)
    settle()
    assert is_known(parts, article, "Autre chose.")
    assert not is_known(parts, article, TEXT)


def say(parts: Parts, sent: Sent, person: Person, action: Action, reason: Reason | None = None) -> int:
    """With the words in what is said with it, at the revision it has."""
    with parts.writing() as session:
        made = decisions.speak(
            session,
            sent.id,
            action,
            revision=session.get_one(Comment, sent.id).revision,
            by=person.id,
            now=parts.clock(),
            undo=UNDO,
            reason=reason,
            note=f"{SECRET}, vraiment ?",
            answer_within=timedelta(days=100),
        )
        return made.voice_id if isinstance(made, Heard) else made.id or 0


@pytest.mark.usefixtures("sami")
def test_what_was_said_beside_the_text_is_erased_with_the_words(
    parts: Parts, ann: Person, named: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    rule(parts, TWO)
    say(parts, named, ann, Action.PUBLISH)
    rule(parts, None)
    undo(parts, say(parts, named, ann, Action.REFUSE, Reason.PRIVACY), ann)
    say(parts, named, ann, Action.ASK)
    settle()
    with parts.writing() as session:
        notes.write(session, named.id, f"Peut-on laisser {SECRET} ?", by=ann.id, now=clock())
        answers.answer(session, named.tracking, f"{SECRET} l’a dit.", revision=2, now=clock())
    redact(parts, named, ann, revision=5)
    settle()
    assert all(SECRET in held for held in beside(parts))
    clock.tick(days=90)
    delivery.effects(parts.engine, clock())
    assert "Quatrebarbes" not in everything(parts)
    assert tracked(parts, named).exchange == ()
    assert sound(parts)


def beside(parts: Parts) -> list[str]:
    """What notes, questions, answers, voices and decisions say."""
    with parts.reading() as session:
        columns = [
            col(Note.text),
            col(Question.text),
            col(Question.answer),
            col(Voice.note),
            col(Decision.note),
        ]
        return [" ".join(session.connection().execute(select(one)).scalars()) for one in columns]


def test_no_question_goes_while_it_may_come_back(
    parts: Parts, ann: Person, named: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    redact(parts, named, ann)
    clock.tick(days=89)
    say(parts, named, ann, Action.ASK)
    settle()
    clock.now += timedelta(days=1) - timedelta(seconds=40)
    reopened = say(parts, named, ann, Action.REOPEN)
    asked = say(parts, named, ann, Action.ASK)
    clock.tick(seconds=15)
    delivery.effects(parts.engine, clock())
    for line in (asked, reopened):
        undo(parts, line, ann)
    with parts.writing() as session:
        answers.answer(session, named.tracking, "Non.", revision=tracked(parts, named).revision, now=clock())
    for _ in range(2):
        clock.tick(days=2)
        delivery.effects(parts.engine, clock())
    assert "Quatrebarbes" not in everything(parts)
    assert sound(parts)


def test_a_question_that_waits_is_left_and_erased_once_it_waits_no_more(
    parts: Parts, ann: Person, named: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    redact(parts, named, ann)
    clock.tick(days=89)
    say(parts, named, ann, Action.ASK)
    settle()
    clock.tick(days=1)
    delivery.effects(parts.engine, clock())
    assert everything(parts).count(SECRET) == 1
    undo(parts, say(parts, named, ann, Action.REOPEN), ann)
    with parts.writing() as session:
        answers.answer(session, named.tracking, "Non.", revision=tracked(parts, named).revision, now=clock())
    clock.tick(days=1)
    delivery.effects(parts.engine, clock())
    assert "Quatrebarbes" not in everything(parts)
    assert sound(parts)


def test_whoever_moves_the_text_without_a_pause_holds_nothing_off(
    parts: Parts, ann: Person, named: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    say(parts, named, ann, Action.REFUSE, Reason.PRIVACY)
    settle()
    say(parts, named, ann, Action.REOPEN)
    redact(parts, named, ann, revision=3)
    clock.tick(days=90, seconds=-10)
    say(parts, named, ann, Action.REFUSE, Reason.PRIVACY)
    clock.tick(seconds=10)
    reopened = say(parts, named, ann, Action.REOPEN)
    clock.tick(seconds=1)
    delivery.effects(parts.engine, clock())
    assert "Quatrebarbes" not in everything(parts)
    undo(parts, reopened, ann)
    assert sound(parts)


def test_what_a_clock_that_is_behind_may_still_undo_brings_back_nothing(
    parts: Parts, ann: Person, named: Sent, clock: FakeClock
) -> None:
    line = redact(parts, named, ann)
    with parts.writing() as session:
        assert corrections.forget(session, line, clock() + APPEAL)
    with pytest.raises(TooLate):
        undo(parts, line, ann)
    assert newest(parts, named).source == LEFT


def test_an_author_whose_words_are_gone_may_act_on_what_they_were_shown(
    parts: Parts, ann: Person, named: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    """Where an appeal is over at once, and something came after within the window."""
    say(parts, named, ann, Action.ASK)
    settle()
    say(parts, named, ann, Action.REOPEN)
    settle()
    line = redact(parts, named, ann, revision=3)
    clock.tick(seconds=10)
    say(parts, named, ann, Action.PUBLISH)
    with parts.writing() as session:
        assert corrections.forget(session, line, clock() + APPEAL)
    with parts.writing() as session:
        submissions.withdraw(session, named.tracking, revision=tracked(parts, named).revision, now=clock())
    assert "Lilas" not in everything(parts)
    assert sound(parts)

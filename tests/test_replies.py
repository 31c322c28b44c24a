"""Publishing and answering as the moderation: one go, one undo, one name that nobody can borrow."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from conftest import FakeClock, Sent, add_person, at_once, send
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, func, select
from test_corrections import UNDO, correct, decide, html, newest, sound, undo
from test_edits import edit
from test_forgetting import redact
from test_questions import ask
from test_voices import TWO, rule

from moderation import answers, bulk, decisions, delivery, drafts, replies, standing, submissions, vetoes
from moderation.accounts import Person
from moderation.bulk import Seen
from moderation.corrections import TakesVoices
from moderation.deciders import MayNotDecide
from moderation.decisions import NotFound, Stale, TooLate
from moderation.lifecycle import Action, IllegalMove, Reason, Status
from moderation.markup import Dialect
from moderation.models.people import Role
from moderation.models.public import Publication, Thread
from moderation.models.queue import Comment, Decision, Effect, EffectKind, Version
from moderation.models.together import Voice
from moderation.pages import judging
from moderation.pages.cards import cards
from moderation.pages.item import item
from moderation.policy import Policy
from moderation.web.dependencies import Parts

WORDS = "Merci, c’est corrigé dans l’article."


def answer(parts: Parts, sent: Sent, person: Person, revision: int = 1, words: str = WORDS) -> int:
    with parts.writing() as session:
        made = replies.publish(
            session,
            sent.id,
            drafts.rewritten("La modération", "", words, dialect=Dialect.SPIP),
            revision=revision,
            by=person.id,
            now=parts.clock(),
            undo=UNDO,
        )
        assert made.id is not None
        return made.id


def official(parts: Parts) -> Comment:
    with parts.reading() as session:
        found = session.exec(select(Comment).where(col(Comment.official).is_(True))).one()
        session.expunge(found)
        return found


def public(parts: Parts) -> list[tuple[str, str, bool, str | None]]:
    with parts.reading() as session:
        copies = session.exec(
            select(Publication)
            .where(col(Publication.taken_down_at).is_(None))
            .order_by(col(Publication.number))
        )
        return [(copy.html, copy.author, copy.official, copy.parent_id) for copy in copies]


def test_both_are_public_together_once_the_window_has_closed(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    answer(parts, pending, ann)
    assert public(parts) == []
    settle()
    assert public(parts) == [
        (html(pending.text), "Zoé", False, None),
        (html(WORDS), "La modération", True, pending.id),
    ]
    with parts.reading() as session:
        assert session.exec(select(Thread.count)).all() == [2]
    assert sound(parts)


def test_the_log_says_whose_it_is_and_readers_are_not_told(parts: Parts, ann: Person, pending: Sent) -> None:
    line = answer(parts, pending, ann)
    with parts.reading() as session:
        made = session.get_one(Decision, line)
        (other,) = session.exec(select(Decision).where(Decision.comment_id == official(parts).id))
        assert (other.action, other.account_id, other.lot) == (Action.PUBLISH, ann.id, made.lot)
        assert (other.undo_until, other.at) == (made.undo_until, made.at)
    reply = official(parts)
    assert (reply.tracking, reply.author_key, reply.section) == (None, None, "Ville")
    assert newest(parts, Sent(reply.id, "", "")).email == ""


@pytest.mark.parametrize("which", ["contribution", "answer"])
def test_one_undo_takes_both_back_and_nothing_of_the_answer_stays(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None], which: str
) -> None:
    line = answer(parts, pending, ann)
    if which == "answer":
        with parts.reading() as session:
            about = Decision.comment_id == official(parts).id
            line = session.exec(select(Decision.id).where(about)).one() or 0
    with parts.writing() as session:
        assert replies.about(session, line) == replies.Answer(official(parts).id, pending.id, WORDS)
        replies.undo(session, line, by=ann.id, now=parts.clock())
    settle()
    assert public(parts) == []
    with parts.reading() as session:
        assert session.get_one(Comment, pending.id).status is Status.PENDING
    reply = official(parts)
    assert reply.status is Status.WITHDRAWN
    assert newest(parts, Sent(reply.id, "", "")).source == ""
    assert sound(parts)


def test_it_is_too_late_for_both_or_for_neither(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    line = answer(parts, pending, ann)
    decide(parts, pending, ann, Action.UNPUBLISH, revision=2)
    with pytest.raises(TooLate), parts.writing() as session:
        replies.undo(session, line, by=ann.id, now=parts.clock())
    settle()
    assert public(parts) == []
    assert sound(parts)


def test_of_a_lot_too_both_or_neither_is_undone(
    parts: Parts, ann: Person, sami: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    line = answer(parts, pending, ann)
    correct(parts, Sent(official(parts).id, "", ""), sami, f"{WORDS} (sic)", revision=2)
    with parts.reading() as session:
        lot = session.get_one(Decision, line).lot
    assert lot is not None
    with pytest.raises(TooLate), parts.writing() as session:
        replies.undo_lot(session, lot, by=ann.id, now=parts.clock())
    settle()
    assert [official for *_, official, _ in public(parts)] == [False, True]
    assert sound(parts)


# An answer is to be read while what it answers is: it may quote it.


def test_who_takes_a_text_back_in_the_window_takes_the_answer_with_it(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    answer(parts, pending, ann, words=f"À « {pending.text} » : merci.")
    with parts.writing() as session:
        submissions.withdraw(session, pending.tracking, revision=1, now=parts.clock())
    settle()
    assert public(parts) == []
    reply = official(parts)
    assert (reply.status, newest(parts, Sent(reply.id, "", "")).source) == (Status.WITHDRAWN, "")
    assert sound(parts)


def test_who_answers_a_question_in_the_window_has_the_moderation_s_answer_wait_too(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    ask(parts, pending, ann)
    settle()
    answer(parts, pending, ann, revision=2)
    with parts.writing() as session:
        answers.answer(session, pending.tracking, "De Zoé.", revision=2, now=parts.clock())
    settle()
    assert public(parts) == []
    reply = official(parts)
    assert reply.status is Status.PENDING
    assert newest(parts, Sent(reply.id, "", "")).source == WORDS
    decide(parts, Sent(reply.id, "", ""), ann, Action.PUBLISH, revision=reply.revision)
    settle()
    assert public(parts) == []
    assert sound(parts)
    with parts.reading() as session:
        revision = session.get_one(Comment, pending.id).revision
    decide(parts, pending, ann, Action.PUBLISH, revision=revision)
    settle()
    assert [author for _, author, *_ in public(parts)] == ["Zoé", "La modération"]
    assert sound(parts)


REWRITES = {
    "corrected": lambda parts, sent, by: correct(parts, sent, by, "Le pont est ouvert.", revision=2),
    "redacted": lambda parts, sent, by: redact(parts, sent, by, revision=2, words="vélos"),
}


@pytest.mark.parametrize("how", REWRITES.values(), ids=REWRITES)
def test_an_answer_waits_for_what_it_answers_to_be_rewritten(
    parts: Parts, ann: Person, pending: Sent, clock: FakeClock, how: Callable[..., object]
) -> None:
    answer(parts, pending, ann)
    clock.tick(seconds=15)
    how(parts, pending, ann)
    clock.tick(seconds=6)
    delivery.effects(parts.engine, clock())
    assert public(parts) == []
    assert sound(parts)
    clock.tick(seconds=15)
    delivery.effects(parts.engine, clock())
    assert [author for _, author, *_ in public(parts)] == ["Zoé", "La modération"]
    assert sound(parts)


def test_an_answer_is_taken_down_and_put_back_with_what_it_answers(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    answer(parts, pending, ann)
    settle()
    decide(parts, pending, ann, Action.UNPUBLISH, revision=2)
    assert public(parts) == []
    with parts.reading() as session:
        assert session.exec(select(Thread.count)).all() == [0]
    assert sound(parts)
    with parts.writing() as session:
        line = session.exec(select(func.max(Decision.id))).one() or 0
        decisions.undo(session, line, by=ann.id, now=parts.clock())
    assert [author for _, author, *_ in public(parts)] == ["Zoé", "La modération"]
    assert sound(parts)


# Among others an answer is one like them.


def back_in_the_queue(parts: Parts, sent: Sent, person: Person, settle: Callable[[], None]) -> None:
    """Taken down, and put back to be read again: its author may act on it."""
    for action in (Action.UNPUBLISH, Action.REOPEN):
        decide(parts, sent, person, action, revision=revision_of(parts, sent))
        settle()


def revision_of(parts: Parts, sent: Sent) -> int:
    with parts.reading() as session:
        return session.get_one(Comment, sent.id).revision


def words_of(parts: Parts, comment_id: str) -> list[str]:
    with parts.reading() as session:
        return list(session.exec(select(Version.source).where(Version.comment_id == comment_id)))


@pytest.mark.parametrize("days", [0, 91], ids=["while one may appeal", "later"])
def test_what_was_done_to_an_answer_long_ago_stays_done_when_an_author_acts(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None], clock: FakeClock, days: int
) -> None:
    answer(parts, pending, ann, words="Nous avons parlé à Quatrebarbes.")
    settle()
    reply = Sent(official(parts).id, "", "")
    redact(parts, reply, ann, revision=2, words="Quatrebarbes")
    settle()
    back_in_the_queue(parts, pending, ann, settle)
    clock.tick(days=days)
    delivery.effects(parts.engine, clock())
    ask(parts, pending, ann)
    settle()
    with parts.writing() as session:
        revision = len(standing.in_effect(session, pending.id, clock())) + 1
        answers.answer(session, pending.tracking, "De Zoé.", revision=revision, now=clock())
    assert "Quatrebarbes" not in newest(parts, reply).source
    with parts.writing() as session:
        revision = len(standing.in_effect(session, pending.id, clock())) + 1
        submissions.withdraw(session, pending.tracking, revision=revision, now=clock())
    assert words_of(parts, reply.id) == ["", ""]
    assert public(parts) == []
    assert sound(parts)


def test_an_answer_that_was_taken_back_stays_gone_when_an_author_acts(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    ask(parts, pending, ann)
    settle()
    line = answer(parts, pending, ann, revision=2)
    with parts.writing() as session:
        replies.undo(session, line, by=ann.id, now=parts.clock())
        erasing = session.exec(select(func.count()).where(Effect.kind == EffectKind.ERASE)).one()
    with parts.writing() as session:
        answers.answer(session, pending.tracking, "De Zoé.", revision=2, now=parts.clock())
        assert session.exec(select(func.count()).where(Effect.kind == EffectKind.ERASE)).one() == erasing
    assert official(parts).status is Status.WITHDRAWN
    assert sound(parts)


def test_what_was_done_to_the_words_of_an_answer_cannot_be_undone_once_they_are_erased(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    answer(parts, pending, ann)
    settle()
    back_in_the_queue(parts, pending, ann, settle)
    mine = Sent(official(parts).id, "", WORDS)
    line = redact(parts, mine, ann, revision=2, words="article")
    with parts.writing() as session:
        submissions.withdraw(session, pending.tracking, revision=4, now=parts.clock())
    with pytest.raises(TooLate):
        undo(parts, line, ann)
    assert words_of(parts, mine.id) == ["", ""]
    assert sound(parts)


def test_nobody_asks_the_moderation_of_its_own_answer(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    answer(parts, pending, ann)
    settle()
    first = Sent(official(parts).id, "", "")
    back_in_the_queue(parts, first, ann, settle)
    with pytest.raises(IllegalMove):
        ask(parts, first, ann)


def test_who_acts_on_a_text_undoes_nothing_that_was_done_to_its_answer_alone(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    answer(parts, pending, ann, words="Nous avons parlé à Quatrebarbes.")
    settle()
    first = Sent(official(parts).id, "", "")
    back_in_the_queue(parts, first, ann, settle)
    back_in_the_queue(parts, pending, ann, settle)
    ask(parts, pending, ann)
    settle()
    redact(parts, first, ann, revision=revision_of(parts, first), words="Quatrebarbes")
    with parts.writing() as session:
        revision = len(standing.in_effect(session, pending.id, clock())) + 1
        answers.answer(session, pending.tracking, "De Zoé.", revision=revision, now=clock())
    assert "Quatrebarbes" not in newest(parts, first).source
    assert sound(parts)


def test_a_text_taken_back_twice_by_clocks_that_differ_is_taken_back_once(
    parts: Parts, pending: Sent, clock: FakeClock
) -> None:
    with parts.writing() as session:
        submissions.withdraw(session, pending.tracking, revision=1, now=clock())
    earlier = clock() - timedelta(milliseconds=2)
    with pytest.raises(Stale), parts.writing() as session:
        submissions.withdraw(session, pending.tracking, revision=1, now=earlier)


def test_an_answer_to_an_answer_goes_with_them(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    answer(parts, pending, ann)
    settle()
    first = Sent(official(parts).id, "", "")
    back_in_the_queue(parts, first, ann, settle)
    answer(parts, first, ann, revision=revision_of(parts, first), words="Précision.")
    settle()
    back_in_the_queue(parts, pending, ann, settle)
    with parts.writing() as session:
        revision = len(standing.in_effect(session, pending.id, parts.clock())) + 1
        submissions.withdraw(session, pending.tracking, revision=revision, now=parts.clock())
    with parts.reading() as session:
        assert set(session.exec(select(Version.source)).all()) == {""}
    assert public(parts) == []
    assert sound(parts)


@pytest.fixture
def among(parts: Parts, ann: Person, pending: Sent, article: str, settle: Callable[[], None]) -> list[Seen]:
    """An answer, and others, all public."""
    answer(parts, pending, ann)
    others = [send(parts, article, f"Texte {number}.") for number in range(2)]
    for other in others:
        decide(parts, other, ann, Action.PUBLISH)
    settle()
    return [Seen(official(parts).id, 2), *(Seen(other.id, 2) for other in others)]


@pytest.mark.parametrize("alone", [True, False])
def test_what_is_taken_down_with_others_is_put_back(
    parts: Parts, ann: Person, among: list[Seen], alone: bool
) -> None:
    before = public(parts)
    with parts.writing() as session:
        outcome = bulk.decide(
            session,
            among,
            Action.UNPUBLISH,
            by=ann.id,
            now=parts.clock(),
            undo=UNDO,
            reason=Reason.OFF_TOPIC,
        )
        lines = [line.id or 0 for line in outcome.done]
        assert len(lines) == 3
        assert replies.of(session, outcome.lot) is None
    assert len(public(parts)) == 1
    with parts.writing() as session:
        if alone:
            for line in lines:
                replies.undo(session, line, by=ann.id, now=parts.clock())
        else:
            replies.undo_lot(session, outcome.lot, by=ann.id, now=parts.clock())
    assert public(parts) == before
    assert sound(parts)


def test_what_is_decided_alone_is_undone_alone(
    parts: Parts, ann: Person, pending: Sent, article: str
) -> None:
    other = send(parts, article, "Une autre, ailleurs.")
    decide(parts, other, ann, Action.PUBLISH)
    answer(parts, pending, ann)
    with parts.writing() as session:
        line = session.exec(select(Decision.id).where(Decision.comment_id == other.id)).one()
        assert line is not None
        assert replies.about(session, line) is None
        replies.undo(session, line, by=ann.id, now=parts.clock())
    assert official(parts).status is Status.PUBLISHED


def test_promise_04_nothing_is_answered_to_what_changed_meanwhile(
    parts: Parts, ann: Person, sami: Person, pending: Sent
) -> None:
    decide(parts, pending, sami, Action.REFUSE)
    with pytest.raises(Stale):
        answer(parts, pending, ann)
    decide(parts, pending, sami, Action.PUBLISH, revision=2)
    with pytest.raises(IllegalMove):
        answer(parts, pending, ann, revision=3)
    with parts.reading() as session:
        assert session.exec(select(Comment).where(col(Comment.official).is_(True))).all() == []


def test_who_may_not_decide_may_not_answer(parts: Parts, ann: Person, sami: Person, article: str) -> None:
    assert ann
    own = send(parts, article, "De Sami.", email=sami.email)
    with pytest.raises(MayNotDecide):
        answer(parts, own, sami)
    with pytest.raises(NotFound):
        answer(parts, Sent("absent", "", ""), ann)


def test_where_publishing_takes_several_voices_no_one_person_answers(
    parts: Parts, ann: Person, sami: Person, pending: Sent
) -> None:
    assert sami
    rule(parts, TWO)
    with pytest.raises(TakesVoices):
        answer(parts, pending, ann)


def test_a_veto_stops_the_answer_with_what_it_answers(
    parts: Parts, ann: Person, sami: Person, pending: Sent
) -> None:
    rule(parts, Policy(veto=True))
    with parts.writing() as session:
        vetoes.object_to(session, pending.id, revision=1, by=sami.id, now=parts.clock())
    with pytest.raises(decisions.Undecided):
        answer(parts, pending, ann)
    with parts.reading() as session:
        assert len(session.exec(select(Voice)).all()) == 1


@pytest.mark.parametrize(
    "name", ["La modération", "la MODERATION", "Modérаtion", "Modératrice du site", "Moderator"]
)
def test_a_reader_who_takes_the_name_is_remarked(parts: Parts, ann: Person, article: str, name: str) -> None:
    taken = send(parts, article, "Votre texte sera supprimé.", author=name)
    other = add_person(parts, "lea@example.org", "Léa", Role.MODERATOR)
    with parts.reading() as session:
        (card,) = cards(session, [taken.id])
        assert judging.judging(session, ann, card, "Le site").like_team
        assert judging.judging(session, other, card, "Le site").remarkable


def test_other_names_are_not(parts: Parts, ann: Person, pending: Sent) -> None:
    with parts.reading() as session:
        (card,) = cards(session, [pending.id])
        assert not judging.judging(session, ann, card, "Le site").like_team


def test_lots_and_answers_decided_alone_do_not_wait_for_each_other(
    parts: Parts, ann: Person, sami: Person, article: str, settle: Callable[[], None]
) -> None:
    sent = [send(parts, article, f"Le texte numéro {number}.") for number in range(12)]
    for one in sent:
        answer(parts, one, ann)
    settle()
    with parts.reading() as session:
        mine = session.exec(select(Comment.id).where(col(Comment.official).is_(True))).all()

    def take_down(seen: list[Seen], person: Person) -> object:
        with parts.writing() as session:
            return bulk.decide(session, seen, Action.SPAM, by=person.id, now=parts.clock(), undo=UNDO)

    lots = [partial(take_down, [Seen(one.id, 2) for one in part], ann) for part in (sent[:8], sent[4:][::-1])]
    alone = [partial(take_down, [Seen(name, 2)], sami) for name in mine]
    outcomes = at_once(*lots, *alone)
    assert [outcome for outcome in outcomes if not isinstance(outcome, bulk.Outcome)] == []
    assert public(parts) == []
    assert sound(parts)


def test_a_text_and_its_answer_are_changed_at_once_without_waiting_for_each_other(
    parts: Parts, ann: Person, sami: Person, article: str, settle: Callable[[], None]
) -> None:
    sent = [send(parts, article, f"Le texte numéro {number} et la suite.") for number in range(4)]
    for one in sent:
        answer(parts, one, ann)
    settle()
    with parts.reading() as session:
        officials = session.exec(select(Comment.id).where(col(Comment.official).is_(True))).all()
    mine = [Sent(name, "", WORDS) for name in officials]
    deeds: list[Callable[[], object]] = []
    for one, two in zip(sent, mine, strict=True):
        deeds += [
            partial(decide, parts, one, ann, Action.SPAM, revision=2),
            partial(correct, parts, two, sami, "Merci, c’est fait.", revision=2),
            partial(redact, parts, two, ann, revision=2, words="article"),
            partial(correct, parts, one, sami, "Le texte et la suite.", revision=2),
            partial(redact, parts, one, sami, revision=2, words="suite"),
        ]
    outcomes = at_once(*deeds)
    failed = [one for one in outcomes if isinstance(one, DBAPIError)]
    assert failed == []
    assert sound(parts)


# What an attacker found


@pytest.mark.parametrize("how", ["correct", "redact"])
def test_an_answer_that_was_set_aside_is_not_published_by_undoing_what_was_done_to_its_words(
    parts: Parts, ann: Person, pending: Sent, clock: FakeClock, settle: Callable[[], None], how: str
) -> None:
    answer(parts, pending, ann)
    clock.tick(seconds=4)
    mine = Sent(official(parts).id, "", WORDS)
    line = (
        correct(parts, mine, ann, "Merci.", revision=2)
        if how == "correct"
        else redact(parts, mine, ann, revision=2, words="article")
    )
    edit(parts, pending, "Autre chose.", revision=1)
    assert official(parts).status is Status.PENDING
    with pytest.raises(TooLate):
        undo(parts, line, ann)
    settle()
    decide(parts, pending, ann, Action.PUBLISH, revision=revision_of(parts, pending))
    settle()
    assert [author for _, author, *_ in public(parts)] == ["Zoé"]
    assert sound(parts)


def test_an_answer_to_words_that_were_written_anew_is_decided_about_again(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    answer(parts, pending, ann)
    mine = Sent(official(parts).id, "", WORDS)
    for action in (Action.UNPUBLISH, Action.PUBLISH):
        decide(parts, mine, ann, action, revision=revision_of(parts, mine))
    edit(parts, pending, "Autre chose.", revision=1)
    assert official(parts).status is Status.UNPUBLISHED
    decide(parts, pending, ann, Action.PUBLISH, revision=revision_of(parts, pending))
    settle()
    assert [author for _, author, *_ in public(parts)] == ["Zoé"]
    assert sound(parts)


@pytest.mark.parametrize(("how", "back"), [("correct", True), ("redact", False)])
def test_an_answer_is_back_with_what_it_answers_but_no_word_that_was_taken_out_meanwhile(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None], how: str, *, back: bool
) -> None:
    answer(parts, pending, ann)
    settle()
    mine = Sent(official(parts).id, "", WORDS)
    if how == "correct":
        correct(parts, mine, ann, "Merci.", revision=2)
    decide(parts, pending, ann, Action.UNPUBLISH, revision=2)
    with parts.reading() as session:
        line = session.exec(select(Decision.id).where(Decision.action == Action.UNPUBLISH)).one() or 0
    if how == "redact":
        redact(parts, mine, ann, revision=2, words="article")
    undo(parts, line, ann)
    assert (html(WORDS) in [words for words, *_ in public(parts)]) == back
    assert sound(parts)
    settle()
    assert len(public(parts)) == 2
    assert html(WORDS) not in [words for words, *_ in public(parts)]


@pytest.mark.parametrize("taken_down", [False, True])
def test_whoever_saw_an_answer_below_other_words_does_not_publish_it(
    parts: Parts, ann: Person, pending: Sent, settle: Callable[[], None], taken_down: bool
) -> None:
    answer(parts, pending, ann)
    below = Sent(official(parts).id, "", "")
    if taken_down:
        decide(parts, below, ann, Action.UNPUBLISH, revision=2)
    seen = official(parts).revision
    edit(parts, pending, "Il faut tout casser.", revision=1)
    settle()
    assert official(parts).status is Status.PENDING
    with pytest.raises(Stale):
        decide(parts, below, ann, Action.PUBLISH, revision=seen)
    with parts.reading() as session:
        page = item(session, ann, below.id)
    assert page is not None
    assert page.edited is None
    assert page.history[0].action in {Action.EDIT, Action.REOPEN}
    assert sound(parts)

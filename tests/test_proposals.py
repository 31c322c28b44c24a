"""Authors propose other words for what is public, or that it go: it waits, and changes nothing before."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from conftest import FakeClock, Sent, add_person, at_once, send
from sqlmodel import desc, select
from test_corrections import UNDO, correct, decide, html, newest, public, sound, tracked, undo
from test_forgetting import MARK, everything, redact
from test_questions import ask
from test_search import found
from test_voices import TWO, rule, speak

from moderation import (
    answers,
    authors,
    contesting,
    decisions,
    delivery,
    drafts,
    moves,
    proposals,
    retention,
    submissions,
    texts,
)
from moderation.accounts import Person
from moderation.decisions import NotFound, Stale, TooLate
from moderation.duplicates import Duplicate
from moderation.edits import Unchanged
from moderation.lifecycle import Action, IllegalMove, Reason, Status
from moderation.markup import Dialect
from moderation.models.people import Role
from moderation.models.public import LogLine, Publication
from moderation.models.queue import Comment, Decision, Version
from moderation.pages.item import Item, item
from moderation.replies import publish as publish_and_answer
from moderation.voices import Heard
from moderation.web.dependencies import Parts

OLD = "Le pont est aussi ouvert aux vélos."
NEW = "Le pont est ouvert aux vélos depuis mardi."


@pytest.fixture
def shown(parts: Parts, article: str, ann: Person, settle: Callable[[], None]) -> Sent:
    """A contribution that is public."""
    sent = send(parts, article, OLD, author="Zoé", email="zoe@example.org")
    decide(parts, sent, ann, Action.PUBLISH)
    settle()
    return sent


def propose(parts: Parts, sent: Sent, words: str = NEW, author: str = "Zoé", **seen: int) -> Sent:
    draft = drafts.read(author, "zoe@example.org", words, dialect=Dialect.SPIP)
    revision = seen.get("revision") or tracked(parts, sent).revision
    with parts.writing() as session:
        code = proposals.correct(session, sent.tracking, draft, revision=revision, now=parts.clock())
    return named(parts, code, words)


def approve(parts: Parts, sent: Sent, person: Person, undo: timedelta = UNDO) -> int:
    with parts.writing() as session:
        made = decisions.decide(
            session, sent.id, Action.PUBLISH, revision=1, by=person.id, now=parts.clock(), undo=undo
        )
        assert made.id is not None
        return made.id


def ask_to_go(parts: Parts, sent: Sent, words: str = "Retirez-le, merci.") -> Sent:
    draft = drafts.rewritten("Zoé", "zoe@example.org", words, dialect=Dialect.SPIP)
    revision = tracked(parts, sent).revision
    with parts.writing() as session:
        code = proposals.retract(session, sent.tracking, draft, revision=revision, now=parts.clock())
    return named(parts, code, words)


def named(parts: Parts, code: str, words: str) -> Sent:
    with parts.reading() as session:
        return Sent(session.exec(select(Comment.id).where(Comment.tracking == code)).one(), code, words)


def seen(parts: Parts, person: Person, sent: Sent) -> Item:
    with parts.reading() as session:
        page = item(session, person, sent.id)
        assert page is not None
        return page


def logged(parts: Parts) -> list[str]:
    with parts.reading() as session:
        lines = session.exec(select(LogLine.line).order_by(LogLine.seq)).all()  # type: ignore[arg-type]
        return [line.split('"action":"')[1].split('"')[0] for line in lines]


# A correction


def test_what_is_proposed_waits_and_readers_keep_what_they_have(
    parts: Parts, ann: Person, shown: Sent, clock: FakeClock
) -> None:
    clock.tick(hours=1)
    proposed = propose(parts, shown)
    assert public(parts) == [(html(OLD), False)]
    assert found(parts, ann, "mardi") == [NEW]
    page = tracked(parts, shown)
    assert page.status is Status.PUBLISHED
    assert not page.may_amend
    assert [(one.code, one.retracts, one.status, one.waits) for one in page.proposals] == [
        (proposed.tracking, False, Status.PENDING, True)
    ]
    theirs = tracked(parts, proposed)
    assert theirs.amends is not None
    assert theirs.amends.code == shown.tracking
    assert "".join(change.words for change in theirs.amends.changes if change.kind == "added").strip()
    card = seen(parts, ann, proposed).card
    assert (card.kind, card.status, card.author) == ("correction", Status.PENDING, "Zoé")
    assert sound(parts)


def test_once_approved_it_takes_the_place_of_what_was_public_under_its_number(
    parts: Parts, ann: Person, shown: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    number = tracked(parts, shown).number
    clock.tick(hours=1)
    proposed = propose(parts, shown, author="Zoé B.")
    decide(parts, proposed, ann, Action.PUBLISH)
    assert public(parts) == [(html(OLD), False)]  # the window is open
    settle()
    page = tracked(parts, shown)
    assert (page.source, page.author, page.number, page.status) == (NEW, "Zoé B.", number, Status.PUBLISHED)
    assert page.amended_at == parts.clock()
    assert page.may_amend
    assert public(parts) == [(html(NEW), False)]
    with parts.reading() as session:
        (copy,) = session.exec(select(Publication)).all()
        assert (copy.author, copy.amended_at) == ("Zoé B.", parts.clock())
        line = session.exec(select(Decision).where(Decision.action == Action.AMEND)).one()
        assert (line.comment_id, line.account_id) == (shown.id, ann.id)
    assert logged(parts) == ["publish", "amend"]
    assert tracked(parts, proposed).status is Status.PUBLISHED
    assert sound(parts)


def test_without_a_window_it_takes_its_place_at_once(parts: Parts, ann: Person, shown: Sent) -> None:
    proposed = propose(parts, shown)
    approve(parts, proposed, ann, undo=timedelta())
    assert public(parts) == [(html(NEW), False)]
    assert sound(parts)


def test_refused_it_leaves_things_as_they_were_and_may_be_contested(
    parts: Parts, ann: Person, sami: Person, shown: Sent, settle: Callable[[], None]
) -> None:
    proposed = propose(parts, shown)
    decide(parts, proposed, ann, Action.REFUSE)
    assert tracked(parts, shown).proposals[0].waits  # who refused may still undo it
    assert not tracked(parts, shown).may_amend
    settle()
    assert (public(parts), tracked(parts, shown).may_amend) == ([(html(OLD), False)], True)
    page = tracked(parts, proposed)
    assert (page.status, page.reason) == (Status.REFUSED, Reason.OFF_TOPIC)
    with parts.writing() as session:
        contesting.appeal(session, proposed.tracking, "Si.", revision=page.revision, now=parts.clock())
    decide(parts, proposed, sami, Action.PUBLISH, revision=3)
    settle()
    assert public(parts) == [(html(NEW), False)]
    assert sound(parts)


def test_undone_in_its_window_nothing_has_been_public(
    parts: Parts, ann: Person, shown: Sent, settle: Callable[[], None]
) -> None:
    proposed = propose(parts, shown)
    made = approve(parts, proposed, ann)
    undo(parts, made, ann)
    settle()
    assert (public(parts), tracked(parts, proposed).status) == ([(html(OLD), False)], Status.PENDING)
    assert logged(parts) == ["publish"]


def test_once_it_is_public_it_cannot_be_undone_nor_decided_again(
    parts: Parts, ann: Person, shown: Sent, settle: Callable[[], None]
) -> None:
    proposed = propose(parts, shown)
    made = approve(parts, proposed, ann)
    settle()
    with pytest.raises(TooLate):
        undo(parts, made, ann)
    assert seen(parts, ann, proposed).actions == ()
    assert not seen(parts, ann, proposed).rewritable
    for action in (Action.UNPUBLISH, Action.SPAM):
        with pytest.raises(IllegalMove):
            decide(parts, proposed, ann, action, revision=2)
    with pytest.raises(IllegalMove):
        correct(parts, proposed, ann, revision=2)


def test_what_was_taken_down_meanwhile_takes_no_other_words(
    parts: Parts, ann: Person, shown: Sent, settle: Callable[[], None]
) -> None:
    proposed = propose(parts, shown)
    decide(parts, shown, ann, Action.UNPUBLISH, revision=2)
    page = seen(parts, ann, proposed)
    assert page.amends is not None
    assert not page.amends.is_public
    assert Action.PUBLISH not in page.actions
    assert Action.REFUSE in page.actions
    with pytest.raises(IllegalMove):
        decide(parts, proposed, ann, Action.PUBLISH)
    settle()
    assert public(parts) == []
    assert sound(parts)


def test_where_something_was_done_to_the_text_since_nobody_has_said_that_these_words_may_stand(
    parts: Parts, ann: Person, sami: Person, shown: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    proposed = propose(parts, shown)
    decide(parts, proposed, ann, Action.PUBLISH)
    clock.tick(seconds=5)
    decide(parts, shown, sami, Action.UNPUBLISH, revision=2)
    settle()
    assert public(parts) == []
    assert newest(parts, shown).source == OLD
    assert tracked(parts, proposed).status is Status.PENDING
    assert [line.by for line in seen(parts, ann, proposed).history if line.undo] == ["Sami"]
    assert sound(parts)


def test_words_taken_out_in_its_window_stay_out(
    parts: Parts, ann: Person, sami: Person, shown: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    proposed = propose(parts, shown, "Le pont est aussi ouvert aux vélos, depuis mardi.")
    decide(parts, proposed, ann, Action.PUBLISH)
    clock.tick(seconds=5)
    redact(parts, shown, sami, revision=2, words="vélos")
    settle()
    assert public(parts) == [(html(OLD.replace("vélos", MARK)), False)]
    assert tracked(parts, proposed).waits
    assert not tracked(parts, shown).may_amend
    assert sound(parts)


def test_words_taken_out_of_what_was_corrected_are_erased_there_too_and_nobody_guesses_them(
    parts: Parts, ann: Person, shown: Sent, article: str, settle: Callable[[], None], clock: FakeClock
) -> None:
    proposed = propose(parts, shown)
    approve(parts, proposed, ann)
    settle()
    redact(parts, shown, ann, revision=3, words="mardi")
    settle()
    send(parts, article, NEW, author="Qui devine")  # no Duplicate tells that it stood there
    clock.tick(days=100)
    for _ in range(2):
        delivery.effects(parts.engine, clock())
    with parts.reading() as session:
        kept = session.exec(select(Version.source).where(Version.comment_id == proposed.id)).all()
    assert kept == [""]
    assert sound(parts)


@pytest.mark.parametrize("then", [Action.REOPEN, Action.APPEAL])
def test_a_withdrawal_that_was_granted_is_done_whatever_became_of_the_text_since(
    parts: Parts, ann: Person, sami: Person, shown: Sent, settle: Callable[[], None], then: Action
) -> None:
    gone = ask_to_go(parts, shown)
    decide(parts, gone, ann, Action.PUBLISH)
    decide(parts, shown, sami, Action.UNPUBLISH, revision=2)
    if then is Action.REOPEN:
        decide(parts, shown, sami, Action.REOPEN, revision=3)
    else:
        revision = tracked(parts, shown).revision
        with parts.writing() as session:
            contesting.appeal(session, shown.tracking, "Non.", revision=revision, now=parts.clock())
    settle()
    assert tracked(parts, shown).status is Status.WITHDRAWN
    assert OLD not in everything(parts)
    assert sound(parts)


def test_what_was_erased_does_not_come_back_into_the_queue(
    parts: Parts, ann: Person, shown: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    proposed = propose(parts, shown)
    decide(parts, proposed, ann, Action.REFUSE)
    settle()
    decide(parts, ask_to_go(parts, shown), ann, Action.PUBLISH)
    clock.tick(seconds=15)
    decide(parts, proposed, ann, Action.REOPEN, revision=2)
    decide(parts, proposed, ann, Action.REFUSE, revision=3)
    with parts.reading() as session:
        last = session.exec(select(Decision.id).order_by(desc(Decision.id))).first() or 0
    clock.tick(seconds=10)
    delivery.effects(parts.engine, clock())
    with pytest.raises(TooLate):
        undo(parts, last, ann)
    assert sound(parts)


def test_granting_and_revoking_its_address_at_once_wait_for_one_another(
    parts: Parts, ann: Person, article: str
) -> None:
    for number in range(8):
        sent = send(parts, article, f"L’original, le {number}e.", author="Zoé")
        approve(parts, sent, ann, undo=timedelta())
        proposed = propose(parts, sent, f"La correction, la {number}e.")

        def revoke(code: str = sent.tracking) -> None:
            with parts.writing() as session:
                submissions.revoke(session, code)

        done = at_once(partial(approve, parts, proposed, ann, timedelta()), revoke)
        assert [one for one in done if isinstance(one, Exception)] == []
    assert sound(parts)


def test_one_at_a_time_and_only_of_what_is_public(
    parts: Parts, ann: Person, shown: Sent, article: str, settle: Callable[[], None]
) -> None:
    with pytest.raises(IllegalMove):
        propose(parts, send(parts, article, "Celle-ci attend."))
    proposed = propose(parts, shown)
    with pytest.raises(IllegalMove):
        propose(parts, shown, "Autre chose.")
    with pytest.raises(IllegalMove):
        ask_to_go(parts, shown)
    decide(parts, proposed, ann, Action.PUBLISH)
    settle()
    with pytest.raises(IllegalMove):  # a proposal about a proposal
        propose(parts, proposed, "Autre chose.")
    propose(parts, shown, "Autre chose encore.")


def test_nobody_proposes_what_is_there_already_nor_without_end(
    parts: Parts, shown: Sent, article: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Unchanged):
        propose(parts, shown, OLD)
    send(parts, article, "Une autre le dit.")
    with pytest.raises(Duplicate):
        propose(parts, shown, "Une autre le dit.")
    with pytest.raises(Stale):
        propose(parts, shown, revision=1)
    monkeypatch.setattr(proposals, "MOST", 0)
    with pytest.raises(IllegalMove):
        propose(parts, shown)


def test_a_proposal_is_asked_about_corrected_and_withdrawn_as_any_text(
    parts: Parts, ann: Person, shown: Sent, settle: Callable[[], None]
) -> None:
    proposed = propose(parts, shown)
    ask(parts, proposed, ann)
    settle()
    with parts.writing() as session:
        answers.answer(session, proposed.tracking, "Oui.", revision=2, now=parts.clock())
    correct(parts, proposed, ann, "Le pont est ouvert aux vélos depuis jeudi.", revision=3)
    settle()
    with parts.writing() as session:
        page = tracked(parts, proposed)
        submissions.withdraw(session, proposed.tracking, revision=page.revision, now=parts.clock())
    assert public(parts) == [(html(OLD), False)]
    assert "jeudi" not in everything(parts)
    assert tracked(parts, shown).proposals == ()
    assert tracked(parts, shown).may_amend


def test_what_the_moderation_corrected_of_it_is_said_beside_it(
    parts: Parts, ann: Person, shown: Sent, settle: Callable[[], None]
) -> None:
    proposed = propose(parts, shown)
    correct(parts, proposed, ann, "Le pont est ouvert depuis jeudi.")
    decide(parts, proposed, ann, Action.PUBLISH, revision=2)
    settle()
    assert public(parts) == [(html("Le pont est ouvert depuis jeudi."), True)]


def test_where_publishing_takes_two_voices_so_does_a_correction_but_not_a_withdrawal(
    parts: Parts, ann: Person, sami: Person, shown: Sent, settle: Callable[[], None]
) -> None:
    add_person(parts, "kim@example.org", "Kim", Role.MODERATOR)
    rule(parts, TWO)
    proposed = propose(parts, shown)
    assert isinstance(speak(parts, proposed, ann, Action.PUBLISH), Heard)
    speak(parts, proposed, sami, Action.PUBLISH)
    settle()
    assert public(parts) == [(html(NEW), False)]
    gone = ask_to_go(parts, shown)
    assert speak(parts, gone, ann, Action.PUBLISH) is Status.PUBLISHED


def test_nobody_answers_in_public_to_a_proposal(parts: Parts, ann: Person, shown: Sent) -> None:
    proposed = propose(parts, shown)
    words = drafts.rewritten("", "", "Merci.", dialect=Dialect.SPIP)
    with pytest.raises(IllegalMove), parts.writing() as session:
        publish_and_answer(session, proposed.id, words, revision=1, by=ann.id, now=parts.clock(), undo=UNDO)


# A withdrawal


def test_a_withdrawal_that_is_granted_erases_the_text_and_all_that_was_proposed_about_it(
    parts: Parts, ann: Person, shown: Sent, settle: Callable[[], None]
) -> None:
    refused = propose(parts, shown)
    decide(parts, refused, ann, Action.REFUSE)
    settle()
    gone = ask_to_go(parts, shown, "Ces mots-ci aussi.")
    assert seen(parts, ann, gone).card.kind == "withdrawal"
    decide(parts, gone, ann, Action.PUBLISH)
    assert public(parts) == [(html(OLD), False)]
    settle()
    assert public(parts) == []
    page = tracked(parts, shown)
    assert (page.status, page.retracted, page.may_amend) == (Status.WITHDRAWN, True, False)
    kept = everything(parts)
    assert all(words not in kept for words in (OLD, NEW, "Ces mots-ci", "zoe@example.org"))
    assert logged(parts)[-1] == "retract"
    assert sound(parts)


def test_a_withdrawal_that_is_refused_leaves_the_text(
    parts: Parts, ann: Person, shown: Sent, settle: Callable[[], None]
) -> None:
    gone = ask_to_go(parts, shown)
    assert not seen(parts, ann, gone).rewritable
    decide(parts, gone, ann, Action.REFUSE)
    settle()
    assert public(parts) == [(html(OLD), False)]
    assert tracked(parts, shown).may_amend
    assert sound(parts)


def test_what_is_taken_out_meanwhile_is_not_in_what_was_proposed_when_that_is_dropped(
    parts: Parts, ann: Person, shown: Sent, settle: Callable[[], None]
) -> None:
    proposed = propose(parts, shown)
    redact(parts, shown, ann, revision=2, words="aussi")
    decide(parts, proposed, ann, Action.REFUSE)
    settle()
    assert public(parts) == [(html(OLD.replace("aussi", MARK)), False)]


def test_whoever_revokes_the_address_of_a_text_revokes_those_of_its_proposals(
    parts: Parts, shown: Sent
) -> None:
    proposed = propose(parts, shown)
    with parts.writing() as session:
        submissions.revoke(session, shown.tracking)
    with pytest.raises(NotFound):
        propose(parts, proposed, revision=1)
    with parts.reading() as session:
        assert session.get_one(Comment, proposed.id).tracking is None


def test_killed_before_it_is_done_it_is_done_later_and_once(
    parts: Parts, ann: Person, shown: Sent, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposed = propose(parts, shown)
    decide(parts, proposed, ann, Action.PUBLISH)
    clock.tick(minutes=1)
    with monkeypatch.context() as broken:
        broken.setattr(moves, "record", _die)
        with pytest.raises(RuntimeError):
            delivery.effects(parts.engine, clock())
    assert public(parts) == [(html(OLD), False)]
    assert delivery.effects(parts.engine, clock()) >= 1
    assert public(parts) == [(html(NEW), False)]
    assert delivery.effects(parts.engine, clock()) == 0
    assert logged(parts) == ["publish", "amend"]


def _die(*_: object, **__: object) -> None:
    raise RuntimeError


def test_an_address_that_was_kept_long_enough_does_not_come_back(
    parts: Parts, ann: Person, shown: Sent, settle: Callable[[], None]
) -> None:
    proposed = propose(parts, shown)
    with parts.writing() as session:
        texts.forget_address(session, session.get_one(Comment, shown.id))
    decide(parts, proposed, ann, Action.PUBLISH)
    settle()
    assert (public(parts), newest(parts, shown).email) == ([(html(NEW), False)], "")


def test_what_was_erased_meanwhile_takes_the_place_of_nothing(
    parts: Parts, ann: Person, shown: Sent, clock: FakeClock
) -> None:
    proposed = propose(parts, shown)
    with parts.writing() as session:
        texts.forget_address(session, session.get_one(Comment, shown.id))
    decide(parts, proposed, ann, Action.PUBLISH)
    clock.tick(seconds=21)  # due, and nobody has come by
    assert authors.erase(parts.engine, "zoe@example.org", clock) == 1
    delivery.effects(parts.engine, clock())
    assert public(parts) == [(html(OLD), False)]
    assert sound(parts)


def test_the_address_of_a_text_is_kept_while_something_proposed_about_it_waits(
    parts: Parts, shown: Sent, clock: FakeClock
) -> None:
    clock.tick(days=parts.settings.periods.addresses.days - 1)
    propose(parts, shown)
    clock.tick(days=2)
    retention.sweep(parts.engine, clock(), parts.settings.periods, lambda: False)
    assert newest(parts, shown).email == "zoe@example.org"

"""Voices in the real tables: what they amount to, and which of them count."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from conftest import FakeClock, Sent, add_article, add_person, at_once, send
from sqlmodel import select

from moderation import accounts, deciders, decisions, members, submissions, vetoes, voices
from moderation.accounts import Person
from moderation.deciders import MayNotDecide
from moderation.decisions import Stale, Undecided
from moderation.lifecycle import Action, IllegalMove, Reason, Status
from moderation.models.people import Role
from moderation.models.queue import Comment, Decision
from moderation.models.together import Voice
from moderation.policy import Policy, Say
from moderation.voices import Ended, Heard, NoSuchVoice
from moderation.web.dependencies import Parts

TWO = Policy(publish=2, refuse=2, veto=True)


@pytest.fixture
def zoe(parts: Parts) -> Person:
    return add_person(parts, "zoe@example.org", "Zoé", Role.MODERATOR)


def rule(parts: Parts, policy: Policy | None, section: str = "") -> None:
    with parts.writing() as session:
        voices.set_policy(session, section, policy)


def speak(
    parts: Parts, sent: Sent, person: Person, action: Action, revision: int = 1, reason: Reason | None = None
) -> Heard | Status:
    """What was heard, or the status it moved to."""
    with parts.writing() as session:
        made = decisions.speak(
            session,
            sent.id,
            action,
            revision=revision,
            by=person.id,
            now=parts.clock(),
            undo=timedelta(seconds=20),
            reason=reason,
        )
        return made if isinstance(made, Heard) else made.after


def object_to(parts: Parts, sent: Sent, person: Person, revision: int = 1) -> Heard:
    with parts.writing() as session:
        return vetoes.object_to(session, sent.id, revision=revision, by=person.id, now=parts.clock())


def status(parts: Parts, sent: Sent) -> Status:
    with parts.reading() as session:
        return session.get_one(Comment, sent.id).status


def test_by_default_one_voice_decides_and_none_is_kept(parts: Parts, ann: Person, pending: Sent) -> None:
    assert speak(parts, pending, ann, Action.PUBLISH) is Status.PUBLISHED
    with parts.reading() as session:
        assert session.exec(select(Voice)).all() == []


def test_two_voices_move_where_two_are_needed(parts: Parts, ann: Person, sami: Person, pending: Sent) -> None:
    rule(parts, TWO)
    heard = speak(parts, pending, ann, Action.PUBLISH)
    assert isinstance(heard, Heard)
    assert (heard.missing, heard.paused, heard.status, heard.revision) == (1, False, Status.PENDING, 1)
    assert speak(parts, pending, sami, Action.PUBLISH) is Status.PUBLISHED
    with parts.reading() as session:
        assert session.exec(select(Decision)).one().account_id == sami.id


def test_one_person_has_one_voice(parts: Parts, ann: Person, sami: Person, pending: Sent) -> None:
    rule(parts, TWO)
    for _ in range(3):
        heard = speak(parts, pending, ann, Action.PUBLISH)
        assert isinstance(heard, Heard)
        assert heard.missing == 1
    assert isinstance(speak(parts, pending, ann, Action.SPAM), Heard)
    assert isinstance(speak(parts, pending, sami, Action.PUBLISH), Heard)
    assert status(parts, pending) is Status.PENDING


def test_who_takes_no_half_answer_is_told(parts: Parts, ann: Person, sami: Person, pending: Sent) -> None:
    rule(parts, TWO)
    with pytest.raises(Undecided), parts.writing() as session:
        decisions.decide(
            session,
            pending.id,
            Action.PUBLISH,
            revision=1,
            by=ann.id,
            now=parts.clock(),
            undo=timedelta(),
        )
    assert isinstance(speak(parts, pending, sami, Action.PUBLISH), Heard)


def test_a_veto_pauses_until_it_is_lifted(
    parts: Parts, ann: Person, sami: Person, zoe: Person, pending: Sent
) -> None:
    rule(parts, TWO)
    veto = object_to(parts, pending, zoe)
    speak(parts, pending, ann, Action.PUBLISH)
    heard = speak(parts, pending, sami, Action.PUBLISH)
    assert isinstance(heard, Heard)
    assert heard.paused
    with pytest.raises(NoSuchVoice), parts.writing() as session:
        voices.take_back(session, veto.voice_id, by=sami.id, admin=False, now=parts.clock())
    with parts.writing() as session:
        voices.take_back(session, veto.voice_id, by=zoe.id, admin=False, now=parts.clock())
    assert status(parts, pending) is Status.PENDING
    assert speak(parts, pending, sami, Action.PUBLISH) is Status.PUBLISHED


def test_an_admin_may_lift_a_veto_and_no_other_voice(
    parts: Parts, ann: Person, sami: Person, zoe: Person, pending: Sent
) -> None:
    rule(parts, TWO)
    veto = object_to(parts, pending, sami)
    other = speak(parts, pending, zoe, Action.PUBLISH)
    assert isinstance(other, Heard)
    with parts.writing() as session:
        voices.take_back(session, veto.voice_id, by=ann.id, admin=True, now=parts.clock())
    with pytest.raises(NoSuchVoice), parts.writing() as session:
        voices.take_back(session, other.voice_id, by=ann.id, admin=True, now=parts.clock())
    with parts.reading() as session:
        lifted = session.get_one(Voice, veto.voice_id)
        assert (lifted.ended_at, lifted.ended_by) == (parts.clock(), ann.id)


def test_there_is_no_veto_where_the_policy_knows_none(parts: Parts, ann: Person, pending: Sent) -> None:
    with pytest.raises(IllegalMove):
        object_to(parts, pending, ann)


def test_a_voice_that_was_taken_back_does_not_count(
    parts: Parts, ann: Person, sami: Person, pending: Sent
) -> None:
    rule(parts, TWO)
    heard = speak(parts, pending, ann, Action.PUBLISH)
    assert isinstance(heard, Heard)
    with parts.writing() as session:
        voices.take_back(session, heard.voice_id, by=ann.id, admin=False, now=parts.clock())
    assert isinstance(speak(parts, pending, sami, Action.PUBLISH), Heard)
    with pytest.raises(Ended), parts.writing() as session:
        voices.take_back(session, heard.voice_id, by=ann.id, admin=False, now=parts.clock())


def test_the_voice_of_who_left_does_not_count(
    parts: Parts, clock: FakeClock, ann: Person, sami: Person, zoe: Person, pending: Sent
) -> None:
    rule(parts, TWO)
    speak(parts, pending, zoe, Action.PUBLISH)
    object_to(parts, pending, zoe)
    with parts.writing() as session:
        members.remove(session, zoe.email, clock.tick(minutes=1))
    heard = speak(parts, pending, ann, Action.PUBLISH)
    assert isinstance(heard, Heard)
    assert (heard.missing, heard.paused) == (1, False)
    assert speak(parts, pending, sami, Action.PUBLISH) is Status.PUBLISHED


def test_the_voice_of_who_stood_aside_does_not_count(
    parts: Parts, ann: Person, sami: Person, zoe: Person, pending: Sent
) -> None:
    rule(parts, TWO)
    speak(parts, pending, zoe, Action.PUBLISH)
    with parts.writing() as session:
        deciders.stand_aside(session, pending.id, by=zoe.id, now=parts.clock())
        voices.end(session, pending.id, by=zoe.id, now=parts.clock())
    assert isinstance(speak(parts, pending, ann, Action.PUBLISH), Heard)
    assert speak(parts, pending, sami, Action.PUBLISH) is Status.PUBLISHED


def test_an_address_anybody_may_type_takes_no_veto_away_and_makes_no_voice_enough(
    parts: Parts, article: str, ann: Person, sami: Person
) -> None:
    rule(parts, TWO)
    sent = send(parts, article, "Usurpé.", email="Sami@example.org")
    heard = speak(parts, sent, ann, Action.PUBLISH)
    assert isinstance(heard, Heard)
    assert heard.missing == 1
    with pytest.raises(MayNotDecide):
        speak(parts, sent, sami, Action.PUBLISH)
    assert object_to(parts, sent, sami).paused
    veto = speak(parts, sent, sami, Action.SPAM)
    assert isinstance(veto, Heard)
    assert veto.say is Say.VETO
    assert isinstance(speak(parts, sent, ann, Action.SPAM), Heard)
    lift(parts, veto, sami)
    assert speak(parts, sent, sami, Action.SPAM) is Status.SPAM


@pytest.mark.parametrize("wanted", [1, 2])
def test_who_objects_lifts_their_veto_before_they_say_anything_else(
    parts: Parts, ann: Person, sami: Person, pending: Sent, wanted: int
) -> None:
    rule(parts, Policy(wanted, wanted, veto=True))
    if wanted > 1:
        speak(parts, pending, ann, Action.PUBLISH)
    veto = object_to(parts, pending, sami)
    for action in (Action.PUBLISH, Action.SPAM):
        heard = speak(parts, pending, sami, action)
        assert isinstance(heard, Heard)
        assert (heard.voice_id, heard.say, heard.paused) == (veto.voice_id, Say.VETO, True)
    lift(parts, veto, sami)
    assert speak(parts, pending, sami, Action.PUBLISH) is Status.PUBLISHED


def lift(parts: Parts, veto: Heard, person: Person) -> None:
    with parts.writing() as session:
        voices.take_back(session, veto.voice_id, by=person.id, admin=False, now=parts.clock())


def test_an_admin_who_stood_aside_lifts_no_veto(
    parts: Parts, ann: Person, sami: Person, pending: Sent
) -> None:
    rule(parts, TWO)
    veto = object_to(parts, pending, sami)
    with parts.writing() as session:
        deciders.stand_aside(session, pending.id, by=ann.id, now=parts.clock())
    with pytest.raises(MayNotDecide), parts.writing() as session:
        voices.take_back(session, veto.voice_id, by=ann.id, admin=True, now=parts.clock())
    with parts.reading() as session:
        assert session.get_one(Voice, veto.voice_id).ended_at is None


def test_a_changed_text_has_no_voices(
    parts: Parts, ann: Person, sami: Person, zoe: Person, pending: Sent
) -> None:
    rule(parts, TWO)
    speak(parts, pending, ann, Action.PUBLISH)
    object_to(parts, pending, zoe)
    with parts.writing() as session:  # as an edit of the author’s does
        comment = session.get_one(Comment, pending.id)
        comment.revision += 1
        session.add(comment)
    with pytest.raises(Stale):
        speak(parts, pending, sami, Action.PUBLISH)
    assert isinstance(speak(parts, pending, sami, Action.PUBLISH, 2), Heard)
    assert speak(parts, pending, ann, Action.PUBLISH, 2) is Status.PUBLISHED


def test_a_section_has_its_own_policy(parts: Parts, ann: Person, sami: Person, pending: Sent) -> None:
    rule(parts, TWO, "Ville")
    add_article(parts, "ailleurs")
    assert isinstance(speak(parts, pending, ann, Action.PUBLISH), Heard)
    rule(parts, Policy(), "Ville")
    rule(parts, TWO)
    assert speak(parts, pending, ann, Action.PUBLISH) is Status.PUBLISHED
    rule(parts, None, "Ville")
    other = send(parts, "le-pont", "Une autre.")
    assert isinstance(speak(parts, other, sami, Action.PUBLISH), Heard)


@pytest.mark.parametrize(("action", "reason"), [(Action.SPAM, None), (Action.UNPUBLISH, Reason.OFF_TOPIC)])
def test_nobody_refuses_alone_by_way_of_a_publication_that_nobody_saw(
    parts: Parts, ann: Person, sami: Person, pending: Sent, action: Action, reason: Reason | None
) -> None:
    rule(parts, Policy(publish=1, refuse=2))
    assert speak(parts, pending, sami, Action.PUBLISH) is Status.PUBLISHED
    heard = speak(parts, pending, sami, action, 2, reason)
    assert isinstance(heard, Heard)
    assert (heard.missing, status(parts, pending)) == (1, Status.PUBLISHED)
    assert isinstance(speak(parts, pending, ann, action, 2, reason), Status)
    assert status(parts, pending) is not Status.PUBLISHED


def test_taking_down_what_is_up_takes_one_person(
    parts: Parts, ann: Person, sami: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    speak(parts, pending, sami, Action.PUBLISH)
    settle()
    rule(parts, TWO)
    assert speak(parts, pending, ann, Action.UNPUBLISH, 2, Reason.PRIVACY) is Status.UNPUBLISHED
    assert isinstance(speak(parts, pending, ann, Action.PUBLISH, 3), Heard)


def test_alone_one_voice_is_enough_whatever_the_policy(parts: Parts, ann: Person, pending: Sent) -> None:
    rule(parts, TWO)
    assert speak(parts, pending, ann, Action.PUBLISH) is Status.PUBLISHED


def test_the_command_line_has_a_voice(parts: Parts, ann: Person, sami: Person, pending: Sent) -> None:
    rule(parts, TWO)
    assert sami.id
    with parts.writing() as session:
        operator = accounts.operator(session, parts.clock())
    line = Person(operator, "", "", Role.ADMIN)
    assert isinstance(speak(parts, pending, line, Action.PUBLISH), Heard)
    assert speak(parts, pending, ann, Action.PUBLISH) is Status.PUBLISHED


def test_of_voices_given_at_once_each_counts_once(
    parts: Parts, ann: Person, sami: Person, pending: Sent
) -> None:
    people = [ann, sami, *(add_person(parts, f"p{n}@example.org", f"P{n}", Role.MODERATOR) for n in range(6))]
    rule(parts, Policy(publish=8, refuse=8))

    def deed(person: Person) -> object:
        return speak(parts, pending, person, Action.PUBLISH)

    made = at_once(*(lambda person=person: deed(person) for person in people))
    assert [one for one in made if one is Status.PUBLISHED] == [Status.PUBLISHED]
    assert sorted(one.missing for one in made if isinstance(one, Heard)) == [1, 2, 3, 4, 5, 6, 7]


def test_erased_with_the_text_are_the_words_beside_a_voice(
    parts: Parts, clock: FakeClock, ann: Person, sami: Person, pending: Sent
) -> None:
    rule(parts, TWO)
    assert sami.id
    with parts.writing() as session:
        vetoes.object_to(session, pending.id, revision=1, by=ann.id, now=clock(), note="Il cite Zoé.")
        submissions.withdraw(session, pending.tracking, revision=1, now=clock())
    with parts.reading() as session:
        kept = session.exec(select(Voice)).one()
        assert (kept.say, kept.note) == (Say.VETO, "")

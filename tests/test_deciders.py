from datetime import timedelta

import pytest
from conftest import Run, Sent, send

from moderation import deciders, decisions, lifecycle, members
from moderation.accounts import Person
from moderation.deciders import MayNotDecide, Why
from moderation.lifecycle import Action, Reason, Status
from moderation.models.queue import Comment
from moderation.web.dependencies import Parts


def aside(parts: Parts, sent: Sent, person: Person) -> None:
    with parts.writing() as session:
        deciders.stand_aside(session, sent.id, by=person.id, now=parts.clock())


def decide(
    parts: Parts, sent: Sent, person: Person, revision: int = 1, *, action: Action = Action.PUBLISH
) -> int:
    with parts.writing() as session:
        made = decisions.decide(
            session,
            sent.id,
            action,
            revision=revision,
            by=person.id,
            now=parts.clock(),
            undo=timedelta(seconds=20),
            reason=Reason.OFF_TOPIC if action in lifecycle.NEEDS_REASON else None,
            note="Quand ?" if action is Action.ASK else "",
        )
        assert made.id is not None
        return made.id


def test_who_stands_aside_decides_nothing_until_they_come_back(
    parts: Parts, ann: Person, sami: Person, pending: Sent
) -> None:
    for _ in range(2):
        aside(parts, pending, ann)
    with pytest.raises(MayNotDecide) as refused:
        decide(parts, pending, ann)
    assert refused.value.why is Why.ASIDE
    with parts.writing() as session:
        deciders.come_back(session, pending.id, by=ann.id)
        deciders.come_back(session, pending.id, by=sami.id)
    decide(parts, pending, ann)


def test_who_stands_aside_undoes_nothing_either(
    parts: Parts, ann: Person, sami: Person, pending: Sent
) -> None:
    made = decide(parts, pending, sami)
    aside(parts, pending, ann)
    with pytest.raises(MayNotDecide), parts.writing() as session:
        decisions.undo(session, made, by=ann.id, now=parts.clock())


def test_one_s_own_is_for_others_to_publish(parts: Parts, article: str, ann: Person, sami: Person) -> None:
    own = send(parts, article, "J’y étais.", author="Ann", email="Ann@Example.org")
    with pytest.raises(MayNotDecide) as refused:
        decide(parts, own, ann)
    assert refused.value.why is Why.OWN
    decide(parts, own, sami)


def test_one_s_own_is_one_s_own_to_decide_where_nobody_else_can(
    parts: Parts, article: str, ann: Person, sami: Person
) -> None:
    own = send(parts, article, "J’y étais.", author="Ann", email="ann@example.org")
    aside(parts, own, sami)
    with parts.reading() as session:
        comment = session.get_one(Comment, own.id)
        assert deciders.able(session, comment) == {ann.id}
        assert deciders.is_own(session, comment, ann.id)
        assert not deciders.is_own(session, comment, sami.id)
    decide(parts, own, ann)


@pytest.mark.parametrize("action", [Action.PUBLISH, Action.REFUSE, Action.ASK])
def test_one_s_own_is_judged_by_others(
    parts: Parts, article: str, ann: Person, sami: Person, action: Action
) -> None:
    own = send(parts, article, "J’y étais.", email="sami@example.org")
    with pytest.raises(MayNotDecide):
        decide(parts, own, sami, action=action)
    decide(parts, own, ann, action=action)


def test_nobody_looks_again_at_their_own_nor_undoes_what_others_decided(
    parts: Parts, article: str, ann: Person, sami: Person
) -> None:
    own = send(parts, article, "J’y étais.", email="sami@example.org")
    made = decide(parts, own, ann, action=Action.REFUSE)
    with pytest.raises(MayNotDecide):
        decide(parts, own, sami, 2, action=Action.REOPEN)
    with pytest.raises(MayNotDecide), parts.writing() as session:
        decisions.undo(session, made, by=sami.id, now=parts.clock())


def test_an_address_anybody_may_type_keeps_nobody_from_taking_spam_away(
    parts: Parts, article: str, ann: Person, sami: Person
) -> None:
    own = send(parts, article, "Usurpé.", email="sami@example.org")
    made = decide(parts, own, sami, action=Action.SPAM)
    with parts.writing() as session:
        decisions.undo(session, made, by=sami.id, now=parts.clock())
    decide(parts, own, ann, 3)
    decide(parts, own, sami, 4, action=Action.UNPUBLISH)


def test_nobody_puts_their_own_up_again_by_undoing(
    parts: Parts, article: str, ann: Person, sami: Person
) -> None:
    own = send(parts, article, "J’y étais.", email="sami@example.org")
    decide(parts, own, ann)
    made = decide(parts, own, sami, 2, action=Action.SPAM)
    with pytest.raises(MayNotDecide), parts.writing() as session:
        decisions.undo(session, made, by=sami.id, now=parts.clock())


def test_alone_one_decides_everything(parts: Parts, article: str, ann: Person, sami: Person) -> None:
    with parts.writing() as session:
        members.remove(session, sami.email, parts.clock())
    decide(parts, send(parts, article, "J’y étais.", author="Ann", email="ann@example.org"), ann)


def test_the_command_line_is_told_that_they_stand_aside(
    parts: Parts, run: Run, ann: Person, sami: Person, pending: Sent
) -> None:
    aside(parts, pending, sami)
    assert ann.id
    refused = run("decide", pending.id, "publish", "--as", "sami@example.org")
    assert refused.exit_code == 1
    assert "stood aside" in refused.stderr
    with parts.reading() as session:
        assert session.get_one(Comment, pending.id).status is Status.PENDING

from datetime import timedelta

from conftest import Sent, send, statements
from sqlmodel import select

from moderation import decisions, precedents, submissions
from moderation.accounts import Person
from moderation.lifecycle import Action, Reason
from moderation.models.judging import PrecedentWord
from moderation.models.queue import Comment, Version
from moderation.pages.item import Item, item
from moderation.web.dependencies import Parts

OF_SCHOOL = "La municipalité repousse encore la rénovation énergétique du groupe scolaire Jacqueline-Auriol."
OF_TREES = "Les platanes centenaires de l’esplanade seront remplacés par des arbustes ornementaux."


def decided(
    parts: Parts, slug: str, by: Person, words: str, action: Action, reason: Reason | None = None
) -> Sent:
    sent = send(parts, slug, words)
    decide(parts, sent, by, action, reason)
    return sent


def decide(parts: Parts, sent: Sent, by: Person, action: Action, reason: Reason | None = None) -> int:
    with parts.writing() as session:
        revision = session.get_one(Comment, sent.id).revision
        decision = decisions.decide(
            session,
            sent.id,
            action,
            revision=revision,
            by=by.id,
            now=parts.clock(),
            undo=timedelta(seconds=20),
            reason=reason,
        )
        assert decision.id is not None
        return decision.id


def opened(parts: Parts, person: Person, sent: Sent) -> Item:
    with parts.reading() as session:
        found = item(session, person, sent.id)
    assert found is not None
    return found


def near(parts: Parts, person: Person, sent: Sent) -> list[tuple[str, str, str | None]]:
    return [
        (found.card.id, found.line.action, found.line.reason)
        for found in opened(parts, person, sent).judging.precedents
    ]


def test_a_like_text_comes_with_what_was_decided_and_why(parts: Parts, article: str, ann: Person) -> None:
    school = decided(parts, article, ann, OF_SCHOOL, Action.REFUSE, Reason.OFF_TOPIC)
    decided(parts, article, ann, OF_TREES, Action.PUBLISH)
    again = send(parts, article, f"Bonjour. {OF_SCHOOL} C’est dommage.")
    assert near(parts, ann, again) == [(school.id, "refuse", "off_topic")]
    (precedent,) = opened(parts, ann, again).judging.precedents
    assert (precedent.line.by, precedent.card.excerpt[:15]) == ("Ann", "La municipalité")


def test_the_three_nearest_come_nearest_first(parts: Parts, article: str, ann: Person) -> None:
    ends = [
        "",
        " Honteux vraiment.",
        " Inadmissible évidemment, déplorable.",
        " Quelle catastrophe, franchement.",
    ]
    sent = [decided(parts, article, ann, f"{OF_SCHOOL}{end}", Action.PUBLISH) for end in ends]
    waits = send(parts, article, f"{OF_SCHOOL} !")
    found = [name for name, *_ in near(parts, ann, waits)]
    assert found[:2] == [sent[0].id, sent[1].id]
    assert len(found) == 3


def test_a_text_that_speaks_of_something_else_has_none(parts: Parts, article: str, ann: Person) -> None:
    decided(parts, article, ann, OF_SCHOOL, Action.PUBLISH)
    assert near(parts, ann, send(parts, article, OF_TREES)) == []
    assert near(parts, ann, send(parts, article, "Merci !")) == []


def test_what_waits_is_no_precedent(parts: Parts, article: str, ann: Person) -> None:
    send(parts, article, OF_SCHOOL)
    undone = send(parts, article, f"{OF_SCHOOL} Bis.")
    decision = decide(parts, undone, ann, Action.PUBLISH)
    with parts.writing() as session:
        decisions.undo(session, decision, by=ann.id, now=parts.clock())
    assert near(parts, ann, send(parts, article, f"{OF_SCHOOL} Ter.")) == []


def test_promise_09_an_erased_text_is_found_by_none_of_its_words(
    parts: Parts, article: str, ann: Person
) -> None:
    sent = send(parts, article, "a\u202eb municipalité", author="Zoé", email="zoe@example.org")
    decision = decide(parts, sent, ann, Action.SPAM)
    with parts.writing() as session:
        assert session.exec(select(PrecedentWord)).all()
        decisions.undo(session, decision, by=ann.id, now=parts.clock())
    with parts.writing() as session:
        submissions.withdraw(session, sent.tracking, revision=1, now=parts.clock())
    with parts.reading() as session:
        assert session.exec(select(PrecedentWord)).all() == []
        version = session.exec(select(Version)).one()
        assert version.struck == []


def test_a_text_decided_twice_is_kept_once(parts: Parts, article: str, ann: Person) -> None:
    sent = decided(parts, article, ann, OF_SCHOOL, Action.REFUSE, Reason.OFF_TOPIC)
    with parts.reading() as session:
        before = len(session.exec(select(PrecedentWord)).all())
    decide(parts, sent, ann, Action.PUBLISH)
    with parts.reading() as session:
        assert len(session.exec(select(PrecedentWord)).all()) == before <= precedents.TELLING


def test_however_many_were_decided_one_question_is_asked(parts: Parts, article: str, ann: Person) -> None:
    for number in range(30):
        decided(parts, article, ann, f"{OF_SCHOOL} numéro {number}", Action.PUBLISH)
    with parts.reading() as session, statements(parts.engine) as asked:
        html = f"<p>{OF_SCHOOL}</p>"
        assert len(precedents.candidates(session, html, but="")) == 30
    assert len(asked) == 1

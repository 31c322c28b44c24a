import pytest
from conftest import Sent
from sqlmodel import select

from moderation import mentions, notes, submissions
from moderation.accounts import Person
from moderation.mentions import Part
from moderation.models.together import Mention, Note
from moderation.web.dependencies import Parts

PEOPLE = {1: "Ann Mercier", 2: "Sami Delcourt", 3: "Sami Roux", 4: "L.", 5: "élodie"}


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("@Ann ?", {1}),
        ("Voir avec @ann mercier.", {1}),
        ("@Sami", {2, 3}),
        ("@Sami Delcourt et @Sami Roux", {2, 3}),
        ("@Sami Delcourt", {2}),
        ("@Élodie, @L. ?", {4, 5}),
        ("ann@example.org", set()),
        ("@Anna @Samia", set()),
        ("Ann, Sami", set()),
        ("", set()),
    ],
)
def test_who_is_called(text: str, called: set[int]) -> None:
    assert mentions.mentioned(text, PEOPLE) == called


def test_a_note_is_its_parts() -> None:
    parts = mentions.parts("Demande à @Ann : elle sait.", PEOPLE)
    assert parts == [Part("Demande à "), Part("@Ann", frozenset({1})), Part(" : elle sait.")]
    assert mentions.parts("@Ann", {}) == [Part("@Ann")]


def write(parts: Parts, sent: Sent, person: Person, text: str) -> int:
    with parts.writing() as session:
        note = notes.write(session, sent.id, text, by=person.id, now=parts.clock())
        assert note.id is not None
        return note.id


def called(parts: Parts) -> set[tuple[int, int]]:
    with parts.reading() as session:
        return {(row.note_id, row.account_id) for row in session.exec(select(Mention))}


def test_a_note_calls_others_until_they_have_seen_it(
    parts: Parts, ann: Person, sami: Person, pending: Sent
) -> None:
    note = write(parts, pending, ann, "  @Sami, @Ann : d’accord ?\n")
    assert called(parts) == {(note, sami.id)}
    with parts.writing() as session:
        notes.seen(session, [note], by=ann.id)
    assert called(parts) == {(note, sami.id)}
    with parts.writing() as session:
        notes.seen(session, [note], by=sami.id)
    assert called(parts) == set()
    with parts.reading() as session:
        assert session.exec(select(Note.text)).all() == ["@Sami, @Ann : d’accord ?"]


def test_the_same_note_sent_twice_is_one(parts: Parts, ann: Person, pending: Sent) -> None:
    assert write(parts, pending, ann, "Deux fois.") == write(parts, pending, ann, "Deux fois. ")


@pytest.mark.parametrize(
    ("text", "error"), [("", notes.Empty), (" \n", notes.Empty), ("a" * 2001, notes.TooLong)]
)
def test_a_note_has_words_and_not_too_many(
    parts: Parts, ann: Person, pending: Sent, text: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        write(parts, pending, ann, text)


def test_notes_are_erased_with_the_comment(parts: Parts, ann: Person, sami: Person, pending: Sent) -> None:
    write(parts, pending, ann, "@Sami, Zoé est ma voisine.")
    assert sami.id
    with parts.writing() as session:
        submissions.withdraw(session, pending.tracking, revision=1, now=parts.clock())
    with parts.reading() as session:
        assert session.exec(select(Note)).all() == []
    assert called(parts) == set()

"""The letter that tells an author of a question: when it leaves, what it says, and when it does not."""

from datetime import timedelta
from email.message import EmailMessage

import pytest
from conftest import BuildParts, FakeClock, Sent, add_article, send
from page import mail_text, plain
from sqlmodel import select
from test_questions import ask, decide, undo

from moderation import answers, delivery, mail, mailboxes, submissions
from moderation.accounts import Person
from moderation.letters import Post
from moderation.lifecycle import Action
from moderation.models.queue import Letter
from moderation.web.dependencies import Parts

ADDRESS = "zoe@example.org"
QUESTION = "D’où vient la date ?"
WORDS = "Le pont rouvre mardi."


@pytest.fixture
def mailing(build_parts: BuildParts) -> Parts:
    return build_parts(smtp_url="smtp://mail.example", mail_from="site@example.org")


@pytest.fixture
def addressed(mailing: Parts) -> Sent:
    return send(mailing, add_article(mailing, "le-pont"), WORDS, author="Zoé", email=ADDRESS)


def arrived(parts: Parts, *, fails: bool = False) -> list[EmailMessage]:
    """What the mail server has taken after one delivery."""
    taken: list[EmailMessage] = []

    def take(message: EmailMessage) -> None:
        if fails:
            raise mail.NotSent("busy")
        taken.append(message)

    delivery.letters(parts.engine, Post(parts.settings, parts.links, parts.templates, take), parts.clock)
    return taken


def left(parts: Parts) -> int:
    with parts.reading() as session:
        return len(session.exec(select(Letter)).all())


def test_an_author_is_told_once_the_window_has_closed(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    ask(mailing, addressed, ann, QUESTION)
    clock.tick(seconds=19)
    assert arrived(mailing) == []
    clock.tick(seconds=1)
    (letter,) = arrived(mailing)
    assert letter["To"] == ADDRESS
    assert plain(letter["Subject"]) == "Le Passe-Muraille : une question sur votre contribution"
    said = plain(mail_text(letter))
    assert f"http://testserver/track/{addressed.tracking} -- Tant que" in said
    assert "sous l’article « Le pont rouvre »" in said
    assert not [words for words in (WORDS, QUESTION, "Zoé", "Ann") if words in str(letter) + said]
    assert (arrived(mailing), left(mailing)) == ([], 0)


def test_an_undone_question_is_told_to_nobody(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    undo(mailing, ask(mailing, addressed, ann), ann)
    clock.tick(minutes=1)
    assert (arrived(mailing), left(mailing)) == ([], 0)


@pytest.mark.parametrize("end", ["answered", "withdrawn", "published", "reopened"])
def test_a_question_that_has_ended_is_told_to_nobody(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent, end: str
) -> None:
    ask(mailing, addressed, ann)
    clock.tick(minutes=1)
    if end in {"published", "reopened"}:
        decide(mailing, addressed, ann, Action.PUBLISH if end == "published" else Action.REOPEN)
    with mailing.writing() as session:
        if end == "answered":
            answers.answer(session, addressed.tracking, "Oui.", revision=2, now=clock())
        elif end == "withdrawn":
            submissions.withdraw(session, addressed.tracking, revision=2, now=clock())
    clock.tick(minutes=1)
    delivery.effects(mailing.engine, clock())
    # Of what was published they are told, and of the question no more.
    told = [plain(letter["Subject"]) for letter in arrived(mailing)]
    assert told == ["Le Passe-Muraille : votre contribution est publiée"] * (end == "published")
    assert left(mailing) == 0


def test_a_question_that_comes_back_is_told_then(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    ask(mailing, addressed, ann)
    clock.tick(seconds=10)
    decision = decide(mailing, addressed, ann, Action.PUBLISH)
    clock.tick(seconds=12)
    assert (arrived(mailing), left(mailing)) == ([], 1)
    undo(mailing, decision, ann)
    assert len(arrived(mailing)) == 1
    undo(mailing, decide(mailing, addressed, ann, Action.REOPEN), ann)
    assert arrived(mailing) == []


def test_an_address_gets_one_letter_a_day(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    other = send(mailing, "le-pont", "Un autre texte.", email=ADDRESS.upper())
    ask(mailing, addressed, ann)
    ask(mailing, other, ann)
    clock.tick(minutes=1)
    assert len(arrived(mailing)) == 1
    clock.tick(hours=23)
    assert (arrived(mailing), left(mailing)) == ([], 1)
    clock.tick(hours=1, minutes=1)
    assert len(arrived(mailing)) == 1


def test_a_letter_that_could_not_be_sent_is_tried_again(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    ask(mailing, addressed, ann)
    clock.tick(minutes=1)
    assert (arrived(mailing, fails=True), left(mailing)) == ([], 1)
    clock.tick(minutes=5)
    assert len(arrived(mailing)) == 1


def test_without_mail_letters_are_thrown_away(
    parts: Parts, ann: Person, clock: FakeClock, article: str
) -> None:
    ask(parts, send(parts, article, WORDS, email=ADDRESS), ann)
    clock.now += timedelta(days=2)
    delivery.letters(parts.engine, None, clock)
    assert left(parts) == 0


def test_each_person_gets_their_letters_in_order_whatever_failed(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    other = send(mailing, "le-pont", "Un autre texte.", author="Zoé", email=ADDRESS)
    stranger = send(mailing, "le-pont", "D’une autre personne.", email="max@example.org")
    with mailing.writing() as session:
        mailboxes.choose(session, mailboxes.digest(ADDRESS), mailboxes.KINDS, clock())
    ask(mailing, addressed, ann, QUESTION)
    clock.tick(seconds=30)
    assert arrived(mailing, fails=True) == []
    decide(mailing, other, ann, Action.PUBLISH, "")
    decide(mailing, stranger, ann, Action.PUBLISH, "")
    clock.tick(seconds=25)
    delivery.effects(mailing.engine, clock())
    assert [letter["To"] for letter in arrived(mailing)] == ["max@example.org"]
    clock.tick(minutes=1)
    subjects = [str(letter["Subject"]) for letter in arrived(mailing)]
    assert ["question" in subjects[0], "publiée" in subjects[1], len(subjects)] == [True, True, 2]

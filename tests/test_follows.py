"""Who is asked whether they want to follow, and is told of what: not before they confirmed, and no longer."""

import re
from datetime import timedelta
from email.message import EmailMessage
from functools import partial

import pytest
from conftest import BuildParts, FakeClock, Sent, add_article, at_once, send
from page import mail_text, plain
from sqlmodel import col, select
from test_database import tonight
from test_letters import arrived, left

from moderation import decisions, delivery, follows, mailboxes, proposals, replies, submissions
from moderation.accounts import Person
from moderation.drafts import rewritten
from moderation.lifecycle import Action, Reason
from moderation.links import Following, Unfollowing
from moderation.markup import Dialect
from moderation.models.follows import Follow
from moderation.models.public import Thread
from moderation.models.queue import Comment, LetterKind
from moderation.web.dependencies import Parts

READER = "lea@example.org"
UNDO = timedelta(seconds=20)
HOSTILE = "[lien->https://evil.example/] <img src=https://evil.example/x.png> Bcc: eve@example.org"


@pytest.fixture
def mailing(build_parts: BuildParts) -> Parts:
    parts = build_parts(smtp_url="smtp://mail.example", mail_from="site@example.org")
    add_article(parts, "le-pont")
    return parts


def ask(parts: Parts, address: str = READER, slug: str = "le-pont") -> None:
    with parts.writing() as session:
        follows.ask(session, slug, address, parts.clock())


def link(letter: EmailMessage, path: str) -> str:
    (token,) = set[str](re.findall(rf"http://testserver/{path}/([\w.-]+)", mail_text(letter)))
    return token


def confirm(parts: Parts, address: str = READER) -> None:
    """As who reads there would, of all they were asked about."""
    with parts.writing() as session:
        digest, now = mailboxes.digest(address), parts.clock()
        names = session.exec(select(Follow.id).where(follows.waiting(digest, now))).all()
        follows.confirm(session, digest, names, now)


def followed(parts: Parts, address: str = READER, slug: str = "le-pont") -> None:
    ask(parts, address, slug)
    arrived(parts)
    confirm(parts, address)


def decide(
    parts: Parts, sent: Sent, person: Person, action: Action = Action.PUBLISH, revision: int = 1
) -> int:
    with parts.writing() as session:
        made = decisions.decide(
            session,
            sent.id,
            action,
            revision=revision,
            by=person.id,
            now=parts.clock(),
            undo=UNDO,
            reason=Reason.OTHER if action is Action.UNPUBLISH else None,
            note="Non." if action is Action.UNPUBLISH else "",
        )
        assert made.id is not None
        return made.id


def publish(parts: Parts, person: Person, text: str, **more: str) -> Sent:
    sent = send(parts, "le-pont", text, **more)
    decide(parts, sent, person)
    return sent


def settled(parts: Parts, clock: FakeClock) -> list[EmailMessage]:
    """What arrives at who follows, once the window has closed."""
    clock.tick(seconds=20)
    delivery.effects(parts.engine, clock())
    return [
        letter
        for letter in arrived(parts)
        if "suivez" in letter["Subject"] or "on répond" in letter["Subject"]
    ]


def rows(parts: Parts) -> list[Follow]:
    with parts.reading() as session:
        return list(session.exec(select(Follow).order_by(col(Follow.asked_at))))


# Asking


def test_one_letter_asks_and_nothing_else_is_sent_before_it_is_confirmed(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    ask(mailing)
    (letter,) = arrived(mailing)
    assert letter["To"] == READER
    assert plain(letter["Subject"]) == "Le Passe-Muraille : confirmez ce que vous voulez suivre"
    said = plain(mail_text(letter))
    assert "- sous « Le pont rouvre » Si c’est vous, confirmez-le avant le 4 mars 2026 à 10 h 00 :" in said
    assert re.search(r"\n\n- sous [^\n]*\n\nSi", mail_text(letter).replace("\r", ""))
    right, _ = mailing.links.read(Following, link(letter, "follow"), clock())
    assert right.digest == mailboxes.digest(READER)
    publish(mailing, ann, "Le pont rouvre mardi.")
    assert settled(mailing, clock) == []
    clock.tick(days=4)
    delivery.effects(mailing.engine, clock())
    assert (arrived(mailing), left(mailing)) == ([], 0)


def test_whoever_asks_and_however_often_an_address_is_asked_once_a_day(
    mailing: Parts, clock: FakeClock
) -> None:
    for slug in ("l-ete", "l-hiver", "la-nuit"):
        add_article(mailing, slug, title=slug)
    came = []
    for number in range(48):
        ask(
            mailing,
            READER.upper() if number % 2 else READER,
            ("le-pont", "l-ete", "l-hiver", "la-nuit")[number % 4],
        )
        delivery.effects(mailing.engine, clock())
        came += [clock() for _ in arrived(mailing)]
        clock.tick(hours=1)
    assert [moment - came[0] for moment in came] == [timedelta(), timedelta(days=1)]


def test_nor_is_an_address_that_was_confirmed_asked_more_often_by_who_is_not_there(
    mailing: Parts, clock: FakeClock
) -> None:
    followed(mailing)
    add_article(mailing, "l-ete")
    add_article(mailing, "l-hiver")
    came = []
    for slug in ("l-ete", "l-hiver") * 12:
        clock.tick(hours=2)
        ask(mailing, slug=slug)
        came += [clock() for _ in arrived(mailing)]
    assert len(came) == 2
    assert came[1] - came[0] >= timedelta(days=1)


def test_the_letter_of_the_next_day_asks_about_all_that_waits(mailing: Parts, clock: FakeClock) -> None:
    add_article(mailing, "l-ete", title="L’été")
    ask(mailing)
    arrived(mailing)
    clock.tick(minutes=1)
    ask(mailing, slug="l-ete")
    assert arrived(mailing) == []
    clock.tick(days=1)
    (letter,) = arrived(mailing)
    assert "- sous « Le pont rouvre » - sous « L’été » Si" in plain(mail_text(letter))


def test_who_wants_nothing_is_not_even_asked(mailing: Parts, clock: FakeClock) -> None:
    with mailing.writing() as session:
        mailboxes.choose(session, mailboxes.digest(READER), [], clock())
    ask(mailing)
    assert (arrived(mailing), left(mailing)) == ([], 0)


def test_an_address_is_asked_about_so_much_at_once_and_no_more(mailing: Parts) -> None:
    for number in range(follows.MOST_ASKED + 5):
        add_article(mailing, f"article-{number}")
        ask(mailing, slug=f"article-{number}")
    assert len(rows(mailing)) == follows.MOST_ASKED


def test_nothing_is_followed_where_there_is_no_article(mailing: Parts) -> None:
    with pytest.raises(follows.Unknown):
        ask(mailing, slug="nulle-part")


def test_what_nobody_confirmed_in_three_days_is_forgotten_and_can_be_asked_again(
    mailing: Parts, clock: FakeClock
) -> None:
    ask(mailing)
    (letter,) = arrived(mailing)
    clock.tick(days=3)
    delivery.effects(mailing.engine, clock())
    assert [follow.address for follow in rows(mailing) if follow.address] == []
    delivery.effects(mailing.engine, tonight(clock))
    assert rows(mailing) == []
    confirm(mailing)
    assert rows(mailing) == []
    ask(mailing)
    assert len(arrived(mailing)) == 1
    assert letter["To"] == READER


# Telling


def test_a_publication_is_told_once_it_is_public_to_who_confirmed(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    publish(mailing, ann, "D’avant.")
    settled(mailing, clock)
    followed(mailing)
    publish(mailing, ann, "Le pont rouvre mardi.", author="Zoé")
    clock.tick(seconds=19)
    delivery.effects(mailing.engine, clock())
    assert arrived(mailing) == []
    (letter,) = settled(mailing, clock)
    assert letter["To"] == READER
    assert plain(letter["Subject"]) == "Le Passe-Muraille : du nouveau sous un article que vous suivez"
    said = plain(mail_text(letter))
    assert "1 nouvelle contribution est publiée sous l’article « Le pont rouvre »" in said
    assert "http://testserver/articles/le-pont#comment2" in said
    assert "#comment1" not in said
    clock.tick(days=2)
    assert (settled(mailing, clock), left(mailing)) == ([], 0)


def test_a_letter_tells_of_all_that_came_since_the_last_and_one_leaves_a_day(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    followed(mailing)
    publish(mailing, ann, "Un.")
    assert len(settled(mailing, clock)) == 1
    for text in ("Deux.", "Trois."):
        clock.tick(hours=5)
        publish(mailing, ann, text)
        assert settled(mailing, clock) == []
    clock.tick(hours=14)
    (letter,) = settled(mailing, clock)
    said = plain(mail_text(letter))
    assert "2 nouvelles contributions sont publiées" in said
    assert re.findall(r"#comment(\d)", said) == ["2", "3"]


def test_what_was_taken_down_before_the_letter_leaves_is_not_told(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    followed(mailing)
    publish(mailing, ann, "Un.")
    settled(mailing, clock)
    gone, stays = publish(mailing, ann, "Deux."), publish(mailing, ann, "Trois.")
    settled(mailing, clock)
    decide(mailing, gone, ann, Action.UNPUBLISH, 2)
    clock.tick(days=1)
    (letter,) = settled(mailing, clock)
    assert re.findall(r"#comment(\d)", mail_text(letter)) == ["3"]
    # Nor is it once it is put back: it is no news.
    decide(mailing, gone, ann, Action.PUBLISH, 3)
    clock.tick(days=2)
    assert settled(mailing, clock) == []
    assert stays


def test_where_nothing_is_left_to_tell_no_letter_leaves_and_the_next_does_not_wait(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    followed(mailing)
    gone = publish(mailing, ann, "Un.")
    clock.tick(seconds=20)
    delivery.effects(mailing.engine, clock())
    decide(mailing, gone, ann, Action.UNPUBLISH, 2)
    assert (arrived(mailing), left(mailing)) == ([], 0)
    publish(mailing, ann, "Deux.")
    assert len(settled(mailing, clock)) == 1


def test_what_is_undone_in_its_window_is_told_to_nobody(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    followed(mailing)
    sent = send(mailing, "le-pont", "Non.")
    made = decide(mailing, sent, ann)
    with mailing.writing() as session:
        decisions.undo(session, made, by=ann.id, now=clock())
    assert (settled(mailing, clock), left(mailing)) == ([], 0)


def test_nobody_is_told_of_their_own_text_and_no_loop_comes_of_it(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    followed(mailing)
    followed(mailing, "zoe@example.org")
    publish(mailing, ann, "De Léa.", email=READER.upper())
    assert [letter["To"] for letter in settled(mailing, clock)] == ["zoe@example.org"]
    clock.tick(hours=1)
    assert (arrived(mailing), left(mailing)) == ([], 0)


def test_an_answer_of_the_moderation_is_told_with_what_it_answers_and_once(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    followed(mailing)
    sent = send(mailing, "le-pont", "Une question ?")
    with mailing.writing() as session:
        words = rewritten("", "", "La réponse.", dialect=Dialect.SPIP)
        replies.publish(session, sent.id, words, revision=1, by=ann.id, now=clock(), undo=UNDO)
    (letter,) = settled(mailing, clock)
    assert re.findall(r"#comment(\d)", mail_text(letter)) == ["1", "2"]
    clock.tick(days=2)
    assert settled(mailing, clock) == []


def test_other_words_in_the_place_of_what_was_told_are_no_news(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    followed(mailing)
    sent = publish(mailing, ann, "Le pont rouvre mardi.")
    assert len(settled(mailing, clock)) == 1
    with mailing.writing() as session:
        words = rewritten("", "", "Le pont rouvre jeudi.", dialect=Dialect.SPIP)
        asked = proposals.correct(session, sent.tracking, words, revision=2, now=clock())
        name = session.exec(select(Comment.id).where(Comment.tracking == asked)).one()
    decide(mailing, Sent(name, asked, ""), ann)
    clock.tick(days=2)
    assert (settled(mailing, clock), left(mailing)) == ([], 0)


def test_another_article_is_another_thing(mailing: Parts, ann: Person, clock: FakeClock) -> None:
    add_article(mailing, "l-ete")
    followed(mailing, slug="l-ete")
    publish(mailing, ann, "Ailleurs.")
    assert settled(mailing, clock) == []


def test_many_are_told_without_one_letter_of_thousands(mailing: Parts, ann: Person, clock: FakeClock) -> None:
    """More than are written to in one transaction."""
    with mailing.writing() as session:
        (thread,) = session.exec(select(Thread.id)).all()
        for number in range(450):
            follow = follows._follow(f"lea{number}@example.org", thread or 0, None, clock())
            follow.confirmed_at = clock()
            session.add(follow)
    publish(mailing, ann, "Un.")
    letters = settled(mailing, clock)
    assert len({letter["To"] for letter in letters}) == len(letters) == 450


# The answers to one's own text


def test_an_author_who_confirmed_is_told_of_the_answers_to_their_text_alone(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    mine = publish(mailing, ann, "De Léa.", email=READER)
    with mailing.writing() as session:
        mailboxes.choose(session, mailboxes.digest(READER), [LetterKind.QUESTION], clock())
        follows.ask_answers(session, mine.tracking, clock())
    # Known or not, they are asked: whoever typed the address is not told which.
    with mailing.reading() as session:
        assert session.exec(select(Follow.confirmed_at)).all() == [None]
        name = session.exec(select(Follow.id)).one()
    with mailing.writing() as session:
        follows.confirm(session, mailboxes.digest(READER), [name], clock())
    settled(mailing, clock)
    publish(mailing, ann, "À côté.")
    assert settled(mailing, clock) == []
    publish(mailing, ann, "En réponse.", parent=mine.id)
    (letter,) = settled(mailing, clock)
    assert (letter["To"], plain(letter["Subject"])) == (
        READER,
        "Le Passe-Muraille : on répond à votre contribution",
    )
    assert "1 réponse à votre contribution est publiée sous l’article « Le pont rouvre »" in plain(
        mail_text(letter)
    )


def test_an_author_nobody_confirmed_is_asked_first(mailing: Parts, ann: Person, clock: FakeClock) -> None:
    mine = send(mailing, "le-pont", "De Léa.", email=READER)
    with mailing.writing() as session:
        follows.ask_answers(session, mine.tracking, clock())
    (letter,) = arrived(mailing)
    assert "- en réponse à ma contribution, sous « Le pont rouvre »" in plain(mail_text(letter))
    decide(mailing, mine, ann)
    settled(mailing, clock)
    publish(mailing, ann, "Trop tôt.", parent=mine.id)
    assert settled(mailing, clock) == []
    confirm(mailing)
    publish(mailing, ann, "En réponse.", parent=mine.id)
    (letter,) = settled(mailing, clock)
    assert re.findall(r"#comment(\d)", mail_text(letter)) == ["3"]


@pytest.mark.parametrize("email", ["", READER])
def test_who_gave_no_address_or_has_no_text_is_told_of_no_answers(mailing: Parts, email: str) -> None:
    sent = send(mailing, "le-pont", "Le pont.")
    with pytest.raises(follows.Unknown), mailing.writing() as session:
        follows.ask_answers(session, "NOWHERE" if email else sent.tracking, mailing.clock())


def test_who_takes_their_text_back_is_told_of_nothing_any_more(mailing: Parts, clock: FakeClock) -> None:
    mine = send(mailing, "le-pont", "De Léa.", email=READER)
    with mailing.writing() as session:
        follows.ask_answers(session, mine.tracking, clock())
        submissions.withdraw(session, mine.tracking, revision=1, now=clock())
    assert (arrived(mailing), left(mailing)) == ([], 0)
    assert [follow.address for follow in rows(mailing)] == [""]


# Ending


def test_who_ends_it_gets_nothing_more_and_the_address_is_gone_at_once(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    followed(mailing)
    publish(mailing, ann, "Un.")
    (letter,) = settled(mailing, clock)
    right, _ = mailing.links.read(Unfollowing, link(letter, "unfollow"), clock())
    publish(mailing, ann, "Deux.")
    settled(mailing, clock)
    assert left(mailing) == 1
    with mailing.writing() as session:
        follows.end_one(session, right.follow, clock(), others=False)
    assert left(mailing) == 0
    (row,) = rows(mailing)
    assert READER not in repr(row)
    assert mailboxes.digest(READER) not in repr(row)
    clock.tick(days=2)
    assert settled(mailing, clock) == []
    followed(mailing)
    assert [bool(follow.address) for follow in rows(mailing)][-1]


def test_ending_one_leaves_the_others_unless_all_are_meant(mailing: Parts, clock: FakeClock) -> None:
    add_article(mailing, "l-ete")
    followed(mailing)
    clock.tick(days=1)
    followed(mailing, slug="l-ete")
    followed(mailing, "zoe@example.org")

    def addresses() -> list[str]:
        return sorted(follow.address for follow in rows(mailing) if follow.address)

    name = next(follow.id for follow in rows(mailing) if follow.address == READER)
    with mailing.writing() as session:
        follows.end_one(session, name, clock(), others=False)
    assert addresses() == [READER, "zoe@example.org"]
    name = next(follow.id for follow in rows(mailing) if follow.address == READER)
    with mailing.writing() as session:
        follows.end_one(session, name, clock(), others=True)
    assert addresses() == ["zoe@example.org"]


def test_what_is_not_ticked_is_forgotten_when_the_rest_is_confirmed(mailing: Parts, clock: FakeClock) -> None:
    add_article(mailing, "l-ete")
    ask(mailing)
    ask(mailing, slug="l-ete")
    digest, first = mailboxes.digest(READER), rows(mailing)[0].id
    with mailing.writing() as session:
        other = session.exec(select(Follow.id).where(Follow.id != first)).one()
        assert follows.confirm(session, digest, [first, "another", ""], clock(), but=[first, other]) == 1
    assert [follow.id for follow in rows(mailing) if follow.address] == [first]


def test_what_was_asked_for_while_the_page_was_open_waits_on(mailing: Parts, clock: FakeClock) -> None:
    add_article(mailing, "l-ete")
    ask(mailing)
    digest, first = mailboxes.digest(READER), rows(mailing)[0].id
    ask(mailing, slug="l-ete")
    with mailing.writing() as session:
        follows.confirm(session, digest, [first], clock(), but=[first])
    waits = [follow.confirmed_at is None for follow in rows(mailing) if follow.address]
    assert sorted(waits) == [False, True]


def test_confirming_twice_at_once_is_one_following(mailing: Parts, clock: FakeClock) -> None:
    ask(mailing)
    (name,) = [follow.id for follow in rows(mailing)]

    def press() -> int:
        with mailing.writing() as session:
            return follows.confirm(session, mailboxes.digest(READER), [name], clock(), but=[name])

    assert sorted(at_once(press, press)) == [0, 1]
    assert [follow.confirmed_at for follow in rows(mailing)] == [clock()]


def test_asking_from_many_places_at_once_is_one_row_and_one_letter(mailing: Parts) -> None:
    assert at_once(*[partial(ask, mailing)] * 6) == [None] * 6
    assert len(rows(mailing)) == 1
    assert len(arrived(mailing)) == 1


def test_nobody_confirms_what_another_address_was_asked_about(mailing: Parts, clock: FakeClock) -> None:
    ask(mailing)
    (name,) = [follow.id for follow in rows(mailing)]
    with mailing.writing() as session:
        assert follows.confirm(session, mailboxes.digest("eve@example.org"), [name], clock()) == 0
    assert rows(mailing)[0].confirmed_at is None


# What is in a letter


def test_nothing_a_reader_wrote_adds_a_header_a_link_or_an_image(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    followed(mailing)
    mine = publish(mailing, ann, HOSTILE, author="Zoé https://evil.example", email="eve@evil.example")
    (letter,) = settled(mailing, clock)
    assert mine
    html = letter.get_body(("html",))
    assert html is not None
    whole = str(letter) + mail_text(letter) + html.get_content()
    assert not [word for word in ("evil", "Zoé", "<img", "lien", "Bcc") if word in whole]
    found = re.findall(r'(?:href|src)="([^"]*)"', html.get_content())
    assert [address.partition("?")[0][:28] for address in found] == [
        "http://testserver/articles/l",
        "http://testserver/unfollow/e",
    ]


def test_each_letter_ends_by_one_click_and_says_that_a_machine_wrote_it(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    ask(mailing)
    (asking,) = arrived(mailing)
    confirm(mailing)
    publish(mailing, ann, "Un.")
    (telling,) = settled(mailing, clock)
    for letter, path in ((asking, "mail"), (telling, "unfollow")):
        assert letter["List-Unsubscribe"] == f"<http://testserver/{path}/{link(letter, path)}>"
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert letter["Auto-Submitted"] == "auto-generated"


def test_letters_are_in_english_where_the_site_is(
    build_parts: BuildParts, ann: Person, clock: FakeClock
) -> None:
    parts = build_parts(smtp_url="smtp://mail.example", mail_from="site@example.org", language="en")
    add_article(parts, "le-pont")
    ask(parts)
    (asking,) = arrived(parts)
    confirm(parts)
    publish(parts, ann, "Un.")
    clock.tick(seconds=20)
    delivery.effects(parts.engine, clock())
    (telling,) = arrived(parts)
    assert asking["Subject"] == "Le Passe-Muraille: confirm what you want to follow"
    assert telling["Subject"] == "Le Passe-Muraille: something new under an article you follow"
    assert "1 new comment is published under the article “Le pont rouvre”:" in mail_text(telling)

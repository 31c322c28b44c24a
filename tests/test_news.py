"""What authors are told by letter of what became of their texts: when, how often, and what never."""

import re
from datetime import timedelta
from email.message import EmailMessage

import pytest
from conftest import BuildParts, FakeClock, Sent, add_article, send
from page import Page, mail_text, plain
from sqlmodel import select
from starlette.testclient import TestClient
from test_letters import ADDRESS, WORDS, arrived, left

from moderation import (
    bulk,
    chain,
    contesting,
    corrections,
    decisions,
    delivery,
    drafts,
    mailboxes,
    news,
    public_log,
    submissions,
)
from moderation.accounts import Person
from moderation.lifecycle import Action, Reason
from moderation.markup import Dialect
from moderation.models.queue import LetterKind, Mailbox
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

NOTE = "Le prénom d’une personne y est."
UNDO = timedelta(seconds=20)


@pytest.fixture
def mailing(build_parts: BuildParts) -> Parts:
    return build_parts(
        smtp_url="smtp://mail.example", mail_from="site@example.org", contact="bonjour@example.org"
    )


@pytest.fixture
def addressed(mailing: Parts) -> Sent:
    return send(mailing, add_article(mailing, "le-pont"), WORDS, author="Zoé", email=ADDRESS)


def decide(
    parts: Parts, sent: Sent, person: Person, action: Action, revision: int = 1, note: str = NOTE
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
            reason=Reason.PRIVACY if action in {Action.REFUSE, Action.UNPUBLISH} else None,
            note=note if action is not Action.PUBLISH else "",
        )
        assert made.id is not None
        return made.id


def confirm(parts: Parts, address: str = ADDRESS) -> None:
    with parts.writing() as session:
        mailboxes.choose(session, mailboxes.digest(address), mailboxes.KINDS, parts.clock())


def subjects(letters: list[EmailMessage]) -> list[str]:
    return [plain(letter["Subject"]).removeprefix("Le Passe-Muraille : ") for letter in letters]


def test_a_publication_is_told_once_it_is_public(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    decide(mailing, addressed, ann, Action.PUBLISH)
    clock.tick(seconds=19)
    assert arrived(mailing) == []
    clock.tick(seconds=1)
    delivery.effects(mailing.engine, clock())
    (letter,) = arrived(mailing)
    assert (letter["To"], subjects([letter])) == (ADDRESS, ["votre contribution est publiée"])
    said = plain(mail_text(letter))
    assert "http://testserver/articles/le-pont#comment1" in said
    assert f"http://testserver/track/{addressed.tracking}" in said
    assert (arrived(mailing), left(mailing)) == ([], 0)


def test_promise_10_a_refusal_waits_half_an_hour_and_is_explained(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    confirm(mailing)
    decide(mailing, addressed, ann, Action.REFUSE)
    clock.tick(minutes=29, seconds=59)
    assert arrived(mailing) == []
    clock.tick(seconds=1)
    (letter,) = arrived(mailing)
    assert subjects([letter]) == ["votre contribution n’est pas publiée"]
    said = plain(mail_text(letter))
    sentence, contact, law = (
        said.index("Motif : atteinte à la vie privée. Charte du site : « Vie privée »."),
        said.index("Écrivez à l’équipe du site : bonjour@example.org."),
        said.index("Ce qui est décidé"),
    )
    assert sentence < contact < law
    assert f"> {NOTE}" in said
    assert "Contester la décision, sur la page de votre contribution, jusqu’au 30 mai 2026" in said
    assert "http://testserver/charter/1#charter-privacy" in said


def test_the_page_and_the_mail_explain_it_with_the_same_words(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    decide(mailing, addressed, ann, Action.REFUSE)
    clock.tick(minutes=30)
    said = plain(mail_text(arrived(mailing)[0]))
    page = Page(TestClient(create_app(mailing)).get(f"/track/{addressed.tracking}"))
    points = page.texts(".statement dt") + page.texts(".statement dd")
    assert len(points) == 10
    assert [point for point in points if point.rstrip(".") not in said] == []


def test_an_address_nobody_confirmed_is_told_no_word_anybody_wrote(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    decide(mailing, addressed, ann, Action.REFUSE)
    clock.tick(minutes=30)
    (letter,) = arrived(mailing)
    assert not [word for word in (WORDS, NOTE, "Zoé", "Ann") if word in str(letter) + mail_text(letter)]


def test_spam_is_told_to_nobody(mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent) -> None:
    decide(mailing, addressed, ann, Action.SPAM, note="")
    clock.tick(hours=1)
    assert (arrived(mailing), left(mailing)) == ([], 0)


@pytest.mark.parametrize("end", ["undone", "reopened", "withdrawn", "revoked", "published"])
def test_what_is_no_longer_so_is_not_told(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent, end: str
) -> None:
    made = decide(mailing, addressed, ann, Action.REFUSE)
    with mailing.writing() as session:
        if end == "undone":
            decisions.undo(session, made, by=ann.id, now=clock())
        elif end == "revoked":
            submissions.revoke(session, addressed.tracking)
    clock.tick(minutes=5)
    if end in {"reopened", "withdrawn"}:
        decide(mailing, addressed, ann, Action.REOPEN, 2)
    if end == "published":
        decide(mailing, addressed, ann, Action.PUBLISH, 2)
    clock.tick(minutes=1)
    delivery.effects(mailing.engine, clock())
    if end == "withdrawn":
        with mailing.writing() as session:
            submissions.withdraw(session, addressed.tracking, revision=3, now=clock())
    clock.tick(hours=1)
    told = subjects(arrived(mailing))
    assert told == (["votre contribution est publiée"] if end == "published" else [])
    assert left(mailing) == 0


def test_a_taking_down_is_told_as_such(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    confirm(mailing)
    decide(mailing, addressed, ann, Action.PUBLISH)
    clock.tick(minutes=1)
    delivery.effects(mailing.engine, clock())
    assert len(arrived(mailing)) == 1
    decide(mailing, addressed, ann, Action.UNPUBLISH, 2)
    clock.tick(minutes=30)
    (letter,) = arrived(mailing)
    assert "La modération a retiré votre contribution de l’article « Le pont rouvre »." in plain(
        mail_text(letter)
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Action.PUBLISH, "Elle a été modifiée : votre contribution est publiée."),
        (Action.REFUSE, "Elle a été confirmée : votre contribution n’est pas publiée."),
    ],
)
def test_the_answer_to_an_appeal_is_told(
    mailing: Parts, ann: Person, sami: Person, clock: FakeClock, addressed: Sent, answer: Action, said: str
) -> None:
    confirm(mailing)
    decide(mailing, addressed, ann, Action.REFUSE)
    clock.tick(minutes=31)
    arrived(mailing)
    with mailing.writing() as session:
        contesting.appeal(
            session, addressed.tracking, "Relisez.", revision=2, now=clock(), within=timedelta(days=90)
        )
    decide(mailing, addressed, sami, answer, 3)
    clock.tick(minutes=31)
    delivery.effects(mailing.engine, clock())
    (letter,) = arrived(mailing)
    assert subjects([letter]) == ["réponse à votre contestation"]
    assert said in plain(mail_text(letter))
    assert "C’est une autre personne qui l’a relue." in plain(mail_text(letter))


def test_decisions_of_one_go_are_told_one_by_one_to_who_confirmed(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    confirm(mailing)
    other = send(mailing, "le-pont", "Un autre texte.", email=ADDRESS)
    with mailing.writing() as session:
        seen = [bulk.Seen(sent.id, 1) for sent in (addressed, other)]
        bulk.decide(session, seen, Action.PUBLISH, by=ann.id, now=clock(), undo=UNDO)
    clock.tick(minutes=1)
    delivery.effects(mailing.engine, clock())
    assert subjects(arrived(mailing)) == ["votre contribution est publiée"] * 2


def test_an_address_nobody_confirmed_gets_one_letter_a_day_of_any_kind(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    other = send(mailing, "le-pont", "Un autre texte.", email=ADDRESS.upper())
    for sent in (addressed, other):
        decide(mailing, sent, ann, Action.PUBLISH)
    clock.tick(minutes=1)
    delivery.effects(mailing.engine, clock())
    assert (len(arrived(mailing)), left(mailing)) == (1, 1)
    clock.tick(hours=23)
    assert arrived(mailing) == []
    clock.tick(hours=1, minutes=1)
    assert (len(arrived(mailing)), left(mailing)) == (1, 0)


def test_what_an_address_declined_is_not_told_and_the_rest_is(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    with mailing.writing() as session:
        mailboxes.choose(session, mailboxes.digest(ADDRESS), [LetterKind.REFUSED], clock())
    decide(mailing, addressed, ann, Action.PUBLISH)
    clock.tick(minutes=1)
    delivery.effects(mailing.engine, clock())
    assert (arrived(mailing), left(mailing)) == ([], 0)
    decide(mailing, addressed, ann, Action.UNPUBLISH, 2)
    clock.tick(minutes=31)
    assert len(arrived(mailing)) == 1


def test_who_wants_nothing_gets_nothing_whatever_comes_with_the_address(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    with mailing.writing() as session:
        mailboxes.choose(session, mailboxes.digest(ADDRESS), [], clock())
        news.send_address(session, addressed.tracking, clock())
    for action, revision in ((Action.ASK, 1), (Action.REFUSE, 2), (Action.PUBLISH, 3)):
        decide(mailing, addressed, ann, action, revision)
        clock.tick(hours=1)
        delivery.effects(mailing.engine, clock())
        assert (arrived(mailing), left(mailing)) == ([], 0)


def test_the_address_of_a_text_is_sent_to_who_asks_and_not_twice_at_once(
    mailing: Parts, clock: FakeClock, addressed: Sent
) -> None:
    for _ in range(3):
        with mailing.writing() as session:
            news.send_address(session, addressed.tracking, clock())
    (letter,) = arrived(mailing)
    assert subjects([letter]) == ["votre contribution est reçue"]
    assert f"http://testserver/track/{addressed.tracking}" in mail_text(letter)


@pytest.mark.usefixtures("addressed")
def test_that_a_text_was_received_is_told_by_itself_to_who_confirmed_and_wants_it(
    mailing: Parts, clock: FakeClock
) -> None:
    assert arrived(mailing) == []
    confirm(mailing)
    sent = send(mailing, "le-pont", "Un deuxième texte.", author="Zoé", email=ADDRESS.upper())
    (letter,) = arrived(mailing)
    assert subjects([letter]) == ["votre contribution est reçue"]
    said = plain(mail_text(letter))
    assert f"http://testserver/track/{sent.tracking}" in said
    assert not [word for word in ("deuxième", "Zoé") if word in str(letter) + said]
    clock.tick(hours=1)
    with mailing.writing() as session:
        declines = [kind for kind in mailboxes.KINDS if kind is not LetterKind.RECEIVED]
        mailboxes.choose(session, mailboxes.digest(ADDRESS), declines, clock())
    other = send(mailing, "le-pont", "Un troisième texte.", email=ADDRESS)
    assert (arrived(mailing), left(mailing)) == ([], 0)
    with mailing.writing() as session:
        news.send_address(session, other.tracking, clock())
    assert f"http://testserver/track/{other.tracking}" in mail_text(arrived(mailing)[0])


def test_who_only_wants_to_know_what_was_received_is_told_nothing_else(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    with mailing.writing() as session:
        mailboxes.choose(session, mailboxes.digest(ADDRESS), [LetterKind.RECEIVED], clock())
    decide(mailing, addressed, ann, Action.REFUSE)
    clock.tick(hours=1)
    assert (arrived(mailing), left(mailing)) == ([], 0)
    send(mailing, "le-pont", "Un deuxième texte.", email=ADDRESS)
    assert subjects(arrived(mailing)) == ["votre contribution est reçue"]


@pytest.mark.usefixtures("addressed")
def test_nobody_is_told_that_a_text_was_received_once_they_know_what_became_of_it(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    confirm(mailing)
    sent = [send(mailing, "le-pont", f"Un texte, le {number}e.", email=ADDRESS) for number in range(2)]
    assert subjects(arrived(mailing)) == ["votre contribution est reçue"]
    for one in sent:
        decide(mailing, one, ann, Action.REFUSE)
    clock.tick(hours=2)
    assert subjects(arrived(mailing)) == ["votre contribution n’est pas publiée"] * 2
    assert left(mailing) == 0


def test_whoever_sends_texts_without_end_fills_nobodys_mailbox(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    confirm(mailing)
    for number in range(12):
        send(mailing, "le-pont", f"Un texte, le {number}e.", email=ADDRESS)
    assert len(arrived(mailing)) == 1
    decide(mailing, addressed, ann, Action.PUBLISH)
    clock.tick(minutes=1)
    delivery.effects(mailing.engine, clock())
    assert subjects(arrived(mailing)) == ["votre contribution est publiée"]
    clock.tick(minutes=59)
    assert arrived(mailing) == []
    clock.tick(minutes=1)
    assert subjects(arrived(mailing)) == ["votre contribution est reçue"]


@pytest.mark.parametrize("email", ["", ADDRESS])
def test_who_gave_no_address_or_has_no_text_is_sent_nothing(mailing: Parts, email: str) -> None:
    sent = send(mailing, add_article(mailing, "le-pont"), WORDS, email="")
    with pytest.raises(news.NoAddress), mailing.writing() as session:
        news.send_address(session, "nowhere" if email else sent.tracking, mailing.clock())
    assert left(mailing) == 0


def test_a_letter_says_how_to_get_no_more_and_says_it_in_html_too(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    decide(mailing, addressed, ann, Action.PUBLISH)
    clock.tick(minutes=1)
    delivery.effects(mailing.engine, clock())
    (letter,) = arrived(mailing)
    (stop,) = re.findall(r"^<(http://testserver/mail/[\w.-]+)>$", letter["List-Unsubscribe"])
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert stop in mail_text(letter)
    html = letter.get_body(("html",))
    assert html is not None
    marked = html.get_content()
    assert f'<a href="{stop}">' in marked
    words = plain(re.sub(r"<[^>]+>", " ", marked.partition("<body>")[2])).replace("&#39;", "'")
    assert words.split() == mail_text(letter).replace("\u00a0", " ").replace("\u202f", " ").split()


def test_a_note_adds_no_link_no_image_and_no_header(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    confirm(mailing)
    note = "Voir\nhttp://testserver/evil\n<img src=x> <a href='https://evil.example'>\nBcc: eve@example.org"
    decide(mailing, addressed, ann, Action.REFUSE, note=note)
    clock.tick(minutes=31)
    (letter,) = arrived(mailing)
    html = letter.get_body(("html",))
    assert html is not None
    assert "Bcc" not in letter
    marked = html.get_content()
    assert "<img" not in marked
    assert not re.findall(r'href="[^"]*evil', marked)


HOSTILE = (
    "Voir https://evil.example/a\nhttp://testserver/evil\n<img src=//evil.example/i>\nBcc: eve@example.org"
)


def test_nothing_anybody_wrote_adds_a_header_a_link_or_an_image_to_any_letter(
    mailing: Parts, ann: Person, sami: Person, clock: FakeClock
) -> None:
    add_article(mailing, "le-pont")
    confirm(mailing)
    came = []

    def later() -> None:
        clock.tick(hours=2)
        delivery.effects(mailing.engine, clock())
        came.extend(arrived(mailing))

    sent = send(mailing, "le-pont", HOSTILE, author="Eve https://evil.example", email=ADDRESS)
    later()
    decide(mailing, sent, ann, Action.ASK, 1, HOSTILE)
    later()
    decide(mailing, sent, ann, Action.REFUSE, 2, HOSTILE)
    later()
    with mailing.writing() as session:
        contesting.appeal(session, sent.tracking, HOSTILE, revision=3, now=clock(), within=timedelta(days=90))
    decide(mailing, sent, sami, Action.REFUSE, 4, HOSTILE)
    later()
    other = send(mailing, "le-pont", f"{HOSTILE} encore", author="Bcc: eve@example.org", email=ADDRESS)
    later()
    decide(mailing, other, ann, Action.PUBLISH)
    later()
    assert len(subjects(came)) == 6
    for letter in came:
        html = letter.get_body(("html",))
        assert html is not None
        places = re.findall(r'(?:href|src)="([^"]*)"', html.get_content())
        assert places
        assert not [
            place for place in places if not place.startswith("http://testserver/") or "evil" in place
        ]
        assert "<img" not in html.get_content()
        assert sorted(letter.keys()) == sorted(came[0].keys())
        assert letter["To"] == ADDRESS


def test_letters_to_authors_are_in_english_where_the_site_is(
    build_parts: BuildParts, ann: Person, clock: FakeClock
) -> None:
    parts = build_parts(smtp_url="smtp://mail.example", mail_from="site@example.org", language="en")
    sent = send(parts, add_article(parts, "le-pont"), WORDS, email=ADDRESS)
    decide(parts, sent, ann, Action.REFUSE)
    clock.tick(minutes=30)
    (letter,) = arrived(parts)
    assert letter["Subject"] == "Le Passe-Muraille: your comment is not published"
    page = Page(TestClient(create_app(parts)).get(f"/track/{sent.tracking}"))
    points = page.texts(".statement dt") + page.texts(".statement dd")
    assert len(points) == 10
    assert [point for point in points if point.rstrip(".") not in plain(mail_text(letter))] == []


def test_what_is_known_of_an_address_is_its_digest_alone(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    decide(mailing, addressed, ann, Action.REFUSE)
    clock.tick(minutes=31)
    arrived(mailing)
    with mailing.reading() as session:
        (box,) = session.exec(select(Mailbox))
        assert ADDRESS not in repr(box)


def test_what_is_corrected_before_it_is_public_is_told_with_its_correction(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    decide(mailing, addressed, ann, Action.PUBLISH)
    clock.tick(seconds=5)
    with mailing.writing() as session:
        words = drafts.rewritten("Zoé", ADDRESS, "Le pont rouvre jeudi.", dialect=Dialect.SPIP)
        corrections.correct(session, addressed.id, words, revision=2, by=ann.id, now=clock(), undo=UNDO)
    clock.tick(seconds=16)
    delivery.effects(mailing.engine, clock())
    assert (arrived(mailing), left(mailing)) == ([], 1)
    clock.tick(seconds=5)
    delivery.effects(mailing.engine, clock())
    (letter,) = arrived(mailing)
    assert "http://testserver/articles/le-pont#comment1" in mail_text(letter)
    with mailing.reading() as session:
        lines = list(chain.read(list(public_log.every(session))))
    assert [line["action"] for line in lines] == ["publish", "correct"]


# What an attacker found


def test_on_the_way_the_address_that_ends_letters_is_whole(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    decide(mailing, addressed, ann, Action.REFUSE)
    clock.tick(minutes=31)
    (letter,) = arrived(mailing)
    stop = letter["List-Unsubscribe"]
    assert f"\r\nList-Unsubscribe: {stop}\r\n".encode() in letter.as_bytes()


def test_the_address_of_a_text_is_sent_once_an_hour_whoever_asks(
    mailing: Parts, clock: FakeClock, addressed: Sent
) -> None:
    confirm(mailing)
    came = 0
    for _ in range(36):
        with mailing.writing() as session:
            news.send_address(session, addressed.tracking, clock())
        came += len(arrived(mailing))
        clock.tick(minutes=5)
    assert came == 3


def test_a_copy_that_was_given_up_is_sent_when_it_is_asked_for_again(
    mailing: Parts, clock: FakeClock, addressed: Sent
) -> None:
    with mailing.writing() as session:
        news.send_address(session, addressed.tracking, clock())
    for _ in range(10):
        arrived(mailing, fails=True)
        clock.tick(days=1)
    assert arrived(mailing) == []
    with mailing.writing() as session:
        news.send_address(session, addressed.tracking, clock())
    assert len(arrived(mailing)) == 1


def test_no_letter_announces_what_the_page_has_not_yet(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    decide(mailing, addressed, ann, Action.PUBLISH)
    clock.tick(minutes=1)
    assert (arrived(mailing), left(mailing)) == ([], 1)
    delivery.effects(mailing.engine, clock())
    clock.tick(seconds=5)
    assert "#comment1" in mail_text(arrived(mailing)[0])


def test_an_answer_in_place_of_another_is_told_as_an_answer(
    mailing: Parts, ann: Person, sami: Person, clock: FakeClock, addressed: Sent
) -> None:
    with mailing.writing() as session:
        mailboxes.choose(session, mailboxes.digest(ADDRESS), [LetterKind.APPEAL_ANSWERED], clock())
    decide(mailing, addressed, ann, Action.REFUSE)
    clock.tick(minutes=31)
    with mailing.writing() as session:
        contesting.appeal(
            session, addressed.tracking, "Relisez.", revision=2, now=clock(), within=timedelta(days=90)
        )
    decide(mailing, addressed, sami, Action.REFUSE, 3)
    clock.tick(seconds=5)
    decide(mailing, addressed, sami, Action.PUBLISH, 4)
    clock.tick(minutes=31)
    delivery.effects(mailing.engine, clock())
    assert subjects(arrived(mailing)) == ["réponse à votre contestation"]


def test_what_became_of_a_text_is_no_news_after_a_fortnight(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    decide(mailing, addressed, ann, Action.PUBLISH)
    clock.tick(days=15)
    delivery.effects(mailing.engine, clock())
    assert (arrived(mailing), left(mailing)) == ([], 0)


def test_a_clock_that_was_ahead_silences_no_address(
    mailing: Parts, ann: Person, clock: FakeClock, addressed: Sent
) -> None:
    with mailing.writing() as session:
        box = mailboxes.of(session, mailboxes.digest(ADDRESS))
        mailboxes.wrote(session, box, "before", clock() + timedelta(days=365))
    decide(mailing, addressed, ann, Action.REFUSE)
    clock.tick(minutes=31)
    assert len(arrived(mailing)) == 1

"""Notices of public texts and rights of reply: they wait in the queue, and are answered."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from email.message import EmailMessage

import pytest
from conftest import BuildParts, FakeClock, Sent, add_article, add_person, send
from page import mail_text, plain
from sqlmodel import col, select
from test_corrections import html, public, sound, tracked
from test_forgetting import everything
from test_letters import arrived
from test_proposals import logged, seen
from test_voices import TWO, rule

from moderation import (
    answers,
    authors,
    claims,
    contesting,
    deciders,
    decisions,
    drafts,
    edits,
    mailboxes,
    proposals,
    retention,
    submissions,
    transparency,
)
from moderation.accounts import Person
from moderation.appeals import Unanswered
from moderation.deciders import MayNotDecide
from moderation.decisions import NotFound, Stale, TooLate
from moderation.lanes import Ground, Lane
from moderation.lifecycle import Action, IllegalMove, Reason, Status
from moderation.markup import Dialect
from moderation.models.claims import Claim
from moderation.models.follows import Follow
from moderation.models.people import Role
from moderation.models.public import Figure, Publication
from moderation.models.queue import Comment, Decision
from moderation.months import Month
from moderation.pages import yours
from moderation.pages.filters import Filter
from moderation.pages.packet import contribution
from moderation.pages.queue import first
from moderation.pages.urgent import urgent
from moderation.remarks import ReasonNeeded
from moderation.voices import Heard
from moderation.web.dependencies import Parts

UNDO = timedelta(seconds=20)
WHY = "Ces mots me diffament, je n’ai rien signé."
WHO = "Léa Martin"
THEIRS = "lea@example.net"
PASSAGE = "La mairie aurait tout su."
REPLY = "Je n’ai jamais rien su de ces travaux."


@dataclass(frozen=True)
class Notice:
    id: str
    code: str


@pytest.fixture
def mailing(build_parts: BuildParts) -> Parts:
    return build_parts(smtp_url="smtp://mail.example", mail_from="site@example.org")


def shown_by(parts: Parts, person: Person, text: str = "La mairie savait tout.") -> Sent:
    sent = send(parts, "le-pont", text, author="Zoé", email="zoe@example.org")
    decide(parts, sent.id, person, Action.PUBLISH, undo=timedelta())
    return sent


@pytest.fixture
def shown(parts: Parts, ann: Person) -> Sent:
    add_article(parts, "le-pont")
    return shown_by(parts, ann)


def give(
    parts: Parts,
    text: Sent,
    why: str = WHY,
    *,
    who: str = WHO,
    email: str = THEIRS,
    ground: Ground = Ground.DEFAMATION,
) -> Notice:
    words = drafts.read(who, email, why, dialect=Dialect.SPIP)
    with parts.writing() as session:
        code = claims.notify(session, text.id, words, ground, now=parts.clock())
        return Notice(session.exec(select(Comment.id).where(Comment.tracking == code)).one(), code)


def ask_reply(parts: Parts, to: Sent | None = None, words: str = REPLY) -> Notice:
    draft = drafts.read(WHO, THEIRS, words, dialect=Dialect.SPIP)
    with parts.writing() as session:
        code = claims.reply(
            session, "le-pont", draft, PASSAGE, now=parts.clock(), to=to.id if to is not None else None
        )
        return Notice(session.exec(select(Comment.id).where(Comment.tracking == code)).one(), code)


def decide(
    parts: Parts,
    comment_id: str,
    person: Person,
    action: Action,
    *,
    note: str = "",
    reason: str | None = None,
    undo: timedelta = UNDO,
) -> int:
    with parts.writing() as session:
        made = decisions.decide(
            session,
            comment_id,
            action,
            revision=session.get_one(Comment, comment_id).revision,
            by=person.id,
            now=parts.clock(),
            undo=undo,
            reason=reason,
            note=note,
        )
        assert made.id is not None
        return made.id


def take_down(parts: Parts, text: Sent, person: Person) -> int:
    return decide(parts, text.id, person, Action.UNPUBLISH, reason=Reason.ILLEGAL)


def status(parts: Parts, notice: Notice) -> Status:
    with parts.reading() as session:
        return session.get_one(Comment, notice.id).status


def as_sent(notice: Notice) -> Sent:
    return Sent(notice.id, notice.code, WHY)


def subjects(letters: list[EmailMessage]) -> list[tuple[str, str]]:
    return [
        (letter["To"], plain(letter["Subject"]).removeprefix("Le Passe-Muraille : ")) for letter in letters
    ]


# Notices


def test_a_notice_waits_in_the_queue_and_changes_nothing_public(
    parts: Parts, ann: Person, shown: Sent
) -> None:
    notice = give(parts, shown)
    item = seen(parts, ann, as_sent(notice))
    assert (item.card.kind, item.card.ground, item.card.author) == ("notice", Ground.DEFAMATION, WHO)
    assert item.amends is not None
    assert item.amends.html == html(shown.text)
    assert Action.PUBLISH not in item.actions
    assert item.takes_down
    with parts.reading() as session:
        assert first(session, ann, Filter(status=Status.PENDING)) == notice.id
    assert [one.id for one in seen(parts, ann, shown).notices] == [notice.id]
    assert public(parts) == [(html(shown.text), False)]
    assert sound(parts)


def test_the_author_of_the_text_sees_nothing_of_it_while_it_waits(parts: Parts, shown: Sent) -> None:
    before = tracked(parts, shown)
    give(parts, shown)
    assert tracked(parts, shown) == before


def test_who_gave_notice_is_never_shown_where_the_text_is_followed(parts: Parts, shown: Sent) -> None:
    notice = give(parts, shown)
    theirs = tracked(parts, as_sent(notice)).amends
    assert theirs is not None
    assert theirs.code == ""


def test_sent_twice_it_is_one(parts: Parts, shown: Sent) -> None:
    assert give(parts, shown) == give(parts, shown)
    assert give(parts, shown, who="Paul") != give(parts, shown)


def test_what_is_not_public_takes_no_notice(parts: Parts, ann: Person, shown: Sent) -> None:
    pending = send(parts, "le-pont", "Elle attend.")
    with pytest.raises(NotFound):
        give(parts, pending)
    take_down(parts, shown, ann)
    with pytest.raises(NotFound):
        give(parts, shown)


def test_taking_the_text_down_grants_every_notice_of_it_at_once(
    parts: Parts, ann: Person, shown: Sent, clock: FakeClock
) -> None:
    notices = [give(parts, shown, who=who) for who in ("Léa", "Paul")]
    clock.tick(hours=1)
    take_down(parts, shown, ann)
    assert public(parts) == []
    assert [status(parts, one) for one in notices] == [Status.PUBLISHED] * 2
    clock.tick(seconds=20)
    page = tracked(parts, as_sent(notices[0]))
    assert (page.status, page.reason) == (Status.PUBLISHED, Reason.ILLEGAL)
    assert page.amends is not None
    assert not page.amends.is_public
    assert tracked(parts, shown).noticed
    assert sound(parts)


def test_spam_that_was_public_grants_them_too(parts: Parts, ann: Person, shown: Sent) -> None:
    notice = give(parts, shown)
    decide(parts, shown.id, ann, Action.SPAM)
    assert status(parts, notice) is Status.PUBLISHED


def test_a_withdrawal_its_author_asked_for_grants_them_and_keeps_their_words(
    parts: Parts, ann: Person, shown: Sent
) -> None:
    notice = give(parts, shown)
    words = drafts.rewritten("Zoé", "zoe@example.org", "Retirez-le.", dialect=Dialect.SPIP)
    with parts.writing() as session:
        code = proposals.retract(
            session, shown.tracking, words, revision=tracked(parts, shown).revision, now=parts.clock()
        )
        asked = session.exec(select(Comment.id).where(Comment.tracking == code)).one()
    decide(parts, asked, ann, Action.PUBLISH, undo=timedelta())
    assert status(parts, notice) is Status.PUBLISHED
    assert tracked(parts, as_sent(notice)).html == html(WHY)
    assert sound(parts)


def test_undoing_it_puts_the_text_back_and_the_notices_wait_again(
    parts: Parts, ann: Person, shown: Sent
) -> None:
    notice = give(parts, shown)
    made = take_down(parts, shown, ann)
    with parts.writing() as session:
        decisions.undo(session, made, by=ann.id, now=parts.clock())
    assert public(parts) == [(html(shown.text), False)]
    assert status(parts, notice) is Status.PENDING
    assert seen(parts, ann, as_sent(notice)).takes_down
    assert sound(parts)
    take_down(parts, shown, ann)
    assert status(parts, notice) is Status.PUBLISHED


def test_what_was_granted_is_not_undone_by_itself(parts: Parts, ann: Person, shown: Sent) -> None:
    notice = give(parts, shown)
    take_down(parts, shown, ann)
    with parts.reading() as session:
        granted = session.exec(select(Decision.id).where(Decision.comment_id == notice.id)).one()
    assert granted is not None
    with parts.writing() as session, pytest.raises(TooLate):
        decisions.undo(session, granted, by=ann.id, now=parts.clock())


def test_a_notice_is_not_published(parts: Parts, ann: Person, shown: Sent) -> None:
    notice = give(parts, shown)
    with pytest.raises(IllegalMove):
        decide(parts, notice.id, ann, Action.PUBLISH)


@pytest.mark.parametrize("note", ["", " \n", "\u200b"])
def test_leaving_the_text_is_said_in_words(parts: Parts, ann: Person, shown: Sent, note: str) -> None:
    notice = give(parts, shown)
    with pytest.raises(Unanswered):
        decide(parts, notice.id, ann, Action.REFUSE, note=note)
    decide(parts, notice.id, ann, Action.REFUSE, note="C’est une critique, et elle est permise.")
    assert status(parts, notice) is Status.REFUSED
    assert public(parts) == [(html(shown.text), False)]


@pytest.mark.parametrize("reason", ["garbage", "x" * 500])
def test_no_reason_but_one_of_this_site_is_kept_with_its_answer(
    parts: Parts, ann: Person, shown: Sent, reason: str
) -> None:
    notice = give(parts, shown)
    with pytest.raises(ReasonNeeded):
        decide(parts, notice.id, ann, Action.REFUSE, note="Rien à redire.", reason=reason)
    decide(parts, notice.id, ann, Action.REFUSE, note="Rien à redire.", reason=Reason.OTHER)


def test_voices_count_for_a_notice_as_for_any_text(
    parts: Parts, ann: Person, sami: Person, shown: Sent
) -> None:
    notice = give(parts, shown)
    rule(parts, TWO)
    with parts.writing() as session:
        heard = decisions.speak(
            session,
            notice.id,
            Action.REFUSE,
            revision=1,
            by=ann.id,
            now=parts.clock(),
            undo=UNDO,
            note="Elle est permise.",
        )
    assert isinstance(heard, Heard)
    decide(parts, notice.id, sami, Action.REFUSE, note="D’accord.")
    assert status(parts, notice) is Status.REFUSED


def test_a_refusal_is_appealed_once_and_read_by_another(
    parts: Parts, ann: Person, sami: Person, shown: Sent, clock: FakeClock
) -> None:
    notice = give(parts, shown)
    decide(parts, notice.id, ann, Action.REFUSE, note="Elle est permise.")
    clock.tick(hours=1)
    with parts.writing() as session:
        contesting.appeal(session, notice.code, "Relisez la phrase.", revision=2, now=clock())
    assert seen(parts, sami, as_sent(notice)).card.kind == "appeal"
    with pytest.raises(MayNotDecide):
        decide(parts, notice.id, ann, Action.REFUSE, note="Encore non.")
    take_down(parts, shown, sami)
    assert status(parts, notice) is Status.PUBLISHED


def test_who_gave_notice_gives_it_up_or_answers_a_question_and_rewrites_nothing(
    parts: Parts, ann: Person, shown: Sent, clock: FakeClock
) -> None:
    notice = give(parts, shown)
    assert not tracked(parts, as_sent(notice)).may_edit
    other = drafts.rewritten(WHO, THEIRS, "Autre chose.", dialect=Dialect.SPIP)
    with parts.writing() as session, pytest.raises(IllegalMove):
        edits.edit(session, notice.code, other, revision=1, now=clock())
    decide(parts, notice.id, ann, Action.ASK, note="Quelle phrase ?")
    clock.tick(minutes=1)
    with parts.writing() as session:
        answers.answer(session, notice.code, "La première.", revision=2, now=clock())
    with parts.writing() as session:
        submissions.withdraw(session, notice.code, revision=3, now=clock())
    assert status(parts, notice) is Status.WITHDRAWN
    assert public(parts) == [(html(shown.text), False)]
    assert sound(parts)


def test_revoking_the_address_of_a_text_leaves_those_of_its_notices(parts: Parts, shown: Sent) -> None:
    notice = give(parts, shown)
    with parts.writing() as session:
        submissions.revoke(session, shown.tracking)
    assert tracked(parts, as_sent(notice)).waits


def test_the_public_log_tells_of_the_text_and_not_of_who_gave_notice(
    parts: Parts, ann: Person, shown: Sent, settle: Callable[[], None]
) -> None:
    left, granted = give(parts, shown, who="Paul"), give(parts, shown)
    decide(parts, left.id, ann, Action.REFUSE, note="Elle est permise.")
    take_down(parts, shown, ann)
    settle()
    assert logged(parts) == ["publish", "unpublish"]
    assert status(parts, granted) is Status.PUBLISHED


def test_figures_count_contributions_and_neither_notices_nor_replies(
    parts: Parts, ann: Person, shown: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    give(parts, shown)
    decide(parts, ask_reply(parts).id, ann, Action.PUBLISH)
    settle()
    with parts.reading() as session:
        tally = transparency.count(session, Month.of(clock()), clock())
    assert (tally.received, tally.wholes.total()) == (1, 1)


def test_a_packet_of_the_text_names_nobody_who_gave_notice(parts: Parts, shown: Sent) -> None:
    give(parts, shown)
    with parts.reading() as session:
        packet = contribution(session, shown.id, with_address=True)
    assert WHO not in repr(packet)
    assert WHY not in repr(packet)


def test_of_another_section_nobody_sees_the_notice(parts: Parts, shown: Sent) -> None:
    notice = give(parts, shown)
    eve = add_person(parts, "eve@example.org", "Eve", Role.MODERATOR)
    far = replace(eve, sections=("Sport",))
    with parts.reading() as session:
        assert first(session, far, Filter(status=Status.PENDING)) is None
    assert status(parts, notice) is Status.PENDING


# Letters


def test_a_notice_is_acknowledged_and_answered_by_letter(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    add_article(mailing, "le-pont")
    shown = shown_by(mailing, ann)
    arrived(mailing)
    notice = give(mailing, shown)
    (letter,) = arrived(mailing)
    assert subjects([letter]) == [(THEIRS, "votre signalement est reçu")]
    assert f"http://testserver/track/{notice.code}" in mail_text(letter)
    assert WHY not in mail_text(letter)
    clock.tick(days=1)
    take_down(mailing, shown, ann)
    clock.tick(minutes=30)
    assert sorted(subjects(arrived(mailing))) == [
        (THEIRS, "le texte que vous avez signalé est retiré"),
        ("zoe@example.org", "votre contribution n’est pas publiée"),
    ]


def test_the_letter_to_the_author_says_it_was_reported_and_not_by_whom(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    add_article(mailing, "le-pont")
    shown = shown_by(mailing, ann)
    arrived(mailing)
    give(mailing, shown)
    clock.tick(days=1)
    take_down(mailing, shown, ann)
    clock.tick(minutes=30)
    (letter,) = [one for one in arrived(mailing) if one["To"] == "zoe@example.org"]
    said = plain(mail_text(letter))
    assert "Quelqu’un l’avait signalé." in said
    assert "Le contenu est tenu pour illicite. Il avait été signalé comme : injure ou diffamation." in said
    assert WHO not in said
    assert THEIRS not in said


def test_the_answer_to_a_notice_that_is_refused_tells_of_the_ways_of_redress(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    add_article(mailing, "le-pont")
    shown = shown_by(mailing, ann)
    arrived(mailing)
    notice = give(mailing, shown)
    arrived(mailing)
    clock.tick(days=1)
    decide(mailing, notice.id, ann, Action.REFUSE, note="C’est une critique.")
    clock.tick(minutes=30)
    (letter,) = arrived(mailing)
    said = plain(mail_text(letter))
    assert subjects([letter]) == [(THEIRS, "réponse à votre signalement")]
    assert "l’a laissé en ligne" in said
    assert "contester cette décision sur la page de votre signalement" in said
    assert "saisir la justice" in said


def test_undone_no_letter_leaves(mailing: Parts, ann: Person, clock: FakeClock) -> None:
    add_article(mailing, "le-pont")
    shown = shown_by(mailing, ann)
    give(mailing, shown)
    clock.tick(days=1)
    arrived(mailing)
    clock.tick(days=2)
    made = take_down(mailing, shown, ann)
    with mailing.writing() as session:
        decisions.undo(session, made, by=ann.id, now=clock())
    clock.tick(days=2)
    assert [letter["To"] for letter in arrived(mailing) if letter["To"] != ann.email] == []


def test_what_the_law_forbids_in_a_text_is_what_it_was_reported_as(
    parts: Parts, ann: Person, shown: Sent, clock: FakeClock, settle: Callable[[], None]
) -> None:
    for who in ("Léa", "Paul"):
        give(parts, shown, who=who)
    left = give(parts, shown, who="Max", ground=Ground.FRAUD)
    decide(parts, left.id, ann, Action.REFUSE, note="Il n’y a là aucune escroquerie.")
    clock.tick(hours=1)
    taken = take_down(parts, shown, ann)
    assert tracked(parts, shown).grounds == (Ground.DEFAMATION,)
    with parts.writing() as session:
        decisions.undo(session, taken, by=ann.id, now=clock())
    decide(parts, shown.id, ann, Action.UNPUBLISH, reason=Reason.OFF_TOPIC)
    settle()
    assert tracked(parts, shown).grounds == ()


def test_who_need_not_say_who_they_are_gets_no_letter(mailing: Parts, ann: Person) -> None:
    add_article(mailing, "le-pont")
    shown = shown_by(mailing, ann)
    arrived(mailing)
    notice = give(mailing, shown, who="", email="", ground=Ground.CHILD_ABUSE)
    assert arrived(mailing) == []
    assert tracked(mailing, as_sent(notice)).waits


# Rights of reply


def test_a_right_of_reply_waits_with_its_passage_and_its_clock(
    parts: Parts, ann: Person, shown: Sent, clock: FakeClock
) -> None:
    card = seen(parts, ann, as_sent(ask_reply(parts, shown))).card
    assert (card.kind, card.passage, card.parent) == ("reply", PASSAGE, shown.id)
    assert card.until == clock() + timedelta(hours=72)


def test_published_it_is_signed_and_said_to_be_one(
    parts: Parts, ann: Person, shown: Sent, settle: Callable[[], None]
) -> None:
    asked = ask_reply(parts, shown)
    decide(parts, asked.id, ann, Action.PUBLISH)
    settle()
    with parts.reading() as session:
        copy = session.exec(select(Publication).where(Publication.comment_id == asked.id)).one()
        assert (copy.author, copy.html, copy.right_of_reply) == (WHO, html(REPLY), True)
        assert copy.parent_id == shown.id
        assert PASSAGE not in copy.html
    assert seen(parts, ann, as_sent(asked)).card.until is None
    assert sound(parts)


@pytest.mark.usefixtures("article")
def test_refused_it_has_a_reason_like_any_text(parts: Parts, ann: Person) -> None:
    asked = ask_reply(parts)
    with pytest.raises(ReasonNeeded):
        decide(parts, asked.id, ann, Action.REFUSE)
    decide(parts, asked.id, ann, Action.REFUSE, reason=Reason.OFF_TOPIC)
    assert status(parts, asked) is Status.REFUSED


@pytest.mark.usefixtures("article")
def test_nobody_of_the_team_changes_words_of_it(parts: Parts, ann: Person) -> None:
    assert not seen(parts, ann, as_sent(ask_reply(parts))).rewritable


@pytest.mark.usefixtures("article")
def test_withdrawn_its_passage_is_erased_too(parts: Parts) -> None:
    asked = ask_reply(parts)
    with parts.writing() as session:
        submissions.withdraw(session, asked.code, revision=1, now=parts.clock())
    with parts.reading() as session:
        assert session.get_one(Claim, asked.id).passage == ""


def test_a_reply_is_to_what_is_there(parts: Parts, pending: Sent) -> None:
    with pytest.raises(NotFound):
        ask_reply(parts, pending)
    draft = drafts.read(WHO, THEIRS, REPLY, dialect=Dialect.SPIP)
    with parts.writing() as session, pytest.raises(NotFound):
        claims.reply(session, "nulle-part", draft, PASSAGE, now=parts.clock())


def test_a_reply_is_acknowledged_with_its_day(mailing: Parts) -> None:
    add_article(mailing, "le-pont")
    ask_reply(mailing)
    (letter,) = arrived(mailing)
    assert subjects([letter]) == [(THEIRS, "votre droit de réponse est reçu")]
    assert "avant le 4 mars 2026" in plain(mail_text(letter))


def test_both_are_lanes_of_the_queue(parts: Parts, shown: Sent) -> None:
    give(parts, shown)
    ask_reply(parts, shown)
    with parts.reading() as session:
        lanes = session.exec(select(Comment.lane).where(col(Comment.lane).is_not(None))).all()
    assert sorted(map(str, lanes)) == [Lane.NOTICE, Lane.REPLY]


def test_both_are_put_before_the_list_the_one_with_a_clock_first_and_only_while_they_wait(
    parts: Parts, ann: Person, shown: Sent, clock: FakeClock
) -> None:
    notice = give(parts, shown)
    clock.tick(hours=1)
    asked = ask_reply(parts)
    with parts.reading() as session:
        assert [card.id for card in urgent(session, ann)] == [asked.id, notice.id]
        assert urgent(session, replace(ann, sections=("Sport",))) == ()
    take_down(parts, shown, ann)
    with parts.reading() as session:
        assert [card.id for card in urgent(session, ann)] == [asked.id]


def test_what_is_taken_down_after_a_notice_is_counted_apart(
    parts: Parts, ann: Person, shown: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    other = shown_by(parts, ann, "Une autre.")
    give(parts, shown)
    for text in (shown, other):
        take_down(parts, text, ann)
    settle()
    with parts.reading() as session:
        tally = transparency.count(session, Month.of(clock()), clock())
    assert (tally.notified, tally.reasons) == ({Reason.ILLEGAL: 1}, {Reason.ILLEGAL: 1})
    assert (tally.wholes[Figure.NOTIFIED], tally.wholes[Figure.RESTRICTED]) == (1, 1)


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (Action.UNPUBLISH, "Elle a été modifiée : le texte est retiré."),
        (Action.REFUSE, "Elle a été confirmée : le texte reste en ligne."),
    ],
)
def test_the_answer_to_an_appeal_is_told_by_letter(
    mailing: Parts, ann: Person, sami: Person, clock: FakeClock, action: Action, said: str
) -> None:
    add_article(mailing, "le-pont")
    shown = shown_by(mailing, ann)
    notice = give(mailing, shown)
    arrived(mailing)
    decide(mailing, notice.id, ann, Action.REFUSE, note="C’est une critique.")
    clock.tick(days=2)
    arrived(mailing)
    with mailing.writing() as session:
        contesting.appeal(session, notice.code, "Relisez.", revision=2, now=clock())
    if action is Action.UNPUBLISH:
        take_down(mailing, shown, sami)
    else:
        decide(mailing, notice.id, sami, action, note="Relue : elle reste.")
    clock.tick(days=2)
    (letter,) = [one for one in arrived(mailing) if one["To"] == THEIRS]
    assert subjects([letter]) == [(THEIRS, "réponse à votre contestation")]
    assert said in plain(mail_text(letter))


def test_a_question_about_a_notice_says_what_it_is_about(
    mailing: Parts, ann: Person, clock: FakeClock
) -> None:
    add_article(mailing, "le-pont")
    notice = give(mailing, shown_by(mailing, ann))
    arrived(mailing)
    clock.tick(days=1)
    decide(mailing, notice.id, ann, Action.ASK, note="Quelle phrase ?")
    clock.tick(minutes=1)
    (letter,) = arrived(mailing)
    assert "à propos de votre signalement" in plain(mail_text(letter))


def test_nobody_learns_of_a_notice_by_sending_its_words(parts: Parts, shown: Sent) -> None:
    give(parts, shown)
    assert send(parts, "le-pont", WHY).text == WHY


def test_a_packet_of_a_right_of_reply_tells_what_it_answers(parts: Parts, shown: Sent) -> None:
    asked = ask_reply(parts, shown)
    with parts.reading() as session:
        packet = contribution(session, asked.id, with_address=False)
    assert packet is not None
    assert packet.claim is not None
    assert (packet.claim.lane, packet.claim.passage, packet.parent) == (Lane.REPLY, PASSAGE, shown.id)


def test_what_the_author_takes_along_tells_of_no_notice_and_revokes_none(
    parts: Parts, ann: Person, shown: Sent
) -> None:
    notice = give(parts, shown)
    with parts.reading() as session:
        theirs = repr(yours.by_tracking(session, shown.tracking, parts.clock()))
        own = yours.by_tracking(session, notice.code, parts.clock())
    assert [word for word in (WHO, THEIRS, WHY, notice.id, notice.code) if word in theirs] == []
    assert (own[0].ground, own[0].texts[0].email) == (Ground.DEFAMATION, THEIRS)
    with parts.writing() as session:
        submissions.revoke(session, shown.tracking)
    assert tracked(parts, as_sent(notice)).waits
    assert ann


def test_who_erases_all_of_their_address_erases_their_notices_and_follows_nothing(
    parts: Parts, shown: Sent
) -> None:
    give(parts, shown)
    with parts.writing() as session:
        thread = session.get_one(Comment, shown.id).thread_id
        now = parts.clock()
        session.add(
            Follow(
                id="k7qf3m2d9xwt41hb",
                digest=mailboxes.digest(THEIRS),
                address=THEIRS,
                thread_id=thread,
                asked_at=now,
                confirmed_at=now,
            )
        )
    assert authors.erase(parts.engine, THEIRS, parts.clock) == 1
    kept = everything(parts)
    assert [word for word in (WHO, THEIRS, WHY) if word in kept] == []


def test_what_was_erased_of_a_granted_notice_waits_no_more_when_the_text_is_put_back(
    parts: Parts, ann: Person, shown: Sent
) -> None:
    erased, other = give(parts, shown), give(parts, shown, email="max@example.net")
    line = decide(parts, shown.id, ann, Action.UNPUBLISH, reason=Reason.ILLEGAL)
    authors.erase(parts.engine, THEIRS, parts.clock)
    with parts.writing() as session:
        decisions.undo(session, line, by=ann.id, now=parts.clock())
    assert status(parts, erased) is Status.PUBLISHED
    assert status(parts, other) is Status.PENDING
    assert sound(parts)


def test_who_wrote_the_text_or_stands_aside_judges_no_notice_of_it(
    parts: Parts, ann: Person, sami: Person
) -> None:
    add_article(parts, "le-pont")
    text = send(parts, "le-pont", "Sami écrit.", author="Sami", email=sami.email)
    decide(parts, text.id, ann, Action.PUBLISH, undo=timedelta())
    notice = give(parts, text)
    for action in (Action.REFUSE, Action.SPAM):
        with pytest.raises(MayNotDecide):
            decide(parts, notice.id, sami, action, note="Rien à redire.")
    other = shown_by(parts, ann)
    second = give(parts, other)
    with parts.writing() as session:
        deciders.stand_aside(session, other.id, by=sami.id, now=parts.clock())
    with pytest.raises(MayNotDecide):
        decide(parts, second.id, sami, Action.REFUSE, note="Rien à redire.")
    decide(parts, second.id, ann, Action.REFUSE, note="Rien à redire.")


def test_who_wrote_the_text_or_stands_aside_judges_no_right_of_reply_to_it(
    parts: Parts, ann: Person, sami: Person
) -> None:
    add_article(parts, "le-pont")
    text = send(parts, "le-pont", "Sami met en cause Léa.", author="Sami", email=sami.email)
    decide(parts, text.id, ann, Action.PUBLISH, undo=timedelta())
    reply = ask_reply(parts, to=text)
    for action in (Action.REFUSE, Action.SPAM, Action.PUBLISH):
        with pytest.raises(MayNotDecide):
            decide(parts, reply.id, sami, action, reason=Reason.OFF_TOPIC)
    other = shown_by(parts, ann)
    second = ask_reply(parts, to=other, words="Une autre réponse.")
    with parts.writing() as session:
        deciders.stand_aside(session, other.id, by=sami.id, now=parts.clock())
    with pytest.raises(MayNotDecide):
        decide(parts, second.id, sami, Action.REFUSE, reason=Reason.OFF_TOPIC)
    decide(parts, reply.id, ann, Action.PUBLISH)


def test_nobody_is_led_to_the_page_of_who_said_the_same(parts: Parts, shown: Sent, clock: FakeClock) -> None:
    unnamed = [give(parts, shown, who="", email="", ground=Ground.CHILD_ABUSE).code for _ in range(2)]
    assert unnamed[0] != unnamed[1]
    first = give(parts, shown)
    assert give(parts, shown).code == first.code  # pressed twice
    assert give(parts, shown, ground=Ground.HATRED).code != first.code
    clock.tick(minutes=2)
    assert give(parts, shown).code != first.code


def test_an_answer_takes_back_no_grant(
    parts: Parts, ann: Person, shown: Sent, clock: FakeClock, settle: Callable[[], None]
) -> None:
    notice = give(parts, shown)
    decide(parts, notice.id, ann, Action.ASK, note="Où ?", undo=timedelta())
    take_down(parts, shown, ann)
    clock.tick(seconds=3)
    with pytest.raises((Stale, IllegalMove)), parts.writing() as session:
        answers.answer(session, notice.code, "Ici.", revision=2, now=clock())
    settle()
    assert tracked(parts, as_sent(notice)).status is Status.PUBLISHED


def test_a_notice_that_was_granted_goes_in_its_time(
    parts: Parts, ann: Person, shown: Sent, clock: FakeClock
) -> None:
    give(parts, shown)
    take_down(parts, shown, ann)
    clock.tick(days=2000)
    retention.sweep(parts.engine, clock(), parts.settings.periods, lambda: False)
    kept = everything(parts)
    assert [word for word in (WHO, THEIRS, WHY) if word in kept] == []


def test_who_erases_their_text_leaves_no_notice_of_it_waiting(parts: Parts, shown: Sent) -> None:
    notice = give(parts, shown)
    assert authors.erase(parts.engine, "zoe@example.org", parts.clock) == 1
    assert tracked(parts, as_sent(notice)).status is Status.PUBLISHED


@pytest.mark.usefixtures("article")
def test_so_many_notices_wait_of_one_text_and_no_more(
    parts: Parts, ann: Person, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are answered in one go with taking it down, which nobody is to make take long."""
    monkeypatch.setattr(claims, "MOST_WAITING", 20)
    shown = shown_by(parts, ann)
    given = [give(parts, shown, f"{WHY} {number}") for number in range(claims.MOST_WAITING)]
    with pytest.raises(claims.Enough):
        give(parts, shown, f"{WHY} Enfin !")
    assert give(parts, shown, f"{WHY} 0") == given[0]  # pressed twice
    give(parts, shown_by(parts, ann, "Un autre texte."))
    with parts.writing() as session:
        submissions.withdraw(session, given[0].code, revision=1, now=clock())
    give(parts, shown, f"{WHY} Enfin !")

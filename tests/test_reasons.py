"""The site’s reasons in the real tables: how they are changed, and which of them a decision may name."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from conftest import Sent, at_once, send, statements
from sqlmodel import select

from moderation import bulk, decisions, reasons, voices
from moderation.accounts import Person
from moderation.bulk import Seen
from moderation.lifecycle import Action, Reason, Status
from moderation.models.judging import SiteReason
from moderation.models.queue import Comment, Decision
from moderation.models.together import Voice
from moderation.policy import Policy
from moderation.reasons import NoSuchReason, NotDone, Tie, Unusable
from moderation.remarks import ReasonNeeded
from moderation.shortcuts import MOST_REASONS
from moderation.statements import Category
from moderation.web.dependencies import Parts
from moderation.wording import Worded, as_shipped

SHIPPED = list(Reason)


def shipped(parts: Parts) -> reasons.Shipped:
    found: reasons.Shipped = parts.templates.globals["label"].shipped  # type: ignore[attr-defined]
    return found


def add(parts: Parts, label: str, explanation: str = "") -> str:
    with parts.writing() as session:
        return reasons.add(session, label, explanation, shipped(parts))


def word(parts: Parts, code: str, label: str, explanation: str = "") -> None:
    with parts.writing() as session:
        reasons.change(session, code, label, explanation, shipped(parts))


def tie(parts: Parts, code: str, article: str | None, category: Category | None = None) -> Worded:
    with parts.writing() as session:
        reasons.change(session, code, "", "", shipped(parts), Tie(article, category))
    return next(one for one in listed(parts) if one.code == code)


def said(code: str, label: str = "", explanation: str = "") -> Worded:
    """One whose words the site chose, and nothing else."""
    return replace(as_shipped(code), label=label, explanation=explanation)


def move(parts: Parts, code: str, by: int) -> None:
    with parts.writing() as session:
        reasons.move(session, code, by)


def offer(parts: Parts, code: str, *, offered: bool) -> None:
    with parts.writing() as session:
        reasons.offer(session, code, offered=offered)


def remove(parts: Parts, code: str) -> None:
    with parts.writing() as session:
        reasons.remove(session, code)


def listed(parts: Parts) -> list[Worded]:
    with parts.reading() as session:
        return reasons.listed(session)


def offered(parts: Parts) -> list[str]:
    return [one.code for one in listed(parts) if one.offered]


def stored(parts: Parts) -> set[str]:
    with parts.reading() as session:
        return set(session.exec(select(SiteReason.code)))


def refuse(parts: Parts, sent: Sent, by: Person, reason: str | None) -> int | voices.Heard:
    """The number of the decision, or what was heard where it takes more."""
    with parts.writing() as session:
        made = decisions.speak(
            session,
            sent.id,
            Action.REFUSE,
            revision=1,
            by=by.id,
            now=parts.clock(),
            undo=timedelta(seconds=20),
            reason=reason,
        )
        return made.id or 0 if isinstance(made, Decision) else made


def refused(deed: Callable[[], Any]) -> str:
    """Why it was not done, as the page says it."""
    with pytest.raises((Unusable, NotDone)) as raised:
        deed()
    assert isinstance(raised.value, Unusable | NotDone)
    return raised.value.problem


# Words and order


def test_before_any_change_they_are_as_shipped_and_nothing_is_kept(parts: Parts) -> None:
    assert listed(parts) == [as_shipped(code) for code in SHIPPED]
    assert stored(parts) == set()


def test_a_shipped_reason_is_reworded_explained_and_said_as_shipped_again(parts: Parts) -> None:
    word(parts, "privacy", "  vie privée\n d’autrui ", "Une adresse, un numéro.")
    assert listed(parts)[5] == said("privacy", "vie privée d’autrui", "Une adresse, un numéro.")
    assert stored(parts) == {"privacy"}
    word(parts, "privacy", "")
    assert listed(parts)[5] == said("privacy")


def test_words_that_are_those_shipped_are_not_kept_as_the_site_s_own(parts: Parts) -> None:
    word(parts, "off_topic", "hors sujet", "Parlez du pont.")
    assert listed(parts)[0] == said("off_topic", "", "Parlez du pont.")


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("Procès en cours", "proces_en_cours"),
        ("Œuvre protégée : 2 lignes", "oeuvre_protegee_2_li"),
        ("publicité déguisée en avis", "publicite_deguisee_e"),
        ("Un mot si long_qu’il-est coupé", "un_mot_si_long_qu_il"),
        ("privacy", "privacy_2"),
        ("!!!", "reason"),
        ("עברית", "reason"),
    ],
)
def test_a_reason_of_the_site_gets_a_code_made_from_its_label(parts: Parts, label: str, code: str) -> None:
    assert add(parts, label) == code
    assert listed(parts)[-2] == said(code, label)
    word(parts, code, "tout autre chose")
    assert listed(parts)[-2] == said(code, "tout autre chose")


def test_two_labels_never_share_a_code(parts: Parts) -> None:
    assert [add(parts, label) for label in ("???", "!!!", "x" * 21, "x" * 22)] == [
        "reason",
        "reason_2",
        "x" * 20,
        f"{'x' * 18}_2",
    ]


@pytest.mark.parametrize(
    "label", ["hors sujet", "HORS SUJET !", "Publicite", "atteinte\u202f\u202e à la vie privée"]
)
def test_no_two_reasons_read_the_same(parts: Parts, label: str) -> None:
    assert refused(lambda: add(parts, label)) == "twice"
    assert refused(lambda: word(parts, "duplicate", label)) == "twice"
    assert stored(parts) == set()


def test_a_reason_no_longer_offered_keeps_its_words_for_itself(parts: Parts) -> None:
    offer(parts, "duplicate", offered=False)
    assert refused(lambda: add(parts, "Doublon")) == "twice"


def test_words_that_another_has_taken_meanwhile_do_not_come_back(parts: Parts) -> None:
    word(parts, "off_topic", "ailleurs")
    add(parts, "hors sujet")
    assert refused(lambda: word(parts, "off_topic", "")) == "twice"


@pytest.mark.parametrize(
    ("label", "problem"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("\0\u202e\u200b", "empty"),
        ("é" * 81, "label_long"),
        ("a" * 10_000, "label_long"),
        ("a" * 20_000, "label_long"),
    ],
)
def test_a_label_that_cannot_be_read_is_not_taken(parts: Parts, label: str, problem: str) -> None:
    assert refused(lambda: add(parts, label)) == problem
    code = add(parts, "bon")
    assert refused(lambda: word(parts, code, label)) == problem
    assert listed(parts)[-2] == said(code, "bon")


@pytest.mark.parametrize("length", [501, 10_000, 20_000])
def test_an_explanation_that_is_too_long_changes_nothing(parts: Parts, length: int) -> None:
    assert refused(lambda: add(parts, "bon", "a" * length)) == "explanation_long"
    assert refused(lambda: word(parts, "privacy", "mien", "a" * length)) == "explanation_long"
    assert stored(parts) == set()


def test_what_is_typed_is_kept_as_typed_but_for_what_nobody_sees(parts: Parts) -> None:
    code = add(parts, "<b>\u202egras\0</b>", "é" * 500)
    assert code == "b_gras_b"
    assert listed(parts)[-2] == said(code, "<b>gras</b>", "é" * 500)


def test_a_reason_goes_up_and_down_and_only_what_moved_is_kept(parts: Parts) -> None:
    move(parts, "no_information", -1)
    assert offered(parts) == ["no_information", "off_topic", *SHIPPED[2:]]
    assert stored(parts) == {"no_information", "off_topic"}
    move(parts, "no_information", 1)
    assert offered(parts) == SHIPPED


def test_other_stays_the_last_and_the_first_goes_no_higher(parts: Parts) -> None:
    for code, by in (("off_topic", -1), ("duplicate", 1), ("other", -1), ("other", 1)):
        move(parts, code, by)
    assert offered(parts) == SHIPPED
    own = add(parts, "mien")
    assert offered(parts) == [*SHIPPED[:-1], own, "other"]
    for _ in range(20):
        move(parts, own, -1)
    assert offered(parts) == [own, *SHIPPED]


def test_an_order_outlives_what_is_removed_from_it(parts: Parts) -> None:
    own = add(parts, "mien")
    for _ in range(20):
        move(parts, own, -1)
    for _ in range(3):
        move(parts, "off_topic", 1)
    order = [code for code in offered(parts) if code != own]
    remove(parts, own)
    for code in SHIPPED:
        word(parts, code, "", "Expliqué.")
    assert offered(parts) == order


# Offering


def test_what_is_no_longer_offered_is_known_and_passed_over_by_the_order(parts: Parts) -> None:
    offer(parts, "no_information", offered=False)
    assert [one.code for one in listed(parts) if not one.offered] == ["no_information"]
    move(parts, "unverifiable", -1)
    assert offered(parts)[:2] == ["unverifiable", "off_topic"]
    move(parts, "no_information", -1)
    offer(parts, "no_information", offered=True)
    offer(parts, "no_information", offered=True)
    assert offered(parts)[-2:] == ["no_information", "other"]


def test_other_and_one_more_stay_offered(parts: Parts) -> None:
    assert refused(lambda: offer(parts, "other", offered=False)) == "last"
    for code in SHIPPED[1:-1]:
        offer(parts, code, offered=False)
    assert refused(lambda: offer(parts, "off_topic", offered=False)) == "last"
    own = add(parts, "mien")
    offer(parts, "off_topic", offered=False)
    assert refused(lambda: remove(parts, own)) == "last"
    assert offered(parts) == [own, "other"]


def test_each_that_is_offered_has_a_key_so_that_there_are_twenty(parts: Parts) -> None:
    for number in range(MOST_REASONS - len(SHIPPED)):
        add(parts, f"motif {number}")
    assert len(offered(parts)) == 20
    assert refused(lambda: add(parts, "un de trop")) == "full"
    offer(parts, "privacy", offered=False)
    add(parts, "un de plus")
    assert refused(lambda: offer(parts, "privacy", offered=True)) == "full"


def test_the_list_itself_has_an_end(parts: Parts) -> None:
    with parts.writing() as session:
        session.add_all(
            SiteReason(code=f"n{number}", label=f"n{number}", place=100 + number, offered=False)
            for number in range(reasons.MOST_KNOWN - len(SHIPPED))
        )
    assert refused(lambda: add(parts, "un de trop")) == "many"


@pytest.mark.parametrize("code", ["inconnu", "", "\0", "x" * 10_000, "É", "off_topic "])
def test_what_does_not_exist_cannot_be_changed(parts: Parts, code: str) -> None:
    with pytest.raises(NoSuchReason):
        word(parts, code, "mien")
    with pytest.raises(NoSuchReason):
        move(parts, code, 1)
    with pytest.raises(NoSuchReason):
        offer(parts, code, offered=False)
    with pytest.raises(NoSuchReason):
        remove(parts, code)
    assert stored(parts) == set()


# Removing


def test_one_of_the_site_that_nothing_names_is_removed(parts: Parts) -> None:
    code = add(parts, "mien")
    remove(parts, code)
    assert (offered(parts), stored(parts)) == (SHIPPED, set())
    assert add(parts, "mien") == code


def test_a_shipped_reason_is_never_removed(parts: Parts) -> None:
    word(parts, "privacy", "mien")
    with pytest.raises(NoSuchReason):
        remove(parts, "privacy")
    assert listed(parts)[5] == said("privacy", "mien")


def test_what_a_decision_names_stays_even_when_that_was_undone(
    parts: Parts, ann: Person, pending: Sent
) -> None:
    code = add(parts, "mien")
    made = refuse(parts, pending, ann, code)
    assert isinstance(made, int)
    assert refused(lambda: remove(parts, code)) == "used"
    with parts.writing() as session:
        decisions.undo(session, made, by=ann.id, now=parts.clock())
    assert refused(lambda: remove(parts, code)) == "used"
    offer(parts, code, offered=False)
    with parts.reading() as session:
        assert reasons.used(session) == {code}


@pytest.mark.usefixtures("sami")
def test_what_a_voice_names_stays(parts: Parts, ann: Person, pending: Sent) -> None:
    code = add(parts, "mien")
    with parts.writing() as session:
        voices.set_policy(session, "", Policy(publish=2, refuse=2, veto=False))
    assert isinstance(refuse(parts, pending, ann, code), voices.Heard)
    assert refused(lambda: remove(parts, code)) == "used"
    with parts.reading() as session:
        assert (session.exec(select(Voice.reason)).all(), reasons.used(session)) == ([code], {code})


# Which a decision may name


@pytest.mark.parametrize("code", ["inconnu", "\0", "x" * 10_000, "Off_topic", "off_topic\n", "'; --"])
def test_a_code_that_is_none_of_the_site_is_as_no_reason(
    parts: Parts, ann: Person, pending: Sent, code: str
) -> None:
    with pytest.raises(ReasonNeeded):
        refuse(parts, pending, ann, code)
    lot, now = [Seen(pending.id, 1)], parts.clock()
    with pytest.raises(ReasonNeeded), parts.writing() as session:
        bulk.decide(session, lot, Action.REFUSE, by=ann.id, now=now, undo=timedelta(), reason=code)
    with parts.reading() as session:
        assert session.get_one(Comment, pending.id).status is Status.PENDING


def test_a_reason_of_the_site_is_given_even_when_it_is_no_longer_offered(
    parts: Parts, ann: Person, article: str
) -> None:
    code = add(parts, "mien")
    for given, sent in ((code, send(parts, article, "Un.")), ("privacy", send(parts, article, "Deux."))):
        offer(parts, given, offered=False)
        refuse(parts, sent, ann, given)
        with parts.reading() as session:
            assert session.get_one(Comment, sent.id).reason == given


def test_a_shipped_reason_costs_no_statement(parts: Parts, ann: Person, article: str) -> None:
    code = add(parts, "mien")
    asked = {}
    for given, text in (("privacy", "Un."), (code, "Deux.")):
        sent = send(parts, article, text)
        with statements(parts.engine) as seen:
            refuse(parts, sent, ann, given)
        asked[given] = len(seen)
    assert asked[code] == asked["privacy"] + 1


# Together


def test_two_who_add_the_same_reason_at_once_add_one(parts: Parts) -> None:
    made = at_once(*[lambda: add(parts, "mien")] * 2)
    assert sorted(type(one).__name__ for one in made) == ["Unusable", "str"]
    assert offered(parts) == [*SHIPPED[:-1], "mien", "other"]


def test_two_who_stop_offering_at_once_leave_one_besides_other(parts: Parts) -> None:
    for code in SHIPPED[2:-1]:
        offer(parts, code, offered=False)
    made = at_once(*(lambda code=code: offer(parts, code, offered=False) for code in SHIPPED[:2]))
    assert sorted(str(one) for one in made) == ["None", "last"]
    assert len(offered(parts)) == 2


def test_two_who_move_at_once_both_move(parts: Parts) -> None:
    at_once(lambda: move(parts, "off_topic", 1), lambda: move(parts, "duplicate", -1))
    assert offered(parts) == [
        "no_information",
        "off_topic",
        *SHIPPED[2:8],
        "duplicate",
        "advertising",
        "other",
    ]


@pytest.mark.parametrize("turn", range(3))
def test_a_reason_is_never_removed_from_under_a_decision(
    parts: Parts, ann: Person, article: str, turn: int
) -> None:
    code, sent = add(parts, "mien"), send(parts, article, f"Texte {turn}.")
    made, removed = at_once(lambda: refuse(parts, sent, ann, code), lambda: remove(parts, code))
    if removed is None:
        assert isinstance(made, ReasonNeeded)
        assert stored(parts) == set()
    else:
        assert (isinstance(made, int), str(removed)) == (True, "used")
        assert stored(parts) == {code}


def test_what_is_remembered_is_read_again_after_a_few_seconds(parts: Parts) -> None:
    now = parts.clock()
    with statements(parts.engine) as asked:
        for _ in range(2):
            with parts.reading() as session:
                reasons.recall(session, parts.wording, now)
    assert len(asked) == 1
    add(parts, "mien")  # in another process
    assert "mien" not in parts.wording
    with parts.reading() as session:
        reasons.recall(session, parts.wording, now + timedelta(seconds=3))
    assert "mien" in parts.wording


# What they go by


def test_each_goes_by_the_article_of_its_name_and_what_is_sent_twice_adds_nothing(parts: Parts) -> None:
    going = {one.code: one.article for one in listed(parts)}
    assert going == {
        **{code: code for code in map(str, SHIPPED)},
        "duplicate": "no_information",
        "other": "",
    }


def test_what_it_goes_by_is_changed_taken_away_and_put_back(parts: Parts) -> None:
    assert tie(parts, "privacy", "vie-privee").article == "vie-privee"
    assert tie(parts, "privacy", None, Category.VIOLENCE).article == "vie-privee"
    assert tie(parts, "privacy", "").article == ""
    last = tie(parts, "privacy", "privacy", Category.DATA_PROTECTION)
    assert last == as_shipped("privacy")
    with parts.reading() as session:
        row = session.get_one(SiteReason, "privacy")
    assert (row.article, row.category) == (None, None)


def test_words_are_changed_and_what_it_goes_by_stays(parts: Parts) -> None:
    tie(parts, "privacy", "vie-privee", Category.VIOLENCE)
    word(parts, "privacy", "vie privée")
    (found,) = [one for one in listed(parts) if one.code == "privacy"]
    assert (found.label, found.article, found.category) == ("vie privée", "vie-privee", Category.VIOLENCE)

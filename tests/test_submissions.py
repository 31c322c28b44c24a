from datetime import timedelta
from functools import partial

import pytest
from conftest import FEW, FakeClock, Sent, add_article, at_once, send
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from moderation import articles, audit, decisions, delivery, drafts, duplicates, publication, submissions
from moderation.accounts import Person
from moderation.decisions import NotFound, Stale
from moderation.drafts import Draft
from moderation.lifecycle import Action, IllegalMove, Reason, Status
from moderation.markup import Dialect
from moderation.models.public import Mode, Publication
from moderation.models.queue import Comment, Decision, Effect, EffectKind, Version
from moderation.pages import tracking as pages
from moderation.web.dependencies import Parts

WINDOW = timedelta(seconds=20)


def draft(text: str = "Le pont est ouvert.") -> Draft:
    return drafts.read("Zoé", "zoe@example.org", text, dialect=Dialect.SPIP)


def submit(parts: Parts, slug: str, nonce: str, text: str = "Le pont est ouvert.") -> str:
    with parts.writing() as session:
        return submissions.submit(session, slug, draft(text), nonce=nonce, now=parts.clock()).id


def decide(
    parts: Parts, sent: Sent, action: Action, by: Person, revision: int, reason: Reason | None = None
) -> int:
    with parts.writing() as session:
        line = decisions.decide(
            session,
            sent.id,
            action,
            revision=revision,
            by=by.id,
            now=parts.clock(),
            undo=WINDOW,
            reason=reason,
        )
        assert line.id is not None
        return line.id


def withdraw(parts: Parts, sent: Sent, revision: int = 1) -> None:
    with parts.writing() as session:
        submissions.withdraw(session, sent.tracking, revision=revision, now=parts.clock())


def log(parts: Parts) -> list[tuple[str, str, str, bool]]:
    with parts.reading() as session:
        lines = session.exec(select(Decision).order_by(col(Decision.id))).all()
        return [
            (line.before.value, line.action.value, line.after.value, line.undoes is not None)
            for line in lines
        ]


def shown(parts: Parts, sent: Sent) -> pages.TrackingPage:
    with parts.reading() as session:
        page = pages.tracking(session, sent.tracking, parts.clock())
        assert page is not None
        return page


def stored(parts: Parts) -> list[str]:
    with parts.reading() as session:
        return list(session.exec(select(Comment.id)))


# Sending


def test_what_is_sent_waits_with_every_word_of_it(parts: Parts, article: str) -> None:
    comment_id = submit(parts, article, "n1")
    with parts.reading() as session:
        comment = session.get_one(Comment, comment_id)
        version = session.exec(select(Version)).one()
    assert (comment.status, comment.revision, comment.section) == (Status.PENDING, 1, "Ville")
    assert comment.submitted_at == version.written_at == parts.clock()
    assert (version.author, version.email, version.source) == (
        "Zoé",
        "zoe@example.org",
        "Le pont est ouvert.",
    )
    assert version.html == draft().text.html


def test_the_same_form_sent_twice_is_stored_once(parts: Parts, article: str) -> None:
    first = submit(parts, article, "n1")
    assert submit(parts, article, "n1") == first
    assert stored(parts) == [first]


def test_promise_03_the_same_form_sent_at_once_from_many_tabs_is_stored_once(
    parts: Parts, article: str
) -> None:
    told = at_once(*[partial(submit, parts, article, "n1")] * 8)
    assert told == stored(parts) * 8


def test_the_same_words_in_many_forms_at_once_are_stored_once(parts: Parts, article: str) -> None:
    told = at_once(*[partial(submit, parts, article, f"n{number}") for number in range(8)])
    assert [one for one in told if isinstance(one, str)] == stored(parts)
    assert [type(one) for one in told].count(duplicates.Duplicate) == 7


def test_a_form_sent_again_after_its_text_was_withdrawn_brings_nothing_back(
    parts: Parts, article: str
) -> None:
    first = submit(parts, article, "n1")
    with parts.reading() as session:
        tracking = session.get_one(Comment, first).tracking
    with parts.writing() as session:
        submissions.withdraw(session, tracking or "", revision=1, now=parts.clock())
    assert submit(parts, article, "n1") == first
    with parts.reading() as session:
        assert session.exec(select(Version.source)).all() == [""]


@pytest.mark.parametrize("again", ["Le pont est ouvert.", "  LE PONT\u200b est\r\n\r\nouvert. "])
def test_the_same_words_are_refused_while_the_first_wait(parts: Parts, article: str, again: str) -> None:
    submit(parts, article, "n1")
    with pytest.raises(duplicates.Duplicate):
        submit(parts, article, "n2", again)
    submit(parts, article, "n3", "Le pont est fermé.")
    assert len(stored(parts)) == 2


def test_the_same_words_are_refused_while_the_first_are_public(
    parts: Parts, article: str, ann: Person, clock: FakeClock
) -> None:
    sent = send(parts, article, "Le pont est ouvert.")
    decide(parts, sent, Action.PUBLISH, ann, 1)
    clock.tick(hours=23)
    with pytest.raises(duplicates.Duplicate):
        submit(parts, article, "n2")


@pytest.mark.parametrize("action", [Action.REFUSE, Action.SPAM])
def test_the_same_words_may_be_sent_again_once_refused(
    parts: Parts, article: str, ann: Person, clock: FakeClock, action: Action
) -> None:
    decide(parts, send(parts, article, "Le pont est ouvert."), action, ann, 1, Reason.OFF_TOPIC)
    with pytest.raises(duplicates.Duplicate):  # it may still be undone: nobody is told
        submit(parts, article, "n2")
    clock.tick(seconds=20)
    submit(parts, article, "n2")
    assert len(stored(parts)) == 2


def test_the_same_words_may_be_sent_again_once_withdrawn(parts: Parts, article: str) -> None:
    withdraw(parts, send(parts, article, "Le pont est ouvert."))
    submit(parts, article, "n2")
    assert len(stored(parts)) == 2


def test_the_same_words_may_be_sent_again_after_a_day(parts: Parts, article: str, clock: FakeClock) -> None:
    submit(parts, article, "n1")
    clock.tick(days=1, seconds=-1)
    with pytest.raises(duplicates.Duplicate):
        submit(parts, article, "n2")
    clock.tick(seconds=1)
    submit(parts, article, "n3")
    assert len(stored(parts)) == 2


def test_the_same_words_may_be_sent_under_another_article(parts: Parts, article: str) -> None:
    submit(parts, article, "n1")
    submit(parts, add_article(parts, "la-gare"), "n2")
    assert len(stored(parts)) == 2


def test_a_closed_forum_takes_nothing(parts: Parts) -> None:
    slug = add_article(parts, "le-marche", mode=Mode.CLOSED)
    with pytest.raises(submissions.Closed):
        submit(parts, slug, "n1")
    assert stored(parts) == []


def test_a_form_already_sent_is_acknowledged_again_though_the_forum_has_closed(
    parts: Parts, article: str
) -> None:
    first = submit(parts, article, "n1")
    with parts.writing() as session:
        articles.set_mode(session, article, Mode.CLOSED)
    assert submit(parts, article, "n1") == first


def test_an_unknown_article_takes_nothing(parts: Parts, article: str) -> None:
    with pytest.raises(NotFound):
        submit(parts, article + "x", "n1")


# Withdrawing


@FEW
@given(author=st.text(max_size=30), words=st.text(min_size=1, max_size=200))
def test_withdrawing_erases_every_word(parts: Parts, author: str, words: str) -> None:
    slug = "le-pont"
    with parts.writing() as session:
        articles.put(
            session, slug, articles.Content(title="Le pont", body="<p>x</p>"), now=parts.clock(), replace=True
        )
    sent = send(parts, slug, f"Secret {words}", author=author, email="zoe@example.org")
    withdraw(parts, sent)
    with parts.reading() as session:
        version = session.exec(select(Version).where(Version.comment_id == sent.id)).one()
        comment = session.get_one(Comment, sent.id)
    kept = [version.author, version.email, version.source, version.html, version.fingerprint]
    assert kept == [""] * 5
    assert version.findings == []
    assert comment.status is Status.WITHDRAWN


def test_withdrawing_is_told_in_the_log_and_not_by_whom(parts: Parts, pending: Sent) -> None:
    withdraw(parts, pending)
    with parts.reading() as session:
        (line,) = session.exec(select(Decision)).all()
    assert (line.before, line.action, line.after) == (Status.PENDING, Action.WITHDRAW, Status.WITHDRAWN)
    assert (line.account_id, line.note, line.reason) == (None, "", None)


def test_an_unknown_code_withdraws_nothing(parts: Parts, pending: Sent) -> None:
    with pytest.raises(NotFound):
        withdraw(parts, Sent(pending.id, "0" * 16, ""))


def test_withdrawing_what_has_changed_is_stale(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock
) -> None:
    decide(parts, pending, Action.REFUSE, ann, 1, Reason.PRIVACY)
    clock.tick(seconds=20)
    with pytest.raises(Stale) as stale:
        withdraw(parts, pending, revision=1)
    assert stale.value.last is not None
    assert stale.value.last.by == "Ann"


def test_withdrawing_twice_is_stale(parts: Parts, pending: Sent) -> None:
    withdraw(parts, pending)
    with pytest.raises(Stale):
        withdraw(parts, pending)
    with pytest.raises(IllegalMove):
        withdraw(parts, pending, revision=2)


def test_what_was_published_for_good_is_not_withdrawn_by_oneself(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock
) -> None:
    decide(parts, pending, Action.PUBLISH, ann, 1, Reason.PRIVACY)
    clock.tick(seconds=20)
    with pytest.raises(IllegalMove):
        withdraw(parts, pending, revision=2)
    assert len(log(parts)) == 1


@pytest.mark.parametrize(
    "path",
    [[Action.REFUSE], [Action.SPAM], [Action.PUBLISH, Action.UNPUBLISH], [Action.PUBLISH, Action.SPAM]],
)
def test_what_is_not_public_any_more_or_never_was_is_erased_by_its_author(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock, path: list[Action]
) -> None:
    for revision, action in enumerate(path, start=1):
        decide(parts, pending, action, ann, revision, Reason.PRIVACY)
        delivery.effects(parts.engine, clock.tick(seconds=20))
    with pytest.raises(Stale):
        withdraw(parts, pending, revision=1)
    withdraw(parts, pending, revision=len(path) + 1)
    assert shown(parts, pending).status is Status.WITHDRAWN
    with parts.reading() as session:
        assert [text.source for text in session.exec(select(Version))] == [""]
        assert session.get_one(Comment, pending.id).erased_at == clock()
        assert [*audit.faults(session), *audit.disagreements(session)] == []


@pytest.mark.parametrize(
    ("action", "then"), [(Action.PUBLISH, "published"), (Action.REFUSE, "refused"), (Action.SPAM, "spam")]
)
def test_withdrawing_inside_the_window_sets_the_decision_aside(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock, action: Action, then: str
) -> None:
    decide(parts, pending, action, ann, 1, Reason.PRIVACY)
    clock.tick(seconds=19)
    assert shown(parts, pending).status is Status.PENDING
    withdraw(parts, pending, revision=shown(parts, pending).revision)
    assert log(parts) == [
        ("pending", action.value, then, False),
        (then, action.value, "pending", True),
        ("pending", "withdraw", "withdrawn", False),
    ]
    clock.tick(days=1)
    delivery.effects(parts.engine, clock())
    with parts.reading() as session:
        assert session.exec(select(Publication)).all() == []
        assert session.exec(select(Effect)).all() == []


def test_withdrawing_sets_aside_every_decision_that_has_not_taken_effect(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock
) -> None:
    decide(parts, pending, Action.REFUSE, ann, 1, Reason.PRIVACY)
    clock.tick(seconds=5)
    decide(parts, pending, Action.REOPEN, ann, 2)
    clock.tick(seconds=5)
    decide(parts, pending, Action.SPAM, ann, 3)
    assert shown(parts, pending).status is Status.PENDING
    withdraw(parts, pending, revision=shown(parts, pending).revision)
    assert shown(parts, pending).status is Status.WITHDRAWN
    assert [line[2] for line in log(parts)] == [
        "refused",
        "pending",
        "spam",
        "pending",
        "refused",
        "pending",
        "withdrawn",
    ]


def test_withdrawing_does_not_bring_back_what_was_undone(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock
) -> None:
    decision = decide(parts, pending, Action.REFUSE, ann, 1, Reason.PRIVACY)
    with parts.writing() as session:
        decisions.undo(session, decision, by=ann.id, now=clock())
    withdraw(parts, pending, revision=1)
    assert [line[2] for line in log(parts)] == ["refused", "pending", "withdrawn"]


def test_what_is_erased_while_a_reopening_has_not_taken_effect_tells_nothing_of_it(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock
) -> None:
    decide(parts, pending, Action.REFUSE, ann, 1, Reason.PRIVACY)
    clock.tick(minutes=1)
    decide(parts, pending, Action.REOPEN, ann, 2)
    assert shown(parts, pending).status is Status.REFUSED
    withdraw(parts, pending, revision=2)
    assert shown(parts, pending).status is Status.WITHDRAWN
    assert [line[2] for line in log(parts)] == ["refused", "pending", "refused", "withdrawn"]


def test_withdrawing_a_moment_after_publication_withdraws_nothing(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock
) -> None:
    """The request had read the clock before the window closed, and waited while the effect was done."""
    decide(parts, pending, Action.PUBLISH, ann, 1)
    asked = clock.tick(seconds=19.9)
    delivery.effects(parts.engine, clock.tick(seconds=0.2))
    with pytest.raises(IllegalMove), parts.writing() as session:
        submissions.withdraw(session, pending.tracking, revision=1, now=asked)
    with parts.reading() as session:
        assert session.exec(select(Publication.taken_down_at)).all() == [None]


def test_promise_04_deciding_and_withdrawing_at_once_end_in_withdrawal(
    parts: Parts, article: str, ann: Person
) -> None:
    """The decision comes too late, or had no effect yet and is set aside: the author’s word stands."""
    for number in range(10):
        sent = send(parts, article, f"Texte {number}.")
        before = len(log(parts))
        publish = partial(decide, parts, sent, Action.PUBLISH, ann, 1)
        decided, withdrawn = at_once(publish, partial(withdraw, parts, sent))
        assert withdrawn is None
        made = [(action, undo) for _, action, _, undo in log(parts)[before:]]
        set_aside = [("publish", False), ("publish", True)] if not isinstance(decided, Stale) else []
        assert made == [*set_aside, ("withdraw", False)]
        with parts.reading() as session:
            assert session.get_one(Comment, sent.id).status == "withdrawn"
            assert session.exec(select(Effect).where(Effect.kind == EffectKind.SYNC)).all() == []


def test_withdrawing_what_was_public_before_leaves_nothing_public(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock
) -> None:
    decide(parts, pending, Action.PUBLISH, ann, 1)
    delivery.effects(parts.engine, clock.tick(minutes=1))
    decide(parts, pending, Action.UNPUBLISH, ann, 2, Reason.PRIVACY)
    decide(parts, pending, Action.REOPEN, ann, 3)
    clock.tick(minutes=1)
    withdraw(parts, pending, revision=4)
    with parts.writing() as session:
        publication.sync(session, pending.id, clock())
    with parts.reading() as session:
        (copy,) = session.exec(select(Publication)).all()
    assert (copy.number, copy.author, copy.html) == (1, "", "")
    assert copy.taken_down_at is not None


# What the author is shown


def test_the_author_is_shown_a_decision_once_it_has_taken_effect(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock
) -> None:
    decided = clock()
    decide(parts, pending, Action.REFUSE, ann, 1, Reason.PRIVACY)
    clock.tick(seconds=19)
    assert (shown(parts, pending).status, shown(parts, pending).reason) == (Status.PENDING, None)
    clock.tick(seconds=1)
    page = shown(parts, pending)
    assert (page.status, page.reason, page.since) == (Status.REFUSED, Reason.PRIVACY, decided)


def test_promise_10_an_undone_decision_leaves_no_trace_for_the_author(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock
) -> None:
    before = shown(parts, pending)
    clock.tick(seconds=5)
    decision = decide(parts, pending, Action.REFUSE, ann, 1, Reason.PRIVACY)
    with parts.writing() as session:
        decisions.undo(session, decision, by=ann.id, now=clock.tick(seconds=5))
    for _ in range(2):
        after = shown(parts, pending)
        assert (after.status, after.since, after.reason) == (before.status, before.since, before.reason)
        clock.tick(minutes=1)


def test_promise_06_a_refusal_keeps_its_reason_when_its_reopening_is_undone(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock
) -> None:
    decide(parts, pending, Action.REFUSE, ann, 1, Reason.PRIVACY)
    clock.tick(minutes=1)
    decision = decide(parts, pending, Action.REOPEN, ann, 2)
    with parts.writing() as session:
        decisions.undo(session, decision, by=ann.id, now=clock())
    page = shown(parts, pending)
    assert (page.status, page.reason) == (Status.REFUSED, Reason.PRIVACY)


def test_the_author_is_not_told_of_a_publication_that_readers_do_not_have_yet(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock
) -> None:
    decide(parts, pending, Action.PUBLISH, ann, 1)
    taken_down = decide(parts, pending, Action.UNPUBLISH, ann, 2, Reason.PRIVACY)
    with parts.writing() as session:
        decisions.undo(session, taken_down, by=ann.id, now=clock.tick(seconds=5))
    delivery.effects(parts.engine, clock())
    assert (shown(parts, pending).status, shown(parts, pending).number) == (Status.PENDING, None)
    delivery.effects(parts.engine, clock.tick(seconds=15))
    assert (shown(parts, pending).status, shown(parts, pending).number) == (Status.PUBLISHED, 1)

from datetime import timedelta

import pytest
from conftest import Run, Sent, add_article, send
from sqlmodel import col, select, update
from starlette.testclient import TestClient
from test_voices import TWO, object_to, rule, speak

from moderation import decisions, markup, rerendering, submissions, voices
from moderation.accounts import Person
from moderation.decisions import Stale
from moderation.lifecycle import Action, Reason, Status
from moderation.models.public import Publication
from moderation.models.queue import Comment, Version
from moderation.rerendering import Done, Outcome
from moderation.web.dependencies import Parts

OLDER = "<p>Comme on le faisait avant.</p>"


def of_an_older_program(parts: Parts, sent: Sent, **values: object) -> Sent:
    """The text’s newest version, as an older renderer would have left it."""
    given = {"html": OLDER, "renderer": markup.VERSION - 1, **values}
    with parts.writing() as session:
        session.exec(update(Version).where(col(Version.comment_id) == sent.id).values(**given))
        session.exec(
            update(Publication).where(col(Publication.comment_id) == sent.id).values(html=given["html"])
        )
    return sent


def decide(parts: Parts, sent: Sent, action: Action, by: Person, *, revision: int = 1) -> None:
    with parts.writing() as session:
        now = parts.clock()
        decisions.decide(session, sent.id, action, revision=revision, by=by.id, now=now, undo=timedelta())


def texts(parts: Parts, sent: Sent) -> list[tuple[int, str, int]]:
    with parts.reading() as session:
        rows = session.exec(
            select(Version).where(Version.comment_id == sent.id).order_by(col(Version.number))
        )
        return [(row.number, row.html, row.renderer) for row in rows]


def stands(parts: Parts, sent: Sent) -> tuple[Status, int, int]:
    with parts.reading() as session:
        comment = session.get_one(Comment, sent.id)
        return comment.status, comment.revision, comment.version


def test_a_text_that_comes_out_the_same_keeps_its_revision(parts: Parts, pending: Sent) -> None:
    ((_, html, _),) = texts(parts, pending)
    of_an_older_program(parts, pending, html=html)
    assert list(rerendering.waiting(parts.engine)) == [Done(pending.id, Outcome.SAME)]
    assert stands(parts, pending) == (Status.PENDING, 1, 1)
    assert texts(parts, pending) == [(1, html, markup.VERSION)]
    assert list(rerendering.waiting(parts.engine)) == []


def test_promise_02_a_decision_on_bytes_that_were_rendered_again_is_refused(
    parts: Parts, pending: Sent, ann: Person
) -> None:
    of_an_older_program(parts, pending)
    assert list(rerendering.waiting(parts.engine)) == [Done(pending.id, Outcome.CHANGED)]
    assert stands(parts, pending) == (Status.PENDING, 2, 2)
    (first, second) = texts(parts, pending)
    assert first == (1, OLDER, markup.VERSION - 1)
    assert second == (2, markup.render(pending.text, parts.settings.markup).html, markup.VERSION)
    with pytest.raises(Stale):
        decide(parts, pending, Action.PUBLISH, ann)
    decide(parts, pending, Action.PUBLISH, ann, revision=2)
    with parts.reading() as session:
        copy = session.exec(select(Publication)).one()
    assert (copy.html, copy.version) == (second[1], 2)
    assert list(rerendering.waiting(parts.engine)) == []


def test_findings_that_changed_are_to_be_looked_at_too(parts: Parts, pending: Sent) -> None:
    ((_, html, _),) = texts(parts, pending)
    of_an_older_program(parts, pending, html=html, findings=[{"kind": "link", "detail": "exemple.example"}])
    assert [done.outcome for done in rerendering.waiting(parts.engine)] == [Outcome.CHANGED]


def test_what_was_decided_keeps_its_bytes_and_is_told(parts: Parts, article: str, ann: Person) -> None:
    published, refused, same = (send(parts, article, f"Un texte {number}.") for number in range(3))
    for sent in (published, same):
        decide(parts, sent, Action.PUBLISH, ann)
    decide(parts, refused, Action.SPAM, ann)
    for sent in (published, refused):
        of_an_older_program(parts, sent)
    of_an_older_program(parts, same, html=texts(parts, same)[0][1])
    before = [(texts(parts, sent), stands(parts, sent)) for sent in (published, refused, same)]
    assert list(rerendering.waiting(parts.engine)) == []
    for _ in range(2):
        assert list(rerendering.published(parts.engine)) == [Done(published.id, Outcome.DIFFERS)]
    assert [(texts(parts, sent), stands(parts, sent)) for sent in (published, refused, same)] == before


def test_a_published_text_is_rendered_again_by_way_of_the_queue(
    parts: Parts, article: str, ann: Person, client: TestClient
) -> None:
    sent = send(parts, article, "Un texte.")
    decide(parts, sent, Action.PUBLISH, ann)
    of_an_older_program(parts, sent)
    with parts.writing() as session:
        now = parts.clock()
        decisions.decide(
            session,
            sent.id,
            Action.UNPUBLISH,
            revision=2,
            by=ann.id,
            now=now,
            undo=timedelta(),
            reason=Reason.OTHER,
            note="À rendre de nouveau.",
        )
    decide(parts, sent, Action.REOPEN, ann, revision=3)
    assert list(rerendering.waiting(parts.engine)) == [Done(sent.id, Outcome.CHANGED)]
    decide(parts, sent, Action.PUBLISH, ann, revision=5)
    page = client.get(f"/articles/{article}").text
    assert "Un texte." in page
    assert OLDER not in page


def test_a_text_that_would_no_longer_be_taken_is_left_as_it_is(parts: Parts, pending: Sent) -> None:
    of_an_older_program(parts, pending, source="x" * (markup.MAX_CHARACTERS + 1))
    before = texts(parts, pending)
    assert list(rerendering.waiting(parts.engine)) == [Done(pending.id, Outcome.REFUSED)]
    assert (texts(parts, pending), stands(parts, pending)) == (before, (Status.PENDING, 1, 1))


def test_what_somebody_decides_meanwhile_is_left_to_them(parts: Parts, article: str, ann: Person) -> None:
    sent = [of_an_older_program(parts, send(parts, article, f"Un texte {number}.")) for number in range(3)]
    read = [
        made
        for text, revision in rerendering._waiting(parts.engine, "")
        if (made := rerendering._rendered(text, revision)) is not None
    ]
    decide(parts, sent[0], Action.PUBLISH, ann)
    with parts.writing() as session:
        submissions.withdraw(session, sent[1].tracking, revision=1, now=parts.clock())
    assert rerendering._stored(parts.engine, read) == [Done(sent[2].id, Outcome.CHANGED)]
    assert [len(texts(parts, one)) for one in sent] == [1, 1, 2]
    assert texts(parts, sent[1]) == [(1, "", markup.VERSION - 1)]
    assert list(rerendering.waiting(parts.engine)) == []


def test_it_may_be_stopped_and_begun_again(
    parts: Parts, article: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rerendering, "BATCH", 3)
    sent = [of_an_older_program(parts, send(parts, article, f"Un texte {number}.")) for number in range(10)]
    begun = rerendering.waiting(parts.engine)
    first = [next(begun) for _ in range(4)]
    assert len({done.comment_id for done in first}) == 4
    del begun
    assert len(list(rerendering.waiting(parts.engine))) == 4  # two batches had been stored whole
    assert [len(texts(parts, one)) for one in sent] == [2] * 10


def test_the_command_says_what_it_did_and_would_do(run: Run, parts: Parts, article: str, ann: Person) -> None:
    waits, public = send(parts, article, "Un."), send(parts, add_article(parts, "autre"), "Deux.")
    decide(parts, public, Action.PUBLISH, ann)
    for sent in (waits, public):
        of_an_older_program(parts, sent)
    told = f"changed\t{waits.id}\ndiffers\t{public.id}\n"
    dry = run("rerender", "--dry-run")
    assert (dry.exit_code, dry.stdout) == (0, told)
    assert stands(parts, waits) == (Status.PENDING, 1, 1)
    done = run("rerender")
    assert (done.exit_code, done.stdout) == (0, told)
    assert "1 changed" in done.stderr
    assert "1 would differ" in done.stderr
    assert stands(parts, waits) == (Status.PENDING, 2, 2)
    assert run("rerender").stdout == f"differs\t{public.id}\n"


def test_a_veto_stands_though_the_text_was_rendered_again(
    parts: Parts, pending: Sent, ann: Person, sami: Person
) -> None:
    rule(parts, TWO)
    object_to(parts, pending, sami)
    of_an_older_program(parts, pending)
    assert list(rerendering.waiting(parts.engine)) == [Done(pending.id, Outcome.CHANGED)]
    with parts.reading() as session:
        (veto,) = voices.counting(session, session.get_one(Comment, pending.id))
    assert (veto.say, veto.revision) == ("veto", 2)
    heard = speak(parts, pending, ann, Action.PUBLISH, revision=2)
    assert isinstance(heard, voices.Heard)
    assert heard.paused


def test_what_words_were_taken_out_of_may_be_longer_than_what_is_sent(parts: Parts, article: str) -> None:
    sent = send(parts, article, "Un texte.")
    long = "x" * (markup.MAX_CHARACTERS + 20)
    of_an_older_program(parts, sent, source=long, redacted_at=parts.clock())
    assert list(rerendering.waiting(parts.engine)) == [Done(sent.id, Outcome.CHANGED)]
    assert texts(parts, sent)[-1] == (2, f"<p>{long}</p>", markup.VERSION)

"""Which contributions are alike, as they come in: on the real tables, on both databases."""

from collections.abc import Callable

import pytest
from conftest import FakeClock, Reader, Run, add_article, send, statements
from likeness_corpus import HONEST, LOANS, PETITION, QUOTE
from sqlalchemy import func
from sqlmodel import Session, select
from starlette.testclient import TestClient

from moderation import drafts, identifiers, kin, likeness, submissions
from moderation.articles import Content, put
from moderation.lifecycle import Status
from moderation.likeness import Known
from moderation.markup import Dialect
from moderation.models.queue import Comment, Signature, SignatureKey
from moderation.web.dependencies import Parts


def kin_of(parts: Parts, comment_id: str) -> str | None:
    with parts.reading() as session:
        return session.get_one(Comment, comment_id).kin


def rows(session: Session, table: type[Signature] | type[SignatureKey], comment_id: str) -> int:
    return session.exec(select(func.count()).select_from(table).where(table.comment_id == comment_id)).one()


def test_those_that_are_alike_share_a_group_whoever_sends_them_and_wherever(
    parts: Parts, article: str
) -> None:
    other = add_article(parts, "la-ligne-7")
    first, apart, second = (
        send(parts, article, LOANS[0], author="Kate", email="kate@example.org"),
        send(parts, article, HONEST[0], author="Kate", email="kate@example.org"),
        send(parts, other, LOANS[1], author="Bob"),
    )
    assert kin_of(parts, second.id) == kin_of(parts, first.id) == first.id
    assert kin_of(parts, apart.id) == apart.id


def test_a_form_and_the_api_group_alike(
    parts: Parts, article: str, reader: Reader, client: TestClient
) -> None:
    first = send(parts, article, PETITION[0])
    reader.preview(article, PETITION[1]).send(article)
    client.post(f"/api/v1/articles/{article}/comments", json={"text": PETITION[2]})
    with parts.reading() as session:
        assert session.exec(select(Comment.kin).distinct()).all() == [first.id]


def test_two_who_quote_the_article_are_not_alike(parts: Parts, client: TestClient) -> None:
    with parts.writing() as session:
        put(session, "ligne-7", Content(title="La ligne 7", body=f"<p>{QUOTE}</p>"), now=parts.clock())
    for own in ("Qui a compté ?", "Onze, c’est beaucoup à cette heure."):
        text = f"{QUOTE} {own}"
        answer = client.post("/api/v1/articles/ligne-7/comments", json={"text": text})
        assert answer.status_code == 202
    with parts.reading() as session:
        assert len(set(session.exec(select(Comment.kin)).all())) == 2


def test_an_answer_that_repeats_what_it_answers_is_not_alike(
    parts: Parts, article: str, desk: TestClient, settle: Callable[[], None]
) -> None:
    answered = send(parts, article, PETITION[0])
    desk.post(f"/desk/comments/{answered.id}/publish", data={"revision": "1"})
    settle()
    text = f"{PETITION[0]} Non, c’est justement ce bus-là qui coûte le plus, et personne ne le prend."
    sent = desk.post(
        f"/api/v1/articles/{article}/comments", json={"text": text, "parent": answered.id}
    ).json()
    assert kin_of(parts, sent["id"]) == sent["id"]


def test_a_text_that_says_nothing_of_its_own_has_no_group(parts: Parts) -> None:
    with parts.writing() as session:
        put(session, "ligne-7", Content(title="La ligne 7", body=f"<p>{QUOTE}</p>"), now=parts.clock())
    sent = send(parts, "ligne-7", QUOTE)
    assert kin_of(parts, sent.id) is None


def test_erased_with_its_text_and_its_group_goes_on(parts: Parts, article: str) -> None:
    first, second = (send(parts, article, text) for text in PETITION[:2])
    with parts.writing() as session:
        submissions.withdraw(session, first.tracking, revision=1, now=parts.clock())
    with parts.reading() as session:
        assert session.get_one(Comment, first.id).kin is None
        assert rows(session, Signature, first.id) == rows(session, SignatureKey, first.id) == 0
    assert kin_of(parts, send(parts, article, PETITION[2]).id) == kin_of(parts, second.id) == first.id


def test_grouping_decides_nothing(parts: Parts, article: str, desk: TestClient) -> None:
    first = send(parts, article, LOANS[0])
    desk.post(f"/desk/comments/{first.id}/spam", data={"revision": "1"})
    second = send(parts, article, LOANS[1])
    with parts.reading() as session:
        comment = session.get_one(Comment, second.id)
        assert (comment.kin, comment.status, comment.revision) == (first.id, Status.PENDING, 1)


def test_sending_asks_once_and_adds_twice_for_it(parts: Parts, article: str) -> None:
    for text in LOANS[:3]:
        send(parts, article, text)
    draft = drafts.read("", "", LOANS[3], dialect=Dialect.SPIP)

    def asked(mine: likeness.Likeness | None) -> int:
        with statements(parts.engine) as seen, parts.writing() as session:
            submissions.submit(
                session, article, draft, nonce=identifiers.new_code(), now=parts.clock(), likeness=mine
            )
            count = len(seen)
            session.rollback()
        return count

    assert asked(likeness.of(draft.text.html, Known())) - asked(None) == 3


def test_no_more_are_looked_at_however_many_there_are(parts: Parts) -> None:
    mine = likeness.of("<p>merci</p>", Known())
    assert mine is not None
    for number in range(12):
        send(parts, add_article(parts, f"article-{number}"), "merci")
    with parts.reading() as session:
        found = session.connection().execute(kin._near(1), {"key_0": mine.keys[0]}).all()
    assert len(found) == kin.LOOKED_AT


def test_what_came_before_is_compared_by_a_command(
    parts: Parts, article: str, run: Run, clock: FakeClock
) -> None:
    sent = []
    for text in (PETITION[0], HONEST[0], PETITION[1]):
        clock.tick(minutes=1)
        draft = drafts.read("", "", text, dialect=Dialect.SPIP)
        with parts.writing() as session:
            kept = submissions.submit(session, article, draft, nonce=identifiers.new_code(), now=clock())
        sent.append(kept.id)
    assert [kin_of(parts, name) for name in sent] == [None, None, None]
    assert "3 compared" in run("compare").stderr
    assert [kin_of(parts, name) for name in sent] == [sent[0], sent[1], sent[0]]
    assert "0 compared" in run("compare").stderr


@pytest.mark.parametrize("text", [PETITION[0], "merci"])
def test_signatures_hold_no_word(parts: Parts, article: str, text: str) -> None:
    sent = send(parts, article, text, author="Zoé", email="zoe@example.org")
    with parts.reading() as session:
        value = session.get_one(Signature, sent.id).value
    assert len(value) in {16, 192}

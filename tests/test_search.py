"""Both databases find what a plain look at each text finds, and keep nothing of what is erased."""

from collections.abc import Callable

import pytest
from conftest import FEW, FakeClock, Sent, add_article, send
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select
from test_database import files

from moderation import delivery, erasing, folding, search, submissions
from moderation.accounts import Person
from moderation.lifecycle import Status
from moderation.models.queue import Comment, Version
from moderation.models.traits import Trait
from moderation.pages import queue
from moderation.pages.filters import Filter
from moderation.web.dependencies import Parts


def found(parts: Parts, person: Person, q: str) -> list[str]:
    with parts.reading() as session:
        page = queue.listing(session, person, Filter(q=q), after=None, limit=200)
        assert queue.count(session, person, Filter(q=q)).number == len(page.cards)
        return [card.source for card in page.cards]


@pytest.fixture(params=["few", "many"])
def _either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "many":
        monkeypatch.setattr(search, "FEW", 0)


@pytest.mark.usefixtures("_either_way")
def test_words_are_found_by_how_they_begin_whatever_their_case_and_accents(
    parts: Parts, ann: Person, article: str, clock: FakeClock
) -> None:
    for words in ("Le maître d’œuvre ÉTAIT là.", "Rien à voir.", "Les maitres d’école étaient là."):
        send(parts, article, words, author="Noël", email="noel@exemple.org")
        clock.tick(minutes=1)
    first, other, last = found(parts, ann, "noel")
    assert found(parts, ann, "MAITRE etai") == [first, last]
    assert found(parts, ann, "oeuv") == [first]
    assert found(parts, ann, "aitre") == []
    assert found(parts, ann, "voir exemple.org") == [other]


@pytest.mark.parametrize(
    "typed",
    ['"', "a OR b", "pont*", "NEAR(a b)", "folded:pont", "'); DROP TABLE search; --", "a & !b", "%", "-pont"],
)
@pytest.mark.usefixtures("_either_way")
def test_what_is_typed_is_words_and_no_language(parts: Parts, ann: Person, article: str, typed: str) -> None:
    send(parts, article, "Le pont.")
    words = folding.words(typed)
    assert found(parts, ann, typed) == (["Le pont."] if all(word == "pont" for word in words) else [])


def test_the_first_ten_words_are_looked_for_each_once(parts: Parts, ann: Person, article: str) -> None:
    send(parts, article, "a b c d e f g h i j")
    assert found(parts, ann, "a b a c d e b f g h i j absent") == ["a b c d e f g h i j"]
    assert search.asked("b a " * 60) == ["b", "a"]
    assert found(parts, ann, "a absent") == []


@pytest.mark.parametrize("q", ["pont levis", "levis pont", "pon lev"])
def test_of_words_that_many_texts_have_the_rare_ones_lead_to_the_others(
    parts: Parts, ann: Person, article: str, monkeypatch: pytest.MonkeyPatch, q: str
) -> None:
    monkeypatch.setattr(search, "FEW", 2)
    for number in range(5):
        send(parts, article, f"Le pont numéro {number}.")
    send(parts, article, "Un pont-levis.")
    send(parts, article, "Un levis sans rien.")
    with parts.reading() as session:
        assert [search.condition(session, [word])[1] for word in ("pont", "levis")] == [False, True]
        assert search.condition(session, search.asked(q))[1]
    assert found(parts, ann, q) == ["Un pont-levis."]


LETTERS = st.text(st.sampled_from("aàbBéœ'’ .-_%\"*1½ßﬁЖжक्षि漢"), max_size=12)


@FEW
@given(texts=st.lists(LETTERS, min_size=1, max_size=4), q=LETTERS)
def test_both_databases_find_what_a_plain_look_finds(
    parts: Parts, ann: Person, article: str, clock: FakeClock, texts: list[str], q: str
) -> None:
    with parts.writing() as session:
        for comment in session.exec(select(Comment).join(Version).where(Version.source != "")):
            erasing.erase(session, comment, clock())
    for number, words in enumerate(texts):
        clock.tick(minutes=1)
        send(parts, article, f"{words} n{number} {clock().timestamp():.0f}", author=words)
    asked = folding.words(q)
    with parts.reading() as session:
        kept = session.exec(
            select(Version.source, Version.author)
            .join(Comment)
            .where(Version.source != "")
            .order_by(Comment.submitted_at, Comment.id)  # type: ignore[arg-type]
        ).all()
    plain = [
        source
        for source, author in kept
        if all(any(word.startswith(one) for word in folding.words(f"{source} {author}")) for one in asked)
    ]
    if asked:
        assert found(parts, ann, q) == plain
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(search, "FEW", 0)
            assert found(parts, ann, q) == plain


def test_promise_09_an_erased_text_is_gone_from_the_search_index_and_the_files(
    parts: Parts, ann: Person, article: str, clock: FakeClock, url: str, settle: Callable[[], None]
) -> None:
    others = [send(parts, article, f"Un texte {number} canariole.") for number in range(30)]
    sent = send(
        parts, article, "Quelque canariquichante.", author="Canariquinom", email="canariqui@mail.example"
    )
    assert found(parts, ann, "canariqui") == [sent.text]
    with parts.writing() as session:
        submissions.withdraw(session, sent.tracking, revision=1, now=clock())
    settle()
    delivery.effects(parts.engine, clock())
    assert found(parts, ann, "canariqui") == []
    assert len(found(parts, ann, "canariole")) == len(others)
    with parts.reading() as session:
        assert session.get_one(Comment, sent.id).author_key is None
    if parts.engine.dialect.name == "sqlite":
        left = files(url)
        assert b"canariole" in left.lower()
        for part in (b"canariqui", b"quichante", b"quinom"):
            assert part not in left.lower()


def test_a_withdrawn_text_leaves_no_trait(parts: Parts, article: str, clock: FakeClock) -> None:
    sent: Sent = send(parts, article, "Voir https://exemple.org/ ici.")
    with parts.reading() as session:
        kinds = {(one.kind, one.host, one.status) for one in session.exec(select(Trait))}
    assert kinds == {("link", "", Status.PENDING), ("link", "exemple.org", Status.PENDING)}
    with parts.writing() as session:
        submissions.withdraw(session, sent.tracking, revision=1, now=clock())
    with parts.reading() as session:
        assert session.exec(select(Trait)).all() == []


def test_the_index_is_made_anew_from_the_texts(parts: Parts, ann: Person) -> None:
    add_article(parts, "la-gare")
    send(parts, "la-gare", "Une locomotive.")
    with parts.writing() as session:
        search.rebuild(session)
    assert found(parts, ann, "loco") == ["Une locomotive."]

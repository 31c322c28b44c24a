"""What an author takes along: all that is kept of their text, and nothing they may not know."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from conftest import FakeClock, Sent, send
from starlette.testclient import TestClient
from test_corrections import correct, decide, undo
from test_database import exchange

from moderation import chain, contesting, drafts, notes, portable, proposals, public_log, submissions
from moderation.accounts import Person
from moderation.lifecycle import Action
from moderation.markup import Dialect
from moderation.pages import yours
from moderation.web.dependencies import Parts

Taken = Callable[[Sent], list[dict[str, Any]]]


@pytest.fixture
def sent(parts: Parts, article: str) -> Sent:
    return send(parts, article, "Le pont est ouvert.", author="Zoé", email="zoe@example.org")


@pytest.fixture
def taken(client: TestClient) -> Taken:
    """What is in the file, as its author gets it from the page."""

    def take(sent: Sent) -> list[dict[str, Any]]:
        answer = client.get(f"/track/{sent.tracking}/data.json")
        assert answer.status_code == 200
        found: list[dict[str, Any]] = answer.json()["texts"]
        return found

    return take


def test_a_text_that_waits_is_there_as_it_was_sent(sent: Sent, taken: Taken) -> None:
    (one,) = taken(sent)
    (text,) = one["texts"]
    assert (text["author"], text["email"], text["source"]) == ("Zoé", "zoe@example.org", sent.text)
    assert (one["id"], one["article"], one["tracking"]) == (sent.id, "le-pont", sent.tracking)
    assert (one["status"], one["decisions"], one["publication"]) == ("pending", [], None)
    assert one["submitted_at"] == "2026-03-01T09:00:00Z"


def test_the_file_says_what_it_is_and_is_kept_by_nobody_in_between(client: TestClient, sent: Sent) -> None:
    answer = client.get(f"/track/{sent.tracking}/data.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="contribution.json"'
    assert (answer.headers["cache-control"], answer.headers["x-robots-tag"]) == (
        "no-store",
        "noindex, nofollow",
    )
    told = answer.json()
    assert (told["format"], told["site"]["address"]) == (portable.FORMAT, "http://testserver")
    assert "address" not in told
    assert client.get("/track/0000/data.json").status_code == 404


def test_promise_10_what_may_still_be_undone_is_not_in_it(
    parts: Parts, sent: Sent, ann: Person, taken: Taken, settle: Callable[[], None]
) -> None:
    before = taken(sent)
    decide(parts, sent, ann, Action.REFUSE, note="Canarinote.")
    assert taken(sent) == before
    settle()
    (one,) = taken(sent)
    assert (one["status"], one["decisions"][0]["note"]) == ("refused", "Canarinote.")


def test_promise_10_a_correction_that_was_undone_is_not_in_it(
    parts: Parts, sent: Sent, ann: Person, taken: Taken, settle: Callable[[], None]
) -> None:
    decide(parts, sent, ann, Action.PUBLISH)
    settle()
    line = correct(parts, sent, ann, "Le pont est fermé.", revision=2)
    assert [text["source"] for text in taken(sent)[0]["texts"]] == [sent.text]
    undo(parts, line, ann)
    settle()
    assert {text["source"] for text in taken(sent)[0]["texts"]} == {sent.text}
    correct(parts, sent, ann, "Le pont rouvre.", revision=4)
    settle()
    assert [text["source"] for text in taken(sent)[0]["texts"]] == [sent.text, "Le pont rouvre."]


def test_nobody_of_the_team_and_none_of_their_notes_are_in_it(
    parts: Parts, sent: Sent, ann: Person, client: TestClient, settle: Callable[[], None], clock: FakeClock
) -> None:
    with parts.writing() as session:
        notes.write(session, sent.id, "Canarinote de l’équipe", by=ann.id, now=clock())
    decide(parts, sent, ann, Action.REFUSE, note="Rien de neuf.")
    settle()
    whole = client.get(f"/track/{sent.tracking}/data.json").text
    assert ("Rien de neuf." in whole, "Ann" in whole, "Canarinote" in whole) == (True, False, False)


def test_questions_answers_appeals_and_the_lines_of_the_log_are_in_it(
    parts: Parts, sent: Sent, ann: Person, taken: Taken, settle: Callable[[], None], clock: FakeClock
) -> None:
    exchange(parts, sent, ann, "D’où le savez-vous ?", "Je l’ai vu.")
    settle()
    decide(parts, sent, ann, Action.REFUSE, revision=5)
    settle()
    with parts.writing() as session:
        contesting.appeal(session, sent.tracking, "Relisez.", revision=4, now=clock())
    (one,) = taken(sent)
    assert [(asked["question"], asked["answer"]) for asked in one["questions"]] == [
        ("D’où le savez-vous ?", "Je l’ai vu.")
    ]
    assert one["decisions"][-1]["note"] == "Relisez."
    assert one["decisions"][-1]["by_author"] is True
    (line,) = one["log"]
    with parts.reading() as session:
        (logged,) = chain.read(public_log.every(session))
    assert logged["commitment"] == chain.digest(line["salt"] + sent.text)


def test_what_was_proposed_about_it_is_in_it_too(
    parts: Parts, sent: Sent, ann: Person, taken: Taken, settle: Callable[[], None], clock: FakeClock
) -> None:
    decide(parts, sent, ann, Action.PUBLISH)
    settle()
    with parts.writing() as session:
        new = drafts.read("Zoé", "zoe@example.org", "Le pont est fermé.", dialect=Dialect.SPIP)
        proposals.correct(session, sent.tracking, new, revision=2, now=clock())
    first, second = taken(sent)
    assert first["publication"]["number"] == 1
    assert (second["amends"], second["texts"][0]["source"]) == (sent.id, "Le pont est fermé.")


def test_what_is_erased_is_not_in_it(
    parts: Parts, sent: Sent, ann: Person, taken: Taken, settle: Callable[[], None], clock: FakeClock
) -> None:
    decide(parts, sent, ann, Action.REFUSE, note="Non.")
    settle()
    with parts.writing() as session:
        submissions.withdraw(session, sent.tracking, revision=2, now=clock())
    (one,) = taken(sent)
    assert (one["texts"], one["log"], one["status"]) == ([], [], "withdrawn")
    assert [step["note"] for step in one["decisions"]] == ["", ""]


def test_all_texts_of_an_address_come_in_their_order_and_no_other(
    parts: Parts, sent: Sent, article: str, clock: FakeClock
) -> None:
    clock.tick(hours=1)
    second = send(parts, article, "Un autre texte.", email="ZOE@example.org")
    send(parts, article, "Celui de Sami.", email="sami@example.org")
    with parts.reading() as session:
        found = yours.by_address(session, "Zoe@Example.org", clock())
    assert [one.id for one in found] == [sent.id, second.id]
    told = json.loads(portable.written(parts.settings, found, clock()))
    assert len(told["texts"]) == 2

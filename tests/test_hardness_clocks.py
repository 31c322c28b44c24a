"""A clock that jumps: nothing is public early, nothing stays stuck, and what was typed is kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conftest import FakeClock, Reader, Sent, sign_in
from page import Page
from sqlmodel import select
from starlette.testclient import TestClient

from moderation import delivery
from moderation.accounts import Person
from moderation.models.public import Publication
from moderation.models.queue import Comment, Effect
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

HOUR = timedelta(hours=1)
WORDS = "Le pont est aussi ouvert aux vélos."


def publish(desk: TestClient, sent: Sent) -> str:
    answer = desk.post(f"/desk/comments/{sent.id}/publish", data={"revision": "1"})
    assert answer.status_code == 303
    return str(answer.headers["location"]).rpartition("done=")[2]


def is_public(parts: Parts, client: TestClient, article: str) -> bool:
    """After the loop has had its chance."""
    delivery.effects(parts.engine, parts.clock())
    shown = WORDS in Page(client.get(f"/articles/{article}")).main
    listed = client.get(f"/api/v1/articles/{article}/comments").json()
    assert shown == bool(listed["count"]) == bool(listed["comments"])
    return shown


def test_an_hour_back_makes_a_publication_late_and_never_early(
    parts: Parts, client: TestClient, desk: TestClient, clock: FakeClock, article: str, pending: Sent
) -> None:
    publish(desk, pending)
    due = clock() + timedelta(seconds=parts.settings.undo_seconds)
    clock.now -= HOUR
    while clock() < due:
        assert not is_public(parts, client, article)
        assert Page(client.get(f"/track/{pending.tracking}")).texts(".state strong") == [
            "en attente de validation"
        ]
        clock.tick(minutes=10)
    assert is_public(parts, client, article)


def test_within_an_hour_gone_back_a_decision_is_still_undone_without_trace(
    parts: Parts, client: TestClient, desk: TestClient, clock: FakeClock, article: str, pending: Sent
) -> None:
    line = publish(desk, pending)
    clock.now -= HOUR
    assert desk.post("/desk/undo", data={"decision": line}).status_code == 303
    clock.now += 2 * HOUR
    assert not is_public(parts, client, article)
    with parts.reading() as session:
        assert session.exec(select(Publication)).all() == []
        assert session.exec(select(Effect)).all() == []


def test_what_came_out_stays_out_when_the_clock_goes_back(
    parts: Parts, client: TestClient, desk: TestClient, clock: FakeClock, article: str, pending: Sent
) -> None:
    line = publish(desk, pending)
    clock.now += HOUR
    assert is_public(parts, client, article)
    clock.now -= HOUR
    assert is_public(parts, client, article)
    assert desk.post("/desk/undo", data={"decision": line}).status_code == 409
    withdrawn = client.post(f"/track/{pending.tracking}", data={"revision": "1"})
    assert withdrawn.status_code == 409
    assert is_public(parts, client, article)
    taken_down = {"revision": "2", "reason": "off_topic"}
    assert desk.post(f"/desk/comments/{pending.id}/unpublish", data=taken_down).status_code == 303
    assert not is_public(parts, client, article)


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_who_is_signed_in_stays_so_through_an_hour(
    parts: Parts, client: TestClient, clock: FakeClock, ann: Person, jump: timedelta
) -> None:
    sign_in(parts, client, ann)
    for moment in (jump, -jump, -jump, jump):
        clock.now += moment
        assert client.get("/desk").status_code == 200


def test_a_preview_from_the_future_is_shown_again_with_its_text_and_sent_once(
    parts: Parts, reader: Reader, clock: FakeClock, article: str
) -> None:
    seen = reader.preview(article, WORDS, author="Zoé")
    clock.now -= HOUR
    answer = seen.send(article)
    page = Page(answer)
    assert (page.status, page.value("text").strip(), page.value("author")) == (200, WORDS, "Zoé")
    again = reader.preview(article, WORDS, author="Zoé")
    assert again.send(article).status_code == 303
    assert seen.send(article).status_code == 200  # the first form, still from the future
    clock.now += HOUR
    assert seen.send(article).status_code == 409  # the same text, told apart from a new one
    with parts.reading() as session:
        assert len(session.exec(select(Comment)).all()) == 1


def test_a_clock_set_right_by_seconds_costs_a_reader_a_minute_at_most(
    reader: Reader, clock: FakeClock, article: str
) -> None:
    seen = reader.preview(article, WORDS)
    clock.now -= timedelta(seconds=50)
    answers: list[Any] = []
    while not answers or answers[-1].status_code != 303:
        answers.append(seen.send(article))  # five seconds later each time
        assert Page(answers[-1]).status == 303 or Page(answers[-1]).value("text").strip() == WORDS
        assert len(answers) < 13


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 29, 0, 59, 50, tzinfo=UTC),  # Paris goes from two o’clock to three
        datetime(2026, 10, 25, 0, 59, 50, tzinfo=UTC),  # and has the hour after two twice
        datetime(2038, 1, 19, 3, 14, 0, tzinfo=UTC),  # 32 bits of seconds end here
        datetime(2106, 2, 7, 6, 28, 10, tzinfo=UTC),  # and here without a sign
        datetime(2028, 2, 28, 23, 59, 50, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 59, 50, tzinfo=UTC),
    ],
    ids=lambda moment: f"{moment:%Y-%m-%d}",
)
def test_a_whole_life_passes_over_the_odd_moments_of_the_calendar(
    parts: Parts, reader: Reader, clock: FakeClock, ann: Person, article: str, moment: datetime
) -> None:
    clock.now = moment - timedelta(seconds=6)
    desk = sign_in(parts, TestClient(create_app(parts), follow_redirects=False), ann)
    answer = reader.preview(article, WORDS, author="Zoé").send(article)
    assert answer.status_code == 303
    with parts.reading() as session:
        comment = session.exec(select(Comment)).one()
    clock.tick(seconds=1)
    answer = desk.post(f"/desk/comments/{comment.id}/publish", data={"revision": "1"})
    assert answer.status_code == 303
    clock.tick(seconds=19)
    assert not is_public(parts, reader.client, article)
    clock.tick(seconds=1)
    assert is_public(parts, reader.client, article)
    listed = reader.client.get(f"/api/v1/articles/{article}/comments").json()["comments"][0]
    written, published = (datetime.fromisoformat(listed[name]) for name in ("written_at", "published_at"))
    assert (written, published) == (moment - timedelta(seconds=1), moment + timedelta(seconds=20))
    assert Page(reader.client.get(f"/track/{comment.tracking}")).texts(".state strong") == ["publiée"]

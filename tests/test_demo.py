import json
import re
from collections import Counter
from collections.abc import Generator
from datetime import timedelta

import pytest
from conftest import KEY, START, FakeClock
from page import Page
from sqlalchemy import func
from sqlmodel import Session, col, select
from starlette.testclient import TestClient

from moderation import migrations, public_log, transparency
from moderation.demo import load
from moderation.lifecycle import Action, Reason, Status
from moderation.models.public import Article, Mode, Thread
from moderation.models.queue import Comment, Decision, Version
from moderation.settings import Settings
from moderation.sparing import FEWEST
from moderation.web.app import build, create_app
from moderation.web.dependencies import Parts


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Generator[Parts]:
    """Always on SQLite: what it holds is the same, and loading takes a while."""
    address = f"sqlite:///{tmp_path_factory.mktemp('demo') / 'demo.db'}"
    settings = Settings(database_url=address, secret_keys=KEY, site_url="http://testserver")
    parts = build(settings, FakeClock())
    migrations.upgrade(parts.engine)
    assert load.load(parts.engine, START)
    yield parts
    parts.engine.dispose()


@pytest.fixture
def session(demo: Parts) -> Generator[Session]:
    with demo.reading() as session:
        yield session


def test_the_demonstration_holds_what_a_visitor_should_meet(session: Session) -> None:
    counts = session.exec(select(Thread.count)).all()
    assert len(counts) >= 8
    assert {0, 1, 100} <= set(counts)
    assert any(1 < count < 20 for count in counts)
    assert session.exec(select(Thread).where(Thread.mode == Mode.CLOSED)).all()
    articles = session.exec(select(Article)).all()
    assert any(article.featured for article in articles)
    assert any(article.postscript for article in articles)
    assert any(article.updated_at for article in articles)
    assert any(len(article.body) > 5000 for article in articles)
    statuses = Counter(session.exec(select(Comment.status)).all())
    assert statuses[Status.PENDING] >= 40
    assert set(statuses) == set(Status)


def test_the_demonstration_shows_a_moderator_every_kind_of_finding(session: Session) -> None:
    versions = session.exec(select(Version).join(Comment).where(Comment.status == Status.PENDING)).all()
    kinds = {finding["kind"] for version in versions for finding in version.findings}
    assert {"link", "misleading_link", "tag_removed", "attribute_removed", "bidi"} <= kinds
    assert max(len(version.source) for version in versions) > 3000


def test_every_status_of_the_demonstration_is_explained(session: Session) -> None:
    lines = session.exec(
        select(Decision.comment_id, Decision.after).order_by(col(Decision.comment_id), col(Decision.revision))
    ).all()
    last = dict(lines)
    for comment in session.exec(select(Comment)):
        assert last.get(comment.id, Status.PENDING) == comment.status
    assert session.exec(select(func.max(Decision.at))).one() <= START


def test_the_demonstration_is_of_the_last_weeks(session: Session) -> None:
    newest = session.exec(
        select(func.max(Comment.submitted_at)).where(Comment.status == Status.PENDING)
    ).one()
    assert START - timedelta(days=3) < newest <= START


def test_the_demonstration_has_months_to_tell(session: Session) -> None:
    month = transparency.owed(session, START)
    assert month is not None
    received = []
    while month.ends + transparency.SETTLES <= START:
        received.append(transparency.count(session, month, START).received)
        month = month.next
    assert max(received) >= FEWEST


def test_every_page_of_the_demonstration_opens(demo: Parts) -> None:
    client = TestClient(create_app(demo))
    home = Page(client.get("/"))
    addresses = [address for address in home.hrefs.values() if address.startswith("/articles/")]
    assert len(addresses) >= 8
    for address in addresses:
        page = Page(client.get(address))
        assert page.status == 200
        shown = len(page.nodes("[id^=comment]"))
        assert (f"{shown} complément" in page.main) is (shown > 0)


def test_a_database_that_holds_an_article_is_left_alone(demo: Parts) -> None:
    assert not load.load(demo.engine, START)


def test_nothing_in_its_public_log_could_be_about_a_person(session: Session) -> None:
    """Every value of every line is a number, a day, a random name, a hash, or a word of ours."""
    words = {
        "seq": r"\d+",
        "day": r"\d{4}-\d\d-\d\d",
        "subject": r"[0-9a-hjkmnp-tv-z]{16}|None",
        "action": "|".join(Action),
        "reason": "|".join([*Reason, r"own_[0-9a-z]+", "None"]),
        "charter": r"\d+(#[a-z_0-9-]+)?|None",
        "commitment": r"[0-9a-f]{64}|None",
        "prev": r"[0-9a-f]{64}|",
        "hash": r"[0-9a-f]{64}",
        "count": r"\d+",
    }
    lines = [json.loads(line) for line in public_log.every(session)]
    assert len(lines) > 20
    told = [(name, str(said)) for line in lines for name, said in line.items()]
    assert [one for one in told if not re.fullmatch(words[one[0]], one[1])] == []

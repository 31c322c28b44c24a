"""A moderator limited to sections: nothing of another section in any answer, and no door to decide it."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from conftest import FakeClock, Run, Sent, add_person, send, sign_in
from httpx2 import Response
from page import Page
from sqlmodel import select
from starlette.testclient import TestClient

from moderation import (
    articles,
    bulk,
    decisions,
    factors,
    feeds,
    members,
    notes,
    preferences,
    sessions,
    tokens,
)
from moderation.accounts import Person
from moderation.articles import Content
from moderation.bulk import Seen
from moderation.decisions import NotFound
from moderation.lifecycle import Action, Reason, Status
from moderation.models.people import Account, Role
from moderation.models.public import Mode
from moderation.models.queue import Comment, Decision, Letter, LetterKind
from moderation.tokens import Scope
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

CANARY = "canariquichante"


@pytest.fixture
def eve(parts: Parts) -> Person:
    """A moderator who sees « Ville » alone."""
    person = add_person(parts, "eve@example.org", "Eve", Role.MODERATOR)
    with parts.writing() as session:
        preferences.set_sections(session, person.id, ["Ville"], parts.clock())
    return person


@pytest.fixture
def theirs(parts: Parts, client: TestClient, eve: Person) -> TestClient:
    return sign_in(parts, client, eve)


@pytest.fixture
def own(parts: Parts, article: str) -> Sent:
    return send(parts, article, "Un texte de la ville.", author="Zoé")


@pytest.fixture
def hidden(parts: Parts, ann: Person, clock: FakeClock) -> list[Sent]:
    """One of each fate in a section that is not hers, whose article and forum bear the canary as well."""
    content = Content(title=f"{CANARY} titre", body="", lead=CANARY, section=f"{CANARY} rubrique")
    with parts.writing() as session:
        articles.put(session, CANARY, content, now=clock())
    moves = [None, Action.PUBLISH, Action.REFUSE, Action.SPAM]
    sent = []
    for number, action in enumerate(moves):
        words = f"{CANARY} {number} https://{CANARY}.example/"
        sent.append(send(parts, CANARY, words, author=f"{CANARY} nom", email=f"{CANARY}@b.example"))
        if action is not None:
            with parts.writing() as session:
                decisions.decide(
                    session,
                    sent[-1].id,
                    action,
                    revision=1,
                    by=ann.id,
                    now=clock(),
                    undo=timedelta(hours=1),
                    reason=Reason.OTHER,
                    note=f"{CANARY} note",
                )
    with parts.writing() as session:
        articles.move(session, CANARY, Mode.CLOSED, by=ann.id, now=clock())
    return sent


def everything(answer: Response) -> str:
    return "\n".join(f"{name}: {value}" for name, value in answer.headers.multi_items()) + answer.text


def kin_of(parts: Parts, sent: list[Sent]) -> list[str | None]:
    with parts.reading() as session:
        return [session.get_one(Comment, one.id).kin for one in sent]


def asked(parts: Parts, hidden: list[Sent]) -> list[tuple[str, str, dict[str, str]]]:
    """All a moderator can ask, by page, feed and API: method, path, form."""
    with parts.reading() as session:
        made = [str(one.id) for one in session.exec(select(Decision))]
    lists = ["", "q=canari", f"host={CANARY}.example", "link=1", f"author={CANARY} nom", "finding=link"]
    lists += [f"email={CANARY}@b.example", "by=1", "reason=other", "order=newest", "longer=1"]
    states = [f"{one}&status={status}" for one in lists for status in Status]
    pages: list[tuple[str, str, dict[str, str]]] = [("GET", f"/desk?{one}", {}) for one in states]
    pages += [("GET", f"/desk?done={one}", {}) for one in made]
    pages += [("POST", "/desk/undo", {"decision": one}) for one in made]
    pages += [
        ("GET", path, {}) for path in ("/desk/log", "/desk/log?whose=own", "/desk/account", "/desk/team")
    ]
    groups = filter(None, kin_of(parts, hidden))
    pages += [("GET", f"/desk/bulk?{one}", {}) for one in (*lists[2:3], *lists[4:5], *lists[6:7])]
    pages += [("GET", f"/desk/bulk?kin={one}&like={hidden[0].id}", {}) for one in groups]
    pages += [("GET", f"/desk?{one}", {}) for one in ("status=any", "passed=yes", "status=any&q=canari")]
    figures = ("", *(f".csv?of={one}" for one in ("weeks", "reasons", "sections")))
    pages += [("GET", f"/desk/figures{one}", {}) for one in figures]
    changes = "/desk/changes?since=2026-01-01T00:00:00%2B00:00"
    pages += [("GET", f"{changes}&opened={sent.id}&revision=1", {}) for sent in hidden]
    pages += [("POST", "/desk/bulk", {"selected": f"{sent.id}:1", "action": "spam"}) for sent in hidden]
    for sent in hidden:
        pages += [("GET", f"/desk/comments/{sent.id}{then}", {}) for then in ("", "/correct", "/redact")]
        written = {"revision": "2", "text": "x", "passages": "0", "reason": "other", "note": "x"}
        moves = [
            "lease",
            "reading",
            "note",
            "pass",
            "take-up",
            "stand-aside",
            "come-back",
            "veto",
            "correct",
            "redact",
            "reply",
        ]
        pages += [("POST", f"/desk/comments/{sent.id}/{move}", written) for move in moves]
        pages += [
            (
                "POST",
                f"/desk/comments/{sent.id}/{action}",
                {"revision": revision, "reason": "other", "note": "x"},
            )
            for action in Action
            for revision in ("1", "2")
        ]
    return pages


def test_no_answer_holds_anything_of_another_section(
    parts: Parts, theirs: TestClient, own: Sent, hidden: list[Sent]
) -> None:
    secrets = [CANARY, *(sent.id for sent in hidden)]

    def leaked(answer: Response, asking: str) -> list[str]:
        # What was asked for is in the answer as it was asked: that is no leak.
        said = everything(answer)
        return [one for one in secrets if one in said and one not in asking]

    for method, path, form in asked(parts, hidden):
        answer = theirs.request(method, path, data=form or None)
        named = path + " ".join(form.values())
        assert leaked(answer, named) == [], (method, path)
        if path.startswith("/desk/comments/") or path == "/desk/undo":
            assert answer.status_code == 404, (method, path)
    assert own.id in theirs.get("/desk").text
    assert "1 contribution attend" in re.sub(r"\s", " ", theirs.get("/desk").text)


def test_a_lot_of_another_section_is_told_to_nobody_else(
    parts: Parts, theirs: TestClient, ann: Person, own: Sent, hidden: list[Sent]
) -> None:
    with parts.writing() as session:
        lots = [
            bulk.decide(
                session, [Seen(one.id, 1)], Action.SPAM, by=ann.id, now=parts.clock(), undo=timedelta(hours=1)
            ).lot
            for one in (own, hidden[0])
        ]
    told = [Page(theirs.get(f"/desk?lot={lot}")).texts("[data-lot]") for lot in lots]
    assert [len(one) for one in told] == [1, 0]


def test_the_feed_and_the_api_show_a_section_alone(
    parts: Parts, client: TestClient, eve: Person, own: Sent, hidden: list[Sent], clock: FakeClock
) -> None:
    with parts.writing() as session:
        account = session.get_one(Account, eve.id)
        secret = tokens.create(session, account, "", frozenset(Scope), clock())
        address = feeds.make(session, eve, parts.clock())
    bearer = {"Authorization": f"Bearer {secret}"}
    feed = client.get(f"/desk/feed/{address}.atom")
    assert own.id in feed.text
    assert CANARY not in everything(feed)
    for status in Status:
        answer = client.get(f"/api/v1/queue?status={status}", headers=bearer)
        assert CANARY not in everything(answer)
    for sent in hidden:
        answers = [
            client.get(f"/api/v1/comments/{sent.id}", headers=bearer),
            client.post(
                f"/api/v1/comments/{sent.id}/decisions",
                headers=bearer,
                json={"action": "spam", "revision": 1},
            ),
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert not any(CANARY in everything(answer) for answer in answers)
    assert client.post("/api/v1/decisions/1/undo", headers=bearer).status_code == 404


@pytest.mark.usefixtures("eve")
def test_the_command_line_decides_as_who_it_names_may(run: Run, hidden: list[Sent], own: Sent) -> None:
    refused = run("decide", hidden[0].id, "publish", "--as", "eve@example.org")
    assert (refused.exit_code, CANARY in refused.output) == (1, False)
    assert run("decide", own.id, "publish", "--as", "eve@example.org").stdout == "published\n"
    assert run("decide", hidden[0].id, "publish").stdout == "published\n"


def test_nothing_was_decided_out_of_scope(
    parts: Parts, eve: Person, hidden: list[Sent], clock: FakeClock
) -> None:
    with parts.writing() as session, pytest.raises(NotFound):
        decisions.decide(
            session, hidden[0].id, Action.SPAM, revision=1, by=eve.id, now=clock(), undo=timedelta()
        )
    with parts.reading() as session:
        assert session.get_one(Comment, hidden[0].id).status is Status.PENDING


def test_who_sees_follows_the_article(
    parts: Parts, theirs: TestClient, hidden: list[Sent], clock: FakeClock
) -> None:
    with parts.writing() as session:
        content = Content(title=CANARY, body="", section="Ville")
        articles.put(session, CANARY, content, now=clock(), replace=True)
    assert theirs.get(f"/desk/comments/{hidden[0].id}").status_code == 200


def test_who_administers_sees_all(parts: Parts, desk: TestClient, ann: Person, hidden: list[Sent]) -> None:
    with parts.writing() as session:
        preferences.set_sections(session, ann.id, ["Ville"], parts.clock())
    assert desk.get(f"/desk/comments/{hidden[0].id}").status_code == 200


def test_sections_are_given_on_the_page_of_the_team(
    parts: Parts, desk: TestClient, eve: Person, article: str
) -> None:
    page = desk.get("/desk/team").text
    assert 'value="Ville" checked' in page
    assert article
    answer = desk.post(f"/desk/team/{eve.id}/sections", data={"section": ["Sport", "Ville"]})
    assert answer.headers["location"] == "/desk/team?done=sections_set"
    with parts.reading() as session:
        assert session.get_one(Account, eve.id).sections == ["Sport", "Ville"]
    desk.post(f"/desk/team/{eve.id}/sections")
    with parts.reading() as session:
        assert session.get_one(Account, eve.id).sections == []


def test_only_who_administers_gives_sections(parts: Parts, theirs: TestClient, eve: Person) -> None:
    assert theirs.post(f"/desk/team/{eve.id}/sections").status_code == 403
    with parts.reading() as session:
        assert session.get_one(Account, eve.id).sections == ["Ville"]


def test_the_command_line_gives_and_shows_sections(run: Run) -> None:
    added = run(
        *(
            "account",
            "add",
            "max@example.org",
            "--role",
            "moderator",
            "--section",
            "Ville",
            "--section",
            "Sport",
        )
    )
    assert added.exit_code == 0
    assert "max@example.org\tmoderator\tmax\tSport, Ville" in run("account", "list").stdout
    assert '"sections": ["Sport", "Ville"]' in run("account", "list", "--json").stdout


def test_a_note_elsewhere_answers_as_one_that_is_not_there(
    parts: Parts, theirs: TestClient, ann: Person, own: Sent, hidden: list[Sent]
) -> None:
    with parts.writing() as session:
        here, there = (
            notes.write(session, sent.id, "Un mot.", by=ann.id, now=parts.clock()).id
            for sent in (own, hidden[0])
        )
    answers = [theirs.post(f"/desk/mentions/{note}/seen") for note in (here, there, 99)]
    assert [answer.headers["location"] for answer in answers] == [
        f"/desk/comments/{own.id}",
        "/desk",
        "/desk",
    ]
    assert {answer.status_code for answer in answers} == {303}


# The feed


def address(answer: Response) -> str:
    found = re.search(r"/desk/feed/[\w-]+\.atom", answer.text)
    assert found is not None
    return found[0]


def test_a_private_feed_is_made_changed_and_revoked(
    parts: Parts, desk: TestClient, own: Sent, settle: Callable[[], None]
) -> None:
    visitor = TestClient(create_app(parts), follow_redirects=False)
    first = address(desk.post("/desk/account/feed/make"))
    answer = visitor.get(first)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in answer.headers
    assert own.id in answer.text
    assert "&lt;p&gt;Un texte de la ville.&lt;/p&gt;" in answer.text
    assert first.split("/")[-1].removesuffix(".atom") not in answer.text
    second = address(desk.post("/desk/account/feed/make"))
    assert (visitor.get(first).status_code, visitor.get(second).status_code) == (404, 200)
    assert second not in desk.get("/desk/account").text
    assert desk.post("/desk/account/feed/revoke").headers["location"] == "/desk/account?done=feed_revoked"
    assert visitor.get(second).status_code == 404
    assert visitor.get("/desk/feed/x.atom").status_code == 404
    settle()


def test_a_feed_goes_with_the_account(
    parts: Parts, client: TestClient, eve: Person, clock: FakeClock
) -> None:
    with parts.writing() as session:
        secret = feeds.make(session, eve, parts.clock())
    assert client.get(f"/desk/feed/{secret}.atom").status_code == 200
    with parts.writing() as session:
        members.remove(session, eve.email, clock())
    assert client.get(f"/desk/feed/{secret}.atom").status_code == 404


@pytest.mark.parametrize("by", ["the others", "a password", "an admin", "a reset"])
def test_a_feed_somebody_else_made_ends_with_their_browser_and_a_letter_told_of_it(
    parts: Parts, client: TestClient, eve: Person, clock: FakeClock, by: str
) -> None:
    with parts.writing() as session:
        browser = sessions.start(session, eve.id, kept=True, now=clock())
        secret = feeds.make(session, eve, clock())
        assert session.exec(select(Letter.kind)).all() == [LetterKind.FEED_MADE]
        here = sessions.holder(session, browser, clock())
        assert here is not None
    assert client.get(f"/desk/feed/{secret}.atom").status_code == 200
    with parts.writing() as session:
        match by:
            case "the others":
                sessions.end_all(session, eve.id, clock(), but=here.browser)
            case "a password":
                factors.set_password(session, here, "hash", clock())
            case "an admin":
                sessions.end_all(session, eve.id, clock())
            case _:
                factors.reset(session, eve.email, clock())
    assert client.get(f"/desk/feed/{secret}.atom").status_code == 404

import asyncio
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from anyio import to_thread
from conftest import BuildParts, FakeClock, Sent, add_article, add_person, send
from pydantic import TypeAdapter
from sqlmodel import select
from starlette.testclient import TestClient

from moderation import delivery, members, reasons, tokens
from moderation.accounts import Person
from moderation.lifecycle import Reason
from moderation.markup import MAX_CHARACTERS
from moderation.models.people import Account, Role
from moderation.models.public import Mode
from moderation.models.queue import Comment
from moderation.tokens import Scope
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

API = "/api/v1"
PROBLEM = "application/problem+json"


def token(parts: Parts, person: Person, *scopes: Scope) -> dict[str, str]:
    with parts.writing() as session:
        account = session.get_one(Account, person.id)
        secret = tokens.create(session, account, "test", frozenset(scopes or Scope), parts.clock())
    return {"Authorization": f"Bearer {secret}"}


@dataclass
class Program:
    """A program with a token, and what it gets."""

    client: TestClient
    headers: dict[str, str]

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(API + path, headers=self.headers, **more)

    def post(self, path: str, body: Any = None) -> Any:
        return self.client.post(API + path, json=body, headers=self.headers)

    def decide(self, sent: Sent, action: str, revision: int = 1, **more: str) -> Any:
        return self.post(f"/comments/{sent.id}/decisions", {"action": action, "revision": revision, **more})


@pytest.fixture
def program(parts: Parts, client: TestClient, ann: Person) -> Program:
    return Program(client, token(parts, ann))


def problem(answer: Any, status: int) -> Any:
    """The problem document an error came as (RFC 9457)."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    document = answer.json()
    assert document["status"] == status
    assert document["title"]
    return document


def fields(answer: Any) -> list[str]:
    return [error["field"] for error in problem(answer, 422)["errors"]]


# Sending


def test_what_is_sent_waits_and_can_be_followed(parts: Parts, client: TestClient, article: str) -> None:
    answer = client.post(f"{API}/articles/{article}/comments", json={"text": "Bonjour", "author": "Zoé"})
    assert answer.status_code == 202
    sent = answer.json()
    assert sent["status"] == "pending"
    page = client.get(sent["track_url"].removeprefix(parts.settings.site_url))
    assert "attend d’être lue" in page.text
    with parts.reading() as session:
        assert session.exec(select(Comment.id)).all() == [sent["id"]]


def test_the_same_key_gives_the_same_answer_once(parts: Parts, client: TestClient, article: str) -> None:
    def post(_number: int) -> Any:
        return client.post(
            f"{API}/articles/{article}/comments", json={"text": "Bonjour"}, headers={"Idempotency-Key": "k"}
        )

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    with parts.reading() as session:
        assert len(session.exec(select(Comment)).all()) == 1


def test_a_key_with_another_body_is_refused(client: TestClient, article: str) -> None:
    for text, status in (("Bonjour", 202), ("Bonsoir", 422)):
        answer = client.post(
            f"{API}/articles/{article}/comments", json={"text": text}, headers={"Idempotency-Key": "k"}
        )
        assert answer.status_code == status
    assert fields(answer) == ["Idempotency-Key"]


def test_a_key_with_another_parent_is_refused(
    program: Program, article: str, pending: Sent, settle: Callable[[], None]
) -> None:
    program.decide(pending, "publish")
    settle()
    path, keyed = f"/articles/{article}/comments", {"Idempotency-Key": "k"}
    reply = {"text": "Oui", "parent": pending.id}
    first, again, other = (
        program.client.post(API + path, json=body, headers=keyed) for body in (reply, reply, {"text": "Oui"})
    )
    assert (first.status_code, again.text) == (202, first.text)
    assert fields(other) == ["Idempotency-Key"]


def test_the_same_text_without_a_key_is_a_duplicate(client: TestClient, article: str) -> None:
    for status in (202, 409):
        answer = client.post(f"{API}/articles/{article}/comments", json={"text": "Bonjour"})
        assert answer.status_code == status
    assert problem(answer, 409)["code"] == "duplicate"


@pytest.mark.parametrize(
    ("body", "at_fault"),
    [
        ({"text": ""}, ["text"]),
        ({"text": "x" * (MAX_CHARACTERS + 1)}, ["text"]),
        ({"text": "Oui", "email": "nulle part"}, ["email"]),
        ({"text": "Oui", "author": "z" * 81}, ["author"]),
        ({"text": "", "email": "nulle part"}, ["email", "text"]),
        ({}, ["text"]),
        ({"text": 1}, ["text"]),
        ({"text": None}, ["text"]),
        ({"text": ["Oui"]}, ["text"]),
        ({"text": "Oui", "status": "published"}, ["status"]),
        ({"text": "Oui", "parent": "absent"}, ["parent"]),
        ({"text": "\ud800"}, ["text"]),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_field_by_field(
    client: TestClient, article: str, body: Any, at_fault: list[str]
) -> None:
    answer = client.post(
        f"{API}/articles/{article}/comments",
        content=json.dumps(body),
        headers={"Content-Type": "application/json"},
    )
    assert fields(answer) == at_fault


@pytest.mark.parametrize(("unknown", "status", "told"), [(1, 422, 1), (40, 422, 20), (51, 400, 0)])
def test_of_many_things_that_are_wrong_a_few_are_told(
    client: TestClient, article: str, unknown: int, status: int, told: int
) -> None:
    body = {f"field{number}": "x" for number in range(unknown)}
    answer = client.post(f"{API}/articles/{article}/comments", json={"text": "Oui", **body})
    problem(answer, status)
    assert len(answer.json().get("errors", [])) == told
    assert len(answer.content) < 4000


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        *(('{"text": "Oui"}'.encode(code), "application/json", 400) for code in ("utf-16", "utf-32-le")),
        ('\ufeff{"text": "Oui"}'.encode(), "application/json", 400),
        (b'{"text": "\xff"}', "application/json", 400),
        (b'{"text": "Oui"}', "text/plain", 415),
        (b"text=Oui", "application/x-www-form-urlencoded", 415),
        (b'{"text": "%s"}' % (b"x" * 300_000), "application/json", 413),
    ],
)
def test_what_is_not_our_json_is_not_read(
    parts: Parts, client: TestClient, article: str, content: bytes, kind: str, status: int
) -> None:
    answer = client.post(
        f"{API}/articles/{article}/comments", content=content, headers={"Content-Type": kind}
    )
    problem(answer, status)
    with parts.reading() as session:
        assert session.exec(select(Comment)).all() == []


def test_a_closed_forum_and_an_unknown_article_say_so(parts: Parts, client: TestClient) -> None:
    add_article(parts, "clos", mode=Mode.CLOSED)
    problem(client.post(f"{API}/articles/clos/comments", json={"text": "Oui"}), 403)
    problem(client.post(f"{API}/articles/absent/comments", json={"text": "Oui"}), 404)


def test_a_reply_names_a_published_contribution_of_the_same_article(
    parts: Parts, program: Program, article: str, pending: Sent, settle: Callable[[], None]
) -> None:
    other = add_article(parts, "ailleurs")
    path = f"/articles/{article}/comments"
    assert fields(program.post(path, {"text": "Réponse", "parent": pending.id})) == ["parent"]
    program.decide(pending, "publish")
    settle()
    assert fields(program.post(f"/articles/{other}/comments", {"text": "Ici", "parent": pending.id})) == [
        "parent"
    ]
    reply = program.post(path, {"text": "Réponse", "parent": pending.id}).json()["id"]
    assert program.get(f"/comments/{reply}").json()["parent"] == pending.id
    program.post(f"/comments/{reply}/decisions", {"action": "publish", "revision": 1})
    settle()
    assert [item["parent"] for item in program.get(path).json()["comments"]] == [None, pending.id]


# Reading


def test_the_public_list_holds_what_is_published_oldest_first(
    parts: Parts, program: Program, article: str, settle: Callable[[], None], clock: FakeClock
) -> None:
    sent = []
    for number in range(5):
        sent.append(send(parts, article, f"Texte {number}.", author="Zoé"))
        clock.tick(minutes=1)
    for one in sent[:4]:
        program.decide(one, "publish")
    settle()
    first = program.client.get(f"{API}/articles/{article}/comments?limit=3").json()
    rest = program.client.get(f"{API}/articles/{article}/comments?limit=3&after={first['next']}").json()
    assert [item["id"] for item in first["comments"] + rest["comments"]] == [one.id for one in sent[:4]]
    assert (first["count"], rest["count"], rest["next"]) == (4, 4, None)
    assert set(first["comments"][0]) == {"id", "parent", "author", "html", "written_at", "published_at"}
    assert first["comments"][0]["written_at"] == "2026-03-01T09:00:00Z"


def test_what_is_taken_down_between_two_pages_makes_nobody_be_passed_over(
    parts: Parts, program: Program, article: str, settle: Callable[[], None], clock: FakeClock
) -> None:
    sent = []
    for number in range(4):
        sent.append(send(parts, article, f"Texte {number}."))
        program.decide(sent[-1], "publish")
        clock.tick(minutes=1)
    settle()
    first = program.get(f"/articles/{article}/comments", params={"limit": 2}).json()
    program.decide(sent[0], "unpublish", 2, reason="off_topic")
    settle()
    rest = program.get(f"/articles/{article}/comments", params={"limit": 2, "after": first["next"]}).json()
    assert [item["id"] for item in rest["comments"]] == [sent[2].id, sent[3].id]
    assert (rest["count"], rest["next"]) == (3, None)


def test_the_public_list_says_what_the_moderation_did_and_what_is_its_own(
    program: Program,
    desk: TestClient,
    article: str,
    pending: Sent,
    settle: Callable[[], None],
    clock: FakeClock,
) -> None:
    desk.post(f"/desk/comments/{pending.id}/reply", data={"revision": "1", "text": "Merci."})
    settle()
    right = {"revision": "2", "text": "Le pont est ouvert.", "step": "save"}
    assert desk.post(f"/desk/comments/{pending.id}/correct", data=right).status_code == 303
    at = clock().isoformat().replace("+00:00", "Z")
    settle()
    first, answer = program.get(f"/articles/{article}/comments").json()["comments"]
    marks = ("official", "corrected_at", "redacted_at")
    assert {name: first[name] for name in marks if name in first} == {"corrected_at": at}
    assert {name: answer[name] for name in marks if name in answer} == {"official": True}


@pytest.mark.parametrize("query", ["?limit=0", "?limit=201", "?limit=x", "?after=x", "?after=-1"])
def test_a_place_that_is_not_in_the_list_is_refused(client: TestClient, article: str, query: str) -> None:
    assert len(fields(client.get(f"{API}/articles/{article}/comments{query}"))) == 1


@pytest.mark.parametrize("query", ["", "?limit=2"])
def test_the_public_list_is_not_sent_again_unchanged(
    program: Program, article: str, pending: Sent, settle: Callable[[], None], query: str
) -> None:
    path = f"{API}/articles/{article}/comments{query}"
    known = program.client.get(path).headers["etag"]
    assert program.client.get(path, headers={"If-None-Match": known}).status_code == 304
    program.decide(pending, "publish")
    assert program.client.get(path, headers={"If-None-Match": known}).status_code == 304
    settle()
    assert program.client.get(path, headers={"If-None-Match": known}).json()["count"] == 1


# Moderating


def test_the_queue_is_read_oldest_first_in_pages(
    parts: Parts, program: Program, article: str, clock: FakeClock
) -> None:
    sent = []
    for number in range(5):
        sent.append(send(parts, article, f"Texte {number}."))
        clock.tick(minutes=1)
    first = program.get("/queue", params={"limit": 2}).json()
    program.decide(sent[0], "spam")
    rest = program.get("/queue", params={"limit": 200, "after": first["next"]}).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == [one.id for one in sent]
    assert rest["next"] is None
    assert [item["id"] for item in program.get("/queue?status=spam").json()["items"]] == [sent[0].id]


def test_fifty_are_listed_unless_asked(
    parts: Parts, program: Program, article: str, settle: Callable[[], None]
) -> None:
    sent = [send(parts, article, f"Texte {number}.") for number in range(51)]
    waiting = program.get("/queue").json()
    assert (len(waiting["items"]), waiting["next"] is None) == (50, False)
    for one in sent:
        program.decide(one, "publish")
    settle()
    listed = program.get(f"/articles/{article}/comments").json()
    assert (len(listed["comments"]), listed["count"], listed["next"] is None) == (50, 51, False)


def test_a_decision_answers_what_it_made(program: Program, pending: Sent) -> None:
    made = program.decide(pending, "refuse", reason="off_topic", note="Voyez la charte.")
    assert made.status_code == 200
    assert made.json() == {
        "status": "refused",
        "revision": 2,
        "decision": {"id": "1", "at": "2026-03-01T09:00:00Z", "by": "Ann"},
        "undo_until": "2026-03-01T09:00:20Z",
    }
    whole = program.get(f"/comments/{pending.id}").json()
    (line,) = whole["decisions"]
    assert (line["action"], line["reason"], line["note"], line["by"]) == (
        "refuse",
        "off_topic",
        "Voyez la charte.",
        "Ann",
    )
    assert whole["publication"] is None


def test_promise_04_a_stale_decision_says_who_decided_and_when(program: Program, pending: Sent) -> None:
    program.decide(pending, "publish")
    document = problem(program.decide(pending, "spam"), 409)
    assert document["comment"] == {"id": pending.id, "status": "published", "revision": 2}
    assert (document["decided_by"], document["decided_at"]) == ("Ann", "2026-03-01T09:00:00Z")


def test_a_move_outside_the_table_says_which_are_possible(program: Program, pending: Sent) -> None:
    assert "publish, refuse, spam" in problem(program.decide(pending, "reopen"), 409)["detail"]
    problem(program.decide(pending, "withdraw"), 409)


def test_a_refusal_without_a_reason_names_the_field(program: Program, pending: Sent) -> None:
    assert fields(program.decide(pending, "refuse")) == ["reason"]
    assert fields(program.decide(pending, "refuse", reason="other")) == ["note"]
    assert fields(program.decide(pending, "refuse", reason="humeur")) == ["reason"]
    assert fields(program.decide(pending, "erase")) == ["action"]


def test_undoing_in_time_and_too_late(program: Program, pending: Sent, clock: FakeClock) -> None:
    name = program.decide(pending, "publish").json()["decision"]["id"]
    assert program.post(f"/decisions/{name}/undo").json() == {"status": "pending", "revision": 3}
    name = program.decide(pending, "publish", 3).json()["decision"]["id"]
    clock.tick(seconds=20)
    assert "unpublish" in problem(program.post(f"/decisions/{name}/undo"), 409)["detail"]


def test_what_is_not_there_is_a_404(program: Program) -> None:
    problem(program.get("/comments/absent"), 404)
    problem(program.post("/comments/absent/decisions", {"action": "spam", "revision": 1}), 404)
    problem(program.post("/decisions/99/undo"), 404)
    problem(program.get("/nowhere"), 404)
    problem(program.client.put(f"{API}/queue"), 405)


def test_the_reasons_are_listed_with_their_words(program: Program) -> None:
    offered = program.get("/reasons").json()
    assert offered[0] == {
        "code": "off_topic",
        "label": "hors sujet",
        "charter": "/charter/1#charter-off_topic",
    }
    assert len(offered) == 11


def test_a_reason_of_the_site_is_listed_given_and_told_by_its_code(
    program: Program, parts: Parts, clock: FakeClock, pending: Sent
) -> None:
    with parts.writing() as session:
        code = reasons.add(session, "procès en cours", "", dict.fromkeys(map(str, Reason), ""))
        reasons.offer(session, "off_topic", offered=False)
    clock.tick(seconds=3)
    listed = program.get("/reasons").json()
    assert [one["code"] for one in listed[-2:]] == [code, "other"]
    assert listed[-2] == {"code": code, "label": "procès en cours", "charter": "/charter/1"}
    assert "off_topic" not in {one["code"] for one in listed}
    assert program.decide(pending, "refuse", reason=code).status_code == 200
    (line,) = program.get(f"/comments/{pending.id}").json()["decisions"]
    assert (line["reason"], line["charter"]) == (code, "/charter/1")


def test_a_decision_says_by_what_article_it_was_made(program: Program, pending: Sent) -> None:
    assert program.decide(pending, "refuse", reason="privacy").status_code == 200
    (line,) = program.get(f"/comments/{pending.id}").json()["decisions"]
    assert line["charter"] == "/charter/1#charter-privacy"


@pytest.mark.parametrize("reason", ["inconnu", "", "\0", "x" * 10_000, "Off_topic", 3, ["off_topic"]])
def test_a_code_that_is_no_reason_is_a_fault_of_its_field(
    program: Program, pending: Sent, reason: object
) -> None:
    body = {"action": "refuse", "revision": 1, "reason": reason}
    assert fields(program.post(f"/comments/{pending.id}/decisions", body)) == ["reason"]


# Who may


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/queue"), ("GET", "/comments/x"), ("GET", "/reasons"), ("POST", "/decisions/1/undo")],
)
def test_without_a_token_that_opens_nothing_is_told(client: TestClient, method: str, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer mod_wrong"}, {"Authorization": "Basic eDp5"}):
        answer = client.request(method, API + path, headers=headers)
        problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_opens_its_scopes_only(parts: Parts, client: TestClient, ann: Person, pending: Sent) -> None:
    reads = Program(client, token(parts, ann, Scope.READ))
    decides = Program(client, token(parts, ann, Scope.MODERATE))
    assert reads.get("/queue").status_code == 200
    problem(reads.decide(pending, "publish"), 403)
    problem(decides.get("/queue"), 403)
    assert decides.decide(pending, "publish").status_code == 200


def test_a_revoked_token_and_a_removed_account_open_nothing(
    parts: Parts, client: TestClient, clock: FakeClock
) -> None:
    people = [add_person(parts, f"{name}@example.org", name, Role.MODERATOR) for name in ("Lou", "Max")]
    revoked, removed = (Program(client, token(parts, person)) for person in people)
    with parts.writing() as session:
        (first, _), _other = tokens.living(session)
        assert first.id is not None
        tokens.revoke(session, first.id, clock())
        members.remove(session, "max@example.org", clock())
    for program in (revoked, removed):
        problem(program.get("/queue"), 401)


def test_a_token_is_kept_as_a_hash(parts: Parts, ann: Person) -> None:
    secret = token(parts, ann)["Authorization"].removeprefix("Bearer ")
    with parts.reading() as session:
        ((kept, _account),) = tokens.living(session)
    assert secret not in kept.model_dump_json()


# Limits


def test_a_sender_who_sends_too_much_is_told_when_to_come_back(build_parts: BuildParts) -> None:
    parts = build_parts(submit_limit="1 per hour", trusted_proxies="10.0.0.0/8")
    add_article(parts, "le-pont")
    client = TestClient(create_app(parts), client=("10.0.0.1", 50000))
    for address, status in (("203.0.113.7", 202), ("203.0.113.7", 429), ("203.0.113.8", 202)):
        answer = client.post(
            f"{API}/articles/le-pont/comments",
            json={"text": f"Texte pour {address} {status}"},
            headers={"X-Forwarded-For": f"198.51.100.1, {address}"},
        )
        assert answer.status_code == status
        if status == 429:
            problem(answer, 429)
            assert 1 <= int(answer.headers["retry-after"]) <= 3601


def test_a_trusted_program_has_no_limit(build_parts: BuildParts) -> None:
    parts = build_parts(submit_limit="1 per hour")
    add_article(parts, "le-pont")
    ann = add_person(parts, "ann@example.org", "Ann", Role.ADMIN)
    program = Program(
        TestClient(create_app(parts), client=("203.0.113.7", 50000)), token(parts, ann, Scope.SUBMIT)
    )
    for number in range(3):
        assert program.post("/articles/le-pont/comments", {"text": f"Texte {number}"}).status_code == 202


def test_a_token_of_another_scope_is_limited_as_anybody(build_parts: BuildParts) -> None:
    parts = build_parts(submit_limit="1 per hour", trusted_proxies="10.0.0.0/8")
    add_article(parts, "le-pont")
    ann = add_person(parts, "ann@example.org", "Ann", Role.ADMIN)
    client = TestClient(create_app(parts), client=("10.0.0.1", 50000))
    headers = {**token(parts, ann, Scope.READ, Scope.MODERATE), "X-Forwarded-For": "203.0.113.7"}
    sent = [
        client.post(f"{API}/articles/le-pont/comments", json={"text": f"Texte {n}."}, headers=headers)
        for n in range(2)
    ]
    assert [answer.status_code for answer in sent] == [202, 429]


# Its description


def test_every_operation_is_described_with_an_example(client: TestClient) -> None:
    described = client.get(f"{API}/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], path
            good = next(answer for code, answer in operation["responses"].items() if code < "300")
            assert "example" in good["content"]["application/json"], (method, path)
            if "requestBody" in operation:
                assert "example" in operation["requestBody"]["content"]["application/json"]


def operations(parts: Parts) -> dict[tuple[str, str], Any]:
    """What the API answers, as it is programmed and not as it describes itself."""
    front: Any = create_app(parts)
    (api,) = [route.app for route in front._app._app._app.routes if getattr(route, "path", "") == API]
    nested = [getattr(getattr(route, "original_router", None), "routes", [route]) for route in api.routes]
    return {
        (method.lower(), route.path): route
        for routes in nested
        for route in routes
        if getattr(route, "include_in_schema", False) and hasattr(route, "response_model")
        for method in route.methods
    }


def test_every_operation_is_in_the_description_and_each_example_is_what_it_answers(
    parts: Parts, client: TestClient
) -> None:
    described = client.get(f"{API}/openapi.json").json()["paths"]
    programmed = operations(parts)
    assert {(method, path) for path, methods in described.items() for method in methods} == set(programmed)
    assert len(programmed) == 7
    for (method, path), route in programmed.items():
        answer = described[path][method]["responses"][str(route.status_code or 200)]
        shape: TypeAdapter[Any] = TypeAdapter(route.response_model)
        shape.validate_python(answer["content"]["application/json"]["example"])


def test_an_example_is_taken_as_it_stands(parts: Parts, program: Program, article: str) -> None:
    waiting = send(parts, article, "Un autre texte.")
    described = program.get("/openapi.json").json()["paths"]
    for path, known, status in (
        ("/articles/{slug}/comments", {"slug": article}, 202),
        ("/comments/{comment_id}/decisions", {"comment_id": waiting.id}, 200),
    ):
        example = described[path]["post"]["requestBody"]["content"]["application/json"]["example"]
        assert program.post(path.format(**known), example).status_code == status


def test_the_description_is_a_page_without_script_and_all_it_loads_is_the_site_s(client: TestClient) -> None:
    page = client.get(f"{API}/docs")
    assert page.status_code == 200
    assert "POST /api/v1/articles/{slug}/comments" in page.text
    assert "<script" not in page.text
    loaded = re.findall(r"<(?:link|img|iframe|source|use)\b[^>]*?\b(?:href|src)=\"([^\"]+)", page.text)
    assert loaded
    for address in loaded:
        assert address.startswith("/"), address
        assert not address.startswith("//"), address
        assert client.get(address).status_code == 200


# What an attacker found


def test_a_key_whose_text_has_no_address_any_more_gives_none(client: TestClient, article: str) -> None:
    path, key = f"{API}/articles/{article}/comments", {"Idempotency-Key": "k"}
    place = client.post(path, json={"text": "Bonjour"}, headers=key).json()["track_url"]
    client.post(place, data={"revision": "1", "action": "revoke"})
    answer = client.post(path, json={"text": "Bonjour"}, headers=key)
    assert fields(answer) == ["Idempotency-Key"]
    assert "track" not in answer.text


def test_a_key_whose_text_was_withdrawn_takes_no_other_text(client: TestClient, article: str) -> None:
    path, key = f"{API}/articles/{article}/comments", {"Idempotency-Key": "k"}
    sent = client.post(path, json={"text": "Un texte."}, headers=key).json()
    client.post(sent["track_url"].removeprefix("http://testserver"), data={"revision": 1})
    answer = client.post(path, json={"text": "Un tout autre texte."}, headers=key)
    assert fields(answer) == ["Idempotency-Key"]


def test_a_key_is_good_for_a_day_and_opens_nothing_afterwards(
    client: TestClient, article: str, clock: FakeClock
) -> None:
    def post(text: str) -> Any:
        path = f"{API}/articles/{article}/comments"
        return client.post(path, json={"text": text}, headers={"Idempotency-Key": "1"})

    first = post("Bonjour").text
    clock.tick(days=1)
    assert post("Bonjour").text == first
    clock.tick(seconds=1)
    assert fields(post("Bonjour")) == ["Idempotency-Key"]


def test_a_key_whose_first_words_were_taken_out_and_erased_takes_no_other_text(
    parts: Parts, desk: TestClient, client: TestClient, article: str, clock: FakeClock
) -> None:
    path, key = f"{API}/articles/{article}/comments", {"Idempotency-Key": "1"}
    sent = client.post(path, json={"text": "Demandez à Jean Dupont."}, headers=key).json()
    taken = {"revision": "1", "passages": "Jean Dupont", "step": "save"}
    assert desk.post(f"/desk/comments/{sent['id']}/redact", data=taken).status_code == 303
    again = client.post(path, json={"text": "Demandez à Jean Dupont."}, headers=key)
    assert (again.status_code, again.json()) == (202, sent)
    clock.tick(days=90)
    delivery.effects(parts.engine, clock())
    for text in ("Un tout autre texte.", "Demandez à Jean Dupont.", ""):
        answer = client.post(path, json={"text": text}, headers=key)
        assert (answer.status_code, sent["track_url"] in answer.text) == (422, False)


def test_an_empty_key_is_none_and_a_key_is_of_one_article(parts: Parts, client: TestClient) -> None:
    for slug in ("un", "deux"):
        add_article(parts, slug)
        for number, key in enumerate(["", "", "k"]):
            answer = client.post(
                f"{API}/articles/{slug}/comments",
                json={"text": f"Texte {number} sous {slug}."},
                headers={"Idempotency-Key": key},
            )
            assert answer.status_code == 202


def test_promise_10_sending_a_text_again_tells_nothing_of_a_decision_not_yet_due(
    program: Program, article: str, pending: Sent, clock: FakeClock
) -> None:
    def again() -> int:
        body = {"text": pending.text}
        return int(program.client.post(f"{API}/articles/{article}/comments", json=body).status_code)

    assert again() == 409
    program.decide(pending, "spam")
    assert again() == 409
    clock.tick(seconds=20)
    assert again() == 202


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/articles/%00/comments", None, 404),
        ("POST", "/articles/%00/comments", {"text": "Oui"}, 404),
        ("POST", "/articles/le-pont/comments", {"text": "Oui", "parent": "\0"}, 422),
        ("GET", "/comments/%00", None, 404),
        ("POST", "/comments/%00/decisions", {"action": "spam", "revision": 1}, 404),
        ("POST", "/comments/x/decisions", {"action": "spam", "revision": 1, "note": "a\0b"}, 422),
        ("POST", "/comments/x/decisions", {"action": "spam", "revision": 1, "note": "a\x1b[2Jb"}, 422),
        ("POST", "/comments/x/decisions", {"action": "spam", "revision": 1, "note": "a\u009b2Jb"}, 422),
        ("POST", "/comments/x/decisions", {"action": "spam", "revision": 1, "note": "a\r\n\tb"}, 404),
    ],
)
def test_what_no_database_can_hold_is_refused(
    program: Program, article: str, method: str, path: str, body: Any, status: int
) -> None:
    assert article == "le-pont"
    answer = program.client.request(method, API + path, json=body, headers=program.headers)
    problem(answer, status)


def test_a_line_break_in_a_path_is_told_as_any_other_name_of_nothing(program: Program) -> None:
    problem(program.client.get(f"{API}/comments/%0A", headers=program.headers), 404)


def test_the_description_names_the_path_the_site_is_under(build_parts: BuildParts) -> None:
    client = TestClient(create_app(build_parts(site_url="http://testserver/forum")))
    described = client.get(f"/forum{API}/openapi.json").json()
    assert described["servers"] == [{"url": f"/forum{API}"}]


# Asking the author


def test_a_question_is_asked_and_its_answer_read(
    program: Program, client: TestClient, pending: Sent, clock: FakeClock
) -> None:
    asked = program.decide(pending, "ask", note="D’où vient la date ?")
    assert (asked.status_code, asked.json()["status"], asked.json()["revision"]) == (200, "asked", 2)
    (item,) = program.get("/queue?status=asked").json()["items"]
    assert (item["id"], program.get("/queue").json()["items"]) == (pending.id, [])
    clock.tick(minutes=1)
    client.post(f"/track/{pending.tracking}", data={"revision": 2, "action": "answer", "text": "De Zoé."})
    whole = program.get(f"/comments/{pending.id}").json()
    assert whole["exchange"] == [
        {
            "question": "D’où vient la date ?",
            "by": "Ann",
            "asked_at": "2026-03-01T09:00:00Z",
            "answer": "De Zoé.",
            "answered_at": "2026-03-01T09:01:00Z",
        }
    ]
    assert [(line["action"], line["by"]) for line in whole["decisions"]] == [("ask", "Ann"), ("answer", None)]


def test_to_ask_takes_a_question(program: Program, pending: Sent) -> None:
    assert fields(program.decide(pending, "ask")) == ["note"]
    assert fields(program.decide(pending, "ask", note=" ")) == ["note"]
    assert fields(program.decide(pending, "ask", note="a" * 2001)) == ["note"]


@pytest.mark.parametrize("action", ["answer", "lapse"])
def test_no_program_answers_for_an_author_or_lets_time_pass(
    program: Program, pending: Sent, action: str
) -> None:
    program.decide(pending, "ask", note="D’où ?")
    refused = problem(program.decide(pending, action, 2), 409)
    assert "possible now: publish, refuse, spam, reopen" in refused["detail"]


@pytest.mark.parametrize(("scope", "status"), [(Scope.READ, 200), (Scope.SUBMIT, 403)])
def test_more_programs_than_there_are_connections_are_all_answered(
    parts: Parts, ann: Person, pending: Sent, scope: Scope, status: int
) -> None:
    headers = token(parts, ann, scope)

    async def many(path: str) -> set[int]:
        to_thread.current_default_thread_limiter().total_tokens = 1
        transport = httpx2.ASGITransport(app=create_app(parts))
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as program:
            asked = (program.get(f"/api/v1{path}", headers=headers, timeout=60) for _ in range(45))
            return {answer.status_code for answer in await asyncio.gather(*asked)}

    for path in ("/queue", f"/comments/{pending.id}", "/reasons"):
        assert asyncio.run(many(path)) == {status}

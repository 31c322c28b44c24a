"""Requests nobody’s browser sends: each gets an answer of ours, and nothing in them is followed."""

import json
import re
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from conftest import FEW, BuildParts, Sent, add_article, form_fields, send
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select
from starlette.testclient import TestClient
from test_markup_corpora import corpora, strings

from moderation import tokens
from moderation.accounts import Person
from moderation.models.people import Account
from moderation.models.queue import Comment, Decision
from moderation.tokens import Scope
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

DEEP = 100_000
BODIES: dict[bytes, int] = {
    b"": 422,
    b"{": 400,
    b"null": 422,
    b"[]": 422,
    b"1": 422,
    b'"text"': 422,
    b"[" * DEEP: 400,
    b'{"text":' * (DEEP // 10): 400,
    b'{"text":' + b"[" * 500 + b"]" * 500 + b"}": 422,
    b'{"text":' + b"9" * 5000 + b"}": 400,
    b'{"text":1e999}': 422,
    b'{"text":NaN}': 422,
    b'{"text":true}': 422,
    b'{"text":null}': 422,
    b'{"text":["Oui"]}': 422,
    b'{"text":{"Oui":1}}': 422,
    b'{"text":"Oui","author":-Infinity}': 422,
    b'{"text":"Oui","email":[]}': 422,
    b'{"text":"Oui","parent":7}': 422,
    b'{"text":"Oui","parent":{"$ne":""}}': 422,
    b'{"text":"Oui","id":"x"}': 422,
    b'{"text":"Oui","submitted_at":"2020-01-01T00:00:00Z"}': 422,
    b'{"text":"Oui","status":["published"]}': 422,
    b'{"text":"\\ud800"}': 422,
    b'{"text":"Oui","author":"\\udfff"}': 422,
    b'{"\\ud800":1,"text":"Oui"}': 422,
    b'{"text":"\xff\xfe"}': 400,
    b'{"text":"a\x01b"}': 400,
    b'{"text":"Oui","text":"Non"}': 400,
    b'{"text":"Oui","author":"","author":""}': 400,
    b"{" + b",".join(b'"k%d":1' % number for number in range(10_000)) + b"}": 400,
    b'{"text":' + b"{" + b",".join(b'"k%d":1' % number for number in range(10_000)) + b"}}": 400,
    b'{"' + b"k" * 100_000 + b'":1}': 422,
}
DECISIONS: dict[bytes, int] = {
    b'{"action":"publish","revision":1,"action":"spam"}': 400,
    b'{"action":["publish"],"revision":1}': 422,
    b'{"action":"PUBLISH","revision":1}': 422,
    b'{"action":1,"revision":1}': 422,
    b'{"action":"publish","revision":"1"}': 422,
    b'{"action":"publish","revision":true}': 422,
    b'{"action":"publish","revision":1.0}': 422,
    b'{"action":"publish","revision":0}': 422,
    b'{"action":"publish","revision":99999999999999999999}': 409,
    b'{"action":"publish","revision":1,"by":1}': 422,
    b'{"action":"publish","revision":1,"note":"\\ud800"}': 422,
    b'{"action":"refuse","reason":["off_topic"],"revision":1}': 422,
    b"[" * DEEP: 400,
}
FORMS: dict[bytes, set[int]] = {
    b"&".join(b"a%d=1" % number for number in range(1001)): {413},
    b"a&" * 50_000: {413},
    b"text[]=Oui": {422},
    b"text=Oui&step=delete": {422},
    b"text=Oui&step[$ne]=send": {200},
    b"text=Oui&status=published&id=1&submitted_at=2020": {200},
    b"text=%ff%ed%a0%80%zz%": {200, 422},
    b"text=%00&author=%00&email=%00a@b.fr&token=%00": {200, 422},
    b"text=" + b"+" * 100_000: {422},
    b"\x00\xff" * 1000: {422},
}
KINDS = [
    "",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=X",
    "application/vnd.api+json",
    "application/json, text/plain",
    "text/plain; application/json",
    "application/json5",
]
API = "/api/v1"


def stored(parts: Parts) -> int:
    with parts.reading() as session:
        return len(session.exec(select(Comment.id)).all())


def answered(client: TestClient, path: str, kind: str, bodies: Any, **headers: str) -> None:
    for body, expected in bodies.items():
        answer = client.post(path, content=body, headers={"Content-Type": kind, **headers})
        statuses = expected if isinstance(expected, set) else {expected}
        assert answer.status_code in statuses, (body[:80], answer.status_code)
        if path.startswith(API):
            problem = answer.json()
            assert (problem["status"], answer.headers["content-type"]) == (
                answer.status_code,
                "application/problem+json",
            )


def test_no_json_breaks_the_program_or_is_half_understood(
    parts: Parts, client: TestClient, article: str
) -> None:
    answered(client, f"{API}/articles/{article}/comments", "application/json", BODIES)
    assert stored(parts) == 0


def test_no_json_decides_by_halves(parts: Parts, client: TestClient, ann: Person, pending: Sent) -> None:
    path = f"{API}/comments/{pending.id}/decisions"
    with parts.writing() as session:
        account = session.get_one(Account, ann.id)
        secret = tokens.create(session, account, "test", frozenset({Scope.MODERATE}), parts.clock())
    answered(client, path, "application/json", DECISIONS, Authorization=f"Bearer {secret}")
    with parts.reading() as session:
        assert session.exec(select(Decision)).all() == []


def test_what_another_site_s_form_could_send_is_no_json_of_ours(client: TestClient) -> None:
    for path in (f"{API}/articles/le-pont/comments", f"{API}/comments/1/decisions"):
        for kind in KINDS:
            answer = client.post(path, content=b'{"text": "Oui"}', headers={"Content-Type": kind})
            assert (kind, answer.status_code) == (kind, 415)


def test_no_form_breaks_the_program_or_sends_what_was_not_asked(
    parts: Parts, client: TestClient, article: str
) -> None:
    path = f"/articles/{article}/comments"
    answered(client, path, "application/x-www-form-urlencoded", FORMS)
    assert stored(parts) == 0


# Where one is led after signing in


def leads_away(location: str) -> bool:
    """As browsers read it: they drop tabs and newlines, and take a backslash for a slash."""
    read = re.sub(r"[\t\r\n]", "", location.strip()).replace("\\", "/")
    host = urlsplit(urljoin("http://testserver/sign-in", read)).netloc
    return host != "testserver" or not read.startswith("/")


def kept(client: TestClient, onward: str) -> str:
    """Where the form says it will lead."""
    return form_fields(client.post("/sign-in", data={"email": "", "next": onward}).text)["next"]


def test_no_payload_of_the_corpora_leads_anywhere_else(client: TestClient) -> None:
    folder = corpora()
    if folder is None:
        pytest.skip("set TEST_DATA to the folder of the corpora")
    payloads = list(strings(json.loads((folder / "open_redirect.json").read_text("utf-8"))))
    assert len(payloads) > 100
    assert [onward for onward in payloads if leads_away(kept(client, onward))] == []


@FEW
@given(onward=st.text("/\\.:@%?#;&=\t\n\r evil2fF5cC\u200b／desk", max_size=20))
def test_nothing_one_can_think_of_leads_anywhere_else(client: TestClient, onward: str) -> None:
    assert not leads_away(kept(client, onward))


def test_one_file_is_not_asked_for_in_a_thousand_pieces(client: TestClient) -> None:
    pieces = ",".join(f"{number}-{number}" for number in range(0, 20_000, 2))
    answer = client.get("/static/style.css", headers={"Range": f"bytes={pieces}"})
    assert answer.status_code in {200, 206, 400, 416}
    assert len(answer.content) < 100_000


def test_a_page_that_is_not_there_is_named_nowhere_in_its_headers(build_parts: BuildParts) -> None:
    parts = build_parts()
    send(parts, add_article(parts, "le-pont"), "Un texte.")
    client = TestClient(create_app(parts), follow_redirects=False)
    for path in (
        "/%0d%0aSet-Cookie:a=b",
        "/desk/%0d%0aX:y",
        "/articles/%0aevil",
        "/track/%0d%0aevil",
        "//evil/%2e",
    ):
        for method in ("GET", "POST"):
            answer = client.request(method, path)
            assert answer.status_code < 500
            assert "evil" not in str(answer.headers)
            assert "x" not in answer.headers
            assert "set-cookie" not in answer.headers

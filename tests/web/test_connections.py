"""Pages that go out as soon as the headers of their request are in: the same bytes, in the order asked."""

import re
import socket
import threading
import time
from collections.abc import Generator

import httpx2
import pytest
import uvicorn
from conftest import BuildParts, add_article
from served import until

from moderation.front import Front
from moderation.web.app import create_app
from moderation.web.connections import Connection

pytestmark = pytest.mark.wire

PAGE = "/articles/le-pont"
KEPT = f"GET {PAGE} HTTP/1.1\r\nHost: testserver\r\n\r\n"
DATE = re.compile(rb"date: [^\r]*\r\n")


@pytest.fixture
def front(build_parts: BuildParts) -> Front:
    parts = build_parts(cache_freshness="60")
    add_article(parts, "le-pont")
    front = create_app(parts)
    assert isinstance(front, Front)
    return front


@pytest.fixture
def port(front: Front) -> Generator[int]:
    """Of what `moderation serve` starts, in a thread of this process, with the page kept already."""
    server = uvicorn.Server(
        uvicorn.Config(
            front,
            port=0,
            http=Connection,
            proxy_headers=False,  # else something stands before the front, and nothing goes out at once
            access_log=False,
            log_level="warning",
            timeout_keep_alive=1,
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    assert server.config.loaded_app is front
    found = server.servers[0].sockets[0].getsockname()[1]
    assert httpx2.get(f"http://127.0.0.1:{found}{PAGE}").status_code == 200
    yield found
    server.should_exit = True
    thread.join(30)


LAST = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"


def said(port: int, *requests: str) -> bytes:
    """Everything that comes back on one connection for requests sent in one piece, and for a last one."""
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall("".join([*requests, LAST]).encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_the_page_is_the_same_bytes_however_it_goes_out(front: Front, port: int) -> None:
    slowly = f"GET {PAGE} HTTP/1.1\r\nHost: testserver\r\nContent-Length: 0\r\n\r\n"
    before = front.counts.fresh
    answers = [said(port, one) for one in (KEPT, slowly)]
    first, second = (DATE.sub(b"", answer).partition(b"</html>")[0] for answer in answers)
    assert first == second
    assert b"HTTP/1.1 200 OK" in first
    assert front.counts.fresh >= before + 2


def test_of_requests_sent_in_one_go_each_gets_its_answer_in_turn(port: int) -> None:
    asked = [KEPT, "GET /sign-in HTTP/1.1\r\n\r\n", KEPT, f"HEAD {PAGE} HTTP/1.1\r\n\r\n", KEPT]
    answers = said(port, *asked).split(b"HTTP/1.1 ")[1:]
    titles = [re.search(rb"<h1[^>]*>(.*?)</h1>", answer, re.DOTALL) for answer in answers]
    assert [title and title[1].decode().strip() for title in titles[:5]] == [
        "Le pont rouvre",
        "Se connecter",
        "Le pont rouvre",
        None,
        "Le pont rouvre",
    ]
    assert len(answers) == 6


@pytest.mark.parametrize(
    ("request_line", "headers"),
    [
        (f"HEAD {PAGE} HTTP/1.1", ""),
        (f"GET {PAGE}?page=1 HTTP/1.1", ""),
        (f"GET {PAGE.replace('-', '%2D')} HTTP/1.1", ""),
        (f"GET {PAGE} HTTP/1.0", ""),
        (f"GET {PAGE} HTTP/1.1", "Connection: close\r\n"),
        (f"GET {PAGE} HTTP/1.1", "Content-Length: 4\r\n"),
        (f"GET {PAGE} HTTP/1.1", "Expect: 100-continue\r\n"),
        (f"GET {PAGE} HTTP/1.1", "Authorization: Bearer x\r\n"),
        (f"GET {PAGE} HTTP/1.1", "Range: bytes=0-9\r\n"),
        (f"GET http://testserver{PAGE} HTTP/1.1", ""),
    ],
)
def test_whatever_is_not_plain_takes_the_usual_way(port: int, request_line: str, headers: str) -> None:
    body = "text" if "Length" in headers else ""
    answer = said(port, f"{request_line}\r\nHost: testserver\r\n{headers}\r\n{body}")
    assert re.match(rb"HTTP/1.1 (200|206|401|404) ", answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n"))


def test_a_page_that_is_known_is_a_304_without_a_body(port: int) -> None:
    tag = httpx2.get(f"http://127.0.0.1:{port}{PAGE}").headers["etag"]
    answer = said(port, f"GET {PAGE} HTTP/1.1\r\nIf-None-Match: {tag}\r\n\r\n", KEPT)
    first, second, *_ = answer.split(b"HTTP/1.1 ")[1:]
    assert first.startswith(b"304 Not Modified\r\n")
    assert first.endswith(b"\r\n\r\n")
    assert second.startswith(b"200 OK")


def test_a_connection_that_says_no_more_is_closed_as_any_other(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "request_seconds", 1)
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall(KEPT.encode())
        assert b"".join(iter(lambda: connection.recv(65536), b"")).startswith(b"HTTP/1.1 200")


def test_who_sends_slowly_after_a_page_that_went_out_at_once_is_waited_for(port: int) -> None:
    form = "Content-Type: application/x-www-form-urlencoded"
    begun = f"POST /sign-in HTTP/1.1\r\n{form}\r\nHost: testserver\r\nContent-Length: 4\r\n\r\na="
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall((KEPT + begun).encode())
        time.sleep(1.5)  # longer than an idle connection is kept
        connection.sendall(f"bc{LAST}".encode())
        answers = b"".join(iter(lambda: connection.recv(65536), b"")).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200", b"422", b"200"]


MANY = "A: b\r\n" * 101
FORM = "Content-Type: application/x-www-form-urlencoded\r\nHost: testserver\r\n"


def statuses(answers: bytes) -> list[str]:
    return [answer[:3].decode() for answer in answers.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize(
    ("request_line", "headers", "status"),
    [
        (f"GET {PAGE}?{'a' * 8000} HTTP/1.1", "", "200"),
        (f"GET {PAGE}?{'a' * 9000} HTTP/1.1", "", "414"),
        (f"GET {PAGE}?{'a' * 90000} HTTP/1.1", "", "414"),
        (f"GET {PAGE} HTTP/1.1", f"Cookie: {'a' * 8_000}\r\n" * 8, "200"),
        (f"GET {PAGE} HTTP/1.1", f"Cookie: {'a' * 8_000}\r\n" * 9, "431"),
        (f"GET {PAGE} HTTP/1.1", f"Cookie: {'a' * 9_000}\r\n", "431"),
        (f"GET {PAGE} HTTP/1.1", f"Content-Type: multipart/form-data{';' * 60_000}\r\n", "431"),
        (f"GET {PAGE} HTTP/1.1", f"Cookie: {'a' * 700_000}\r\n", "431"),
        (f"GET {PAGE} HTTP/1.1", "A: b\r\n" * 100, "200"),
        (f"GET {PAGE} HTTP/1.1", MANY, "431"),
        (f"GET {PAGE} HTTP/1.1", "A: b\r\n" * 10_000, "431"),
        (f"GET {PAGE} HTTP/1.1", "A: b\r\nA\r\n", "400"),
    ],
)
def test_a_head_has_an_end_and_who_goes_past_it_is_told(
    port: int, request_line: str, headers: str, status: str
) -> None:
    answers = said(port, f"{request_line}\r\n{headers}\r\n")
    assert statuses(answers) == ([status, "200"] if status == "200" else [status])
    assert (b"\r\nconnection: close" in answers.partition(b"\r\n\r\n")[0]) == (status != "200")


def test_what_came_whole_before_is_answered_and_what_is_refused_is_not(port: int) -> None:
    slowly = f"GET {PAGE}?page=1 HTTP/1.1\r\n\r\n"
    for bad in ("GET\r\n\r\n", f"GET / HTTP/1.1\r\n{MANY}\r\n"):
        answers = said(port, KEPT, slowly, slowly, bad, slowly)
        assert statuses(answers) == ["200", "200", "200"]
        assert answers.count(b"</html>") == 3
        assert answers.count(b"\r\nconnection: close\r\n") == 1


def test_a_body_that_makes_no_sense_is_refused_though_its_request_has_begun(port: int) -> None:
    begun = f"POST /sign-in HTTP/1.1\r\n{FORM}Transfer-Encoding: chunked\r\n\r\n5\r\nemail\r\n"
    assert statuses(said(port, begun, "x\r\n")) == ["400"]


def test_any_number_of_requests_in_one_go_is_answered_in_turn(port: int) -> None:
    asked = [f"GET /sign-in?{number} HTTP/1.1\r\n\r\n" for number in range(300)]
    form = f"POST /sign-in HTTP/1.1\r\n{FORM}Content-Length: 100000\r\n\r\nemail={'a' * 99_994}"
    assert statuses(said(port, *asked, form, KEPT)) == ["200"] * 300 + ["422", "200", "200"]


def test_a_body_may_come_in_pieces_of_any_size(port: int) -> None:
    chunks = "1\r\na\r\n" * 40_000
    form = f"POST /sign-in HTTP/1.1\r\n{FORM}Transfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"
    assert statuses(said(port, form)) == ["422", "200"]


def test_a_trailer_is_no_header(port: int) -> None:
    head = "POST /sign-in HTTP/1.1\r\nHost: testserver\r\nTransfer-Encoding: chunked\r\n"
    body = "\r\n7\r\nemail=a\r\n0\r\n"
    foreign = "Sec-Fetch-Site: cross-site\r\n"
    sent = [f"{head}{foreign}{body}\r\n", f"{head}{body}{foreign}\r\n"]
    first, second = (statuses(said(port, KEPT.replace(PAGE, "/sign-in"), one)) for one in sent)
    assert (first, second) == (["200", "403", "200"], ["200", "422", "200"])


@pytest.mark.parametrize("more", ["Content-Length: 40\r\n", "Transfer-Encoding: chunked\r\n"])
def test_the_body_of_a_request_to_speak_otherwise_is_not_taken_for_requests(port: int, more: str) -> None:
    upgrade = "Connection: Upgrade\r\nUpgrade: h2c\r\n"
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall(f"POST /sign-in HTTP/1.1\r\n{FORM}{upgrade}{more}\r\n".encode())
        time.sleep(0.3)
        connection.sendall(f"GET {PAGE} HTTP/1.1\r\n\r\n".encode() * 3)
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    assert statuses(answers) == ["400"]


def test_who_asks_to_speak_otherwise_is_answered_as_anybody_and_no_more(port: int) -> None:
    answers = said(port, f"GET {PAGE} HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    assert statuses(answers) == ["200"]
    assert b"\r\nconnection: close\r\n" in answers


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
        ("Content-Length: 0\r\nContent-Length: 5\r\n", "abcde"),
        ("Content-Length: 5, 5\r\n", "abcde"),
        ("Content-Length: +5\r\n", "abcde"),
        ("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", "0\n\n"),
        ("Transfer-Encoding: chunked\r\n", "0;a\n\r\n\r\n"),
    ],
)
def test_a_body_that_two_could_see_end_in_two_places_is_refused(port: int, headers: str, body: str) -> None:
    assert statuses(said(port, f"POST /sign-in HTTP/1.1\r\n{FORM}{headers}\r\n{body}", KEPT)) == ["400"]

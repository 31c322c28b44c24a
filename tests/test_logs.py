import io
import json
import logging
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import psycopg
import pytest
from aiosmtpd.controller import Controller
from conftest import KEY, START, add_person, form_fields, send
from psycopg import sql
from served import Served, serve, until
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, update

from moderation import accounts, backup, logs, sessions, tokens
from moderation.accounts import Person
from moderation.links import Opening
from moderation.models.people import Account, Role
from moderation.models.queue import Version
from moderation.tokens import Scope
from moderation.web.dependencies import Parts

SECRET = "canariquichante"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e]")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@dataclass
class Log:
    stream: io.StringIO

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def line(self) -> dict[str, Any]:
        (line,) = self.lines()
        return line


@pytest.fixture
def untouched() -> Generator[None]:
    """What `set_up` changes is put back."""
    root, ours = logging.getLogger(), logging.getLogger("moderation")
    before = (root.handlers[:], root.level, ours.level, logging.raiseExceptions)
    hooks = (sys.excepthook, sys.unraisablehook, threading.excepthook)
    yield
    root.handlers, root.level, ours.level, logging.raiseExceptions = before
    root.setLevel(before[1])
    ours.setLevel(before[2])
    sys.excepthook, sys.unraisablehook, threading.excepthook = hooks
    logging.captureWarnings(capture=False)
    logs.reference.set("")


@pytest.fixture
def log(untouched: None) -> Log:
    del untouched
    stream = io.StringIO()
    logs.set_up(stream=stream)
    return Log(stream)


@pytest.fixture
def terminal(untouched: None) -> Terminal:
    del untouched
    stream = Terminal()
    logs.set_up(stream=stream)
    return stream


def test_an_event_is_one_line_of_json_with_its_time_in_utc(log: Log) -> None:
    logs.tell("decided", decision=12, action="publish", account=3, note=None)
    line = log.line()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line == {
        "level": "info",
        "event": "decided",
        "decision": 12,
        "action": "publish",
        "account": 3,
        "note": None,
    }


def test_a_terminal_is_told_in_words(terminal: Terminal) -> None:
    logs.tell("decided", decision=12, action="publish", note=None)
    logs.tell("letter not sent", level=logging.WARNING, failure="ConnectionRefusedError")
    said = [line.partition(" ")[2] for line in terminal.getvalue().splitlines()]
    assert said == [
        "decided decision=12 action=publish",
        "warning: letter not sent failure=ConnectionRefusedError",
    ]


def test_a_line_says_its_worker_and_its_request(untouched: None) -> None:
    del untouched
    stream = io.StringIO()
    logs.set_up(stream=stream, worker=2)
    logs.reference.set("K7QF-3M2D")
    logs.tell("decided")
    assert Log(stream).line().items() >= {"worker": 2, "request": "K7QF-3M2D"}.items()


def test_what_the_cache_answers_is_told_to_who_asks_for_it(untouched: None) -> None:
    del untouched
    for verbose, told in ((False, []), (True, ["page sent"])):
        stream = io.StringIO()
        logs.set_up(stream=stream, verbose=verbose)
        logs.tell("page sent", level=logging.DEBUG)
        assert [line["event"] for line in Log(stream).lines()] == told


FORGED = [
    "a\r\n" + '{"event": "decided"}',
    "a\nb",
    "a\x1b[2J\x1b]0;x\x07",
    "a\x85b",
    "a\u2028b\u2029c",
    "a\u202eb\u2066c",
    "a\x00b\x7f\x9b",
    "a\ud800b",
]


def written(text: str, *, as_json: bool) -> list[str]:
    """As a fact of ours, and as the message of another’s: what either becomes."""
    ours = logging.makeLogRecord({"name": "moderation", "msg": "limit reached", "facts": {"fact": text}})
    theirs = logging.makeLogRecord({"name": "uvicorn.error", "msg": "%s", "args": (text,)})
    return [logs.Lines(as_json=as_json).format(record) for record in (ours, theirs)]


@pytest.mark.parametrize("text", FORGED, ids=ascii)
def test_no_line_can_be_forged(text: str) -> None:
    ours, theirs = written(text, as_json=True)
    assert json.loads(ours)["fact"] == text
    assert json.loads(theirs)["event"] == text.strip().partition("\n")[0]
    for line in (ours, theirs, *written(text, as_json=False)):
        line.encode()
        assert not CONTROL.search(line)


def fail() -> None:
    try:
        {"": 0}[SECRET]
    except KeyError as error:
        raise ValueError(f"{SECRET}@example.org") from error


@pytest.mark.parametrize("as_json", [True, False])
def test_an_error_is_told_by_its_types_and_places_alone(untouched: None, *, as_json: bool) -> None:
    del untouched
    stream = io.StringIO() if as_json else Terminal()
    logs.set_up(stream=stream)
    try:
        fail()
    except ValueError as error:
        logs.failed("a page could not be refreshed", error, page="article")
    said = stream.getvalue()
    assert SECRET not in said
    assert re.search(r"ValueError.*tests/test_logs\.py:\d+ fail.*KeyError", said, re.DOTALL)
    if as_json:
        told = json.loads(said)["error"]
        assert (told["type"], told["from"]["type"]) == ("ValueError", "KeyError")


def test_errors_that_come_together_and_without_end_are_told(log: Log) -> None:
    last: Exception = OSError(2, SECRET, f"/{SECRET}")
    for _ in range(50):
        last, cause = LookupError(SECRET), last
        last.__cause__ = cause
    logs.failed("stopped", ExceptionGroup(SECRET, [OSError(28, SECRET), ValueError(SECRET), last]))
    told = log.line()["error"]
    assert told["type"] == "ExceptionGroup"
    assert [one["type"] for one in told["all"]] == ["OSError", "ValueError", "LookupError"]
    assert told["all"][0]["code"] == "ENOSPC"
    assert SECRET not in log.stream.getvalue()


def test_an_error_of_the_database_names_what_it_is_and_no_value(log: Log, parts: Parts) -> None:
    address = f"{SECRET}@example.org"
    add_person(parts, address, "Zoé", Role.MODERATOR)
    with parts.engine.begin() as connection, pytest.raises(IntegrityError) as caught:
        connection.exec_driver_sql(
            "INSERT INTO account (email, name, role, created_at) "
            "SELECT email, '', role, created_at FROM account"
        )
    logs.failed("the database did not answer", caught.value)
    code = {"sqlite": "SQLITE_CONSTRAINT_UNIQUE", "postgresql": "23505"}[parts.engine.dialect.name]
    assert log.line()["error"]["from"]["code"] == code
    assert SECRET not in log.stream.getvalue()


def test_a_statement_that_fails_tells_no_parameter(parts: Parts) -> None:
    with parts.writing() as session:
        session.add_all([Account(email=SECRET, name="", role=Role.ADMIN, created_at=START) for _ in range(2)])
        with pytest.raises(IntegrityError) as caught:
            session.flush()
    assert "parameters hidden" in str(caught.value)


# Every way an error can come up that nobody caught.
WHATEVER = f"""
import asyncio, gc, logging, threading, warnings
from moderation import logs

class Unraisable:
    def __del__(self):
        fail()

async def forgotten():
    fail()

async def main():
    task = asyncio.create_task(forgotten())
    await asyncio.sleep(0)
    del task
    gc.collect()
    asyncio.get_running_loop().call_soon(int, "{SECRET}")
    await asyncio.sleep(0)

def fail():
    raise ValueError("{SECRET}")

logs.set_up()
Unraisable()
asyncio.run(main())
thread = threading.Thread(target=fail)
thread.start()
thread.join()
warnings.warn("an old way")
logging.warning("%d", "{SECRET}")
fail()
"""


def test_whatever_nobody_caught_is_told_as_any_error() -> None:
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", WHATEVER], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, "")
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    told = [(line["event"], line.get("error", {}).get("type")) for line in lines]
    assert told[0] == ("stopped by an error", "ValueError")
    assert ("Task exception was never retrieved", "ValueError") in told
    assert [kind for event, kind in told if event.startswith("Exception in callback")] == ["ValueError"]
    assert [event for event, _ in told if event.endswith("UserWarning: an old way")] != []
    assert told[-1] == ("stopped by an error", "ValueError")
    assert len(told) == 6
    assert SECRET not in done.stderr


# On the real server


@dataclass
class Crowd:
    """Everybody at once, with words, names, addresses and secrets of theirs, and what went wrong for them."""

    server: Served
    parts: Parts
    ann: Person
    secrets: dict[str, str]
    statuses: list[int] = field(default_factory=list)

    def ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """From behind a proxy that says for whom."""
        headers = {
            "X-Forwarded-For": self.secrets["address"],
            "User-Agent": f"{SECRET} agent",
            "Referer": f"https://{SECRET}.example/",
            **more.pop("headers", {}),
        }
        url = self.server.address + path
        answer = httpx2.request(method, url, headers=headers, timeout=60, **more)
        self.statuses.append(answer.status_code)
        return answer


@pytest.fixture
def crowd(parts: Parts, article: str, ann: Person, tmp_path: Path) -> Generator[Crowd]:
    del article
    mailbox = Controller(Refusing(), hostname="127.0.0.1", port=free_port())
    mailbox.start()
    sent = send(parts, "le-pont", f"{SECRET} texte", author=f"{SECRET} nom", email=f"{SECRET}@b.example")
    with parts.writing() as session:
        account = session.get_one(Account, ann.id)
        account.email = f"{SECRET}@example.org"
        now = datetime.now(UTC)
        opening = accounts.ask(session, account.email, now, mail=None).id
        secrets = {
            "words": SECRET,
            "address": "203.0.113.77",
            "agent": f"{SECRET} agent",
            "comment": sent.id,
            "tracking": sent.tracking,
            "link": parts.links.sign(Opening(opening), now),
            "cookie": sessions.start(session, ann.id, kept=False, now=now),
            "token": tokens.create(session, account, SECRET, frozenset(Scope), now),
            "metrics": "m" * 40,
            "key": KEY,
        }
    settings = {
        "smtp_url": f"smtp://127.0.0.1:{mailbox.port}",
        "mail_from": "site@example.org",
        "trusted_proxies": "127.0.0.1",
        "submit_limit": "1 per hour",
        "metrics_token": secrets["metrics"],
        "undo_seconds": "0.5",
    }
    with serve(parts.settings.database_url, tmp_path, "--verbose", **settings) as server:
        yield Crowd(server, parts, ann, secrets)
    mailbox.stop()


class Refusing:
    """A mail server that repeats in its refusal whom it refuses."""

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, _envelope: Any, address: str, _options: list[str]
    ) -> str:
        return f"550 <{address}> is not known here"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


ANSWERED = "200 202 303 304 400 401 403 404 405 409 410 413 415 422 429 500 503"


def test_nothing_anybody_sent_is_in_the_log_of_a_real_server(crowd: Crowd) -> None:
    readers(crowd)
    moderators(crowd)
    programs(crowd)
    strangers(crowd)
    reference = breakdowns(crowd)
    crowd.ask("POST", "/sign-out", headers={"Cookie": f"session={crowd.secrets['cookie']}"})
    until(lambda: crowd.server.told("letter not sent"))
    assert crowd.server.stop() == 0
    assert {str(status) for status in crowd.statuses} >= set(ANSWERED.split())
    written = crowd.server.log.read_text() + crowd.server.out.read_text()
    spelled = {form for secret in crowd.secrets.values() for form in (secret, quote(secret), secret.lower())}
    assert [secret for secret in spelled if secret.lower() in written.lower()] == []
    assert "127.0.0.1" not in written.replace(crowd.server.address, "")
    told = {line["event"] for line in crowd.server.lines()}
    assert told >= {
        *("serving", "request", "page sent", "decided", "effect done", "letter not sent", "stopped"),
        *("sign-in asked", "sign-in refused", "signed in", "signed out", "token refused", "limit reached"),
        *("refused as foreign", "token of another scope", "metrics token refused"),
        *("the database did not answer", "Exception in ASGI application", "Invalid HTTP request received."),
    }
    failures = [line for line in crowd.server.lines() if line.get("request") == reference]
    assert [(line["event"], line.get("status")) for line in failures] == [
        ("request", 500),
        ("Exception in ASGI application", None),
    ]
    assert failures[1]["error"]["type"] == "KeyError"
    routes = {line["route"] for line in crowd.server.told("request")}
    assert routes >= {"/track/{code}", "/sign-in/{token}", "/static", "none", "/api/v1/comments/{comment_id}"}
    assert not [line for line in crowd.server.lines() if not line["time"].endswith("Z")]


def readers(crowd: Crowd) -> None:
    tracking = crowd.secrets["tracking"]
    form = {"author": SECRET, "email": f"{SECRET}@b.example", "text": f"{SECRET} un autre texte"}
    for path in (
        "/",
        "/articles/le-pont",
        f"/articles/{SECRET}",
        f"/{SECRET}",
        f"/?{SECRET}",
        "/articles/%00",
    ):
        crowd.ask("GET", path)
    page = crowd.ask("GET", "/articles/le-pont")
    crowd.ask("GET", "/articles/le-pont", headers={"If-None-Match": page.headers["ETag"]})
    preview = crowd.ask("POST", "/articles/le-pont/comments", data=form)
    send_it = {**form, **form_fields(preview.text), "step": "send"}
    crowd.secrets["form"] = send_it["token"]
    crowd.ask("POST", "/articles/le-pont/comments", data=send_it)  # too fast
    time.sleep(2)
    sent = crowd.ask("POST", "/articles/le-pont/comments", data=send_it)
    assert sent.status_code == 303
    crowd.secrets["own"] = sent.headers["Location"].rpartition("/")[2]
    crowd.ask("POST", "/articles/le-pont/comments", data=send_it)  # too many
    crowd.ask("POST", "/articles/le-pont/comments", data={"text": SECRET * 2000})
    crowd.ask("POST", "/articles/le-pont/comments", data={"text": SECRET * 50_000})
    for code in (tracking, crowd.secrets["own"], SECRET, f"{SECRET}\r\n"):
        crowd.ask("GET", f"/track/{quote(code)}")
        crowd.ask("POST", "/track", data={"code": code})
    crowd.ask("POST", f"/track/{tracking}", data={"revision": SECRET})
    crowd.ask("HEAD", f"/track/{tracking}")
    crowd.ask("DELETE", f"/track/{tracking}")
    crowd.ask("POST", f"/track/{tracking}", data={"revision": "1"}, headers={"Sec-Fetch-Site": "cross-site"})


def moderators(crowd: Crowd) -> None:
    cookie = {"Cookie": f"session={crowd.secrets['cookie']}"}
    comment = crowd.secrets["comment"]
    asked = crowd.ask("POST", "/sign-in", data={"email": f"{SECRET}@example.org"})
    entry = form_fields(asked.text)["entry"]
    crowd.secrets["entry"] = entry
    crowd.ask("POST", "/sign-in", data={"entry": entry, "code": SECRET})
    crowd.ask("POST", "/sign-in", data={"email": SECRET})
    for link in (crowd.secrets["link"], SECRET, crowd.secrets["link"]):
        crowd.ask("GET", f"/sign-in/{link}")
        answer = crowd.ask("POST", f"/sign-in/{link}")
    assert answer.status_code == 410  # it had served
    crowd.ask("GET", f"/desk?after={SECRET}")
    crowd.ask("GET", f"/desk?after={SECRET}", headers=cookie)
    crowd.ask("GET", f"/desk/comments/{comment}", headers=cookie)
    decided = {"revision": "1", "reason": "other", "note": f"{SECRET} note"}
    assert (
        crowd.ask("POST", f"/desk/comments/{comment}/publish", data=decided, headers=cookie).status_code
        == 303
    )
    assert (
        crowd.ask("POST", f"/desk/comments/{comment}/refuse", data=decided, headers=cookie).status_code == 409
    )
    assert (
        crowd.ask("POST", f"/desk/comments/{comment}/{SECRET}", data=decided, headers=cookie).status_code
        == 422
    )
    other = send(crowd.parts, "le-pont", f"{SECRET} à retirer")
    crowd.secrets["other"] = other.tracking
    crowd.ask("POST", f"/track/{other.tracking}", data={"revision": "1"})
    until(lambda: crowd.server.told("effect done"))


def programs(crowd: Crowd) -> None:
    token = {"Authorization": f"Bearer {crowd.secrets['token']}"}
    with crowd.parts.writing() as session:
        account = session.get_one(Account, crowd.ann.id)
        reads = tokens.create(session, account, "", frozenset({Scope.READ}), datetime.now(UTC))
    crowd.secrets["reads"] = reads
    comment = f"/api/v1/comments/{crowd.secrets['comment']}"
    contribution = {"text": f"{SECRET} par programme", "author": SECRET, "email": f"{SECRET}@c.example"}
    key = {"Idempotency-Key": f"{SECRET} key"}
    assert (
        crowd.ask(
            "POST", "/api/v1/articles/le-pont/comments", json=contribution, headers={**token, **key}
        ).status_code
        == 202
    )
    crowd.ask("POST", "/api/v1/articles/le-pont/comments", content=SECRET, headers=token)
    crowd.ask(
        "POST",
        "/api/v1/articles/le-pont/comments",
        content=SECRET,
        headers={**token, "Content-Type": "application/json"},
    )
    crowd.ask("POST", f"/api/v1/articles/{SECRET}/comments", json={"text": {SECRET: SECRET}}, headers=token)
    crowd.ask("GET", comment, headers=token)
    crowd.ask("GET", comment, headers={"Authorization": f"Bearer {SECRET}"})
    decision = {"action": "refuse", "revision": 2, "reason": "other", "note": SECRET}
    crowd.ask("POST", f"{comment}/decisions", json=decision, headers={"Authorization": f"Bearer {reads}"})
    crowd.ask("GET", f"/api/v1/queue?after={SECRET}", headers=token)
    crowd.ask("GET", f"/api/v1/{SECRET}", headers=token)
    crowd.ask("GET", f"/static/{SECRET}.css")
    crowd.ask("GET", "/static/style.css")
    crowd.ask("GET", "/healthz")
    crowd.ask("GET", "/metrics", headers={"Authorization": f"Bearer {crowd.secrets['metrics']}"})
    crowd.ask("GET", "/metrics", headers={"Authorization": f"Bearer {SECRET}"})


def strangers(crowd: Crowd) -> None:
    """What is hardly HTTP, or only just."""
    for said in (
        f"{SECRET} /{SECRET} HTTP/9.9\r\n\r\n",
        f"GET /{SECRET}\x1b[2J HTTP/1.1\r\nHost: {SECRET}\r\nConnection: close\r\n\r\n",
        f"GET /{SECRET} HTTP/1.1\r\nHost: x\r\nUpgrade: {SECRET}\r\nConnection: upgrade, close\r\n\r\n",
        f"PROPFIND /{SECRET} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        f"POST /articles/le-pont/comments HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\ntext={SECRET}",
    ):
        with crowd.server.connect() as connection:
            connection.sendall(said.encode())
            connection.shutdown(socket.SHUT_WR)
            with suppress(ConnectionError):
                while connection.recv(65536):
                    pass


def breakdowns(crowd: Crowd) -> str:
    """A handler that crashes on a reader’s words, and a database that does not answer; its reference."""
    cookie = {"Cookie": f"session={crowd.secrets['cookie']}"}
    with crowd.parts.writing() as session:
        session.exec(update(Version).values(findings=[{"kind": SECRET, "detail": SECRET}]))
    crashed = crowd.ask("GET", f"/desk/comments/{crowd.secrets['comment']}", headers=cookie)
    assert crashed.status_code == 500
    reference = crashed.headers["X-Request-Id"]
    assert f"Référence à donner à l’équipe du site\u00a0: {reference}" in crashed.text
    with locked_for_long(crowd):
        busy = crowd.ask("POST", "/sign-in", data={"email": f"{SECRET}@example.org"})
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "5")
    assert busy.headers["X-Request-Id"] in busy.text
    return reference


@contextmanager
def locked_for_long(crowd: Crowd) -> Iterator[None]:
    """No transaction can begin: SQLite’s one writer does not end, PostgreSQL takes no connection."""
    if crowd.parts.engine.dialect.name == "sqlite":
        with crowd.parts.writing() as session:
            session.connection()  # it begins here
            yield
        return
    plain = crowd.parts.settings.database_url.replace("+psycopg", "")
    crowd.parts.engine.dispose()
    with psycopg.connect(plain, autocommit=True, dbname="postgres") as other:
        name = sql.Identifier(urlsplit(plain).path[1:])
        other.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [urlsplit(plain).path[1:]],
        )
        try:
            yield
        finally:
            other.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))


class Taking:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    async def handle_DATA(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any
    ) -> str:
        self.taken.append(envelope.content)
        return "250 OK"


def test_promise_09_who_sent_leaves_no_address_in_database_log_mail_backup_or_metrics(
    parts: Parts, article: str, tmp_path: Path
) -> None:
    taking = Taking()
    mailbox = Controller(taking, hostname="127.0.0.1", port=free_port())
    mailbox.start()
    settings = {
        "smtp_url": f"smtp://127.0.0.1:{mailbox.port}",
        "mail_from": "site@example.org",
        "trusted_proxies": "127.0.0.1",
        "metrics_token": "m" * 40,
    }
    headers = {"X-Forwarded-For": "203.0.113.77", "Forwarded": "for=203.0.113.77"}
    try:
        with serve(parts.settings.database_url, tmp_path, "--verbose", **settings) as server:
            said = {"text": "Le pont rouvre.", "author": "Zoé", "email": "zoe@example.org"}
            address = f"{server.address}/api/v1/articles/{article}/comments"
            sent = httpx2.post(address, json=said, headers=headers, timeout=60)
            assert sent.status_code == 202
            track = server.address + urlsplit(sent.json()["track_url"]).path
            mailed = httpx2.post(track, data={"action": "mail", "revision": "1"}, headers=headers, timeout=60)
            assert mailed.status_code == 303
            until(lambda: taking.taken)
            bearer = {"Authorization": f"Bearer {'m' * 40}"}
            metrics = httpx2.get(f"{server.address}/metrics", headers=headers | bearer, timeout=60)
            assert metrics.status_code == 200
            file = tmp_path / "site.backup"
            backup.make(parts.engine, file, tell=lambda *_: None)
            assert server.stop() == 0
            kept = [server.log.read_bytes(), server.out.read_bytes(), metrics.content, *taking.taken]
    finally:
        mailbox.stop()
    kept += [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    with parts.reading() as session:
        tables = SQLModel.metadata.sorted_tables
        kept += [repr(session.connection().execute(table.select()).all()).encode() for table in tables]
    assert b"Le pont rouvre." in b"".join(kept)
    assert [one for one in kept if b"203.0.113" in one] == []

import asyncio
import gzip
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from anyio import to_thread
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from starlette.types import Message, Receive, Scope, Send

from moderation.front import CHECK_THREADS, Front
from moderation.kept import LONGEST_KEY
from moderation.metrics import FrontCounts

PUBLIC = (b"cache-control", b"public, no-cache")


@dataclass
class Site:
    """A site of two kinds of pages: public ones, with a revision each, and whatever `private` answers."""

    texts: dict[str, str] = field(default_factory=dict)
    revisions: Counter[str] = field(default_factory=Counter)
    headers: list[tuple[bytes, bytes]] = field(default_factory=lambda: [PUBLIC])
    checks: list[str] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    before_check: Callable[[], None] = lambda: None
    after_reading: Callable[[], Awaitable[None]] | None = None
    etag_form: str = 'W/"{}"'
    now: float = 1000.0

    def publish(self, path: str, text: str) -> None:
        self.texts[path] = text
        self.revisions[path] += 1

    def take_down(self, path: str) -> None:
        del self.texts[path]
        self.revisions[path] += 1

    def etag(self, path: str) -> str:
        return self.etag_form.format(self.revisions[path])

    def etag_of(self, path: str) -> str | None:
        self.checks.append(path)
        etag = self.etag(path) if path in self.texts else None
        self.before_check()
        return etag

    @property
    def renderings(self) -> int:
        return len(self.scopes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        body = b""
        while scope["type"] == "http":
            message = await receive()
            body += message["body"]
            if not message["more_body"]:
                break
        self.bodies.append(body)
        text = self.texts.get(scope.get("path", ""))
        etag = self.etag(scope.get("path", ""))
        if self.after_reading is not None:
            await self.after_reading()
        if text is None:
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b"not here"})
            return
        headers = [(b"content-type", b"text/html"), (b"etag", etag.encode()), *self.headers]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
        await send({"type": "http.response.body"})


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        body = gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body
        return body.decode()


def request(path: str = "/page", *, method: str = "GET", query: str = "", **headers: str) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "client": ("192.0.2.7", 40000),
        "server": ("198.51.100.1", 443),
        "state": {},
        "extensions": {"http.response.pathsend": {}},
    }


async def ask(app: Front | Site, scope: Scope, *, body: bytes = b"") -> Answer:
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, send)
    start, *rest = messages
    assert start["type"] == "http.response.start"
    pairs = [(name.decode(), value.decode()) for name, value in start["headers"]]
    assert len(dict(pairs)) == len(pairs), "no header twice"
    return Answer(start["status"], dict(pairs), b"".join(part.get("body", b"") for part in rest))


def read(app: Front, path: str = "/page", **rest: Any) -> Answer:
    return asyncio.run(ask(app, request(path, **rest)))


@pytest.fixture
def site() -> Site:
    site = Site()
    site.publish("/page", "first text")
    return site


def front_of(site: Site, *, freshness: float = 0.25, **rest: Any) -> Front:
    return Front(site, etag_of=site.etag_of, freshness=freshness, clock=lambda: site.now, **rest)


# What is kept, and for how long


def test_a_page_is_rendered_once_while_its_revision_stands(site: Site) -> None:
    front = front_of(site)
    for _ in range(5):
        assert read(front).text == "first text"
        site.now += 1
    assert (site.renderings, len(site.checks)) == (1, 5)


def test_a_fresh_page_asks_nobody(site: Site) -> None:
    front = front_of(site)
    read(front)
    site.now += 0.249
    assert read(front).text == "first text"
    assert (site.renderings, len(site.checks)) == (1, 1)


def test_a_new_revision_is_sent_once_the_freshness_is_over(site: Site) -> None:
    front = front_of(site)
    read(front)
    site.publish("/page", "second text")
    assert read(front).text == "first text"
    site.now += 0.25
    assert read(front).text == "second text"


def test_what_was_taken_down_is_never_sent_after_a_check(site: Site) -> None:
    front = front_of(site)
    read(front)
    site.take_down("/page")
    site.now += 0.25
    assert read(front).status == 404
    assert front.size == 0


def test_a_page_that_the_app_no_longer_shows_is_dropped(site: Site) -> None:
    front = front_of(site)
    read(front)
    front._etag_of = lambda _path: 'W/"other"'
    del site.texts["/page"]
    site.now += 0.25
    assert read(front).status == 404
    assert front.size == 0


def test_without_freshness_every_request_is_checked(site: Site) -> None:
    front = front_of(site, freshness=0)
    read(front)
    read(front)
    site.publish("/page", "second text")
    assert read(front).text == "second text"
    assert (site.renderings, len(site.checks)) == (2, 3)


def test_freshness_counts_from_before_the_check(site: Site) -> None:
    front = front_of(site)
    read(front)
    site.now += 1
    site.before_check = lambda: setattr(site, "now", site.now + 0.2)
    read(front)
    site.now += 0.05
    read(front)
    assert len(site.checks) == 3


def test_a_strong_etag_is_compared_weakly_and_sent_weak(site: Site) -> None:
    site.etag_form = '"{}"'
    front = front_of(site, freshness=0)
    assert read(front).headers["etag"] == 'W/"1"'
    read(front)
    assert site.renderings == 1


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="nothing said"),
        pytest.param([(b"cache-control", b"private, no-cache")], id="private"),
        pytest.param([(b"cache-control", b"public, no-store")], id="no-store"),
        pytest.param([(b"cache-control", b"publicity")], id="another word"),
        pytest.param([PUBLIC, (b"set-cookie", b"session=ann")], id="cookie"),
        pytest.param([PUBLIC, (b"vary", b"Accept-Encoding, Cookie")], id="varies by person"),
        pytest.param([PUBLIC, (b"vary", b"*")], id="varies by anything"),
        pytest.param([PUBLIC, (b"content-encoding", b"gzip")], id="already encoded"),
    ],
)
def test_an_answer_that_is_not_plainly_public_is_not_kept(
    site: Site, headers: list[tuple[bytes, bytes]]
) -> None:
    site.headers = headers
    front = front_of(site)
    answer = asyncio.run(ask(front, request(cookie="session=ann")))
    assert answer.status == 200
    assert front.size == 0
    assert (b"cookie", b"session=ann") in site.scopes[-1]["headers"]


def test_an_answer_without_an_etag_is_not_kept(site: Site) -> None:
    site.etag_form = ""
    front = front_of(site)
    assert read(front).text == "first text"
    assert front.size == 0


def test_an_error_is_not_kept() -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"etag", b'W/"1"'), PUBLIC]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": b"later"})

    front = Front(app, etag_of=lambda _path: 'W/"1"', freshness=1)
    assert read(front).status == 503
    assert front.size == 0


def test_an_answer_cut_short_is_not_kept() -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"etag", b'W/"1"'), PUBLIC]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})

    front = Front(app, etag_of=lambda _path: 'W/"1"', freshness=1)
    assert read(front).body == b"half"
    assert front.size == 0


# The forms of an answer


def test_an_answer_has_the_headers_of_the_app_and_its_own(site: Site) -> None:
    site.headers += [(b"Content-Security-Policy", b"default-src 'self'"), (b"vary", b"accept-encoding")]
    assert read(front_of(site)).headers == {
        "content-type": "text/html",
        "cache-control": "public, no-cache",
        "content-security-policy": "default-src 'self'",
        "etag": 'W/"1"',
        "vary": "Accept-Encoding",
        "content-length": "10",
    }


@pytest.mark.parametrize(
    ("accepted", "gzipped"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("br;q=1.0, GZIP;q=0.8", True),
        ("*", True),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*;q=0", False),
        ("*;q=0, gzip", True),
        ("gzip;q=0.001", True),
        ("gzip, " * LONGEST_KEY, False),
    ],
)
def test_gzip_is_only_sent_to_who_asks(site: Site, accepted: str, *, gzipped: bool) -> None:
    site.publish("/page", "the same words again and again " * 100)
    answer = read(front_of(site), accept_encoding=accepted)
    assert answer.headers.get("content-encoding") == ("gzip" if gzipped else None)
    assert answer.headers["vary"] == "Accept-Encoding"
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert answer.text == site.texts["/page"]


def test_who_names_no_encoding_gets_the_plain_page(site: Site) -> None:
    assert "content-encoding" not in read(front_of(site)).headers


def test_a_header_in_several_lines_is_one_list(site: Site) -> None:
    front = front_of(site)
    scope = request()
    scope["headers"] = [(b"accept-encoding", b"gzip"), (b"accept-encoding", b"br")]
    assert asyncio.run(ask(front, scope)).headers["content-encoding"] == "gzip"
    scope["headers"] += [(b"if-none-match", b'"1"'), (b"if-none-match", b'"0"')]
    assert asyncio.run(ask(front, scope)).status == 304


def test_compressed_bytes_do_not_tell_the_time(site: Site) -> None:
    assert read(front_of(site), accept_encoding="gzip").body[4:8] == bytes(4)


def test_head_is_get_without_the_body(site: Site) -> None:
    front = front_of(site)
    for headers in ({}, {"accept_encoding": "gzip"}, {"if_none_match": '"1"'}):
        head = read(front, method="HEAD", **headers)
        get = read(front, **headers)
        assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")
    assert site.renderings == 1


def test_a_304_has_only_the_headers_a_cache_needs(site: Site) -> None:
    site.headers += [(b"expires", b"0"), (b"content-language", b"fr")]
    answer = read(front_of(site), if_none_match='W/"1"')
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers == {
        "cache-control": "public, no-cache",
        "etag": 'W/"1"',
        "expires": "0",
        "vary": "Accept-Encoding",
    }


def test_a_reader_who_has_an_older_revision_gets_the_page(site: Site) -> None:
    front = front_of(site, freshness=0)
    read(front)
    site.publish("/page", "second text")
    assert read(front, if_none_match='W/"1"').text == "second text"


@pytest.mark.parametrize("value", ["*", ' W/"1" ', '"1"', '"a,b", W/"1"', 'W/"0" , W/"1"'])
def test_if_none_match_is_a_list_compared_weakly(site: Site, value: str) -> None:
    assert read(front_of(site), if_none_match=value).status == 304


@pytest.mark.parametrize("value", ['"0"', "1", "W/1", '"1', '"1,"', '"x*"', '", "1'])
def test_another_tag_does_not_match(site: Site, value: str) -> None:
    assert read(front_of(site), if_none_match=value).status == 200


opaque = st.text(st.characters(codec="ascii", exclude_characters='"', min_codepoint=0x21, max_codepoint=0x7E))
tags = st.tuples(st.sampled_from(["", "W/"]), opaque)
separators = st.sampled_from([",", ", ", " , ", ",\t", ", ,"])


@given(st.lists(tags, min_size=1, max_size=6), st.lists(separators, min_size=6, max_size=6), opaque)
def test_a_page_is_unchanged_when_its_tag_is_among_the_known(
    known: list[tuple[str, str]], between: list[str], tag: str
) -> None:
    site = Site()
    site.publish("/page", "text")
    site.etag_form = f'W/"{tag}"'.replace("{", "{{").replace("}", "}}")
    value = "".join(f'{weak}"{text}"{comma}' for (weak, text), comma in zip(known, between, strict=False))
    answer = read(front_of(site), if_none_match=value)
    assert (answer.status == 304) == (tag in {text for _, text in known})


# Many readers at once


def test_forty_requests_share_one_refresh(site: Site) -> None:
    front = front_of(site)

    async def burst() -> list[Answer]:
        return await asyncio.gather(*(ask(front, request()) for _ in range(40)))

    assert {answer.text for answer in asyncio.run(burst())} == {"first text"}
    site.publish("/page", "second text")
    site.now += 1
    assert {answer.text for answer in asyncio.run(burst())} == {"second text"}
    assert (site.renderings, len(site.checks)) == (2, 2)


def test_forty_requests_share_one_check(site: Site) -> None:
    front = front_of(site)
    read(front)
    site.now += 1

    async def burst() -> None:
        await asyncio.gather(*(ask(front, request()) for _ in range(40)))

    asyncio.run(burst())
    assert (site.renderings, len(site.checks)) == (1, 2)


class Gate:
    """Holds the first rendering until it is opened."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._reached = asyncio.Event()
        self._opened = asyncio.Event()
        site.after_reading = self._pass

    async def _pass(self) -> None:
        self._site.after_reading = None
        self._reached.set()
        await self._opened.wait()

    async def reached(self) -> None:
        async with asyncio.timeout(10):
            await self._reached.wait()

    def open(self) -> None:
        self._opened.set()


@pytest.mark.parametrize("freshness", [0, 0.25])
def test_a_reader_who_leaves_does_not_block_the_others(site: Site, freshness: float) -> None:
    front = front_of(site, freshness=freshness)

    async def scene() -> list[Answer]:
        gate = Gate(site)
        leaver = asyncio.create_task(ask(front, request()))
        await gate.reached()
        others = [asyncio.create_task(ask(front, request())) for _ in range(3)]
        await asyncio.sleep(0)
        leaver.cancel()
        others[0].cancel()
        gate.open()
        async with asyncio.timeout(10):
            with pytest.raises(asyncio.CancelledError):
                await leaver
            return await asyncio.gather(*others[1:])

    assert [answer.text for answer in asyncio.run(scene())] == ["first text"] * 2
    assert site.renderings == 1


def test_a_refresh_whose_only_reader_left_is_still_kept(site: Site) -> None:
    front = front_of(site)

    async def scene() -> Answer:
        gate = Gate(site)
        leaver = asyncio.create_task(ask(front, request()))
        await gate.reached()
        leaver.cancel()
        await asyncio.wait((leaver,))
        gate.open()
        return await ask(front, request())

    assert asyncio.run(scene()).text == "first text"
    assert site.renderings == 1


def test_a_refresh_that_is_cancelled_sends_its_readers_to_the_app(site: Site) -> None:
    front = front_of(site)

    async def scene() -> Answer:
        reader = asyncio.create_task(ask(front, request()))
        await asyncio.sleep(0)
        front._flights["/page"].task.cancel()
        return await reader

    assert asyncio.run(scene()).text == "first text"
    assert not front._flights
    assert site.scopes[0]["client"] == ("192.0.2.7", 40000)


def test_who_comes_after_a_check_began_gets_nothing_older_than_their_coming(site: Site) -> None:
    front = front_of(site, freshness=0)
    read(front)
    reading, go_on = threading.Event(), threading.Event()

    def hold_the_first_check() -> None:
        site.before_check = lambda: None
        reading.set()
        assert go_on.wait(10)

    async def scene() -> tuple[Answer, Answer]:
        site.before_check = hold_the_first_check
        early = asyncio.create_task(ask(front, request()))
        assert await asyncio.to_thread(reading.wait, 10)
        site.take_down("/page")
        late = asyncio.create_task(ask(front, request()))
        await asyncio.sleep(0)
        go_on.set()
        return await early, await late

    early, late = asyncio.run(scene())
    assert early.text == "first text"
    assert late.status == 404


def test_a_slow_rendering_holds_up_no_other_page(site: Site) -> None:
    site.publish("/other", "other text")
    front = front_of(site)

    async def scene() -> Answer:
        gate = Gate(site)
        slow = asyncio.create_task(ask(front, request()))
        await gate.reached()
        async with asyncio.timeout(10):
            other = await ask(front, request("/other"))
        gate.open()
        await slow
        return other

    assert asyncio.run(scene()).text == "other text"


def test_requests_for_a_private_page_do_not_wait_for_each_other(site: Site) -> None:
    front = front_of(site)

    async def scene() -> Answer:
        gate = Gate(site)
        slow = asyncio.create_task(ask(front, request("/desk")))
        await gate.reached()
        async with asyncio.timeout(10):
            quick = await ask(front, request("/desk"))
        gate.open()
        await slow
        return quick

    assert asyncio.run(scene()).status == 404


def test_endpoints_that_fill_the_threads_do_not_keep_readers_waiting(site: Site) -> None:
    front = front_of(site)

    async def scene() -> Answer:
        shared = to_thread.current_default_thread_limiter()
        shared.total_tokens = 1
        async with asyncio.timeout(10), shared:
            return await ask(front, request())

    assert asyncio.run(scene()).text == "first text"


def test_checks_use_a_bounded_number_of_threads(site: Site) -> None:
    front = front_of(site)
    running, most, lock = 0, 0, threading.Lock()
    meet = threading.Barrier(CHECK_THREADS)

    def count() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        meet.wait(10)
        with lock:
            running -= 1
        meet.wait(10)

    async def burst() -> None:
        await asyncio.gather(*(ask(front, request(f"/{n}")) for n in range(CHECK_THREADS * 3)))

    site.before_check = count
    asyncio.run(burst())
    assert most == CHECK_THREADS


# What goes to the app untouched


def test_a_private_page_is_asked_as_it_came(site: Site) -> None:
    front = front_of(site)
    scope = request("/desk", cookie="session=ann", if_none_match="*")
    assert asyncio.run(ask(front, scope)).status == 404
    assert site.scopes == [scope]
    assert site.scopes[0] is scope


@pytest.mark.parametrize(
    "scope",
    [
        pytest.param(request(method="POST"), id="post"),
        pytest.param(request(query="after=12"), id="query"),
        pytest.param(request(range="bytes=0-3"), id="range"),
        pytest.param(request(authorization="Bearer token"), id="authorization"),
        pytest.param(request("/" + "a" * LONGEST_KEY), id="long path"),
    ],
)
def test_what_no_kept_page_can_answer_is_not_even_checked(site: Site, scope: Scope) -> None:
    front = front_of(site)
    read(front)
    asyncio.run(ask(front, scope, body=b"text=hello"))
    assert len(site.checks) == 1
    assert site.scopes[1] is scope
    assert site.bodies[1] == b"text=hello"


def test_a_query_the_page_does_not_read_is_answered_from_memory_and_never_kept(site: Site) -> None:
    front = front_of(site, reads=lambda _path, query: b"before" in query)
    for query in ("utm_source=somebody", "", "x"):
        assert read(front, query=query).text == "first text"
    assert [scope["query_string"] for scope in site.scopes] == [b""]
    read(front, query="before=12")
    assert [scope["query_string"] for scope in site.scopes] == [b"", b"before=12"]


@pytest.mark.parametrize("kind", ["lifespan", "websocket"])
def test_what_is_not_http_goes_to_the_app(kind: str) -> None:
    seen: list[tuple[object, ...]] = []

    async def app(*arguments: object) -> None:
        seen.append(arguments)

    async def receive() -> Message:
        raise AssertionError

    async def send(_message: Message) -> None:
        raise AssertionError

    scope: Scope = {"type": kind}
    asyncio.run(Front(app, etag_of=str, freshness=1, prefix="/forum")(scope, receive, send))
    assert seen == [(scope, receive, send)]


def test_nothing_of_one_reader_is_in_what_is_kept(site: Site) -> None:
    front = front_of(site)
    personal = {
        "cookie": "session=ann",
        "host": "evil.example",
        "if_none_match": '"1"',
        "accept_encoding": "gzip",
    }
    scope = request(method="HEAD", **personal)
    scope["state"] = {"left by the lifespan": 1}
    scope["raw_path"] = b"/%70age"
    asyncio.run(ask(front, scope))
    assert site.scopes == [
        {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/page",
            "raw_path": b"/page",
            "query_string": b"",
            "root_path": "",
            "headers": [],
            "client": None,
            "server": None,
            "state": {"left by the lifespan": 1},
        }
    ]
    assert site.scopes[0]["state"] is not scope["state"]


def test_an_app_that_watches_for_a_disconnection_is_told_when_its_answer_is_complete() -> None:
    told: list[str] = []

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        watch = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        assert not watch.done()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"etag", b'"1"'), PUBLIC]})
        await send({"type": "http.response.body", "body": b"text"})
        told.append((await watch)["type"])

    front = Front(app, etag_of=lambda _path: '"1"', freshness=1)
    assert read(front).body == b"text"
    assert told == ["http.disconnect"]


# The prefix of the site's address


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ("/forum/page", "/page"),
        ("/page", "/page"),
        ("/forum", "/"),
        ("/forum/", "/"),
        ("/forums", "/forums"),
        ("/forum/forum/é", "/forum/é"),
    ],
)
def test_the_prefix_is_stripped_where_the_proxy_left_it(site: Site, asked: str, seen: str) -> None:
    front = front_of(site, prefix="/forum/")
    scope = request(asked, method="POST")
    asyncio.run(ask(front, scope))
    assert site.scopes[0]["path"] == seen
    assert scope["path"] == asked


def test_with_and_without_the_prefix_a_page_is_the_same(site: Site) -> None:
    front = front_of(site, prefix="/forum")
    assert read(front, "/page").body == read(front, "/forum/page").body == b"first text"
    assert site.renderings == 1


def test_the_raw_path_is_stripped_with_the_path(site: Site) -> None:
    front = front_of(site, prefix="/forum")
    scope = request("/forum/é", method="POST")
    asyncio.run(ask(front, scope))
    assert site.scopes[0]["raw_path"] == b"/%C3%A9"


# Failures


def fail() -> None:
    raise ConnectionError


async def fail_later() -> None:
    raise ConnectionError


def test_a_failing_check_leaves_the_answer_to_the_app(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    front = front_of(site)
    read(front)
    site.before_check = fail
    site.now += 1
    answers = [read(front, cookie="session=ann") for _ in range(2)]
    assert [answer.text for answer in answers] == ["first text"] * 2
    assert (b"cookie", b"session=ann") in site.scopes[-1]["headers"]
    assert [record.message for record in caplog.records] == ["a page could not be refreshed"] * 2
    site.before_check = lambda: None
    read(front)
    assert site.renderings == 3


def test_each_of_many_readers_meets_the_error_of_the_app(site: Site) -> None:
    front = front_of(site)
    site.after_reading = fail_later

    async def burst() -> list[Answer | BaseException]:
        async with asyncio.timeout(10):
            return await asyncio.gather(*(ask(front, request()) for _ in range(5)), return_exceptions=True)

    assert [type(answer) for answer in asyncio.run(burst())] == [ConnectionError] * 5
    site.after_reading = None
    assert read(front).text == "first text"


def test_a_rendering_that_fails_leaves_nothing_known_to_be_stale(site: Site) -> None:
    front = front_of(site)
    read(front)
    site.publish("/page", "second text")
    site.now += 1
    site.after_reading = fail_later
    with pytest.raises(ConnectionError):
        read(front)
    assert front.size == 0


def test_a_path_that_is_no_page_waits_for_no_check(site: Site) -> None:
    front = front_of(site, keeps=lambda path: path == "/page")
    assert (read(front, "/desk").status, read(front).text) == (404, "first text")
    assert site.checks == ["/page"]


def test_what_is_spared_is_counted_and_told_once(site: Site) -> None:
    front = front_of(site)
    etag = read(front).headers["etag"]
    read(front)
    read(front, method="HEAD")
    read(front, if_none_match=etag)
    site.now += 1
    read(front)
    read(front, "/nowhere")
    assert front.counts == FrontCounts(fresh=3, checked=2, checks=3, pages=1, unchanged=1, bytes=30)
    front.counts.tell()
    assert front.counts == FrontCounts()


def test_a_path_is_not_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.before_check = fail
    read(front_of(site), "/track/secret")
    assert len(caplog.records) == 1
    assert "secret" not in caplog.text


# The bound


@pytest.mark.parametrize("freshness", [0, 0.25])
def test_the_page_read_longest_ago_is_dropped_first(freshness: float) -> None:
    site = Site()
    for n in range(9):
        site.publish(f"/{n}", "the same size")
    front = front_of(site)
    read(front, "/0")
    front = front_of(site, freshness=freshness, max_bytes=front.size * 8)
    for n in [*range(8), 0, 8]:
        read(front, f"/{n}")
    before = site.renderings
    for n in [0, *range(2, 9)]:
        read(front, f"/{n}")
    assert site.renderings == before
    read(front, "/1")
    assert site.renderings == before + 1


def test_an_answer_too_large_to_keep_is_still_sent(site: Site) -> None:
    front = front_of(site, max_bytes=2000)
    site.publish("/page", "x" * 1000)

    async def burst() -> list[Answer]:
        return await asyncio.gather(*(ask(front, request()) for _ in range(3)))

    assert {answer.text for answer in asyncio.run(burst())} == {"x" * 1000}
    assert (front.size, site.renderings) == (0, 1)


def test_unknown_paths_leave_nothing_behind(site: Site) -> None:
    front = front_of(site)
    for n in range(20):
        read(front, f"/{n}")
    assert (front.size, front._pages, front._flights) == (0, {}, {})


def test_headers_shared_by_many_answers_cannot_be_edited(site: Site) -> None:
    front = front_of(site)
    starts: list[Message] = []

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        starts.append(message)

    asyncio.run(front(request(), receive, send))
    assert isinstance(starts[0]["headers"], tuple)


PATHS = st.sampled_from(["/a", "/b", "/c", "/d", "/e", "/f", "/g", "/h", "/i", "/j"])


class Readers(RuleBasedStateMachine):
    """Whatever is published, taken down and read, in whatever form, nobody is sent what is too old."""

    FRESHNESS = 0.25

    def __init__(self) -> None:
        super().__init__()
        self.site = Site()
        self.front = front_of(self.site, freshness=self.FRESHNESS, max_bytes=8000)
        self.loop = asyncio.Runner()
        self.held: dict[str, tuple[str, str]] = {}
        self.history: dict[str, list[tuple[float, str | None]]] = {}

    def note(self, path: str) -> None:
        self.history.setdefault(path, [(0, None)]).append((self.site.now, self.site.texts.get(path)))

    def recent(self, path: str) -> set[str | None]:
        """What was true at some moment since the freshness began."""
        since = self.site.now - self.FRESHNESS
        texts = self.history.get(path, [(0, None)])
        before = [text for when, text in texts if when <= since]
        return {*before[-1:], *(text for when, text in texts if when > since)}

    @rule(path=PATHS, text=st.text("ab", max_size=300))
    def publish(self, path: str, text: str) -> None:
        self.site.publish(path, text)
        self.note(path)

    @rule(path=PATHS)
    def take_down(self, path: str) -> None:
        if path in self.site.texts:
            self.site.take_down(path)
            self.note(path)

    @rule(seconds=st.sampled_from([0.05, 0.125, 0.25, 2]))
    def wait(self, seconds: float) -> None:
        self.site.now += seconds

    @rule(path=PATHS, zipped=st.booleans(), conditional=st.booleans())
    def read(self, path: str, *, zipped: bool, conditional: bool) -> None:
        headers = {"accept_encoding": "gzip"} if zipped else {}
        tag, text = self.held.get(path, ("", ""))
        if conditional and tag:
            headers["if_none_match"] = tag
        answer = self.loop.run(ask(self.front, request(path, **headers)))
        if answer.status == 200:
            text = answer.text
            self.held[path] = (answer.headers["etag"], text)
        assert (None if answer.status == 404 else text) in self.recent(path)

    @invariant()
    def the_bound_holds(self) -> None:
        assert self.front.size == sum(page.size for page in self.front._pages.values()) <= 8000

    def teardown(self) -> None:
        self.loop.close()


TestReaders = Readers.TestCase

"""The outermost ASGI app: it keeps finished public pages and sends them for as long as their revision stands.

It knows pages only as paths, entity tags and bytes. Each server process has its own, used from one loop.
"""

import asyncio
import gzip
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moderation import logs
from moderation.kept import LONGEST_KEY, OPAQUE_TAG, Page, Variant, Wish, finished
from moderation.metrics import FrontCounts

# Checks have threads of their own: slow endpoints fill the pool they share, and readers should not wait.
CHECK_THREADS = 4
# Half the time of the usual 6, which whoever reads first waits for; three bytes in a hundred more.
COMPRESSION = 4

_METHODS = frozenset({"GET", "HEAD"})
_READ_HEADERS = frozenset({b"accept-encoding", b"if-none-match", b"range", b"authorization"})
_NO_BODY: Message = {"type": "http.response.body", "body": b""}


def _reads_all(_path: str, _query: bytes) -> bool:
    return True


class Front:
    """Sends a kept page while `etag_of(path)` agrees with it; everything else goes to `app` untouched.

    `etag_of` is called in a thread, for the paths that `keeps` says may be public pages; it returns None for
    those that are not. No other path waits for a thread. What `reads` says a page does not read of a query
    makes no other page: it is sent the one that is kept, which was made for nobody's query.
    Whatever goes wrong in keeping a page, the request goes to `app` as if there were no front.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        etag_of: Callable[[str], str | None],
        keeps: Callable[[str], bool] = bool,
        reads: Callable[[str, bytes], bool] = _reads_all,
        freshness: float,
        max_bytes: int = 64 * 2**20,
        prefix: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.size = 0
        self.counts = FrontCounts()
        self._app = app
        self._keeps = keeps
        self._reads = reads
        self._etag_of = etag_of
        self._freshness = freshness
        self._max_bytes = max_bytes
        self._prefix = prefix.rstrip("/")
        self._clock = clock
        self._pages: OrderedDict[str, Page] = OrderedDict()
        self._flights: dict[str, _Flight] = {}
        self._threads = CapacityLimiter(CHECK_THREADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._prefix:
            scope = self._without_prefix(scope)
        wish = self._wish(scope)
        page = fresh = None if wish is None else self._fresh(scope["path"])
        if wish is not None and page is None and self._keeps(scope["path"]):
            page = await self._checked(scope)
        if wish is None or page is None:
            await self._app(scope, receive, send)
            return
        answer = page.answer(wish)
        await send(answer.start)
        await send(_NO_BODY if scope["method"] == "HEAD" else answer.message)
        size = 0 if scope["method"] == "HEAD" else len(answer.body)
        self._count(answer.status, size, fresh is not None)

    def at_once(self, path: str, headers: Iterable[tuple[bytes, bytes]]) -> Variant | None:
        """What a GET gets for which nobody need wait, if there is such; it is counted as sent."""
        page = self._fresh(self._inside(path))
        wish = None if page is None else _wished(headers)
        if page is None or wish is None:
            return None
        answer = page.answer(wish)
        self._count(answer.status, len(answer.body), at_once=True)
        return answer

    def _wish(self, scope: Scope) -> Wish | None:
        """The encodings a request takes and the tags it knows, if a kept page could answer it."""
        if scope["type"] != "http" or scope["method"] not in _METHODS or len(scope["path"]) > LONGEST_KEY:
            return None
        query = scope["query_string"]
        return None if query and self._reads(scope["path"], query) else _wished(scope["headers"])

    def _count(self, status: int, size: int, at_once: bool) -> None:
        counts = self.counts
        if at_once:
            counts.fresh += 1
        else:
            counts.checked += 1
        counts.unchanged += status == 304
        counts.bytes += size
        if logs.tells(logging.DEBUG):
            logs.tell("page sent", level=logging.DEBUG, status=status, bytes=size, kept=at_once)

    def _without_prefix(self, scope: Scope) -> Scope:
        path: str = scope.get("path", "")  # the lifespan has none
        inside = self._inside(path)
        return scope if inside == path else {**scope, "path": inside, "raw_path": quote(inside).encode()}

    def _inside(self, path: str) -> str:
        if self._prefix and (path == self._prefix or path.startswith(self._prefix + "/")):
            return path[len(self._prefix) :] or "/"
        return path

    def _fresh(self, path: str) -> Page | None:
        page = self._pages.get(path)
        if page is None or self._clock() - page.as_of >= self._freshness:
            return None
        self._pages.move_to_end(path)
        return page

    async def _checked(self, scope: Scope) -> Page | None:
        path = scope["path"]
        flight = self._flights.get(path)
        if flight is not None and self._clock() - flight.began >= self._freshness:
            # It may have read the database too long before this request came; the next one cannot.
            await asyncio.wait((flight.task,))
            flight = self._flights.get(path)
        if flight is None:
            flight = _Flight(self._clock(), asyncio.create_task(self._refreshed(path, scope)))
            self._flights[path] = flight
            # A callback and not a `finally`: a task cancelled before its first step never reaches one.
            flight.task.add_done_callback(lambda _: self._flights.pop(path))
        # Unlike awaiting the task, this neither cancels it when this reader leaves nor is cancelled with it.
        await asyncio.wait((flight.task,))
        if flight.task.cancelled():
            return None
        failure = flight.task.exception()
        if failure is not None:
            # The request meets the same error in the app, which knows how to show it. The path is not
            # logged: some carry a secret.
            logs.failed("a page could not be refreshed", failure)
            return None
        return flight.task.result()

    async def _refreshed(self, path: str, scope: Scope) -> Page | None:
        as_of = self._clock()
        self.counts.checks += 1
        etag = await to_thread.run_sync(self._etag_of, path, limiter=self._threads)
        page = self._pages.get(path)
        if etag is not None and page is not None and page.tag == etag.removeprefix("W/").encode():
            page.as_of = as_of
            self._pages.move_to_end(path)
            return page
        self._drop(path)
        return None if etag is None else await self._rendered(path, scope)

    async def _rendered(self, path: str, scope: Scope) -> Page | None:
        as_of = self._clock()
        self.counts.pages += 1
        nobody = _Nobody()
        await self._app(_scope_of_nobody(path, scope), nobody.receive, nobody.send)
        if not nobody.may_be_kept():
            return None
        body = bytes(nobody.body)
        compress = partial(gzip.compress, body, compresslevel=COMPRESSION, mtime=0)
        compressed = await to_thread.run_sync(compress, limiter=self._threads)
        page = finished(nobody.headers, body, compressed, as_of)
        if page.size * 8 <= self._max_bytes:
            self._keep(path, page)
        return page

    def _keep(self, path: str, page: "Page") -> None:
        self._pages[path] = page
        self.size += page.size
        while self.size > self._max_bytes:
            _, oldest = self._pages.popitem(last=False)
            self.size -= oldest.size

    def _drop(self, path: str) -> None:
        page = self._pages.pop(path, None)
        if page is not None:
            self.size -= page.size


class _Flight(NamedTuple):
    began: float
    task: "asyncio.Task[Page | None]"


def _wished(headers: Iterable[tuple[bytes, bytes]]) -> Wish | None:
    encodings = known_tags = b""
    for name, value in headers:
        if name not in _READ_HEADERS:
            continue
        if name == b"accept-encoding":
            encodings = encodings + b"," + value if encodings else value
        elif name == b"if-none-match":
            known_tags = known_tags + b"," + value if known_tags else value
        else:
            return None
    return encodings, known_tags


class _Nobody:
    """The client a page to keep is rendered for: it says nothing about itself and never leaves early."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()
        self._asked = False
        self._complete = asyncio.Event()

    async def receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        # To be told of a disconnection at once would cut a streamed page short.
        await self._complete.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [(name.lower(), value) for name, value in message.get("headers", ())]
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")
            if not message.get("more_body", False):
                self._complete.set()

    def may_be_kept(self) -> bool:
        fields: dict[bytes, bytes] = {}
        for name, value in self.headers:
            fields[name] = fields[name] + b"," + value if name in fields else value
        cache_control = _words(fields.get(b"cache-control", b""))
        return (
            self.status == 200
            and self._complete.is_set()
            and b"public" in cache_control
            and cache_control.isdisjoint({b"private", b"no-store"})
            and OPAQUE_TAG.fullmatch(fields.get(b"etag", b"").removeprefix(b"W/")) is not None
            and b"set-cookie" not in fields
            and b"content-encoding" not in fields
            and _words(fields.get(b"vary", b"")) <= {b"accept-encoding"}
        )


def _words(value: bytes) -> set[bytes]:
    return {word.strip() for word in value.lower().split(b",") if word.strip()}


def _scope_of_nobody(path: str, scope: Scope) -> Scope:
    """Only what the server itself says is taken over, so that nothing of one reader is kept for all."""
    return {
        "type": "http",
        "asgi": scope.get("asgi", {"version": "3.0"}),  # the test client says nothing
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": b"",
        "root_path": scope.get("root_path", ""),
        "headers": [],
        "client": None,
        "server": None,
        "state": dict(scope.get("state", {})),  # what the lifespan left
    }

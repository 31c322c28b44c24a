"""Around every request the app answers: its time, its line in the log, and a word to quote when it fails."""

import logging
import time
from functools import cache

from prometheus_client import Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moderation import identifiers, logs, metrics
from moderation.turn import Busy

HEADER = "X-Request-Id"
# Asked every few seconds by machines: of interest when they fail.
POLLED = frozenset({"/healthz", "/metrics"})


class Observer:
    """Errors are raised again: the server around logs them, in the words `logs` allows."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        reference = identifiers.grouped(identifiers.new_code(8))
        # Not put back: the error this request may end with is logged after us, in the same task.
        logs.reference.set(reference)
        scope = {**scope, "state": {**scope.get("state", {}), "reference": reference}}
        status = size = 0

        async def observed(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                if status >= 500:
                    MutableHeaders(scope=message)[HEADER] = reference
            else:
                size += len(message.get("body", b""))
            await send(message)

        method = scope["method"] if scope["method"] in metrics.METHODS else "other"
        try:
            await self._app(scope, receive, observed)
        finally:
            _tell(method, template(scope), status, size, time.perf_counter() - began)


def decided(decision: int | None, action: str, account: int) -> None:
    """A moderator’s decision that is kept, or its undoing."""
    metrics.DECISIONS.labels(action).inc()
    logs.tell("decided", decision=decision, action=action, account=account)


def accepted() -> None:
    metrics.CONTRIBUTIONS.labels("accepted").inc()


def limited() -> None:
    """A contribution that came after too many others."""
    metrics.CONTRIBUTIONS.labels("limited").inc()
    logs.security("limit reached", what="contribution")


def unavailable(error: Exception) -> None:
    logs.failed("too busy" if isinstance(error, Busy) else "the database did not answer", error)


def template(scope: Scope) -> str:
    """The address as it is written in the program: what stands in its braces may be a secret."""
    route = getattr(scope.get("route"), "path", "")
    return scope.get("root_path", "") + route or "none"


@cache
def _counted(route: str, method: str, status: str) -> tuple[Counter, Histogram]:
    """Found once: there are few, and finding takes longer than counting."""
    return metrics.REQUESTS.labels(route, method, status), metrics.DURATION.labels(route)


def _tell(method: str, route: str, status: int, size: int, seconds: float) -> None:
    """A status of 0 is an answer that was never begun."""
    count, duration = _counted(route, method, f"{status // 100}xx")
    count.inc()
    duration.observe(seconds)
    level = logging.WARNING if status >= 500 else logging.DEBUG if route in POLLED else logging.INFO
    logs.tell(
        "request",
        level=level,
        method=method,
        route=route,
        status=status,
        milliseconds=round(seconds * 1000, 1),
        bytes=size,
    )

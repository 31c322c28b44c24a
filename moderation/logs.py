"""What the operator is told: a JSON line for each event, words on a terminal. Nothing anybody sent is in it.

Errors are told by type, code and place. What they say is left out: the words of an error often are those of
whoever caused it, and those of a database name what it was asked to store.
"""

import errno
import json
import logging
import re
import sys
import threading
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

from moderation import metrics, resources

Fact = str | int | float | bool | None
# The request being answered, by the random word an error page shows.
reference: ContextVar[str] = ContextVar("reference", default="")
DEEPEST = 5
_log = logging.getLogger("moderation")
_OURS = str(resources.PACKAGE.parent) + "/"
_VALUE = re.compile(r"[(<'\"]")
# Line breaks, escape sequences, and what turns the direction of a line round (ASVS 16.4.1).
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def tell(event: str, /, *, level: int = logging.INFO, **facts: Fact) -> None:
    """Facts are numbers, code words and templates: never an address, a secret or somebody’s words."""
    _log.log(level, event, extra={"facts": facts})


def security(event: str, /, *, level: int = logging.WARNING, **facts: Fact) -> None:
    """Who came in or was kept out (ASVS 16.3): told, and counted too."""
    metrics.SECURITY.labels(event).inc()
    tell(event, level=level, **facts)


def failed(event: str, error: BaseException, /, *, level: int = logging.ERROR, **facts: Fact) -> None:
    """Something went wrong that nobody’s request is answered with."""
    _log.log(level, event, exc_info=error, extra={"facts": facts})


def tells(level: int) -> bool:
    return _log.isEnabledFor(level)


def set_up(*, verbose: bool = False, worker: int | None = None, stream: TextIO = sys.stderr) -> None:
    """Every line of this process goes through here: the web server’s, Python’s warnings, uncaught errors."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines(worker, as_json=not stream.isatty()))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    _log.setLevel(logging.DEBUG if verbose else logging.INFO)
    # A line that cannot be written must not be shown raw instead.
    logging.raiseExceptions = False
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda thrown: _uncaught(thrown.exc_type, thrown.exc_value, thrown.exc_traceback)
    sys.unraisablehook = lambda thrown: _uncaught(thrown.exc_type, thrown.exc_value, thrown.exc_traceback)


def _uncaught(
    kind: type[BaseException], error: BaseException | None, _trace: TracebackType | None, /
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    failed("stopped by an error", error or kind(), level=logging.CRITICAL)


class Lines(logging.Formatter):
    def __init__(self, worker: int | None = None, *, as_json: bool) -> None:
        super().__init__()
        self._worker = worker
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        facts: dict[str, Any] = {
            "time": _moment(record.created),
            "level": record.levelname.lower(),
            "event": _said(record),
        }
        if self._worker is not None:
            facts["worker"] = self._worker
        if name := reference.get():
            facts["request"] = name
        facts.update(getattr(record, "facts", {}))
        error = record.exc_info[1] if record.exc_info else None
        if self._as_json:
            if error is not None:
                facts["error"] = describe(error)
            return json.dumps(facts, default=str)
        return _in_words(facts) + (f"\n{_listed(describe(error))}" if error is not None else "")


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _said(record: logging.LogRecord) -> str:
    """Our own events as they are; of others’ the first line, of asyncio’s without what it ran."""
    said = record.getMessage()
    if record.name == _log.name:
        return said
    said = said.strip().partition("\n")[0][:300]
    return _VALUE.split(said)[0].strip() if record.name == "asyncio" else said


def describe(error: BaseException, depth: int = 0) -> dict[str, Any]:
    """An error’s type, code and place, and the same of what caused it."""
    module, name = type(error).__module__, type(error).__qualname__
    told: dict[str, Any] = {"type": name if module == "builtins" else f"{module}.{name}"}
    if code := _code(error):
        told["code"] = code
    told["at"] = [_place(frame) for frame in traceback.extract_tb(error.__traceback__)]
    if depth < DEEPEST:
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is not None:
            told["from"] = describe(cause, depth + 1)
        if isinstance(error, BaseExceptionGroup):
            told["all"] = [describe(one, depth + 1) for one in error.exceptions[:DEEPEST]]
    return told


def _code(error: BaseException) -> str | None:
    """What a database or the system calls it: words of theirs alone."""
    if isinstance(error, OSError) and error.errno is not None:
        return errno.errorcode.get(error.errno)
    return getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None)


def _place(frame: traceback.FrameSummary) -> str:
    file = frame.filename.removeprefix(_OURS).rpartition("site-packages/")[2]
    return f"{file}:{frame.lineno} {frame.name}"


def _in_words(facts: dict[str, Any]) -> str:
    time, level, event = (facts.pop(name) for name in ("time", "level", "event"))
    told = [f"{name}={value}" for name, value in facts.items() if value is not None]
    mark = "" if level == "info" else f"{level}: "
    return escaped(" ".join([time, f"{mark}{event}", *told]))


def _listed(told: dict[str, Any], margin: str = "  ") -> str:
    code = f" {told['code']}" if "code" in told else ""
    lines = [escaped(f"{margin}{told['type']}{code}"), *(escaped(f"{margin}  {at}") for at in told["at"])]
    causes = [told["from"]] if "from" in told else []
    return "\n".join([*lines, *(_listed(one, margin + "  ") for one in [*causes, *told.get("all", [])])])


def escaped(text: str) -> str:
    """On one line, and nothing in it that a terminal would obey."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)

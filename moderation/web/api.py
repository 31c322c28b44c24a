"""The JSON API: an application of its own under /api/v1; its every error is a problem document (RFC 9457)."""

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from moderation.appeals import Unanswered
from moderation.database import UNAVAILABLE
from moderation.deciders import MayNotDecide, Why
from moderation.decisions import NotFound, Stale, TooLate
from moderation.drafts import Invalid
from moderation.duplicates import Duplicate
from moderation.lifecycle import IllegalMove, actions_from
from moderation.pages.public import BadCursor
from moderation.remarks import QuestionNeeded, ReasonNeeded
from moderation.standing import Last
from moderation.submissions import Closed, Full, NonceReused, ParentNotPublic
from moderation.throttle import TooMany
from moderation.web import api_desk, api_docs, api_public, observe
from moderation.web.api_shapes import moment
from moderation.web.bearer import Forbidden, Unauthorised
from moderation.web.dependencies import Parts
from moderation.web.places import Place
from moderation.web.submit import READ_WITHIN

PREFIX = "/api/v1"
# Who sends thousands of fields that do not exist would get ten times as much back.
MOST_ERRORS = 20
NOT_YOURS = {
    Why.ASIDE: "You stood aside from this contribution",
    Why.OWN: "This is your own contribution",
    Why.APPEALED: "It is your decision that is appealed",
}
Extra = dict[str, Any]


def create_api(parts: Parts) -> FastAPI:
    api = api_docs.Described(
        routes=_routes(),
        title=parts.settings.site_name,
        version="1",
        summary="Contributions to articles, read by a moderator before they are published.",
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        servers=[{"url": parts.url(PREFIX)}],
        root_path_in_servers=False,
        redirect_slashes=False,
    )
    api.state.parts = parts
    for kind, explain in _PROBLEMS.items():
        api.add_exception_handler(kind, _answer(explain))
    return api


@cache
def _routes() -> list[BaseRoute]:
    """Shared as the pages’ are."""
    router = APIRouter()
    router.include_router(api_public.router)
    router.include_router(api_desk.router, dependencies=[Place])
    router.include_router(api_docs.router)
    return router.routes


def problem(
    status: int, detail: str = "", *, headers: Mapping[str, str] | None = None, **extra: Any
) -> Response:
    """A problem document; unless a `type` is given, the status says it all."""
    title = HTTPStatus(status).phrase
    return JSONResponse(
        {"type": "about:blank", "title": title, "status": status, "detail": detail, **extra},
        status_code=status,
        media_type="application/problem+json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def _answer(explain: Callable[[Any, Parts], Response]) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        return explain(error, request.app.state.parts)

    return answer


def _fields(errors: list[tuple[str, str]]) -> Response:
    return problem(
        422,
        "; ".join(f"{field}: {detail}" for field, detail in errors),
        errors=[{"field": field, "detail": detail} for field, detail in errors],
    )


def _invalid(error: Invalid, parts: Parts) -> Response:
    label = parts.templates.globals["label"]
    return _fields([(field, label.problem(found)) for field, found in error.problems.items()])  # type: ignore[attr-defined]


def _malformed(error: RequestValidationError, _parts: Parts) -> Response:
    if any(found["type"] == "json_invalid" for found in error.errors()):
        return problem(400, "The body is not JSON.")
    found = error.errors()[:MOST_ERRORS]
    return _fields([(".".join(map(str, one["loc"][1:])), one["msg"]) for one in found])


def _reason_needed(error: ReasonNeeded, _parts: Parts) -> Response:
    return _fields([("note" if error.note else "reason", str(error))])


def _stale(error: Stale, _parts: Parts) -> Response:
    last: Last | None = error.last
    return problem(
        409,
        f"It changed since the revision you saw: it is {error.status}, revision {error.revision}.",
        comment={"id": error.comment_id, "status": error.status, "revision": error.revision},
        decided_by=last.by if last else None,
        decided_at=moment(last.at) if last else None,
    )


def _illegal(error: IllegalMove, _parts: Parts) -> Response:
    possible = ", ".join(actions_from(error.status)) or "nothing"
    return problem(409, f"{error}; possible now: {possible}.")


def _too_late(error: TooLate, _parts: Parts) -> Response:
    possible = ", ".join(actions_from(error.status)) or "nothing"
    return problem(409, f"Too late to undo: it is {error.status}. Possible now: {possible}.")


def _full(error: Full, parts: Parts) -> Response:
    observe.limited()
    where = "on this site" if error.everywhere else "under this article"
    return problem(
        429,
        f"As many contributions wait {where} as may. Nothing was stored; come back later.",
        headers={"Retry-After": str(READ_WITHIN)},
        type=f"{parts.settings.site_url}{PREFIX}/docs#full",
        title="Too many contributions wait",
    )


def _http(error: HTTPException, _parts: Parts) -> Response:
    return problem(error.status_code, str(error.detail), headers=error.headers)


def _busy(error: Exception, _parts: Parts) -> Response:
    observe.unavailable(error)
    return problem(
        503,
        "There is too much to do, or the database does not answer. Try again: with the same Idempotency-Key, "
        "or the same revision, it is done once.",
        headers={"Retry-After": "5"},
    )


def _too_many(error: TooMany, _parts: Parts) -> Response:
    observe.limited()
    return problem(429, "Too many contributions from here.", headers={"Retry-After": str(error.seconds)})


_PROBLEMS: dict[type[Exception], Callable[[Any, Parts], Response]] = {
    Invalid: _invalid,
    RequestValidationError: _malformed,
    ReasonNeeded: _reason_needed,
    QuestionNeeded: lambda error, _parts: _fields([("note", str(error))]),
    Unanswered: lambda _error, _parts: _fields([("note", "an appeal waits for an answer")]),
    Stale: _stale,
    IllegalMove: _illegal,
    TooLate: _too_late,
    HTTPException: _http,
    # A name no database can hold is nobody’s.
    DataError: lambda _error, _parts: problem(404, "There is no such thing here."),
    NotFound: lambda _error, _parts: problem(404, "There is no such thing here."),
    BadCursor: lambda _error, _parts: _fields([("after", "not a cursor of this list")]),
    Closed: lambda _error, _parts: problem(403, "This forum is closed."),
    Duplicate: lambda _error, _parts: problem(
        409, "The same text was sent here within a day.", code="duplicate"
    ),
    ParentNotPublic: lambda _error, _parts: _fields(
        [("parent", "not a published contribution of this article")]
    ),
    NonceReused: lambda _error, _parts: _fields(
        [("Idempotency-Key", "used with another body, or too long ago")]
    ),
    Unauthorised: lambda _error, _parts: problem(
        401, "A bearer token is needed.", headers={"WWW-Authenticate": "Bearer"}
    ),
    MayNotDecide: lambda error, _parts: problem(
        403,
        f"{NOT_YOURS[error.why]}: somebody else decides about it.",
    ),
    Forbidden: lambda _error, _parts: problem(403, "This token does not open that."),
    **dict.fromkeys(UNAVAILABLE, _busy),
    Full: _full,
    TooMany: _too_many,
    Exception: lambda _error, _parts: problem(500, "Something went wrong here."),
}

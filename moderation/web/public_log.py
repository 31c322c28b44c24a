"""The public log: read by people, by programs, and checked by anybody."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from moderation import public_log, reasons, resources
from moderation.decisions import NotFound
from moderation.pages import public_log as pages
from moderation.web.dependencies import LARGEST, Now, Parts, ThisApp

router = APIRouter()
# Lines of one look into the database.
SOME = 1000


@router.get("/log")
def show(app: ThisApp, now: Now, before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None) -> Response:
    with app.reading() as session:
        reasons.recall(session, app.wording, now)
    with app.public_reading() as session:
        page = pages.public_log(session, before)
    if page is None:
        raise NotFound
    return app.page("public_log.html", page, headers={"Cache-Control": "public, no-cache"})


@router.get("/log.jsonl")
def whole(app: ThisApp, request: Request, after: Annotated[int, Query(ge=0, le=LARGEST)] = 0) -> Response:
    """A JSON object a line; `after` leaves out what one has."""
    with app.public_reading() as session:
        last, head = pages.head(session)
    headers = {"Cache-Control": "public, no-cache", "ETag": app.etag(f"log-{head}")}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return StreamingResponse(_lines(app, after, last), headers=headers, media_type="application/jsonl")


def _lines(app: Parts, after: int, last: int) -> Iterator[bytes]:
    """Some at a time: no connection is held while a slow reader takes them."""
    while after < last:
        with app.public_reading() as session:
            some = list(public_log.lines(session, after, min(SOME, last - after)))
        if not some:
            return  # a replica that has fallen behind
        yield b"".join(some)
        after += len(some)


@router.get("/verify-log.py")
def verifier() -> Response:
    """What anybody can check the log with, as it is checked here."""
    source = (resources.PACKAGE / "chain.py").read_bytes()
    headers = {"Content-Disposition": 'attachment; filename="verify-log.py"'}
    return Response(source, media_type="text/x-python; charset=utf-8", headers=headers)

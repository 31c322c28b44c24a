"""The author's own page: where the text is, and taking it back while it waits."""

import re
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from moderation import identifiers, submissions
from moderation.decisions import NotFound, Stale
from moderation.lifecycle import IllegalMove
from moderation.pages import tracking as pages
from moderation.web.dependencies import LARGEST, Now, Parts, Reading, ThisApp

router = APIRouter()
PRIVATE = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    # Not « no-referrer »: over plain HTTP a form would then post from the origin « null ».
    "Referrer-Policy": "same-origin",
}
_CODE = re.compile(rf"[{identifiers.ALPHABET}]{{1,26}}")


@router.get("/track")
def ask_for_code(app: ThisApp) -> Response:
    return app.page("track_code.html", None, headers=PRIVATE, unknown=False, typed="")


@router.post("/track")
def find(app: ThisApp, code: Annotated[str, Form()] = "") -> Response:
    heard = identifiers.heard(code)
    if not _CODE.fullmatch(heard):
        return _unknown(app, code)
    return RedirectResponse(app.url(f"/track/{heard}"), 303, headers=PRIVATE)


@router.get("/track/{code}")
def show(app: ThisApp, session: Reading, now: Now, code: str) -> Response:
    page = pages.tracking(session, code, now)
    if page is None:
        return _unknown(app, code)
    return app.page("track.html", page, headers=PRIVATE, changed=False)


@router.post("/track/{code}")
def withdraw(app: ThisApp, now: Now, code: str, revision: Annotated[int, Form(ge=1, le=LARGEST)]) -> Response:
    try:
        with app.writing() as session:
            submissions.withdraw(session, code, revision=revision, now=now)
    except NotFound:
        return _unknown(app, code)
    except (Stale, IllegalMove):
        with app.reading() as session:
            page = pages.tracking(session, code, now)
        return app.page("track.html", page, status=409, headers=PRIVATE, changed=True)
    return RedirectResponse(app.url(f"/track/{code}"), 303, headers=PRIVATE)


def _unknown(app: Parts, code: str) -> Response:
    return app.page("track_code.html", None, status=404, headers=PRIVATE, unknown=True, typed=code[:64])

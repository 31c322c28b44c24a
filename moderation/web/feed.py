"""The private feed of the queue: what its secret address opens, and making and revoking it."""

from typing import Literal

from fastapi import APIRouter, Request, Response

from moderation import feeds
from moderation.decisions import NotFound
from moderation.lifecycle import Status
from moderation.pages import queue
from moderation.pages.filters import Filter
from moderation.web.dependencies import Now, Reading, ThisApp
from moderation.web.people import ACCOUNT, PRIVATE, Confirmed, go

router = APIRouter(prefix="/desk")
NEWEST = Filter(Status.PENDING, newest=True)
HEADERS = {**PRIVATE, "Referrer-Policy": "no-referrer"}


@router.get("/feed/{token}.atom")
def read(app: ThisApp, session: Reading, now: Now, token: str) -> Response:
    """Nobody signs in to a feed: whoever has its address reads it."""
    person = feeds.reader(session, token)
    if person is None:
        raise NotFound
    page = queue.listing(session, person, NEWEST, after=None)
    answer = app.page("desk.atom", page, headers=HEADERS, person=person, now=now)
    answer.headers["Content-Type"] = "application/atom+xml; charset=utf-8"
    return answer


@router.post("/account/feed/{move}")
def change(
    app: ThisApp, request: Request, person: Confirmed, now: Now, move: Literal["make", "revoke"]
) -> Response:
    if move == "revoke":
        with app.writing() as session:
            feeds.revoke(session, person)
        return go(app, request, person, f"{ACCOUNT}?done=feed_revoked", now)
    with app.writing() as session:
        secret = feeds.make(session, person, now)
    # Shown once, in the answer itself: no address that stays in a history holds it.
    return app.page("account_feed.html", None, headers=PRIVATE, person=person, code=secret)

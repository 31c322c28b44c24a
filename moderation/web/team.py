"""The team, for who administers: who is in it, how each signs in, and signing somebody out everywhere."""

from fastapi import APIRouter, Request, Response

from moderation import sessions
from moderation.pages import account as pages
from moderation.web.account import Number
from moderation.web.dependencies import Now, Reading, ThisApp
from moderation.web.people import PRIVATE, Admin, Confirmed, go

router = APIRouter(prefix="/desk/team")


@router.get("")
def show(app: ThisApp, session: Reading, person: Admin, now: Now, done: str = "") -> Response:
    return app.page("team.html", pages.team(session, now), headers=PRIVATE, person=person, news=done)


@router.post("/{account}/sign-out")
def sign_out(
    app: ThisApp, request: Request, person: Admin, _again: Confirmed, now: Now, account: Number
) -> Response:
    with app.writing() as session:
        sessions.end_all(session, account, now, but=person.browser)
    return go(app, request, person, "/desk/team?done=member_ended", now)

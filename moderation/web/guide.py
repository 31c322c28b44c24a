"""The desk on one screen, for the first visit and whenever one wants it."""

from fastapi import APIRouter, Request, Response

from moderation import deciders, preferences
from moderation.web.dependencies import Now, Reading, ThisApp
from moderation.web.people import PRIVATE, SignedIn, go

router = APIRouter(prefix="/desk/guide")


@router.get("")
def show(app: ThisApp, session: Reading, person: SignedIn) -> Response:
    page = {"alone": not deciders.is_team(session)}
    return app.page("guide.html", page, headers=PRIVATE, person=person)


@router.post("")
def put_away(app: ThisApp, request: Request, person: SignedIn, now: Now) -> Response:
    """It is no longer offered at the head of the queue."""
    with app.writing() as session:
        preferences.put_guide_away(session, person.id, now)
    return go(app, request, person, "/desk", now)

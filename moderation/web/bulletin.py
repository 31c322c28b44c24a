"""The team’s letters of what waits: each person chooses theirs, and ends them from the letter itself."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request, Response

from moderation import bulletins
from moderation.accounts import Person
from moderation.bulletins import Choice
from moderation.decisions import NotFound
from moderation.links import BadLink, Bulletins, Expired
from moderation.models.bulletins import HOUR, How
from moderation.web.dependencies import Now, Parts, ThisApp
from moderation.web.people import PRIVATE, SignedIn, go

router = APIRouter()
Hour = Annotated[int, Form(ge=0, le=23)]


@router.get("/desk/account/letters")
def ask(app: ThisApp, person: SignedIn) -> Response:
    with app.reading() as session:
        return _form(app, person, bulletins.chosen(session, person.id, app.settings.timezone))


def _form(app: Parts, person: Person, choice: Choice, status: int = 200, problem: str = "") -> Response:
    return app.page(
        "account_letters.html", choice, status=status, headers=PRIVATE, person=person, problem=problem
    )


@router.post("/desk/account/letters")
def choose(
    app: ThisApp,
    request: Request,
    person: SignedIn,
    now: Now,
    how: Annotated[How, Form()],
    hour: Hour = HOUR,
    zone: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    site = ZoneInfo(app.settings.timezone)
    other = "" if zone == app.settings.timezone else zone
    try:
        with app.writing() as session:
            bulletins.choose(session, person, how, hour, other, site, now)
    except ValueError:
        return _form(app, person, Choice(how, hour, zone), 422, "zone")
    return go(app, request, person, "/desk/account?done=letters_kept", now)


@router.get("/bulletin/{token}")
def show(app: ThisApp, now: Now, token: str) -> Response:
    return _ended(app, _account(app, token, now), token)


@router.post("/bulletin/{token}")
def end(app: ThisApp, now: Now, token: str) -> Response:
    """By a press, or by a mail program (RFC 8058), which is led nowhere from here (3.1)."""
    account = _account(app, token, now)
    with app.writing() as session:
        bulletins.stop(session, account, now)
    return _ended(app, account, token)


def _account(app: Parts, token: str, now: Now) -> int:
    try:
        return app.links.read(Bulletins, token, now)[0].account
    except (BadLink, Expired):
        raise NotFound from None


def _ended(app: Parts, account: int, token: str) -> Response:
    with app.reading() as session:
        row = bulletins.of(session, account)
    return app.page("bulletin.html", row is None or row.how is not How.NEVER, headers=PRIVATE, link=token)

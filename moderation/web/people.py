"""Who is asking: the session cookie, read, given, renewed and taken back."""

import logging
import re
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from moderation import browsers, database, logs, reasons, sessions
from moderation.accounts import Person
from moderation.models.people import Role
from moderation.web.dependencies import Now, Parts, ThisApp

PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "same-origin"}
# Tried of those that come under one name: no browser of today holds more than one.
MOST_COOKIES = 8

ACCOUNT, TEAM = "/desk/account", "/desk/team"


class NotSignedIn(Exception):
    """The page is for the team, and nobody is signed in."""


class NotConfirmed(Exception):
    """The person must prove once more who they are; `back` is the page they reach then."""

    def __init__(self, back: str) -> None:
        super().__init__(back)
        self.back = back


def _name(app: Parts) -> str:
    """Sites under paths of one host share its cookies: each has a name of its own for it."""
    plain = re.sub(r"[^A-Za-z0-9/]", lambda found: f"_{ord(found[0]):02x}", app.settings.path)
    return ("__Host-session" if app.settings.secure else "session") + plain.replace("/", "-")


def _cookies(app: Parts, request: Request) -> list[str]:
    """What the browser sends under that very name: mostly one, or none.

    Read as it came: Starlette strips whatever Unicode takes for a space, so that another name, which a page
    of a neighbouring host may set, would pass for ours and its prefix.
    """
    sent = b";".join(value for name, value in request.headers.raw if name == b"cookie")
    pairs = (pair.strip(b" \t").partition(b"=") for pair in sent.split(b";"))
    name = _name(app).encode()
    found = dict.fromkeys(value.decode("latin-1") for named, _, value in pairs if named == name)
    return list(found)[:MOST_COOKIES]


def holder(app: Parts, request: Request, session: Session, now: datetime) -> Person | None:
    """Who is signed in here; nobody where a browser was given two sessions, as one of them is another’s."""
    people = (sessions.holder(session, cookie, now) for cookie in _cookies(app, request))
    found = {person.browser: person for person in people if person is not None}
    return found.popitem()[1] if len(found) == 1 else None


def leave(app: Parts, request: Request, session: Session) -> None:
    """Signs this browser out, whatever it was signed in as."""
    for cookie in _cookies(app, request):
        sessions.sign_out(session, cookie)


def _person(app: ThisApp, request: Request, now: Now) -> Person:
    # A transaction of its own, ended before the endpoint begins one: a request that held one connection
    # and waited for a thread, or for another connection, could wait for one that waits for it.
    with app.reading() as session:
        found = holder(app, request, session, now)
        if found is not None:
            reasons.recall(session, app.wording, now)
    if found is None:
        raise NotSignedIn
    return found


SignedIn = Annotated[Person, Depends(_person)]


def _confirmed(request: Request, person: SignedIn, now: Now) -> Person:
    if person.is_confirmed(now):
        return person
    path = request.url.path
    if request.method != "GET":
        # What was pressed has no page of its own: on the one it is on, it is pressed again.
        raise NotConfirmed(f"{TEAM if path.startswith(TEAM) else ACCOUNT}?done=again")
    raise NotConfirmed(f"{path}?{request.url.query}" if request.url.query else path)


Confirmed = Annotated[Person, Depends(_confirmed)]


class NotAllowed(Exception):
    """Somebody is signed in whose role does not open that."""


def _admin(person: SignedIn) -> Person:
    if person.role is not Role.ADMIN:
        raise NotAllowed
    return person


Admin = Annotated[Person, Depends(_admin)]


def admit(
    app: Parts, request: Request, session: Session, account_id: int, now: datetime, *, stay: bool
) -> str:
    """Signs this browser in, and out of whoever it was signed in as; its cookie."""
    leave(app, request, session)
    browser = browsers.name(request.headers.get("user-agent", ""))
    return sessions.start(session, account_id, kept=stay, now=now, browser=browser)


def give_cookie(app: Parts, response: Response, value: str, *, kept: bool) -> None:
    response.set_cookie(
        _name(app),
        value,
        max_age=int(sessions.KEPT.total_seconds()) if kept else None,
        path="/",
        secure=app.settings.secure,
        httponly=True,
        samesite="lax",
    )


def take_cookie(app: Parts, response: Response) -> None:
    response.delete_cookie(_name(app), path="/", secure=app.settings.secure, httponly=True, samesite="lax")


def go(app: Parts, request: Request, person: Person, path: str, now: datetime) -> Response:
    """Onward to a page of the desk, after something was done there."""
    return _renew(app, request, person, RedirectResponse(app.url(path), 303, headers=PRIVATE), now)


def _renew(app: Parts, request: Request, person: Person, response: Response, now: datetime) -> Response:
    """Once a day of use the cookie changes, so that a copied one dies.

    It can wait for the next time: what was done before is not to be answered with an error.
    """
    if not person.browser_is_due:
        return response
    try:
        with app.writing() as session:
            tried = (sessions.renew(session, cookie, now) for cookie in _cookies(app, request))
            renewed = next(filter(None, tried), None)
    except database.UNAVAILABLE as error:
        logs.failed("a cookie was not renewed", error, level=logging.WARNING)
        return response
    if renewed is not None:
        value, kept = renewed
        give_cookie(app, response, value, kept=kept)
    return response

"""Who is asking: the session cookie, read, given, renewed and taken back."""

import re
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request, Response

from moderation import accounts
from moderation.accounts import Person
from moderation.web.dependencies import Now, Parts, ThisApp


class NotSignedIn(Exception):
    """The page is for the team, and nobody is signed in."""


def _name(app: Parts) -> str:
    """Sites under paths of one host share its cookies: each has a name of its own for it."""
    path = re.sub(r"[^A-Za-z0-9]+", "-", app.settings.path)
    return ("__Host-session" if app.settings.secure else "session") + path


def cookie(app: Parts, request: Request) -> str:
    return request.cookies.get(_name(app), "")


def _person(app: ThisApp, request: Request, now: Now) -> Person:
    # A transaction of its own, ended before the endpoint begins one: a request that held one connection
    # and waited for a thread, or for another connection, could wait for one that waits for it.
    with app.reading() as session:
        found = accounts.holder(session, cookie(app, request), now)
    if found is None:
        raise NotSignedIn
    return found


SignedIn = Annotated[Person, Depends(_person)]


def give_cookie(app: Parts, response: Response, value: str, *, kept: bool) -> None:
    response.set_cookie(
        _name(app),
        value,
        max_age=int(accounts.KEPT.total_seconds()) if kept else None,
        path="/",
        secure=app.settings.secure,
        httponly=True,
        samesite="lax",
    )


def take_cookie(app: Parts, response: Response) -> None:
    response.delete_cookie(_name(app), path="/", secure=app.settings.secure, httponly=True, samesite="lax")


def renew(app: Parts, request: Request, response: Response, now: datetime) -> Response:
    """Once a day of use the cookie changes, so that a copied one dies."""
    with app.writing() as session:
        renewed = accounts.renew(session, cookie(app, request), now)
    if renewed is not None:
        value, kept = renewed
        give_cookie(app, response, value, kept=kept)
    return response

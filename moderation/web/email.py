"""« Mon compte »: another address, confirmed from its own mailbox."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from moderation import email_changes
from moderation.accounts import Exists, NotAnAddress, Person
from moderation.decisions import NotFound
from moderation.drafts import LONGEST_EMAIL
from moderation.links import BadLink, Expired, NewAddress
from moderation.web.confirm import draft, typed_before
from moderation.web.dependencies import Now, Parts, Reading, ThisApp
from moderation.web.people import PRIVATE, Confirmed, NotConfirmed, SignedIn, go

router = APIRouter()


@router.get("/desk/account/email")
def ask(app: ThisApp, person: Confirmed, typed: str = "") -> Response:
    return _asking(app, person, typed_before(app, person, typed).get("email", ""), 200)


def _asking(app: Parts, person: Person, email: str, status: int, problem: str = "") -> Response:
    return app.page(
        "account_email.html",
        None,
        status=status,
        headers=PRIVATE,
        person=person,
        typed=email,
        problem=problem,
    )


@router.post("/desk/account/email")
def change(
    app: ThisApp,
    request: Request,
    person: SignedIn,
    now: Now,
    email: Annotated[str, Form(max_length=LONGEST_EMAIL)] = "",
) -> Response:
    if not person.is_confirmed(now):
        raise NotConfirmed(f"/desk/account/email?typed={draft(app, person, email=email)}")
    if not app.mails:
        return _asking(app, person, email, 409)
    try:
        with app.writing() as session:
            email_changes.ask(session, person, email, now)
    except NotAnAddress:
        return _asking(app, person, email, 422, "not_an_address")
    return go(app, request, person, "/desk/account?done=email_asked", now)


@router.post("/desk/account/email/cancel")
def cancel(app: ThisApp, request: Request, person: SignedIn, now: Now) -> Response:
    with app.writing() as session:
        email_changes.cancel(session, person.id)
    return go(app, request, person, "/desk/account?done=email_cancelled", now)


@router.get("/new-address/{token}")
def show_link(app: ThisApp, session: Reading, now: Now, token: str) -> Response:
    """Shows a button and does nothing: mail scanners open every link."""
    try:
        link, _ = app.links.read(NewAddress, token, now)
    except (BadLink, Expired):
        return _shown(app, 410, "used")
    waiting = email_changes.waiting(session, link.change, now)
    return _shown(app, 200, typed=waiting.email) if waiting is not None else _shown(app, 410, "used")


def _shown(app: Parts, status: int, problem: str = "", typed: str = "") -> Response:
    return app.page("new_address.html", None, status=status, headers=PRIVATE, problem=problem, typed=typed)


@router.post("/new-address/{token}")
def use_link(app: ThisApp, now: Now, token: str) -> Response:
    try:
        link, _ = app.links.read(NewAddress, token, now)
        with app.writing() as session:
            email_changes.confirm(session, link.change, now)
    except (BadLink, Expired, NotFound):
        return _shown(app, 410, "used")
    except Exists:
        return _shown(app, 409, "taken")
    return _shown(app, 200, "done")

"""Signing in by password."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from moderation import accounts, factors, passwords
from moderation.accounts import CannotSignIn
from moderation.drafts import LONGEST_EMAIL
from moderation.throttle import TooMany
from moderation.tries import Door
from moderation.web.dependencies import Now, Parts, Sender, ThisApp
from moderation.web.onward import Next, inside
from moderation.web.people import PRIVATE
from moderation.web.sign_in import Ticked, led_on, proved, refused

router = APIRouter()
LONGEST_PASSWORD = 2000


@router.get("/sign-in/password")
def ask_password(app: ThisApp, next: str = "") -> Response:  # noqa: A002
    return _password(app, next, 200)


def _password(
    app: Parts, onward: str, status: int, problem: str = "", email: str = "", wait: int = 0
) -> Response:
    headers = {**PRIVATE, "Retry-After": str(wait)} if wait else PRIVATE
    return app.page(
        "sign_in_password.html",
        None,
        status=status,
        headers=headers,
        next=inside(onward),
        problem=problem,
        typed=email,
        wait=wait,
    )


@router.post("/sign-in/password")
def by_password(
    app: ThisApp,
    request: Request,
    sender: Sender,
    now: Now,
    email: Annotated[str, Form(max_length=LONGEST_EMAIL)] = "",
    password: Annotated[str, Form(max_length=LONGEST_PASSWORD)] = "",
    stay: Ticked = False,
    onward: Next = "",
) -> Response:
    if "@" not in email:
        return _password(app, onward, 422, "not_an_address", email)
    try:
        app.tries.by_sender(Door.PASSWORD, sender, now)
        app.tries.at_account(Door.PASSWORD, accounts.normal(email), now)
    except TooMany as many:
        return _password(app, onward, 429, "too_many", email, many.seconds)
    found, checked = known_by(app, email, password)
    if not checked.right:
        return refused("password", _password(app, onward, 422, "wrong", email))
    try:
        with app.writing() as session:
            account = factors.open_by_password(session, found, checked.renewed)
            proof = proved(app, request, session, account, now, stay=stay)
    except CannotSignIn:
        return refused("password", _password(app, onward, 422, "wrong", email))
    return led_on(app, proof, "password", stay=stay, onward=onward)


def known_by(app: Parts, email: str, password: str) -> tuple[factors.Known, passwords.Checked]:
    """Whose address it is, and what the password is worth there. Raises Busy."""
    with app.reading() as session:
        found = factors.known(session, email)
    # Outside any transaction, and the same for an address that is nobody's.
    return found, passwords.check(password, found.password)

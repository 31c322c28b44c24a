"""Signing in by a link used once, or by the short code of the same mail; signing out."""

import logging
import re
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from moderation import accounts, logs
from moderation.accounts import CannotSignIn
from moderation.drafts import LONGEST_EMAIL
from moderation.links import BadLink, CodeEntry, Expired, Opening
from moderation.models.queue import LetterKind
from moderation.web.dependencies import Now, Parts, Reading, ThisApp
from moderation.web.people import cookie, give_cookie, take_cookie

router = APIRouter()
PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "same-origin"}
# A page of this site and nothing else: no host, no backslash, no step upwards, no control.
_INSIDE = re.compile(r"(?:/[\w-]{1,100}){1,4}(?:\?[\w=&%.-]{0,300})?", re.ASCII)
Next = Annotated[str, Form(alias="next")]
Ticked = Annotated[bool, Form()]


def _inside(path: str) -> str:
    return path if _INSIDE.fullmatch(path) else "/desk"


@router.get("/sign-in")
def ask(app: ThisApp, next: str = "") -> Response:  # noqa: A002 - the contract's word
    return _asking(app, next, 200)


def _asking(app: Parts, onward: str, status: int, problem: str = "") -> Response:
    return app.page(
        "sign_in.html", None, status=status, headers=PRIVATE, next=_inside(onward), problem=problem
    )


@router.post("/sign-in")
def enter(  # one address for both fields, as the page has one form at a time
    app: ThisApp,
    now: Now,
    email: Annotated[str, Form()] = "",
    code: Annotated[str, Form(max_length=100)] = "",
    entry: Annotated[str, Form(max_length=600)] = "",
    stay: Ticked = False,
    onward: Next = "",
) -> Response:
    if entry:
        return _by_code(app, now, entry, code, stay=stay, onward=onward)
    if "@" not in email or "\0" in email or len(email) > LONGEST_EMAIL:
        return _asking(app, onward, 422, "not_an_address")
    with app.writing() as session:
        sign_in = accounts.ask(session, email, now, mail=LetterKind.SIGN_IN if _mails(app) else None)
        ticket = app.links.sign(CodeEntry(sign_in.id), now)
    logs.security("sign-in asked", level=logging.INFO)
    return _code(app, ticket, onward, 200)


def _code(app: Parts, ticket: str, onward: str, status: int, *, wrong: bool = False) -> Response:
    return app.page(
        "sign_in_code.html",
        None,
        status=status,
        headers=PRIVATE,
        entry=ticket,
        next=_inside(onward),
        wrong=wrong,
        mails=_mails(app),
    )


def _mails(app: Parts) -> bool:
    return app.settings.smtp_url is not None


def _by_code(app: Parts, now: datetime, entry: str, code: str, *, stay: bool, onward: str) -> Response:
    try:
        ticket, _ = app.links.read(CodeEntry, entry, now)
        with app.writing() as session:
            account = accounts.open_by_code(session, ticket.sign_in, code, now)
            value = accounts.start_session(session, account, kept=stay, now=now) if account else ""
    except (BadLink, Expired, CannotSignIn):
        logs.security("sign-in refused", by="code")
        return _asking(app, onward, 410, "used")
    if account is None:
        logs.security("sign-in refused", by="code")
        return _code(app, entry, onward, 422, wrong=True)
    logs.security("signed in", level=logging.INFO, by="code", account=account)
    return _welcome(app, value, stay=stay, onward=onward)


def _welcome(app: Parts, value: str, *, stay: bool, onward: str) -> Response:
    response = RedirectResponse(app.url(_inside(onward)), 303, headers=PRIVATE)
    give_cookie(app, response, value, kept=stay)
    return response


@router.get("/sign-in/{token}")
def show_link(app: ThisApp, session: Reading, now: Now, token: str) -> Response:
    """Shows a button and does nothing: mail scanners open every link."""
    try:
        opening, _ = app.links.read(Opening, token, now)
    except (BadLink, Expired):
        return _asking(app, "", 410, "used")
    if not accounts.is_open(session, opening.sign_in, now):
        return _asking(app, "", 410, "used")
    return app.page("sign_in_link.html", None, headers=PRIVATE)


@router.post("/sign-in/{token}")
def use_link(app: ThisApp, now: Now, token: str, stay: Ticked = False) -> Response:
    try:
        opening, _ = app.links.read(Opening, token, now)
        with app.writing() as session:
            account = accounts.open_by_link(session, opening.sign_in, now)
            value = accounts.start_session(session, account, kept=stay, now=now)
    except (BadLink, Expired, CannotSignIn):
        logs.security("sign-in refused", by="link")
        return _asking(app, "", 410, "used")
    logs.security("signed in", level=logging.INFO, by="link", account=account)
    return _welcome(app, value, stay=stay, onward="")


@router.post("/sign-out")
def sign_out(app: ThisApp, request: Request, now: Now) -> Response:
    with app.writing() as session:
        person = accounts.holder(session, cookie(app, request), now)
        accounts.sign_out(session, cookie(app, request))
    if person is not None:
        logs.security("signed out", level=logging.INFO, account=person.id)
    response = RedirectResponse(app.url("/"), 303)
    take_cookie(app, response)
    return response

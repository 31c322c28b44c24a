"""Signing in by a link used once or the short code of its mail; the second step; signing out."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from moderation import accounts, factors, logs
from moderation.accounts import CannotSignIn
from moderation.drafts import LONGEST_EMAIL
from moderation.links import BadLink, CodeEntry, Expired, Opening, SecondStep
from moderation.models.queue import LetterKind
from moderation.throttle import TooMany
from moderation.tries import Door
from moderation.vault import Unopened
from moderation.web.dependencies import Now, Parts, Reading, Sender, ThisApp
from moderation.web.onward import Next, inside
from moderation.web.people import PRIVATE, admit, give_cookie, holder, leave, take_cookie

router = APIRouter()
Ticked = Annotated[bool, Form()]
Code = Annotated[str, Form(max_length=100)]
Ticket = Annotated[str, Form(max_length=600)]


@dataclass(frozen=True)
class Proof:
    """What one proof was good for: a cookie, or a ticket to the second step."""

    account: int
    cookie: str = ""
    ticket: str = ""


def proved(
    app: Parts, request: Request, session: Session, account_id: int, now: datetime, *, stay: bool
) -> Proof:
    if factors.asks_for_codes(session, account_id):
        half = accounts.half_way(session, account_id, now)
        return Proof(account_id, ticket=app.links.sign(SecondStep(half.id), now))
    return Proof(account_id, cookie=admit(app, request, session, account_id, now, stay=stay))


def led_on(app: Parts, proof: Proof, by: str, *, stay: bool, onward: str) -> Response:
    if proof.ticket:
        return _second(app, proof.ticket, onward, 200, stay=stay)
    return welcome(app, proof.account, proof.cookie, by, stay=stay, onward=onward)


def welcome(app: Parts, account: int, value: str, by: str, *, stay: bool, onward: str) -> Response:
    logs.security("signed in", level=logging.INFO, by=by, account=account)
    response = RedirectResponse(app.url(inside(onward)), 303, headers=PRIVATE)
    give_cookie(app, response, value, kept=stay)
    return response


# By link or code


@router.get("/sign-in")
def ask(app: ThisApp, next: str = "") -> Response:  # noqa: A002 - the contract's word
    return asking(app, next, 200)


def asking(app: Parts, onward: str, status: int, problem: str = "", wait: int = 0) -> Response:
    headers = {**PRIVATE, "Retry-After": str(wait)} if wait else PRIVATE
    return app.page(
        "sign_in.html",
        None,
        status=status,
        headers=headers,
        next=inside(onward),
        problem=problem,
        party=app.party,
    )


@router.post("/sign-in")
def enter(  # one address for both fields, as the page has one form at a time
    app: ThisApp,
    request: Request,
    sender: Sender,
    now: Now,
    email: Annotated[str, Form()] = "",
    code: Code = "",
    entry: Ticket = "",
    stay: Ticked = False,
    onward: Next = "",
) -> Response:
    if entry:
        return _by_code(app, request, now, entry, code, stay=stay, onward=onward)
    if "@" not in email or "\0" in email or len(email) > LONGEST_EMAIL:
        return asking(app, onward, 422, "not_an_address")
    try:
        app.tries.by_sender(Door.LETTER, sender, now)
    except TooMany as many:
        return asking(app, onward, 429, "too_many", many.seconds)
    letter = _letter(app, email, now)
    with app.writing() as session:
        sign_in = accounts.ask(session, email, now, mail=letter, onward=inside(onward))
        ticket = app.links.sign(CodeEntry(sign_in.id), now)
    logs.security("sign-in asked", level=logging.INFO)
    return _code(app, ticket, onward, 200)


def _letter(app: Parts, email: str, now: datetime) -> LetterKind | None:
    """Nobody’s mailbox is filled by others; and as one has left, nobody is locked out either."""
    try:
        app.tries.at_account(Door.SAME_LETTER, accounts.normal(email), now)
    except TooMany:
        return None
    return LetterKind.SIGN_IN


def _code(app: Parts, ticket: str, onward: str, status: int, *, wrong: bool = False) -> Response:
    return app.page(
        "sign_in_code.html",
        None,
        status=status,
        headers=PRIVATE,
        entry=ticket,
        next=inside(onward),
        wrong=wrong,
    )


def _by_code(
    app: Parts, request: Request, now: datetime, entry: str, code: str, *, stay: bool, onward: str
) -> Response:
    try:
        ticket, _ = app.links.read(CodeEntry, entry, now)
        with app.writing() as session:
            account = accounts.open_by_code(session, ticket.sign_in, code, now)
            proof = proved(app, request, session, account, now, stay=stay) if account else None
    except (BadLink, Expired, CannotSignIn):
        return refused("code", asking(app, onward, 410, "used"))
    if proof is None:
        return refused("code", _code(app, entry, onward, 422, wrong=True))
    return led_on(app, proof, "code", stay=stay, onward=onward)


def refused(by: str, answer: Response) -> Response:
    logs.security("sign-in refused", by=by)
    return answer


# The second step


def _second(
    app: Parts, ticket: str, onward: str, status: int, *, stay: bool, problem: str = "", wait: int = 0
) -> Response:
    headers = {**PRIVATE, "Retry-After": str(wait)} if wait else PRIVATE
    return app.page(
        "sign_in_second.html",
        None,
        status=status,
        headers=headers,
        entry=ticket,
        next=inside(onward),
        stay=stay,
        problem=problem,
        party=app.party,
    )


@router.post("/sign-in/second")
def second_step(
    app: ThisApp,
    request: Request,
    now: Now,
    entry: Ticket = "",
    code: Code = "",
    recovery: Code = "",
    stay: Ticked = False,
    onward: Next = "",
) -> Response:
    try:
        ticket, _ = app.links.read(SecondStep, entry, now)
        with app.reading() as session:
            whose = accounts.whose(session, ticket.sign_in)
        if not recovery:
            app.tries.at_account(Door.CODE, str(whose), now)
        with app.writing() as session:
            account = factors.open_by_second_step(
                session, app.vault, ticket.sign_in, now, code=code, recovery=recovery
            )
            value = admit(app, request, session, account, now, stay=stay) if account else ""
    except (BadLink, Expired, CannotSignIn):
        return refused("second step", asking(app, onward, 410, "half"))
    except TooMany as many:
        return _second(app, entry, onward, 429, stay=stay, problem="too_many", wait=many.seconds)
    except Unopened as error:
        logs.failed("a second factor was sealed with a key that is gone", error, account=whose)
        return _second(app, entry, onward, 422, stay=stay, problem="unopened")
    if account is None:
        problem = "recovery" if recovery else "code"
        return refused("second step", _second(app, entry, onward, 422, stay=stay, problem=problem))
    return welcome(app, account, value, "second step", stay=stay, onward=onward)


# The link itself; its address is any, so it comes last


@router.get("/sign-in/{token}")
def show_link(app: ThisApp, session: Reading, now: Now, token: str) -> Response:
    """Shows a button and does nothing: mail scanners open every link."""
    try:
        opening, _ = app.links.read(Opening, token, now)
    except (BadLink, Expired):
        return asking(app, "", 410, "used")
    if not accounts.is_open(session, opening.sign_in, now):
        return asking(app, "", 410, "used")
    return app.page("sign_in_link.html", None, headers=PRIVATE)


@router.post("/sign-in/{token}")
def use_link(app: ThisApp, request: Request, now: Now, token: str, stay: Ticked = False) -> Response:
    try:
        opening, _ = app.links.read(Opening, token, now)
        with app.writing() as session:
            account = accounts.open_by_link(session, opening.sign_in, now)
            onward = accounts.onward(session, opening.sign_in)
            proof = proved(app, request, session, account, now, stay=stay)
    except (BadLink, Expired, CannotSignIn):
        return refused("link", asking(app, "", 410, "used"))
    return led_on(app, proof, "link", stay=stay, onward=onward)


@router.post("/sign-out")
def sign_out(app: ThisApp, request: Request, now: Now) -> Response:
    with app.writing() as session:
        person = holder(app, request, session, now)
        leave(app, request, session)
    if person is not None:
        logs.security("signed out", level=logging.INFO, account=person.id)
    response = RedirectResponse(app.url("/"), 303)
    take_cookie(app, response)
    return response

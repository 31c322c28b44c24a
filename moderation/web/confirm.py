"""Proving once more who one is, before changing how one signs in; then on to the page that was asked for."""

import json
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from moderation import accounts, factors, logs, sessions
from moderation.accounts import CannotSignIn, Person
from moderation.links import BadLink, CodeEntry, Expired
from moderation.models.queue import LetterKind
from moderation.pages import account as pages
from moderation.throttle import TooMany
from moderation.tries import Door
from moderation.vault import Unopened
from moderation.web.dependencies import Now, Parts, ThisApp
from moderation.web.onward import Next, inside
from moderation.web.password import LONGEST_PASSWORD, known_by
from moderation.web.people import PRIVATE, NotConfirmed, SignedIn, go
from moderation.web.sign_in import Code, Ticket

router = APIRouter(prefix="/desk/confirm")


async def led_there(request: Request, error: Exception) -> Response:
    assert isinstance(error, NotConfirmed)
    app: Parts = request.app.state.parts
    return RedirectResponse(app.url(f"/desk/confirm?next={quote(error.back)}"), 303, headers=PRIVATE)


def draft(app: Parts, person: Person, **typed: str) -> str:
    """What was typed in a form, sealed, to be put back in it after confirming."""
    return app.vault.seal(json.dumps(typed, ensure_ascii=False), f"draft {person.id}")


def typed_before(app: Parts, person: Person, sealed: str) -> dict[str, str]:
    """What the draft holds; nothing when it is not this person’s."""
    try:
        typed: dict[str, str] = json.loads(app.vault.open(sealed, f"draft {person.id}"))
    except Unopened:
        return {}
    return typed


@router.get("")
def ask(app: ThisApp, person: SignedIn, next: str = "") -> Response:  # noqa: A002 - the contract's word
    return asking(app, person, next, 200)


def asking(
    app: Parts,
    person: Person,
    onward: str,
    status: int,
    *,
    problem: str = "",
    entry: str = "",
    wait: int = 0,
) -> Response:
    """`entry` is the ticket for the code of a letter that was just sent."""
    with app.reading() as session:
        page = pages.ways(session, person)
    headers = {**PRIVATE, "Retry-After": str(wait)} if wait else PRIVATE
    return app.page(
        "confirm.html",
        page,
        status=status,
        headers=headers,
        person=person,
        next=inside(onward),
        problem=problem,
        entry=entry,
        party=app.party,
    )


@router.post("")
def answer(
    app: ThisApp,
    request: Request,
    person: SignedIn,
    now: Now,
    password: Annotated[str, Form(max_length=LONGEST_PASSWORD)] = "",
    code: Code = "",
    recovery: Code = "",
    entry: Ticket = "",
    onward: Next = "",
) -> Response:
    with app.reading() as session:
        asks_for_codes = factors.asks_for_codes(session, person.id)
    problem = "recovery" if recovery else "code"
    try:
        if asks_for_codes:
            # Neither the password nor the mailbox is enough by itself: it would undo what codes are for.
            right = _by_code(app, person, now, code, recovery)
        elif entry:
            problem, right = "letter", _by_letter(app, person, now, entry, code)
        else:
            problem, right = "password", _by_password(app, person, now, password)
    except TooMany as many:
        return asking(app, person, onward, 429, problem="too_many", entry=entry, wait=many.seconds)
    except (BadLink, Expired, CannotSignIn):
        logs.security("confirmation refused", by=problem)
        return asking(app, person, onward, 410, problem="used")
    except Unopened as error:
        logs.failed("a second factor was sealed with a key that is gone", error, account=person.id)
        return asking(app, person, onward, 422, problem="unopened")
    if not right:
        logs.security("confirmation refused", by=problem)
        return asking(app, person, onward, 422, problem=problem, entry=entry)
    return go(app, request, person, inside(onward), now)


def _by_code(app: Parts, person: Person, now: datetime, code: str, recovery: str) -> bool:
    if not recovery:
        app.tries.at_account(Door.CONFIRM, str(person.id), now)
    with app.writing() as session:
        right = factors.prove(session, app.vault, person.id, now, code=code, recovery=recovery)
        return right and _confirmed(session, person, now)


def _by_password(app: Parts, person: Person, now: datetime, password: str) -> bool:
    app.tries.at_account(Door.CONFIRM, str(person.id), now)
    found, checked = known_by(app, person.email, password)
    if not checked.right:
        return False
    with app.writing() as session:
        factors.open_by_password(session, found, checked.renewed)
        return _confirmed(session, person, now)


def _by_letter(app: Parts, person: Person, now: datetime, entry: str, code: str) -> bool:
    ticket, _ = app.links.read(CodeEntry, entry, now)
    with app.writing() as session:
        whose = accounts.open_by_code(session, ticket.sign_in, code, now)
        if whose is not None and whose != person.id:
            raise CannotSignIn
        return whose is not None and _confirmed(session, person, now)


def _confirmed(session: Session, person: Person, now: datetime) -> bool:
    sessions.confirm(session, person, now)
    return True


@router.post("/letter")
def send_letter(app: ThisApp, person: SignedIn, now: Now, onward: Next = "") -> Response:
    """Its link signs in anew and its code confirms here: either leads to the page that was asked for."""
    try:
        app.tries.at_account(Door.LETTER, str(person.id), now)
    except TooMany as many:
        return asking(app, person, onward, 429, problem="too_many", wait=many.seconds)
    with app.writing() as session:
        sign_in = accounts.ask(session, person.email, now, mail=LetterKind.SIGN_IN, onward=inside(onward))
        ticket = app.links.sign(CodeEntry(sign_in.id), now)
    return asking(app, person, onward, 200, entry=ticket)

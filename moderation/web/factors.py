"""« Mon compte »: the application that makes codes, and the recovery codes for the day it is lost."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from moderation import factors, totp
from moderation.accounts import Person
from moderation.factors import AlreadyOn
from moderation.vault import Unopened
from moderation.web.dependencies import Now, Parts, ThisApp
from moderation.web.people import PRIVATE, Confirmed, go
from moderation.web.sign_in import Code

router = APIRouter(prefix="/desk/account")


@router.get("/codes")
def ask(app: ThisApp, person: Confirmed) -> Response:
    return _asking(app, person, totp.new_secret(), 200)


def _asking(app: Parts, person: Person, secret: str, status: int, problem: str = "") -> Response:
    address = totp.address(secret, person.email, app.settings.site_name)
    return app.page(
        "account_codes.html",
        address,
        status=status,
        headers=PRIVATE,
        person=person,
        code=secret,
        entry=app.vault.seal(secret, _about(person)),
        picture=totp.picture(address),
        problem=problem,
    )


def _about(person: Person) -> str:
    return f"new codes {person.id} {person.browser}"


@router.post("/codes")
def turn_on(
    app: ThisApp,
    request: Request,
    person: Confirmed,
    now: Now,
    entry: Annotated[str, Form(max_length=300)] = "",
    code: Code = "",
) -> Response:
    try:
        secret = app.vault.open(entry, _about(person))
    except Unopened:
        return go(app, request, person, "/desk/account/codes", now)
    try:
        with app.writing() as session:
            recovery = factors.turn_codes_on(session, app.vault, person, secret, code, now)
    except AlreadyOn:
        return go(app, request, person, "/desk/account?done=codes_already", now)
    if recovery is None:
        return _asking(app, person, secret, 422, "code")
    return _recovery(app, person, recovery)


@router.post("/codes/remove")
def turn_off(app: ThisApp, request: Request, person: Confirmed, now: Now) -> Response:
    with app.writing() as session:
        factors.turn_codes_off(session, person, now)
    return go(app, request, person, "/desk/account?done=codes_off", now)


@router.post("/recovery")
def renew(app: ThisApp, person: Confirmed, now: Now) -> Response:
    with app.writing() as session:
        codes = factors.renew_recovery_codes(session, person, now)
    return _recovery(app, person, codes)


def _recovery(app: Parts, person: Person, codes: list[str]) -> Response:
    """Shown once, as the answer itself: no address leads here again."""
    return app.page("account_recovery.html", codes, headers=PRIVATE, person=person)

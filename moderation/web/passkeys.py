"""Passkeys: what browsers are asked and what they answer, to sign in, to confirm, to make another key."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from moderation import logs, markup, passkeys, sessions
from moderation.decisions import NotFound
from moderation.drafts import LONGEST_NAME
from moderation.markup import Refused
from moderation.party import Party
from moderation.passkeys import LONGEST_ANSWER, NotAccepted
from moderation.throttle import TooMany
from moderation.tries import Door
from moderation.web import confirm, sign_in
from moderation.web.account import Number
from moderation.web.dependencies import Now, Parts, Sender, ThisApp
from moderation.web.onward import Next, inside
from moderation.web.people import PRIVATE, Confirmed, SignedIn, admit, go
from moderation.web.sign_in import Ticked

router = APIRouter()
Answer = Annotated[str, Form(max_length=LONGEST_ANSWER)]


def _party(app: Parts) -> Party:
    if app.party is None:
        raise NotFound
    return app.party


def _json(text: str, status: int = 200) -> Response:
    return Response(text, status, headers=PRIVATE, media_type="application/json")


# Signing in with one alone: whoever unlocked it has it and is its owner


@router.post("/sign-in/passkey/options")
def ask(app: ThisApp, sender: Sender, now: Now) -> Response:
    party = _party(app)
    try:
        app.tries.by_sender(Door.PASSKEY, sender, now)
    except TooMany:
        return _json("{}", 429)
    with app.writing() as session:
        return _json(passkeys.sign_in_options(session, party, now))


@router.post("/sign-in/passkey")
def enter(
    app: ThisApp, request: Request, now: Now, answer: Answer = "", stay: Ticked = False, onward: Next = ""
) -> Response:
    try:
        proof = _proof(app, answer)
        with app.writing() as session:
            account = passkeys.accept(session, proof, now)
            value = admit(app, request, session, account, now, stay=stay)
    except NotAccepted:
        logs.security("sign-in refused", by="passkey")
        return sign_in.asking(app, onward, 422, "passkey")
    return sign_in.welcome(app, account, value, "passkey", stay=stay, onward=onward)


def _proof(app: Parts, answer: str) -> passkeys.Assertion:
    """Raises NotFound where there are no passkeys, and NotAccepted."""
    party = _party(app)
    with app.reading() as session:
        key = passkeys.find(session, answer)
    return passkeys.check_assertion(party, answer, key)


# Confirming with one of one’s own


@router.post("/desk/confirm/passkey/options")
def ask_again(app: ThisApp, person: SignedIn, now: Now) -> Response:
    party = _party(app)
    with app.writing() as session:
        return _json(passkeys.sign_in_options(session, party, now, account_id=person.id))


@router.post("/desk/confirm/passkey")
def again(
    app: ThisApp, request: Request, person: SignedIn, now: Now, answer: Answer = "", onward: Next = ""
) -> Response:
    try:
        proof = _proof(app, answer)
        with app.writing() as session:
            passkeys.accept(session, proof, now, account_id=person.id)
            sessions.confirm(session, person, now)
    except NotAccepted:
        logs.security("confirmation refused", by="passkey")
        return confirm.asking(app, person, onward, 422, problem="passkey")
    return go(app, request, person, inside(onward), now)


# Making and removing one


@router.get("/desk/account/passkeys")
def show(app: ThisApp, person: Confirmed) -> Response:
    return app.page(
        "account_passkey.html", None, headers=PRIVATE, person=person, party=app.party, typed="", problem=""
    )


@router.post("/desk/account/passkeys/options")
def ask_for_new(app: ThisApp, person: Confirmed, now: Now) -> Response:
    party = _party(app)
    with app.writing() as session:
        return _json(passkeys.registration_options(session, party, person, now))


@router.post("/desk/account/passkeys")
def register(
    app: ThisApp,
    request: Request,
    person: Confirmed,
    now: Now,
    answer: Answer = "",
    name: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    party = _party(app)
    try:
        said = markup.plain_line(name, LONGEST_NAME)
        made = passkeys.check_registration(party, answer)
        with app.writing() as session:
            passkeys.add(session, person, made, said, now)
    except (NotAccepted, Refused) as error:
        return app.page(
            "account_passkey.html",
            None,
            status=422,
            headers=PRIVATE,
            person=person,
            party=party,
            typed=name,
            problem="name" if isinstance(error, Refused) else "passkey",
        )
    return go(app, request, person, "/desk/account?done=passkey_added", now)


@router.post("/desk/account/passkeys/{passkey}/remove")
def remove(app: ThisApp, request: Request, person: Confirmed, now: Now, passkey: Number) -> Response:
    with app.writing() as session:
        passkeys.remove(session, person, passkey, now)
    return go(app, request, person, "/desk/account?done=passkey_removed", now)

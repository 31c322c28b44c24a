"""« Mon compte »: what there is about how a person signs in; the password, and the browsers signed in."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Path, Request, Response

from moderation import factors, passwords, preferences, sessions
from moderation.accounts import Person
from moderation.pages import account as pages
from moderation.web.dependencies import LARGEST, Now, Parts, Reading, ThisApp
from moderation.web.password import LONGEST_PASSWORD
from moderation.web.people import PRIVATE, Confirmed, SignedIn, go, take_cookie

router = APIRouter(prefix="/desk/account")
Number = Annotated[int, Path(ge=1, le=LARGEST)]


@router.get("")
def show(app: ThisApp, session: Reading, person: SignedIn, now: Now, done: str = "") -> Response:
    page = pages.overview(session, person, now)
    return app.page("account.html", page, headers=PRIVATE, person=person, news=done, party=app.party)


# The password


@router.get("/password")
def ask_password(app: ThisApp, session: Reading, person: Confirmed) -> Response:
    return _password(app, person, pages.ways(session, person), 200)


def _password(app: Parts, person: Person, page: pages.Ways, status: int, problem: str = "") -> Response:
    return app.page(
        "account_password.html", page, status=status, headers=PRIVATE, person=person, problem=problem
    )


@router.post("/password")
def set_password(
    app: ThisApp,
    request: Request,
    person: Confirmed,
    now: Now,
    password: Annotated[str, Form(max_length=LONGEST_PASSWORD)] = "",
) -> Response:
    own = factors.own_words(person, app.settings.site_name, app.settings.site_url)
    problem = passwords.problem(password, own)
    if problem:
        with app.reading() as session:
            page = pages.ways(session, person)
        return _password(app, person, page, 422, problem)
    hashed = passwords.hashed(password)
    with app.writing() as session:
        factors.set_password(session, person, hashed, now)
    return go(app, request, person, "/desk/account?done=password_set", now)


@router.post("/password/remove")
def remove_password(app: ThisApp, request: Request, person: Confirmed, now: Now) -> Response:
    with app.writing() as session:
        factors.remove_password(session, person, now)
    return go(app, request, person, "/desk/account?done=password_removed", now)


# What is shown of the queue


@router.post("/blur")
def blur(app: ThisApp, request: Request, person: SignedIn, now: Now, on: Annotated[bool, Form()]) -> Response:
    """Whether words the site looks out for are covered."""
    with app.writing() as session:
        preferences.set_blurs(session, person.id, on=on)
    return go(app, request, person, f"/desk/account?done={'blur_on' if on else 'blur_off'}", now)


# The browsers


@router.post("/sessions/end")
def end_many(
    app: ThisApp,
    request: Request,
    person: Confirmed,
    now: Now,
    which: Annotated[Literal["others", "all"], Form()],
) -> Response:
    with app.writing() as session:
        sessions.end_all(session, person.id, now, but=person.browser if which == "others" else None)
    answer = go(
        app, request, person, "/desk/account?done=others_ended" if which == "others" else "/sign-in", now
    )
    if which == "all":
        take_cookie(app, answer)
    return answer


@router.post("/sessions/{browser}/end")
def end_one(app: ThisApp, request: Request, person: Confirmed, now: Now, browser: Number) -> Response:
    with app.writing() as session:
        sessions.end(session, browser, account_id=person.id)
    if browser == person.browser:
        answer = go(app, request, person, "/sign-in", now)
        take_cookie(app, answer)
        return answer
    return go(app, request, person, "/desk/account?done=one_ended", now)

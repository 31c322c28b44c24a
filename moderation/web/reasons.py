"""The reasons a refusal may give, worded, ordered, added and put away by who administers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from moderation import charter, reasons
from moderation.accounts import Person
from moderation.pages import reasons as pages
from moderation.pages.reasons import Typed
from moderation.reasons import NoSuchReason, NotDone, Tie, Unusable
from moderation.statements import Category
from moderation.web.dependencies import Now, Parts, Reading, ThisApp
from moderation.web.people import PRIVATE, Admin, go

REASONS = "/desk/settings/reasons"
router = APIRouter(prefix=REASONS)
# Of either field; more is no mistake of somebody who types.
Words = Annotated[str, Form(max_length=20_000)]
# An article of the charter, and a category: absent, they stay as they are.
Clause = Annotated[str | None, Form(pattern=rf"^({charter.NAME})?$")]
Kind = Annotated[Category | None, Form()]
Move = Literal["up", "down", "offer", "withhold", "remove"]
# What each does, and what is said of it.
MOVES: dict[Move, tuple[Callable[[Session, str], None], str]] = {
    "up": (lambda session, code: reasons.move(session, code, -1), "moved"),
    "down": (lambda session, code: reasons.move(session, code, 1), "moved"),
    "offer": (lambda session, code: reasons.offer(session, code, offered=True), "offered"),
    "withhold": (lambda session, code: reasons.offer(session, code, offered=False), "withheld"),
    "remove": (reasons.remove, "removed"),
}


@router.get("")
def show(app: ThisApp, session: Reading, person: Admin, done: str = "") -> Response:
    return _shown(app, session, person, Typed(), news=done)


def _shown(
    app: Parts, session: Session, person: Person, typed: Typed, *, news: str = "", status: int = 200
) -> Response:
    page = pages.page(session, typed, app.settings.language)
    return app.page("settings_reasons.html", page, status=status, headers=PRIVATE, person=person, news=news)


@router.post("")
def add(
    app: ThisApp,
    request: Request,
    person: Admin,
    now: Now,
    label: Words = "",
    explanation: Words = "",
    article: Clause = None,
    category: Kind = None,
) -> Response:
    try:
        with app.writing() as session:
            code = reasons.add(session, label, explanation, _shipped(app), Tie(article, category))
    except (Unusable, NotDone) as error:
        return _again(app, person, error, Typed("", label, explanation, article or "", category or ""))
    return _done(app, request, person, now, "added", code)


@router.post("/{code}")
def word(
    app: ThisApp,
    request: Request,
    person: Admin,
    now: Now,
    code: str,
    label: Words = "",
    explanation: Words = "",
    article: Clause = None,
    category: Kind = None,
) -> Response:
    typed = Typed(code, label, explanation, article or "", category or "")
    try:
        with app.writing() as session:
            reasons.change(session, code, label, explanation, _shipped(app), Tie(article, category))
    except Unusable as error:
        return _again(app, person, error, typed)
    except NoSuchReason as error:
        # Its words are offered as those of a new one.
        return _again(app, person, error, replace(typed, code=""))
    return _done(app, request, person, now, "worded", code)


@router.post("/{code}/move")
def move(
    app: ThisApp, request: Request, person: Admin, now: Now, code: str, move: Annotated[Move, Form()]
) -> Response:
    deed, done = MOVES[move]
    try:
        with app.writing() as session:
            deed(session, code)
    except (NoSuchReason, NotDone) as error:
        return _again(app, person, error, Typed())
    return _done(app, request, person, now, done, code)


def _shipped(app: Parts) -> reasons.Shipped:
    shipped: reasons.Shipped = app.templates.globals["label"].shipped  # type: ignore[attr-defined]
    return shipped


def _done(app: Parts, request: Request, person: Person, now: Now, what: str, code: str) -> Response:
    app.wording.forget()
    return go(app, request, person, f"{REASONS}?done=reason_{what}#reason-{code}", now)


def _again(app: Parts, person: Person, error: Unusable | NotDone | NoSuchReason, typed: Typed) -> Response:
    """The reasons as they are now, why nothing was done, and what had been typed."""
    field = error.field if isinstance(error, Unusable) else ""
    problem = "gone" if isinstance(error, NoSuchReason) else error.problem
    with app.reading() as session:
        typed = replace(typed, field=field, problem=problem)
        return _shown(app, session, person, typed, status=422 if field else 409)

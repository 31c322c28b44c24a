"""The moderators' space: the list and one contribution, deciding, undoing, the log."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from pydantic import AfterValidator
from sqlmodel import Session

from moderation import articles, decisions, leases
from moderation.accounts import Person, is_team
from moderation.deciders import MayNotDecide
from moderation.decisions import NoteTooLong, NotFound, ReasonNeeded, Stale, TooLate
from moderation.lifecycle import Action, IllegalMove, Reason, Status
from moderation.models.public import Mode
from moderation.models.queue import Decision
from moderation.pages import desk as pages
from moderation.pages import log as logged
from moderation.pages import queue, together
from moderation.pages.desk import DeskPage
from moderation.pages.filters import Filter
from moderation.voices import Heard
from moderation.web import observe
from moderation.web.dependencies import LARGEST, Now, Parts, Reading, ThisApp
from moderation.web.people import PRIVATE, Admin, SignedIn, go

router = APIRouter(prefix="/desk")
Done = Annotated[int | None, Query(ge=1, le=LARGEST)]


def _filter(
    status: Status = Status.PENDING,
    order: Literal["oldest", "newest"] = "oldest",
    passed: Literal["yes"] | None = None,
) -> Filter:
    return Filter(status, newest=order == "newest", passed=passed is not None)


Listed = Annotated[Filter, Depends(_filter)]


@dataclass(frozen=True)
class Typed:
    """What a decision that was not made had said, and why it was not."""

    stale: Stale | IllegalMove | TooLate | None = None
    problem: str = ""
    reason: Reason | None = None
    note: str = ""
    # What was to be noted for the team.
    internal: str = ""


def _show(
    app: Parts,
    session: Session,
    person: Person,
    now: Now,
    page: DeskPage | None,
    typed: Typed,
    status: int = 200,
) -> Response:
    if page is None:
        raise NotFound
    listed = [card.id for card in (*page.forward, *page.beside.cards)]
    opened = page.item.card.id if page.item is not None else None
    zone = ZoneInfo(app.settings.timezone)
    team = together.team(session, person, listed, opened, now=now, zone=zone)
    return app.page(
        "queue.html", page, status=status, headers=PRIVATE, person=person, now=now, typed=typed, team=team
    )


@router.get("")
def first(
    app: ThisApp,
    session: Reading,
    person: SignedIn,
    now: Now,
    which: Listed,
    after: Annotated[str | None, Query(max_length=200)] = None,
    done: Done = None,
    forum: Annotated[str | None, Query(max_length=200)] = None,
    heard: Done = None,
) -> Response:
    told = pages.told(session, done, forum, heard)
    page = pages.first(session, person, which, after=after, told=told, room=app.settings.room)
    return _show(app, session, person, now, page, Typed())


@router.get("/log")
def log(
    app: ThisApp,
    session: Reading,
    person: SignedIn,
    now: Now,
    before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
    whose: Literal["own"] | None = None,
) -> Response:
    page = logged.log(session, before, person.id if whose else None)
    return app.page("log.html", page, headers=PRIVATE, person=person, now=now)


@router.get("/comments/{comment_id}")
def item(
    app: ThisApp,
    session: Reading,
    person: SignedIn,
    now: Now,
    comment_id: str,
    which: Listed,
    done: Done = None,
    heard: Done = None,
) -> Response:
    told = pages.told(session, done, heard=heard)
    page = pages.opened(session, person, which, comment_id, told=told, room=app.settings.room)
    return _show(app, session, person, now, page, Typed())


@router.post("/articles/{slug}/{move}")
def move_forum(
    app: ThisApp, request: Request, person: Admin, now: Now, slug: str, move: Literal["open", "close"]
) -> Response:
    mode = Mode.APRIORI if move == "open" else Mode.CLOSED
    try:
        with app.writing() as session:
            articles.move(session, slug, mode, by=person.id, now=now)
    except articles.NotFound:
        raise NotFound from None
    return go(app, request, person, f"/desk?forum={slug}", now)


def clean(typed: str) -> str:
    # A browser sends each newline as two characters and counts it as one.
    return typed.replace("\r\n", "\n").replace("\0", "")


@router.post("/comments/{comment_id}/{action}")
def decide(
    app: ThisApp,
    request: Request,
    person: SignedIn,
    now: Now,
    comment_id: str,
    action: Action,
    which: Listed,
    revision: Annotated[int, Form(ge=1, le=LARGEST)],
    reason: Annotated[str, Form()] = "",
    note: Annotated[str, AfterValidator(clean), Form()] = "",
) -> Response:
    chosen = Reason(reason) if reason in set(Reason) else None
    try:
        with app.writing() as session:
            made = decisions.speak(
                session,
                comment_id,
                action,
                revision=revision,
                by=person.id,
                now=now,
                undo=timedelta(seconds=app.settings.undo_seconds),
                reason=chosen,
                note=note,
            )
            done = made.id if isinstance(made, Decision) else None
            heard = made.voice_id if isinstance(made, Heard) else None
            onward = queue.onward(session, person, which, comment_id, now)
            if onward and is_team(session):
                leases.take(session, onward, by=person.id, now=now)
    except (Stale, IllegalMove, ReasonNeeded, NoteTooLong, MayNotDecide) as error:
        typed = _refused(error, chosen, note)
        return as_it_is(app, person, now, comment_id, which, typed)
    if done is not None:
        observe.decided(done, action, person.id)
    path = f"/desk/comments/{onward}" if onward else "/desk"
    return go(app, request, person, which.address(path, done=done, heard=heard), now)


def _refused(
    error: Stale | IllegalMove | ReasonNeeded | NoteTooLong | MayNotDecide,
    reason: Reason | None,
    note: str,
) -> Typed:
    if isinstance(error, MayNotDecide):
        return Typed(None, "may_not", reason, note)
    if isinstance(error, NoteTooLong):
        return Typed(None, "length", reason, note)
    if isinstance(error, ReasonNeeded):
        return Typed(None, "note" if error.note else "reason", reason, note)
    return Typed(error, "", reason, note)


def as_it_is(app: Parts, person: Person, now: Now, comment_id: str, which: Filter, typed: Typed) -> Response:
    """The contribution as it is now, why nothing was done, and what had been typed."""
    with app.reading() as session:
        page = pages.opened(session, person, which, comment_id, room=app.settings.room)
        status = {"": 409, "may_not": 403}.get(typed.problem, 422)
        return _show(app, session, person, now, page, typed, status)


@router.post("/undo")
def undo(
    app: ThisApp,
    request: Request,
    person: SignedIn,
    now: Now,
    which: Listed,
    decision: Annotated[int, Form(ge=1, le=LARGEST)],
) -> Response:
    try:
        with app.writing() as session:
            undone = decisions.undo(session, decision, by=person.id, now=now)
            comment_id, line = undone.comment_id, undone.id
        observe.decided(line, "undo", person.id)
    except (TooLate, MayNotDecide) as late:
        with app.reading() as session:
            found = logged.line(session, decision)
        if found is None:
            raise NotFound from None
        typed = Typed(late) if isinstance(late, TooLate) else Typed(problem="may_not")
        return as_it_is(app, person, now, found.comment_id, which, typed)
    return go(app, request, person, which.address(f"/desk/comments/{comment_id}", done=line), now)

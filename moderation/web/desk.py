"""The moderators' space: the queue, one contribution, deciding, undoing, the log."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import AfterValidator

from moderation import articles, decisions
from moderation.accounts import Person
from moderation.decisions import NoteTooLong, NotFound, ReasonNeeded, Stale, TooLate
from moderation.lifecycle import Action, IllegalMove, Reason, Status
from moderation.models.public import Mode
from moderation.pages import desk as pages
from moderation.web import observe
from moderation.web.dependencies import LARGEST, Now, Parts, Reading, ThisApp
from moderation.web.people import PRIVATE, Admin, SignedIn, go

router = APIRouter(prefix="/desk")
Done = Annotated[int | None, Query(ge=1, le=LARGEST)]


@router.get("")
def queue(
    app: ThisApp,
    session: Reading,
    person: SignedIn,
    now: Now,
    status: Status = Status.PENDING,
    after: Annotated[str | None, Query(max_length=200)] = None,
    done: Done = None,
    forum: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    page = pages.queue(
        session, person, status=status, after=after, done=done, moved=forum, room=app.settings.room
    )
    return app.page("queue.html", page, headers=PRIVATE, person=person, now=now)


@router.get("/log")
def log(
    app: ThisApp,
    session: Reading,
    person: SignedIn,
    before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
) -> Response:
    return app.page("log.html", pages.log(session, before), headers=PRIVATE, person=person)


@router.get("/comments/{comment_id}")
def item(
    app: ThisApp, session: Reading, person: SignedIn, now: Now, comment_id: str, done: Done = None
) -> Response:
    page = pages.item(session, person, comment_id, done)
    if page is None:
        raise NotFound
    return app.page("item.html", page, headers=PRIVATE, person=person, now=now, **_NOTHING_TYPED)


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


_NOTHING_TYPED: dict[str, Any] = {"stale": None, "problem": "", "typed_reason": None, "typed_note": ""}


@router.post("/comments/{comment_id}/{action}")
def decide(
    app: ThisApp,
    request: Request,
    person: SignedIn,
    now: Now,
    comment_id: str,
    action: Action,
    revision: Annotated[int, Form(ge=1, le=LARGEST)],
    reason: Annotated[str, Form()] = "",
    note: Annotated[str, AfterValidator(decisions.as_noted), Form()] = "",
) -> Response:
    chosen = Reason(reason) if reason in set(Reason) else None
    try:
        with app.writing() as session:
            decision = decisions.decide(
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
            done = decision.id
        observe.decided(done, action, person.id)
    except (Stale, IllegalMove, ReasonNeeded, NoteTooLong) as error:
        return _refused(app, person, now, comment_id, error, chosen, note)
    with app.reading() as session:
        onward = pages.next_waiting(session, person, comment_id)
    place = f"/desk/comments/{onward}?done={done}" if onward else f"/desk?done={done}"
    return go(app, request, person, place, now)


def _refused(
    app: Parts,
    person: Person,
    now: Now,
    comment_id: str,
    error: Stale | IllegalMove | ReasonNeeded | NoteTooLong,
    reason: Reason | None,
    note: str,
) -> Response:
    """The item as it is now, why nothing was done, and what had been typed."""
    with app.reading() as session:
        page = pages.item(session, person, comment_id)
    if page is None:
        raise NotFound
    problem = "length" if isinstance(error, NoteTooLong) else ""
    if isinstance(error, ReasonNeeded):
        problem = "note" if error.note else "reason"
    return app.page(
        "item.html",
        page,
        status=422 if problem else 409,
        headers=PRIVATE,
        person=person,
        now=now,
        stale=None if problem else error,
        problem=problem,
        typed_reason=reason,
        typed_note=note,
    )


@router.post("/undo")
def undo(
    app: ThisApp,
    request: Request,
    person: SignedIn,
    now: Now,
    decision: Annotated[int, Form(ge=1, le=LARGEST)],
) -> Response:
    try:
        with app.writing() as session:
            undone = decisions.undo(session, decision, by=person.id, now=now)
            comment_id, line = undone.comment_id, undone.id
        observe.decided(line, "undo", person.id)
    except TooLate as late:
        return _too_late(app, person, now, decision, late)
    return go(app, request, person, f"/desk/comments/{comment_id}?done={line}", now)


def _too_late(app: Parts, person: Person, now: Now, decision: int, late: TooLate) -> Response:
    with app.reading() as session:
        line = pages.line(session, decision)
        page = pages.item(session, person, line.comment_id) if line else None
    if page is None:
        raise NotFound
    typed = {**_NOTHING_TYPED, "stale": late}
    return app.page("item.html", page, status=409, headers=PRIVATE, person=person, now=now, **typed)

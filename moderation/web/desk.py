"""The moderators' space: the list and one contribution, deciding, undoing, the log."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Literal, TypedDict
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import AfterValidator, Field
from sqlmodel import Session

from moderation import articles, bulk, deciders, decisions, leases, remarks
from moderation.accounts import Person
from moderation.appeals import Unanswered
from moderation.deciders import MayNotDecide
from moderation.decisions import NotFound, Stale, TooLate
from moderation.drafts import Problem
from moderation.lifecycle import Action, IllegalMove
from moderation.models.public import Mode
from moderation.models.queue import Decision
from moderation.pages import desk as pages
from moderation.pages import log as logged
from moderation.pages import lots, queue, together
from moderation.pages.desk import Beside, DeskPage, Told
from moderation.pages.filters import Filter
from moderation.pages.lots import Selection
from moderation.remarks import NoteTooLong, QuestionNeeded, ReasonNeeded
from moderation.settings import Room
from moderation.voices import Heard
from moderation.web import observe
from moderation.web.dependencies import LARGEST, Now, Parts, Reading, ThisApp
from moderation.web.listed import Listed
from moderation.web.people import PRIVATE, Admin, SignedIn, go
from moderation.web.picked import JustMade, Picked

router = APIRouter(prefix="/desk")
Done = Annotated[int | None, Query(ge=1, le=LARGEST)]


NOTHING = Selection()
Voices = Annotated[list[Annotated[int, Field(ge=1, le=LARGEST)]] | None, Query(max_length=bulk.MOST)]


@dataclass(frozen=True)
class Typed:
    """What a decision that was not made had said, and why it was not."""

    stale: Stale | IllegalMove | TooLate | None = None
    problem: str = ""
    reason: str | None = None
    note: str = ""
    # What its author was to be asked.
    question: str = ""
    # What was to be noted for the team.
    internal: str = ""
    # What was to be answered, and what is wrong with it.
    answer: str = ""
    answer_problem: Problem | None = None


class SiteFacts(TypedDict):
    room: Room
    site_name: str


def site_of(app: Parts) -> SiteFacts:
    return {"room": app.settings.room, "site_name": app.settings.site_name}


def show(
    app: Parts,
    session: Session,
    person: Person,
    now: Now,
    page: DeskPage | None,
    typed: Typed,
    status: int = 200,
    picked: Selection = NOTHING,
) -> Response:
    if page is None:
        raise NotFound
    listed = [card.id for card in page.listed]
    opened = page.item.card.id if page.item is not None else None
    zone = ZoneInfo(app.settings.timezone)
    return app.page(
        "queue.html",
        page,
        status=status,
        headers=PRIVATE,
        person=person,
        now=now,
        typed=typed,
        picked=picked,
        team=together.team(session, person, listed, opened, now=now, zone=zone),
    )


@router.get("")
def first(
    app: ThisApp,
    session: Reading,
    person: SignedIn,
    now: Now,
    which: Listed,
    picked: Picked,
    made: JustMade,
    after: Annotated[str | None, Query(max_length=200)] = None,
    done: Done = None,
    forum: Annotated[str | None, Query(max_length=200)] = None,
    heard: Voices = None,
    said: Beside | None = None,
) -> Response:
    told = replace(
        pages.told(session, person, done, forum, heard or ()),
        said=said,
        lot=lots.lot(session, person, made.lot),
        left=lots.left(session, person, made.left),
    )
    told = _or_before(app, session, person, now, told)
    page = pages.first(session, person, which, after=after, told=told, **site_of(app))
    return show(app, session, person, now, page, Typed(), picked=picked)


def _or_before(app: Parts, session: Session, person: Person, now: Now, told: Told) -> Told:
    """Where nothing was done just now, what was done before and may still be taken back."""
    undo = timedelta(seconds=app.settings.undo_seconds)
    return told if told != Told() else pages.before(session, person, now, undo)


@router.get("/log")
def log(
    app: ThisApp,
    session: Reading,
    person: SignedIn,
    now: Now,
    before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
    whose: Literal["own"] | None = None,
) -> Response:
    page = logged.log(session, person, before, own=whose is not None)
    return app.page("log.html", page, headers=PRIVATE, person=person, now=now)


@router.get("/comments/{comment_id}")
def item(
    app: ThisApp,
    session: Reading,
    person: SignedIn,
    now: Now,
    comment_id: str,
    which: Listed,
    picked: Picked,
    done: Done = None,
    heard: Voices = None,
    said: Beside | None = None,
) -> Response:
    told = replace(pages.told(session, person, done, heard=heard or ()), said=said)
    told = _or_before(app, session, person, now, told)
    page = pages.opened(session, person, which, comment_id, told=told, **site_of(app))
    return show(app, session, person, now, page, Typed(), picked=picked)


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
    note: Annotated[str, AfterValidator(remarks.as_noted), Form()] = "",
) -> Response:
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
                reason=reason or None,
                note=note,
                answer_within=timedelta(days=app.settings.answer_days),
            )
            done = made.id if isinstance(made, Decision) else None
            heard = made.voice_id if isinstance(made, Heard) else None
            onward = queue.onward(session, person, which, comment_id, now)
            if onward and deciders.is_team(session):
                leases.take(session, onward, by=person.id, now=now, wait=False)
    except (Stale, IllegalMove, ReasonNeeded, QuestionNeeded, NoteTooLong, MayNotDecide) as error:
        typed = _refused(error, reason or None, note)
        if action is Action.ASK:
            typed = _unasked(typed)
        return as_it_is(app, person, now, comment_id, which, typed)
    if done is not None:
        observe.decided(done, action, person.id)
    path = f"/desk/comments/{onward}" if onward else "/desk"
    return go(app, request, person, which.address(path, done=done, heard=heard), now)


def _refused(
    error: Stale | IllegalMove | ReasonNeeded | QuestionNeeded | NoteTooLong | MayNotDecide,
    reason: str | None,
    note: str,
) -> Typed:
    if isinstance(error, MayNotDecide):
        return Typed(None, "may_not", reason, note)
    if isinstance(error, NoteTooLong):
        return Typed(None, "length", reason, note)
    if isinstance(error, Unanswered):
        return Typed(None, "note", reason, note)
    if isinstance(error, ReasonNeeded):
        return Typed(None, "note" if error.note else "reason", reason, note)
    if isinstance(error, QuestionNeeded):
        return Typed(None, "empty", reason, note)
    return Typed(error, "", reason, note)


def _unasked(typed: Typed) -> Typed:
    """A question goes back to its own field."""
    problem = {"empty": "question_empty", "length": "question_long"}.get(typed.problem, typed.problem)
    return replace(typed, problem=problem, reason=None, note="", question=typed.note)


def as_it_is(app: Parts, person: Person, now: Now, comment_id: str, which: Filter, typed: Typed) -> Response:
    """The contribution as it is now, why nothing was done, and what had been typed."""
    with app.reading() as session:
        page = pages.opened(session, person, which, comment_id, **site_of(app))
        status = {"": 409, "answer_voices": 409, "voice": 409, "may_not": 403}.get(typed.problem, 422)
        return show(app, session, person, now, page, typed, status)

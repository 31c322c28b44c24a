"""Taking back: one decision, or those of a lot; what is too late is explained."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.exceptions import RequestValidationError

from moderation import replies
from moderation.accounts import Person
from moderation.deciders import MayNotDecide
from moderation.decisions import NotFound, TooLate
from moderation.pages import desk as pages
from moderation.pages import log as logged
from moderation.pages import lots
from moderation.pages.desk import Told
from moderation.pages.filters import Filter
from moderation.replies import Answer
from moderation.web import observe
from moderation.web.dependencies import LARGEST, Now, Parts, ThisApp
from moderation.web.desk import Typed, as_it_is, show, site_of
from moderation.web.listed import Listed
from moderation.web.people import SignedIn, go

router = APIRouter(prefix="/desk")


@router.post("/undo")
def undo(
    app: ThisApp,
    request: Request,
    person: SignedIn,
    now: Now,
    which: Listed,
    decision: Annotated[int | None, Form(ge=1, le=LARGEST)] = None,
    lot: Annotated[str, Form(max_length=26)] = "",
) -> Response:
    if decision is None and not lot:
        raise RequestValidationError([])
    if decision is None:
        return _undo_lot(app, request, person, now, which, lot)
    try:
        with app.writing() as session:
            answered = replies.about(session, decision)
            undone = replies.undo(session, decision, by=person.id, now=now)
            comment_id, line = undone.comment_id, undone.id
        observe.decided(line, "undo", person.id)
    except (TooLate, MayNotDecide) as late:
        with app.reading() as session:
            found = logged.line(session, person, decision)
        if found is None:
            raise NotFound from None
        return as_it_is(app, person, now, found.comment_id, which, _not_undone(late))
    if answered is not None:
        return _unanswered(app, person, now, which, answered, line)
    return go(app, request, person, which.address(f"/desk/comments/{comment_id}", done=line), now)


def _not_undone(late: TooLate | MayNotDecide) -> Typed:
    return Typed(late) if isinstance(late, TooLate) else Typed(problem="may_not")


def _unanswered(
    app: Parts, person: Person, now: Now, which: Filter, answered: Answer, line: int | None
) -> Response:
    """What was answered is no more: its words are given back, to be changed and sent again."""
    with app.reading() as session:
        told = pages.told(session, person, line)
        page = pages.opened(session, person, which, answered.parent_id, told=told, **site_of(app))
        return show(app, session, person, now, page, Typed(answer=answered.source))


def _undo_lot(app: Parts, request: Request, person: Person, now: Now, which: Filter, lot: str) -> Response:
    with app.reading() as session:
        answered = replies.of(session, lot)
    try:
        with app.writing() as session:
            undone = replies.undo_lot(session, lot, by=person.id, now=now)
            lines = [line.id for line in undone.done]
    except (TooLate, MayNotDecide) as late:
        assert answered is not None  # of others, each is undone or left
        return as_it_is(app, person, now, answered.parent_id, which, _not_undone(late))
    for line in lines:
        observe.decided(line, "undo", person.id)
    left = lots.words(undone.left)
    if answered is not None:
        return _unanswered(app, person, now, which, answered, lines[0])
    if lines:
        return go(app, request, person, which.address("/desk", lot=undone.lot, left=left), now)
    with app.reading() as session:
        told = Told(left=lots.left(session, person, left))
        page = pages.first(session, person, which, after=None, told=told, **site_of(app))
        return show(app, session, person, now, page, Typed(), status=409)

"""Deciding from a letter: a link shows one contribution as it is now; its buttons decide, nothing else."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse
from pydantic import AfterValidator

from moderation import decisions, reasons, remarks, replies
from moderation.appeals import Unanswered
from moderation.deciders import MayNotDecide
from moderation.decisions import NotFound, Stale, TooLate
from moderation.lifecycle import Action, IllegalMove
from moderation.links import BadLink, Expired, Review
from moderation.models.queue import Decision
from moderation.pages import reviewing as pages
from moderation.remarks import NoteTooLong, ReasonNeeded
from moderation.voices import Heard
from moderation.web import observe
from moderation.web.dependencies import Now, Parts, ThisApp
from moderation.web.desk import Typed
from moderation.web.people import PRIVATE

router = APIRouter(prefix="/review/{token}")
NOTHING = Typed()
News = Literal["", "heard", "undone"]


@router.get("")
def show(app: ThisApp, now: Now, token: str, done: News = "") -> Response:
    try:
        link = _link(app, token, now)
    except Expired:
        return app.page("review_over.html", None, status=410, headers=PRIVATE)
    return _page(app, now, token, link, NOTHING, news=done)


@router.post("")
def act(
    app: ThisApp,
    now: Now,
    token: str,
    action: Annotated[Literal[Action.PUBLISH, Action.REFUSE, Action.SPAM, "undo"], Form()],
    reason: Annotated[str, Form()] = "",
    note: Annotated[str, AfterValidator(remarks.as_noted), Form()] = "",
) -> Response:
    try:
        link = _link(app, token, now)
    except Expired:
        return app.page("review_over.html", None, status=410, headers=PRIVATE)
    try:
        news = _done(app, link, action, reason, note, now)
    except (Stale, IllegalMove, TooLate, MayNotDecide, ReasonNeeded, NoteTooLong) as refused:
        return _page(app, now, token, link, _typed(refused, reason, note), _status(refused))
    return RedirectResponse(app.url(f"/review/{token}?done={news}"), 303, headers=PRIVATE)


def _link(app: Parts, token: str, now: Now) -> Review:
    """Raises NotFound, and Expired."""
    try:
        return app.links.read(Review, token, now)[0]
    except BadLink:
        raise NotFound from None


def _done(app: Parts, link: Review, action: str, reason: str, note: str, now: Now) -> News:
    return (
        _undo(app, link, now) if action == "undo" else _decide(app, link, Action(action), reason, note, now)
    )


def _decide(app: Parts, link: Review, action: Action, reason: str, note: str, now: Now) -> News:
    if action not in link.actions.split():
        raise NotFound
    with app.writing() as session:
        if pages.holder(session, link) is None:
            raise NotFound
        made = decisions.speak(
            session,
            link.comment,
            action,
            revision=link.revision,
            by=link.account,
            now=now,
            undo=timedelta(seconds=app.settings.undo_seconds),
            reason=reason or None,
            note=note,
        )
        line = made.id if isinstance(made, Decision) else None
    if isinstance(made, Heard):
        return "heard"
    observe.decided(line, action, link.account)
    return ""


def _undo(app: Parts, link: Review, now: Now) -> News:
    with app.writing() as session:
        line = pages.made(session, link, now) if pages.holder(session, link) is not None else None
        if line is None or line.id is None:
            raise NotFound
        undone = replies.undo(session, line.id, by=link.account, now=now).id
    observe.decided(undone, "undo", link.account)
    return "undone"


def _typed(refused: Exception, reason: str, note: str) -> Typed:
    if isinstance(refused, ReasonNeeded | Unanswered):
        told = isinstance(refused, Unanswered) or refused.note
        return Typed(problem="note" if told else "reason", reason=reason or None, note=note)
    problem = {NoteTooLong: "length", MayNotDecide: "may_not"}.get(type(refused), "moved")
    return Typed(problem=problem, reason=reason or None, note=note)


def _status(refused: Exception) -> int:
    if isinstance(refused, MayNotDecide):
        return 403
    return 422 if isinstance(refused, ReasonNeeded | NoteTooLong | Unanswered) else 409


def _page(
    app: Parts, now: Now, token: str, link: Review, typed: Typed, status: int = 200, news: News = ""
) -> Response:
    with app.reading() as session:
        reasons.recall(session, app.wording, now)
        page = pages.reviewing(session, link, now, app.settings.site_name)
    if page is None:
        raise NotFound
    return app.page(
        "review.html", page, status=status, headers=PRIVATE, link=token, typed=typed, news=news, now=now
    )

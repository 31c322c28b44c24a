"""The author's own page: where the text is, answering about it, and taking it back while it waits."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import AfterValidator
from sqlmodel import Session

from moderation import answers, charters, contesting, identifiers, portable, reasons, remarks, submissions
from moderation import news as authors_news
from moderation.decisions import NotFound, Stale
from moderation.lanes import Lane
from moderation.lifecycle import Action, IllegalMove
from moderation.news import NoAddress
from moderation.pages import statistics, yours
from moderation.pages import tracking as pages
from moderation.pages.tracking import TrackingPage
from moderation.throttle import TooMany
from moderation.web.dependencies import LARGEST, Now, Parts, Reading, Sender, ThisApp

router = APIRouter()
PRIVATE = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    # Not « no-referrer »: over plain HTTP a form would then post from the origin « null ».
    "Referrer-Policy": "same-origin",
}
# What was not done, of what has words that are given back.
NOT_DONE: dict[str, str] = {Action.ANSWER: "not_answered", Action.APPEAL: "not_appealed"}
_CODE = re.compile(rf"[{identifiers.ALPHABET}]{{1,26}}")


@router.get("/track")
def ask_for_code(app: ThisApp, done: Literal["revoked"] | None = None) -> Response:
    return app.page("track_code.html", None, headers=PRIVATE, unknown=False, typed="", news=done)


@router.post("/track")
def find(app: ThisApp, code: Annotated[str, Form()] = "") -> Response:
    heard = identifiers.heard(code)
    if not _CODE.fullmatch(heard):
        return unknown(app, code)
    return RedirectResponse(app.url(f"/track/{heard}"), 303, headers=PRIVATE)


@router.get("/track/{code}")
def show(
    app: ThisApp, session: Reading, now: Now, code: str, done: Literal["mailed"] | None = None
) -> Response:
    page = _tracking(app, session, code, now)
    return unknown(app, code) if page is None else _page(app, session, now, page, news=done or "")


def _page(
    app: Parts,
    session: Session,
    now: datetime,
    page: TrackingPage,
    *,
    status: int = 200,
    problem: str = "",
    typed: str = "",
    news: str = "",
) -> Response:
    usual = app.usual.get(now, lambda: statistics.usual(session, now)) if page.waits else None
    clause = charters.title(session, page.cites, app.settings.language) if page.cites else ""
    return app.page(
        "track_notice.html" if page.lane is Lane.NOTICE else "track.html",
        page,
        status=status,
        headers=PRIVATE,
        problem=problem,
        typed=typed,
        usual=usual,
        clause=clause,
        news=news,
    )


def _tracking(app: Parts, session: Session, code: str, now: datetime) -> TrackingPage | None:
    page = pages.tracking(session, code, now, timedelta(days=app.settings.appeal_days))
    if page is not None and page.reason is not None:
        reasons.recall(session, app.wording, now)
    return page


@router.get("/track/{code}/opening.json")
def opening(app: ThisApp, session: Reading, now: Now, code: str) -> Response:
    """What proves to whoever is given it, with the public log, which lines are about this text."""
    page = pages.tracking(session, code, now)
    if page is None:
        return unknown(app, code)
    told = [{"seq": one.seq, "salt": one.salt, "text": one.text} for one in page.openings]
    headers = PRIVATE | {"Content-Disposition": 'attachment; filename="opening.json"'}
    return JSONResponse(told, headers=headers)


@router.get("/track/{code}/data.json")
def data(app: ThisApp, session: Reading, now: Now, code: str) -> Response:
    """All that is kept of this text and of what was proposed about it, for its author to take along."""
    found = yours.by_tracking(session, code, now)
    if not found:
        return unknown(app, code)
    headers = PRIVATE | {"Content-Disposition": 'attachment; filename="contribution.json"'}
    return Response(
        portable.written(app.settings, found, now), media_type="application/json", headers=headers
    )


@router.post("/track/{code}")
def act(
    app: ThisApp,
    now: Now,
    sender: Sender,
    code: str,
    revision: Annotated[int, Form(ge=1, le=LARGEST)],
    action: Annotated[
        Literal[Action.WITHDRAW, Action.ANSWER, Action.APPEAL, "revoke", "mail"], Form()
    ] = Action.WITHDRAW,
    text: Annotated[str, AfterValidator(remarks.as_noted), Form()] = "",
) -> Response:
    try:
        if action in {Action.APPEAL, "mail"}:
            (app.addressed if action == "mail" else app.throttle).by_sender(sender, now)
        with app.writing() as session:
            _do(session, app, code, action, text, revision, now)
    except (NotFound, NoAddress):
        return unknown(app, code)
    except TooMany as many:
        often = "appeal_often" if action is Action.APPEAL else "mail_often"
        answer = as_it_is(app, now, code, often, text, 429)
        answer.headers["Retry-After"] = str(many.seconds)
        return answer
    except answers.Empty:
        return as_it_is(app, now, code, "appeal_empty" if action is Action.APPEAL else "empty", text)
    except answers.TooLong:
        return as_it_is(app, now, code, "appeal_long" if action is Action.APPEAL else "long", text)
    except (Stale, IllegalMove):
        return as_it_is(app, now, code, NOT_DONE.get(action, "changed"), text, 409)
    places = {"revoke": "/track?done=revoked", "mail": f"/track/{code}?done=mailed"}
    return RedirectResponse(app.url(places.get(action, f"/track/{code}")), 303, headers=PRIVATE)


def _do(
    session: Session, app: Parts, code: str, action: str, text: str, revision: int, now: datetime
) -> None:
    if action == "revoke":
        submissions.revoke(session, code)
    elif action == "mail":
        authors_news.send_address(session, code, now)
    elif action == Action.APPEAL:
        within = timedelta(days=app.settings.appeal_days)
        contesting.appeal(session, code, text, revision=revision, now=now, within=within)
    elif action == Action.ANSWER:
        answers.answer(session, code, text, revision=revision, now=now)
    else:
        submissions.withdraw(session, code, revision=revision, now=now)


def as_it_is(app: Parts, now: datetime, code: str, problem: str, typed: str, status: int = 422) -> Response:
    """The contribution as it is now, why nothing was done, and what had been typed."""
    with app.reading() as session:
        page = _tracking(app, session, code, now)
        if page is not None:
            return _page(app, session, now, page, status=status, problem=problem, typed=typed)
    return unknown(app, code)


def unknown(app: Parts, code: str) -> Response:
    return app.page(
        "track_code.html", None, status=404, headers=PRIVATE, unknown=True, typed=code[:64], news=None
    )

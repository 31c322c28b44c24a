"""The author asks for their public text to be taken back: a form of its tracking page, for the moderation."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse
from pydantic import AfterValidator

from moderation import drafts, proposals, remarks
from moderation.decisions import NotFound, Stale
from moderation.drafts import Draft, Invalid
from moderation.lifecycle import IllegalMove
from moderation.pages.tracking import TrackingPage, tracking
from moderation.throttle import TooMany
from moderation.web.dependencies import LARGEST, Now, Parts, Sender, ThisApp
from moderation.web.track import PRIVATE, as_it_is, unknown

router = APIRouter()


@router.post("/track/{code}/withdrawal")
def ask(
    app: ThisApp,
    now: Now,
    sender: Sender,
    code: str,
    revision: Annotated[int, Form(ge=1, le=LARGEST)],
    text: Annotated[str, AfterValidator(remarks.as_noted), Form()] = "",
) -> Response:
    if not remarks.is_said(text):
        return as_it_is(app, now, code, "retract_empty", text)
    try:
        followed = _asked(app, now, sender, code, revision, text)
    except Invalid:
        return as_it_is(app, now, code, "retract_long", text)
    except TooMany as many:
        answer = as_it_is(app, now, code, "retract_often", text, 429)
        answer.headers["Retry-After"] = str(many.seconds)
        return answer
    except NotFound:
        return unknown(app, code)
    except (Stale, IllegalMove):
        return as_it_is(app, now, code, "not_retracted", text, 409)
    return RedirectResponse(app.url(f"/track/{followed}"), 303, headers=PRIVATE)


def _asked(app: Parts, now: datetime, sender: str | None, code: str, revision: int, text: str) -> str:
    """Where it is followed. Raises NotFound, Invalid, TooMany, Stale and IllegalMove."""
    with app.reading() as session:
        page = tracking(session, code, now)
    if page is None:
        raise NotFound
    if (sent := _sent(page)) is not None:
        return sent
    app.previews.by_sender(sender, now)  # rendering takes its time, whatever comes of it
    words = _words(app, page, text)
    app.throttle.by_sender(sender, now)
    with app.writing() as session:
        return proposals.retract(session, code, words, revision=revision, now=now)


def _sent(page: TrackingPage) -> str | None:
    """Where the one is followed that waits already: pressed twice."""
    return next((one.code for one in page.proposals if one.waits and one.retracts), None)


def _words(app: Parts, page: TrackingPage, text: str) -> Draft:
    dialect, longest = app.settings.markup, remarks.LONGEST_NOTE
    return drafts.rewritten(page.author, page.email, text, dialect=dialect, longest=longest)

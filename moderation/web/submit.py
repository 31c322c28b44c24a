"""A reader's way in: the form, its preview, and the sending."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi import Form as Field
from fastapi.responses import RedirectResponse

from moderation import duplicates, markup, submissions
from moderation.decisions import NotFound
from moderation.drafts import Draft, Problem
from moderation.pages import public as pages
from moderation.throttle import TooMany
from moderation.web import observe
from moderation.web.attempt import Attempt, Notice, Typed, tried
from moderation.web.dependencies import Parts, parts_of, sender_of

router = APIRouter()
# Seconds after which moderators may have made room.
READ_WITHIN = 3600
NO_STORE = {"Cache-Control": "no-store"}


@router.post("/articles/{slug}/comments")
async def send(request: Request, slug: str, typed: Annotated[Typed, Field()]) -> Response:
    # No dependencies: finding each takes FastAPI longer than all of this.
    app, sender = parts_of(request), sender_of(request)
    now = app.clock()
    return await tried(app, now, slug, sender, typed, partial(_answer, app, now, slug, sender))


def _answer(app: Parts, now: datetime, slug: str, sender: str | None, attempt: Attempt) -> Response:
    # Once sent, a form that is sent again leads to its text, even if the forum has closed since.
    if attempt.draft is not None and attempt.sends:
        return _store(app, now, slug, sender, attempt.draft, attempt)
    article = _article(app, slug)
    if article is None:
        return _unsent(app, attempt, None, 404)
    if not article.open:
        return _unsent(app, attempt, article, 403)
    if attempt.wait:
        return _later(app, attempt, article, Notice.TOO_MANY, attempt.wait)
    return _contribute(app, attempt, article, 422 if attempt.draft is None else 200)


def _store(
    app: Parts, now: datetime, slug: str, sender: str | None, draft: Draft, attempt: Attempt
) -> Response:
    try:
        app.throttle.by_sender(sender, now)
        likeness = app.likeness(slug, draft.text.html, now)
        with app.writing() as session:
            code = submissions.submit(
                session,
                slug,
                draft,
                nonce=attempt.nonce,
                now=now,
                room=app.settings.room,
                likeness=likeness,
                machine=app.machine(sender),
            ).tracking
    except (TooMany, submissions.Full, duplicates.Duplicate, submissions.Closed, NotFound) as error:
        return _not_stored(app, slug, attempt, error)
    observe.accepted()
    # Sent before, and its address was revoked: it opens nothing.
    return RedirectResponse(app.url(f"/track/{code}" if code else "/track"), 303, headers=NO_STORE)


def _not_stored(app: Parts, slug: str, attempt: Attempt, error: Exception) -> Response:
    article = _article(app, slug)
    if article is None:
        return _unsent(app, attempt, None, 404)
    match error:
        case TooMany():
            return _later(app, attempt, article, Notice.TOO_MANY, error.seconds)
        case submissions.Full():
            notice = Notice.FULL_SITE if error.everywhere else Notice.FULL_FORUM
            return _later(app, attempt, article, notice, READ_WITHIN)
        case duplicates.Duplicate():
            form = replace(attempt.form, problems={"text": Problem("duplicate")})
            return _contribute(app, replace(attempt, form=form, draft=None), article, 409)
        case _:
            return _unsent(app, attempt, article, 403)


def _later(app: Parts, attempt: Attempt, article: pages.Heading, notice: Notice, seconds: int) -> Response:
    observe.limited()
    answer = _contribute(app, replace(attempt, notice=notice), article, 429)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _article(app: Parts, slug: str) -> pages.Heading | None:
    with app.public_reading() as session:
        return pages.heading(session, slug)


def _contribute(app: Parts, attempt: Attempt, article: pages.Heading, status: int) -> Response:
    return app.page(
        "contribute.html",
        article,
        status=status,
        headers=NO_STORE,
        form=attempt.form,
        preview=markup.trusted(attempt.draft.text.html) if attempt.draft else None,
        notice=attempt.notice,
    )


def _unsent(app: Parts, attempt: Attempt, article: pages.Heading | None, status: int) -> Response:
    """There is nowhere to send it: the page says so and gives the text back."""
    return app.page("unsent.html", article, status=status, headers=NO_STORE, form=attempt.form)

"""A reader's way in: the form, its preview, and the sending."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi import Form as Field
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from moderation import drafts, identifiers, links, markup, submissions
from moderation.decisions import NotFound
from moderation.drafts import Draft, Invalid, Problem
from moderation.pages import public as pages
from moderation.throttle import TooMany, senders
from moderation.web import observe
from moderation.web.dependencies import Parts, parts_of, sender_of
from moderation.web.form import Form
from moderation.web.places import place

router = APIRouter()
# Nobody reads a preview faster than this.
TOO_FAST = timedelta(seconds=2)
# Seconds after which moderators may have made room.
READ_WITHIN = 3600
NO_STORE = {"Cache-Control": "no-store"}


class Notice(StrEnum):
    """Why the preview is shown again instead of the text being sent."""

    CHANGED = "changed"
    TOO_FAST = "too_fast"
    TOO_OLD = "too_old"
    TOO_MANY = "too_many"
    FULL_FORUM = "full_forum"
    FULL_SITE = "full_site"


@dataclass(frozen=True)
class Attempt:
    """One press of a button: what was typed, what became of it, and whether its preview had been seen."""

    form: Form
    draft: Draft | None
    nonce: str
    notice: Notice | None
    sends: bool
    # Seconds, after too many.
    wait: int = 0


class Typed(BaseModel):
    """The form as it comes in; whatever is not there is empty."""

    author: str = ""
    email: str = ""
    text: str = ""
    token: str = ""
    nobot: str = ""
    step: Literal["preview", "send"] = "preview"

    @property
    def form(self) -> Form:
        return Form(author=self.author, email=self.email, text=self.text)


def _attempt(app: Parts, now: datetime, slug: str, typed: Typed) -> Attempt:
    """Everything slow, before any transaction."""
    form = typed.form
    problems = {"nobot": Problem("not_empty")} if typed.nobot else {}
    try:
        draft = drafts.read(
            typed.author,
            typed.email,
            typed.text,
            dialect=app.settings.markup,
            required=app.settings.required,
        )
    except Invalid as invalid:
        return Attempt(replace(form, problems={**problems, **invalid.problems}), None, "", None, sends=False)
    if problems:
        return Attempt(replace(form, problems=problems), None, "", None, sends=False)
    sending = typed.step == "send"
    notice, kept = _check(app, now, slug, draft, typed.token) if sending else (None, None)
    seen = kept or links.Form(slug, draft.digest, identifiers.new_code())
    token = typed.token if kept else app.links.sign(seen, now)
    form = replace(form, author=draft.author, email=draft.email, token=token)
    return Attempt(form, draft, seen.nonce, notice, sends=sending and notice is None)


def _check(
    app: Parts, now: datetime, slug: str, draft: Draft, token: str
) -> tuple[Notice | None, links.Form | None]:
    """Whether this very text was previewed here, neither just now nor long ago."""
    try:
        seen, age = app.links.read(links.Form, token, now)
    except links.Expired:
        return Notice.TOO_OLD, None
    except links.BadLink:
        return Notice.CHANGED, None
    if (seen.slug, seen.digest) != (slug, draft.digest):
        return Notice.CHANGED, None
    return (Notice.TOO_FAST if age < TOO_FAST else None), seen


@router.post("/articles/{slug}/comments")
async def send(request: Request, slug: str, typed: Annotated[Typed, Field()]) -> Response:
    # No dependencies: finding each takes FastAPI longer than all of this.
    app, sender = parts_of(request), sender_of(request)
    now = app.clock()
    if not app.is_long(typed.text):
        async with place():  # one turn in a thread does both
            return await to_thread.run_sync(_send, app, now, slug, sender, typed)
    try:
        # Whoever waits has been counted: nobody sends without end by waiting.
        await to_thread.run_sync(app.previews.by_sender, sender, now)
        async with app.long_texts.turn(senders(sender)):
            attempt = await to_thread.run_sync(_attempt, app, now, slug, typed)
    except TooMany as many:
        attempt = _refused(typed, many)
    async with place():
        return await to_thread.run_sync(_answer, app, now, slug, sender, attempt)


def _send(app: Parts, now: datetime, slug: str, sender: str | None, typed: Typed) -> Response:
    try:
        app.previews.by_sender(sender, now)
        attempt = _attempt(app, now, slug, typed)
    except TooMany as many:
        attempt = _refused(typed, many)
    return _answer(app, now, slug, sender, attempt)


def _refused(typed: Typed, many: TooMany) -> Attempt:
    return Attempt(typed.form, None, "", Notice.TOO_MANY, sends=False, wait=many.seconds)


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
            ).tracking
    except (TooMany, submissions.Full, submissions.Duplicate, submissions.Closed, NotFound) as error:
        return _not_stored(app, slug, attempt, error)
    observe.accepted()
    return RedirectResponse(app.url(f"/track/{code}"), status_code=303, headers=NO_STORE)


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
        case submissions.Duplicate():
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

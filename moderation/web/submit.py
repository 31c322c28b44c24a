"""A reader's way in: the form, its preview, and the sending."""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from fastapi import Form as Field
from fastapi.responses import RedirectResponse

from moderation import identifiers, links, markup, submissions
from moderation.decisions import NotFound
from moderation.drafts import Draft, Invalid, Problem
from moderation.pages import public as pages
from moderation.throttle import TooMany
from moderation.web.dependencies import Now, Parts, Sender, ThisApp
from moderation.web.form import Form

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


async def _attempt(
    app: ThisApp,
    now: Now,
    slug: str,
    author: Annotated[str, Field()] = "",
    email: Annotated[str, Field()] = "",
    text: Annotated[str, Field()] = "",
    token: Annotated[str, Field()] = "",
    nobot: Annotated[str, Field()] = "",
    step: Annotated[Literal["preview", "send"], Field()] = "preview",
) -> Attempt:
    """Everything slow, before any transaction."""
    form = Form(author=author, email=email, text=text)
    problems = {"nobot": Problem("not_empty")} if nobot else {}
    try:
        draft = await app.drafted(author, email, text)
    except Invalid as invalid:
        return Attempt(replace(form, problems={**problems, **invalid.problems}), None, "", None, sends=False)
    if problems:
        return Attempt(replace(form, problems=problems), None, "", None, sends=False)
    notice, kept = _check(app, now, slug, draft, token) if step == "send" else (None, None)
    seen = kept or links.Form(slug, draft.digest, identifiers.new_code())
    form = replace(
        form, author=draft.author, email=draft.email, token=token if kept else app.links.sign(seen, now)
    )
    return Attempt(form, draft, seen.nonce, notice, sends=step == "send" and notice is None)


def _check(
    app: Parts, now: Now, slug: str, draft: Draft, token: str
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
def send(
    app: ThisApp, now: Now, slug: str, sender: Sender, attempt: Annotated[Attempt, Depends(_attempt)]
) -> Response:
    with app.reading() as session:
        article = pages.article(session, slug)
    if article is None:
        return _unsent(app, attempt, None, 404)
    # Once sent, a form that is sent again leads to its text, even if the forum has closed since.
    if not article.open and not attempt.sends:
        return _unsent(app, attempt, article, 403)
    if attempt.draft is None:
        return _contribute(app, attempt, article, 422)
    if not attempt.sends:
        return _contribute(app, attempt, article, 200)
    try:
        app.throttle.hit(sender, now.date())
    except TooMany as many:
        return _later(app, attempt, article, Notice.TOO_MANY, many.seconds)
    return _store(app, now, slug, attempt.draft, attempt, article)


def _store(
    app: Parts, now: Now, slug: str, draft: Draft, attempt: Attempt, article: pages.ArticlePage
) -> Response:
    try:
        with app.writing() as session:
            code = submissions.submit(
                session, slug, draft, nonce=attempt.nonce, now=now, room=app.settings.room
            ).tracking
    except submissions.Duplicate:
        form = replace(attempt.form, problems={"text": Problem("duplicate")})
        return _contribute(app, replace(attempt, form=form, draft=None), article, 409)
    except submissions.Full as full:
        notice = Notice.FULL_SITE if full.everywhere else Notice.FULL_FORUM
        return _later(app, attempt, article, notice, READ_WITHIN)
    except submissions.Closed:
        return _unsent(app, attempt, article, 403)
    except NotFound:
        return _unsent(app, attempt, None, 404)
    return RedirectResponse(app.url(f"/track/{code}"), status_code=303, headers=NO_STORE)


def _later(
    app: Parts, attempt: Attempt, article: pages.ArticlePage, notice: Notice, seconds: int
) -> Response:
    answer = _contribute(app, replace(attempt, notice=notice), article, 429)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _contribute(app: Parts, attempt: Attempt, article: pages.ArticlePage, status: int) -> Response:
    return app.page(
        "contribute.html",
        article,
        status=status,
        headers=NO_STORE,
        form=attempt.form,
        preview=markup.trusted(attempt.draft.text.html) if attempt.draft else None,
        notice=attempt.notice,
    )


def _unsent(app: Parts, attempt: Attempt, article: pages.ArticlePage | None, status: int) -> Response:
    """There is nowhere to send it: the page says so and gives the text back."""
    return app.page("unsent.html", article, status=status, headers=NO_STORE, form=attempt.form)

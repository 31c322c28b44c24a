"""A reader's way in: the form, its preview, and the sending."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request, Response
from fastapi import Form as Field
from fastapi.responses import HTMLResponse, RedirectResponse

from moderation import duplicates, markup, submissions
from moderation.decisions import NotFound
from moderation.drafts import Draft, Problem
from moderation.pages import public as pages
from moderation.throttle import TooMany
from moderation.web import observe
from moderation.web.attempt import Attempt, Notice, Typed, tried
from moderation.web.dependencies import LARGEST, Parts, ThisApp, parts_of, sender_of
from moderation.web.form import BLANK, Form
from moderation.web.places import Place
from moderation.web.public import FOR_OTHERS

router = APIRouter()
# Seconds after which moderators may have made room.
READ_WITHIN = 3600
NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True)
class Door:
    """How the author is answered: by pages of ours, or by parts for the page of another site."""

    app: Parts
    elsewhere: bool = False

    def page(
        self, name: str, article: pages.Heading | None, status: int, form: Form, **more: object
    ) -> Response:
        if not self.elsewhere:
            return self.app.page(name, article, status=status, headers=NO_STORE, form=form, **more)
        template = self.app.abroad.get_template(f"fragment_{name}")
        html = template.render(page=article, form=form, **more)
        return HTMLResponse(html, status, NO_STORE | FOR_OTHERS)

    def sent(self, code: str | None) -> Response:
        """Without a code where it was sent before and its address revoked: that opens nothing."""
        if self.elsewhere:
            html = self.app.abroad.get_template("fragment_sent.html").render(code=code)
            return HTMLResponse(html, 200, NO_STORE | FOR_OTHERS)
        return RedirectResponse(self.app.url(f"/track/{code}" if code else "/track"), 303, headers=NO_STORE)


@router.get("/comments/{number}/reply", dependencies=[Place])
def answer(app: ThisApp, number: Annotated[int, Path(ge=1, le=LARGEST)]) -> Response:
    with app.public_reading() as session:
        found = pages.said(session, number=number)
    article = _article(app, found[0]) if found is not None else None
    if found is None or article is None:
        raise HTTPException(404)
    headers = {"Cache-Control": "public, no-cache"}
    return app.page("answer.html", article, headers=headers, form=BLANK, parent=found[1])


@router.post("/articles/{slug}/comments")
async def send(request: Request, slug: str, typed: Annotated[Typed, Field()]) -> Response:
    return await _sent(request, slug, typed, Door(parts_of(request)))


@router.post("/articles/{slug}/fragment")
async def send_from_elsewhere(request: Request, slug: str, typed: Annotated[Typed, Field()]) -> Response:
    """The same form, by the script of a page of another site."""
    return await _sent(request, slug, typed, Door(parts_of(request), elsewhere=True))


async def _sent(request: Request, slug: str, typed: Typed, door: Door) -> Response:
    # No dependencies: finding each takes FastAPI longer than all of this.
    sender, now = sender_of(request), door.app.clock()
    where = f"{slug} {typed.parent}".rstrip()
    return await tried(door.app, now, where, sender, typed, partial(_answer, door, now, slug, sender))


def _answer(door: Door, now: datetime, slug: str, sender: str | None, attempt: Attempt) -> Response:
    # Once sent, a form that is sent again leads to its text, even if the forum has closed since.
    if attempt.draft is not None and attempt.sends:
        return _store(door, now, slug, sender, attempt.draft, attempt)
    article = _article(door.app, slug)
    if article is None:
        return _unsent(door, attempt, None, 404)
    if not article.open:
        return _unsent(door, attempt, article, 403)
    if attempt.wait:
        return _later(door, attempt, article, Notice.TOO_MANY, attempt.wait)
    return _contribute(door, attempt, article, 422 if attempt.draft is None else 200)


def _store(
    door: Door, now: datetime, slug: str, sender: str | None, draft: Draft, attempt: Attempt
) -> Response:
    app = door.app
    try:
        app.throttle.by_sender(sender, now)
        parent = attempt.form.parent or None
        likeness = app.likeness(slug, draft.text.html, now, parent)
        with app.writing() as session:
            code = submissions.submit(
                session,
                slug,
                draft,
                nonce=attempt.nonce,
                now=now,
                parent=parent,
                room=app.settings.room,
                likeness=likeness,
                machine=app.machine(sender),
            ).tracking
    except submissions.ParentNotPublic:
        return _not_answered(door, slug, attempt)
    except (TooMany, submissions.Full, duplicates.Duplicate, submissions.Closed, NotFound) as error:
        return _not_stored(door, slug, attempt, error)
    observe.accepted()
    return door.sent(code)


def _not_stored(door: Door, slug: str, attempt: Attempt, error: Exception) -> Response:
    article = _article(door.app, slug)
    if article is None:
        return _unsent(door, attempt, None, 404)
    match error:
        case TooMany():
            return _later(door, attempt, article, Notice.TOO_MANY, error.seconds)
        case submissions.Full():
            notice = Notice.FULL_SITE if error.everywhere else Notice.FULL_FORUM
            return _later(door, attempt, article, notice, READ_WITHIN)
        case duplicates.Duplicate():
            form = replace(attempt.form, problems={"text": Problem("duplicate")})
            return _contribute(door, replace(attempt, form=form, draft=None), article, 409)
        case _:
            return _unsent(door, attempt, article, 403)


def _not_answered(door: Door, slug: str, attempt: Attempt) -> Response:
    """What it answers is public no more: it can still go under the article."""
    article = _article(door.app, slug)
    return _unsent(door, attempt, None, 404) if article is None else _contribute(door, attempt, article, 409)


def _later(door: Door, attempt: Attempt, article: pages.Heading, notice: Notice, seconds: int) -> Response:
    observe.limited()
    answer = _contribute(door, replace(attempt, notice=notice), article, 429)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _article(app: Parts, slug: str) -> pages.Heading | None:
    with app.public_reading() as session:
        return pages.heading(session, slug)


def _contribute(door: Door, attempt: Attempt, article: pages.Heading, status: int) -> Response:
    form, notice = attempt.form, attempt.notice
    parent = _answered(door.app, article.teaser.slug, form.parent) if form.parent else None
    if form.parent and parent is None:
        form, notice, status = replace(form, parent=""), Notice.PARENT_GONE, 409
    return door.page(
        "contribute.html",
        article,
        status,
        form,
        preview=markup.trusted(attempt.draft.text.html) if attempt.draft else None,
        notice=notice,
        parent=parent,
    )


def _answered(app: Parts, slug: str, name: str) -> pages.Contribution | None:
    with app.public_reading() as session:
        found = pages.said(session, name=name)
    return found[1] if found is not None and found[0] == slug else None


def _unsent(door: Door, attempt: Attempt, article: pages.Heading | None, status: int) -> Response:
    """There is nowhere to send it: the page says so and gives the text back."""
    return door.page("unsent.html", article, status, attempt.form)

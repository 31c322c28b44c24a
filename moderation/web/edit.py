"""An author writes anew what waits: the same two steps as sending it, on a page of its tracking address."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi import Form as Field
from fastapi.responses import RedirectResponse

from moderation import edits, markup, proposals
from moderation.decisions import NotFound, Stale
from moderation.drafts import Draft, Problem
from moderation.duplicates import Duplicate
from moderation.edits import Unchanged
from moderation.lanes import Lane
from moderation.lifecycle import IllegalMove
from moderation.pages.tracking import TrackingPage, tracking
from moderation.throttle import TooMany
from moderation.web import observe
from moderation.web.attempt import Attempt, Notice, Typed, tried
from moderation.web.dependencies import LARGEST, Now, Parts, ThisApp, parts_of, sender_of
from moderation.web.form import Form
from moderation.web.places import Place, place
from moderation.web.track import PRIVATE, as_it_is, unknown

router = APIRouter()


class Again(Typed):
    """What was typed, and of which revision."""

    revision: Annotated[int, Field(ge=1, le=LARGEST)]

    def required(self, setting: str) -> str:
        return "author" if "author" in setting else ""


class Signed(Again):
    """A right of reply, which bears a name."""

    def required(self, _setting: str) -> str:
        return "author"


@router.get("/track/{code}/edit", dependencies=[Place])
def form(app: ThisApp, now: Now, code: str) -> Response:
    page = _page(app, now, code)
    if page is None:
        return unknown(app, code)
    if not (page.may_edit or page.may_amend):
        return as_it_is(app, now, code, "not_edited", "", 409)
    return _show(app, page, Form(author=page.author, text=page.source))


@router.post("/track/{code}/edit")
async def edit(request: Request, code: str, typed: Annotated[Again, Field()]) -> Response:
    app, sender = parts_of(request), sender_of(request)
    now = app.clock()
    async with place():
        page = await to_thread.run_sync(_page, app, now, code)
    if page is None:
        return unknown(app, code)
    kind = Signed if page.lane is Lane.REPLY else Again
    whole = kind(**typed.model_dump() | {"email": page.email})  # which stays as it was given
    return await tried(
        app, now, code, sender, whole, partial(_answer, app, now, page, typed.revision, sender)
    )


def _page(app: Parts, now: datetime, code: str) -> TrackingPage | None:
    with app.reading() as session:
        return tracking(session, code, now)


def _answer(
    app: Parts, now: datetime, page: TrackingPage, revision: int, sender: str | None, attempt: Attempt
) -> Response:
    if attempt.sends and attempt.draft and page.revision > revision and _says(page, attempt.draft):
        return _done(app, page.code)  # pressed twice
    if not (page.may_edit or page.may_amend):
        if attempt.sends and attempt.draft and (code := _proposed(app, now, page, attempt.draft)):
            return _done(app, code)
        return as_it_is(app, now, page.code, "not_edited", attempt.form.text, 409)
    if page.revision != revision:
        return _attempted(app, page, replace(attempt, notice=None), 409, moved=True)
    if attempt.draft is None or not attempt.sends:
        status = 429 if attempt.wait else 422 if attempt.draft is None else 200
        return _attempted(app, page, attempt, status)
    return _kept(app, now, page, sender, attempt.draft, attempt)


def _kept(
    app: Parts, now: datetime, page: TrackingPage, sender: str | None, draft: Draft, attempt: Attempt
) -> Response:
    try:
        app.throttle.by_sender(sender, now)
        likeness = app.likeness(page.article_slug, draft.text.html, now, page.parent_id)
        with app.writing() as session:
            code = page.code
            if page.may_amend:
                code = proposals.correct(session, code, draft, revision=page.revision, now=now)
            else:
                edits.edit(session, code, draft, revision=page.revision, now=now, likeness=likeness)
    except TooMany as many:
        late = replace(attempt, notice=Notice.TOO_MANY, wait=many.seconds)
        return _attempted(app, page, late, 429)
    except (Unchanged, Duplicate) as same:
        code = "unchanged" if isinstance(same, Unchanged) else "duplicate"
        form = replace(attempt.form, problems={"text": Problem(code)})
        return _attempted(app, page, replace(attempt, form=form, draft=None), 409)
    except Stale:
        return _meanwhile(app, now, page.code, draft, attempt)
    except (NotFound, IllegalMove):
        return as_it_is(app, now, page.code, "not_edited", draft.text.source, 409)
    observe.accepted()
    return _done(app, code)


def _meanwhile(app: Parts, now: datetime, code: str, draft: Draft, attempt: Attempt) -> Response:
    """Something was done between the look and the act: this very press, pressed twice, or another."""
    page = _page(app, now, code)
    if page is not None and _says(page, draft):
        return _done(app, code)
    if page is not None and (other := _proposed(app, now, page, draft)):
        return _done(app, other)
    if page is not None and (page.may_edit or page.may_amend):
        return _attempted(app, page, replace(attempt, notice=None), 409, moved=True)
    return as_it_is(app, now, code, "not_edited", draft.text.source, 409)


def _says(page: TrackingPage, draft: Draft) -> bool:
    return page.edited_at is not None and (page.author, page.source) == (draft.author, draft.text.source)


def _proposed(app: Parts, now: datetime, page: TrackingPage, draft: Draft) -> str:
    """Where the proposal is followed that says so and waits already: pressed twice."""
    for one in page.proposals:
        proposed = _page(app, now, one.code) if one.waits and not one.retracts else None
        if proposed is not None and (proposed.author, proposed.source) == (draft.author, draft.text.source):
            return one.code
    return ""


def _done(app: Parts, code: str) -> Response:
    return RedirectResponse(app.url(f"/track/{code}"), 303, headers=PRIVATE)


def _attempted(
    app: Parts, page: TrackingPage, attempt: Attempt, status: int, *, moved: bool = False
) -> Response:
    answer = _show(app, page, attempt.form, attempt, status=status, moved=moved)
    if attempt.wait:
        observe.limited()
        answer.headers["Retry-After"] = str(attempt.wait)
    return answer


def _show(
    app: Parts,
    page: TrackingPage,
    form: Form,
    attempt: Attempt | None = None,
    *,
    status: int = 200,
    moved: bool = False,
) -> Response:
    return app.page(
        "edit.html",
        page,
        status=status,
        headers=PRIVATE,
        form=form,
        preview=markup.trusted(attempt.draft.text.html) if attempt and attempt.draft else None,
        notice=attempt.notice if attempt else None,
        changed=moved,
    )

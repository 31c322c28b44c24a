"""Where the moderation changes a text: the form, its preview, and what is kept of it."""

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from fastapi import Form as Field

from moderation import corrections, drafts, markup
from moderation.accounts import Person
from moderation.corrections import TakesVoices, Unchanged, Unsettled
from moderation.deciders import MayNotDecide
from moderation.decisions import NotFound, Stale
from moderation.drafts import Draft, Invalid, Problem
from moderation.lifecycle import Action, IllegalMove
from moderation.pages import rewriting as pages
from moderation.pages.filters import Filter
from moderation.pages.rewriting import Rewriting
from moderation.web import observe
from moderation.web.dependencies import LARGEST, Now, Parts, ThisApp
from moderation.web.form import Form
from moderation.web.listed import Listed
from moderation.web.people import PRIVATE, SignedIn, go

router = APIRouter(prefix="/desk/comments/{comment_id}")
Revision = Annotated[int, Field(ge=1, le=LARGEST)]
Step = Annotated[Literal["preview", "save"], Field()]
# Of what is not to be changed, by this person or as it is now.
STATUS_OF = {"state": 409, "voices": 409, "waits": 409, "own": 403, "aside": 403}


def found(app: Parts, person: Person, comment_id: str, action: Action, now: datetime) -> Rewriting:
    """Raises NotFound."""
    with app.reading() as session:
        page = pages.rewriting(session, person, comment_id, action, now)
    if page is None:
        raise NotFound
    return page


def show(
    app: Parts,
    person: Person,
    which: Filter,
    page: Rewriting,
    form: object,
    *,
    action: Action,
    new: Draft | None = None,
    changed: bool = False,
    status: int = 200,
) -> Response:
    """The page of that action; `form` is what its template fills its fields with."""
    return app.page(
        f"{action}.html",
        page,
        status=STATUS_OF.get(page.hindrance, status),
        headers=PRIVATE,
        person=person,
        back=which.address(f"/desk/comments/{page.card.id}"),
        here=which.address(f"/desk/comments/{page.card.id}/{action}"),
        form=form,
        preview=pages.preview(page, new) if new is not None else None,
        changed=changed,
    )


_show = partial(show, action=Action.CORRECT)


@router.get("/correct")
def correct_form(app: ThisApp, person: SignedIn, now: Now, comment_id: str, which: Listed) -> Response:
    page = found(app, person, comment_id, Action.CORRECT, now)
    return _show(app, person, which, page, Form(text=page.card.source))


@router.post("/correct")
def correct(
    app: ThisApp,
    request: Request,
    person: SignedIn,
    now: Now,
    comment_id: str,
    which: Listed,
    revision: Revision,
    text: Annotated[str, Field()] = "",
    step: Step = "preview",
) -> Response:
    page = found(app, person, comment_id, Action.CORRECT, now)
    written = page.text
    longest = max(markup.MAX_CHARACTERS, len(written.text.source))
    try:
        new = drafts.rewritten(written.author, written.email, text, dialect=written.dialect, longest=longest)
    except Invalid as invalid:
        return _show(app, person, which, page, Form(text=text, problems=invalid.problems), status=422)
    if page.card.revision != revision:
        return _show(app, person, which, page, Form(text=text), new=new, changed=True, status=409)
    try:
        done = _correct(app, person, now, comment_id, new, revision, keep=step == "save")
    except Unchanged:
        form = Form(text=text, problems={"text": Problem("unchanged")})
        return _show(app, person, which, page, form, status=422)
    except (Stale, IllegalMove, MayNotDecide, TakesVoices, Unsettled):
        page = found(app, person, comment_id, Action.CORRECT, now)
        return _show(app, person, which, page, Form(text=text), new=new, changed=True, status=409)
    if done is None:
        return _show(app, person, which, page, Form(text=new.text.source), new=new)
    observe.decided(done, Action.CORRECT, person.id)
    return go(app, request, person, which.address(f"/desk/comments/{comment_id}", done=done), now)


def _correct(
    app: Parts, person: Person, now: datetime, comment_id: str, new: Draft, revision: int, *, keep: bool
) -> int | None:
    """The decision; None where it was only asked whether it could be made."""
    with app.writing() as session:
        if not keep:
            corrections.check(
                session, comment_id, new, Action.CORRECT, revision=revision, by=person.id, now=now
            )
            return None
        undo = timedelta(seconds=app.settings.undo_seconds)
        return corrections.correct(
            session, comment_id, new, revision=revision, by=person.id, now=now, undo=undo
        ).id

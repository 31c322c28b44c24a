"""Where the moderation takes words out of a text: each passage named, the result seen before it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi import Form as Field

from moderation import corrections, drafts, markup, redaction
from moderation.accounts import Person
from moderation.corrections import Unchanged, Unsettled
from moderation.deciders import MayNotDecide
from moderation.decisions import Stale
from moderation.drafts import Draft, Invalid, Problem
from moderation.lifecycle import Action, IllegalMove
from moderation.pages.rewriting import Rewriting
from moderation.web import observe
from moderation.web.dependencies import Now, Parts, ThisApp
from moderation.web.listed import Listed
from moderation.web.people import SignedIn, go
from moderation.web.rewrite import Revision, Step, found, show

router = APIRouter(prefix="/desk/comments/{comment_id}")


@dataclass(frozen=True)
class Form:
    """The passages as they were typed, those that are not in the text, and those still read in the rest."""

    passages: str = ""
    missing: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    problems: Mapping[str, Problem] = field(default_factory=dict)

    # Named, of those.
    most_named = 10

    @property
    def text(self) -> str:
        return self.passages


_show = partial(show, action=Action.REDACT)


@router.get("/redact")
def redact_form(app: ThisApp, person: SignedIn, now: Now, comment_id: str, which: Listed) -> Response:
    page = found(app, person, comment_id, Action.REDACT, now)
    return _show(app, person, which, page, Form())


@router.post("/redact")
def redact(
    app: ThisApp,
    request: Request,
    person: SignedIn,
    now: Now,
    comment_id: str,
    which: Listed,
    revision: Revision,
    passages: Annotated[str, Field()] = "",
    step: Step = "preview",
) -> Response:
    page = found(app, person, comment_id, Action.REDACT, now)
    new, form = _without(app, page, passages)
    if page.card.revision != revision:
        return _show(app, person, which, page, form, new=new, changed=True, status=409)
    if new is None:
        return _show(app, person, which, page, form, status=422)
    try:
        done = _redact(app, person, now, comment_id, new, revision, keep=step == "save")
    except Unchanged:
        form = Form(passages, problems={"passages": Problem("unchanged")})
        return _show(app, person, which, page, form, status=422)
    except (Stale, IllegalMove, MayNotDecide, Unsettled):
        page = found(app, person, comment_id, Action.REDACT, now)
        new, form = _without(app, page, passages)
        return _show(app, person, which, page, form, new=new, changed=True, status=409)
    if done is None:
        return _show(app, person, which, page, form, new=new)
    observe.decided(done, Action.REDACT, person.id)
    return go(app, request, person, which.address(f"/desk/comments/{comment_id}", done=done), now)


def _without(app: Parts, page: Rewriting, typed: str) -> tuple[Draft | None, Form]:
    """The text without the passages; None, and why, where it cannot be."""
    # First of all: to bring it into one spelling may take time that grows with its square.
    taken = redaction.passages(typed) if len(typed) <= markup.MAX_REDACTED else None
    if taken == ():
        return None, Form(typed, problems={"passages": Problem("no_passage")})
    if taken is None or len(taken) > redaction.MOST:
        return None, Form(typed, problems={"passages": Problem("many_passages", redaction.MOST)})
    label = app.templates.globals["label"]
    text = page.text
    made = redaction.redact(text.text.source, taken, label.redacted)  # type: ignore[attr-defined]
    if made.missing:
        return None, Form(typed, made.missing, problems={"passages": Problem("passage_missing")})
    try:
        new = drafts.rewritten(
            text.author, text.email, made.source, dialect=text.dialect, longest=markup.MAX_REDACTED
        )
        left = redaction.left(taken, new.text.source, new.text.html, label.redacted)  # type: ignore[attr-defined]
        return new, Form(typed, left=left)
    except Invalid as invalid:
        return None, Form(typed, problems={"passages": invalid.problems["text"]})


def _redact(
    app: Parts, person: Person, now: datetime, comment_id: str, new: Draft, revision: int, *, keep: bool
) -> int | None:
    """The decision; None where it was only asked whether it could be made."""
    with app.writing() as session:
        if not keep:
            corrections.check(
                session, comment_id, new, Action.REDACT, revision=revision, by=person.id, now=now
            )
            return None
        return corrections.redact(
            session,
            comment_id,
            new,
            revision=revision,
            by=person.id,
            now=now,
            undo=timedelta(seconds=app.settings.undo_seconds),
            appeal=timedelta(days=app.settings.appeal_days),
        ).id

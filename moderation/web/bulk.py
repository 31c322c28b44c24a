"""Deciding about several contributions at once: those picked in a list, or those that share something."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from pydantic import AfterValidator

from moderation import bulk, lifecycle, remarks
from moderation.accounts import Person
from moderation.appeals import Unanswered
from moderation.bulk import Outcome, Seen
from moderation.lifecycle import Action
from moderation.pages import lots
from moderation.pages.lots import Common, Selection
from moderation.remarks import NoteTooLong, ReasonNeeded
from moderation.web import observe
from moderation.web.dependencies import Now, Parts, Reading, ThisApp
from moderation.web.desk import Typed
from moderation.web.listed import Listed
from moderation.web.people import PRIVATE, SignedIn, go
from moderation.web.picked import Picked

router = APIRouter(prefix="/desk/bulk")
# What can be wrong with what was pressed, besides what can be with one decision.
NOBODY, TOO_MANY, NO_ACTION, NONE_DONE = "nobody", "too_many", "no_action", "none_done"
UNANSWERED = "unanswered"


def _common(
    author: Annotated[str, Query(max_length=200)] = "",
    email: Annotated[str, Query(max_length=254)] = "",
    host: Annotated[str, Query(max_length=253)] = "",
    kin: Annotated[str, Query(max_length=26)] = "",
    like: Annotated[str, Query(max_length=26)] = "",
    about: Annotated[str, Query(max_length=26)] = "",
) -> Common:
    return Common(author, email, host, kin, like if kin else "", about)


@dataclass(frozen=True)
class Pressed:
    """A selection and what is to become of it."""

    selection: tuple[Seen, ...]
    action: Action | None
    reason: str | None
    note: str


def _pressed(
    selected: Annotated[list[str] | None, Form()] = None,
    action: Annotated[Action | None, Form()] = None,
    # A button that gives the reason says in its address what for.
    besides: Annotated[Action | None, Query(alias="action")] = None,
    reason: Annotated[str, Form()] = "",
    note: Annotated[str, AfterValidator(remarks.as_noted), Form()] = "",
) -> Pressed:
    found = [seen for word in selected or () if (seen := Seen.read(word)) is not None]
    once = {seen.comment_id: seen for seen in reversed(found)}
    return Pressed(tuple(reversed(once.values())), action or besides, reason or None, note)


@router.get("")
def gather(
    app: ThisApp,
    session: Reading,
    person: SignedIn,
    now: Now,
    which: Listed,
    common: Annotated[Common, Depends(_common)],
    picked: Picked,
) -> Response:
    """Those that wait and share something, or else those picked."""
    if common.fields:
        page = lots.gathered(session, person, which, common)
    else:
        chosen = [seen for word in picked.words if (seen := Seen.read(word)) is not None]
        page = lots.picked(session, person, which, chosen)
    return _shown(app, person, now, page, Typed(), page.picked(picked))


@router.post("")
def decide(
    app: ThisApp,
    request: Request,
    person: SignedIn,
    now: Now,
    which: Listed,
    pressed: Annotated[Pressed, Depends(_pressed)],
) -> Response:
    if not pressed.selection or pressed.action is None or pressed.action in lifecycle.ALONE:
        return _again(app, person, now, which, pressed, NO_ACTION if pressed.selection else NOBODY)
    try:
        with app.writing() as session:
            outcome = bulk.decide(
                session,
                pressed.selection,
                pressed.action,
                by=person.id,
                now=now,
                undo=timedelta(seconds=app.settings.undo_seconds),
                reason=pressed.reason,
                note=pressed.note,
            )
            lines = [line.id for line in outcome.done]
    except ReasonNeeded as needed:
        return _again(app, person, now, which, pressed, "note" if needed.note else "reason")
    except NoteTooLong:
        return _again(app, person, now, which, pressed, "length")
    except bulk.TooMany:
        return _again(app, person, now, which, pressed, TOO_MANY)
    for line in lines:
        observe.decided(line, pressed.action, person.id)
    heard = [voice.voice_id for voice in outcome.heard]
    if not lines and not heard:
        unanswered = all(isinstance(one.why, Unanswered) for one in outcome.left)
        problem, told = (UNANSWERED, None) if unanswered else (NONE_DONE, outcome)
        return _again(app, person, now, which, pressed, problem, told)
    left = lots.words(outcome.left)
    return go(app, request, person, which.address("/desk", lot=outcome.lot, left=left, heard=heard), now)


def _again(
    app: Parts,
    person: Person,
    now: Now,
    which: Listed,
    pressed: Pressed,
    problem: str,
    outcome: Outcome | None = None,
) -> Response:
    """Nothing was done: those picked, as they are now, and what had been typed."""
    left = lots.words(outcome.left) if outcome is not None else []
    with app.reading() as session:
        page = lots.picked(session, person, which, pressed.selection, left)
    picked = Selection(tuple(f"{seen.comment_id}:{seen.revision}" for seen in pressed.selection))
    typed = Typed(None, problem, pressed.reason, pressed.note)
    return _shown(app, person, now, page, typed, picked, 409 if problem == NONE_DONE else 422)


def _shown(
    app: Parts,
    person: Person,
    now: Now,
    page: lots.BulkPage,
    typed: Typed,
    picked: Selection,
    status: int = 200,
) -> Response:
    return app.page(
        "bulk.html",
        page,
        status=status,
        headers=PRIVATE,
        person=person,
        now=now,
        typed=typed,
        picked=picked,
    )

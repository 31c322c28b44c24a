"""What people do about a contribution besides deciding: read, note, pass, stand aside, object."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from sqlmodel import Session

from moderation import deciders, leases, notes, passes, remarks, vetoes, voices
from moderation.accounts import Person
from moderation.bulk import MOST
from moderation.database import HELD
from moderation.decisions import NotFound, Stale, stale
from moderation.lifecycle import IllegalMove, Status
from moderation.models.people import Role
from moderation.models.queue import Comment
from moderation.pages import changes as pages
from moderation.pages import item as items
from moderation.pages.desk import Beside
from moderation.pages.filters import Filter
from moderation.remarks import NoteTooLong
from moderation.voices import NoSuchVoice
from moderation.web.dependencies import LARGEST, Now, Parts, Reading, ThisApp
from moderation.web.desk import Typed, as_it_is
from moderation.web.listed import Listed
from moderation.web.people import PRIVATE, SignedIn, go

router = APIRouter(prefix="/desk")
Revision = Annotated[int, Form(ge=1, le=LARGEST)]
Number = Annotated[int, Path(ge=1, le=LARGEST)]
Words = Annotated[str, Form()]


def _theirs(session: Session, person: Person, comment_id: str) -> None:
    """Raises NotFound where there is no such contribution for this person."""
    if not items.is_visible(session, person, comment_id):
        raise NotFound


def _kept(session: Session, person: Person, comment_id: str, *, waits: bool = False) -> None:
    """Nothing is written beside an erased text: raises Stale, and NotFound as `_theirs`."""
    _theirs(session, person, comment_id)
    comment = session.get_one(Comment, comment_id, with_for_update=HELD)
    if comment.status is Status.WITHDRAWN or (waits and comment.status is not Status.PENDING):
        raise stale(session, comment)


def _back(
    app: Parts,
    request: Request,
    person: Person,
    which: Filter,
    comment_id: str,
    now: datetime,
    said: Beside | None = None,
) -> Response:
    return go(app, request, person, which.address(f"/desk/comments/{comment_id}", said=said), now)


@router.get("/changes")
def changes(
    app: ThisApp,
    session: Reading,
    person: SignedIn,
    since: datetime,
    opened: Annotated[str | None, Query(max_length=26)] = None,
    revision: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
) -> Response:
    if since.tzinfo is None:
        raise NotFound
    try:
        moment = since.astimezone(UTC)
    except OverflowError:  # the first or last hours there are, elsewhere
        raise NotFound from None
    found = pages.changes(session, person, moment, opened, revision)
    say = app.templates.get_template("_changes.html").module
    told = {
        "arrived": say.arrived(found.arrived).unescape(),  # type: ignore[attr-defined]
        "moved": say.moved(found.moved).unescape(),  # type: ignore[attr-defined]
    }
    return JSONResponse(told, headers=PRIVATE)


@router.post("/comments/{comment_id}/lease")
def read(
    app: ThisApp,
    request: Request,
    person: SignedIn,
    now: Now,
    comment_id: str,
    which: Listed,
    over: Annotated[bool, Form()] = False,
    selected: Annotated[list[str] | None, Form(max_length=MOST)] = None,
) -> Response:
    """What was picked in the list stays picked."""
    with app.writing() as session:
        _theirs(session, person, comment_id)
        leases.take(session, comment_id, by=person.id, now=now, over=over)
    return go(app, request, person, which.address(f"/desk/comments/{comment_id}", selected=selected), now)


@router.post("/comments/{comment_id}/reading", status_code=204)
def still_reading(app: ThisApp, person: SignedIn, now: Now, comment_id: str) -> None:
    """What the script says every minute."""
    with app.writing() as session:
        _theirs(session, person, comment_id)
        leases.take(session, comment_id, by=person.id, now=now)


@router.post("/comments/{comment_id}/note")
def note(
    app: ThisApp,
    request: Request,
    person: SignedIn,
    now: Now,
    comment_id: str,
    which: Listed,
    internal: Words = "",
) -> Response:
    try:
        with app.writing() as session:
            _kept(session, person, comment_id)
            notes.write(session, comment_id, remarks.as_noted(internal), by=person.id, now=now)
    except (notes.Empty, notes.TooLong, Stale) as error:
        return _not_noted(app, person, now, comment_id, which, error, remarks.as_noted(internal))
    return _back(app, request, person, which, comment_id, now, Beside.NOTED)


def _not_noted(
    app: Parts,
    person: Person,
    now: datetime,
    comment_id: str,
    which: Filter,
    error: notes.Empty | notes.TooLong | Stale,
    words: str,
) -> Response:
    if isinstance(error, Stale):
        return as_it_is(app, person, now, comment_id, which, Typed(error, internal=words))
    problem = "note_empty" if isinstance(error, notes.Empty) else "note_long"
    return as_it_is(app, person, now, comment_id, which, Typed(problem=problem, internal=words))


@router.post("/comments/{comment_id}/pass")
def leave(
    app: ThisApp,
    request: Request,
    person: SignedIn,
    now: Now,
    comment_id: str,
    which: Listed,
    internal: Words = "",
) -> Response:
    """To the others, with a note if one was written; the next one opens."""
    try:
        with app.writing() as session:
            _kept(session, person, comment_id, waits=True)
            if remarks.as_noted(internal).strip():
                notes.write(session, comment_id, remarks.as_noted(internal), by=person.id, now=now)
            passes.leave(session, comment_id, by=person.id, now=now)
            leases.release(session, comment_id)
    except (notes.TooLong, Stale) as error:
        return _not_noted(app, person, now, comment_id, which, error, remarks.as_noted(internal))
    return go(app, request, person, which.address("/desk", said=Beside.PASSED), now)


@router.post("/comments/{comment_id}/take-up")
def take_up(
    app: ThisApp, request: Request, person: SignedIn, now: Now, comment_id: str, which: Listed
) -> Response:
    with app.writing() as session:
        _theirs(session, person, comment_id)
        passes.take_up(session, comment_id, by=person.id)
    return _back(app, request, person, which, comment_id, now, Beside.TAKEN_UP)


@router.post("/comments/{comment_id}/stand-aside")
def stand_aside(
    app: ThisApp, request: Request, person: SignedIn, now: Now, comment_id: str, which: Listed
) -> Response:
    try:
        with app.writing() as session:
            _kept(session, person, comment_id)
            deciders.stand_aside(session, comment_id, by=person.id, now=now)
            voices.end(session, comment_id, by=person.id, now=now)
    except Stale as error:
        return as_it_is(app, person, now, comment_id, which, Typed(error))
    return _back(app, request, person, which, comment_id, now, Beside.ASIDE)


@router.post("/comments/{comment_id}/come-back")
def come_back(
    app: ThisApp, request: Request, person: SignedIn, now: Now, comment_id: str, which: Listed
) -> Response:
    with app.writing() as session:
        _theirs(session, person, comment_id)
        deciders.come_back(session, comment_id, by=person.id)
    return _back(app, request, person, which, comment_id, now, Beside.BACK)


@router.post("/comments/{comment_id}/veto")
def object_to(
    app: ThisApp,
    request: Request,
    person: SignedIn,
    now: Now,
    comment_id: str,
    which: Listed,
    revision: Revision,
    internal: Words = "",
) -> Response:
    try:
        with app.writing() as session:
            _theirs(session, person, comment_id)
            words = remarks.as_noted(internal)
            vetoes.object_to(session, comment_id, revision=revision, by=person.id, now=now, note=words)
    except (Stale, IllegalMove) as error:
        return as_it_is(
            app, person, now, comment_id, which, Typed(error, internal=remarks.as_noted(internal))
        )
    except NoteTooLong:
        typed = Typed(problem="note_long", internal=remarks.as_noted(internal))
        return as_it_is(app, person, now, comment_id, which, typed)
    except deciders.MayNotDecide:
        return as_it_is(app, person, now, comment_id, which, Typed(problem="may_not"))
    return _back(app, request, person, which, comment_id, now, Beside.OBJECTED)


@router.post("/voices/{voice}/take-back")
def take_back(
    app: ThisApp, request: Request, person: SignedIn, now: Now, voice: Number, which: Listed
) -> Response:
    try:
        with app.writing() as session:
            admin = person.role is Role.ADMIN
            comment_id = voices.take_back(session, voice, by=person.id, admin=admin, now=now).comment_id
            _theirs(session, person, comment_id)
    except (NoSuchVoice, deciders.NotSeen):
        raise NotFound from None
    except voices.Ended as ended:
        return as_it_is(app, person, now, ended.comment_id, which, Typed(problem="voice"))
    except deciders.MayNotDecide as refused:
        return as_it_is(app, person, now, refused.comment_id, which, Typed(problem="may_not"))
    return _back(app, request, person, which, comment_id, now, Beside.TAKEN_BACK)


@router.post("/mentions/{note_id}/seen")
def seen(
    app: ThisApp, request: Request, person: SignedIn, now: Now, note_id: Number, which: Listed
) -> Response:
    """Leads to what the note is about; to the list where nothing is to be seen, be it there or not."""
    with app.writing() as session:
        notes.seen(session, [note_id], by=person.id)
        comment_id = notes.about(session, note_id)
        is_seen = comment_id is not None and items.is_visible(session, person, comment_id)
    if comment_id is None or not is_seen:
        return go(app, request, person, which.address("/desk"), now)
    return _back(app, request, person, which, comment_id, now)

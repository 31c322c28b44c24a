"""Giving notice of a public text: the form of article 16 of Regulation (EU) 2022/2065."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Response
from fastapi.responses import RedirectResponse

from moderation import claims
from moderation.decisions import NotFound
from moderation.drafts import Draft, Invalid, Problem
from moderation.lanes import UNNAMED, Ground
from moderation.pages.noticed import Noticed, noticed
from moderation.throttle import TooMany
from moderation.web import observe
from moderation.web.claimed import Incoming, incoming, is_told
from moderation.web.dependencies import LARGEST, Now, Parts, Sender, ThisApp
from moderation.web.form import Claimed
from moderation.web.places import Place
from moderation.web.track import PRIVATE

router = APIRouter()
Number = Annotated[int, Path(ge=1, le=LARGEST)]


@router.get("/notice/{number}")
def form(app: ThisApp, number: Number) -> Response:
    return _show(app, _page(app, number), Claimed())


async def _incoming(
    app: ThisApp,
    now: Now,
    sender: Sender,
    ground: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
    author: Annotated[str, Form()] = "",
    email: Annotated[str, Form()] = "",
    good_faith: Annotated[bool, Form()] = False,
) -> Incoming:
    typed = Claimed(author=author, email=email, text=text, ground=ground, good_faith=good_faith)
    required = "" if ground in UNNAMED else "author email"
    return await incoming(app, now, sender, typed, required=required)


@router.post("/notice/{number}")
def give(
    app: ThisApp,
    now: Now,
    sender: Sender,
    number: Number,
    came: Annotated[Incoming, Depends(_incoming)],
    _place: Annotated[None, Place],
) -> Response:
    page = _page(app, number)
    if page is None:
        return _show(app, None, came.typed)
    try:
        words, held_for = _read(came)
        app.throttle.by_sender(sender, now)
        told = is_told(app, now, sender, words)
        code = _given(app, now, page, words, held_for, told=told)
    except Invalid as invalid:
        return _show(app, page, came.typed.refused(invalid.problems), 422)
    except TooMany as many:
        return _later(app, page, came.typed, many)
    except claims.Enough:
        many_wait = {"text": Problem("many_wait", claims.MOST_WAITING)}
        return _show(app, page, came.typed.refused(many_wait), 409)
    except NotFound:
        return _show(app, None, came.typed)
    observe.accepted()
    return RedirectResponse(app.url(f"/track/{code}"), 303, headers=PRIVATE)


def _page(app: Parts, number: int) -> Noticed | None:
    with app.public_reading() as session:
        return noticed(session, number)


def _read(came: Incoming) -> tuple[Draft, Ground]:
    """Raises Invalid, with every field at fault, and TooMany."""
    problems: dict[str, Problem] = {}
    if came.typed.ground not in set(Ground):
        problems["ground"] = Problem("no_ground")
    if not came.typed.good_faith:
        problems["good_faith"] = Problem("good_faith")
    return came.words(problems), Ground(came.typed.ground)


def _given(app: Parts, now: datetime, page: Noticed, words: Draft, ground: Ground, *, told: bool) -> str:
    with app.writing() as session:
        return claims.notify(session, page.comment_id, words, ground, now=now, told=told)


def _later(app: Parts, page: Noticed, typed: Claimed, many: TooMany) -> Response:
    observe.limited()
    answer = _show(app, page, typed, 429)
    answer.headers["Retry-After"] = str(many.seconds)
    return answer


def _show(app: Parts, page: Noticed | None, typed: Claimed, status: int = 200) -> Response:
    status = status if page is not None else 404
    return app.page("notice.html", page, status=status, headers=PRIVATE, form=typed)

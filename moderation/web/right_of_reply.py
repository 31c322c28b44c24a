"""Asking for a right of reply (loi 2004-575, article 1-1): who is named on the site answers there."""

import re
from typing import Annotated
from urllib.parse import unquote, urlsplit

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse

from moderation import claims, identifiers, remarks
from moderation.decisions import NotFound
from moderation.drafts import Draft, Invalid, Problem
from moderation.lanes import LONGEST_CLAIM
from moderation.pages.noticed import Answered, answered
from moderation.throttle import TooMany
from moderation.web import observe
from moderation.web.claimed import Incoming, incoming, is_told
from moderation.web.dependencies import LARGEST, Now, Parts, Sender, ThisApp
from moderation.web.form import Claimed
from moderation.web.places import Place
from moderation.web.track import PRIVATE

router = APIRouter()
_ARTICLE = re.compile(r".*/articles/([^/]+)/?", re.ASCII)
_CONTRIBUTION = re.compile(r"comment([1-9][0-9]{0,9})", re.ASCII)
# Of what an address may have.
LONGEST_PLACE = 2000


@router.get("/right-of-reply")
def form(app: ThisApp, place: str = "") -> Response:
    """`place`: where what is to be answered is read, if who asks came from there."""
    return _show(app, Claimed(place=place[:LONGEST_PLACE]))


async def _incoming(
    app: ThisApp,
    now: Now,
    sender: Sender,
    place: Annotated[str, Form()] = "",
    passage: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
    author: Annotated[str, Form()] = "",
    email: Annotated[str, Form()] = "",
) -> Incoming:
    typed = Claimed(author=author, email=email, text=text, place=place, passage=passage)
    return await incoming(app, now, sender, typed, required="author email")


@router.post("/right-of-reply")
def ask(
    app: ThisApp,
    now: Now,
    sender: Sender,
    came: Annotated[Incoming, Depends(_incoming)],
    _place: Annotated[None, Place],
) -> Response:
    typed = came.typed
    try:
        page, words, passage = _read(app, came)
        app.throttle.by_sender(sender, now)
        told = is_told(app, now, sender, words)
        with app.writing() as session:
            code = claims.reply(
                session,
                page.article_slug,
                words,
                passage,
                now=now,
                to=page.text.comment_id if page.text is not None else None,
                told=told,
            )
    except NotFound:
        return _show(app, typed.refused({"place": Problem("no_such_page")}), 422)
    except Invalid as invalid:
        return _show(app, typed.refused(invalid.problems), 422)
    except TooMany as many:
        observe.limited()
        answer = _show(app, typed, 429)
        answer.headers["Retry-After"] = str(many.seconds)
        return answer
    observe.accepted()
    return RedirectResponse(app.url(f"/track/{code}"), 303, headers=PRIVATE)


def _read(app: Parts, came: Incoming) -> tuple[Answered, Draft, str]:
    """What is answered, in which words, and the passage.

    Raises Invalid, with every field at fault, and TooMany.
    """
    problems: dict[str, Problem] = {}
    page = _page(app, came.typed.place)
    if page is None:
        problems["place"] = Problem("no_such_page")
    passage = remarks.as_noted(came.typed.passage).strip()
    if not remarks.is_said(passage):
        problems["passage"] = Problem("no_passage_answered")
    elif len(passage) > LONGEST_CLAIM:
        problems["passage"] = Problem("too_long", LONGEST_CLAIM, len(passage))
    words = came.words(problems)
    assert page is not None
    return page, words, passage


def _page(app: Parts, place: str) -> Answered | None:
    """What is read at an address of this site, whatever was copied of it."""
    if len(place) > LONGEST_PLACE:
        return None
    try:
        parts = urlsplit(place.strip())
    except ValueError:
        return None
    there, text = _ARTICLE.fullmatch(unquote(parts.path)), _CONTRIBUTION.fullmatch(parts.fragment)
    if there is None or not identifiers.is_slug(there[1]):
        return None
    number = int(text[1]) if text is not None else None
    if number is not None and number > LARGEST:
        return None
    with app.public_reading() as session:
        return answered(session, there[1], number)


def _show(app: Parts, typed: Claimed, status: int = 200) -> Response:
    return app.page("right_of_reply.html", None, status=status, headers=PRIVATE, form=typed)

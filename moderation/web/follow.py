"""Readers who follow a forum, or the answers to their text, by letter: asked for, confirmed, ended."""

from typing import Annotated, Literal, TypeVar

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from moderation import drafts, follows
from moderation.decisions import NotFound
from moderation.drafts import Problem
from moderation.links import BadLink, Expired, Following, Unfollowing
from moderation.pages import following as pages
from moderation.pages import public
from moderation.throttle import TooMany
from moderation.web.dependencies import Now, Parts, Sender, ThisApp
from moderation.web.track import PRIVATE, as_it_is, unknown

router = APIRouter()
Right = TypeVar("Right", Following, Unfollowing)


# Asking


@router.get("/articles/{slug}/follow")
def form(app: ThisApp, slug: str, done: Literal["asked"] | None = None) -> Response:
    return _form(app, slug, news=done)


@router.post("/articles/{slug}/follow")
def ask(app: ThisApp, now: Now, sender: Sender, slug: str, email: Annotated[str, Form()] = "") -> Response:
    """The answer is the same whether or not the address follows already, or wants nothing at all."""
    address = email.strip()
    if not drafts.is_address(address):
        return _form(app, slug, typed=email, problem="not_an_address", status=422)
    heading = _heading(app, slug)
    try:
        app.addressed.by_sender(sender, now)
    except TooMany as many:
        answer = _form(app, slug, typed=email, problem="too_many", status=429)
        answer.headers["Retry-After"] = str(many.seconds)
        return answer
    with app.writing() as session:
        follows.ask(session, heading.teaser.slug, address, now)
    return RedirectResponse(app.url(f"/articles/{slug}/follow?done=asked"), 303, headers=PRIVATE)


def _heading(app: Parts, slug: str) -> public.Heading:
    """Raises NotFound, also where no letter would leave."""
    with app.public_reading() as session:
        heading = public.heading(session, slug)
    if heading is None or not app.mails:
        raise NotFound
    return heading


def _form(
    app: Parts, slug: str, *, typed: str = "", problem: str = "", news: str | None = None, status: int = 200
) -> Response:
    return app.page(
        "follow.html",
        _heading(app, slug),
        status=status,
        headers=PRIVATE,
        typed=typed[: drafts.LONGEST_EMAIL],
        problem=Problem(problem) if problem else None,
        news=news,
    )


@router.post("/track/{code}/answers")
def answers(
    app: ThisApp, now: Now, sender: Sender, code: str, follow: Annotated[Literal["yes", "no"], Form()]
) -> Response:
    """An author wants to be told of the answers to their text, or no more."""
    if not app.mails:
        raise NotFound
    try:
        if follow == "yes":
            app.addressed.by_sender(sender, now)
        with app.writing() as session:
            change = follows.ask_answers if follow == "yes" else follows.end_answers
            change(session, code, now)
    except follows.Unknown:
        return unknown(app, code)
    except TooMany as many:
        answer = as_it_is(app, now, code, "follow_often", "", 429)
        answer.headers["Retry-After"] = str(many.seconds)
        return answer
    return RedirectResponse(app.url(f"/track/{code}#answers"), 303, headers=PRIVATE)


# Confirming


@router.get("/follow/{token}")
def waiting(app: ThisApp, now: Now, token: str, done: Literal["confirmed", "none"] | None = None) -> Response:
    digest = _read(app, Following, token, now).digest
    with app.reading() as session:
        page = pages.waiting(session, digest, now)
    return app.page("follow_confirm.html", page, headers=PRIVATE, link=token, news=done)


@router.post("/follow/{token}")
def confirm(
    app: ThisApp,
    now: Now,
    token: str,
    follow: Annotated[list[str] | None, Form()] = None,
    shown: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """What was shown and is not ticked is not wanted; of what was asked for meanwhile nothing is said."""
    digest = _read(app, Following, token, now).digest
    with app.writing() as session:
        begun = follows.confirm(session, digest, follow or (), now, but=shown or ())
    done = "confirmed" if begun else "none"
    return RedirectResponse(app.url(f"/follow/{token}?done={done}"), 303, headers=PRIVATE)


# Ending


@router.get("/unfollow/{token}")
def followed(app: ThisApp, now: Now, token: str) -> Response:
    return _followed(app, token, _read(app, Unfollowing, token, now).follow)


@router.post("/unfollow/{token}")
def end(
    app: ThisApp, now: Now, token: str, action: Annotated[Literal["end", "end_all"] | None, Form()] = None
) -> Response:
    """Without an action it is a mail program that ends it by itself (RFC 8058), and is led nowhere."""
    name = _read(app, Unfollowing, token, now).follow
    with app.writing() as session:
        follows.end_one(session, name, now, others=action == "end_all")
    if action is None:
        return _followed(app, token, name)
    return RedirectResponse(app.url(f"/unfollow/{token}"), 303, headers=PRIVATE)


def _followed(app: Parts, token: str, name: str) -> Response:
    with app.reading() as session:
        page = pages.one(session, name)
    return app.page("unfollow.html", page, headers=PRIVATE, link=token)


def _read(app: Parts, kind: type[Right], token: str, now: Now) -> Right:
    try:
        right, _ = app.links.read(kind, token, now)
    except (BadLink, Expired):
        raise NotFound from None
    return right

"""Public feeds (Atom, RFC 4287, threads as in RFC 4685): of the site, a section, a forum, a conversation."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from moderation.pages import feeds as pages
from moderation.pages import permalinks, public
from moderation.pages.feeds import Feed
from moderation.web.dependencies import LARGEST, Now, Parts, ThisApp

router = APIRouter()
MEDIA_TYPE = "application/atom+xml"
Number = Annotated[int, Path(ge=1, le=LARGEST)]
_OF_THE_SITE = re.compile(r"/(?:feed|articles)\.atom|/sections/.+/feed\.atom")
_OF_A_FORUM = re.compile(r"/articles/([a-z0-9-]+)(?:/comments/[0-9]{1,10})?/feed\.atom", re.ASCII)


@router.get("/feed.atom")
def everything(app: ThisApp, now: Now) -> Response:
    return _told(app, now, pages.site)


@router.get("/articles.atom")
def articles(app: ThisApp, now: Now) -> Response:
    return _told(app, now, pages.articles)


@router.get("/sections/{name:path}/feed.atom")
def section(app: ThisApp, now: Now, name: str) -> Response:
    return _told(app, now, lambda session: pages.section(session, name))


@router.get("/articles/{slug}/feed.atom")
def forum(app: ThisApp, now: Now, slug: str) -> Response:
    return _told(app, now, lambda session: pages.forum(session, slug))


@router.get("/articles/{slug}/comments/{number}/feed.atom")
def conversation(app: ThisApp, now: Now, slug: str, number: Number) -> Response:
    return _told(app, now, lambda session: pages.conversation(session, slug, number))


@router.get("/comments/{number}")
def contribution(app: ThisApp, number: Number) -> Response:
    """Its address for ever: which page of the forum it is read on changes."""
    with app.public_reading() as session:
        place = permalinks.permalink(session, number)
    if place is None:
        raise HTTPException(404)
    return RedirectResponse(app.url(place), 302, headers={"Cache-Control": "public, no-cache"})


def _told(app: Parts, now: datetime, read: Callable[[Session], Feed | None]) -> Response:
    with app.public_reading() as session:
        feed = read(session)
    if feed is None:
        raise HTTPException(404)
    headers = {"Cache-Control": "public, no-cache", "ETag": app.etag(feed.revision)}
    answer = app.page("feed.atom", feed, headers=headers, now=now)
    answer.headers["Content-Type"] = f"{MEDIA_TYPE}; charset=utf-8"
    return answer


def is_feed(path: str) -> bool:
    return _OF_THE_SITE.fullmatch(path) is not None or _OF_A_FORUM.fullmatch(path) is not None


def revision(session: Session, path: str) -> str | None:
    """What the feed at that address depends on, in one statement; None where there is none."""
    forum = _OF_A_FORUM.fullmatch(path)
    return public.article_revision(session, forum[1]) if forum else public.home_revision(session)

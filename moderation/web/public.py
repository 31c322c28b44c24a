"""The pages anyone may read: the home page and the articles. Cookieless, cacheable, blind to the queue."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response
from sqlmodel import Session
from starlette.datastructures import QueryParams

from moderation import identifiers
from moderation.pages import public as pages
from moderation.web.dependencies import Parts, ThisApp
from moderation.web.form import BLANK
from moderation.web.guard import WITH_PICTURES

router = APIRouter()
HOME = "/"
ARTICLES = "/articles/"
LISTS = "/api/v1/articles/"


def _headers(app: Parts, revision: str) -> dict[str, str]:
    return {"Cache-Control": "public, no-cache", "ETag": app.etag(revision)}


@router.get(HOME)
def home(app: ThisApp, before: Annotated[str | None, Query(max_length=200)] = None) -> Response:
    with app.public_reading() as session:
        page = pages.home(session, before)
    if page is None:
        raise HTTPException(404)
    return app.page("home.html", page, headers=_headers(app, page.revision))


@router.get("/articles/{slug}")
def article(app: ThisApp, slug: str, page: Annotated[int, Query(ge=1, le=10_000)] = 1) -> Response:
    with app.public_reading() as session:
        found = pages.article(session, slug, page)
    if found is None or page > found.pages:
        raise HTTPException(404)
    headers = {**_headers(app, found.revision), "Content-Security-Policy": WITH_PICTURES}
    return app.page("article.html", found, headers=headers, form=BLANK)


def is_kept(path: str) -> bool:
    """Whether the front may keep what is there, told without asking the database."""
    return path == HOME or _slug(path) != ""


def reads(path: str, query: bytes) -> bool:
    """Whether the query asks for another page than the one that is kept there."""
    return not _names(path).isdisjoint(QueryParams(query))


def _names(path: str) -> set[str]:
    """What the endpoint reads of a query."""
    if path == HOME:
        return {"before"}
    return {"limit", "after"} if path.startswith(LISTS) else {"page"}


def _slug(path: str) -> str:
    slug = path.removeprefix(LISTS).removesuffix("/comments") if path.startswith(LISTS) else ""
    slug = slug or path.removeprefix(ARTICLES)
    return "" if slug == path or not identifiers.is_slug(slug) else slug


def etag_of(app: Parts, path: str) -> str | None:
    """What the front asks: the ETag a public page has now, in one statement; None for any other path."""
    if path == HOME:
        with app.public_reading() as session:
            return app.etag(pages.home_revision(session))
    slug = _slug(path)
    if not slug:
        return None
    with app.public_reading() as session:
        return _article_etag(app, session, slug)


def _article_etag(app: Parts, session: Session, slug: str) -> str | None:
    revision = pages.article_revision(session, slug)
    return None if revision is None else app.etag(revision)
